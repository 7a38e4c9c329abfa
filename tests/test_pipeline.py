"""The whole line: what it takes, what comes out, and the laws between its tables."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.special import logit
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV

import sourcescore as ss
from sourcescore.metrics import score_attributions
from sourcescore.own_voice import own_sentences
from sourcescore.tables import (
    ATTRIBUTION_COLUMNS,
    CLAIM_COLUMNS,
    EVIDENCE_COLUMNS,
    SPAN_COLUMNS,
    attributions_frame,
    string_array,
)

STORY = (
    "The army has denied that its drones hit the mill in Varna on Monday. Two residents told "
    "reporters that they had seen an army drone strike the mill. Reuters reported, citing an "
    "unnamed official, that an army drone hit the mill. The mayor, Anna Berg, said the roof of "
    "the mill would be repaired by the end of May."
)
MILL = "Army drones hit the mill in Varna"
SPANS = ["doc_id", "attribution_id", "parent_id", "source", "cue", "content", *SPAN_COLUMNS]


@pytest.fixture(scope="module")
def corpus():
    """Four of the shipped articles."""
    whole = ss.datasets.load_articles()
    keys = set(whole.texts.index[:4])
    return ss.datasets.Corpus(
        whole.texts.head(4),
        whole.attributions[whole.attributions["doc_id"].isin(keys)].reset_index(drop=True),
        whole.claims[whole.claims["doc_id"].isin(keys)],
        whole.articles.head(4),
    )


@pytest.fixture(scope="module")
def report(corpus):
    return ss.score_corpus(corpus.articles)


@pytest.fixture(scope="module")
def story():
    return ss.score(STORY)


def assert_same(one, other):
    """Two reports hold the same tables."""
    for name in ("attributions", "claims", "evidence"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name))


def check_laws(report):
    """What holds between the texts and the tables of every report."""
    texts, attributions = report.texts, report.attributions
    claims, evidence = report.claims, report.evidence
    assert attributions.columns.tolist() == list(ATTRIBUTION_COLUMNS)
    assert claims.columns.tolist() == list(CLAIM_COLUMNS)
    assert claims.index.name == "claim_id"
    assert set(EVIDENCE_COLUMNS) <= set(evidence.columns)
    assert not attributions.duplicated(["doc_id", "attribution_id"]).any()

    rows = {(a["doc_id"], a["attribution_id"]): a for a in attributions.to_dict("records")}
    for (doc_id, own), a in rows.items():
        text = texts[doc_id]
        for name in SPAN_COLUMNS:
            spans = a[name]
            assert all(0 <= start < end <= len(text) for start, end in spans)
            assert spans == sorted(spans)
            assert a[name.removesuffix("_spans")] == " ".join(text[s:e] for s, e in spans)
        if isinstance(a["sentence"], str):  # gold spans come without
            assert a["sentence"] in text
        assert a["content_spans"]
        if isinstance(a["parent_id"], str):
            assert a["parent_id"] != own
            parent = rows[doc_id, a["parent_id"]]
            around = parent["content_spans"]
            low, high = around[0][0], around[-1][1]
            assert any(low <= s and e <= high for s, e in a["content_spans"])
        for label in ("type", "stance"):
            proba = a[f"{label}_proba"]
            assert sum(proba.values()) == pytest.approx(1)
            assert min(proba.values()) >= 0
            assert a[label] in proba
        assert 0 < a["certainty"] <= 1
        assert isinstance(a["via"], tuple)
        assert a["source_id"]
        assert a["claim_stance"] in ("supports", "denies", "unrelated")
        assert (a["claim_id"] in claims.index) == isinstance(a["claim_id"], str)

    in_claims = attributions["claim_id"].value_counts()
    assert claims["n_attributions"].to_dict() == {c: in_claims.get(c, 0) for c in claims.index}
    assert evidence["claim_id"].isin(claims.index).all()
    quoted = set(zip(evidence["doc_id"], evidence["attribution_id"], strict=True)) & set(rows)
    assert all(rows[key]["stance"] != "neither" for key in quoted)
    assert (evidence["type"] == "own_voice").to_numpy().sum() >= len(evidence) - len(quoted)
    assert (
        (claims["low"] <= claims["confidence"]) & (claims["confidence"] <= claims["high"])
    ).all()
    for claim_id, claim in claims.iterrows():
        about = evidence[evidence["claim_id"] == claim_id]
        for stance in ("supports", "denies"):
            sources = about.loc[about["stance"] == stance, "source_id"].nunique()
            assert claim["n_supporting" if stance == "supports" else "n_denying"] == sources
        assert claim["n_origins"] == about["source_id"].nunique()
        steps = report.explain(claim_id)["log_odds"]
        assert steps.sum() == pytest.approx(logit(claim["confidence"]), abs=1e-6)


def check_views(report):
    """It can be shown and written, whatever is in it."""
    assert str(report) and repr(report)
    assert report.to_html().startswith("<!DOCTYPE html>")
    assert len(json.loads(report.to_json())["attributions"]) == len(report.attributions)


# ------------------------------------------------------------------------------------- what goes in


def test_one_text(story):
    assert story.texts.to_dict() == {"0": STORY}
    assert {"state_denial", "agency_report"} <= set(story.attributions["type"])
    assert len(story.claims)
    check_laws(story)
    check_views(story)


def test_texts_in_any_form_are_the_same():
    texts = {"a": STORY, "b": "The minister said that the port had been closed."}
    expected = ss.score(texts)
    check_laws(expected)
    frame = pd.DataFrame({"doc_id": list(texts), "text": list(texts.values())})
    forms = [pd.Series(texts), frame, frame.set_index("doc_id"), frame[::-1][::-1]]
    for form in forms:
        assert_same(ss.score(form), expected)
    assert ss.score(list(texts.values())).texts.index.tolist() == ["0", "1"]


def test_document_ids_may_be_numbers():
    report = ss.score(pd.Series([STORY], index=[7]))
    assert set(report.attributions["doc_id"]) == {"7"}
    check_laws(report)


def test_laws_of_a_corpus(report):
    check_laws(report)
    check_views(report)


def test_outlets_relay_and_dates_are_kept(corpus, report):
    articles = corpus.articles.set_index("doc_id")
    outlets = report.attributions["doc_id"].map(articles["outlet"])
    assert [via[0] for via in report.attributions["via"]] == outlets.tolist()
    assert (
        report.evidence["published"] == report.evidence["doc_id"].map(articles["published"])
    ).all()
    assert {via[0] for via in report.evidence["via"]} == set(outlets)


def test_a_parent_relays(report):
    rows = report.attributions
    names = rows.set_index(["doc_id", "attribution_id"])[["source_name", "type"]]
    nested = rows[rows["parent_id"].notna()]
    assert len(nested)
    for doc_id, parent, via in nested[["doc_id", "parent_id", "via"]].itertuples(index=False):
        name, kind = names.loc[(doc_id, parent)]
        assert via[-1] == (name or kind)


def test_the_outlet_fills_in_where_the_table_has_none():
    texts = pd.DataFrame(
        {"doc_id": ["a", "b"], "text": [STORY, STORY], "outlet": ["one.example", None]}
    )
    report = ss.SourceScorer().score(texts, outlet="two.example")
    first = report.attributions.groupby("doc_id")["via"].agg(lambda vias: vias.iloc[0][0])
    assert first.to_dict() == {"a": "one.example", "b": "two.example"}


def test_a_given_outlet_is_a_relay():
    direct, relayed = ss.score(STORY, [MILL]), ss.score(STORY, [MILL], outlet="dw.com")
    assert all(via[0] == "dw.com" for via in relayed.evidence["via"])
    assert not any("dw.com" in via for via in direct.evidence["via"])
    # what comes through a relay is less sure
    strength = [abs(logit(r.claims["confidence"].iloc[0])) for r in (direct, relayed)]
    assert strength[1] < strength[0]


def test_dates_decide_which_word_of_a_source_is_its_last():
    first, then = "Anna Berg said the mill had burned.", "Anna Berg denied the mill had burned."
    both = pd.DataFrame({"doc_id": ["a", "b"], "text": [first, then]})
    days = pd.to_datetime(["2025-03-01", "2025-03-02"])
    late, early = (
        ss.score_corpus(both.assign(published=p), ["The mill burned"]).claims.iloc[0]
        for p in (days, days[::-1])
    )
    assert late["n_origins"] == early["n_origins"] == 1
    assert late["confidence"] < early["confidence"]


# ------------------------------------------------------------------------------------------- claims


@pytest.mark.parametrize(
    ("claims", "ids"),
    [
        (MILL, ["c1"]),
        ([MILL, "The roof will be repaired"], ["c1", "c2"]),
        (("x", MILL), ["c1", "c2"]),
        ({"mill": MILL}, ["mill"]),
        (pd.Series({"mill": MILL}), ["mill"]),
        (pd.DataFrame({"claim": [MILL]}, index=["mill"]), ["mill"]),
        ([], []),
    ],
)
def test_claims_in_every_form(claims, ids):
    report = ss.score(STORY, claims)
    assert report.claims.index.tolist() == ids
    check_laws(report)
    check_views(report)


def test_a_given_claim_finds_who_supports_and_who_denies_it():
    report = ss.score(STORY, {"mill": MILL})
    claim = report.claims.loc["mill"]
    assert claim["claim"] == MILL
    assert claim["n_supporting"] >= 2
    assert claim["n_denying"] == 1
    assert claim["confidence"] > 0.5
    army = report.evidence[report.evidence["stance"] == "denies"]
    assert army["type"].tolist() == ["state_denial"]


def test_a_claim_that_nobody_speaks_on_has_the_prior():
    report = ss.score(STORY, ["The orchestra of Trondheim has a new conductor"])
    claim = report.claims.iloc[0]
    assert claim["n_origins"] == claim["n_attributions"] == 0
    assert claim["confidence"] == claim["low"] == claim["high"] == ss.Priors().claim_prior


def test_claims_are_found_across_documents():
    texts = ["The army said it had shelled the port of Odra.", "Port workers said the army had "
             "shelled the port of Odra."]  # fmt: skip
    report = ss.score(texts)
    shared = report.attributions.groupby("claim_id")["doc_id"].nunique()
    assert shared.max() == 2


def test_what_is_wrong_with_claims_is_said():
    for wrong in ([1], {"a": None}, 5):
        with pytest.raises(TypeError, match="claims must be"):
            ss.score(STORY, wrong)
    with pytest.raises(ValueError, match="stands for more than one claim"):
        ss.score(STORY, pd.Series(["x", "y"], index=["a", "a"]))


# ------------------------------------------------------------------------------------------- priors


def test_priors_in_every_form(tmp_path):
    path = tmp_path / "my.toml"
    path.write_text("claim_prior = 0.2\n[types.witness]\nreliability = 'A'\n")
    changes = {"claim_prior": 0.2, "types": {"witness": {"reliability": "A"}}}
    by_file = ss.score(STORY, [MILL], priors=str(path))
    for priors in (path, changes, ss.Priors(changes), ss.Priors().replace(**changes)):
        assert_same(ss.score(STORY, [MILL], priors=priors), by_file)
    assert by_file.explain("c1")["log_odds"].iloc[0] == pytest.approx(logit(0.2))
    assert (
        by_file.claims["confidence"].iloc[0] < ss.score(STORY, [MILL]).claims["confidence"].iloc[0]
    )


def test_hedges_are_configurable():
    text = "The minister said the dam may have been shelled."
    scorer = ss.SourceScorer(priors={"hedges": {"may have": 0.05}})
    assert scorer.score(text).attributions["certainty"].tolist() == [0.05]


@pytest.mark.parametrize(
    ("priors", "message"),
    [
        ({"claim_priar": 0.2}, "claim_priar"),
        ({"claim_prior": 2}, "claim_prior"),
        ({"types": {"witness": {"rho": float("nan")}}}, "rho"),
    ],
)
def test_wrong_priors_are_refused(priors, message):
    with pytest.raises(ValueError, match=message):
        ss.score(STORY, priors=priors)


# ------------------------------------------------------------------------------------- step by step


def test_step_by_step_is_the_same_as_all_at_once(corpus):
    scorer = ss.SourceScorer()
    expected = scorer.score(corpus.texts)
    found = scorer.extract(corpus.texts)
    assert found[["source_id", "source_name"]].notna().all(axis=None)
    labelled = scorer.classify(found, corpus.texts)
    linked, claims = scorer.link(labelled)
    pd.testing.assert_frame_equal(linked, expected.attributions)
    assert claims["claim"].tolist() == expected.claims["claim"].tolist()
    assert claims.index.tolist() == expected.claims.index.tolist()


def test_classify_works_on_gold_spans(corpus):
    gold = corpus.attributions
    scorer = ss.SourceScorer()
    before = gold[SPANS].copy()
    labelled = scorer.classify(gold[SPANS], corpus.texts)
    pd.testing.assert_frame_equal(gold[SPANS], before)
    assert labelled[SPANS].equals(before)
    assert labelled["type"].isin(list(ss.AttributionType)).all()
    assert (labelled["type"] == gold["type"]).mean() > 0.6  # the classifier was trained on these
    without_texts = scorer.classify(gold[["source", "cue", "content"]])
    assert without_texts["stance"].isin(list(ss.Stance)).all()


def test_given_claims_go_to_link(corpus):
    doc_id = corpus.texts.index[0]
    rows = corpus.attributions[corpus.attributions["doc_id"] == doc_id]
    claims = corpus.claims[corpus.claims["doc_id"] == doc_id]
    linked, found = ss.SourceScorer().link(rows.drop(columns=["claim_id"]), claims)
    assert found.index.tolist() == claims.index.tolist()
    known = rows["claim_id"].notna().to_numpy()
    assert (linked["claim_id"] == rows["claim_id"])[known].mean() > 0.5


class Gold:
    """An extractor that knows the answer."""

    def __init__(self, corpus):
        self.corpus = corpus

    def transform(self, texts):
        rows = self.corpus.attributions
        rows = rows[rows["doc_id"].isin(texts.index)]
        return attributions_frame({name: rows[name].tolist() for name in SPANS}, len(rows))


class Rumours:
    """A classifier that believes nobody."""

    def label(self, attributions, texts, hedges=None):
        n = len(attributions)
        return attributions.assign(
            type=["hearsay"] * n,
            type_proba=[{"hearsay": 1.0}] * n,
            stance=["asserts"] * n,
            stance_proba=[{"asserts": 1.0}] * n,
        )


class Nobody:
    """A resolver that takes each source for one of its own."""

    def resolve(self, attributions, texts):
        own = attributions["doc_id"] + "/" + attributions["attribution_id"]
        return attributions.assign(source_id=own, source_name=attributions["source"])


class OneClaim:
    """A linker that sees one claim in everything."""

    def link(self, attributions, claims):
        linked = attributions.assign(claim_id="all", claim_stance="supports")
        index = pd.Index(["all"], name="claim_id")
        return linked, pd.DataFrame({"claim": ["everything is so"]}, index=index)


def test_every_step_can_be_replaced(corpus):
    steps = {"extractor": Gold(corpus), "resolver": Nobody(), "classifier": Rumours()}
    report = ss.SourceScorer(**steps, linker=OneClaim()).score(corpus.texts)
    check_laws(report)
    figures = score_attributions(corpus.attributions, report.attributions, corpus.texts)
    assert figures["relation"]["f1"] == 1
    assert report.claims.index.tolist() == ["all"]
    assert set(report.evidence["type"]) <= {"hearsay", "own_voice"}
    assert report.claims["n_attributions"].item() == len(corpus.attributions)


def test_statements_only(corpus):
    texts = corpus.texts.head(6)
    everything = ss.SourceScorer().score(texts)
    report = ss.SourceScorer(statements_only=True).score(texts)
    rows = report.attributions
    assert set(rows["stance"]) <= {"asserts", "denies"}
    kept = everything.attributions["stance"] != "neither"
    assert 0 < len(rows) == kept.sum() < len(kept)
    known = set(zip(rows["doc_id"], rows["attribution_id"], strict=True))
    nested = rows[rows["parent_id"].notna()]
    assert set(zip(nested["doc_id"], nested["parent_id"], strict=True)) <= known
    pd.testing.assert_frame_equal(report.claims, everything.claims)


def test_a_fitted_scorer_brings_what_it_learned(report):
    truth = {claim_id: k % 3 > 0 for k, claim_id in enumerate(report.claims.index)}
    learned = ss.ClaimScorer(max_iter=2).fit(report.evidence, truth)
    scored = ss.SourceScorer(scorer=learned).score(STORY, [MILL])
    assert scored.explain("c1")["log_odds"].iloc[0] == pytest.approx(
        logit(learned.priors_.claim_prior)
    )
    check_laws(scored)
    with pytest.raises(ValueError, match="either scorer or priors"):
        ss.SourceScorer(scorer=learned, priors={"claim_prior": 0.2}).score(STORY)


def test_unfitted_steps_say_so():
    with pytest.raises(NotFittedError):
        ss.SourceScorer(extractor=ss.AttributionExtractor()).score(STORY)


def test_it_is_an_estimator():
    scorer = ss.SourceScorer(priors={"claim_prior": 0.3}, n_jobs=2)
    assert set(scorer.get_params(deep=False)) == {
        "models", "extractor", "resolver", "classifier", "linker", "scorer", "priors", "n_jobs",
        "statements_only", "verbose",
    }  # fmt: skip
    assert clone(scorer).get_params() == scorer.get_params()
    assert clone(scorer).set_params(n_jobs=None).n_jobs is None
    assert "claim_prior" in repr(scorer)


# -------------------------------------------------------------------------------- same in, same out


def test_two_jobs_give_what_one_gives(corpus, report):
    assert_same(ss.score_corpus(corpus.articles, n_jobs=2), report)


def test_it_is_deterministic(corpus, report):
    assert_same(ss.score_corpus(corpus.articles), report)


def test_a_document_reads_the_same_alone(corpus, report):
    doc_id = corpus.texts.index[2]
    alone = ss.SourceScorer().extract(corpus.texts[[doc_id]])
    among = report.attributions[report.attributions["doc_id"] == doc_id]
    columns = [*SPANS, "source_id", "source_name"]
    pd.testing.assert_frame_equal(alone[columns], among[columns].reset_index(drop=True))


def test_the_input_is_left_alone(corpus):
    before = corpus.articles.copy()
    ss.score_corpus(corpus.articles)
    pd.testing.assert_frame_equal(corpus.articles, before)


def test_editing_the_tables_leaves_the_report(story):
    edited = story.attributions
    edited.loc[:, "type"] = "x"
    edited["type_proba"].iloc[0].clear()
    check_laws(story)


# ------------------------------------------------------------------------------------ nothing there


@pytest.mark.parametrize("texts", ["", " \n\t", [], {}, ["", ""], "It rained in the night."])
def test_nothing_said(texts):
    report = ss.score(texts)
    assert len(report.attributions) == len(report.claims) == len(report.evidence) == 0
    check_laws(report)
    check_views(report)
    assert "0 claims" in str(report)


def test_empty_tables_have_the_types_of_full_ones(story):
    empty = ss.score("")
    for name in ("claims", "evidence"):
        pd.testing.assert_series_equal(getattr(empty, name).dtypes, getattr(story, name).dtypes)


def test_an_empty_article_among_others():
    articles = pd.DataFrame({"doc_id": ["a", "b"], "text": ["", STORY], "outlet": [None, None]})
    report = ss.score_corpus(articles, n_jobs=2)
    assert set(report.attributions["doc_id"]) == {"b"}
    check_laws(report)
    nothing = ss.score_corpus(articles.iloc[:0])
    assert len(nothing.texts) == 0
    check_views(nothing)


def test_given_claims_and_no_text():
    report = ss.score("", [MILL])
    assert report.claims["confidence"].tolist() == [0.5]
    check_laws(report)
    check_views(report)


# ------------------------------------------------------------------------------------- clear errors


@pytest.mark.parametrize(
    ("texts", "error", "message"),
    [
        (5, TypeError, "texts must be a str.*got int"),
        (None, TypeError, "texts must be a str.*got NoneType"),
        (b"bytes", TypeError, "got bytes"),
        (["a", None], TypeError, "'1' is NoneType"),
        (pd.DataFrame({"doc": ["a"], "body": ["x"]}), ValueError, "lacks the columns doc_id, text"),
        (pd.DataFrame({"doc_id": ["a"]}), ValueError, "lacks the column text; it has doc_id"),
        (pd.DataFrame({"doc_id": ["a", "a"], "text": ["x", "y"]}), ValueError, "more than once"),
        (pd.DataFrame({"doc_id": [None], "text": ["x"]}), ValueError, "missing doc_id"),
        (pd.DataFrame({"doc_id": ["a"], "text": [1]}), TypeError, "'a' is int"),
    ],
)
def test_wrong_texts_are_refused(texts, error, message):
    with pytest.raises(error, match=message):
        ss.score(texts)


@pytest.mark.parametrize(
    "articles",
    [
        lambda texts: pd.DataFrame({"doc_id": ["0", "1"], "text": texts}),
        list,
        tuple,
        iter,
        lambda texts: pd.Series(texts, index=["0", "1"]),
        lambda texts: dict(enumerate(texts)),
        lambda texts: np.array(texts, dtype=object),
    ],
)
def test_a_corpus_comes_in_any_form(articles):
    texts = [STORY, "The mill is closed, Mayor Ann Lee said."]
    report = ss.score_corpus(articles(texts), [MILL])
    assert report.texts.to_dict() == dict(zip("01", texts, strict=True))
    pd.testing.assert_frame_equal(report.claims, ss.score(texts, [MILL]).claims)


STEPS = {
    "extractor": ("AttributionExtractor", "transform"),
    "resolver": ("SourceResolver", "resolve"),
    "classifier": ("AttributionClassifier", "label"),
    "linker": ("ClaimLinker", "link"),
}


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("wrong", [3, "my-model", Path("my-model"), object(), ss.Report, pd.Series])
def test_a_step_that_is_none_is_named_before_a_text_is_read(name, wrong):
    kind, method = STEPS[name]
    scorer = ss.SourceScorer(**{name: wrong})
    message = f"^{name} must be a fitted {kind}, or anything with the method {method}; got "
    for use in (scorer.fit, scorer.score):
        with pytest.raises(TypeError, match=message) as caught:
            use([STORY])
        if not isinstance(wrong, int | type) and str(wrong) == "my-model":
            assert f"{name}=sourcescore.load_model('my-model')." in str(caught.value)


def test_a_table_is_no_extractor():  # though it has a method transform
    with pytest.raises(TypeError, match="extractor must be a fitted Attr.*; got a DataFrame of 1"):
        ss.SourceScorer(extractor=pd.DataFrame({"a": [1]})).fit([STORY])


def test_steps_cannot_change_places():
    steps = {name: ss.load_model(name) for name in STEPS}
    for name, other in permutations(STEPS, 2):
        with pytest.raises(TypeError, match=f"{name} must be a fitted .*; got a"):
            ss.SourceScorer(**{name: steps[other]}).fit([STORY])


def test_what_a_step_returns_is_checked():
    class Nothing:
        def transform(self, texts):
            return [1]

        def label(self, attributions, texts, hedges=None):
            return attributions

    with pytest.raises(TypeError, match=r"what extractor.transform returns must be a pandas Data"):
        ss.SourceScorer(extractor=Nothing()).score(STORY)
    with pytest.raises(ValueError, match=r"what classifier.label returns lacks"):
        ss.SourceScorer(classifier=Nothing()).classify(
            pd.DataFrame({"source": ["a"], "cue": ["said"], "content": ["b"]})
        )


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"scorer": "my-scorer"}, "scorer must be a ClaimScorer; got 'my-scorer'. Load a model"),
        ({"scorer": ss.ClaimScorer}, "got the class ClaimScorer. Give an instance: scorer=Claim"),
        ({"scorer": ss.StanceClassifier()}, "scorer must be a ClaimScorer; got a StanceClass"),
        ({"extractor": ss.AttributionExtractor}, "Give an instance that is fitted, say"),
        ({"models": ["fast"]}, "models must be one of 'accurate', 'fast'"),
        ({"n_jobs": "2"}, "n_jobs must be None or a whole number"),
        ({"n_jobs": 0}, "n_jobs must be None or a whole number"),
        ({"verbose": "no"}, "verbose must be True or False; got 'no'"),
        ({"statements_only": None}, "statements_only must be True or False; got None"),
        ({"priors": 3}, "priors must be"),
    ],
)
def test_wrong_parameters_are_named(parameters, message):
    scorer = ss.SourceScorer(**parameters)
    for use in (scorer.fit, scorer.score):
        with pytest.raises((TypeError, ValueError), match=message):
            use([STORY])


class TestModelSelection:
    """What scikit-learn's clone, parameters and grid search do to steps."""

    def test_a_cloned_step_says_why_it_is_not_fitted(self):
        scorer = clone(ss.SourceScorer(extractor=ss.load_model("extractor")))
        for use in (scorer.fit, scorer.score):
            with pytest.raises(NotFittedError, match="extractor is not fitted: .*FrozenEstimator"):
                use([STORY])

    def test_a_frozen_step_stays_fitted(self):
        steps = {name: FrozenEstimator(ss.load_model(name)) for name in STEPS}
        scorer = clone(ss.SourceScorer(**steps)).fit([STORY])
        pd.testing.assert_frame_equal(scorer.score(STORY).claims, ss.score(STORY).claims)
        unfitted = FrozenEstimator(clone(ss.load_model("linker")))
        with pytest.raises(NotFittedError, match="linker is not fitted"):
            ss.SourceScorer(linker=unfitted).fit([STORY])

    def test_a_frozen_scorer_brings_what_it_learned(self, report):
        truth = {claim_id: k % 3 > 0 for k, claim_id in enumerate(report.claims.index)}
        learned = ss.ClaimScorer(max_iter=2).fit(report.evidence, truth)
        frozen = clone(ss.SourceScorer(scorer=FrozenEstimator(learned)))
        expected = ss.SourceScorer(scorer=learned).score(STORY, [MILL])
        pd.testing.assert_frame_equal(frozen.score(STORY, [MILL]).claims, expected.claims)

    @staticmethod
    def n_found(scorer, texts, y=None):
        return float(len(scorer.extract(texts)))

    def search(self, scorer, grid):
        return GridSearchCV(scorer, grid, scoring=self.n_found, cv=2).fit([STORY] * 4)

    @pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
    def test_a_grid_of_steps(self):
        steps = [ss.load_model("extractor").set_params(threshold=t) for t in (0.3, 0.9)]
        found = self.search(ss.SourceScorer(), {"extractor": [*map(FrozenEstimator, steps)]})
        assert np.isfinite(found.cv_results_["mean_test_score"]).all()
        with pytest.raises(ValueError, match="extractor is not fitted: fit it, or load"):
            self.search(ss.SourceScorer(), {"extractor": steps})
        with pytest.raises(ValueError, match="extractor must be a fitted AttributionExtractor"):
            self.search(ss.SourceScorer(), {"extractor": ["fast", "slow"]})

    def test_parameters_of_a_step(self):
        scorer = ss.SourceScorer(linker=ss.load_model("linker"), scorer=ss.ClaimScorer())
        scorer.set_params(scorer__max_iter=3, n_jobs=1)
        assert (scorer.scorer.max_iter, scorer.n_jobs) == (3, 1)
        given = ss.SourceScorer().set_params(
            extractor=ss.load_model("extractor"), extractor__threshold=0.4
        )
        assert given.extractor.threshold == 0.4
        for parameters, message in [
            ({"extractor__threshold": 0.4}, "extractor is None, .* say extractor=sourcescore.load"),
            ({"scorer__max_iter": 3}, r"scorer is None, .* say scorer=sourcescore.ClaimScorer\(\)"),
            ({"models__size": 3}, "models is 'fast', which has no parameters"),
            ({"extractor": "fast", "extractor__threshold": 1}, "extractor is 'fast', which has no"),
            ({"poet": 3}, "Invalid parameter 'poet'"),
            ({"poet__size": 3}, "Invalid parameter 'poet'"),
        ]:
            with pytest.raises(ValueError, match=message):
                ss.SourceScorer().set_params(**parameters)
        with pytest.raises(ValueError, match="extractor is None, which stands for the shipped"):
            self.search(ss.SourceScorer(), {"extractor__threshold": [0.3, 0.9]})


def test_score_corpus_wants_texts():
    with pytest.raises(TypeError, match=r"articles must be .* Score a single text with sourcesc"):
        ss.score_corpus(STORY)
    for wrong in (None, 3, b"text"):
        with pytest.raises(TypeError, match="articles must be a DataFrame with .*; got "):
            ss.score_corpus(wrong)
    with pytest.raises(TypeError, match="document '1' is int"):
        ss.score_corpus(["a text", 3])
    with pytest.raises(ValueError, match="lacks the column text"):
        ss.score_corpus(pd.DataFrame({"doc_id": ["a"]}))
    with pytest.raises(ValueError, match=r"articles\.published must hold dates"):
        ss.score_corpus(pd.DataFrame({"doc_id": ["a"], "text": ["x"], "published": ["soon"]}))


def test_other_wrong_arguments():
    with pytest.raises(ValueError, match="models must be one of 'accurate', 'fast'; got 'slow'"):
        ss.score(STORY, models="slow")
    with pytest.raises(TypeError, match="outlet must be a str"):
        ss.score(STORY, outlet=5)
    with pytest.raises(ValueError, match="there is no claim 'x9'"):
        ss.score("").explain("x9")
    with pytest.raises(ValueError, match="lacks the column"):
        ss.SourceScorer().classify(pd.DataFrame({"source": ["a"]}))


# ---------------------------------------------------------------------------------------- own voice


def test_the_text_counts_where_it_states_the_claim():
    stated = "Army drones hit the mill in Varna on Monday night. The baker said he heard a bang."
    beside = "The orchestra has played for forty years. The baker said he heard a bang."
    report = ss.score(stated, [MILL])
    own = report.evidence[report.evidence["type"] == "own_voice"]
    assert own["stance"].tolist() == ["supports"]
    assert own["source_id"].tolist() == ["0/author"]
    assert "own_voice" not in set(ss.score(beside, [MILL]).evidence["type"])


def test_the_text_makes_no_claim_of_its_own():
    report = ss.score("Army drones hit the mill in Varna on Monday night, killing two people.")
    assert len(report.claims) == len(report.evidence) == 0


def test_an_outlet_is_one_voice_over_its_texts():
    text = "Army drones hit the mill in Varna on Monday night."
    other = "On Monday night army drones hit the mill that stands in Varna."
    articles = pd.DataFrame(
        {
            "doc_id": ["a", "b", "c"],
            "text": [text, text, other],
            "outlet": ["x.example", "x.example", None],
        }
    )
    report = ss.score_corpus(articles, [MILL])
    assert sorted(report.evidence["source_id"]) == ["c/author", "x.example", "x.example"]
    assert report.claims["n_origins"].item() == 2


def test_a_text_printed_word_for_word_elsewhere_is_no_second_voice():
    text = "Army drones hit the mill in Varna on Monday night."
    articles = pd.DataFrame(
        {"doc_id": ["a", "b"], "text": [text] * 2, "outlet": ["x.example", "y.example"]}
    )
    report = ss.score_corpus(articles, [MILL])
    assert report.claims["n_origins"].item() == 1
    assert report.evidence["source_id"].tolist() == ["x.example"] * 2


def test_sentences_of_the_text_leave_out_questions_headings_and_attributions():
    text = (
        "Mill destroyed\nArmy drones hit the mill in Varna on Monday night. Who gave the order "
        "for it that night? The baker said that he had heard a bang in the night."
    )
    found = ss.SourceScorer().extract(text)
    own = own_sentences(pd.Series({"0": text}), found)
    assert own["content"].tolist() == ["Army drones hit the mill in Varna on Monday night."]
    start, end = own["content_spans"].iloc[0][0]
    assert text[start:end] == own["content"].iloc[0]


def test_a_list_is_no_sentence():
    text = "army drones hit the mill in Varna\n" * 100  # lines in lower case run on
    nothing = attributions_frame({}, 0)
    assert len(own_sentences(pd.Series({"0": text}), nothing)) == 0
    assert len(own_sentences(pd.Series({"0": text[:102]}), nothing)) == 1


def test_wishes_and_plans_are_no_evidence(corpus):
    gold = corpus.attributions
    neither = gold[gold["stance"] == "neither"]
    assert len(neither)

    class Labels(Rumours):
        def label(self, attributions, texts, hedges=None):
            labelled = super().label(attributions, texts)
            return labelled.assign(
                stance="neither", stance_proba=[{"neither": 1.0}] * len(labelled)
            )

    steps = {"extractor": Gold(corpus), "classifier": Labels(), "linker": OneClaim()}
    report = ss.SourceScorer(**steps).score(corpus.texts)
    assert set(report.evidence["type"]) <= {"own_voice"}


# ------------------------------------------------------------------------------------ hostile texts

WORDS = st.sampled_from(
    'said denied reported that "Reuters" the army, “it hit ” « » „x“ ‘y’ \' told Peskov: according '
    "to officials ... ?! \r\n \n\n \u2029 U.S. 3.5 \x00 \ud800 \udfff \u202e \u200f \ufeff 👩‍🚀 "
    "मिल е́ ꙮ".split(" ")
)
HOSTILE = st.one_of(
    st.text(st.characters(), max_size=200),  # lone surrogates included
    st.lists(WORDS, max_size=60).map(" ".join),
    st.lists(WORDS, max_size=60).map("".join),
    st.builds(str.__mul__, st.sampled_from(['"', "«", "''", "said ", "A said B, ", "\n", "…"]),
              st.integers(1, 300)),
)  # fmt: skip


@given(HOSTILE)
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
def test_any_text_is_input(text):
    report = ss.score(text)
    check_laws(report)
    check_views(report)


@given(HOSTILE, HOSTILE)
@settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow])
def test_any_claim_and_any_name_is_input(claim, name):
    report = ss.score({name: STORY}, {name: claim}, outlet=name)
    check_laws(report)
    check_views(report)


def test_lone_surrogates_where_they_hurt():
    text = 'Peskov\ud800 denied the \ud800 attack. "\ud800 hit us," Reuters\ud800 reported.'
    report = ss.score({"\ud800": text}, {"x\ud800": "The attack \ud800"}, outlet="\ud800.example")
    assert len(report.attributions)
    check_laws(report)
    check_views(report)
    check_laws(ss.score(text))


def test_a_scorer_learns_and_keeps_sources_with_lone_surrogates():
    ids = [f"{letter}\ud800" for letter in "abcd"]
    columns = {"claim_id": ids, "source_id": ["s\ud800"] * 4}
    evidence = pd.DataFrame({name: string_array(v) for name, v in columns.items()})
    evidence = evidence.assign(type="witness", stance="supports")
    truth = dict(zip(ids, [True, True, False, None], strict=True))
    learned = ss.ClaimScorer().fit(evidence, truth)
    restored = ss.ClaimScorer.from_parts(learned.to_parts())
    assert restored.track_record_.index.tolist() == ["s\ud800"]
    pd.testing.assert_frame_equal(restored.predict(evidence, ids), learned.predict(evidence, ids))


def test_long_line_of_everything(corpus):
    text = " ".join(corpus.texts).replace("\n", " ") + '"' * 1000 + "x" * 10_000 + "A said " * 200
    check_laws(ss.score(text))


def test_confidence_is_finite_on_many_rows():
    text = "\n".join(f"Witness {chr(65 + k % 26)} said the mill burned." for k in range(200))
    report = ss.score(text, ["The mill burned"])
    assert np.isfinite(report.claims[["confidence", "low", "high"]]).all(axis=None)
    check_laws(report)
