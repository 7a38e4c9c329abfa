"""What a user knows of the truth of claims, as numbers.

Comes in: a Series or mapping of claim_id to truth. Goes out: 1, 0 or NaN for each claim.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from sourcescore.confidence.rows import Questions
from sourcescore.tables import mapping_series

__all__ = ["known_truth"]


def _answered(known: np.ndarray, claims: pd.Index, questions: Questions) -> np.ndarray:
    """Return the truth with the claims false that a true answer to their question excludes."""
    true = known == 1
    n_true = np.bincount(questions.question[true], minlength=len(questions.n_claims))
    if (n_true > 1).any():
        both = claims[true & (n_true[questions.question] > 1)]
        raise ValueError(
            f"truth has both {both[0]!r} and {both[1]!r} true, or other claims of one question; "
            "of the claims with the same question_id at most one can be."
        )
    return np.where(~true & (n_true[questions.question] == 1), 0.0, known)


def known_truth(truth: Any, claims: pd.Index, questions: Questions | None) -> np.ndarray:
    """Return 1 for claims known to be true, 0 for false ones and NaN for the others."""
    if truth is None:
        return np.full(len(claims), np.nan)
    if not isinstance(truth, pd.Series | Mapping):
        raise TypeError(
            "truth must be a Series or mapping of claim_id to True, False or missing; got "
            f"{type(truth).__name__}."
        )
    series = truth if isinstance(truth, pd.Series) else mapping_series(truth)
    if not series.index.is_unique:
        twice = series.index[series.index.duplicated()][0]
        raise ValueError(f"truth has the claim {twice!r} more than once; keep one of them.")
    codes, distinct = pd.factorize(series.to_numpy(object))
    # the extra last entry answers the code -1 of a missing value
    values = np.array([*map(_truth_value, distinct), np.nan])[codes]
    at = series.index.get_indexer(claims)
    known = np.append(values, np.nan)[at]
    if questions is not None:
        known = _answered(known, claims, questions)
    if np.isnan(known).all() and not np.isnan(values).all():
        raise ValueError(
            f"no claim of known truth has evidence: truth is about {series.index[0]!r}, ..., the "
            f"evidence about {', '.join(map(repr, claims[:3]))}, ... Are these the same ids?"
        )
    return known


def _truth_value(value: Any) -> float:
    words = {"true": 1.0, "false": 0.0, "unknown": np.nan, "": np.nan}
    if isinstance(value, str) and value.strip().casefold() in words:
        return words[value.strip().casefold()]
    if not isinstance(value, str) and value in (0, 1):
        return float(value)
    raise ValueError(f"truth must be True, False or missing; got {value!r}.")
