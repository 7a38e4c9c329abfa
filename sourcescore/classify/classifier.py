"""The estimator: attributions in, their type and stance with probabilities out.

Two logistic regressions over the sparse features of `sourcescore.classify.features`, one for the
kind of source and one for the stance. Where the labels have it so, the types are put together
from the two: a state denial is a named official who denies.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from numbers import Real
from operator import index, methodcaller
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils import Tags
from sklearn.utils.metadata_routing import UNUSED
from sklearn.utils.validation import check_is_fitted

from sourcescore.checks import (
    check_flag,
    check_number,
    check_whole,
    label_array,
    labels_alike,
    weight_array,
)
from sourcescore.classify.certainty import certainty
from sourcescore.classify.context import Attribution
from sourcescore.classify.features import (
    attribution_features,
    dismisses,
    read_attributions,
    rule_stance,
)
from sourcescore.classify.logistic import Logistic
from sourcescore.classify.named_features import Encoder, Model, forget_domains, of_domain
from sourcescore.messages import shown
from sourcescore.tables import check_attributions, string_array
from sourcescore.taxonomy import AttributionType, Stance

__all__ = ["AttributionClassifier"]

_OFFICIAL = str(AttributionType.NAMED_OFFICIAL)
_DENIAL = str(AttributionType.STATE_DENIAL)
_DENIES = str(Stance.DENIES)
_STANCES = sorted(map(str, Stance))
_REQUIRED = ("source", "cue", "content")
_ROWS = "attributions"
#: How sure the rule is that stands in for stances that were not learned. It is right in 80 % of
#: the training corpora, whose errors have shaped its lexicons, so less is to be expected elsewhere.
_RULE_PROBABILITY = 0.75
#: The share of the rule for dismissals in the probability that they deny.
_DISMISSAL_WEIGHT = 0.6
#: The least probability that the mean over a source's attributions takes into account.
_LEAST = 1e-9
#: The least number above 0, for parameters that must be so.
_ABOVE_ZERO = float(np.nextafter(0, 1))

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
    warm_start : bool, default=False
        Let `fit` go on from what was learned before instead of starting anew: the examples given
        count beside those of earlier fits, which need not be at hand. See `Logistic`.
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

    With `warm_start`, types that were not known before are learned anew, since the old weights are
    of other labels, and so are stances.

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

    classes_: np.ndarray
    stance_classes_: np.ndarray
    factored_: bool
    kind_: Model
    stance_: Model | None

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
        warm_start: bool = False,
        coherence: float = 0.5,
        resolver: Any = None,
    ) -> None:
        self.C = C
        self.stance_C = stance_C
        self.stance_weight = stance_weight
        self.min_count = min_count
        self.max_iter = max_iter
        self.warm_start = warm_start
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
            If the table lacks a column, lengths differ, a label is missing, there are fewer than
            two labels, or a parameter is out of range.
        """
        self._check_parameters()
        check_attributions(attributions, _REQUIRED)
        n = len(attributions)
        y = label_array(types, n, "types", _ROWS)
        z = None if stances is None else label_array(stances, n, "stances", _ROWS)
        weight = None if sample_weight is None else weight_array(sample_weight, n, _ROWS)
        _check_texts(texts)
        types_known, stances_known = self._known(y, z) if self.warm_start else (False, False)
        if not types_known:
            _at_least_two(y, "types")
        if z is not None and not stances_known:
            _at_least_two(z, "stances")
        kind_rows, stance_rows = _features(attributions, texts, self.resolver)
        if domains is not None:
            foreign = label_array(domains, n, "domains", _ROWS)
            stance_rows = list(map(of_domain, stance_rows, map(str, foreign)))
        if types_known:
            _check_denials(y, z, self.factored_)
        else:
            denials = y == _DENIAL
            self.factored_ = z is not None and bool(denials.any() and (z[denials] == _DENIES).all())
            self.classes_ = labels_alike(sorted({*y.tolist(), *([_OFFICIAL] * self.factored_)}))
        kinds = np.where(y == _DENIAL, _OFFICIAL, y) if self.factored_ else y
        self.kind_ = self._learn(
            kind_rows, kinds, weight, self.kind_ if types_known else None, self.C, None
        )
        if z is not None:
            before = self.stance_ if stances_known else None
            self.stance_ = self._learn(
                stance_rows, z, weight, before, self.stance_C, self.stance_weight
            )
            if domains is not None:
                self.stance_ = forget_domains(self.stance_)
            self.stance_classes_ = labels_alike(self.stance_.logistic.model.classes_.tolist())
        elif not stances_known:
            self.stance_ = None
            self.stance_classes_ = np.array(_STANCES, dtype=object)
        return self

    def goes_on(self, types: ArrayLike, stances: ArrayLike | None = None) -> dict[str, bool]:
        """Tell what `fit` would go on from with these labels, where `warm_start` is set.

        Parameters
        ----------
        types : array-like of str or int, shape (n,)
        stances : array-like of str, shape (n,), optional

        Returns
        -------
        dict of str to bool
            ``type`` and ``stance``: whether what was learned of them stays and is gone on from, or
            they are learned anew.

        Raises
        ------
        ValueError
            If lengths differ or a label is missing.

        Examples
        --------
        >>> import sourcescore as ss
        >>> ss.load_model("classifier").goes_on(["diplomat", "image"], ["asserts", "denies"])
        {'type': False, 'stance': True}
        """
        n = np.size(types)
        y = label_array(types, n, "types", _ROWS)
        z = None if stances is None else label_array(stances, n, "stances", _ROWS)
        return dict(zip(("type", "stance"), self._known(y, z), strict=True))

    def _known(self, y: np.ndarray, z: np.ndarray | None) -> tuple[bool, bool]:
        """Whether types and stances are among those that were learned before."""
        if not hasattr(self, "kind_"):
            return False, False
        stances = self.stance_ is not None and (z is None or set(z) <= set(self.stance_classes_))
        types = set(y) <= set(self.classes_)
        if types and self.factored_ and not stances:
            # types that are put together from kind and stance need a stance that denies
            types = z is not None and _DENIES in z
        return types, stances

    def _check_parameters(self) -> None:
        for name in ("C", "stance_C"):
            check_number(name, getattr(self, name), "above 0", _ABOVE_ZERO)
        for name in ("min_count", "max_iter"):
            check_whole(name, getattr(self, name), 1)
        check_flag("warm_start", self.warm_start)
        given = self.stance_weight
        if isinstance(given, Mapping):
            for stance, weight in given.items():
                check_number(f"stance_weight[{stance!r}]", weight, "of at least 0", 0)
        elif given is not None and not (isinstance(given, str) and given == "balanced"):
            raise ValueError(
                "stance_weight must be a mapping of stances to weights, 'balanced' or None; got "
                f"{shown(given)}."
            )
        self._check_use()

    def _check_use(self) -> None:
        """Check the parameters that count after `fit`, too."""
        check_number("coherence", self.coherence, "from 0 to 1", 0, 1)
        given = self.resolver
        if given is not None and (
            isinstance(given, type) or not callable(getattr(given, "resolve", None))
        ):
            raise TypeError(
                "resolver must be a fitted SourceResolver, say sourcescore.load_model('resolver'), "
                f"or None for the shipped one; got {shown(given)}."
            )

    def _learn(
        self,
        rows: list[list[str]],
        labels: np.ndarray,
        weight: np.ndarray | None,
        before: Model | None,
        C: float,
        class_weight: Any,
    ) -> Model:
        encoder = Encoder.fit(
            rows, self.min_count, () if before is None else before.encoder.vocabulary
        )
        if not encoder.vocabulary:
            raise ValueError(
                f"no feature of the {len(rows)} attributions occurs in min_count={self.min_count} "
                "of them; set a lower min_count, or give more attributions."
            )
        fit = Logistic.fit if before is None else before.logistic.go_on
        fitted = fit(
            encoder.transform(rows),
            labels,
            C=C,
            class_weight=class_weight,
            max_iter=self.max_iter,
            sample_weight=weight,
        )
        return Model(encoder, fitted)

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
        predicted = self.predict(attributions, texts)
        n = len(predicted)
        right = label_array(types, n, "types", _ROWS) == predicted
        if sample_weight is not None:
            sample_weight = weight_array(sample_weight, n, _ROWS)
        return float(accuracy_score(np.ones_like(right), right, sample_weight=sample_weight))

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

        Raises
        ------
        TypeError, ValueError
            If the table lacks a column, or texts or hedges are not what they should be.
        """
        if hedges is not None:
            _check_hedges(hedges)
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

    def explain_type(
        self, attributions: pd.DataFrame, row: int, texts: Texts = None, *, type: str | None = None
    ) -> pd.DataFrame:
        """Show which features spoke for the type of one attribution, and which against it.

        Parameters
        ----------
        attributions : DataFrame with the columns source, cue, content
        row : int
            The position of the attribution in the table.
        texts : Series or mapping of doc_id to text, optional
        type : str, optional
            The type to explain; by default the one that is predicted.

        Returns
        -------
        DataFrame
            ``feature, value, log_odds``, the strongest first. ``log_odds`` is what the feature adds
            to the log-odds of the type against the likeliest other one; with the row ``offset`` it
            sums to these, before the other attributions of the same source have their say (see
            ``coherence``). A ``state_denial`` that is put together from kind and stance is
            explained as the ``named_official`` that it is.

        Raises
        ------
        TypeError
            If the row is no whole number.
        ValueError
            If there is no such row or type.

        Examples
        --------
        >>> import sourcescore as ss
        >>> report = ss.score("Residents said they heard two blasts near the mill.")
        >>> classifier = ss.load_model("classifier")
        >>> why = classifier.explain_type(report.attributions, 0, report.texts)
        >>> report.attributions.loc[0, "type"], bool(why["log_odds"].sum() > 0)
        ('witness', True)
        """
        check_is_fitted(self, "classes_")
        check_attributions(attributions, _REQUIRED)
        row = _position(row, len(attributions))
        model = self.kind_.logistic.model
        kinds = model.classes_.tolist()
        wanted = self.predict(attributions, texts)[row] if type is None else type
        denial = self.factored_ and isinstance(wanted, str) and wanted == _DENIAL
        kind = _OFFICIAL if denial else wanted
        if not isinstance(kind, str | Real) or kind not in kinds:
            raise ValueError(
                f"type must be one of {', '.join(map(str, self.classes_))}; got {shown(type)}."
            )
        features = attribution_features(read_attributions(attributions, texts, self.resolver)[row])
        x = self.kind_.encoder.transform([features[0]])
        coef, offset = self.kind_.logistic.by_class()
        scores = (x @ coef.T + offset)[0]
        own = kinds.index(kind)
        other = max((k for k in range(len(kinds)) if k != own), key=scores.__getitem__)
        names = np.array(list(self.kind_.encoder.vocabulary), dtype=object)[x.indices]
        table = pd.DataFrame(
            {
                "feature": [*names, "offset"],
                "value": [*x.data, 1.0],
                "log_odds": [
                    *(coef[own, x.indices] - coef[other, x.indices]) * x.data,
                    offset[own] - offset[other],
                ],
            }
        )
        order = np.argsort(-table["log_odds"].abs().to_numpy(), kind="stable")
        table = table.iloc[order].reset_index(drop=True)
        table.attrs |= {"type": wanted, "against": kinds[other]}
        return table

    def _probabilities(
        self, attributions: pd.DataFrame, texts: Texts
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the probabilities of the types and of the stances."""
        check_is_fitted(self, "classes_")
        self._check_use()
        check_attributions(attributions, _REQUIRED)
        _check_texts(texts)
        if not len(attributions):
            return np.zeros((0, len(self.classes_))), np.zeros((0, len(self.stance_classes_)))
        rows = read_attributions(attributions, texts, self.resolver)
        features = [attribution_features(row) for row in rows]
        kind = self.kind_.predict_proba([kind for kind, _ in features])
        kind = _cohere(kind, rows, self.coherence)
        if self.stance_ is None:
            rest = (1 - _RULE_PROBABILITY) / (len(_STANCES) - 1)
            stance = np.full((len(rows), len(_STANCES)), rest)
            read = [_STANCES.index(rule_stance(row)) for row in rows]
            stance[np.arange(len(rows)), read] = _RULE_PROBABILITY
        else:
            stance = self.stance_.predict_proba([stance for _, stance in features])
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
        for j, name in enumerate(self.kind_.logistic.model.classes_):
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
        models = {"kind": self.kind_, "stance": self.stance_}
        learned = {name: model for name, model in models.items() if model is not None}
        state = {
            "params": {k: v for k, v in self.get_params(deep=False).items() if k != "resolver"},
            "classes": self.classes_.tolist(),
            "stance_classes": self.stance_classes_.tolist(),
            "factored": self.factored_,
            "features": {name: list(m.encoder.vocabulary) for name, m in learned.items()},
        }
        parts = {
            # numbers may be numpy's, say out of a grid search
            "classifier.json": json.dumps(
                state, ensure_ascii=False, default=methodcaller("item")
            ).encode("utf8", "surrogatepass"),
        }
        for name, model in learned.items():
            parts[f"{name}.skops"] = dumps(model.logistic.model)
        buffer = io.BytesIO()
        # the root fits into 16 bits, which are enough for how sure a weight is
        roots = {n: np.sqrt(m.logistic.information).astype(np.float16) for n, m in learned.items()}
        np.savez_compressed(buffer, **roots)
        parts["information.npz"] = buffer.getvalue()
        return parts

    @classmethod
    def from_parts(cls, parts: Mapping[str, bytes]) -> Self:
        """Build a fitted classifier from the files that `to_parts` gave."""
        from sourcescore.models import load_skops

        state = json.loads(parts["classifier.json"].decode("utf8", "surrogatepass"))
        self = cls(**state["params"])
        self.factored_ = state["factored"]
        self.classes_ = labels_alike(state["classes"])
        self.stance_classes_ = labels_alike(state["stance_classes"])
        models = {}
        with np.load(io.BytesIO(parts["information.npz"]), allow_pickle=False) as roots:
            for name, features in state["features"].items():
                fitted = Logistic(
                    load_skops(parts[f"{name}.skops"]), roots[name].astype(float) ** 2
                )
                rows = max(2, len(fitted.model.classes_))
                shape = (rows, len(features) + 1)
                if roots[name].shape != shape or not np.isfinite(roots[name]).all():
                    raise ValueError(
                        f"information.npz: {name} must hold finite numbers of the shape {shape}."
                    )
                models[name] = Model(Encoder(features), fitted)
        self.kind_, self.stance_ = models["kind"], models.get("stance")
        return self


def _features(
    attributions: pd.DataFrame, texts: Texts, resolver: Any
) -> tuple[list[list[str]], list[list[str]]]:
    pairs = [attribution_features(row) for row in read_attributions(attributions, texts, resolver)]
    return [kind for kind, _ in pairs], [stance for _, stance in pairs]


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


def _check_texts(texts: Any) -> None:
    if texts is not None and not isinstance(texts, Mapping | pd.Series):
        raise TypeError(
            f"texts must be a Series or mapping of doc_id to text; got {shown(texts)}. Several "
            "forms are made one by sourcescore.tables.as_texts."
        )


def _check_hedges(hedges: Any) -> None:
    if not isinstance(hedges, Mapping) or not all(isinstance(term, str) for term in hedges):
        raise TypeError(
            "hedges must be a mapping of words to certainties, say {'reportedly': 0.6}; got "
            f"{shown(hedges)}."
        )
    for term, certain in hedges.items():
        check_number(f"hedges[{term!r}]", certain, "above 0 and up to 1", _ABOVE_ZERO, 1)


def _position(row: Any, n: int) -> int:
    if not n:
        raise ValueError("there is no attribution to explain: the table has no rows.")
    try:
        position = index(row)
    except TypeError:
        position = None
    if position is None or isinstance(row, bool):
        raise TypeError(f"row must be a position from 0 to {n - 1}, an int; got {shown(row)}.")
    if not 0 <= position < n:
        raise ValueError(f"row must be a position from 0 to {n - 1}; got {position}.")
    return position


def _at_least_two(labels: np.ndarray, name: str) -> None:
    if len(set(labels)) < 2:
        raise ValueError(f"{name} must hold two labels or more; got {sorted(set(labels))}.")


def _check_denials(types: np.ndarray, stances: np.ndarray | None, factored: bool) -> None:
    """Where a state denial is an official who denies, it must do so in all examples."""
    if not factored or stances is None:
        return
    wrong = (types == _DENIAL) & (stances != _DENIES)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValueError(
            f"attribution {row} is a {_DENIAL} with the stance {stances[row]!r}; to the model that "
            f"is gone on from, a {_DENIAL} is a {_OFFICIAL} with the stance {_DENIES!r}. Label it "
            f"{_OFFICIAL}, correct its stance, or start anew (warm_start=False)."
        )


def _column(labels: np.ndarray) -> Any:
    return string_array(labels) if labels.dtype == object else labels


def _dictionaries(probabilities: np.ndarray, classes: np.ndarray) -> np.ndarray:
    out = np.empty(len(probabilities), dtype=object)
    names = classes.tolist()
    for i, row in enumerate(probabilities.tolist()):
        out[i] = dict(zip(names, row, strict=True))
    return out
