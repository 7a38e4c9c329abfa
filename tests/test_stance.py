import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import sourcescore as ss
from sourcescore.models import load_words, save_model
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
    with pytest.raises(ValueError, match="got 2 and 1"):
        StanceClassifier().fit(["a", "b"], ["c", "d"], ["supports"])
    with pytest.raises(ValueError, match="at least two labels"):
        StanceClassifier().fit(["a", "b"], ["c", "d"], ["supports"] * 2)
    with pytest.raises(NotFittedError):
        StanceClassifier().predict(["a"], ["b"])


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
