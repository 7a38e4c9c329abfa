"""What a user knows of the truth of claims, as numbers.

Comes in: a Series or mapping of claim_id to truth. Goes out: 1, 0 or NaN for each claim.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from sourcescore.confidence.rows import Questions
from sourcescore.tables import mapping_series, object_array, require_columns

__all__ = ["known_truth", "of_claims"]


def of_claims(truth: Any, evidence: pd.DataFrame) -> Any:
    """Return truth by claim, where it is given by row of the evidence; else as it is.

    A list or array is by row. A Series is by row if it has the index of the evidence and not its
    claims.
    """
    require_columns(evidence, ("claim_id",), "evidence")
    claims = object_array(evidence["claim_id"].tolist())
    arrays = list | tuple | np.ndarray | pd.api.extensions.ExtensionArray | pd.Series
    if not isinstance(truth, arrays) or np.shape(truth) != claims.shape:
        return truth
    values = object_array(list(truth))
    if isinstance(truth, pd.Series):
        if not truth.index.equals(evidence.index):
            return truth
        if truth.index.isin(claims).any():
            by_claim = dict(zip(truth.index, values, strict=True))
            if any(not _same(by_claim.get(c), v) for c, v in zip(claims, values, strict=True)):
                raise ValueError(
                    "truth may be by claim or by row: its index is that of the evidence and holds "
                    "claims. Give truth.to_dict() if it is by claim, truth.to_numpy() if by row."
                )
    of_claim: dict[Any, Any] = {}
    for claim, value in zip(claims, values, strict=True):
        known = of_claim.setdefault(claim, value)
        if not _same(known, value):
            raise ValueError(
                f"truth must be the same in all rows of a claim; that of {claim!r} is {known!r} "
                f"and {value!r}."
            )
    return of_claim


def _same(one: Any, other: Any) -> bool:
    if pd.isna(one) or pd.isna(other):
        return bool(pd.isna(one) and pd.isna(other))
    return bool(one == other)


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
            "truth must be a Series or mapping of claim_id to True, False or missing, or an array "
            f"with a value for each row of the evidence; got {type(truth).__name__}."
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
