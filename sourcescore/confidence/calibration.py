"""A slope and an offset that make log-odds calibrated, learned on held-out claims."""

from __future__ import annotations

import numpy as np
from scipy import optimize

from sourcescore.confidence.truth_discovery import Problem
from sourcescore.tables import object_array

__all__ = ["cross_fit"]


def cross_fit(
    problem: Problem,
    known: np.ndarray,
    cv: int,
    rng: np.random.RandomState,
    max_iter: int,
    tol: float,
) -> tuple[float, float]:
    """Return slope and offset, learned on log-odds that each known claim gets when held out.

    Parameters
    ----------
    problem : Problem
    known : float array of shape (n_claims,)
        1 true, 0 false, NaN not known.
    cv : int
        Number of folds.
    rng : RandomState
        Draws the folds.
    max_iter, tol
        As for `Problem.learn`.

    Raises
    ------
    ValueError
        If there are fewer known claims than folds.
    """
    at = np.flatnonzero(~np.isnan(known))
    if cv < 2 or len(at) < cv:
        raise ValueError(
            f"calibrate=True needs cv >= 2 and at least cv={cv!r} claims of known truth; "
            f"got {len(at)}."
        )
    # folds go by the claims' names, so that the order of the rows does not matter
    at = at[np.argsort(object_array([str(c) for c in problem.claims[at]]), kind="stable")]
    fold = rng.permutation(len(at)) % cv
    held_out = np.empty(len(at))
    for i in range(cv):
        masked = known.copy()
        masked[at[fold == i]] = np.nan
        learned = problem.learn(masked, max_iter, tol)
        held_out[fold == i] = problem.scores(learned)[at[fold == i]]
    return _slope_and_offset(held_out, known[at])


def _slope_and_offset(log_odds: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """Return Platt's (1999) two numbers, the slope kept above 0 so that support stays support.

    Standard normal priors on the log of the slope and on the offset keep few claims from
    overturning the model.
    """
    sign = 2 * truth - 1

    def loss(parameters: np.ndarray) -> float:
        log_slope, offset = parameters
        scores = sign * (offset + np.exp(log_slope) * log_odds)
        return float(np.logaddexp(0, -scores).sum() + (log_slope**2 + offset**2) / 2)

    log_slope, offset = optimize.minimize(loss, np.zeros(2), method="BFGS").x
    return float(np.exp(log_slope)), float(offset)
