"""The resolver of sources, and the parts that it is made of."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from sourcescore.sources import SourceResolver
from sourcescore.sources.antecedents import FEATURES
from sourcescore.sources.mentions import CLASSES, mention_class
from sourcescore.sources.names import Roster, is_person, name_key, scan, split_titles
from sourcescore.sources.resolver import _enclosing
from sourcescore.sources.source_names import clean_source, own_name
from sourcescore.tables import attributions_frame

STORY = (
    "Mill owner Otto Brandt said the dam would hold. He told reporters that it was new. "
    "The Harbour Gazette reported a leak. The newspaper said a source had seen it. "
    '"We are safe," Mayor Ines Calder said. Brandt denied the report. Officials were silent. '
    "Reportedly, the dam is old. Mrs. Calder called Brandt a liar. She said she was sure."
)


def table(text: str, sources: list, doc_id: str = "d", **columns) -> pd.DataFrame:
    """Attributions whose sources are pieces of a text, found one behind the other."""
    spans, at = [], 0
    for source in sources:
        if source is None:
            spans.append([])
            continue
        at = text.index(source, at)
        spans.append([(at, at + len(source))])
        at += 1
    n = len(sources)
    rows = {
        "doc_id": [doc_id] * n,
        "attribution_id": [f"a{i}" for i in range(n)],
        "source_spans": spans,
    }
    return attributions_frame({**rows, **columns}, n)


SOURCES = [
    "Mill owner Otto Brandt",
    "He",
    "The Harbour Gazette",
    "The newspaper",
    "a source",
    "Mayor Ines Calder",
    "Brandt",
    "Officials",
    None,
    "Mrs. Calder",
    "She",
]
NAMES = [
    "Otto Brandt",
    "Otto Brandt",
    "Harbour Gazette",
    "Harbour Gazette",
    "a source",
    "Ines Calder",
    "Otto Brandt",
    "Officials",
    "",
    "Ines Calder",
    "Ines Calder",
]


@pytest.fixture(scope="module")
def fitted() -> SourceResolver:
    return SourceResolver(C=10).fit(table(STORY, SOURCES), {"d": STORY}, NAMES)


# the parts


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("Kremlin spokesperson Dmitry Peskov", "Dmitry Peskov"),
        ("Ada Quill, an adviser to the mayor of Lund,", "Ada Quill"),
        ("the governor of the northern province, Abdi Noor", "Abdi Noor"),
        ("The Ministry of Transport", "The Ministry of Transport"),
        ("South Korea’s Yonhap News", "Yonhap News"),
        ("South Korean news agency Yonhap", "Yonhap"),
        ("the Reuters news agency", "Reuters"),
        ("a report from Bloomberg News", "Bloomberg News"),
        ("Ada Quill and former mayor Bo Tarn", "Ada Quill and Bo Tarn"),
        ("Quill's husband, Bo", "Bo Quill"),
        ("But U.S. District Judge Ada Quill (R-Ohio), who", "Ada Quill"),
    ],
)
def test_own_name_is_found(source, name):
    own = own_name(clean_source(source))
    assert name_key(" and ".join(" ".join(words) for _, words in own.names)) == name_key(name)


@pytest.mark.parametrize(
    "source",
    [
        "senior officials in Kyiv and Seoul",
        "a spokesman for the State Department",
        "some high-profile Republicans",
        "the Utah Republican",
        "a source close to Ada Quill's family",
        "people familiar with the matter",
    ],
)
def test_a_description_has_no_own_name(source):
    assert own_name(clean_source(source)).names == ()


def test_titles_are_cut_off_and_kept_for_a_lone_surname():
    assert split_titles("Vice President Ada Quill") == (("Vice", "President"), ("Ada", "Quill"))
    text = "Vice President Quill said so."
    found = SourceResolver.from_parts(_zero_parts()).resolve(
        table(text, ["Vice President Quill"]), {"d": text}
    )
    assert found["source_name"].tolist() == ["Vice President Quill"]
    assert found["source_id"].tolist() == ["quill"]


def _zero_parts() -> dict[str, bytes]:
    resolver = SourceResolver()
    resolver.weights_ = np.zeros((len(CLASSES), len(FEATURES)))
    return resolver.to_parts()


def test_persons_and_bodies_are_told_apart():
    assert is_person(("Otto", "Brandt"))
    assert is_person(("Bill", "Quill"))  # a bill is a document, Bill is not
    assert not is_person(("Harbour", "Gazette"))
    assert not is_person(("New", "Zealand"))


def test_a_surname_means_the_full_name_of_the_text_and_a_title_its_gender():
    text = "Bill Quill met Hillary Quill and Bill Quill. Exeter is in England. England Cup."
    roster = Roster(scan(text).names)
    assert roster.expand(("Quill",)) == ("Bill", "Quill")
    assert roster.expand(("Quill",), "she") == ("Hillary", "Quill")
    assert roster.expand(("England",)) == ("England",)


def test_mention_classes():
    found = [mention_class(s, own_name(s)) for s in ("him", "the ministry", "those people", "Bo")]
    assert found == ["he", "the body", "the group", ""]


@given(st.lists(st.tuples(st.integers(-1, 30), st.integers(0, 30), st.integers(0, 10)), max_size=8))
def test_enclosing_is_the_innermost_content(rows):
    starts = [r[0] for r in rows]
    contents = [[(a, a + n)] for _, a, n in rows]
    for row, found in enumerate(_enclosing(starts, contents)):
        around = [(n, a) for _, a, n in rows if starts[row] >= 0 and a <= starts[row] < a + n]
        assert (found >= 0) == bool(around)
        if around and _nested(around):
            a, b = contents[found][0]
            assert b - a == min(n for n, _ in around)


def _nested(spans: list[tuple[int, int]]) -> bool:
    """Whether of any two spans one holds the other, as contents do."""
    spans = [(a, a + n) for n, a in spans]
    return all((a <= c and d <= b) or (c <= a and b <= d) for a, b in spans for c, d in spans)


# the estimator


def test_pronouns_short_names_and_descriptions_become_one_source(fitted):
    found = fitted.resolve(table(STORY, SOURCES), {"d": STORY})
    assert [name_key(n) for n in found["source_name"]] == [name_key(n) for n in NAMES]
    ids = found["source_id"]
    assert ids.nunique() == len({name_key(n) for n in NAMES})
    assert ids[0] == ids[1] == ids[6] == "otto-brandt"
    assert ids[4] == "d/source"
    assert ids[8] == "d/hearsay"


def test_named_sources_are_one_across_documents_and_described_ones_are_not(fitted):
    two = pd.concat([table(STORY, SOURCES), table(STORY, SOURCES, "e")], ignore_index=True)
    found = fitted.resolve(two, {"d": STORY, "e": STORY})
    first, second = found["source_id"][:11].tolist(), found["source_id"][11:].tolist()
    shared = [a == b for a, b in zip(first, second, strict=True)]
    assert shared == [not a.startswith("d/") for a in first]
    assert [i for i, same in enumerate(shared) if not same] == [4, 7, 8]


def test_an_agency_has_one_id_by_all_its_names(fitted):
    text = "AP said so. The Associated Press said no."
    found = fitted.resolve(table(text, ["AP", "The Associated Press"]), {"d": text})
    assert found["source_id"].tolist() == ["associated-press"] * 2


def test_a_known_surname_has_the_id_of_the_full_name_but_stays_what_the_text_calls_it(fitted):
    text = "Putin said so. Clinton said no."
    found = fitted.resolve(table(text, ["Putin", "Clinton"]), {"d": text})
    assert found["source_id"].tolist() == ["vladimir-putin", "clinton"]  # there are two Clintons
    assert found["source_name"].tolist() == ["Putin", "Clinton"]


def test_first_person_in_a_content_is_the_speaker_around_it(fitted):
    text = '"I was afraid," Ann Lee said. Bo Ek agreed.'
    rows = table(text, ["I", "Ann Lee"], content_spans=[[(3, 13)], [(0, 14)]])
    found = fitted.resolve(rows, {"d": text})
    assert found["source_name"].tolist() == ["Ann Lee"] * 2


def test_input_is_left_alone_and_order_of_rows_does_not_matter(fitted):
    rows = table(STORY, SOURCES)
    before = rows.copy(deep=True)
    found = fitted.resolve(rows, {"d": STORY})
    pd.testing.assert_frame_equal(rows, before)
    shuffled = rows.sample(frac=1, random_state=0)
    again = fitted.resolve(shuffled, {"d": STORY}).sort_index()
    pd.testing.assert_frame_equal(again, found)


def test_no_rows_are_no_work(fitted):
    found = fitted.resolve(attributions_frame({}, 0), {})
    assert len(found) == 0
    assert {"source_id", "source_name"} <= set(found.columns)


def test_follows_the_estimator_protocol(fitted):
    resolver = clone(SourceResolver(window=7))
    assert resolver.get_params() == {"window": 7, "C": 0.1}
    with pytest.raises(NotFittedError):
        resolver.resolve(table(STORY, SOURCES), {"d": STORY})
    again = SourceResolver.from_parts(fitted.to_parts())
    assert again.get_params() == fitted.get_params()
    np.testing.assert_allclose(again.weights_, fitted.weights_, atol=1e-4)


def test_wrong_input_is_named(fitted):
    rows = table(STORY, SOURCES)
    with pytest.raises(ValueError, match="lacks the document 'd'"):
        fitted.resolve(rows, {"other": STORY})
    with pytest.raises(ValueError, match="source_spans"):
        fitted.resolve(rows.drop(columns="source_spans"), {"d": STORY})
    with pytest.raises(ValueError, match="one name for each row"):
        SourceResolver().fit(rows, {"d": STORY}, ["x"])
    with pytest.raises(ValueError, match="no pronoun"):
        SourceResolver().fit(rows[:1], {"d": STORY}, NAMES[:1])
    with pytest.raises(ValueError, match="window"):
        SourceResolver(window=0).fit(rows, {"d": STORY}, NAMES)
    with pytest.raises(ValueError, match="another version"):
        SourceResolver.from_parts({"weights.json": b'{"window": 5, "C": 1, "weights": {}}'})


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=120), st.data())
def test_any_text_is_input(fitted, text, data):
    spans = st.tuples(st.integers(0, len(text)), st.integers(0, len(text))).map(sorted).map(tuple)
    rows = data.draw(st.lists(st.lists(spans, max_size=2), max_size=4))
    contents = data.draw(st.lists(st.lists(spans, max_size=2), min_size=4, max_size=4))
    n = len(rows)
    columns = {
        "doc_id": ["d"] * n,
        "attribution_id": [f"a{i}" for i in range(n)],
        "source_spans": rows,
        "content_spans": contents[:n],
    }
    found = fitted.resolve(attributions_frame(columns, n), {"d": text})
    assert found["source_id"].str.len().gt(0).all()
    assert found["source_name"].notna().all()


def test_odd_characters_do_no_harm(fitted):
    text = "\ud800Bo\x00 said \u202eno. The \udfff official said so. " + "“" * 1000
    found = fitted.resolve(table(text, ["\ud800Bo\x00", "The \udfff official"]), {"d": text})
    assert found["source_id"].str.len().gt(0).all()


def test_cross_validated_on_the_corpora(shared):
    from sourcescore.training.resolver import train

    _, figures = train(shared / "data", progress=False)
    assert figures["all"]["name accuracy"] > 0.75
    assert figures["all"]["identity F1"] > 0.81
