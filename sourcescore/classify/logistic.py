"""Logistic regression that can go on from what it has learned.

scikit-learn fits the first time. From then on the old fit is the prior of the new one: a normal
distribution around its weights, whose precision is the ridge plus the diagonal of their Fisher
information. So the old examples count beside the new ones without being at hand (Laplace's
approximation, one batch after the other; MacKay 1992, *A practical Bayesian framework for
backpropagation networks*; Kirkpatrick et al. 2017, *Overcoming catastrophic forgetting*).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy import sparse
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax
from sklearn.linear_model import LogisticRegression

__all__ = ["Logistic"]

#: Keeps the offsets of classes that the old examples say nothing about from running away.
_OFFSET_PRECISION = 1e-3


@dataclass(frozen=True, eq=False)
class Logistic:
    """A fitted logistic regression, and how sure it is of each weight.

    Attributes
    ----------
    model : LogisticRegression
        Predicts.
    information : float array of shape (n_classes, n_features + 1)
        The Fisher information of each weight in all examples so far; that of the offset comes last.
    """

    model: LogisticRegression
    information: np.ndarray

    @classmethod
    def fit(
        cls,
        X: sparse.csr_matrix,
        y: np.ndarray,
        *,
        C: float,
        class_weight: Any = None,
        max_iter: int,
        sample_weight: np.ndarray | None = None,
    ) -> Self:
        """Fit anew. The parameters are those of scikit-learn's `LogisticRegression`."""
        # the fit and the information go by the same weights
        weight = _weights(y, class_weight, sample_weight)
        model = LogisticRegression(C=C, max_iter=max_iter)
        model.fit(X, y, weight)
        return cls(model, _information(X, *_rows(model), weight))

    def go_on(
        self,
        X: sparse.csr_matrix,
        y: np.ndarray,
        *,
        C: float,
        class_weight: Any = None,
        max_iter: int,
        sample_weight: np.ndarray | None = None,
    ) -> Self:
        """Fit on further examples, with the old fit as the prior.

        Parameters
        ----------
        X : sparse matrix of shape (n_samples, n_features)
            Further features may follow the old ones.
        y : array of shape (n_samples,)
            Labels that the model knows; not all need be there.
        sample_weight : array of shape (n_samples,), optional
            1 by default, as much as an old example.
        C, class_weight, max_iter
            As in `fit` ("balanced" are the new examples among themselves); the ridge holds the
            weights to the old ones, and new weights to 0.
        """
        old = self.model
        coef, offset = _rows(old)
        n_classes, n_old = coef.shape
        n_new = X.shape[1] - n_old
        mean = np.column_stack([coef, np.zeros((n_classes, n_new)), offset])
        information = np.insert(self.information, [n_old] * n_new, 0.0, axis=1)
        precision = information + 1 / C
        precision[:, -1] = information[:, -1] + _OFFSET_PRECISION
        if n_classes == 2:  # each of the two rows moves half the way that the weight does
            precision *= 2
        hits = y[:, None] == old.classes_[None, :]
        weight = _weights(y, class_weight, sample_weight)

        def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
            moved = flat.reshape(mean.shape) - mean
            current = moved + mean
            logs = log_softmax(X @ current[:, :-1].T + current[:, -1], axis=1)
            errors = (np.exp(logs) - hits) * weight[:, None]
            slope = precision * moved
            slope[:, :-1] += (X.T @ errors).T
            slope[:, -1] += errors.sum(axis=0)
            value = 0.5 * (precision * moved**2).sum() - weight @ logs[hits]
            return float(value), slope.ravel()

        found = minimize(
            loss, mean.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": max_iter}
        ).x.reshape(mean.shape)
        model = LogisticRegression(C=C, max_iter=max_iter)
        model.classes_ = old.classes_
        two = n_classes == 2  # scikit-learn keeps one row for two classes
        model.coef_ = found[1:, :-1] - found[:1, :-1] if two else found[:, :-1].copy()
        model.intercept_ = found[1:, -1] - found[:1, -1] if two else found[:, -1].copy()
        model.n_features_in_ = X.shape[1]
        model.n_iter_ = old.n_iter_
        added = _information(X, found[:, :-1], found[:, -1], weight)
        return type(self)(model, information + added)

    def by_class(self) -> tuple[np.ndarray, np.ndarray]:
        """Weights and offsets with a row for each class, also where there are two."""
        return _rows(self.model)

    def without(self, dropped: np.ndarray) -> Self:
        """Leave features out, a bool array of shape (n_features,)."""
        kept = np.flatnonzero(~dropped)
        self.model.coef_ = np.ascontiguousarray(self.model.coef_[:, kept])
        self.model.n_features_in_ = len(kept)
        return type(self)(self.model, self.information[:, [*kept, -1]])


def _rows(model: LogisticRegression) -> tuple[np.ndarray, np.ndarray]:
    """Weights and offsets with a row for each class, also where there are two."""
    coef, offset = model.coef_, model.intercept_
    if len(coef) > 1:
        return coef, offset
    return np.vstack([-coef, coef]) / 2, np.concatenate([-offset, offset]) / 2


def _weights(y: np.ndarray, class_weight: Any, sample_weight: np.ndarray | None) -> np.ndarray:
    """How much each example counts: its own weight times that of its class.

    A class that a mapping does not name has the weight 1. Balanced classes have the same weight in
    all, and all examples together that of their own weights.
    """
    own = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight, dtype=float)
    if class_weight is None:
        return own
    labels, number = np.unique(y, return_inverse=True)
    if isinstance(class_weight, Mapping):
        each = np.array([class_weight.get(label, 1.0) for label in labels.tolist()], dtype=float)
    else:
        total = np.bincount(number, own, len(labels))
        each = own.sum() / (len(labels) * np.where(total > 0, total, np.inf))
    return own * each[number]


def _information(
    X: sparse.csr_matrix, coef: np.ndarray, offset: np.ndarray, weight: np.ndarray
) -> np.ndarray:
    """The diagonal of the Fisher information of the weights, and of the offsets in the end."""
    probability = softmax(X @ coef.T + offset, axis=1)
    variance = probability * (1 - probability) * weight[:, None]
    return np.column_stack([(X.multiply(X).T @ variance).T, variance.sum(axis=0)])
