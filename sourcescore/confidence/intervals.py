"""How unsure a confidence is, given how unsure the Betas are.

Comes in: voices, their weights and the Betas. Goes out: the quantiles of each claim's log-odds.

log a and log(1-a) of a Beta have the joint cumulant generating function
log B(alpha+s, beta+t) - log B(alpha, beta), so every cumulant of the log-odds, which at phi = 1 are
linear in them, is a sum of polygammas (the variance: of trigammas). Statements of one type share
one a and one b: their deviations add up before they are squared, and a support and a denial of one
type pull apart through the same a, with the covariance -trigamma(alpha+beta). A mixture is taken
for the Beta with its mean and variance, and phi < 1 enters by the secant to the tail in question.
The skewness matters at low strengths, so the quantiles are those of the logarithm of a Gamma, not
normal ones.

Against a Monte Carlo over random tables (`benchmarks/worlds.py intervals`; its own noise 0.002),
low and high are off by, with hedges, herding and mixtures,

    strength    mean    in 99 of 100    most
    40         0.001           0.007   0.024
    10         0.004           0.020   0.042
     5         0.007           0.045   0.099
     2         0.012           0.106   0.285
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from typing import Self

import numpy as np
from scipy import sparse
from scipy.special import gammaincinv, ndtri, polygamma, psi

from sourcescore.confidence.voices import Betas, Voices, log_likelihood_ratio

__all__ = ["LEVEL", "TAILS", "cumulants", "spread", "used_pairs"]

#: Probability that low and high enclose.
LEVEL = 0.90
#: So many voices are looked at together.
_BLOCK = 1 << 20
TAILS = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)


def spread(
    said: Voices, weight: np.ndarray, betas: Betas, n_claims: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the 5 % and 95 % quantiles of each claim's log-odds, relative to its estimate.

    Parameters
    ----------
    said : Voices
    weight : float array of shape (n_voices,)
    betas : Betas
    n_claims : int

    Returns
    -------
    below, above : float arrays of shape (n_claims,)
    """
    # claims by themselves need nothing of one another: block by block bounds the memory
    cuts = np.searchsorted(said.claim, said.claim[_BLOCK::_BLOCK])
    starts = np.unique([0, *cuts, len(said.llr)]).tolist()
    if len(starts) > 2:
        below, above = np.zeros(n_claims), np.zeros(n_claims)
        for start, end in pairwise(starts):
            part = said.part(start, end)
            first, last = part.claim[0], part.claim[-1] + 1
            part = replace(part, claim=part.claim - first)
            found = spread(part, weight[start:end], betas, last - first)
            below[first:last], above[first:last] = found
        return below, above
    terms = cumulants(said, weight, betas, n_claims)
    below, above = (_quantile(*each) for each in zip(terms, TAILS, strict=True))
    return below, above


def cumulants(
    said: Voices, weight: np.ndarray, betas: Betas, n_claims: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the first four cumulants of each claim's log-odds, relative to its estimate.

    Parameters
    ----------
    said : Voices
    weight : float array of shape (n_voices,)
    betas : Betas
    n_claims : int

    Returns
    -------
    pair of float arrays of shape (4, n_claims)
        As seen from the lower and from the upper tail: where phi < 1 they differ a little.
    """
    used, pairs = used_pairs(said.pairs)
    voice = np.repeat(np.arange(len(said.llr)), np.diff(pairs.indptr))
    denies, column = said.denies[voice], pairs.indices
    means = np.stack([betas.a_mean[used], betas.b_mean[used]])
    strengths = np.stack([betas.a_strength[used], betas.b_strength[used]])
    # what a voice is about: the Betas of its pairs if it supports, their complements if it denies
    parts = np.where(denies, 1 - means[:, column], means[:, column]) * pairs.data
    mixed = np.stack([pairs @ means[0], pairs @ means[1]])
    mixed = np.where(said.denies, 1 - mixed, mixed)
    own_slopes = _slopes(mixed, said.phi)
    moments = _BetaMoments.of(means, strengths)
    ratio, left = _mixture_terms(said, pairs, means, strengths, mixed, moments)
    slopes = parts * (own_slopes * ratio)[:, voice]
    # all statements on a claim that share a pair of Betas deviate together
    keys, shared = np.unique(
        said.claim[voice] * np.int64(len(used) + 1) + column, return_inverse=True
    )
    claim, pair = keys // (len(used) + 1), keys % (len(used) + 1)
    tails = []
    for tail in TAILS:
        step = moments.tail_steps(tail)[:, denies.astype(int), column]
        # a mixture moves as a whole, as far as its parts do together
        step = _sums(voice, parts / mixed[:, voice] * step, len(said.llr)) * ratio
        bend = _bend(mixed, own_slopes * mixed, step, said.phi)
        moved = slopes * (bend * weight)[voice]
        supports = _sums(shared, np.where(denies, 0.0, moved), len(keys))
        denials = _sums(shared, np.where(denies, moved, 0.0), len(keys))
        terms = _sums(claim, moments.cumulants(supports, denials, pair), n_claims)
        if left is not None:
            # how far phi < 1 damps what the mixture tells
            damped = np.abs(own_slopes * mixed).mean(axis=0) * bend
            terms += _sums(said.claim, left * _powers(damped * weight), n_claims)
        tails.append(terms)
    return tails[0], tails[1]


def _mixture_terms(
    said: Voices,
    pairs: sparse.csr_array,
    means: np.ndarray,
    strengths: np.ndarray,
    mixed: np.ndarray,
    moments: _BetaMoments,
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return what the delta method gets wrong of each voice that is about a mixture of Betas.

    A mixture varies less than its parts, so that the logarithm of it is neither as skewed nor as
    far below that of its mean as theirs are. It is taken for a Beta with the same mean and
    variance.

    Returns
    -------
    ratio : float array of shape (n_voices,)
        Of the standard deviations, the Beta's to the delta method's.
    left : float array of shape (4, n_voices) or None
        What the Beta's cumulants are more than those of the delta method so scaled; None if there
        is no mixture.
    """
    n = len(said.llr)
    ratio = np.ones(n)
    if len(pairs.indices) == n:
        return ratio, None
    some = np.flatnonzero(np.diff(pairs.indptr) > 1)
    few, denies = pairs[some], said.denies[some]
    voice = np.repeat(np.arange(len(some)), np.diff(few.indptr))
    against = denies[voice]
    own = np.where(against, 1 - means[:, few.indices], means[:, few.indices]) * few.data
    slopes = own / mixed[:, some][:, voice] * np.array([[1.0], [-1.0]])
    linear = _sums(
        voice,
        moments.cumulants(
            np.where(against, 0.0, slopes), np.where(against, slopes, 0.0), few.indices
        ),
        len(some),
    )
    squares = sparse.csr_array((few.data**2, few.indices, few.indptr), shape=few.shape)
    spread_of = means * (1 - means) / (strengths + 1)
    variance = np.stack([squares @ spread_of[0], squares @ spread_of[1]])
    mean = mixed[:, some]
    strength = np.maximum(mean * (1 - mean) / variance - 1, 1e-6)
    exact = np.zeros((4, len(some)))
    for order in range(1, 5):
        a, b = (
            _log_beta_cumulant(order, mean[i] * strength[i])
            - _log_beta_cumulant(order, strength[i])
            for i in (0, 1)
        )
        exact[order - 1] = a + (-1) ** order * b
    found = np.sqrt(exact[1] / np.maximum(linear[1], 1e-300))
    found = np.where(linear[1] > 1e-12, found, 1.0)
    ratio[some] = found
    left = np.zeros((4, n))
    left[:, some] = exact - linear * _powers(found)
    left[1] = 0.0
    return ratio, left


def used_pairs(pairs: sparse.csr_array) -> tuple[np.ndarray, sparse.csr_array]:
    """Return the Beta pairs that occur, and the voices' weights over these alone."""
    used, columns = np.unique(pairs.indices, return_inverse=True)
    shape = (pairs.shape[0], len(used))
    return used, sparse.csr_array((pairs.data, columns, pairs.indptr), shape=shape)


def _sums(groups: np.ndarray, values: np.ndarray, n_groups: int) -> np.ndarray:
    """Sum the rows of values, of shape (n, n_values), by group."""
    return np.stack([np.bincount(groups, row, n_groups) for row in values])


def _llr(mixed: np.ndarray, phi: np.ndarray) -> np.ndarray:
    return log_likelihood_ratio(mixed[0], mixed[1], phi, np.zeros(1, dtype=bool))


def _slopes(mixed: np.ndarray, phi: np.ndarray) -> np.ndarray:
    """Return the derivatives of the llr of a voice by what it is about, when true and when false.

    At phi = 1 these are 1/a and -1/b.
    """
    more, less = (1 + phi) / 2, (1 - phi) / 2
    mixed = np.maximum(mixed, 1e-300)  # the slope beyond overflows
    true, false = more * mixed[0] + less * mixed[1], less * mixed[0] + more * mixed[1]
    return np.stack([more / true - less / false, less / true - more / false])


def _bend(mixed: np.ndarray, slopes: np.ndarray, step: np.ndarray, phi: np.ndarray) -> np.ndarray:
    """Return the ratio of how far a voice's llr moves with the tail of its Betas to its slope.

    At phi = 1 the llr is linear in the log of the Betas, and this is 1. Below, it is
    2 atanh(phi tanh(.)) of that: what is unsure of arriving cannot tell much, however
    telling its source may be, so that the slope alone would overstate the tails.
    """
    straight = (slopes * step).sum(axis=0)
    moved = _llr(mixed * np.exp(step), phi) - _llr(mixed, phi)
    steady = np.abs(straight) < 1e-12  # nothing to tell, or nothing uncertain
    return np.where(steady, 1.0, moved / np.where(steady, 1.0, straight))


@dataclass(frozen=True)
class _BetaMoments:
    """Cumulants of log a, log(1-a), log b and log(1-b) around the logs of the means.

    Attributes
    ----------
    alpha, beta, both : float arrays of shape (4, 2, n_pairs)
        The parts of the first four cumulants that belong to each count of the Betas a and b.
    """

    alpha: np.ndarray
    beta: np.ndarray
    both: np.ndarray

    @classmethod
    def of(cls, means: np.ndarray, strengths: np.ndarray) -> Self:
        return cls(
            *(
                np.stack([_log_beta_cumulant(order, count) for order in range(1, 5)])
                for count in (means * strengths, (1 - means) * strengths, strengths)
            )
        )

    def cumulants(
        self, supports: np.ndarray, denials: np.ndarray, pair: np.ndarray | slice
    ) -> np.ndarray:
        """Return the first four of: supports log(a, b) + denials log(1-a, 1-b).

        Parameters
        ----------
        supports, denials : float arrays of shape (2, n)
            The factors, for a and for b.
        pair : int array of shape (n,)

        Returns
        -------
        float array of shape (4, n)
        """
        return (
            _powers(supports) * self.alpha[..., pair]
            + _powers(denials) * self.beta[..., pair]
            - _powers(supports + denials) * self.both[..., pair]
        ).sum(axis=1)

    def tail_steps(self, tail: float) -> np.ndarray:
        """Return by how much log a and log b each move when log a - log b moves to its quantile.

        They share the move by their variances, as in the regression on it. The same for
        log(1-a) - log(1-b): an array of shape (2, 2, n_pairs), for a and b, support and denial.
        """
        ratio, nothing = np.array([[1.0], [-1.0]]), np.zeros((2, 1))
        steps = []
        for own, supports, denials in ((self.alpha, ratio, nothing), (self.beta, nothing, ratio)):
            distance = _quantile(self.cumulants(supports, denials, slice(None)), tail)
            variance = own[1] - self.both[1]
            # beyond e^50 nothing changes any more, but exp overflows
            both = np.maximum(variance.sum(axis=0), np.finfo(float).tiny)
            steps.append(ratio * np.clip(distance, -50, 50) * (variance / both))
        return np.stack(steps, axis=1)


def _powers(values: np.ndarray) -> np.ndarray:
    """Return the first four powers, in a new first axis."""
    square = values * values
    return np.stack([values, square, square * values, square * square])


def _log_beta_cumulant(order: int, count: np.ndarray) -> np.ndarray:
    """Return the part of a cumulant of log a - log(E a), a ~ Beta, that belongs to one count."""
    count = np.maximum(count, 1e-9)  # the polygammas of smaller ones overflow
    return psi(count) - np.log(count) if order == 1 else polygamma(order - 1, count)


def _quantile(cumulants: np.ndarray, probability: float) -> np.ndarray:
    """Return the quantile of distributions with these first four cumulants.

    That of the logarithm of a Gamma with this mean, variance and skewness, which log a is all but
    exactly where a is a Beta that piles up at 0, and a term of Cornish and Fisher's (1938) for what
    is left of the fourth.
    """
    mean, variance, third, fourth = cumulants
    deviation = np.sqrt(np.maximum(variance, 0))  # rounding may take 0 below 0
    with np.errstate(divide="ignore", invalid="ignore"):
        skew = np.where(deviation > 0, third / deviation**3, 0.0)
        excess = np.where(deviation > 0, fourth / deviation**4, 0.0)
    # where a Beta is all but a coin that is tossed once these overflow
    skew, excess = np.nan_to_num(skew), np.nan_to_num(excess)
    z = ndtri(probability)
    u, own_excess = np.full(len(mean), z), np.zeros(len(mean))
    skewed = np.abs(skew) > 1e-3
    shapes, skews, excesses = _log_gammas()
    least = np.clip(-np.abs(skew[skewed]), skews[0], skews[-1])
    shape = np.exp(np.interp(least, skews, np.log(shapes)))
    own_excess[skewed] = np.interp(least, skews, excesses)
    # the log of a Gamma is skewed to the left; mirrored where this is to the right
    left = skew[skewed] < 0
    tail = gammaincinv(shape, np.where(left, probability, 1 - probability))
    standard = (np.log(np.maximum(tail, 1e-300)) - psi(shape)) / np.sqrt(polygamma(1, shape))
    u[skewed] = np.where(left, standard, -standard)
    rest = np.clip(excess - own_excess, -1.5, 3)
    return mean + deviation * (u + rest * (z**3 - 3 * z) / 24)


@cache
def _log_gammas() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return shapes of Gammas, rising, and the skewness and excess of their logarithms."""
    shape = np.exp(np.linspace(np.log(0.02), np.log(1e6), 600))
    variance = polygamma(1, shape)
    return shape, polygamma(2, shape) / variance**1.5, polygamma(3, shape) / variance**2
