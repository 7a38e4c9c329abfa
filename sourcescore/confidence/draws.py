"""Log-odds drawn under the uncertainty of the Betas.

Comes in: voices, their weights and the Betas. Goes out: draws of each claim's log-odds, and from
them the intervals of claims that exclude one another: what the other answers to a question take off
is no sum over voices, so that its spread has no closed form.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from zlib import crc32

import numpy as np
import pandas as pd
from scipy import sparse

from sourcescore.confidence.intervals import TAILS, cumulants, used_pairs
from sourcescore.confidence.questions import log_alternatives
from sourcescore.confidence.rows import Questions
from sourcescore.confidence.voices import Betas, Voices, log_likelihood_ratio

__all__ = ["drawn_log_odds", "question_spread"]

_N_DRAWS = 600
#: So many numbers at once.
_BLOCK = 1_000_000
#: Claims draw from so many sequences of normals, by their names: a prime.
_N_NORMALS = 1009


def drawn_log_odds(
    said: Voices,
    weight: np.ndarray,
    betas: Betas,
    n_claims: int,
    n_draws: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw what the voices add to the log-odds of each claim by itself.

    Returns
    -------
    float array of shape (n_draws, n_claims)
    """
    used, pairs = used_pairs(said.pairs)
    size = (len(used), n_draws)
    a, b = (
        rng.beta((mean * strength)[:, None], ((1 - mean) * strength)[:, None], size)
        for mean, strength in (
            (betas.a_mean[used], betas.a_strength[used]),
            (betas.b_mean[used], betas.b_strength[used]),
        )
    )
    # a Beta that piles up at an end draws the end itself
    a, b = (np.clip(draws, 1e-300, 1 - 1e-16) for draws in (a, b))
    # who says the same by the same pairs says the same in all draws
    kind, of_kind = _kinds(said, pairs)
    total = sparse.csr_array((weight, (said.claim, of_kind)), shape=(n_claims, len(kind)))
    phi, denies, pairs = said.phi[kind, None], said.denies[kind, None], pairs[kind]
    draws = np.empty((n_draws, n_claims))
    at_once = max(1, _BLOCK // max(len(kind), 1))
    for start in range(0, n_draws, at_once):
        some = slice(start, start + at_once)
        llr = log_likelihood_ratio(pairs @ a[:, some], pairs @ b[:, some], phi, denies)
        draws[some] = (total @ llr).T
    return draws


def _kinds(said: Voices, pairs: sparse.csr_array) -> tuple[np.ndarray, np.ndarray]:
    """Return one voice of each kind, and the kind of each voice."""
    if len(pairs.indices) != len(said.llr):  # mixtures are all different
        return np.arange(len(said.llr)), np.arange(len(said.llr))
    marks = np.stack([pairs.indices, said.denies, said.phi], axis=1)
    _, kind, of_kind = np.unique(marks, axis=0, return_index=True, return_inverse=True)
    return kind, of_kind.ravel()


def question_spread(
    said: Voices,
    weight: np.ndarray,
    betas: Betas,
    claims: pd.Index,
    log_odds: np.ndarray,
    alone: np.ndarray,
    questions: Questions,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the claims of the questions with several, and the quantiles of their log-odds.

    The Betas of the types, which answers share, are drawn; what single sources with a track record
    add to an answer is drawn as one, from its cumulants.

    Parameters
    ----------
    said : Voices
    weight : float array of shape (n_voices,)
    betas : Betas
    claims : Index
    log_odds : float array of shape (n_claims,)
        Of each claim by itself.
    alone : float array of shape (2, n_claims)
        The 5 % and 95 % quantiles of these, relative to them, in closed form.
    questions : Questions

    Returns
    -------
    claims : int array of shape (n,)
    below, above : float arrays of shape (n,)
        Relative to the log-odds against the other answers.
    """
    found, tails = [], []
    n_prior = len(betas.a_mean) - len(betas.keys)
    voice = np.repeat(np.arange(len(said.llr)), np.diff(said.pairs.indptr))
    recorded = np.zeros(len(said.llr), dtype=bool)
    recorded[voice[said.pairs.indices >= n_prior]] = True
    normals = np.random.default_rng(0).standard_normal((_N_DRAWS, _N_NORMALS))
    for some in _blocks(questions):
        at = np.full(len(log_odds), -1)
        at[some] = np.arange(len(some))
        here = at[said.claim] >= 0
        draws = np.tile(log_odds[some], (_N_DRAWS, 1))
        typed, single = np.flatnonzero(here & ~recorded), np.flatnonzero(here & recorded)
        if len(typed):
            part, share, rng = _part(said, typed, at), weight[typed], np.random.default_rng(0)
            draws -= np.bincount(part.claim, share * part.llr, len(some))
            draws += drawn_log_odds(part, share, betas, len(some), _N_DRAWS, rng)
        if len(single):
            of_claim = [crc32(str(c).encode("utf-8", "surrogatepass")) for c in claims[some]]
            z = normals[:, np.array(of_claim) % _N_NORMALS]
            draws += _with_cumulants(_part(said, single, at), weight[single], betas, z)
        numbers, question = np.unique(questions.question[some], return_inverse=True)
        own = replace(questions, question=question, n_claims=questions.n_claims[numbers])
        # what the draws get wrong of a claim by itself, where the closed form knows better
        error = np.quantile(draws, TAILS, axis=0) - log_odds[some] - alone[:, some]
        for draw in draws:
            draw -= log_alternatives(draw, own)
        middle = log_odds[some] - log_alternatives(log_odds[some], own)
        found.append(some)
        tails.append(np.quantile(draws, TAILS, axis=0) - middle - error)
    if not found:
        return np.zeros(0, dtype=int), np.zeros(0), np.zeros(0)
    below, above = np.concatenate(tails, axis=1)
    return np.concatenate(found), below, above


def _part(said: Voices, voices: np.ndarray, claim: np.ndarray) -> Voices:
    """Return some voices, with the claims renumbered."""
    part = Voices(*(value[voices] for value in vars(said).values()))
    return replace(part, claim=claim[part.claim])


def _with_cumulants(part: Voices, weight: np.ndarray, betas: Betas, z: np.ndarray) -> np.ndarray:
    """Draw, with standard normals of shape (n_draws, n_claims), by Cornish and Fisher (1938)."""
    lower, upper = cumulants(part, weight, betas, z.shape[1])
    mean, variance, third, _ = (lower + upper) / 2
    deviation = np.sqrt(np.maximum(variance, 0))
    skew = np.divide(third, deviation**3, out=np.zeros_like(third), where=deviation > 1e-100)
    return mean + deviation * (z + np.clip(skew, -1, 1) * (z**2 - 1) / 6)


def _blocks(questions: Questions) -> Iterator[np.ndarray]:
    """Yield the claims of whole questions, few enough at a time for the memory."""
    asked = np.flatnonzero(questions.n_claims[questions.question] > 1)
    asked = asked[np.argsort(questions.question[asked], kind="stable")]
    last = np.flatnonzero(np.diff(questions.question[asked], append=-1)) + 1
    start = 0
    while start < len(asked):
        whole = last[last <= start + 2 * _BLOCK // _N_DRAWS]
        end = int(whole[-1] if len(whole) and whole[-1] > start else last[last > start][0])
        yield asked[start:end]
        start = end
