"""StanceClassifier: whether a text supports a claim, denies it, discusses it, or is about another.

Comes in: claims and texts, side by side; a text may be a headline, an attribution's content with
its cue, or a whole article. Goes out: probabilities of the stances.
"""

from __future__ import annotations

import copy
import io
import json
import warnings
from collections.abc import Iterable, Mapping
from operator import methodcaller
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.utils import Tags
from sklearn.utils.metadata_routing import UNUSED
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import threadpool_limits

from sourcescore.checks import check_flag, check_number, check_whole, label_array, weight_array
from sourcescore.messages import shown
from sourcescore.models import load_skops, load_words
from sourcescore.stance.features import stance_features, word_vectors
from sourcescore.stance.pairs import Pairs, checked, checked_labelled
from sourcescore.words import WordVectors

__all__ = ["StanceClassifier"]

#: So many pairs are kept to be seen again when `fit` goes on, and so often are all seen then.
_KEPT = 2000
_PASSES = 15


class StanceClassifier(ClassifierMixin, BaseEstimator):
    """Stance of a text towards a claim.

    Parameters
    ----------
    hidden : int, default=64
        Units of the hidden layer.
    alpha : float, default=1.0
        L2 penalty of the network.
    rare : float, default=0.35
        How much more the rare stances count in training. A stance that is n times rarer than the
        commonest has the weight ``n ** rare``: with 0 all pairs count alike, with more it finds
        more of the rare ones, among them denials.
    n_networks : int, default=3
        Networks from different starts, whose probabilities are averaged.
    words : WordVectors, optional
        The word vectors; those that are shipped by default.
    warm_start : bool, default=False
        Let `fit` go on from what was learned before instead of starting anew. So that it does not
        forget that, it sees a sample of the earlier pairs again, which counts as much as all the
        new ones together (rehearsal: Robins 1995, *Catastrophic forgetting, rehearsal and
        pseudorehearsal*). Stances that were not known before start anew. `hidden` and `n_networks`
        must be what they were.
    random_state : int, default=0

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
        The stances, sorted; any labels will do.
    scaler_ : StandardScaler
    networks_ : list of MLPClassifier
    seen_features_ : float16 array of shape (n_kept, n_features)
        The features of a sample of the pairs that it learned from, at most 2,000; no text.
    seen_stances_ : array of shape (n_kept,)
    n_seen_ : int
        How many pairs it has learned from in all.

    Examples
    --------
    >>> import sourcescore as ss
    >>> classifier = ss.load_model("stance")
    >>> str(classifier.predict(["The bank is closing"], ["Rain is expected on Sunday."])[0])
    'unrelated'
    """

    # what stands for X and y is no metadata to be routed
    __metadata_request__fit = {"claims": UNUSED, "texts": UNUSED, "stances": UNUSED}
    __metadata_request__predict = {"claims": UNUSED, "texts": UNUSED}
    __metadata_request__predict_proba = {"claims": UNUSED, "texts": UNUSED}
    __metadata_request__score = {"claims": UNUSED, "texts": UNUSED, "stances": UNUSED}

    def __init__(
        self,
        *,
        hidden: int = 64,
        alpha: float = 1.0,
        rare: float = 0.35,
        n_networks: int = 3,
        words: WordVectors | None = None,
        warm_start: bool = False,
        random_state: int = 0,
    ) -> None:
        self.hidden = hidden
        self.alpha = alpha
        self.rare = rare
        self.n_networks = n_networks
        self.words = words
        self.warm_start = warm_start
        self.random_state = random_state

    def fit(
        self,
        claims: Pairs,
        texts: Any,
        stances: ArrayLike | None = None,
        *,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Learn from pairs of a claim and a text.

        Parameters
        ----------
        claims, texts : sequence of str of length n_samples
            Or, as cross-validation needs it, one DataFrame with the columns ``claim`` and
            ``text`` in their place: ``fit(pairs, stances)``.
        stances : array-like of str of length n_samples
        sample_weight : array-like of float, shape (n_samples,), optional
            How much each pair counts; 1 by default.

        Returns
        -------
        self

        Raises
        ------
        TypeError
            If claims or texts are no strings, or stances are not given.
        ValueError
            If the three differ in length, a stance is missing, there are fewer than two, a
            parameter is out of range, or `warm_start` cannot go on from networks of another size.
        """
        self._check_parameters()
        claims, texts, labels = checked_labelled(claims, texts, stances)
        features = stance_features(claims, texts, self._words())
        return self.fit_features(features, labels, sample_weight=sample_weight)

    def fit_features(
        self, features: np.ndarray, stances: Any, *, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Learn from the features of pairs, where they are at hand; see `stance_features`.

        Parameters
        ----------
        features : array-like of float, shape (n_samples, n_features)
        stances : array-like of str of length n_samples
        sample_weight : array-like of float, shape (n_samples,), optional

        Returns
        -------
        self

        Raises
        ------
        ValueError
            As `fit`; or if the features are no finite numbers.
        """
        self._check_parameters()
        features = _feature_array(features)
        labels = label_array(stances, len(features), "stances", "pairs")
        if sample_weight is not None:
            given = weight_array(sample_weight, len(labels), "pairs")
            counts = given > 0  # what counts nothing is not there
            features, labels, given = features[counts], labels[counts], given[counts]
        known, number, count = np.unique(labels, return_inverse=True, return_counts=True)
        weight = ((count.max(initial=0) / count) ** self.rare)[number]
        share = weight.sum()
        if sample_weight is not None:
            weight = weight * given
        if self.warm_start and hasattr(self, "networks_") and set(known) <= set(self.classes_):
            self._check_sizes(features)
            self._go_on(features, labels, weight, share)
        else:
            self._start(features, labels, weight)
        self._keep(features, labels)
        return self

    def _check_parameters(self) -> None:
        check_whole("hidden", self.hidden, 1)
        check_whole("n_networks", self.n_networks, 1)
        check_whole("random_state", self.random_state, 0)
        check_number("alpha", self.alpha, "of at least 0", 0)
        check_number("rare", self.rare, "of at least 0", 0)
        check_flag("warm_start", self.warm_start)

    def _check_sizes(self, features: np.ndarray) -> None:
        """What is gone on from must be of the size that the parameters ask for."""
        learned = {
            "hidden": len(self.networks_[0].intercepts_[0]),
            "n_networks": len(self.networks_),
        }
        for name, before in learned.items():
            if getattr(self, name) != before:
                raise ValueError(
                    f"{name} is {getattr(self, name)}, and was {before} when the networks were "
                    f"learned that warm_start goes on from. Set {name}={before}, or "
                    "warm_start=False to start anew."
                )
        _feature_array(features, self.scaler_.n_features_in_)

    def _start(self, features: np.ndarray, labels: np.ndarray, weight: np.ndarray) -> None:
        self.classes_, count = np.unique(labels, return_counts=True)
        if len(self.classes_) < 2:
            raise ValueError(
                f"stances must hold at least two labels to tell apart; got {list(self.classes_)}."
            )
        self.seen_features_ = np.empty((0, features.shape[1]), dtype=np.float16)
        self.seen_stances_ = labels[:0]
        self.n_seen_ = 0
        self.scaler_ = StandardScaler().fit(features)
        scaled = self.scaler_.transform(features)
        # a share of the data is held out to stop early, where each stance can be in both parts
        early = bool(count.min() >= 10)
        self.networks_ = []
        for k in range(self.n_networks):
            network = self._network(k, int(0.8 * len(labels)), early_stopping=early)
            # products this small are slower on many threads
            with threadpool_limits(1), warnings.catch_warnings():
                # 60 passes are enough, converged or not
                warnings.simplefilter("ignore", ConvergenceWarning)
                self.networks_.append(network.fit(scaled, labels, sample_weight=weight))

    def _go_on(
        self, features: np.ndarray, labels: np.ndarray, weight: np.ndarray, share: float
    ) -> None:
        """Learn from new pairs and, with the weight `share` in all, from those seen before."""
        n_seen = len(self.seen_stances_)
        scaled = self.scaler_.transform(np.vstack([self.seen_features_, features]))
        labels = np.concatenate([self.seen_stances_, labels])
        weight = np.concatenate([np.full(n_seen, share / max(1, n_seen)), weight])
        learned, self.networks_ = self.networks_, []
        for k, before in enumerate(learned):
            rng = np.random.default_rng([self.random_state, k])
            network = self._network(k, len(labels))
            with threadpool_limits(1):
                # the first call makes the arrays, which then get what was learned
                first = slice(network.batch_size)
                network.partial_fit(scaled[first], labels[first], classes=self.classes_)
                for new, old in zip(_weights(network), _weights(before), strict=True):
                    new[...] = old
                for _ in range(_PASSES):
                    order = rng.permutation(len(labels))
                    network.partial_fit(scaled[order], labels[order], sample_weight=weight[order])
            self.networks_.append(network)

    def _network(self, k: int, n_samples: int, *, early_stopping: bool = False) -> MLPClassifier:
        return MLPClassifier(
            (self.hidden,),
            alpha=self.alpha,
            early_stopping=early_stopping,
            max_iter=60,
            n_iter_no_change=5,
            random_state=self.random_state + k,
            batch_size=min(128, max(1, n_samples)),
        )

    def _keep(self, features: np.ndarray, labels: np.ndarray) -> None:
        """Keep a sample of all pairs so far, for the next `fit` to see again."""
        rng = np.random.default_rng(self.random_state)
        n_before, n_new = len(self.seen_stances_), len(labels)
        self.n_seen_ += n_new
        size = min(_KEPT, n_before + n_new)
        # of those before as many as their share in all pairs so far
        n_old = min(n_before, max(size - n_new, round(size * (1 - n_new / self.n_seen_))))
        old = np.sort(rng.permutation(n_before)[:n_old])
        new = np.sort(rng.permutation(n_new)[: size - n_old])
        most = np.finfo(np.float16).max
        kept = np.clip(features[new], -most, most).astype(np.float16)
        self.seen_features_ = np.vstack([self.seen_features_[old], kept])
        self.seen_stances_ = np.concatenate([self.seen_stances_[old], labels[new]])

    def predict_proba(self, claims: Pairs, texts: Iterable[str] | None = None) -> np.ndarray:
        """Probabilities of the stances.

        Parameters
        ----------
        claims, texts : sequence of str of length n_samples
            Or one DataFrame with the columns ``claim`` and ``text``.

        Returns
        -------
        float array of shape (n_samples, n_classes)
            Columns as in ``classes_``; rows sum to 1.
        """
        check_is_fitted(self)
        claims, texts = checked(claims, texts)
        if not claims:
            return np.zeros((0, len(self.classes_)))
        return self._probabilities(stance_features(claims, texts, self._words()))

    def predict(self, claims: Pairs, texts: Iterable[str] | None = None) -> np.ndarray:
        """The likeliest stance of each pair, array of shape (n_samples,)."""
        proba = self.predict_proba(claims, texts)
        return self.classes_[proba.argmax(axis=1)]

    def score(
        self,
        claims: Pairs,
        texts: Any,
        stances: ArrayLike | None = None,
        *,
        sample_weight: ArrayLike | None = None,
    ) -> float:
        """Share of the pairs whose stance is predicted rightly.

        Parameters
        ----------
        claims, texts, stances : as for `fit`
        sample_weight : array-like of float, shape (n_samples,), optional

        Returns
        -------
        float
        """
        check_is_fitted(self)
        claims, texts, labels = checked_labelled(claims, texts, stances)
        if sample_weight is not None:
            sample_weight = weight_array(sample_weight, len(labels), "pairs")
        right = labels == self.predict(claims, texts)
        return float(accuracy_score(np.ones_like(right), right, sample_weight=sample_weight))

    def predict_features(self, features: np.ndarray) -> np.ndarray:
        """The likeliest stance of pairs whose features are at hand, array of shape (n_samples,)."""
        check_is_fitted(self)
        features = _feature_array(features, self.scaler_.n_features_in_)
        if not len(features):
            return self.classes_[:0]
        return self.classes_[self._probabilities(features).argmax(axis=1)]

    def _probabilities(self, features: np.ndarray) -> np.ndarray:
        scaled = self.scaler_.transform(features)
        return np.mean([network.predict_proba(scaled) for network in self.networks_], axis=0)

    def _words(self) -> WordVectors:
        return load_words() if self.words is None else word_vectors(self.words)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False  # not of numbers
        tags.input_tags.string = True
        return tags

    def to_parts(self) -> dict[str, bytes]:
        """The files of the model, name to content."""
        from skops.io import dumps  # slow to import, and not needed to classify

        check_is_fitted(self)
        parameters = {k: v for k, v in self.get_params(deep=False).items() if k != "words"}
        networks = []
        for network in map(copy.copy, self.networks_):
            # the state of the training, which prediction does not need
            for name in ("_optimizer", "_random_state", "loss_curve_", "validation_scores_"):
                network.__dict__.pop(name, None)
            networks.append(network)
        seen = io.BytesIO()
        number = np.searchsorted(self.classes_, self.seen_stances_).astype(np.uint16)
        np.savez_compressed(seen, features=self.seen_features_, stances=number, n=self.n_seen_)
        return {
            # numbers may be numpy's, say out of a grid search
            "parameters.json": json.dumps(parameters, default=methodcaller("item")).encode(),
            "networks.skops": dumps([self.scaler_, *networks]),
            "seen.npz": seen.getvalue(),
        }

    @classmethod
    def from_parts(cls, parts: Mapping[str, bytes]) -> Self:
        """Build the classifier from the files that `to_parts` gave."""
        classifier = cls(**json.loads(parts["parameters.json"]))
        classifier.scaler_, *classifier.networks_ = load_skops(parts["networks.skops"])
        classifier.classes_ = classifier.networks_[0].classes_
        with np.load(io.BytesIO(parts["seen.npz"]), allow_pickle=False) as seen:
            features, stances, n_seen = (seen[name] for name in ("features", "stances", "n"))
        width, n_classes = classifier.scaler_.n_features_in_, len(classifier.classes_)
        if (
            features.dtype != np.float16
            or features.shape != (len(stances), width)
            or not np.isfinite(features).all()
        ):
            raise ValueError(
                f"seen.npz: features must hold finite float16 of the shape ({len(stances)}, "
                f"{width}); got {features.dtype} of the shape {features.shape}."
            )
        if stances.dtype.kind != "u" or stances.ndim != 1 or (stances >= n_classes).any():
            raise ValueError(
                f"seen.npz: stances must hold numbers of the {n_classes} classes, unsigned, of the "
                f"shape (n,); got {stances.dtype} of the shape {stances.shape}."
            )
        if n_seen.shape != () or n_seen.dtype.kind not in "iu" or n_seen < len(stances):
            raise ValueError(
                f"seen.npz: n must be a whole number of at least {len(stances)}; got "
                f"{n_seen.dtype} of the shape {n_seen.shape}."
            )
        classifier.seen_features_ = features
        classifier.seen_stances_ = classifier.classes_[stances]
        classifier.n_seen_ = int(n_seen)
        return classifier


def _weights(network: MLPClassifier) -> list[np.ndarray]:
    return [*network.coefs_, *network.intercepts_]


def _feature_array(features: Any, width: int | None = None) -> np.ndarray:
    try:
        array = np.asarray(features)
        right = array.ndim == 2 and array.dtype.kind in "fiub" and bool(np.isfinite(array).all())
    except ValueError:  # rows of different lengths
        right = False
    if not right or width not in (None, array.shape[1]):
        shape = f"(n_samples, {'n_features' if width is None else width})"
        raise ValueError(
            f"features must be finite numbers of the shape {shape}, as stance_features gives them; "
            f"got {shown(features)}."
        )
    return array
