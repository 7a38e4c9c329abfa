import io

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import sourcescore as ss
from sourcescore.models import ModelFileError, load_words, save_model
from sourcescore.stance import StanceClassifier, stance_features

TOPICS = ("bridge collapsed", "mine closed", "mayor resigned", "bank failed", "dam burst")


def pairs():
    """Short texts for and against, and texts on another topic."""
    rows = []
    for k, topic in enumerate(TOPICS * 4):
        thing, event = topic.split()
        other = TOPICS[(k + 2) % len(TOPICS)]
        rows += [
            (f"The {topic}", f"Witnesses said that the {thing} {event} in town {k}.", "supports"),
            (f"The {topic}", f"Officials denied that the {thing} {event}, a hoax {k}.", "denies"),
            (f"The {topic}", f"The {other} on day {k}, an agency reported.", "unrelated"),
        ]
    return tuple(map(list, zip(*rows, strict=True)))


@pytest.fixture(scope="module")
def classifier():
    return ss.load_model("stance")


def test_the_shipped_model_tells_the_stances_apart(classifier):
    claim = "North Korea sent soldiers to Russia"
    texts = [
        "Seoul: Pyongyang has sent soldiers to Russia, thousands of North Korean troops arrive",
        "Supermarkets recall frozen pizza over plastic pieces",
    ]
    proba = classifier.predict_proba([claim] * 2, texts)
    assert list(classifier.classes_) == ["denies", "discusses", "supports", "unrelated"]
    assert proba.sum(axis=1) == pytest.approx([1, 1])
    assert proba[0, 3] < 0.5 < proba[1, 3]
    assert classifier.predict([claim] * 2, texts)[1] == "unrelated"


def test_fit_learns_labels_of_ones_own():
    claims, texts, stances = pairs()
    own = {"supports": "pro", "denies": "contra", "unrelated": "none"}
    model = clone(StanceClassifier(n_networks=1, alpha=0.01))
    model.fit(claims, texts, [own[s] for s in stances])
    assert list(model.classes_) == ["contra", "none", "pro"]
    right = model.predict(claims, texts) == np.array([own[s] for s in stances])
    assert right.mean() > 0.8


def test_the_same_seed_gives_the_same_model():
    claims, texts, stances = pairs()
    one, other = (
        StanceClassifier(n_networks=1, random_state=7).fit(claims, texts, stances) for _ in range(2)
    )
    np.testing.assert_array_equal(
        one.predict_proba(claims, texts), other.predict_proba(claims, texts)
    )


def test_a_pair_does_not_depend_on_the_others(classifier):
    claims, texts, _ = pairs()
    together = classifier.predict_proba(claims, texts)
    alone = np.vstack(
        [classifier.predict_proba([c], [t]) for c, t in zip(claims[:8], texts[:8], strict=True)]
    )
    np.testing.assert_allclose(together[:8], alone, atol=1e-4)


@pytest.mark.parametrize("text", ["", "\x00", "\ud800", "‮", "?" * 3000, "word " * 5000, "\n\n"])
def test_any_text_is_taken(classifier, text):
    assert np.isfinite(classifier.predict_proba(["A dam burst", text], [text, "A dam burst"])).all()


def test_nothing_gives_nothing(classifier):
    assert classifier.predict_proba([], []).shape == (0, 4)


def test_features_are_finite_and_of_one_width():
    words = load_words()
    long = " ".join(f"Sentence number {k} is about the dam." for k in range(100))
    features = stance_features(["The dam burst", ""], [long, ""], words)
    assert features.shape == (2, stance_features(["a"], ["b"], words).shape[1])
    assert np.isfinite(features).all()


def test_a_saved_classifier_predicts_alike(classifier, tmp_path):
    again = ss.load_model(save_model(classifier, tmp_path / "stance"))
    claims, texts, _ = pairs()
    np.testing.assert_array_equal(
        again.predict_proba(claims, texts), classifier.predict_proba(claims, texts)
    )


def test_errors_say_what_to_do(classifier):
    with pytest.raises(TypeError, match="claims must be a sequence of str"):
        classifier.predict("a claim", ["a text"])
    with pytest.raises(TypeError, match="texts must hold strings; got NoneType"):
        classifier.predict(["a claim"], [None])
    with pytest.raises(ValueError, match="got 2 and 1"):
        classifier.predict(["a", "b"], ["c"])
    with pytest.raises(ValueError, match="stances must have one label for each of the 2 pairs"):
        StanceClassifier().fit(["a", "b"], ["c", "d"], ["supports"])
    with pytest.raises(ValueError, match="at least two labels"):
        StanceClassifier().fit(["a", "b"], ["c", "d"], ["supports"] * 2)
    with pytest.raises(NotFittedError):
        StanceClassifier().predict(["a"], ["b"])


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("hidden", 0),
        ("hidden", (64,)),
        ("hidden", 1.5),
        ("n_networks", 0),
        ("n_networks", None),
        ("alpha", -1),
        ("alpha", np.nan),
        ("rare", "more"),
        ("random_state", None),
        ("words", "fast"),
    ],
)
def test_wrong_parameters_are_named(parameter, value):
    with pytest.raises((ValueError, TypeError), match=f"{parameter} must be .*; got"):
        StanceClassifier(**{parameter: value}).fit(*pairs())


@pytest.mark.parametrize("wrong", [None, 3, b"a", {"a": "b"}, {"a", "b"}, np.array(3), object()])
def test_pairs_are_sequences(classifier, wrong):
    for use in (classifier.predict, lambda *both: stance_features(*both, load_words())):
        with pytest.raises(TypeError, match="claims must be a sequence of str.*; got"):
            use(wrong, ["a", "b"])
    with pytest.raises(TypeError, match="texts must be a sequence|texts are missing"):
        classifier.predict(["a", "b"], wrong)


def test_pairs_may_come_one_by_one(classifier):
    claims, texts, _ = pairs()
    np.testing.assert_array_equal(
        classifier.predict(iter(claims[:4]), (t for t in texts[:4])),
        classifier.predict(claims[:4], texts[:4]),
    )


@pytest.mark.parametrize(
    ("stances", "message"),
    [
        ("supports", "one label for each of the 60 pairs; got 'supports'"),
        (None, "stances are missing"),
        ([None] * 60, "stances is missing in 60 of the 60 pairs"),
        ([["a"]] * 59 + ["b"], r"must hold strings or numbers; got \['a'\] in row 0"),
    ],
)
def test_stances_are_labels(classifier, stances, message):
    claims, texts, _ = pairs()
    for use in (StanceClassifier().fit, classifier.score):
        with pytest.raises((ValueError, TypeError), match=message):
            use(claims, texts, stances)


@pytest.mark.parametrize(
    "features", [None, 3, "x", [[1], [2, 3]], np.ones(3), [[np.nan]], [["a"]], np.ones((2, 3))]
)
def test_features_are_numbers(classifier, features):
    with pytest.raises(ValueError, match="features must be finite numbers of the shape .*; got"):
        classifier.predict_features(features)


def test_numbers_of_a_grid_search_can_be_saved():
    model = StanceClassifier(hidden=np.int64(8), n_networks=np.int32(1), alpha=np.float32(1))
    again = StanceClassifier.from_parts(model.fit(*pairs()).to_parts())
    assert (again.hidden, again.n_networks, again.alpha) == (8, 1, 1.0)


class TestSeen:
    """What a stored model has seen is checked as it is read."""

    @staticmethod
    def changed(parts, **changes):
        with np.load(io.BytesIO(parts["seen.npz"])) as stored:
            arrays = {**stored} | changes
        content = io.BytesIO()
        np.savez(content, **{k: v for k, v in arrays.items() if v is not None})
        return parts | {"seen.npz": content.getvalue()}

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"features": np.zeros((60, 3), np.float16)}, r"features must hold .*\(60, \d+\); got"),
            ({"features": np.zeros(60, np.float16)}, "features must hold finite float16"),
            ({"features": np.array(["a"] * 60)}, "features must hold finite float16"),
            ({"stances": np.zeros(59, np.uint16)}, r"features must hold .* shape \(59, "),
            ({"stances": np.full(60, 3, np.uint16)}, "stances must hold numbers of the 3 classes"),
            ({"stances": np.full(60, -1)}, "stances must hold numbers .* got int64"),
            ({"stances": np.zeros(60)}, "stances must hold numbers .* got float64"),
            ({"n": np.array(59)}, "n must be a whole number of at least 60"),
            ({"n": np.array([60])}, "n must be a whole number"),
            ({"n": np.array("60")}, "n must be a whole number"),
            ({"n": None}, "n is not a file in the archive"),
        ],
    )
    def test_arrays_of_another_form_are_refused(self, learned, changes, message):
        with pytest.raises((ValueError, KeyError), match=message):
            StanceClassifier.from_parts(self.changed(learned.to_parts(), **changes))

    def test_infinite_features_are_refused(self, learned):
        width = learned.scaler_.n_features_in_
        features = np.full((60, width), np.inf, np.float16)
        with pytest.raises(ValueError, match="finite"):
            StanceClassifier.from_parts(self.changed(learned.to_parts(), features=features))

    def test_load_model_says_which_file(self, learned, tmp_path):
        parts = self.changed(learned.to_parts(), n=np.array(0))
        model = StanceClassifier.from_parts(learned.to_parts())
        model.to_parts = lambda: parts
        with pytest.raises(ModelFileError, match="does not hold a Stance.*seen.npz: n must be"):
            ss.load_model(save_model(model, tmp_path / "stance"))

    def test_large_features_are_kept_as_large_as_they_can_be(self):
        X = np.array([[1e6], [-1e6]] * 20)
        model = StanceClassifier(n_networks=1).fit_features(X, ["supports", "denies"] * 20)
        assert np.isfinite(StanceClassifier.from_parts(model.to_parts()).seen_features_).all()


@pytest.fixture(scope="module")
def learned():
    return StanceClassifier(n_networks=1, alpha=0.01).fit(*pairs())


class TestGoingOn:
    """`warm_start`: what was learned before counts beside the new pairs."""

    def test_new_pairs_are_learned_and_old_ones_kept(self, learned):
        claims, texts, stances = pairs()
        new = ["The tax rose"] * 12
        hearsay = [f"Word on the street in town {k} has it that the tax rose." for k in range(12)]
        model = StanceClassifier.from_parts(learned.to_parts()).set_params(warm_start=True)
        other = "denies" if model.predict(new[:1], hearsay[:1])[0] != "denies" else "supports"
        before = (model.predict(new, hearsay) == other).mean()
        model.fit(new, hearsay, [other] * 12)
        assert (model.predict(new, hearsay) == other).mean() > before
        assert (model.predict(claims, texts) == np.array(stances)).mean() > 0.8

    def test_saved_and_loaded_it_goes_on_alike(self, learned):
        claims, texts, stances = pairs()
        loaded = StanceClassifier.from_parts(learned.to_parts())
        proba = [
            StanceClassifier.from_parts(model.to_parts())
            .set_params(warm_start=True)
            .fit(claims[:6], texts[:6], stances[:6])
            .predict_proba(claims, texts)
            for model in (learned, loaded)
        ]
        np.testing.assert_array_equal(*proba)

    def test_unknown_stances_start_anew(self, learned):
        claims, texts, stances = pairs()
        model = StanceClassifier.from_parts(learned.to_parts()).set_params(warm_start=True)
        model.fit(claims, texts, ["on topic" if s != "unrelated" else "off" for s in stances])
        assert list(model.classes_) == ["off", "on topic"]

    @pytest.mark.parametrize(("parameter", "value"), [("hidden", 32), ("n_networks", 2)])
    def test_networks_of_another_size_cannot_be_gone_on_from(self, learned, parameter, value):
        claims, texts, stances = pairs()
        model = StanceClassifier.from_parts(learned.to_parts())
        before = model.predict_proba(claims, texts)
        was = getattr(model, parameter)
        model.set_params(warm_start=True, **{parameter: value})
        message = f"{parameter} is {value}, and was {was} .* Set {parameter}={was}, or warm_start=F"
        with pytest.raises(ValueError, match=message):
            model.fit(claims, texts, stances)
        np.testing.assert_array_equal(model.predict_proba(claims, texts), before)
        model.fit(claims, texts, ["on topic" if s != "unrelated" else "off" for s in stances])
        assert len(model.networks_) == model.n_networks  # unknown stances start anew in any size

    def test_features_of_another_width_cannot_be_gone_on_from(self):
        model = StanceClassifier(n_networks=1, warm_start=True)
        model.fit_features(np.eye(4), ["supports", "denies"] * 2)
        with pytest.raises(ValueError, match=r"of the shape \(n_samples, 4\).*; got an array"):
            model.fit_features(np.eye(2), ["supports", "denies"])

    def test_what_is_kept_is_bounded_and_has_no_text(self, learned):
        assert learned.seen_features_.shape == (60, learned.scaler_.n_features_in_)
        assert b"town" not in b"".join(learned.to_parts().values())

    def test_weight_must_fit(self):
        claims, texts, stances = pairs()
        with pytest.raises(ValueError, match="sample_weight"):
            StanceClassifier().fit(claims, texts, stances, sample_weight=[1.0, 2.0])

    def test_what_is_kept_stands_for_all_that_was_seen(self):
        rng = np.random.default_rng(0)
        model = StanceClassifier(n_networks=1, warm_start=True)
        model.fit_features(rng.normal(size=(3000, 3)), ["supports", "denies"] * 1500)
        model.fit_features(rng.normal(size=(3000, 3)), ["denies"] * 3000)
        assert model.n_seen_ == 6000
        assert len(model.seen_stances_) == 2000
        assert np.mean(model.seen_stances_ == "supports") == pytest.approx(0.25, abs=0.03)

    def test_a_weight_of_nothing_is_as_if_the_pair_were_not_there(self):
        rng = np.random.default_rng(0)
        X, y = rng.normal(size=(400, 3)), np.array(["supports", "denies"] * 200)
        weight = np.r_[np.ones(200), np.zeros(200)]
        some = StanceClassifier(n_networks=1).fit_features(X, y, sample_weight=weight)
        alone = StanceClassifier(n_networks=1).fit_features(X[:200], y[:200])
        np.testing.assert_array_equal(some.predict_features(X), alone.predict_features(X))
        assert some.n_seen_ == 200
