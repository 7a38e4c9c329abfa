"""Learn who is right: types, sources and the truth of claims, together.

Comes in: voices (`sourcescore.confidence.voices`) and what is known of the claims' truth. Goes out:
the claim prior, the numbers of each type and the track record of each source.

The model is that of Dawid and Skene (1979), *Maximum likelihood estimation of observer error-rates
using the EM algorithm*, for two values, with hierarchical Beta priors (Raykar et al. 2010): the
pair of Betas of a source is centred on that of its type, whose centre has a Beta prior itself.
A claim of known truth counts in full, one of unknown truth with its probability (the E step).
A voice counts phi, what of it arrives; towards its type it counts phi w, as herding discounts it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import optimize, sparse
from scipy.special import betaincinv, expit, logit

from sourcescore.confidence.voices import (
    Betas,
    Rows,
    Voices,
    design_weights,
    log_likelihood_ratio,
    merge_rows,
    prior_betas,
)
from sourcescore.priors import BetaPrior, Priors, TypePrior
from sourcescore.tables import object_array

__all__ = ["Learned", "Problem", "cross_fit", "learned_betas"]


@dataclass(frozen=True)
class Counts:
    """Expected counts of statements: all of them and those that support, on true and false claims.

    Attributes
    ----------
    true, supported_true, false, supported_false : float arrays of one length
    """

    true: np.ndarray
    supported_true: np.ndarray
    false: np.ndarray
    supported_false: np.ndarray


@dataclass(frozen=True)
class Learned:
    """What `Problem.learn` found.

    Attributes
    ----------
    claim_prior : float
    types, sources : Counts
        Behind each type, and behind each pair of source and type.
    a, b : float arrays of shape (n_pairs,)
        Posterior means of each pair of source and type.
    n_iter : int
    """

    claim_prior: float
    types: Counts
    sources: Counts
    a: np.ndarray
    b: np.ndarray
    n_iter: int


@dataclass(frozen=True)
class Problem:
    """Voices, and the pairs of source and type that they belong to.

    Attributes
    ----------
    said : Voices
    priors : Priors
    claims, sources : Index
    weight : float array of shape (n_voices,)
        What herding leaves of each voice, shared evenly in a herd.
    own : sparse array of shape (n_voices, n_pairs)
        Probability of each pair of source and type.
    source, kind : int arrays of shape (n_pairs,)
        The source and the type of each pair.
    base : int array of shape (n_pairs,)
        The prior pair of Betas that each is shrunk to.
    betas : Betas
        The prior ones.
    """

    said: Voices
    priors: Priors
    claims: pd.Index
    sources: pd.Index
    weight: np.ndarray
    own: sparse.csr_array
    source: np.ndarray
    kind: np.ndarray
    base: np.ndarray
    betas: Betas

    @classmethod
    def build(cls, rows: Rows, priors: Priors) -> Problem:
        """Merge the rows into voices, as the priors weigh them."""
        betas = prior_betas(priors)
        said = merge_rows(rows, betas)
        source = np.repeat(said.source, np.diff(said.types.indptr))
        # as np.unique(return_inverse=True), by hashing: half the time and memory of sorting
        own, keys = pd.factorize(source * np.int64(betas.n_types) + said.types.indices)
        base = np.empty(len(keys), dtype=int)
        base[own] = said.pairs.indices
        shape = (len(said.llr), len(keys))
        return cls(
            said=said,
            priors=priors,
            claims=rows.claims,
            sources=rows.sources,
            weight=design_weights(said, np.array([t.rho for t in priors.types.values()])),
            own=sparse.csr_array((said.types.data, own, said.types.indptr), shape=shape),
            source=keys // betas.n_types,
            kind=keys % betas.n_types,
            base=base,
            betas=betas,
        )

    def learn(self, known: np.ndarray, max_iter: int, tol: float) -> Learned:
        """Run expectation maximisation.

        Parameters
        ----------
        known : float array of shape (n_claims,)
            1 true, 0 false, NaN not known.
        max_iter : int
        tol : float
            Stop when no claim's probability moves by more.
        """
        unknown = np.isnan(known)
        prior = self.betas
        start = self._log_odds(
            self.priors.claim_prior, prior.a_mean[self.base], prior.b_mean[self.base]
        )
        truth = np.where(unknown, expit(start), known)
        for n_iter in range(1, max_iter + 1):
            learned = self._maximise(truth, n_iter)
            if not unknown.any():
                break
            expected = np.where(unknown, expit(self.log_odds(learned)), known)
            change = np.abs(expected - truth).max()
            truth = expected
            if change <= tol:
                break
        return learned

    def log_odds(self, learned: Learned) -> np.ndarray:
        """Return the log-odds of each claim (the E step)."""
        return self._log_odds(learned.claim_prior, learned.a, learned.b)

    def _log_odds(self, claim_prior: float, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        said = self.said
        llr = log_likelihood_ratio(self.own @ a, self.own @ b, said.phi, said.denies)
        return logit(claim_prior) + np.bincount(said.claim, self.weight * llr, len(self.claims))

    def _maximise(self, truth: np.ndarray, n_iter: int) -> Learned:
        """Return posterior means given the probability of each claim (the M step)."""
        strength = self.priors.claim_prior_strength
        claim_prior = (self.priors.claim_prior * strength + truth.sum()) / (strength + len(truth))
        types = self._counts(self.said.types, self.said.phi * self.weight, truth)
        sources = self._counts(self.own, self.said.phi, truth)
        a, b = self._centres(types)
        base, betas = self.base, self.betas
        a = _shrunk(a[base], betas.a_strength[base], sources.supported_true, sources.true)
        b = _shrunk(b[base], betas.b_strength[base], sources.supported_false, sources.false)
        return Learned(float(claim_prior), types, sources, a, b, n_iter)

    def _counts(self, groups: sparse.csr_array, mass: np.ndarray, truth: np.ndarray) -> Counts:
        on_true = mass * truth[self.said.claim]
        supports = ~self.said.denies
        true, supported_true = groups.T @ on_true, groups.T @ (on_true * supports)
        on_false = mass - on_true
        return Counts(true, supported_true, groups.T @ on_false, groups.T @ (on_false * supports))

    def _centres(self, types: Counts) -> tuple[np.ndarray, np.ndarray]:
        """Return the means of the prior pairs, those of the types learned."""
        betas, n = self.betas, self.betas.n_types
        a, b = betas.a_mean.copy(), betas.b_mean.copy()
        a[:n] = _shrunk(a[:n], betas.a_strength[:n], types.supported_true, types.true)
        b[:n] = _shrunk(b[:n], betas.b_strength[:n], types.supported_false, types.false)
        return a, b

    def type_priors(self, learned: Learned) -> dict[str, TypePrior]:
        """Return the posteriors of the types."""
        a, b = self._centres(learned.types)
        n_true, n_false = learned.types.true, learned.types.false
        return {
            name: TypePrior(
                BetaPrior(float(a[k]), float(old.supports_if_true.strength + n_true[k])),
                BetaPrior(float(b[k]), float(old.supports_if_false.strength + n_false[k])),
                old.rho,
            )
            for k, (name, old) in enumerate(self.priors.types.items())
        }

    def track_record(self, learned: Learned) -> pd.DataFrame:
        """Return the posteriors of the sources, as `ClaimScorer.track_record_`."""
        counts, base = learned.sources, self.base
        names = np.array([*self.priors.types], dtype=object)
        sensitivity_strength = self.betas.a_strength[base] + counts.true
        specificity_strength = self.betas.b_strength[base] + counts.false
        return pd.DataFrame(
            {
                "type": names[self.kind],
                **_beta_columns("sensitivity", learned.a, sensitivity_strength),
                **_beta_columns("specificity", 1 - learned.b, specificity_strength),
                "n_true": counts.true,
                "n_false": counts.false,
                "n_supported_true": counts.supported_true,
                "n_denied_false": counts.false - counts.supported_false,
            },
            index=pd.Index(self.sources[self.source], name="source_id"),
        )


def learned_betas(priors: Priors, track_record: pd.DataFrame) -> Betas:
    """Return the pairs of the priors, and those of the sources with a track record."""
    base = prior_betas(priors)
    record, learned = pd.factorize(track_record.index)
    pairs = np.full((len(learned), base.n_types), -1)
    kinds = pd.Index([*priors.types]).get_indexer(pd.Index(track_record["type"]))
    pairs[record, kinds] = len(base.a_mean) + np.arange(len(record))
    return Betas(
        np.append(base.a_mean, track_record["sensitivity"]),
        np.append(base.a_strength, track_record["sensitivity_strength"]),
        np.append(base.b_mean, 1 - track_record["specificity"]),
        np.append(base.b_strength, track_record["specificity_strength"]),
        base.n_types,
        pd.Index(learned),
        pairs,
    )


def cross_fit(
    problem: Problem,
    known: np.ndarray,
    cv: int,
    rng: np.random.RandomState,
    max_iter: int,
    tol: float,
) -> tuple[float, float]:
    """Return slope and offset, learned on log-odds that each known claim gets when held out.

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
        held_out[fold == i] = problem.log_odds(learned)[at[fold == i]]
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


def _shrunk(
    mean: np.ndarray, strength: np.ndarray, hits: np.ndarray, trials: np.ndarray
) -> np.ndarray:
    """Return the posterior mean of a Beta after `hits` in `trials`."""
    return (mean * strength + hits) / (strength + trials)


def _beta_columns(name: str, mean: np.ndarray, strength: np.ndarray) -> dict[str, Any]:
    alpha, beta = mean * strength, (1 - mean) * strength
    return {
        name: mean,
        f"{name}_low": betaincinv(alpha, beta, 0.05),
        f"{name}_high": betaincinv(alpha, beta, 0.95),
        f"{name}_strength": strength,
    }
