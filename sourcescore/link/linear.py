"""A logistic regression on standardised features, kept as one vector of weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

__all__ = ["Linear"]


@dataclass(frozen=True, eq=False)
class Linear:
    """Weights for named features, and an offset.

    Attributes
    ----------
    names : list of str
    weights : float array of shape (n_features,)
    offset : float
    """

    names: list[str]
    weights: np.ndarray
    offset: float

    @classmethod
    def fit(
        cls,
        features: np.ndarray,
        names: Sequence[str],
        outcome: np.ndarray,
        *,
        C: float,
        weight: np.ndarray | None = None,
    ) -> Self:
        """Fit on features of shape (n_samples, n_features), a bool outcome and sample weights.

        The scaling is folded into the weights: prediction is one product.
        """
        scaler = StandardScaler().fit(features)
        model = LogisticRegression(C=C, max_iter=1000)
        model.fit(scaler.transform(features), outcome, weight)
        weights = model.coef_[0] / scaler.scale_
        return cls(list(names), weights, float(model.intercept_[0] - weights @ scaler.mean_))

    def log_odds(self, features: np.ndarray) -> np.ndarray:
        """Log-odds of the outcome, shape (n_samples,)."""
        return features @ self.weights + self.offset

    def probability(self, features: np.ndarray) -> np.ndarray:
        """Probability of the outcome, shape (n_samples,)."""
        return expit(self.log_odds(features))

    def to_json(self) -> dict[str, Any]:
        """Weights by name, as JSON can hold them."""
        weights = {k: float(f"{w:.6g}") for k, w in zip(self.names, self.weights, strict=True)}
        return {"offset": self.offset, "weights": weights}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        """Build the model from what `to_json` gave."""
        weights = stored["weights"]
        return cls(list(weights), np.array(list(weights.values())), float(stored["offset"]))
