"""Time and memory of ClaimScorer on synthetic evidence, beside crowd-kit's Dawid-Skene.

usage: python benchmarks/confidence.py [ROWS] [--iterations N]

ROWS statements (default 1,000,000) of ROWS / 100 sources on ROWS / 10 claims. Prints seconds and
the peak memory of the process, which holds the evidence too. Each step is run once: on a machine
that does other work, take the least of several runs.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from sourcescore.confidence import ClaimScorer
from sourcescore.priors import Priors


def synthetic(n_rows: int, seed: int = 0) -> tuple[pd.DataFrame, pd.Series]:
    """Return evidence of sources of varied quality, and the truth."""
    rng = np.random.default_rng(seed)
    n_claims, n_sources = max(n_rows // 10, 2), max(n_rows // 100, 2)
    types = np.array([*Priors().types])
    truth = rng.random(n_claims) < 0.5
    claim = rng.integers(0, n_claims, n_rows)
    source = rng.integers(0, n_sources, n_rows)
    kind = rng.integers(0, len(types), n_sources)[source]
    certainty = rng.choice([0.5, 0.7, 1.0], n_rows)
    right = rng.random(n_rows) < rng.uniform(0.5, 0.95, n_sources)[source]
    # what is hedged comes through with that probability, and else is a toss
    right = np.where(rng.random(n_rows) < certainty, right, rng.random(n_rows) < 0.5)
    claim_names = np.char.add("c", np.arange(n_claims).astype(str)).astype(object)
    source_names = np.char.add("s", np.arange(n_sources).astype(str)).astype(object)
    evidence = pd.DataFrame(
        {
            "claim_id": claim_names[claim],
            "source_id": source_names[source],
            "type": types.astype(object)[kind],
            "stance": np.where(right == truth[claim], "supports", "denies").astype(object),
            "certainty": certainty,
        }
    )
    return evidence, pd.Series(truth, claim_names)


def timed(name: str, function: Callable[[], Any]) -> tuple[Any, float]:
    """Run a function, print its time and the peak memory so far."""
    start = time.perf_counter()
    result = function()
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{name:42} {seconds:8.2f} s   peak {peak:5.2f} GiB", flush=True)
    return result, seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("rows", nargs="?", type=int, default=1_000_000)
    parser.add_argument("--iterations", type=int, default=20)
    arguments = parser.parse_args()
    (evidence, truth), _ = timed("make the evidence", lambda: synthetic(arguments.rows))
    print(
        f"{len(evidence):,} rows, {evidence.claim_id.nunique():,} claims, "
        f"{evidence.source_id.nunique():,} sources, {arguments.iterations} iterations"
    )
    timed("predict on the priors", lambda: ClaimScorer().predict(evidence))
    half = truth.astype(object).where(np.arange(len(truth)) % 2 == 0)
    # tol=0 runs all iterations
    scorer = ClaimScorer(max_iter=arguments.iterations, tol=0.0)
    timed("fit, truth known for half", lambda: scorer.fit(evidence, half))
    _, blind = timed("fit, no truth known", lambda: scorer.fit(evidence))
    found, _ = timed("predict with what was learned", lambda: scorer.predict(evidence))
    right = (found.confidence > 0.5) == truth[found.index]
    print(f"accuracy without any truth {right.mean():.4f}")
    twenty = evidence.head(20)
    repeats = 100
    start = time.perf_counter()
    for _ in range(repeats):
        ClaimScorer().predict(twenty)
    print(f"predict 20 rows {(time.perf_counter() - start) / repeats * 1e3:.2f} ms")
    compare_with_crowd_kit(evidence, blind, truth, arguments.iterations)


def compare_with_crowd_kit(
    evidence: pd.DataFrame, ours: float, truth: pd.Series, iterations: int
) -> None:
    try:
        from crowdkit.aggregation import DawidSkene
    except ImportError:
        print("crowd-kit is not installed (the extra `bench` has it): no comparison")
        return
    names = {"claim_id": "task", "source_id": "worker", "stance": "label"}
    answers = evidence[[*names]].rename(columns=names)
    model = DawidSkene(n_iter=iterations, tol=0.0)
    labels, theirs = timed("crowd-kit Dawid-Skene", lambda: model.fit_predict(answers))
    right = (labels == "supports") == truth[labels.index]
    print(f"its accuracy {right.mean():.4f}; ours takes {ours / theirs:.2f} of its time")


if __name__ == "__main__":
    main()
