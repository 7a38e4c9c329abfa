"""`train` and `evaluate` as functions: on data of a user's own, with before and after."""

from __future__ import annotations

import re
import tracemalloc

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sourcescore as ss
from sourcescore.datasets import Corpus, load_articles
from sourcescore.tables import object_array
from sourcescore.training.corpora import document_groups, read_corpora
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


def relabelled(corpus: Corpus, **columns) -> Corpus:
    rows = corpus.attributions.assign(**columns)
    return Corpus(corpus.texts, rows, corpus.claims, corpus.articles)


class TestStart:
    """`figures["start"]` says what each kind of label goes on from; the rest has no `before`."""

    def test_types_of_ones_own_start_anew_and_stances_go_on(self, tmp_path):
        corpus = some_articles(6)
        kinds = np.where(corpus.attributions["type"] == "witness", "there", "not there")
        _, figures = ss.train(
            "classifier", relabelled(corpus, type=kinds), tmp_path, n_folds=3, progress=False
        )
        assert figures["start"] == {"type": "scratch", "stance": "shipped"}
        assert set(figures["before"]) == {"n", "stance"}
        assert set(figures["cross_validated"]) == {"n_folds", "n", "type", "stance"}
        card = (tmp_path / "CARD.md").read_text()
        assert "going on from: shipped for the stance; the type learned anew." in card
        accuracy = figures["cross_validated"]["type"]["accuracy"]
        assert f"| type accuracy |  | {accuracy} |" in card

    def test_stances_of_ones_own_start_anew(self):
        corpus = some_articles(6)
        stances = np.where(corpus.attributions["stance"] == "denies", "denies", "other")
        _, figures = ss.train(
            "classifier", relabelled(corpus, stance=stances), n_folds=0, progress=False
        )
        assert figures["start"] == {"type": "shipped", "stance": "scratch"}
        assert set(figures["before"]) == {"n", "type"}

    def test_nothing_goes_on(self):
        corpus = some_articles(6)
        kinds = np.where(corpus.attributions["type"] == "witness", "there", "not there")
        rough = relabelled(corpus, type=kinds, stance=kinds)
        model, figures = ss.train("classifier", rough, n_folds=0, progress=False)
        assert figures["start"] == {"type": "scratch", "stance": "scratch"}
        assert "before" not in figures
        fresh, _ = ss.train("classifier", rough, start="scratch", n_folds=0, progress=False)
        np.testing.assert_array_equal(
            model.predict_proba(corpus.attributions), fresh.predict_proba(corpus.attributions)
        )

    def test_without_new_stances_the_old_ones_stay(self):
        corpus = relabelled(some_articles(4), stance=None)
        model, figures = ss.train("classifier", corpus, n_folds=0, progress=False)
        assert figures["start"] == {"type": "shipped", "stance": "shipped"}
        assert set(figures["before"]) == {"n", "type"}
        assert model.stance_classes_.tolist() == ["asserts", "denies", "neither"]

    def test_a_fold_without_the_new_type_starts_anew_as_the_others_do(self):
        corpus = some_articles(4)
        new = corpus.attributions["doc_id"] == corpus.texts.index[0]
        kinds = corpus.attributions["type"].where(~new, "image")
        rows = relabelled(corpus, type=kinds)
        begun = TASKS["classifier"].begin("shipped", rows)
        part = rows.select(corpus.texts.index[1:])
        fitted = TASKS["classifier"].fit(begun, part, 1.0)
        assert set(fitted.classes_) <= {*part.attributions["type"], "named_official"}

    def test_words_that_look_like_missing_ones_are_words(self, tmp_path):
        path = tmp_path / "pairs.csv"
        path.write_text("claim,text,stance\nNA,None,nan\nnull,NaN,null\n", encoding="utf8")
        table = TASKS["stance"].read(path)
        assert table.to_numpy().tolist() == [["NA", "None", "nan"], ["null", "NaN", "null"]]
        path.write_text("claim,text,stance\nNA,,nan\n", encoding="utf8")
        with pytest.raises(ValueError, match="row 2 has an empty cell"):
            TASKS["stance"].read(path)

    def test_stances_towards_claims_of_ones_own(self):
        pairs = claim_pairs(some_articles(3))
        own = pairs.assign(stance=np.where(pairs["stance"] == "unrelated", "off", "on topic"))
        for start in (None, "shipped", ss.load_model("stance")):
            model, figures = ss.train("stance", own, start=start, n_folds=0, progress=False)
            assert figures == {"start": "scratch"}
            assert list(model.classes_) == ["off", "on topic"]
            assert not model.warm_start
        _, figures = ss.train("stance", pairs, n_folds=0, progress=False)
        assert figures["start"] == "shipped"
        assert figures["before"]["n"] == len(pairs)


def test_a_fitted_estimator_can_be_gone_on_from_and_stays_as_it_is():
    start = ss.load_model("classifier")
    corpus = some_articles(4)
    before = start.predict_proba(corpus.attributions, corpus.texts)
    model, figures = ss.train("classifier", corpus, start=start, n_folds=0, progress=False)
    assert figures["start"] == {"type": "given", "stance": "given"}
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
        (
            "classifier",
            load_articles(),
            {"weight": 0},
            ValueError,
            "weight must be a number above 0",
        ),
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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": ["classifier"]}, r"name must be one of extractor, .*; got \['classifier'\]"),
        ({"weight": None}, "weight must be a number above 0; got None"),
        ({"weight": "2"}, "weight must be a number above 0; got '2'"),
        ({"n_folds": 2.5}, "n_folds must be a whole number of at least 0; got 2.5"),
        ({"n_folds": -1}, "n_folds must be a whole number of at least 0; got -1"),
        ({"random_state": "x"}, "random_state must be a whole number"),
        ({"progress": 3}, "progress must be True or False; got 3"),
        ({"start": 3}, "the model given is 3; to train or evaluate 'classifier' takes the class"),
        ({"start": (x for x in "ab")}, "the model given is a generator"),
        ({"out": 3}, "a folder must be a str or Path; got 3"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    given = {"name": "classifier", "data": load_articles(), "progress": False} | arguments
    with pytest.raises((ValueError, TypeError), match=message):
        ss.train(**given)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("claim", 3, "data: the column claim must hold texts; got 3 in row 2"),
        ("text", ["a"], r"data: the column text must hold texts; got \['a'\] in row 2"),
        ("stance", ["a"], r"stance must hold strings or numbers; got \['a'\] in row 0"),
    ],
)
def test_pairs_hold_texts_and_stances(column, value, message):
    table = pd.DataFrame({"claim": ["a", "b"], "text": ["c", "d"], "stance": ["e", "f"]})
    table[column] = pd.Series([value] * 2, dtype=object)
    for use in (ss.train, ss.evaluate):
        with pytest.raises((ValueError, TypeError), match=message):
            use("stance", table)


@pytest.mark.parametrize("truth", [[True, False], {"a": 1}, 0.5, pd.DataFrame()])
def test_a_truth_is_true_or_false(truth):
    table = outcomes()
    table["truth"] = pd.Series([truth] * len(table), dtype=object)
    with pytest.raises(ValueError, match="truth must be true, false or empty; got "):
        ss.train("scorer", table, progress=False)


def test_a_folder_of_ones_own_is_refused_before_training(tmp_path):
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(FileExistsError, match=r"holds files that are no .* \(thesis.tex for one\)"):
        ss.train("classifier", "no such file", tmp_path)


class TestDocumentGroups:
    """Documents that share ten words in a row are one group."""

    @staticmethod
    def by_hand(texts: dict) -> dict:
        """The same with the runs of words themselves."""
        runs: dict = {}
        of: dict = {doc: doc for doc in texts}

        def root(doc):
            while of[doc] != doc:
                doc = of[doc]
            return doc

        for doc, text in texts.items():
            words = text.lower().split()
            article = re.sub(r"-p\d+$", "", doc) if isinstance(doc, str) else doc
            ends = range(max(1, len(words) - 9) if words else 0)
            for run in [("article", article), *(tuple(words[k : k + 10]) for k in ends)]:
                of[root(doc)] = root(runs.setdefault(run, doc))
        return {doc: root(doc) for doc in texts}

    @given(
        st.dictionaries(
            st.one_of(
                st.from_regex(r"[ab](-p[0-3])?", fullmatch=True),
                st.integers(0, 9),
                st.tuples(st.integers(0, 3)),
            ),
            st.lists(st.sampled_from(["sun", "rain", "Rain"]), max_size=14).map(" ".join),
            max_size=12,
        )
    )
    def test_it_is_what_one_finds_by_hand(self, texts):
        expected = self.by_hand(texts)
        assert document_groups(texts) == expected
        if texts:
            index = pd.Index(object_array(list(texts)), dtype=object)
            series = pd.Series(list(texts.values()), index=index, dtype=object)
            assert document_groups(series) == expected

    def test_an_id_of_a_number_is_none_of_a_string(self):
        groups = document_groups({1: "rain", "1": "sun", None: "snow", ("a", 1): "hail"})
        assert groups == {1: 1, "1": "1", None: None, ("a", 1): ("a", 1)}

    def test_memory_is_modest(self):
        rng = np.random.default_rng(0)
        words = np.array([f"w{k}" for k in range(5000)])
        texts = {k: " ".join(rng.choice(words, 500)) for k in range(400)}
        tracemalloc.start()
        groups = document_groups(texts)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert len(set(groups.values())) == 400
        assert peak < 100 * 400 * 500  # bytes a word; a tuple of ten words takes several times that

    @pytest.mark.parametrize("texts", [None, 3, "text", ["text"], pd.DataFrame({"a": ["text"]})])
    def test_texts_have_ids(self, texts):
        with pytest.raises(TypeError, match="texts must be a Series or mapping of doc_id to text"):
            document_groups(texts)

    def test_texts_are_strings(self):
        with pytest.raises(TypeError, match="texts must hold strings; document 'a' is None"):
            document_groups({"a": None})


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
