"""Log-odds drawn under the uncertainty of the Betas.

Comes in: voices, their weights and the Betas. Goes out: draws of each claim's log-odds, and from
them the intervals of claims that exclude one another: what the other answers to a question take off
is no sum over voices, so that its spread has no closed form.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from scipy import sparse

from sourcescore.confidence.intervals import LEVEL, used_pairs
from sourcescore.confidence.questions import log_alternatives
from sourcescore.confidence.rows import Questions
from sourcescore.confidence.voices import Betas, Voices, log_likelihood_ratio

__all__ = ["drawn_log_odds", "question_spread"]

_N_DRAWS = 1000
#: So many numbers at once.
_BLOCK = 1_000_000


def drawn_log_odds(
    said: Voices,
    weight: np.ndarray,
    betas: Betas,
    n_claims: int,
    n_draws: int,
    seed: int,
) -> np.ndarray:
    """Draw what the voices add to the log-odds of each claim by itself.

    Each pair of Betas has draws of its own: those of a claim do not depend on what else is in the
    table.

    Returns
    -------
    float array of shape (n_draws, n_claims)
    """
    used, pairs = used_pairs(said.pairs)
    a, b = np.empty((2, len(used), n_draws))
    for i, pair in enumerate(used):
        rng = np.random.default_rng([seed, *betas.name(pair)])
        for out, mean, strength in (
            (a, betas.a_mean[pair], betas.a_strength[pair]),
            (b, betas.b_mean[pair], betas.b_strength[pair]),
        ):
            out[i] = rng.beta(mean * strength, (1 - mean) * strength, n_draws)
    # a Beta that piles up at an end draws the end itself
    a, b = (np.clip(draws, 1e-300, 1 - 1e-16) for draws in (a, b))
    n_voices = len(said.llr)
    total = sparse.csr_array(
        (weight, (said.claim, np.arange(n_voices))), shape=(n_claims, n_voices)
    )
    draws = np.empty((n_draws, n_claims))
    at_once = max(1, _BLOCK // max(n_voices, 1))
    for start in range(0, n_draws, at_once):
        some = slice(start, start + at_once)
        llr = log_likelihood_ratio(
            pairs @ a[:, some], pairs @ b[:, some], said.phi[:, None], said.denies[:, None]
        )
        draws[some] = (total @ llr).T
    return draws


def question_spread(
    said: Voices,
    weight: np.ndarray,
    betas: Betas,
    log_odds: np.ndarray,
    alone: np.ndarray,
    questions: Questions,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the claims of the questions with several, and the quantiles of their log-odds.

    Parameters
    ----------
    said : Voices
    weight : float array of shape (n_voices,)
    betas : Betas
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
    claims, tails = [], []
    for some in _blocks(questions):
        at = np.full(len(log_odds), -1)
        at[some] = np.arange(len(some))
        here = np.flatnonzero(at[said.claim] >= 0)
        part = Voices(*(value[here] for value in vars(said).values()))
        part = replace(part, claim=at[part.claim])
        numbers, question = np.unique(questions.question[some], return_inverse=True)
        own = replace(questions, question=question, n_claims=questions.n_claims[numbers])
        means = np.bincount(part.claim, weight[here] * part.llr, len(some))
        draws = drawn_log_odds(part, weight[here], betas, len(some), _N_DRAWS, 0)
        draws += log_odds[some] - means
        against = np.stack([draw - log_alternatives(draw, own) for draw in draws])
        found = log_odds[some] - log_alternatives(log_odds[some], own)
        levels = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
        # what the draws get wrong of a claim by itself, where the closed form knows better
        error = np.quantile(draws, levels, axis=0) - log_odds[some] - alone[:, some]
        claims.append(some)
        tails.append(np.quantile(against, levels, axis=0) - found - error)
    if not claims:
        return np.zeros(0, dtype=int), np.zeros(0), np.zeros(0)
    below, above = np.concatenate(tails, axis=1)
    return np.concatenate(claims), below, above


def _blocks(questions: Questions) -> Iterator[np.ndarray]:
    """Yield the claims of whole questions, few enough at a time for the memory."""
    asked = np.flatnonzero(questions.n_claims[questions.question] > 1)
    asked = asked[np.argsort(questions.question[asked], kind="stable")]
    last = np.flatnonzero(np.diff(questions.question[asked], append=-1)) + 1
    start = 0
    while start < len(asked):
        whole = last[last <= start + 20 * _BLOCK // _N_DRAWS]
        end = int(whole[-1] if len(whole) and whole[-1] > start else last[last > start][0])
        yield asked[start:end]
        start = end
