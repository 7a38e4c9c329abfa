"""`train` and `evaluate` as functions: on data of a user's own, with before and after."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import sourcescore as ss
from sourcescore.datasets import Corpus, load_articles
from sourcescore.training.corpora import read_corpora
from sourcescore.training.tasks import TASKS, claim_pairs, known_outcomes


def some_articles(n: int) -> Corpus:
    corpus = load_articles()
    return corpus.select(corpus.texts.index[:n])


def outcomes() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = [
        (f"c{k}", source, "media_report", "supports" if (rng.random() < p) == (k % 2) else "denies")
        for k in range(40)
        for source, p in {"careful": 0.9, "careless": 0.6, "contrary": 0.2}.items()
    ]
    table = pd.DataFrame(rows, columns=["claim_id", "source_id", "type", "stance"])
    return table.assign(truth=table["claim_id"].str[1:].astype(int) % 2 == 1)


def test_a_classifier_with_labels_of_ones_own(tmp_path):
    corpus = some_articles(6)
    rough = np.where(corpus.attributions["type"] == "witness", "there", "not there")
    corpus = Corpus(
        corpus.texts, corpus.attributions.assign(type=rough), corpus.claims, corpus.articles
    )
    model, figures = ss.train(
        "classifier", corpus, tmp_path / "own", start="scratch", n_folds=3, progress=False
    )
    assert model.classes_.tolist() == ["not there", "there"]
    assert "before" not in figures
    assert figures["cross_validated"]["n_folds"] == 3
    loaded = ss.load_model(tmp_path / "own")
    np.testing.assert_array_equal(
        loaded.predict(corpus.attributions, corpus.texts),
        model.predict(corpus.attributions, corpus.texts),
    )


def test_before_and_after_are_measured_on_the_same_attributions():
    _, figures = ss.train("classifier", some_articles(6), n_folds=2, progress=False)
    assert figures["before"]["n"] == figures["cross_validated"]["n"]
    assert set(figures["before"]["type"]) == set(figures["cross_validated"]["type"])


def test_a_model_comes_with_a_card_that_people_may_go_on_with(tmp_path):
    corpus = some_articles(4)
    _, figures = ss.train("classifier", corpus, tmp_path, n_folds=2, progress=False)
    card = (tmp_path / "CARD.md").read_text()
    assert f"trained on 4 documents with {len(corpus.attributions)} attributions" in card
    before, after = (figures[key]["stance"]["accuracy"] for key in ("before", "cross_validated"))
    assert f"| stance accuracy | {before} | {after} |" in card
    (tmp_path / "CARD.md").write_text("mine")
    ss.train("classifier", corpus, tmp_path, n_folds=0, progress=False)
    assert (tmp_path / "CARD.md").read_text() == "mine"
    assert ss.load_model(tmp_path).classes_.size == 10


def test_a_fitted_estimator_can_be_gone_on_from_and_stays_as_it_is():
    start = ss.load_model("classifier")
    corpus = some_articles(4)
    before = start.predict_proba(corpus.attributions, corpus.texts)
    model, figures = ss.train("classifier", corpus, start=start, n_folds=0, progress=False)
    assert figures["start"] == "given"
    assert not start.warm_start
    assert not model.warm_start
    np.testing.assert_array_equal(start.predict_proba(corpus.attributions, corpus.texts), before)
    assert not np.array_equal(model.predict_proba(corpus.attributions, corpus.texts), before)


def test_the_same_data_and_seed_give_the_same_model_and_figures():
    corpus = some_articles(3)
    (one, figures), (other, again) = (
        ss.train("extractor", corpus, n_folds=0, progress=False) for _ in range(2)
    )
    assert figures == again
    for name, value in one.network_.parameters.items():
        np.testing.assert_array_equal(value, other.network_.parameters[name])


def test_a_scorer_learns_outcomes_and_goes_on():
    table = outcomes()
    model, figures = ss.train("scorer", table, progress=False)
    assert figures["cross_validated"]["brier"] < ss.evaluate("scorer", table)["brier"]
    first, second = table[:60], table[60:]
    start, _ = ss.train("scorer", first, n_folds=0, progress=False)
    both, _ = ss.train("scorer", second, start=start, n_folds=0, progress=False)
    pd.testing.assert_series_equal(
        both.track_record_["sensitivity"], model.track_record_["sensitivity"], atol=0.05
    )


def test_claims_that_exclude_one_another_stay_in_one_fold():
    table = outcomes()
    table["question_id"] = "q" + (table["claim_id"].str[1:].astype(int) // 4).astype(str)
    groups = TASKS["scorer"].groups(table)
    assert groups.nunique() == 10
    assert groups["c0"] == groups["c3"] != groups["c4"]


def test_stances_come_from_annotated_claims():
    pairs = claim_pairs(some_articles(3))
    assert set(pairs["stance"]) == {"supports", "denies", "unrelated"}
    assert pairs.notna().all(axis=None)
    _, figures = ss.train("stance", some_articles(3), n_folds=2, progress=False)
    assert figures["cross_validated"]["n"] == len(pairs)


def test_one_document_cannot_be_cross_validated():
    _, figures = ss.train("classifier", some_articles(1), progress=False)
    assert figures["cross_validated"] == {"n": 0}


@pytest.mark.parametrize(
    ("name", "data", "more", "error", "message"),
    [
        ("poet", None, {}, ValueError, "name must be one of extractor, .*; got 'poet'"),
        ("extractor", 3, {}, TypeError, "data must be a Corpus .* got int"),
        ("stance", outcomes(), {}, ValueError, "lacks the columns claim, text"),
        ("scorer", load_articles(), {}, TypeError, "table of evidence with the column truth"),
        ("scorer", outcomes(), {"weight": 2}, ValueError, "leave weight at 1"),
        ("classifier", load_articles(), {"weight": 0}, ValueError, "weight must be above 0"),
        ("classifier", load_articles(), {"start": "linker"}, ValueError, "holds a ClaimLinker"),
        ("words", load_articles(), {}, ValueError, "folder of the corpora"),
        (
            "scorer",
            outcomes().assign(truth="perhaps"),
            {},
            ValueError,
            "truth must be true, false or empty; got 'perhaps'",
        ),
        (
            "extractor",
            Corpus(
                load_articles().texts[:1],
                load_articles().attributions[:0],
                load_articles().claims[:0],
                load_articles().articles[:1],
            ),
            {"n_folds": 0},
            ValueError,
            "nothing to learn",
        ),
    ],
)
def test_errors_say_what_to_do(name, data, more, error, message):
    with pytest.raises(error, match=message):
        ss.train(name, data, progress=False, **more)


def test_a_claim_has_one_truth():
    table = outcomes()
    assert known_outcomes(table).isin([True, False]).all()
    table.loc[0, "truth"] = ~table.loc[0, "truth"]
    with pytest.raises(ValueError, match="'c0' is true in one row and false in another"):
        known_outcomes(table)


def test_fifty_documents_help_on_the_rest_of_news(shared):
    """A classifier that has seen no news learns from 50 news articles for the others."""
    texts, attributions = read_corpora(shared / "data", ("polnear/typed-train.jsonl",))
    start = ss.AttributionClassifier().fit(
        attributions, attributions["type"], attributions["stance"], texts
    )
    news = shared / "data/news/articles-train.jsonl"
    _, figures = ss.train("classifier", news, start=start, progress=False)
    before, after = figures["before"], figures["cross_validated"]
    assert after["n_folds"] == 5
    for name in ("type", "stance"):
        assert after[name]["accuracy"] > before[name]["accuracy"] + 0.02
        assert after[name]["macro_f1"] > before[name]["macro_f1"]
