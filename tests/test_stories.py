"""The shipped stories hold together: articles, claims, outcomes, and who says what."""

from __future__ import annotations

import re
from collections import defaultdict

import pandas as pd
import pytest

import sourcescore as ss
from sourcescore.datasets.stories import Stories, load_stories
from sourcescore.tables import as_articles, check_evidence
from sourcescore.taxonomy import AttributionType, ClaimStance

_WORD = re.compile(r"[\w'’-]+")
#: Who prints whose words on purpose: the copy, the original.
_COPIES = {
    ("galdeni-04-tabloid", "galdeni-01-flash"),
    ("galdeni-04-tabloid", "galdeni-03-reuters"),
    ("barents-06-london", "barents-04-reuters"),
    ("elmsworth-04-column", "elmsworth-02-misters"),
    ("elmsworth-06-sheriff", "elmsworth-03-ap"),
}
_SPEAKERS_WITH_A_NAME = {
    AttributionType.NAMED_OFFICIAL,
    AttributionType.STATE_DENIAL,
    AttributionType.NAMED_SOURCE,
    AttributionType.AGENCY_REPORT,
    AttributionType.MEDIA_REPORT,
}


@pytest.fixture(scope="module")
def stories() -> Stories:
    return load_stories()


def runs(text: str) -> set[tuple[str, ...]]:
    """All runs of eight words."""
    words = re.findall(r"\w+", text.casefold())
    return {tuple(words[i : i + 8]) for i in range(len(words) - 7)}


# ------------------------------------------------------------------------------------ the articles


def test_each_story_has_its_articles_in_order_of_time(stories):
    by_story = stories.articles.groupby("story")
    assert by_story.size().to_dict() == {
        "barents-captain": 12,
        "elmsworth-outbreak": 10,
        "galdeni-silo": 12,
    }
    for _, articles in by_story:
        assert articles["published"].is_monotonic_increasing
        assert articles["published"].is_unique
        assert articles["outlet"].nunique() >= 7


def test_articles_are_what_score_corpus_takes(stories):
    assert as_articles(stories.articles)["outlet"].notna().all()
    assert stories.articles["doc_id"].is_unique
    starts = [
        text.startswith(title)
        for text, title in zip(stories.articles["text"], stories.articles["title"], strict=True)
    ]
    assert all(starts)


def test_articles_have_the_length_of_news(stories):
    lengths = stories.articles["text"].str.split().str.len()
    assert lengths.between(150, 350).all()


def test_only_what_is_copied_on_purpose_is_said_twice(stories):
    of_run = defaultdict(set)
    for doc_id, text in zip(stories.articles["doc_id"], stories.articles["text"], strict=True):
        for run in runs(text):
            of_run[run].add(doc_id)
    shared = {tuple(sorted(docs, reverse=True)) for docs in of_run.values() if len(docs) > 1}
    assert shared == _COPIES
    others = set().union(*map(runs, ss.datasets.load_articles().texts))
    assert not others & of_run.keys()


# ---------------------------------------------------------------------------- claims and statements


def test_claims_have_outcomes(stories):
    claims = stories.claims
    assert claims.index.is_unique
    assert set(claims["story"]) == set(stories.articles["story"])
    for _, of_story in claims.groupby("story"):
        assert len(of_story) == 4
        truth = of_story["truth"].tolist()
        assert all(value is True or value is False or value is None for value in truth)
        assert truth.count(True) and truth.count(False) and truth.count(None) <= 1


def test_statements_fit_articles_and_claims(stories):
    evidence = check_evidence(stories.evidence)
    story_of_doc = stories.articles.set_index("doc_id")["story"]
    of_article = evidence["doc_id"].map(story_of_doc)
    of_claim = evidence["claim_id"].map(stories.claims["story"])
    assert of_article.tolist() == of_claim.tolist()
    assert set(evidence["doc_id"]) == set(stories.articles["doc_id"])
    assert set(evidence["type"]) == set(AttributionType)
    assert set(evidence["stance"]) == {ClaimStance.SUPPORTS, ClaimStance.DENIES}
    key = ["doc_id", "claim_id", "source_id", "stance"]
    assert not evidence.duplicated(key).any()
    for _, statements in evidence.groupby("claim_id"):
        assert set(statements["stance"]) == {"supports", "denies"}
        assert statements["doc_id"].nunique() >= 3


def test_sources_are_in_the_text(stories):
    texts = stories.articles.set_index("doc_id")["text"]
    outlets = stories.articles.set_index("doc_id")["outlet"]
    for row in stories.evidence.itertuples():
        text, outlet = texts[row.doc_id], outlets[row.doc_id]
        if row.type == AttributionType.OWN_VOICE:
            assert row.source_name == outlet
            assert row.via == ()
            continue
        assert row.via[0] == outlet
        said = set(_WORD.findall(text))
        for name in (row.source_name, *row.via[1:]):
            words = _WORD.findall(name)
            if name == row.source_name and row.type in _SPEAKERS_WITH_A_NAME:
                words = [word for word in words if word[0].isupper()]
                assert said & set(words), (row.doc_id, name)
            folded = {word.casefold() for word in said}
            long = {word.casefold() for word in words if len(word) > 3 or word.isupper()}
            assert folded & long, (row.doc_id, name)


def test_nameless_sources_of_two_stories_are_two(stories):
    rows = stories.evidence.merge(stories.articles[["doc_id", "story"]], on="doc_id")
    counts = rows.groupby("source_id")["story"].nunique()
    assert set(counts.index[counts > 1]) <= {"reuters"}
    assert rows.groupby("source_id")["source_name"].nunique().max() == 1


# ------------------------------------------------------------------------------------- the outcomes


def test_true_claims_end_above_false_ones(stories):
    predicted = ss.ClaimScorer().predict(stories.evidence)
    assert set(predicted.index) == set(stories.claims.index)
    truth = stories.claims["truth"]
    confidence = predicted["confidence"].reindex(truth.index)
    assert confidence[[value is True for value in truth]].mean() > 0.5
    assert confidence[[value is False for value in truth]].mean() < 0.5


def test_false_claims_are_believed_for_a_while(stories):
    # a story whose rumours never had a chance would teach nothing
    evidence = stories.evidence
    fooled = []
    for claim_id, truth in stories.claims["truth"].items():
        of_claim = evidence[evidence["claim_id"] == claim_id]
        days = sorted(of_claim["published"].unique())
        so_far = [of_claim[of_claim["published"] <= day] for day in days]
        course = [ss.ClaimScorer().predict(rows)["confidence"].iloc[0] for rows in so_far]
        if truth is not None and any((value > 0.5) != truth for value in course):
            fooled.append(claim_id)
    assert len(fooled) >= 2


def test_scorer_learns_from_the_outcomes(stories):
    scorer = ss.ClaimScorer().fit(stories.evidence, stories.claims["truth"])
    predicted = scorer.predict(stories.evidence)
    assert isinstance(predicted, pd.DataFrame)
    assert predicted["confidence"].between(0, 1, inclusive="neither").all()
