"""Evidence as a scorer weighs it: the voices with their weights, and what they make of each claim.

Comes in: the evidence table, priors and Betas. Goes out: log-odds, by themselves and against the
other answers to a question, as they are and with something moved.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd
from scipy.special import logit

from sourcescore.confidence.questions import log_alternatives
from sourcescore.confidence.rows import Rows, read_rows
from sourcescore.confidence.voices import Betas, Voices, herd_weights, merge_rows
from sourcescore.priors import Priors

__all__ = ["Weighed"]


@dataclass(frozen=True)
class Weighed:
    """Evidence as a scorer weighs it.

    Attributes
    ----------
    priors : Priors
    betas : Betas
    slope : float
    rho : float array of shape (n_types,)
    rows : Rows
    said : Voices
    weight : float array of shape (n_voices,)
    prior : float
        Log-odds of the claim prior.
    log_odds : float array of shape (n_claims,)
        Of each claim by itself.
    """

    priors: Priors
    betas: Betas
    slope: float
    rho: np.ndarray
    rows: Rows
    said: Voices
    weight: np.ndarray
    prior: float
    log_odds: np.ndarray

    @classmethod
    def of(
        cls,
        evidence: pd.DataFrame,
        priors: Priors,
        betas: Betas,
        slope: float = 1.0,
        copies: Mapping[Any, Any] | None = None,
    ) -> Self:
        """Weigh the evidence.

        Parameters
        ----------
        evidence : DataFrame
        priors : Priors
        betas : Betas
        slope : float, default=1.0
            Of the calibration.
        copies : mapping of source_id to source_id, optional
            Sources that copy, and the one that stands for them.
        """
        rows = read_rows(evidence, priors, copies)
        said = merge_rows(rows, betas)
        rho = np.array([entry.rho for entry in priors.types.values()])
        weight = slope * herd_weights(said, rho)
        prior = float(logit(priors.claim_prior))
        log_odds = prior + np.bincount(said.claim, weight * said.llr, len(rows.claims))
        return cls(priors, betas, slope, rho, rows, said, weight, prior, log_odds)

    def against_others(self, log_odds: np.ndarray | None = None) -> np.ndarray:
        """Return the log-odds against the other answers to the claims' questions as well."""
        log_odds = self.log_odds if log_odds is None else log_odds
        if self.rows.questions is None:
            return log_odds
        return log_odds - log_alternatives(log_odds, self.rows.questions)

    def has_others(self, claim: int) -> bool:
        """Tell whether the question of a claim has other answers; that of -1 has none."""
        questions = self.rows.questions
        if questions is None or claim < 0:
            return False
        return bool(questions.n_claims[questions.question[claim]] > 1)

    def moved(self, claim: np.ndarray, by: np.ndarray, change: np.ndarray) -> np.ndarray:
        """Return the log-odds of claims that something moves, one at a time.

        Parameters
        ----------
        claim, by : int arrays of shape (n,)
            What moves which claim; in a question it may move several.
        change : float array of shape (n,)
            By how much it moves the log-odds of the claim by itself.
        """
        before = self.log_odds[claim]
        questions = self.rows.questions
        if questions is None:
            return before + change
        question = questions.question[claim].astype(np.int64)
        worlds, world = np.unique(
            question * (by.max(initial=0) + 1) + by, return_inverse=True
        )  # in each something has moved in one question
        asked = np.zeros(len(worlds), dtype=np.int64)
        asked[world] = question
        order = np.argsort(questions.question, kind="stable")
        first = np.searchsorted(questions.question[order], np.arange(len(questions.n_claims)))
        place = np.empty(len(order), dtype=np.int64)  # of a claim among those of its question
        place[order] = np.arange(len(order)) - first[questions.question[order]]
        size = questions.n_claims[asked]
        out = np.empty(len(claim))
        ends = np.cumsum(size)
        block = (ends - size) // _WORLDS_AT_ONCE
        for number in np.unique(block):
            worlds_here = np.flatnonzero(block == number)
            sizes = size[worlds_here]
            own = np.repeat(np.arange(len(sizes)), sizes)
            start = np.cumsum(sizes) - sizes
            step = np.arange(len(own)) - start[own]
            moved = self.log_odds[order[first[asked[worlds_here]][own] + step]]
            keys = np.flatnonzero(block[world] == number)
            at = start[world[keys] - worlds_here[0]] + place[claim[keys]]
            np.add.at(moved, at, change[keys])
            here = replace(questions, question=own, n_claims=sizes)
            out[keys] = (moved - log_alternatives(moved, here))[at]
        return out


#: So many claims of questions in which something moves are looked at together.
_WORLDS_AT_ONCE = 1_000_000
