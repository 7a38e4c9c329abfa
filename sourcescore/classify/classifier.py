"""The estimator: attributions in, their type and stance with probabilities out.

Two logistic regressions over the sparse features of `sourcescore.classify.features`, one for the
kind of source and one for the stance. Where the labels have it so, the types are put together
from the two: a state denial is a named official who denies.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.utils import Tags
from sklearn.utils.metadata_routing import UNUSED
from sklearn.utils.validation import check_is_fitted

from sourcescore.classify.certainty import certainty
from sourcescore.classify.context import Attribution
from sourcescore.classify.features import (
    attribution_features,
    dismisses,
    read_attributions,
    rule_stance,
)
from sourcescore.tables import check_attributions, string_array
from sourcescore.taxonomy import AttributionType, Stance

__all__ = ["AttributionClassifier"]

_OFFICIAL = str(AttributionType.NAMED_OFFICIAL)
_DENIAL = str(AttributionType.STATE_DENIAL)
_DENIES = str(Stance.DENIES)
_STANCES = sorted(map(str, Stance))
_REQUIRED = ("source", "cue", "content")
#: How sure the rule is that stands in for stances that were not learned. It is right in 80 % of
#: the training corpora, whose errors have shaped its lexicons, so less is to be expected elsewhere.
_RULE_PROBABILITY = 0.75
#: The share of the rule for dismissals in the probability that they deny.
_DISMISSAL_WEIGHT = 0.6
#: The least probability that the mean over a source's attributions takes into account.
_LEAST = 1e-9
#: What the features of a domain start with, and which ones it copies.
_DOMAIN = "domain:"
_COPIED = ("reading=", "cue=", "quote=", "neg=", "s=", "f=")
_VALUES = {"~": 0.5, "!": 2.0}

Texts = Mapping[str, str] | pd.Series | None


class AttributionClassifier(ClassifierMixin, BaseEstimator):
    """Classify what kind of source stands behind an attribution, and its stance.

    Parameters
    ----------
    C : float, default=0.3
        Inverse strength of the regularisation of the kinds, see `LogisticRegression`.
    stance_C : float, default=0.12
        The same for the stances.
    stance_weight : mapping of stance to float, "balanced" or None, default=None
        Weights of the stances in training, see ``class_weight`` of `LogisticRegression`.
    min_count : int, default=2
        A feature counts from this many attributions on.
    max_iter : int, default=400
        Most iterations of the solver.
    coherence : float, default=0.5
        How much of the kind of a source comes from the other attributions of the same source in
        the text, between 0 (none: each attribution by itself) and 1 (all have the same kind).
    resolver : SourceResolver, optional
        Tells which attributions of a text have the same source; by default the shipped one. It
        is not saved with the classifier.

    Attributes
    ----------
    classes_ : array of str
        The types, sorted.
    stance_classes_ : array of str
        The stances, sorted.
    factored_ : bool
        Whether the types are put together from kind and stance.

    Notes
    -----
    Where `fit` is given stances and every ``state_denial`` denies, a kind is learned in place of
    the type, with ``state_denial`` as ``named_official``; then
    P(state_denial) = P(named_official) P(denies). With any other labels the types are learned as
    they are.

    Attributions need the columns ``source``, ``cue`` and ``content``. What else there is helps:
    the texts and the spans, or else ``doc_id`` and ``sentence``. Labels and resolved source names
    in the table are not looked at.

    The texts may come in a column ``text`` of the attributions (say
    ``attributions.assign(text=attributions["doc_id"].map(texts))``), where no others are given. So
    they reach `predict` and `score` in cross-validation, too. A Series of texts can be routed as
    metadata (`set_fit_request`, `set_score_request`), but scikit-learn splits it like the rows if
    there happen to be as many texts as attributions; a warning then tells of texts that are gone.

    Examples
    --------
    >>> import pandas as pd
    >>> attributions = pd.DataFrame(
    ...     {
    ...         "source": ["the foreign ministry", "residents", "the ministry", "a neighbour"],
    ...         "cue": ["said", "said", "announced", "recalled"],
    ...         "content": ["talks would go on", "they heard a blast", "a deal", "two shots"],
    ...     }
    ... )
    >>> classifier = AttributionClassifier(min_count=1)
    >>> classifier.fit(attributions, ["official", "witness", "official", "witness"])
    AttributionClassifier(min_count=1)
    >>> classifier.predict(attributions.iloc[:2]).tolist()
    ['official', 'witness']
    """

    # what stands for X and y is no metadata to be routed
    __metadata_request__fit = {"attributions": UNUSED, "types": UNUSED}
    __metadata_request__predict = {"attributions": UNUSED}
    __metadata_request__predict_proba = {"attributions": UNUSED}
    __metadata_request__score = {"attributions": UNUSED, "types": UNUSED}

    def __init__(
        self,
        *,
        C: float = 0.3,
        stance_C: float = 0.12,
        stance_weight: Mapping[str, float] | str | None = None,
        min_count: int = 2,
        max_iter: int = 400,
        coherence: float = 0.5,
        resolver: Any = None,
    ) -> None:
        self.C = C
        self.stance_C = stance_C
        self.stance_weight = stance_weight
        self.min_count = min_count
        self.max_iter = max_iter
        self.coherence = coherence
        self.resolver = resolver

    def fit(
        self,
        attributions: pd.DataFrame,
        types: ArrayLike,
        stances: ArrayLike | None = None,
        texts: Texts = None,
        *,
        sample_weight: ArrayLike | None = None,
        domains: ArrayLike | None = None,
    ) -> Self:
        """Learn types, and stances where they are given.

        Parameters
        ----------
        attributions : DataFrame of n rows with the columns source, cue, content
        types : array-like of str or int, shape (n,)
            Of any label set with two labels or more.
        stances : array-like of str, shape (n,), optional
            Without them `predict_stance` goes by the cue lexicon alone.
        texts : Series or mapping of doc_id to text, optional
            The documents, for context.
        sample_weight : array-like of float, shape (n,), optional
            How much each attribution counts; 1 by default.
        domains : array-like of str, shape (n,), optional
            Where each attribution is from; "" is what the classifier is for. Attributions of
            another domain learn a second set of stance weights, which is then thrown away: how
            frequent denials are there, and after which cues, stays there. Daumé III (2007),
            *Frustratingly easy domain adaptation*, with the second set for one side only.

        Returns
        -------
        self

        Raises
        ------
        TypeError, ValueError
            If the table lacks a column, lengths differ, a label is missing, or there are fewer
            than two labels.
        """
        check_attributions(attributions, _REQUIRED)
        y = _labels(types, len(attributions), "types")
        z = None if stances is None else _labels(stances, len(attributions), "stances")
        kind_rows, stance_rows = _features(attributions, texts, self.resolver)
        if domains is not None:
            foreign = _labels(domains, len(attributions), "domains", at_least=1)
            stance_rows = list(map(_of_domain, stance_rows, foreign))
        denials = y == _DENIAL
        self.factored_ = z is not None and bool(denials.any() and (z[denials] == _DENIES).all())
        kinds = np.where(denials, _OFFICIAL, y) if self.factored_ else y
        self.classes_ = _as_labels(sorted({*kinds.tolist(), *y.tolist()}))
        self.kind_encoder_ = _Encoder.fit(kind_rows, self.min_count)
        self.kind_model_ = _logistic(self.C, None, self.max_iter)
        self.kind_model_.fit(self.kind_encoder_.transform(kind_rows), kinds, sample_weight)
        if z is None:
            self.stance_encoder_: _Encoder | None = None
            self.stance_model_: LogisticRegression | None = None
            self.stance_classes_ = np.array(_STANCES, dtype=object)
        else:
            self.stance_encoder_ = _Encoder.fit(stance_rows, self.min_count)
            self.stance_model_ = _logistic(self.stance_C, self.stance_weight, self.max_iter)
            self.stance_model_.fit(self.stance_encoder_.transform(stance_rows), z, sample_weight)
            if domains is not None:
                self.stance_encoder_ = _forget_domains(self.stance_encoder_, self.stance_model_)
            self.stance_classes_ = _as_labels(self.stance_model_.classes_.tolist())
        return self

    def predict_proba(self, attributions: pd.DataFrame, texts: Texts = None) -> np.ndarray:
        """Probabilities of the types, in the order of `classes_`.

        Returns
        -------
        float array of shape (n, n_types)
            Rows sum to 1.
        """
        return self._probabilities(attributions, texts)[0]

    def predict(self, attributions: pd.DataFrame, texts: Texts = None) -> np.ndarray:
        """The likeliest type of each attribution, shape (n,)."""
        proba = self.predict_proba(attributions, texts)
        return self.classes_[proba.argmax(axis=1)]

    def score(
        self,
        attributions: pd.DataFrame,
        types: ArrayLike,
        texts: Texts = None,
        *,
        sample_weight: ArrayLike | None = None,
    ) -> float:
        """Share of the attributions whose type is predicted rightly.

        Parameters
        ----------
        attributions : DataFrame of n rows with the columns source, cue, content
        types : array-like of str or int, shape (n,)
        texts : Series or mapping of doc_id to text, optional
        sample_weight : array-like of float, shape (n,), optional

        Returns
        -------
        float
        """
        y = _labels(types, len(attributions), "types", at_least=0)
        predicted = self.predict(attributions, texts)
        return float(accuracy_score(y, predicted, sample_weight=sample_weight))

    def predict_stance_proba(self, attributions: pd.DataFrame, texts: Texts = None) -> np.ndarray:
        """Probabilities of the stances, in the order of `stance_classes_`.

        Returns
        -------
        float array of shape (n, n_stances)
            Rows sum to 1.
        """
        return self._probabilities(attributions, texts)[1]

    def predict_stance(self, attributions: pd.DataFrame, texts: Texts = None) -> np.ndarray:
        """The likeliest stance that goes with the predicted type, shape (n,)."""
        type_proba, stance_proba = self._probabilities(attributions, texts)
        return self._stances(self.classes_[type_proba.argmax(axis=1)], stance_proba)

    def label(
        self,
        attributions: pd.DataFrame,
        texts: Texts = None,
        *,
        hedges: Mapping[str, float] | None = None,
    ) -> pd.DataFrame:
        """Add type, type_proba, stance, stance_proba and certainty to a table of attributions.

        Parameters
        ----------
        attributions : DataFrame with the columns source, cue, content
        texts : Series or mapping of doc_id to text, optional
        hedges : mapping of a hedge to a certainty in (0, 1], optional
            See `sourcescore.classify.certainty`.

        Returns
        -------
        DataFrame
            A copy with the five columns; the probabilities are dictionaries. Type and stance go
            together: a ``state_denial`` denies, a ``named_official`` does not.
        """
        type_proba, stance_proba = self._probabilities(attributions, texts)
        types = self.classes_[type_proba.argmax(axis=1)]
        sources, cues, contents = (
            [value if isinstance(value, str) else "" for value in attributions[name]]
            for name in _REQUIRED
        )
        return attributions.assign(
            type=_column(types),
            type_proba=_dictionaries(type_proba, self.classes_),
            stance=_column(self._stances(types, stance_proba)),
            stance_proba=_dictionaries(stance_proba, self.stance_classes_),
            certainty=certainty(sources, cues, contents, hedges),
        )

    def _probabilities(
        self, attributions: pd.DataFrame, texts: Texts
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the probabilities of the types and of the stances."""
        check_is_fitted(self, "classes_")
        check_attributions(attributions, _REQUIRED)
        if not len(attributions):
            return np.zeros((0, len(self.classes_))), np.zeros((0, len(self.stance_classes_)))
        rows = read_attributions(attributions, texts, self.resolver)
        features = [attribution_features(row) for row in rows]
        kind = self.kind_model_.predict_proba(
            self.kind_encoder_.transform([kind for kind, _ in features])
        )
        kind = _cohere(kind, rows, self.coherence)
        if self.stance_model_ is None or self.stance_encoder_ is None:
            rest = (1 - _RULE_PROBABILITY) / (len(_STANCES) - 1)
            stance = np.full((len(rows), len(_STANCES)), rest)
            read = [_STANCES.index(rule_stance(row)) for row in rows]
            stance[np.arange(len(rows)), read] = _RULE_PROBABILITY
        else:
            stance = self.stance_model_.predict_proba(
                self.stance_encoder_.transform([stance for _, stance in features])
            )
            self._reject(stance, rows)
        return self._type_probabilities(kind, stance), stance

    def _reject(self, stance: np.ndarray, rows: Sequence[Attribution]) -> None:
        """Make contents that are mere dismissals deny, whatever their cue: they are too rare."""
        denies = self.stance_classes_ == _DENIES
        if denies.any():
            dismissals = np.array([dismisses(row) for row in rows])
            stance[dismissals] *= 1 - _DISMISSAL_WEIGHT
            stance[np.ix_(dismissals, denies)] += _DISMISSAL_WEIGHT

    def _type_probabilities(self, kind: np.ndarray, stance: np.ndarray) -> np.ndarray:
        if not self.factored_:
            return kind
        out = np.zeros((len(kind), len(self.classes_)))
        column = {name: j for j, name in enumerate(self.classes_)}
        for j, name in enumerate(self.kind_model_.classes_):
            out[:, column[name]] = kind[:, j]
        denies = stance[:, list(self.stance_classes_).index(_DENIES)]
        official = out[:, column[_OFFICIAL]]
        out[:, column[_DENIAL]] = official * denies
        out[:, column[_OFFICIAL]] = official * (1 - denies)
        return out

    def _stances(self, types: np.ndarray, stance_proba: np.ndarray) -> np.ndarray:
        """Return the likeliest stance of each row that its type allows."""
        allowed = stance_proba.copy()
        denies = self.stance_classes_ == _DENIES
        if _DENIAL in self.classes_ and denies.any() and len(denies) > 1:
            allowed[np.ix_(types == _DENIAL, ~denies)] = -1
            allowed[np.ix_(types == _OFFICIAL, denies)] = -1
        return self.stance_classes_[allowed.argmax(axis=1)]

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False  # not of numbers
        tags.input_tags.string = True
        return tags

    def to_parts(self) -> dict[str, bytes]:
        """Return the files of the fitted classifier, name to content."""
        from skops.io import dumps  # not needed to classify

        check_is_fitted(self, "classes_")
        encoders = {"kind": self.kind_encoder_, "stance": self.stance_encoder_}
        state = {
            "params": {k: v for k, v in self.get_params(deep=False).items() if k != "resolver"},
            "classes": self.classes_.tolist(),
            "stance_classes": self.stance_classes_.tolist(),
            "factored": self.factored_,
            "features": {name: list(e.vocabulary) for name, e in encoders.items() if e},
        }
        parts = {
            "classifier.json": json.dumps(state, ensure_ascii=False).encode(
                "utf8", "surrogatepass"
            ),
            "kind.skops": dumps(self.kind_model_),
        }
        if self.stance_model_ is not None:
            parts["stance.skops"] = dumps(self.stance_model_)
        return parts

    @classmethod
    def from_parts(cls, parts: Mapping[str, bytes]) -> Self:
        """Build a fitted classifier from the files that `to_parts` gave."""
        from sourcescore.models import load_skops

        state = json.loads(parts["classifier.json"].decode("utf8", "surrogatepass"))
        self = cls(**state["params"])
        self.factored_ = state["factored"]
        self.classes_ = _as_labels(state["classes"])
        self.stance_classes_ = _as_labels(state["stance_classes"])
        self.kind_encoder_ = _Encoder(state["features"]["kind"])
        self.kind_model_ = load_skops(parts["kind.skops"])
        self.stance_encoder_ = self.stance_model_ = None
        if "stance" in state["features"]:
            self.stance_encoder_ = _Encoder(state["features"]["stance"])
            self.stance_model_ = load_skops(parts["stance.skops"])
        return self


class _Encoder:
    """Feature names to columns of a sparse matrix: 1 where there, 1/2 for a ``~``, 2 for a ``!``.

    scikit-learn's vectorizers do the same and take ten times as long on a few rows.
    """

    def __init__(self, vocabulary: Iterable[str]) -> None:
        self.vocabulary = {name: column for column, name in enumerate(vocabulary)}
        self.value = np.array([_VALUES.get(name[0], 1.0) for name in self.vocabulary])

    @classmethod
    def fit(cls, rows: Sequence[Sequence[str]], min_count: int) -> _Encoder:
        counts = Counter(name for row in rows for name in set(row))
        return cls(sorted(name for name, count in counts.items() if count >= min_count))

    def transform(self, rows: Sequence[Sequence[str]]) -> sparse.csr_matrix:
        columns: list[int] = []
        ends = [0]
        get = self.vocabulary.get
        unknown = {-1}
        for row in rows:
            columns += sorted(set(map(get, row, repeat(-1))) - unknown)
            ends.append(len(columns))
        indices = np.array(columns, dtype=np.int32)
        shape = (len(rows), len(self.vocabulary))
        return sparse.csr_matrix((self.value[indices], indices, np.array(ends)), shape=shape)


def _logistic(C: float, weight: Any, max_iter: int) -> LogisticRegression:
    return LogisticRegression(C=C, class_weight=weight, max_iter=max_iter)


def _features(
    attributions: pd.DataFrame, texts: Texts, resolver: Any
) -> tuple[list[list[str]], list[list[str]]]:
    pairs = [attribution_features(row) for row in read_attributions(attributions, texts, resolver)]
    return [kind for kind, _ in pairs], [stance for _, stance in pairs]


def _of_domain(features: list[str], domain: str) -> list[str]:
    """Add the copies of stance features that only its domain has."""
    if not domain:
        return features
    copied = [f"{_DOMAIN}{domain}:{name}" for name in features if name.startswith(_COPIED)]
    return [*features, f"!{_DOMAIN}{domain}", *copied]


def _forget_domains(encoder: _Encoder, model: LogisticRegression) -> _Encoder:
    """Return an encoder without the features that `_of_domain` added; drop their weights."""
    names = list(encoder.vocabulary)
    kept = [j for j, name in enumerate(names) if not name.lstrip("!").startswith(_DOMAIN)]
    model.coef_ = np.ascontiguousarray(model.coef_[:, kept])
    model.n_features_in_ = len(kept)
    return _Encoder([names[j] for j in kept])


def _cohere(kind: np.ndarray, rows: Sequence[Attribution], coherence: float) -> np.ndarray:
    """Draw the kinds of attributions of one source in one text towards their geometric mean."""
    number: dict[tuple[int, str], int] = {}
    together = np.array(
        [
            number.setdefault((id(row.context), row.entity or str(i)), len(number))
            for i, row in enumerate(rows)
        ]
    )
    if not coherence or len(number) == len(rows):
        return kind
    logs = np.log(np.maximum(kind, _LEAST))
    sums = np.zeros((len(number), logs.shape[1]))
    np.add.at(sums, together, logs)
    means = sums / np.bincount(together)[:, None]
    drawn = np.exp((1 - coherence) * logs + coherence * means[together])
    return drawn / drawn.sum(axis=1, keepdims=True)


def _labels(values: ArrayLike, n: int, name: str, at_least: int = 2) -> np.ndarray:
    labels = np.asarray(values, dtype=object)
    if labels.shape != (n,):
        raise ValueError(
            f"{name} must have one label for each of the {n} attributions; "
            f"got the shape {labels.shape}."
        )
    missing = pd.isna(labels)
    if missing.any():
        raise ValueError(f"{name} is missing in {int(missing.sum())} rows; drop or label them.")
    labels = _as_labels(labels.tolist())
    if len(set(labels.tolist())) < at_least:
        raise ValueError(f"{name} must hold two labels or more; got {sorted(set(labels))}.")
    return labels


def _as_labels(values: list[Any]) -> np.ndarray:
    """Labels as scikit-learn has them: numbers as such, as which it encodes words at times."""
    if values and all(isinstance(value, bool | int | float) for value in values):
        return np.array(values)
    return np.array([str(value) for value in values], dtype=object)


def _column(labels: np.ndarray) -> Any:
    return string_array(labels) if labels.dtype == object else labels


def _dictionaries(probabilities: np.ndarray, classes: np.ndarray) -> np.ndarray:
    out = np.empty(len(probabilities), dtype=object)
    names = classes.tolist()
    for i, row in enumerate(probabilities.tolist()):
        out[i] = dict(zip(names, row, strict=True))
    return out
