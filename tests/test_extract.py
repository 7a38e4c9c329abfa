"""The extractor: what it learns, what it finds, and what it never does."""

from __future__ import annotations

import pickle
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import sourcescore as ss
from sourcescore.extract.examples import annotated_documents, passages, token_ranges
from sourcescore.extract.relative import PRONOUNS, noun_phrase_before
from sourcescore.tables import ATTRIBUTION_COLUMNS, SPAN_COLUMNS
from sourcescore.text import parse

ROLES = ("source", "cue", "content")


@pytest.fixture(scope="module")
def corpus():
    return ss.datasets.load_articles()


@pytest.fixture(scope="module")
def small(corpus):
    """An extractor trained on a few documents: quick, and good enough for the contract."""
    texts, rows = first_documents(corpus, 6)
    return ss.AttributionExtractor(n_epochs=12, learning_rate=0.004).fit(texts, rows)


@pytest.fixture(scope="module")
def shipped():
    return ss.load_model("extractor")


def first_documents(corpus, n):
    texts = corpus.texts.head(n)
    return texts, corpus.attributions[corpus.attributions["doc_id"].isin(texts.index)]


def assert_sound(found: pd.DataFrame, texts: pd.Series) -> None:
    """What holds for the table of any extractor on any text."""
    assert list(found.columns) == list(ATTRIBUTION_COLUMNS)
    for doc_id, rows in found.groupby("doc_id"):
        text = texts[doc_id]
        assert rows["attribution_id"].is_unique
        assert rows["parent_id"].dropna().isin(rows["attribution_id"]).all()
        parents = rows.set_index("attribution_id")["parent_id"].dropna().to_dict()
        for own in parents:
            seen = set()
            while own in parents:
                assert own not in seen
                seen.add(own)
                own = parents[own]
        for row in rows.itertuples():
            for role in ROLES:
                spans = getattr(row, f"{role}_spans")
                assert " ".join(text[a:b] for a, b in spans) == getattr(row, role)
                assert all(a < b for a, b in spans)
                assert all(x[1] < y[0] + 1 for x, y in pairwise(spans))
            assert row.cue_spans
            assert row.content_spans
            assert len(row.source_spans) <= 1
            assert row.cue in row.sentence or len(row.cue_spans) > 1


def test_fields_of_the_table(shipped, corpus):
    texts = corpus.texts.tail(6)
    found = shipped.transform(texts)
    assert len(found) > 20
    assert_sound(found, texts)


@settings(max_examples=40, deadline=None)
@given(
    st.text(
        st.one_of(
            st.characters(),
            st.sampled_from("\"“”‘’'\n .,\0\ud800\u202e"),
        ),
        max_size=300,
    )
)
def test_any_text_is_input(shipped, text):
    texts = pd.Series({"d": text}, dtype=object)
    assert_sound(shipped.transform(texts), texts)


@pytest.mark.parametrize("text", ["", " \n\n ", '"' * 500, "said " * 200, "\0", "A said B said C."])
def test_degenerate_texts(shipped, text):
    texts = pd.Series({"d": text})
    assert_sound(shipped.transform(texts), texts)


def test_finds_plain_nested_and_discontinuous(shipped):
    texts = pd.Series(
        {
            "plain": "The dam is safe, the water ministry said on Monday.",
            "nested": "Reuters reported that two officials had said the dam was cracked.",
            "split": '"The dam is safe," the minister said. "Nobody needs to leave."',
        }
    )
    found = shipped.transform(texts).set_index("doc_id")
    assert found.loc["plain", "source"] == "the water ministry"
    assert found.loc["plain", "content"].startswith("The dam is safe")
    nested = found.loc[["nested"]]
    inner = nested[nested["source"] == "two officials"].iloc[0]
    outer = nested[nested["source"] == "Reuters"].iloc[0]
    assert inner["parent_id"] == outer["attribution_id"]
    assert "dam was cracked" in inner["content"]
    assert "Nobody needs to leave" in found.loc["split", "content"]


def test_what_is_relayed_is_a_child(shipped):
    found = shipped.transform("The army says it holds the town, the Daily Herald reported.")
    army, paper = (found[found["source"].str.contains(name)].iloc[0] for name in ("army", "Herald"))
    assert army["parent_id"] == paper["attribution_id"]
    assert paper["content"] == "The army says it holds the town"
    found = shipped.transform("She said she was ready, and he told reporters that it was late.")
    assert found["parent_id"].isna().all()


LONG_QUOTATION = [
    '"The ferry was never safe," said Rosa Imbert, who ran the port. "We wrote it down.',
    '"The hull had cracks that anybody could see. The pumps were older than the crew.',
    '"Then came the winter. Two of the boats were laid up, and nobody asked why.',
    '"I kept every letter, and I will show them."',
    "The port has 400 workers.",
]


def test_a_quotation_of_several_paragraphs_is_one_content(shipped):
    text = "\n\n".join(LONG_QUOTATION)
    contents = [" ".join(text[a:b] for a, b in c) for c in shipped.transform(text)["content_spans"]]
    longest = max(contents, key=len)
    assert "Two of the boats" in longest
    assert "show them" in longest
    assert "400 workers" not in longest
    # where one in between is closed and has a speaker of its own, it is his
    other = '"The pumps were new," said Abel Roy, an engineer.'
    text = "\n\n".join([*LONG_QUOTATION[:2], other, *LONG_QUOTATION[3:]])
    found = shipped.transform(text)
    assert (
        not found["content"][~found["source"].str.contains("Roy")]
        .str.contains("pumps were new")
        .any()
    )


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("Police stopped the driver, who said he was late.", "the driver"),
        ("He was sent home by tired doctors who told him to wait.", "tired doctors"),
        ("It went to the Civil Aviation Authority of Malta, which said so.", None),
        (
            "A pharmacist in the town, who asked not to be named, agreed.",
            "A pharmacist in the town",
        ),
        ("He fell in the town which said no.", "the town"),
        ("Who said it?", ""),
        ("It ended. Who said it?", ""),
        (", who said it", ""),
        ("They left early, which said a lot.", ""),
    ],
)
def test_what_a_relative_pronoun_stands_for(shipped, text, phrase):
    document = parse(text)
    pronoun = next(k for k, word in enumerate(document.words) if word.lower() in PRONOUNS)
    tokens = noun_phrase_before(document, pronoun, shipped.word_table_.tags)
    expected = "the Civil Aviation Authority of Malta" if phrase is None else phrase
    assert " ".join(document.words[token] for token in tokens) == expected


def test_the_source_is_what_a_relative_pronoun_stands_for(shipped):
    text = "Police stopped the driver, who said the road had been closed without a warning."
    assert shipped.transform(text)["source"].tolist() == ["the driver"]
    flat = ss.load_model("extractor").set_params(nested=False)
    assert flat.transform(text)["source"].tolist() == ["who"]


QUOTES = {
    "straight": ('"', '"'),
    "curly": ("“", "”"),
    "guillemets": ("«", "»"),
    "typewriter": ("``", "''"),
    "single": ("‘", "’"),
}
QUOTED = (
    "LAGOS — {0}The bridge is safe,{1} the works minister, Ada Obi, said on Monday. {0}Nobody "
    "needs to worry.{1}\n\nBut two engineers told the Herald that it {0}could fall any day{1}."
)


@pytest.mark.parametrize("style", QUOTES)
def test_the_style_of_quotation_marks_does_not_matter(shipped, style):
    found = shipped.transform(QUOTED.format(*QUOTES[style]))
    plain = shipped.transform(QUOTED.format(*QUOTES["straight"]))
    assert len(found) >= 2
    for role in ROLES:
        opening, closing = QUOTES[style]
        texts = [text.replace(opening, '"').replace(closing, '"') for text in found[role]]
        assert texts == plain[role].tolist()


def test_a_long_text_is_read_in_blocks(shipped):
    sentence = "The mine was safe, the minister told Reuters on Friday.\n"
    n = 2000
    texts = pd.Series({"long": sentence * n})
    found = shipped.transform(texts)
    assert_sound(found, texts)
    assert len(found) == n
    assert found["source"].eq("the minister").mean() > 0.99


def test_order_of_texts_does_not_matter(shipped, corpus):
    texts = corpus.texts.head(4)
    forth, back = shipped.transform(texts), shipped.transform(texts[::-1])
    columns = ["doc_id", "attribution_id", *ROLES]
    pd.testing.assert_frame_equal(
        forth[columns].sort_values(columns[:2], ignore_index=True),
        back[columns].sort_values(columns[:2], ignore_index=True),
    )


def test_a_higher_threshold_finds_no_more(shipped, corpus):
    texts = corpus.texts.head(8)
    counts = []
    for threshold in (0.1, 0.5, 0.9):
        extractor = ss.AttributionExtractor.from_parts(shipped.to_parts())
        extractor.set_params(threshold=threshold, nested=False)
        counts.append(len(extractor.transform(texts)))
    assert counts == sorted(counts, reverse=True)


def test_learns_what_it_is_shown(small, corpus):
    texts, rows = first_documents(corpus, 6)
    figures = ss.metrics.score_attributions(rows, small.transform(texts), texts)
    assert figures["relation"]["f1"] > 0.3


def test_the_same_data_gives_the_same_model(corpus):
    texts, rows = first_documents(corpus, 2)
    extractor = ss.AttributionExtractor(n_epochs=2)
    first, again = (clone(extractor).fit(texts, rows).to_parts() for _ in range(2))
    assert first == again
    assert clone(extractor).set_params(random_state=1).fit(texts, rows).to_parts() != first


def test_warm_start_goes_on_from_what_was_learned(shipped, corpus):
    texts, rows = first_documents(corpus, 2)
    extractor = ss.AttributionExtractor.from_parts(shipped.to_parts())
    extractor.set_params(warm_start=True, n_epochs=1, learning_rate=1e-4)
    before = extractor.vocabulary_
    extractor.fit(texts, rows)
    assert extractor.vocabulary_ is before
    found = extractor.transform(texts)
    assert len(found) > len(rows) / 2
    extractor.set_params(warm_start=False).fit(texts, rows)
    assert len(extractor.vocabulary_) < len(before)


def test_round_trips(small, corpus):
    texts = corpus.texts.tail(2)
    want = small.transform(texts)
    for other in (
        pickle.loads(pickle.dumps(small)),
        ss.AttributionExtractor.from_parts(small.to_parts()),
    ):
        pd.testing.assert_frame_equal(other.transform(texts), want)


def test_not_fitted():
    with pytest.raises(NotFittedError):
        ss.AttributionExtractor().transform("a text")


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ({"threshold": 2}, "threshold"),
        ({"learning_rate": 0}, "learning_rate"),
        ({"n_epochs": 0}, "n_epochs"),
    ],
)
def test_parameters_are_checked_in_fit(corpus, parameters, name):
    with pytest.raises(ValueError, match=name):
        ss.AttributionExtractor(**parameters).fit(corpus.texts, corpus.attributions)


def test_errors_of_fit(corpus):
    rows = corpus.attributions.head(3)
    texts = corpus.texts.head(1)
    with pytest.raises(ValueError, match="lacks the column"):
        ss.AttributionExtractor().fit(texts, rows.drop(columns="cue_spans"))
    with pytest.raises(ValueError, match="not among the texts"):
        ss.AttributionExtractor().fit({"other": "text"}, rows)
    with pytest.raises(ValueError, match="nothing to learn"):
        ss.AttributionExtractor().fit(texts, rows.head(0))
    outside = rows.assign(cue_spans=[[(0, 10**6)]] * 3)
    with pytest.raises(ValueError, match="does not lie within"):
        ss.AttributionExtractor().fit(texts, outside)


def test_passages_hold_every_attribution_once(corpus):
    texts, rows = first_documents(corpus, 3)
    nested = annotated_documents(texts, rows, set())
    for annotated in nested:
        parts = [part for part in passages(annotated) if part.kind == "nested"]
        assert sum(len(part.document) for part in parts) == len(annotated.document)
        assert sum(len(part.cues) for part in parts) == len(annotated.attributions)
        for part in parts:
            assert len(part.roles) == len(part.cues)
            assert (part.cue_labels == 1).sum() <= len(part.cues)
    assert [a.nested for a in annotated_documents(texts, rows, set(texts.index))] == [False] * 3


@given(st.lists(st.integers(1, 30), max_size=8), st.integers(1, 40), st.integers(40, 60))
def test_token_ranges_cover_all_tokens(sizes, enough, longest):
    paragraph = np.repeat(np.arange(len(sizes)), sizes)
    ranges = token_ranges(paragraph, enough, longest)
    assert [k for a, b in ranges for k in range(a, b)] == list(range(len(paragraph)))
    assert all(0 < b - a <= longest for a, b in ranges)


def test_all_spans_columns_are_lists_of_pairs(small, corpus):
    found = small.transform(corpus.texts.tail(1))
    for column in SPAN_COLUMNS:
        assert all(isinstance(pair, tuple) for cell in found[column] for pair in cell)
