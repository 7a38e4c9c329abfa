"""The disputes: short texts in which sources stand against a claim without a denying cue."""

from __future__ import annotations

import re

import pytest

from sourcescore._resources import shipped
from sourcescore.datasets import Corpus, load_articles, read_jsonl
from sourcescore.taxonomy import AttributionType, ClaimStance, Stance, attribution_type


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return read_jsonl(shipped("datasets") / "disputes.jsonl")


@pytest.fixture(scope="module")
def described() -> str:
    readme = (shipped("datasets") / "README.md").read_text(encoding="utf-8")
    return readme.split("## Disputes\n")[1].split("\n## ")[0]


def runs_of_eight(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[i : i + 8]) for i in range(len(words) - 7)}


def test_pieces_are_slices_of_their_text(corpus):
    rows = corpus.attributions
    for role in ("source", "cue", "content"):
        for doc_id, spans, piece in zip(
            rows["doc_id"], rows[f"{role}_spans"], rows[role], strict=True
        ):
            text = corpus.texts[doc_id]
            assert spans == sorted(spans)
            assert piece == " ".join(text[start:end] for start, end in spans)
            # no piece begins or ends with a space or inside a word
            for start, end in spans:
                assert text[start:end] == text[start:end].strip()
                assert not (start and text[start - 1].isalnum() and text[start].isalnum())
                assert not (end < len(text) and text[end - 1].isalnum() and text[end].isalnum())
    assert (rows["content"] != "").all()
    assert (rows["cue"] != "").all()
    assert (rows.loc[rows["source"] == "", "kind"] == "hearsay").all()


def test_labels_are_of_the_taxonomy(corpus):
    rows = corpus.attributions
    assert set(rows["stance"]) == set(Stance)
    assert set(rows["type"]) == set(AttributionType)
    assert set(rows["claim_stance"]) == set(ClaimStance)
    expected = [attribution_type(k, s) for k, s in zip(rows["kind"], rows["stance"], strict=True)]
    assert rows["type"].tolist() == expected
    assert (rows["claim_id"].isna() == (rows["claim_stance"] == "unrelated")).all()


def test_an_attribution_sits_in_the_content_of_its_parent(corpus):
    rows = corpus.attributions.set_index(["doc_id", "attribution_id"])
    assert rows.index.is_unique
    for (doc_id, _), row in rows[rows["parent_id"].notna()].iterrows():
        outer = rows.loc[(doc_id, row["parent_id"])]["content_spans"]
        first, last = min(s for s, _ in outer), max(e for _, e in outer)
        assert all(first <= start and end <= last for start, end in row["content_spans"])


def test_every_text_has_one_claim_and_all_sides_of_it(corpus):
    assert corpus.claims["doc_id"].tolist() == corpus.texts.index.tolist()
    assert corpus.articles["published"].notna().all()
    assert corpus.articles["outlet"].str.endswith(".example").all()
    assert corpus.texts.str.split().str.len().between(90, 160).all()
    sides = corpus.attributions.groupby("doc_id")["claim_stance"].value_counts().unstack()
    assert (sides >= 2).all(axis=None)
    assert sides.sum(axis=1).between(6, 9).all()


def test_the_readme_counts_what_is_there(corpus, described):
    rows = corpus.attributions
    words = int(corpus.texts.str.split().str.len().sum())
    nested = int(rows["parent_id"].notna().sum())
    for said in (
        f"{len(corpus.texts)} short news texts",
        f"{words:,} words",
        f"{len(rows)} attributions",
        f"{nested} of them nested",
    ):
        assert said in described
    for name, n in rows["type"].value_counts().items():
        assert f"| {name} | {n} |" in described
    stances = rows.groupby("claim_stance")["stance"].value_counts().unstack(fill_value=0)
    for name, row in stances.iterrows():
        counts = f"{row.sum()} | {row['asserts']} | {row['denies']} | {row['neither']}"
        assert f"| {name} | {counts} |" in described


def test_negations_tell_nothing_alone(corpus):
    negation = r"(?i)\b(?:no|not|never|nobody|none|nothing|neither|nor|without)\b|n['’]t\b"
    negated = corpus.attributions["content"].str.contains(negation)
    shares = negated.groupby(corpus.attributions["claim_stance"]).mean()
    assert shares.max() - shares.min() < 0.1


def test_no_eight_words_are_shared(corpus):
    seen = set().union(*map(runs_of_eight, load_articles().texts))
    for text in corpus.texts:
        own = runs_of_eight(text)
        assert not own & seen
        seen |= own
