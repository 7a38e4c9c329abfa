"""What has been learned of types and sources, and of what.

Comes out of `sourcescore.confidence.truth_discovery`; goes into the scorer, into a file, and back
into learning when there is more to learn from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd
from scipy.special import betaincinv

from sourcescore.confidence.voices import Betas, prior_betas
from sourcescore.priors import BetaPrior, Priors, TypePrior
from sourcescore.tables import object_array

__all__ = ["ClaimCounts", "Counts", "Learned", "Pairs", "Side", "learned_betas"]


@dataclass(frozen=True)
class Pairs:
    """The pairs of Betas that are learned: one for each source and type (and answer), sorted.

    Attributes
    ----------
    sources, answers : Index
        The first answer, the empty one, stands for all that do not recur.
    n_types : int
    source, kind, answer : int arrays of shape (n_pairs,)
    base : int array of shape (n_pairs,)
        The prior pair that each is shrunk to: that of its type, or the source's own.
    """

    sources: pd.Index
    answers: pd.Index
    n_types: int
    source: np.ndarray
    kind: np.ndarray
    answer: np.ndarray
    base: np.ndarray

    @property
    def keys(self) -> np.ndarray:
        """(source * n_types + type) * n_answers + answer, rising."""
        return (self.source * np.int64(self.n_types) + self.kind) * len(self.answers) + self.answer

    @property
    def typed(self) -> np.ndarray:
        """Which pairs are shrunk to those of their type."""
        return self.base < self.n_types

    def __len__(self) -> int:
        return len(self.source)


@dataclass(frozen=True)
class Side:
    """How often claims are supported that are true (side a), or that are false (side b).

    Attributes
    ----------
    centre, kappa : float arrays of shape (n_types,)
        Mean of the type, and the strength of the Beta that its sources are drawn from.
    mean : float array of shape (n_pairs,)
        Posterior mean of the source.
    weight : float array of shape (n_pairs,)
        What the mean was divided by: kappa and the statements.
    strength : float array of shape (n_pairs,)
        Strength of the posterior: less than the weight, as the truth of the claims and the mean
        of the type are uncertain too.
    """

    centre: np.ndarray
    kappa: np.ndarray
    mean: np.ndarray
    weight: np.ndarray
    strength: np.ndarray

    @classmethod
    def prior(cls, mean: np.ndarray, strength: np.ndarray, pairs: Pairs) -> Self:
        """Return what the priors say, given means and strengths of the prior pairs."""
        n, base = pairs.n_types, pairs.base
        return cls(mean[:n], strength[:n], mean[base], strength[base], strength[base])

    def placed(self, old: Side, at: np.ndarray, pairs: Pairs) -> Side:
        """Return `old` over these pairs; of new sources only the type is known."""

        def place(new: np.ndarray, of_type: np.ndarray, old: np.ndarray) -> np.ndarray:
            new = np.where(pairs.typed, of_type[pairs.kind], new)
            new[at] = old
            return new

        return Side(
            centre=old.centre,
            kappa=old.kappa,
            mean=place(self.mean, old.centre, old.mean),
            weight=place(self.weight, old.kappa, old.weight),
            strength=place(self.strength, old.kappa, old.strength),
        )


@dataclass(frozen=True)
class Counts:
    """Expected counts of statements: all of them and those that support, on true and false claims.

    Attributes
    ----------
    true, supported_true, false, supported_false : float arrays of shape (n_pairs,)
    """

    true: np.ndarray
    supported_true: np.ndarray
    false: np.ndarray
    supported_false: np.ndarray

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(self.stacked + other.stacked))

    @property
    def stacked(self) -> np.ndarray:
        """The four, in an array of shape (4, n_pairs)."""
        return np.stack([self.true, self.supported_true, self.false, self.supported_false])


@dataclass(frozen=True)
class ClaimCounts:
    """What the claim prior is learned from.

    Attributes
    ----------
    n_true : float
        Expected number of true claims.
    sizes, numbers : int arrays of one length
        Sizes of the questions, and how many there are of each; a claim by itself is one of size 1.
    """

    n_true: float
    sizes: np.ndarray
    numbers: np.ndarray

    def __add__(self, other: ClaimCounts) -> ClaimCounts:
        sizes, at = np.unique(np.append(self.sizes, other.sizes), return_inverse=True)
        numbers = np.bincount(at, np.append(self.numbers, other.numbers), len(sizes))
        return ClaimCounts(self.n_true + other.n_true, sizes, numbers.astype(int))


@dataclass(frozen=True)
class Learned:
    """What was learned, and all that it takes to go on from there.

    Attributes
    ----------
    pairs : Pairs
    a, b : Side
    counts : Counts
        Behind each pair.
    discounted : Counts
        The same with each voice's share in its herd: what it tells of the type.
    information : float array of shape (3, n_pairs)
        What the statements are worth, had the truth been known, for a, b and both together.
    claims : ClaimCounts
    agreement : float array of shape (2, 3, n_types)
        Sums behind rho and working_rho: products of residuals, what they would be at correlation
        1, herds.
    claim_prior : float
    rho, working_rho : float arrays of shape (n_types,)
    truth : float array of shape (n_claims,)
        Probability of each claim, 0 or 1 where it was known.
    n_iter : int
    """

    pairs: Pairs
    a: Side
    b: Side
    counts: Counts
    discounted: Counts
    information: np.ndarray
    claims: ClaimCounts
    agreement: np.ndarray
    claim_prior: float
    rho: np.ndarray
    working_rho: np.ndarray
    truth: np.ndarray
    n_iter: int

    @classmethod
    def nothing(cls, pairs: Pairs, priors: Priors) -> Self:
        """Return what there is before anything is learned: the priors."""
        betas = prior_betas(priors)
        rho = np.array([entry.rho for entry in priors.types.values()])
        none = np.zeros(0, dtype=int)
        return cls(
            pairs=pairs,
            a=Side.prior(betas.a_mean, betas.a_strength, pairs),
            b=Side.prior(betas.b_mean, betas.b_strength, pairs),
            counts=Counts(*np.zeros((4, len(pairs)))),
            discounted=Counts(*np.zeros((4, len(pairs)))),
            information=np.zeros((3, len(pairs))),
            claims=ClaimCounts(0.0, none, none),
            agreement=np.zeros((2, 3, pairs.n_types)),
            claim_prior=priors.claim_prior,
            rho=rho,
            working_rho=rho,
            truth=np.zeros(0),
            n_iter=0,
        )

    def over(self, pairs: Pairs, at: np.ndarray, priors: Priors) -> Self:
        """Return the same over more pairs; `at` says where those of before are among them."""

        def place(old: np.ndarray) -> np.ndarray:
            new = np.zeros((len(old), len(pairs)))
            new[:, at] = old
            return new

        start = Learned.nothing(pairs, priors)
        return replace(
            self,
            pairs=pairs,
            a=start.a.placed(self.a, at, pairs),
            b=start.b.placed(self.b, at, pairs),
            counts=Counts(*place(self.counts.stacked)),
            discounted=Counts(*place(self.discounted.stacked)),
            information=place(self.information),
        )

    def type_priors(self, priors: Priors) -> dict[str, TypePrior]:
        """Return the types as priors for sources that nothing is known of yet."""
        return {
            name: TypePrior(
                _beta(self.a.centre[k], self.a.kappa[k]),
                _beta(self.b.centre[k], self.b.kappa[k]),
                float(self.rho[k]),
            )
            for k, name in enumerate(priors.types)
        }

    def track_record(self, priors: Priors) -> pd.DataFrame:
        """Return the posteriors of the sources, as `ClaimScorer.track_record_`."""
        pairs, counts = self.pairs, self.counts
        names = np.array([*priors.types], dtype=object)
        columns: dict[str, Any] = {"type": names[pairs.kind]}
        if len(pairs.answers) > 1:
            columns["answer"] = pairs.answers[pairs.answer]
        return pd.DataFrame(
            {
                **columns,
                **_beta_columns("sensitivity", self.a.mean, self.a.strength),
                **_beta_columns("specificity", 1 - self.b.mean, self.b.strength),
                "n_true": counts.true,
                "n_false": counts.false,
                "n_supported_true": counts.supported_true,
                "n_denied_false": counts.false - counts.supported_false,
            },
            index=pd.Index(pairs.sources[pairs.source], name="source_id"),
        )

    def to_data(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Return the arrays, and the names and numbers, that `from_data` reads."""
        arrays = {
            "pairs": np.stack([getattr(self.pairs, name) for name in _PAIR_ARRAYS]),
            "counts": self.counts.stacked,
            "discounted": self.discounted.stacked,
            "information": self.information,
            "agreement": self.agreement,
            "claims": np.stack([self.claims.sizes, self.claims.numbers]),
            "rho": np.stack([self.rho, self.working_rho]),
        }
        for name in ("a", "b"):
            side = getattr(self, name)
            arrays[f"{name}_types"] = np.stack([side.centre, side.kappa])
            arrays[f"{name}_pairs"] = np.stack([side.mean, side.weight, side.strength])
        return arrays, {
            "sources": self.pairs.sources.tolist(),
            "answers": [*self.pairs.answers],
            "n_types": self.pairs.n_types,
            "n_true": self.claims.n_true,
            "claim_prior": self.claim_prior,
            "n_iter": self.n_iter,
        }

    @classmethod
    def from_data(cls, arrays: Mapping[str, np.ndarray], names: Mapping[str, Any]) -> Self:
        """Return what `to_data` was given, but for the truth of single claims."""
        sources, answers = (
            pd.Index(object_array(names[name]), dtype=object) for name in ("sources", "answers")
        )
        rho, working_rho = arrays["rho"]
        return cls(
            pairs=Pairs(sources, answers, names["n_types"], *arrays["pairs"]),
            a=Side(*arrays["a_types"], *arrays["a_pairs"]),
            b=Side(*arrays["b_types"], *arrays["b_pairs"]),
            counts=Counts(*arrays["counts"]),
            discounted=Counts(*arrays["discounted"]),
            information=arrays["information"],
            claims=ClaimCounts(names["n_true"], *arrays["claims"]),
            agreement=arrays["agreement"],
            claim_prior=names["claim_prior"],
            rho=rho,
            working_rho=working_rho,
            truth=np.zeros(0),
            n_iter=names["n_iter"],
        )


_PAIR_ARRAYS = ("source", "kind", "answer", "base")


def learned_betas(priors: Priors, learned: Learned) -> Betas:
    """Return the pairs of the priors, and those of the sources with a track record."""
    prior, pairs = prior_betas(priors), learned.pairs
    return Betas(
        np.append(prior.a_mean, learned.a.mean),
        np.append(prior.a_strength, learned.a.strength),
        np.append(prior.b_mean, learned.b.mean),
        np.append(prior.b_strength, learned.b.strength),
        prior.n_types,
        pairs.sources,
        pairs.answers,
        pairs.keys,
    )


def _beta(mean: float, strength: float) -> BetaPrior:
    """Return a prior within the numbers that priors allow."""
    mean = float(np.clip(mean, np.finfo(float).tiny, np.nextafter(1, 0)))
    return BetaPrior(mean, float(np.clip(strength, 1e-300, 1e12)))


def _beta_columns(name: str, mean: np.ndarray, strength: np.ndarray) -> dict[str, Any]:
    # rounding may have left nothing on one side
    alpha = np.maximum(mean * strength, 1e-300)
    beta = np.maximum((1 - mean) * strength, 1e-300)
    return {
        name: mean,
        f"{name}_low": np.minimum(np.nan_to_num(betaincinv(alpha, beta, 0.05)), mean),
        f"{name}_high": np.maximum(np.nan_to_num(betaincinv(alpha, beta, 0.95), nan=1.0), mean),
        f"{name}_strength": strength,
    }
