"""Fitting in: what scikit-learn, pandas, Arrow and spaCy expect of those who work with them."""

from __future__ import annotations

import copy
import io
import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    cross_val_predict,
    cross_val_score,
)
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import estimator_checks, get_tags
from sklearn.utils.estimator_checks import estimator_checks_generator
from sklearn.utils.validation import check_is_fitted

import sourcescore as ss
from sourcescore.metrics import b_cubed
from sourcescore.tables import SPAN_COLUMNS

ESTIMATORS = [
    ss.AttributionExtractor,
    ss.SourceResolver,
    ss.AttributionClassifier,
    ss.ClaimLinker,
    ss.StanceClassifier,
    ss.ClaimScorer,
    ss.SourceScorer,
]
#: scikit-learn's own checks that ask for no numbers in X. The others fit on a matrix of floats,
#: which no estimator here takes; the tests below ask the same of them with texts and tables.
CHECKS = [
    "check_estimator_cloneable",
    "check_estimator_tags_renamed",
    "check_valid_tag_types",
    "check_estimator_repr",
    "check_no_attributes_set_in_init",
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_mixin_order",
    "check_parameters_default_constructible",
    "check_get_params_invariance",
    "check_set_params",
]
STATEMENTS = [
    ("said", "asserts", "the bridge had fallen"),
    ("denied", "denies", "that the bridge had fallen"),
    ("asked", "neither", "whether ships were leaving"),
]
SOURCES = {
    "named_official": ["The Foreign Ministry", "Prime Minister Ana Rell", "The Kremlin"],
    "witness": ["Residents", "A neighbour", "Two passengers"],
    "agency_report": ["Reuters", "AFP", "Xinhua"],
}


@pytest.fixture(scope="module")
def corpus():
    """Six of the shipped articles."""
    whole = ss.datasets.load_articles()
    texts = whole.texts.head(6)
    rows = whole.attributions[whole.attributions["doc_id"].isin(texts.index)]
    claims = whole.claims[whole.claims["doc_id"].isin(texts.index)]
    articles = whole.articles.head(6)
    return ss.datasets.Corpus(texts, rows.reset_index(drop=True), claims, articles)


@pytest.fixture(scope="module")
def sayings():
    """Attributions of made-up sources in three texts, with types and stances."""
    rows, texts = [], {}
    for number in range(3):
        doc, text = f"d{number}", ""
        for kind, sources in SOURCES.items():
            for cue, stance, content in STATEMENTS:
                start = len(text)
                text += f"{sources[number]} {cue} {content}. "
                at = start + len(sources[number]) + 1
                spans = [(start, at - 1)], [(at, at + len(cue))]
                end = at + len(cue) + 1
                spans = (*spans, [(end, end + len(content))])
                rows.append((doc, sources[number], cue, content, *spans, kind, stance))
        texts[doc] = text
    names = ["doc_id", "source", "cue", "content", *SPAN_COLUMNS, "type", "stance"]
    return pd.DataFrame(rows, columns=names), pd.Series(texts)


@pytest.fixture(scope="module")
def evidence():
    """Three sources on sixty claims, and which of these are true."""
    rng = np.random.default_rng(0)
    truth = pd.Series(rng.random(60) < 0.5, index=[f"c{i}" for i in range(60)])
    rows = [
        (claim, source, "media_report", "supports" if (rng.random() < p) == true else "denies")
        for claim, true in truth.items()
        for source, p in {"careful": 0.9, "careless": 0.55, "contrary": 0.3}.items()
    ]
    return pd.DataFrame(rows, columns=["claim_id", "source_id", "type", "stance"]), truth


@pytest.fixture(scope="module")
def pairs():
    """Claims and texts, with the stances of the texts."""
    bridges = [f"The bridge in {town} fell" for town in ("Varna", "Lund", "Ghent", "Brno")]
    rows = [
        row
        for claim in bridges
        for row in (
            (claim, f"{claim}, residents said.", "supports"),
            (claim, f"Police denied that {claim.lower()}.", "denies"),
            (claim, "Rain is expected on Sunday.", "unrelated"),
        )
    ]
    return pd.DataFrame(rows, columns=["claim", "text", "stance"])


@pytest.fixture(scope="module")
def trained(corpus, evidence, pairs):
    """Each estimator fitted, by its name, and what it makes of some input."""
    rows, texts = corpus.attributions, corpus.texts
    extractor = ss.AttributionExtractor(n_epochs=1, threshold=0.1)
    return {
        "AttributionExtractor": (
            extractor.fit(texts.head(2), rows[rows["doc_id"].isin(texts.index[:2])]),
            lambda it: it.transform(texts.head(1)),
        ),
        "SourceResolver": (
            ss.SourceResolver().fit(rows, texts),
            lambda it: it.resolve(rows, texts),
        ),
        "AttributionClassifier": (
            ss.AttributionClassifier().fit(rows, rows["type"], rows["stance"], texts),
            lambda it: it.label(rows, texts),
        ),
        "ClaimLinker": (
            ss.ClaimLinker().fit(rows, corpus.claims),
            lambda it: it.link(rows)[0],
        ),
        "StanceClassifier": (
            ss.StanceClassifier(n_networks=1).fit(pairs, pairs["stance"]),
            lambda it: pd.DataFrame(it.predict_proba(pairs)),
        ),
        "ClaimScorer": (
            ss.ClaimScorer().fit(*evidence),
            lambda it: it.predict(evidence[0]),
        ),
        "SourceScorer": (
            ss.SourceScorer(),
            lambda it: it.score(texts.head(1)).claims,
        ),
    }


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


# ------------------------------------------------------------------------ scikit-learn's contract


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda cls: cls.__name__)
def test_checks_of_scikit_learn(estimator, check):
    getattr(estimator_checks, check)(estimator.__name__, estimator())


@pytest.mark.filterwarnings("ignore:Can't test estimator")
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda cls: cls.__name__)
def test_tags_keep_scikit_learn_from_fitting_on_numbers(estimator):
    tags = get_tags(estimator())
    assert tags.input_tags.string and not tags.input_tags.two_d_array
    for it, check in estimator_checks_generator(estimator()):
        check(it)


@pytest.mark.parametrize("name", [cls.__name__ for cls in ESTIMATORS])
class TestContract:
    def test_what_was_learned_ends_in_an_underscore(self, name, trained):
        fitted, _ = trained[name]
        params = fitted.get_params(deep=False)
        public = {k for k in vars(fitted) if not k.startswith("_")}
        assert all(k in params or k.endswith("_") for k in public)
        assert params == {k: v for k, v in vars(fitted).items() if k in params}

    def test_fit_leaves_the_parameters_alone(self, name, trained):
        fitted, _ = trained[name]
        fresh = clone(fitted)
        assert fresh.get_params() == fitted.get_params()
        assert not [k for k in vars(fresh) if k.endswith("_") and not k.startswith("_")]

    def test_copies_say_the_same(self, name, trained):
        fitted, use = trained[name]
        buffer = io.BytesIO()
        joblib.dump(fitted, buffer)
        buffer.seek(0)
        copies = [pickle.loads(pickle.dumps(fitted)), copy.deepcopy(fitted), joblib.load(buffer)]
        before = use(fitted)
        for it in copies:
            assert repr(it) == repr(fitted)
            check_is_fitted(it)
            pd.testing.assert_frame_equal(use(it), before)

    def test_unfitted_copies(self, name, trained):
        fresh = clone(trained[name][0])
        for it in (pickle.loads(pickle.dumps(fresh)), copy.deepcopy(fresh)):
            assert it.get_params() == fresh.get_params()

    def test_not_fitted(self, name, trained):
        fitted, use = trained[name]
        if not get_tags(fitted).requires_fit:  # on the priors, and on the shipped models
            use(clone(fitted))
            return
        with pytest.raises(NotFittedError, match=f"This {name} instance is not fitted yet"):
            use(clone(fitted))
        with pytest.raises(NotFittedError):
            check_is_fitted(clone(fitted))

    def test_a_frozen_one_stays_fitted(self, name, trained):
        fitted, use = trained[name]
        pd.testing.assert_frame_equal(use(clone(FrozenEstimator(fitted))), use(fitted))

    def test_only_metadata_is_routed(self, name, trained, routing):
        fitted, _ = trained[name]
        requests = fitted.get_metadata_routing()
        data = {"attributions", "types", "claims", "stances", "evidence", "truth", "texts"}
        metadata = {
            "AttributionClassifier": {"texts", "stances"},
            "SourceResolver": {"texts"},
            "ClaimLinker": {"claims"},
            "SourceScorer": {"claims"},
        }.get(name, set())
        for method in ("fit", "predict", "score", "transform"):
            asked = set(getattr(requests, method).requests)
            assert not asked & (data - metadata), method


def test_a_refit_starts_anew_and_gives_the_same(corpus, trained):
    rows, texts = corpus.attributions, corpus.texts
    fitted, use = trained["AttributionClassifier"]
    again = clone(fitted).fit(rows.head(40), rows["type"].head(40))
    again.fit(rows, rows["type"], rows["stance"], texts)
    pd.testing.assert_frame_equal(use(again), use(fitted))


def test_set_output(corpus):
    extractor = ss.load_model("extractor")
    extractor = copy.deepcopy(extractor)
    texts = corpus.texts.head(1)
    before = extractor.transform(texts)
    for container in ("default", "pandas", None):
        assert extractor.set_output(transform=container) is extractor
        pd.testing.assert_frame_equal(extractor.transform(texts), before)
    with sklearn.config_context(transform_output="pandas"):
        pd.testing.assert_frame_equal(extractor.transform(texts), before)
    Pipeline([("extractor", extractor)]).set_output(transform="pandas")
    with pytest.raises(ValueError, match=r"pandas DataFrames, not 'polars'; .*polars\.from_pandas"):
        extractor.set_output(transform="polars")


# ------------------------------------------------------------------------------- model selection


class TestAttributionClassifier:
    def test_score(self, sayings):
        rows, texts = sayings
        classifier = ss.AttributionClassifier().fit(rows, rows["type"], rows["stance"], texts)
        predicted = classifier.predict(rows, texts)
        weight = np.arange(len(rows), dtype=float)
        right = predicted == rows["type"]
        assert classifier.score(rows, rows["type"], texts) == pytest.approx(right.mean())
        weighed = classifier.score(rows, rows["type"], texts, sample_weight=weight)
        assert weighed == pytest.approx(np.average(right, weights=weight))

    def test_the_column_text_is_as_good_as_texts(self, sayings):
        rows, texts = sayings
        own = rows.assign(text=rows["doc_id"].map(texts))
        one = ss.AttributionClassifier(min_count=1).fit(rows, rows["type"], texts=texts)
        other = ss.AttributionClassifier(min_count=1).fit(own, rows["type"])
        expected = one.predict_proba(rows, texts)
        assert np.allclose(other.predict_proba(own), expected)
        assert not np.allclose(other.predict_proba(rows), expected)

    @pytest.mark.parametrize("n_rows", [27, 3])
    def test_cross_validation_without_routing(self, sayings, n_rows):
        """Also where there are as many texts as rows."""
        rows, texts = sayings
        rows = rows.assign(text=rows["doc_id"].map(texts)).iloc[:: 27 // n_rows]
        types = rows["type"] if n_rows > 3 else pd.Series(["a", "b", "a"], index=rows.index)
        folds = KFold(3, shuffle=True, random_state=0) if n_rows > 3 else [([0, 1], [2])]
        classifier = ss.AttributionClassifier(min_count=1)
        by_hand = []
        for fit, test in folds.split(rows) if n_rows > 3 else folds:
            mine = clone(classifier).fit(rows.iloc[fit], types.iloc[fit])
            by_hand.append(mine.score(rows.iloc[test], types.iloc[test]))
        assert cross_val_score(classifier, rows, types, cv=folds).tolist() == by_hand

    def test_metadata_reach_fit_and_score(self, sayings, routing):
        rows, texts = sayings
        metadata = {
            "texts": texts,  # of documents: goes whole
            "stances": rows["stance"],  # of rows: are split
            "sample_weight": np.linspace(1, 2, len(rows)),
        }
        classifier = (
            ss.AttributionClassifier(min_count=1)
            .set_fit_request(texts=True, stances=True, sample_weight=True)
            .set_score_request(texts=True, sample_weight=True)
        )
        cv = KFold(3, shuffle=True, random_state=0)
        by_hand = []
        for fit, test in cv.split(rows):
            a, b = rows.iloc[fit], rows.iloc[test]
            weights = metadata["sample_weight"]
            mine = ss.AttributionClassifier(min_count=1)
            mine.fit(a, a["type"], a["stance"], texts, sample_weight=weights[fit])
            by_hand.append(mine.score(b, b["type"], texts, sample_weight=weights[test]))
        scores = cross_val_score(classifier, rows, rows["type"], params=metadata, cv=cv)
        assert scores.tolist() == by_hand
        search = GridSearchCV(classifier, {"C": [0.01, 1.0], "coherence": [0, 1]}, cv=cv)
        search.fit(rows, rows["type"], **metadata)
        assert set(search.predict(rows)) <= set(rows["type"])
        assert search.best_estimator_.stance_ is not None

    def test_as_many_texts_as_rows_are_split_with_a_warning(self, sayings, routing):
        rows, texts = sayings
        rows = rows.iloc[[0, 9, 18]]  # of a document each
        classifier = ss.AttributionClassifier(min_count=1)
        classifier.set_fit_request(texts=True).set_score_request(texts=True)
        types, params, folds = ["a", "b", "a"], {"texts": texts}, [([0, 1], [2])]
        score = cross_val_score(classifier, rows, types, params=params, cv=folds)
        assert len(score) == 1  # texts and rows are in the same order here: nothing is gone
        params = {"texts": texts[::-1]}
        with pytest.warns(UserWarning, match="texts lacks 1 of the [12] documents .* column text"):
            cross_val_score(classifier, rows, types, params=params, cv=folds)

    @pytest.mark.parametrize("labels", [np.arange(12), np.arange(12) < 6])
    def test_labels_keep_their_kind(self, labels):
        rows = pd.DataFrame({"source": [f"The {k} club" for k in "abcdefghijkl"] * 3})
        rows = rows.assign(cue="said", content="it rained")
        y = np.tile(labels, 3)
        classifier = ss.AttributionClassifier(min_count=1, coherence=0.0).fit(rows, y)
        assert classifier.classes_.tolist() == sorted(set(labels.tolist()))
        assert classifier.predict(rows).dtype == labels.dtype
        proba = cross_val_predict(classifier, rows, y, cv=3, method="predict_proba")
        assert proba.shape == (36, len(set(labels.tolist())))
        again = type(classifier).from_parts(classifier.to_parts())
        assert again.predict(rows).tolist() == classifier.predict(rows).tolist()

    def test_grid_search_in_processes(self, sayings):
        rows, texts = sayings
        rows = rows.assign(text=rows["doc_id"].map(texts))
        search = GridSearchCV(ss.AttributionClassifier(), {"C": [0.1, 1.0]}, cv=2, n_jobs=2)
        search.fit(rows, rows["type"])
        assert search.score(rows, rows["type"]) > 0.5


class TestExtractor:
    def test_score_and_grid_search(self, corpus):
        texts, rows = corpus.texts, corpus.attributions
        tables = [rows[rows["doc_id"] == doc_id] for doc_id in texts.index]
        extractor = ss.load_model("extractor")
        assert extractor.score(texts, tables) == extractor.score(texts, rows) > 0.5
        search = GridSearchCV(
            ss.AttributionExtractor(n_epochs=1), {"threshold": [0.01, 0.9]}, cv=KFold(2)
        )
        search.fit(texts.head(4), tables[:4])
        assert search.best_params_ == {"threshold": 0.01}
        assert search.transform(texts.tail(1)).columns.tolist() == list(rows.columns)[:20]

    def test_one_table_each(self, corpus):
        with pytest.raises(ValueError, match="one for each of the 6 texts; got 1 tables"):
            ss.AttributionExtractor().fit(corpus.texts, [corpus.attributions])


def test_resolver_by_document(corpus, routing):
    rows, texts = corpus.attributions, corpus.texts

    def same_names(resolver, X):
        return np.mean(resolver.resolve(X, texts)["source_name"] == X["source_name"].fillna(""))

    cv, groups = GroupKFold(2), rows["doc_id"]
    by_metadata = cross_val_score(
        ss.SourceResolver().set_fit_request(texts=True), rows, scoring=same_names, cv=cv,
        params={"texts": texts, "groups": groups},
    )  # fmt: skip
    own = rows.assign(text=rows["doc_id"].map(texts))
    by_column = cross_val_score(
        ss.SourceResolver(), own, scoring=same_names, cv=cv, params={"groups": groups}
    )
    assert by_metadata.tolist() == by_column.tolist()
    assert by_column.min() > 0.3
    with pytest.raises(ValueError, match="without the texts"):
        ss.SourceResolver().fit(rows)


def test_linker_by_document(corpus, routing):
    rows = corpus.attributions

    def grouping(linker, X):
        known = X[X["claim_id"].notna()]
        found = linker.link(known.drop(columns=["claim_id", "claim_stance"]))[0]["claim_id"]
        return b_cubed(known["claim_id"], found.fillna("none"))[2]

    search = GridSearchCV(
        ss.ClaimLinker().set_fit_request(claims=True), {"C": [0.001, 0.1]}, scoring=grouping,
        cv=GroupKFold(2),
    )  # fmt: skip
    search.fit(rows, claims=corpus.claims, groups=rows["doc_id"])
    assert 0.3 < search.best_score_ < 1


class TestClaimScorer:
    def test_truth_by_row_is_truth_by_claim(self, evidence):
        table, truth = evidence
        by_claim = ss.ClaimScorer().fit(table, truth)
        rows = table["claim_id"].map(truth)
        shuffled = table.sample(frac=1, random_state=0)
        for given in (rows, rows.to_numpy(), rows.tolist(), rows.astype("boolean")):
            one = ss.ClaimScorer().fit(table, given)
            pd.testing.assert_frame_equal(one.track_record_, by_claim.track_record_)
        other = ss.ClaimScorer().fit(shuffled, rows[shuffled.index])
        pd.testing.assert_frame_equal(
            other.track_record_.sort_index(), by_claim.track_record_.sort_index()
        )

    def test_score_is_minus_the_brier_score(self, evidence):
        table, truth = evidence
        scorer = ss.ClaimScorer().fit(table, truth)
        confidence = scorer.predict(table)["confidence"]
        expected = -((confidence - truth) ** 2).mean()
        assert scorer.score(table, truth) == pytest.approx(expected)
        more = pd.concat([table, table.head(50)])  # a claim counts once
        assert scorer.score(more, more["claim_id"].map(truth).to_numpy()) == pytest.approx(expected)
        with pytest.raises(ValueError, match="score needs claims of known truth"):
            scorer.score(table, None)

    def test_cross_validation_by_claim(self, evidence):
        table, truth = evidence
        y, groups = table["claim_id"].map(truth), table["claim_id"]
        cv = GroupKFold(4)
        scores = cross_val_score(ss.ClaimScorer(), table, y, groups=groups, cv=cv)
        unlearned = ss.ClaimScorer().score(table, truth)
        assert unlearned < scores.mean() < 0
        search = GridSearchCV(
            ss.ClaimScorer(random_state=0),
            {"calibrate": [False, True], "priors": [None, {"claim_prior": 0.9}]},
            cv=cv,
        ).fit(table, y, groups=groups)
        assert isinstance(search.best_estimator_.track_record_, pd.DataFrame)

    def test_numbered_claims(self):
        table = pd.DataFrame({"claim_id": [2, 0, 1], "source_id": "s", "type": "witness"})
        table["stance"] = "supports"
        by_claim = {2: True, 0: False, 1: False}
        expected = ss.ClaimScorer().fit(table, by_claim).track_record_
        both = pd.Series([True, False, False])  # of the rows, or of the claims 0, 1 and 2
        with pytest.raises(ValueError, match="by claim or by row"):
            ss.ClaimScorer().fit(table, both)
        found = ss.ClaimScorer().fit(table, both.to_numpy()).track_record_
        pd.testing.assert_frame_equal(found, expected)
        same = pd.Series(by_claim).sort_index()
        found = ss.ClaimScorer().fit(table.sort_values("claim_id").reset_index(drop=True), same)
        pd.testing.assert_frame_equal(found.track_record_, expected)

    def test_rows_of_a_claim_that_differ(self, evidence):
        table, _ = evidence
        with pytest.raises(ValueError, match="same in all rows of a claim; that of 'c0'"):
            ss.ClaimScorer().fit(table, np.arange(len(table)) % 2 == 0)


class TestStanceClassifier:
    def test_pairs_are_claims_and_texts(self, pairs):
        one = ss.StanceClassifier(n_networks=1).fit(pairs, pairs["stance"])
        other = ss.StanceClassifier(n_networks=1)
        other.fit(pairs["claim"], pairs["text"], pairs["stance"])
        assert np.array_equal(
            one.predict_proba(pairs), other.predict_proba(pairs["claim"], pairs["text"])
        )
        score = one.score(pairs, pairs["stance"])
        assert score == one.score(pairs["claim"], pairs["text"], pairs["stance"])
        assert score == np.mean(one.predict(pairs) == pairs["stance"])

    def test_model_selection(self, pairs):
        classifier = ss.StanceClassifier(n_networks=1)
        found = cross_val_predict(classifier, pairs, pairs["stance"], cv=2)
        assert set(found) <= set(pairs["stance"])
        search = GridSearchCV(classifier, {"alpha": [0.1, 1.0]}, cv=2)
        search.fit(pairs, pairs["stance"])
        assert search.predict(pairs).shape == (len(pairs),)

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            (lambda p: [p.drop(columns="text")], "lacks the column text"),
            (lambda p: [p["claim"]], "texts are missing"),
            (lambda p: [p, p["text"]], "in its column text"),
        ],
    )
    def test_what_is_missing_is_said(self, pairs, given, message):
        classifier = ss.StanceClassifier(n_networks=1).fit(pairs, pairs["stance"])
        with pytest.raises((TypeError, ValueError), match=message):
            classifier.predict(*given(pairs))


class TestPipelines:
    def test_texts_to_types(self, corpus):
        steps = [("extractor", ss.load_model("extractor")), ("types", ss.load_model("classifier"))]
        line = Pipeline(steps)
        found = ss.load_model("extractor").transform(corpus.texts)
        expected = ss.load_model("classifier").predict(found)
        assert line.predict(corpus.texts).tolist() == expected.tolist()

    def test_the_scorer_at_the_end(self, corpus):
        stars = corpus.texts.map(lambda text: f"*** {text}")
        clean = FunctionTransformer(lambda texts: texts.str.removeprefix("*** "))
        line = Pipeline([("clean", clean), ("score", ss.SourceScorer())]).fit(stars)
        report = line.score(stars)
        pd.testing.assert_frame_equal(report.claims, ss.score(corpus.texts).claims)

    def test_grid_search_over_steps_and_priors(self, corpus):
        texts, rows = corpus.texts, corpus.attributions
        tables = [rows[rows["doc_id"] == doc_id] for doc_id in texts.index]

        def found(line, X, y):
            return line["score"].extractor.score(X, y)

        extractors = [
            copy.deepcopy(ss.load_model("extractor")).set_params(threshold=t) for t in (0.001, 0.5)
        ]
        line = Pipeline([("same", FunctionTransformer()), ("score", ss.SourceScorer())])
        search = GridSearchCV(
            line, {"score__extractor": [*map(FrozenEstimator, extractors)]}, scoring=found, cv=2
        ).fit(texts, tables)
        assert search.best_params_["score__extractor"].threshold == 0.5

        def brier(scorer, X, y):
            confidence = scorer.score(X, ["The bridge was closed"]).claims["confidence"].iloc[0]
            return -((confidence - y[0]) ** 2)

        search = GridSearchCV(
            ss.SourceScorer(), {"priors": [{"claim_prior": p} for p in (0.2, 0.9)]},
            scoring=brier, cv=2,
        ).fit(texts, [False] * len(texts))  # fmt: skip
        assert search.best_params_ == {"priors": {"claim_prior": 0.2}}

    def test_learned_steps_outlive_a_clone_when_frozen(self, corpus, evidence):
        learned = FrozenEstimator(ss.ClaimScorer().fit(*evidence))
        report = clone(ss.SourceScorer(scorer=learned)).score(corpus.texts.head(1))
        expected = ss.ClaimScorer().fit(*evidence).predict(report.evidence, report.claims.index)
        assert report.claims["confidence"].tolist() == expected["confidence"].tolist()
        assert len(report.explain(report.claims.index[0])) > 1


# ------------------------------------------------------------------------------------- progress


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_verbose_shows_a_bar_on_standard_error(corpus, capsys, n_jobs):
    quiet = ss.score_corpus(corpus.articles)
    assert capsys.readouterr() == ("", "")
    shown = ss.score_corpus(corpus.articles, n_jobs=n_jobs, verbose=True)
    out, err = capsys.readouterr()
    assert out == "" and "reading: 100%" in err and "6/6" in err
    pd.testing.assert_frame_equal(shown.claims, quiet.claims)
    pd.testing.assert_frame_equal(shown.attributions, quiet.attributions)


# --------------------------------------------------------------------------------------- pandas


def is_text(column: pd.Series) -> bool:
    known = column.dropna()
    return len(known) > 0 and known.map(lambda v: isinstance(v, str)).all()


def retyped(dtype):
    return lambda t: t.assign(**{c: t[c].astype(dtype) for c in t.columns if is_text(t[c])})


def through_json(table):
    text = table.to_json(orient="records", date_format="iso")
    return pd.read_json(io.StringIO(text), dtype=False)


def with_spans_as_arrays(table):
    """As Parquet gives them back."""
    spans = {c: [np.array(v) for v in table[c]] for c in SPAN_COLUMNS if c in table}
    return table.assign(**{c: pd.Series(v, index=table.index) for c, v in spans.items()})


def through_parquet(table):
    pytest.importorskip("pyarrow")
    buffer = io.BytesIO()
    table.to_parquet(buffer)
    return pd.read_parquet(buffer)


def as_arrow(table):
    pytest.importorskip("pyarrow")
    return table.convert_dtypes(dtype_backend="pyarrow")


def as_arrow_strings(table):
    pytest.importorskip("pyarrow")
    return retyped("string[pyarrow]")(table)


#: The same table in other clothes.
DRESSES = {
    "object": lambda t: t.astype(object),
    "nullable": lambda t: t.convert_dtypes(dtype_backend="numpy_nullable"),
    "category": retyped("category"),
    "string": retyped("string"),
    "pyarrow": as_arrow,
    "string[pyarrow]": as_arrow_strings,
    "parquet": through_parquet,
    "json": through_json,
    "arrays": with_spans_as_arrays,
    "same index": lambda t: t.set_axis([7] * len(t)),
    "index of str": lambda t: t.set_axis([f"r{i}" for i in range(len(t))][::-1]),
    "MultiIndex": lambda t: t.set_axis(
        pd.MultiIndex.from_arrays([["x"] * len(t), range(len(t))], names=["doc_id", "claim_id"])
    ),
    "named index": lambda t: t.rename_axis("claim_id"),
    "further columns": lambda t: t.assign(index=0, level_0="x", row=object())[
        sorted([*t.columns, "index", "level_0", "row"], reverse=True)
    ],
}


@pytest.fixture(scope="module", params=DRESSES)
def dress(request):
    return DRESSES[request.param]


@pytest.fixture(scope="module")
def line(corpus):
    """What each step of the line goes by and makes."""
    scorer = ss.SourceScorer()
    texts = corpus.texts.head(2)
    found = scorer.extract(texts)
    classified = scorer.classify(found, texts)
    linked, claims = scorer.link(classified)
    evidence = scorer.score(texts).evidence
    return scorer, texts, found, classified, linked, claims, evidence


def unchanged(function, table):
    """What the function makes of the table, which stays as it was."""
    before = table.copy(deep=True)
    out = function(table)
    pd.testing.assert_frame_equal(table, before)
    return out


def same_cells(found, expected):
    assert found.columns.tolist() == expected.columns.tolist()
    for name in expected.columns:
        one, other = found[name].astype(object), expected[name].astype(object)
        if pd.api.types.is_float_dtype(expected[name].dtype):
            assert np.allclose(one.astype(float), other.astype(float), equal_nan=True), name
        else:
            assert one[one.notna()].tolist() == other[other.notna()].tolist(), name


class TestPandas:
    def test_score_corpus(self, corpus, dress):
        articles = corpus.articles.head(2)
        expected = ss.score_corpus(articles)
        found = unchanged(ss.score_corpus, dress(articles))
        for name in ("claims", "evidence", "attributions"):
            same_cells(getattr(found, name), getattr(expected, name))

    def test_extract(self, line, dress):
        scorer, texts, found, *_ = line
        table = texts.rename_axis("doc_id").reset_index()
        same_cells(unchanged(scorer.extract, dress(table)), found)

    def test_classify(self, line, dress):
        scorer, texts, found, classified, *_ = line
        again = unchanged(lambda t: scorer.classify(t, texts), dress(found))
        names = ["type", "type_proba", "stance", "certainty"]
        same_cells(again[names], classified[names])

    def test_resolve(self, line, dress):
        _, texts, found, *_ = line
        again = unchanged(lambda t: ss.load_model("resolver").resolve(t, texts), dress(found))
        names = ["source_id", "source_name"]
        same_cells(again[names], found[names])

    def test_link(self, line, dress):
        scorer, _, _, classified, linked, claims, _ = line
        again, discovered = unchanged(scorer.link, dress(classified))
        names = ["claim_id", "claim_stance"]
        same_cells(again[names], linked[names])
        same_cells(discovered, claims)

    def test_given_claims(self, line, dress):
        scorer, _, _, classified, *_ = line
        claims = pd.DataFrame({"claim_id": ["x", "y"], "claim": ["Ten people died", "It was hit"]})
        expected, _ = scorer.link(classified, claims)
        again, _ = unchanged(lambda t: scorer.link(classified, t), dress(claims))
        same_cells(again, expected)

    def test_claim_scorer(self, line, dress):
        evidence = line[-1]
        claims = evidence["claim_id"].unique()
        truth = {claim: number % 2 == 0 for number, claim in enumerate(claims)}

        def tables(given):
            scorer = ss.ClaimScorer()
            learned = ss.ClaimScorer().fit(given, truth)
            return (
                scorer.predict(given).reset_index(),
                scorer.explain(given, claims[0]).reset_index(),
                scorer.sensitivity(given),
                learned.track_record_.reset_index(),
                learned.predict(given).reset_index(),
                scorer.sample(given, 5, random_state=0),
            )

        found = unchanged(tables, dress(evidence))
        for one, other in zip(found, tables(evidence), strict=True):
            same_cells(one, other)

    def test_truth(self, evidence):
        table, truth = evidence
        expected = ss.ClaimScorer().fit(table, truth).track_record_
        for dtype in ("boolean", "Int64", "category", object, "bool[pyarrow]"):
            if dtype == "bool[pyarrow]":
                pytest.importorskip("pyarrow")
            found = ss.ClaimScorer().fit(table, truth.astype(dtype)).track_record_
            pd.testing.assert_frame_equal(found, expected)

    def test_fit_of_the_classifier(self, sayings, dress):
        rows, texts = sayings
        expected = ss.AttributionClassifier().fit(rows, rows["type"], rows["stance"], texts)

        def fit(t):
            return ss.AttributionClassifier().fit(t, t["type"], t["stance"], texts)

        found = unchanged(fit, dress(rows))
        assert found.classes_.tolist() == expected.classes_.tolist()
        assert np.allclose(found.predict_proba(rows, texts), expected.predict_proba(rows, texts))

    def test_pairs(self, pairs, dress):
        expected = ss.StanceClassifier(n_networks=1).fit(pairs, pairs["stance"])
        mine = ss.StanceClassifier(n_networks=1)
        found = unchanged(lambda t: mine.fit(t, t["stance"]), dress(pairs))
        assert found.predict(dress(pairs)).tolist() == expected.predict(pairs).tolist()

    def test_spans_that_are_none(self, corpus):
        rows = corpus.attributions.assign(cue_spans="[[0, 1]]")
        with pytest.raises(ValueError, match=r"cue_spans must hold lists .* got '\[\[0, 1\]\]'"):
            ss.load_model("classifier").predict(rows, corpus.texts)


# ---------------------------------------------------------------------------------------- spaCy


@pytest.fixture(scope="module")
def nlp():
    spacy = pytest.importorskip("spacy")
    pytest.importorskip("sourcescore.spacy_component")  # where no entry point is installed
    nlp = spacy.blank("en")
    nlp.add_pipe("sourcescore")
    return nlp


class TestSpacy:
    TEXT = (
        "The army has denied that its drones hit the mill. Reuters reported, citing an unnamed "
        "official, that an army drone hit the mill."
    )

    def check(self, doc, **given):
        expected = ss.score(doc.text, **given)
        assert doc._.sourcescore.to_json() == expected.to_json()
        pd.testing.assert_frame_equal(doc._.attributions, expected.attributions)
        same_cells(doc._.claims.reset_index(), expected.claims.reset_index())

    def test_a_document_has_report_tables_and_spans(self, nlp):
        doc = nlp(self.TEXT)
        self.check(doc)
        spans = doc.spans["sourcescore"]
        assert {span.label_ for span in spans} == {"SOURCE", "CUE", "CONTENT"}
        found = {(s.id_, s.label_): s.text for s in spans}
        for row in doc._.attributions.to_dict("records"):
            assert row["cue"] in found[row["attribution_id"], "CUE"]

    def test_stored_documents(self, nlp):
        from spacy.tokens import Doc, DocBin

        doc = nlp(self.TEXT)
        stored = DocBin(store_user_data=True, docs=[doc]).to_bytes()
        for other in (
            Doc(nlp.vocab).from_bytes(doc.to_bytes()),
            pickle.loads(pickle.dumps(doc)),
            *DocBin().from_bytes(stored).get_docs(nlp.vocab),
        ):
            self.check(other)
            assert len(other.spans["sourcescore"]) == len(doc.spans["sourcescore"])

    def test_config(self, nlp, tmp_path):
        import spacy

        given = {"claims": {"mill": "A drone hit the mill"}, "outlet": "example.org"}
        priors = {"claim_prior": 0.3, "outlets": {"example.org": 0.9}}
        other = spacy.blank("de")
        other.add_pipe("sourcescore", config={**given, "priors": priors, "spans_key": "said"})
        other.to_disk(tmp_path)
        for again in (other, spacy.load(tmp_path), pickle.loads(pickle.dumps(other))):
            doc = again(self.TEXT)
            self.check(doc, **given, priors=priors)
            assert "said" in doc.spans

    def test_many(self, nlp):
        texts = [self.TEXT, "", "Residents said they saw a drone."]
        for doc in nlp.pipe(texts):
            self.check(doc)
        for doc in nlp.pipe(texts, n_process=2):
            self.check(doc)
        about = {"outlet": "example.org", "claims": ["A drone hit the mill"], "page": 3}
        (doc, context), *_ = nlp.pipe([(self.TEXT, about)], as_tuples=True)
        assert context == about
        self.check(doc, outlet="example.org", claims=about["claims"])
        doc = nlp.make_doc(self.TEXT)
        doc.user_data["outlet"] = "example.org"
        self.check(nlp(doc), outlet="example.org")

    def test_a_document_that_was_not_scored(self, nlp):
        doc = nlp.make_doc(self.TEXT)
        assert doc._.sourcescore is doc._.attributions is doc._.claims is None

    def test_a_wrong_config(self, nlp):
        import spacy

        with pytest.raises(ValueError, match="did you mean claim_prior"):
            spacy.blank("en").add_pipe("sourcescore", config={"priors": {"claim_prio": 0.3}})
