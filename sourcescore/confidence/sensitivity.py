"""How far a confidence moves when a number or a source behind it does.

Comes in: the voices of the claims and their numbers. Goes out: by claim the log-odds with each Beta
at the ends of its own 90 % range, and without each origin.
"""

from __future__ import annotations

import numpy as np
from scipy.special import betaincinv

from sourcescore.confidence.intervals import TAILS
from sourcescore.confidence.voices import Betas, Voices, log_likelihood_ratio

__all__ = ["ends", "moved_by_betas", "without_origins"]


def ends(mean: np.ndarray, strength: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of the 90 % ranges of Betas."""
    low, high = (betaincinv(mean * strength, (1 - mean) * strength, tail) for tail in TAILS)
    # a Beta that piles up at an end still says neither never nor always
    return np.clip(low, 1e-9, 1 - 1e-9), np.clip(high, 1e-9, 1 - 1e-9)


def moved_by_betas(
    said: Voices, weight: np.ndarray, betas: Betas
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return by how much each Beta at the ends of its range moves a claim's log-odds.

    The ranking of the voices stays as it is, as in `ClaimScorer.sample`.

    Parameters
    ----------
    said : Voices
    weight : float array of shape (n_voices,)
    betas : Betas

    Returns
    -------
    claim, pair : int arrays of shape (n,)
        The claims and the pairs of Betas that bear on them.
    moves : float array of shape (2, 2, n)
        For a and b, at the low and the high end.
    """
    pairs = said.pairs
    voice = np.repeat(np.arange(len(said.llr)), np.diff(pairs.indptr))
    entry_pair, share = pairs.indices, pairs.data
    means = (betas.a_mean, betas.b_mean)
    a, b = pairs @ means[0], pairs @ means[1]
    keys, at = np.unique(
        said.claim[voice] * np.int64(len(means[0])) + entry_pair, return_inverse=True
    )
    claim, pair = keys // len(means[0]), keys % len(means[0])
    used, of_used = np.unique(entry_pair, return_inverse=True)
    moves = np.empty((2, 2, len(keys)))
    for side, strength in enumerate((betas.a_strength, betas.b_strength)):
        mean = means[side][used]
        for end, value in enumerate(ends(mean, strength[used])):
            step = share * (value - mean)[of_used]
            a_moved = a[voice] + (step if side == 0 else 0.0)
            b_moved = b[voice] + (step if side == 1 else 0.0)
            llr = log_likelihood_ratio(a_moved, b_moved, said.phi[voice], said.denies[voice])
            change = weight[voice] * (llr - said.llr[voice])
            moves[side, end] = np.bincount(at, change, len(keys))
    return claim, pair, moves


def without_origins(
    said: Voices, weight: np.ndarray, slope: float, rho: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what each origin adds to a claim's log-odds: the difference if it were gone.

    The voices behind it in its herd move up, so that this may be less than what `explain` shows.

    Parameters
    ----------
    said : Voices
        As `merge_rows` sorts them: by herd, the strongest first.
    weight : float array of shape (n_voices,)
        As `herd_weights` gives them, times `slope`.
    slope : float
    rho : float array of shape (n_types,)

    Returns
    -------
    claim : int array of shape (n,)
    voice : int array of shape (n,)
        One voice of each origin.
    added : float array of shape (n,)
    """
    n_types = len(rho)
    herd = (said.claim.astype(np.int64) * 2 + said.denies) * (n_types + 1) + said.herd
    ahead = np.empty(len(weight))  # the weight that a voice has one place further up
    ahead[1:] = weight[:-1]
    first = np.diff(herd, prepend=-1) > 0
    ahead[first] = slope
    gain = (ahead - weight) * said.llr
    gain[said.herd == n_types] = 0.0  # these are in no herd: nobody moves up
    behind = np.cumsum(gain[::-1])[::-1] - gain
    last = np.flatnonzero(np.append(first[1:], True)) if len(first) else np.empty(0, dtype=int)
    of_herd = np.cumsum(first) - 1
    behind -= behind[last][of_herd] if len(first) else 0.0
    added = weight * said.llr - behind
    n_origins = np.int64(said.origin.max(initial=0) + 1)
    keys, voice, at = np.unique(
        said.claim * n_origins + said.origin, return_index=True, return_inverse=True
    )
    return keys // n_origins, voice, np.bincount(at, added, len(keys))
