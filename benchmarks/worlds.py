"""Is ClaimScorer calibrated in worlds drawn from its own model? Markdown tables.

usage: python benchmarks/worlds.py [PART ...]

PART is any of priors, intervals, learned, herds, questions; by default all, about three minutes on
one core. Seeds are fixed. In all tables

ECE       the expected calibration error in ten bins; ``by chance`` is what a forecast that is
          right would have with so many claims, so that only more than that is an error;
oracle    whoever knows the a and b that were drawn for each source, and whom others may repeat;
covered   how often what is between low and high truly is there, which should be 0.90.
"""

from __future__ import annotations

import argparse
import inspect
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from sourcescore.confidence import ClaimScorer
from sourcescore.priors import Priors

Means = tuple[float, float]

#: P(supports | true) and P(supports | false): usual, weak, excellent, credulous, almost nothing.
CORNERS: tuple[Means, ...] = ((0.8, 0.4), (0.65, 0.5), (0.95, 0.2), (0.9, 0.6), (0.55, 0.45))
#: What nobody who does not know the types would be far off with.
VAGUE: Means = (0.75, 0.45)
Z90 = 1.6449


def ece(truth: np.ndarray, confidence: np.ndarray, n_bins: int = 10) -> tuple[float, float]:
    """Return the calibration error, and what a right forecast would have by chance."""
    at = np.minimum((confidence * n_bins).astype(int), n_bins - 1)
    off = np.abs(np.bincount(at, truth - confidence, n_bins)).sum()
    chance = np.sqrt(2 / np.pi * np.bincount(at, confidence * (1 - confidence), n_bins)).sum()
    return float(off / len(truth)), float(chance / len(truth))


def markdown(table: pd.DataFrame, decimals: int = 3) -> str:
    """Return a table as markdown."""
    form = f"{{:.{decimals}f}}".format
    rows = [
        [form(x) if isinstance(x, float) else str(x) for x in row]
        for row in table.itertuples(index=False)
    ]
    lines = [[*map(str, table.columns)], ["---"] * len(table.columns), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def priors_of(
    means: Sequence[Means], strength: float, claim_prior: float = 0.5, rho: float = 0.0
) -> Priors:
    """Return priors with the types t0, t1, ..."""
    types = {
        f"t{k}": {
            "supports_if_true": {"mean": a, "strength": strength},
            "supports_if_false": {"mean": b, "strength": strength},
            "rho": rho,
        }
        for k, (a, b) in enumerate(means)
    }
    return Priors({"claim_prior": claim_prior, "types": types})


def betas(rng: np.random.Generator, mean: Any, strength: float, size: Any = None) -> np.ndarray:
    mean = np.asarray(mean)
    return rng.beta(mean * strength, (1 - mean) * strength, size)


def hedged(a: np.ndarray, b: np.ndarray, phi: float) -> tuple[np.ndarray, np.ndarray]:
    """Return how often what arrives supports a true and a false claim."""
    middle = (a + b) / 2
    return phi * a + (1 - phi) * middle, phi * b + (1 - phi) * middle


def log_ratio(a: np.ndarray, b: np.ndarray, supports: np.ndarray) -> np.ndarray:
    """Return what a statement tells whoever knows a and b."""
    # of extreme draws, log 0 - log 0 would be nothing
    a, b = np.clip(a, 1e-300, 1 - 1e-16), np.clip(b, 1e-300, 1 - 1e-16)
    return np.where(supports, np.log(a / b), np.log1p(-a) - np.log1p(-b))


# ---------------------------------------------------------------- on the priors alone


def patterns(priors: Priors, n_voices: int, phi: float) -> pd.DataFrame:
    """Return the score of a claim by how many of its voices support it, each of another type."""
    rows = [
        (f"c{k}", f"s{i}", f"t{i}", "supports" if i < k else "denies", phi)
        for k in range(n_voices + 1)
        for i in range(n_voices)
    ]
    columns = ["claim_id", "source_id", "type", "stance", "certainty"]
    return ClaimScorer(priors).predict(pd.DataFrame(rows, columns=columns))


def prior_world(
    rng: np.random.Generator,
    scored: pd.DataFrame,
    a: np.ndarray,
    b: np.ndarray,
    phi: float,
    claim_prior: float,
) -> dict[str, float]:
    """Return how right the scores are where the voices' a and b, (n_claims, n_voices), are such."""
    truth = rng.random(len(a)) < claim_prior
    a, b = hedged(a, b, phi)
    supports = rng.random(a.shape) < np.where(truth[:, None], a, b)
    n_supports = supports.sum(axis=1)
    confidence = scored.confidence.to_numpy()[n_supports]
    oracle = expit(logit(claim_prior) + log_ratio(a, b, supports).sum(axis=1))
    low, high = scored.low.to_numpy()[n_supports], scored.high.to_numpy()[n_supports]
    error, chance = ece(truth, confidence)
    return {
        "ECE": error,
        "by chance": chance,
        "oracle ECE": ece(truth, oracle)[0],
        "below": float((oracle < low).mean()),
        "above": float((oracle > high).mean()),
    }


WHERE = ("a, b", "strength", "phi", "claim prior", "voices")


def on_priors(n_claims: int = 150_000) -> None:
    """Corners of all parameters; each claim hears one source of each of several types."""
    rng = np.random.default_rng(1)
    worlds: list[dict[str, Any]] = []
    for means, strength in product(CORNERS, (2.0, 10.0, 40.0)):
        a, b = (betas(rng, mean, strength, (n_claims, 6)) for mean in means)
        for phi, claim_prior, n_voices in product((1.0, 0.5, 0.2), (0.5, 0.2, 0.05), (1, 3, 6)):
            priors = priors_of([means] * n_voices, strength, claim_prior)
            scored = patterns(priors, n_voices, phi)
            found = prior_world(rng, scored, a[:, :n_voices], b[:, :n_voices], phi, claim_prior)
            where = (f"{means[0]}, {means[1]}", strength, phi, claim_prior, n_voices)
            worlds.append(dict(zip(WHERE, where, strict=True)) | found)
    table = pd.DataFrame(worlds)
    table["covered"] = 1 - table["below"] - table["above"]
    for by in ("phi", "claim prior", "voices", "a, b"):
        print(markdown(summary(table, ["strength", by])))
    print("The five worst worlds of each strength, by ECE beyond chance and by coverage:\n")
    excess = table["ECE"] - 2 * table["by chance"]
    for _, group in table.groupby("strength"):
        worst = [
            *excess[group.index].nlargest(5).index,
            *(group["covered"] - 0.9).abs().nlargest(5).index,
        ]
        print(markdown(table.loc[worst]))


def summary(worlds: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return means over worlds, and the worst."""
    groups = worlds.groupby(by, sort=False)
    return groups.agg(
        **{
            "worlds": ("ECE", "size"),
            "ECE": ("ECE", "mean"),
            "worst ECE": ("ECE", "max"),
            "by chance": ("by chance", "mean"),
            "oracle ECE": ("oracle ECE", "mean"),
            "covered": ("covered", "mean"),
            "least": ("covered", "min"),
            "most": ("covered", "max"),
            "oracle below low": ("below", "mean"),
            "above high": ("above", "mean"),
        }
    ).reset_index()


# ---------------------------------------------------------------- closed form against Monte Carlo


def random_table(
    rng: np.random.Generator,
    n_claims: int,
    n_types: int,
    *,
    hedges: bool,
    mixtures: bool,
    questions: bool,
) -> pd.DataFrame:
    """Return evidence with 1 to 8 voices a claim, most of them shared types."""
    claim = np.repeat(np.arange(n_claims), rng.integers(1, 9, n_claims))
    n = len(claim)
    kind = rng.integers(0, n_types, n)
    table = pd.DataFrame(
        {
            "claim_id": [f"c{i}" for i in claim],
            "source_id": [f"s{i}" for i in range(n)],
            "type": [f"t{k}" for k in kind],
            "stance": np.where(rng.random(n) < 0.65, "supports", "denies"),
            "certainty": rng.uniform(0.1, 1.0, n) if hedges else 1.0,
        }
    )
    if mixtures:
        share, other = rng.uniform(0.3, 1.0, n), (kind + rng.integers(1, n_types, n)) % n_types
        table["type_proba"] = pd.Series(
            [{f"t{k}": p, f"t{j}": 1 - p} for k, j, p in zip(kind, other, share, strict=True)]
        )
    if questions:
        question = np.repeat(np.arange(n_claims), rng.integers(2, 7, n_claims))[:n_claims]
        table["question_id"] = [f"q{question[i]}" for i in claim]
    return table


def interval_errors(
    rng: np.random.Generator,
    strength: float,
    rho: float,
    n_draws: int,
    n_claims: int,
    **kinds: bool,
) -> tuple[np.ndarray, float]:
    """Return |closed form - Monte Carlo| of each end, and how far two halves of it are apart."""
    n_types = 10
    means = [*zip(rng.uniform(0.5, 0.95, n_types), rng.uniform(0.2, 0.65, n_types), strict=True)]
    scorer = ClaimScorer(priors_of(means, strength, float(rng.choice([0.5, 0.2])), rho))
    table = random_table(rng, n_claims, n_types, **kinds)
    ends = scorer.predict(table)[["low", "high"]].to_numpy().T
    draws = scorer.sample(table, n_draws, random_state=0).to_numpy()
    found = np.quantile(draws, [0.05, 0.95], axis=0)
    halves = [np.quantile(part, [0.05, 0.95], axis=0) for part in np.split(draws, 2)]
    # the halves differ twice as much as the whole is off
    return np.abs(ends - found).ravel(), float(np.abs(halves[0] - halves[1]).mean() / 2)


def on_intervals(n_draws: int = 10_000, n_claims: int = 150, n_tables: int = 4) -> None:
    """`predict` beside the quantiles of `sample`, over random evidence tables."""
    rng, rows = np.random.default_rng(2), []
    every = {"hedges": True, "mixtures": True, "questions": False}
    none = dict.fromkeys(every, False)
    tables: dict[str, tuple[float, dict[str, bool]]] = {
        "one pair of Betas a type": (0.0, none),
        "... and herding": (0.4, none),
        "... and phi < 1": (0.0, none | {"hedges": True}),
        "... and mixtures": (0.0, none | {"mixtures": True}),
        "... and questions": (0.0, none | {"questions": True}),
        "all but questions": (0.4, every),
        "all": (0.4, every | {"questions": True}),
    }
    for strength, (name, (rho, kinds)) in product((2.0, 5.0, 10.0, 40.0), tables.items()):
        found = [
            interval_errors(rng, strength, rho, n_draws, n_claims, **kinds) for _ in range(n_tables)
        ]
        errors = np.concatenate([errors for errors, _ in found])
        rows.append(
            {
                "strength": strength,
                "tables": name,
                "mean": float(errors.mean()),
                "99th percentile": float(np.quantile(errors, 0.99)),
                "most": float(errors.max()),
                "above 0.02": float((errors > 0.02).mean()),
                "draws' own noise, mean": float(np.mean([noise for _, noise in found])),
            }
        )
    print(markdown(pd.DataFrame(rows)))


# ---------------------------------------------------------------- learned


@dataclass(frozen=True)
class World:
    """Sources with their own a and b.

    Attributes
    ----------
    means : list of pairs of float
        a and b of each type.
    kind : int array of shape (n_sources,)
    a, b : float arrays of shape (n_sources,)
    """

    means: list[Means]
    kind: np.ndarray
    a: np.ndarray
    b: np.ndarray

    @classmethod
    def draw(cls, rng: np.random.Generator, n_sources: int, n_types: int, strength: float) -> World:
        means = [CORNERS[k % len(CORNERS)] for k in range(n_types)]
        kind = np.arange(n_sources) % n_types
        a, b = (betas(rng, mean, strength)[0] for mean in np.array(means)[kind].T[:, None])
        return cls(means, kind, a, b)

    def claims(
        self, rng: np.random.Generator, n_claims: int, n_voices: int, name: str, rho: float = 0.0
    ) -> Heard:
        """Draw claims and who says what on them.

        With probability rho a source says what the first of its type said on the claim.
        """
        truth = rng.random(n_claims) < 0.5
        source = rng.random((n_claims, len(self.a))).argpartition(n_voices, axis=1)[:, :n_voices]
        a, b, kind = self.a[source], self.b[source], self.kind[source]
        supports = rng.random(source.shape) < np.where(truth[:, None], a, b)
        if rho == 0:
            ratio = log_ratio(a, b, supports).sum(axis=1)
        else:
            first = (kind[:, :, None] == kind[:, None, :]).argmax(axis=2)
            leader = np.take_along_axis(supports, first, axis=1)
            repeats = (rng.random(source.shape) < rho) & (first != np.arange(n_voices))
            supports = np.where(repeats, leader, supports)
            led = rho * (first != np.arange(n_voices))
            true, false = (
                led * (supports == leader) + (1 - led) * np.where(supports, x, 1 - x)
                for x in (a, b)
            )
            ratio = (np.log(np.maximum(true, 1e-300)) - np.log(np.maximum(false, 1e-300))).sum(
                axis=1
            )
        ids = np.array([f"{name}{i}" for i in range(n_claims)], dtype=object)
        evidence = pd.DataFrame(
            {
                "claim_id": np.repeat(ids, n_voices),
                "source_id": [f"s{i}" for i in source.ravel()],
                "type": [f"t{k}" for k in kind.ravel()],
                "stance": np.where(supports.ravel(), "supports", "denies"),
            }
        )
        return Heard(evidence, pd.Series(truth, ids), expit(ratio))


@dataclass(frozen=True)
class Heard:
    """Evidence on claims, their truth and the oracle's confidence."""

    evidence: pd.DataFrame
    truth: pd.Series
    oracle: np.ndarray


@dataclass(frozen=True)
class Judged:
    """Scores beside truth and oracle, for some claims."""

    truth: np.ndarray
    oracle: np.ndarray
    scored: pd.DataFrame


def judge(scorer: ClaimScorer, heard: Heard, at: np.ndarray | None = None) -> Judged:
    at = np.ones(len(heard.truth), dtype=bool) if at is None else at
    scored = scorer.predict(heard.evidence, heard.truth.index)
    return Judged(heard.truth.to_numpy()[at], heard.oracle[at], scored[at])


def masked(rng: np.random.Generator, truth: pd.Series, share: float) -> pd.Series:
    return truth.astype(object).where(rng.random(len(truth)) < share)


def fit_and_judge(
    rng: np.random.Generator, world: World, priors: Priors, share: float
) -> tuple[ClaimScorer, Judged, Judged]:
    """Fit with some truth known; judge the other claims (if all are known, none) and fresh ones."""
    heard = world.claims(rng, 2000, 5, "c")
    known = masked(rng, heard.truth, share)
    scorer = ClaimScorer(priors).fit(heard.evidence, None if share == 0 else known)
    inside = judge(scorer, heard, known.isna().to_numpy())
    return scorer, inside, judge(scorer, world.claims(rng, 2000, 5, "fresh"))


def pooled(judged: Iterable[Judged]) -> dict[str, float]:
    """Return the figures of all these claims together."""
    judged = list(judged)
    truth = np.concatenate([j.truth for j in judged])
    oracle = np.concatenate([j.oracle for j in judged])
    confidence, low, high = (
        np.concatenate([j.scored[name].to_numpy() for j in judged])
        for name in ("confidence", "low", "high")
    )
    error, chance = ece(truth, confidence)
    return {
        "ECE": error,
        "by chance": chance,
        "oracle ECE": ece(truth, oracle)[0],
        "Brier": float(((confidence - truth) ** 2).mean()),
        "oracle's": float(((oracle - truth) ** 2).mean()),
        "oracle covered": float(((oracle >= low) & (oracle <= high)).mean()),
    }


def records_covered(scorer: ClaimScorer, world: World) -> list[float]:
    """Return the share of sources whose a, and whose b, the track record's intervals hold."""
    record, out = scorer.track_record_, []
    source = record.index.str[1:].astype(int)
    for name, true in (("sensitivity", world.a[source]), ("specificity", 1 - world.b[source])):
        inside = (true >= record[f"{name}_low"]) & (true <= record[f"{name}_high"])
        out.append(float(inside.mean()))
    return out


def types_covered(scorer: ClaimScorer, world: World, strength: float) -> np.ndarray:
    """Return which types' learned means lie within the 90 % interval of what so many sources show.

    Their number of sources and statements says how far from the true mean they may be.
    """
    record, priors = scorer.track_record_, scorer.priors_
    out = []
    for k, means in enumerate(world.means):
        mine, entry = record[record["type"] == f"t{k}"], priors.types[f"t{k}"]
        for mean, learned, n in zip(means, entry[:2], (mine.n_true, mine.n_false), strict=True):
            information = ((strength + 1) * n / (strength + n)).sum() / (mean * (1 - mean))
            out.append(abs(learned.mean - mean) < Z90 / np.sqrt(information))
    return np.array(out)


def learned_row(
    n_sources: int, n_types: int, strength: float, share: float, n_seeds: int, vague: bool
) -> dict[str, float]:
    inside, fresh, records, types = [], [], [], []
    for seed in range(n_seeds):
        rng = np.random.default_rng([3, seed, n_sources, n_types])
        world = World.draw(rng, n_sources, n_types, strength)
        means = [VAGUE] * n_types if vague else world.means
        priors = priors_of(means, 10.0 if vague else strength)
        scorer, *found = fit_and_judge(rng, world, priors, share)
        inside.append(found[0])
        fresh.append(found[1])
        records.append(records_covered(scorer, world))
        types.append(types_covered(scorer, world, strength))
    a, b = np.mean(records, axis=0)
    figures = pooled(fresh)
    own = pooled(inside) if share < 1 else dict.fromkeys(figures, float("nan"))
    return {
        "ECE": figures["ECE"],
        "by chance": figures["by chance"],
        "Brier": figures["Brier"],
        "oracle's": figures["oracle's"],
        "oracle covered": figures["oracle covered"],
        "own ECE": own["ECE"],
        "own by chance": own["by chance"],
        "own covered": own["oracle covered"],
        "a covered": float(a),
        "b covered": float(b),
        "types covered": float(np.mean(types)),
    }


def on_learned(n_seeds: int = 8) -> None:
    """2,000 claims, 5 voices each; the sources' a and b from their type's Betas.

    Judged on 2,000 fresh claims of these sources, and as `own` on those claims of the fit whose
    truth it was not told.
    """
    sizes, strengths, shares = (
        ((60, 3), (60, 10), (600, 3), (600, 10)),
        (4.0, 10.0, 40.0),
        (1, 0.5, 0.2, 0),
    )
    for vague in (False, True):
        start = (
            f"all types {VAGUE[0]}, {VAGUE[1]} at strength 10" if vague else "those of the world"
        )
        print(f"Priors: {start}. {n_seeds} seeds a row.\n")
        rows = [
            {
                "truth known": f"{share:.0%}", "sources": size[0], "types": size[1],
                "strength": strength, **learned_row(*size, strength, share, n_seeds, vague),
            }
            for share, size, strength in product(shares, sizes, strengths)
        ]  # fmt: skip
        print(markdown(pd.DataFrame(rows)))


# ---------------------------------------------------------------- herds


def herd_correlation(evidence: pd.DataFrame, rho: float) -> float:
    """Return the mean correlation within herds of which each repeats the first with rho.

    Two that both repeat the first are alike with rho squared only.
    """
    n = evidence.groupby(["claim_id", "type"]).size().to_numpy()
    n = n[n > 1]
    return float(((2 * rho + (n - 2) * rho**2) / n).mean())


def with_rho(scorer: ClaimScorer, rho: float) -> ClaimScorer:
    """Return a fitted scorer that weighs herds by this rho instead."""
    other = ClaimScorer.from_parts(scorer.to_parts())
    other.priors_ = other.priors_.replace(
        types={name: {"rho": rho} for name in other.priors_.types}
    )
    return other


def herd_row(rho: float, share: float, n_voices: int, n_seeds: int) -> dict[str, float]:
    judged: tuple[list[Judged], ...] = ([], [], [])
    learned_rho, true_rho, n_copies = [], [], []
    for seed in range(n_seeds):
        rng = np.random.default_rng([4, seed])
        world = World.draw(rng, 60, 3, 10.0)
        priors = priors_of(world.means, 10.0, rho=0.2)
        heard = world.claims(rng, 2000, n_voices, "c", rho)
        known = masked(rng, heard.truth, share)
        scorer = ClaimScorer(priors).fit(heard.evidence, None if share == 0 else known)
        fresh = world.claims(rng, 2000, n_voices, "fresh", rho)
        for found, used in zip(
            judged, (scorer, with_rho(scorer, 0.2), ClaimScorer(priors)), strict=True
        ):
            found.append(judge(used, fresh))
        learned_rho += [scorer.priors_.types[f"t{k}"].rho for k in range(3)]
        true_rho.append(herd_correlation(heard.evidence, rho))
        n_copies.append(len(scorer.copying_))
    learned, prior, unfitted = map(pooled, judged)
    return {
        "rho as correlation": float(np.mean(true_rho)),
        "learned rho": float(np.mean(learned_rho)),
        "copying pairs": float(np.mean(n_copies)),
        "ECE": learned["ECE"],
        "with rho 0.2": prior["ECE"],
        "not fitted": unfitted["ECE"],
        "by chance": learned["by chance"],
        "Brier": learned["Brier"],
        "with rho 0.2 ": prior["Brier"],
        "not fitted ": unfitted["Brier"],
        "oracle's": learned["oracle's"],
        "oracle covered": learned["oracle covered"],
    }


def on_herds(n_seeds: int = 6) -> None:
    """60 sources of 3 types, strength 10, the priors' rho 0.2; judged on 2,000 fresh claims."""
    rows = [
        {"rho": rho, "voices": n, "truth known": f"{share:.0%}", **herd_row(rho, share, n, n_seeds)}
        for n, rho, share in product((5, 12), (0.0, 0.2, 0.5, 0.8), (1, 0.2, 0))
    ]
    print(markdown(pd.DataFrame(rows)))


# ---------------------------------------------------------------- questions

N_ANSWERS = 4


@dataclass(frozen=True)
class Asked:
    """Answers of sources to questions.

    Attributes
    ----------
    evidence : DataFrame
    true : int array of shape (n_questions,)
        The true answer, N_ANSWERS for none.
    oracle : float array of shape (n_questions, N_ANSWERS)
        The oracle's probabilities.
    votes : int array of shape (n_questions, N_ANSWERS)
    """

    evidence: pd.DataFrame
    true: np.ndarray
    oracle: np.ndarray
    votes: np.ndarray

    @property
    def truth(self) -> pd.Series:
        """Of the claims that somebody supports."""
        said = self.votes.ravel() > 0
        true = self.true[:, None] == np.arange(N_ANSWERS)
        return pd.Series(true.ravel()[said], answer_ids(len(self.true))[said])


def answer_ids(n_questions: int) -> np.ndarray:
    """Name claims so that no answer occurs in two questions."""
    return np.array([f"c{i}" for i in range(n_questions * N_ANSWERS)], dtype=object)


def ask(
    rng: np.random.Generator, world: World, n_questions: int, n_voices: int, none: float
) -> Asked:
    """Ask sources that are right with probability a and otherwise give any of the other answers.

    Where no answer is true they give any of them.
    """
    true = rng.integers(0, N_ANSWERS, n_questions)
    true[rng.random(n_questions) < none] = N_ANSWERS
    source = rng.random((n_questions, len(world.a))).argpartition(n_voices, axis=1)[:, :n_voices]
    a = world.a[source]
    wrong = (true[:, None] + rng.integers(1, N_ANSWERS, source.shape)) % N_ANSWERS
    says = np.where(rng.random(source.shape) < a, true[:, None], wrong)
    any_answer = rng.integers(0, N_ANSWERS, source.shape)
    says = np.where(true[:, None] == N_ANSWERS, any_answer, says)
    ids = answer_ids(n_questions)
    evidence = pd.DataFrame(
        {
            "claim_id": ids[(np.arange(n_questions)[:, None] * N_ANSWERS + says).ravel()],
            "question_id": [f"q{i}" for i in np.repeat(np.arange(n_questions), n_voices)],
            "source_id": [f"s{i}" for i in source.ravel()],
            "type": [f"t{k}" for k in world.kind[source].ravel()],
            "stance": "supports",
        }
    )
    gives = says[:, :, None] == np.arange(N_ANSWERS)
    likelihood = np.where(gives, a[:, :, None], (1 - a[:, :, None]) / (N_ANSWERS - 1)).prod(axis=1)
    joint = likelihood * (1 - none) / N_ANSWERS
    of_none = none * (1 / N_ANSWERS) ** n_voices
    oracle = joint / (joint.sum(axis=1, keepdims=True) + of_none)
    return Asked(evidence, true, oracle, gives.sum(axis=1))


def with_all_answers(asked: Asked) -> pd.DataFrame:
    """Return the evidence with the answers that nobody gives, by a statement that says nothing."""
    ids = answer_ids(len(asked.true))
    at = np.flatnonzero(asked.votes.ravel() == 0)
    unsaid = pd.DataFrame(
        {
            "claim_id": ids[at],
            "question_id": [f"q{i}" for i in at // N_ANSWERS],
            "source_id": "nobody",
            "type": "t0",
            "stance": "supports",
            "certainty": 1e-9,
        }
    )
    return pd.concat([asked.evidence.assign(certainty=1.0), unsaid], ignore_index=True)


def best_answers(asked: Asked, scored: pd.DataFrame) -> np.ndarray:
    """Return the probability of each answer, of shape (n_questions, N_ANSWERS)."""
    ids = answer_ids(len(asked.true))
    return scored["confidence"].reindex(ids).fillna(0.0).to_numpy().reshape(-1, N_ANSWERS)


def question_row(
    how: str, none: float, n_voices: int, every: bool, n_seeds: int
) -> dict[str, float]:
    judged, right = [], []
    for seed in range(n_seeds):
        rng = np.random.default_rng([5, seed])
        means = [(a, (1 - a) / (N_ANSWERS - 1)) for a in (0.75, 0.5, 0.35)]
        kind = np.arange(60) % 3
        a = betas(rng, np.array(means)[kind, 0], 10.0)
        world = World(means, kind, a, (1 - a) / (N_ANSWERS - 1))
        odds = (1 - none) / N_ANSWERS / max(none, 0.01)
        scorer = ClaimScorer(priors_of(means, 10.0, odds / (1 + odds)))
        learn, asked = (ask(rng, world, 1000, n_voices, none) for _ in range(2))
        evidence = [with_all_answers(x) if every else x.evidence for x in (learn, asked)]
        if how != "priors":
            known = masked(rng, learn.truth, float(how.rstrip("%")) / 100)
            scorer.fit(evidence[0], None if how == "0%" else known)
        truth, said = asked.truth, asked.votes.ravel() > 0
        scored = scorer.predict(evidence[1], truth.index)
        judged.append(Judged(truth.to_numpy(), asked.oracle.ravel()[said], scored))
        answerable = asked.true < N_ANSWERS
        right.append(
            [
                (guess.argmax(axis=1) == asked.true)[answerable].mean()
                for guess in (best_answers(asked, scored), asked.oracle, asked.votes)
            ]
        )
    accuracy = np.mean(right, axis=0)
    names = ("accuracy", "oracle's ", "majority's")
    return {**pooled(judged), **dict(zip(names, map(float, accuracy), strict=True))}


def on_questions(n_seeds: int = 6) -> None:
    """Four answers, 60 sources of 3 types (a of 0.75, 0.5, 0.35); judged on 1,000 fresh ones.

    The evidence has the answers that somebody gives, or all of them. Where none is true, sources
    give any.
    """
    rows = [
        {
            "answers": "all" if every else "given",
            "truth known": how,
            "none true": none,
            "voices": n,
            **question_row(how, none, n, every, n_seeds),
        }
        for every, none, n, how in product(
            (False, True), (0.0, 0.2), (3, 8), ("priors", "100%", "20%", "0%")
        )
    ]
    print(markdown(pd.DataFrame(rows)))


PARTS: dict[str, tuple[str, Callable[[], None]]] = {
    "priors": ("On the priors alone", on_priors),
    "intervals": ("Closed form against Monte Carlo", on_intervals),
    "learned": ("Learned", on_learned),
    "herds": ("Herds", on_herds),
    "questions": ("Questions", on_questions),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    arguments = parser.parse_args()
    unknown = set(arguments.parts) - set(PARTS)
    if unknown:
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    for part in arguments.parts or PARTS:
        title, run = PARTS[part]
        start = time.perf_counter()
        print(f"## {title}\n\n{inspect.getdoc(run)}\n")
        run()
        print(f"({time.perf_counter() - start:.0f} s)\n", flush=True)


if __name__ == "__main__":
    main()
