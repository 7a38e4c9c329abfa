"""Which sources copy one another.

Comes in: what was said and what was learned of it. Goes out: pairs of sources that are one voice.

Two sources that are right have the truth in common; two that make the same mistakes have something
else. For each pair that shares mistakes the hypothesis that one takes over, with probability 0.95,
what the other says is set against independence, over all claims that both speak on (Dong,
Berti-Equille and Srivastava 2009, *Integrating conflicting data: the role of source dependence*):

    agreeing   (0.95 + 0.05 p) / p        p: the chance that the source says so by itself
    differing  0.05

p is that of the source's record given the truth, drawn towards what the others say on the claim as
strongly as rho holds sources of the type together: a mistake that everybody makes is a hard claim,
not a copy. Only pairs with ten claims and three mistakes in common are judged, so that the cost
stays linear in the statements, and nothing is found where there is too little to tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.special import expit, logit

from sourcescore.confidence.voices import Voices
from sourcescore.tables import object_array

__all__ = ["Said", "copying_pairs", "one_voice"]

#: How often a copier copies, how rare copiers are, and when a pair is one. Dong et al. have 0.8 for
#: the first; with it honest workers of a real crowd who share a misconception are copiers.
_RATE = 0.95
_PRIOR = 0.01
_SURE = 0.95
_FEWEST_COMMON = 10
#: Who agrees less may share a misconception, but copies nobody.
_LEAST_ALIKE = 0.9
_FEWEST_MISTAKES = 3
#: Mistakes shared by more sources than this tell nothing of any two of them.
_LARGEST_GROUP = 20
_MOST_PAIRS = 100_000


@dataclass(frozen=True)
class Said:
    """What is known of the voices when learning is done.

    Attributes
    ----------
    voices : Voices
    sources : Index
    truth : float array of shape (n_claims,)
    a, b : float arrays of shape (n_voices,)
        P(supports) if the claim is true, and if it is false.
    rho : float array of shape (n_voices,)
        Correlation within the voice's type.
    unit, statement : int arrays of shape (n_voices,)
        What the voice is about, the claim or its question, and what it says of that.
    """

    voices: Voices
    sources: pd.Index
    truth: np.ndarray
    a: np.ndarray
    b: np.ndarray
    rho: np.ndarray
    unit: np.ndarray
    statement: np.ndarray


def copying_pairs(said: Said) -> pd.DataFrame:
    """Judge the pairs of sources that share mistakes.

    Returns
    -------
    DataFrame
        One row a pair, the surest first: ``source_id``, ``other_id``; ``probability`` that one
        copies the other, ``n_common`` (claims that both speak on), ``n_agreeing`` and
        ``n_mistakes`` (expected number on which both are wrong in the same way).
    """
    voices = said.voices
    one, other = _candidates(said)
    # a source's first voice on each matter
    n_units = np.int64(said.unit.max(initial=0) + 1)
    keys, voice = np.unique(voices.source * n_units + said.unit, return_index=True)
    starts = np.searchsorted(keys, np.arange(len(said.sources) + 1) * n_units)
    lengths = starts[one + 1] - starts[one]
    pair = np.repeat(np.arange(len(one)), lengths)
    step = np.arange(len(pair)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    mine = starts[one[pair]] + step
    wanted = other[pair] * n_units + keys[mine] % n_units
    at = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
    both = keys[at] == wanted if len(keys) else np.zeros(0, dtype=bool)
    pair, mine, theirs = pair[both], voice[mine[both]], voice[at[both]]
    same = said.statement[mine] == said.statement[theirs]
    # how many say the same as each voice, and how many speak on the matter at all
    _, of_statement, alike = np.unique(said.statement, return_inverse=True, return_counts=True)
    alike, speaking = alike[of_statement], np.bincount(said.unit)[said.unit]
    evidence = []
    for copier in (mine, theirs):
        # of the others: neither of the two counts
        ratio = _log_ratio(said, copier, alike[copier] - 1.0 - same, speaking[copier] - 2.0)
        evidence.append(np.bincount(pair, np.where(same, ratio, np.log(1 - _RATE)), len(one)))
    wrong = np.where(voices.denies, said.truth[voices.claim], 1 - said.truth[voices.claim])
    n_common = np.bincount(pair, minlength=len(one))
    # either may be the copier
    odds = logit(_PRIOR) + np.logaddexp(*evidence) - np.log(2)
    found = pd.DataFrame(
        {
            "source_id": said.sources[one],
            "other_id": said.sources[other],
            "probability": expit(odds),
            "n_common": n_common,
            "n_agreeing": np.bincount(pair, same, len(one)).astype(int),
            "n_mistakes": np.bincount(pair, same * wrong[mine], len(one)),
        }
    )
    agreeing = found["n_agreeing"] >= _LEAST_ALIKE * n_common
    found = found[(n_common >= _FEWEST_COMMON) & agreeing]
    names = found["source_id"].astype(str) + "\n" + found["other_id"].astype(str)
    order = np.lexsort((names, -found["n_common"], -found["probability"]))
    return found.iloc[order].reset_index(drop=True)


def one_voice(pairs: pd.DataFrame) -> dict[Any, Any]:
    """Return for each source that copies or is copied the one that stands for all of its group.

    Parameters
    ----------
    pairs : DataFrame
        As `copying_pairs` returns them.
    """
    sure = pairs[pairs["probability"] >= _SURE]
    ends = object_array([*sure["source_id"], *sure["other_id"]])
    codes, names = pd.factorize(ends)
    if not len(names):
        return {}
    links = sparse.coo_array(
        (np.ones(len(sure)), (codes[: len(sure)], codes[len(sure) :])), shape=(len(names),) * 2
    )
    _, group = connected_components(links, directed=False)
    by_name = sorted(range(len(names)), key=lambda i: str(names[i]))
    first = {group[i]: names[i] for i in reversed(by_name)}
    return {names[i]: first[group[i]] for i in range(len(names))}


def _candidates(said: Said) -> tuple[np.ndarray, np.ndarray]:
    """Return the pairs of sources that share enough mistakes, those that share most first."""
    voices = said.voices
    mistaken = voices.denies == (said.truth[voices.claim] > 0.5)
    group, source = said.statement[mistaken], voices.source[mistaken].astype(np.int64)
    # nobody has enough common mistakes who has not made enough
    often = np.bincount(source, minlength=1)[source] >= _FEWEST_MISTAKES
    order = np.lexsort((source[often], group[often]))
    group, source = group[often][order], source[often][order]
    first = np.flatnonzero(np.diff(group, prepend=-1))
    size = np.diff(first, append=len(group))
    keep = np.repeat((size > 1) & (size <= _LARGEST_GROUP), size)
    group, source = group[keep], source[keep]
    keys = []
    for apart in range(1, _LARGEST_GROUP):
        same = group[apart:] == group[:-apart]
        keys.append(source[:-apart][same] * len(said.sources) + source[apart:][same])
    distinct, shared = np.unique(np.concatenate(keys), return_counts=True)
    often = shared >= _FEWEST_MISTAKES
    distinct, shared = distinct[often], shared[often]
    most = np.sort(np.argsort(-shared, kind="stable")[:_MOST_PAIRS])
    return distinct[most] // len(said.sources), distinct[most] % len(said.sources)


def _log_ratio(said: Said, voice: np.ndarray, alike: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return how much likelier it is that these voices agree if they copy.

    Parameters
    ----------
    said : Said
    voice : int array of shape (n,)
    alike, others : float arrays of shape (n,)
        How many others say the same, and how many there are.
    """
    voices = said.voices
    truth, rho = said.truth[voices.claim[voice]], np.clip(said.rho[voice], 1e-9, 1 - 1e-9)
    chance = truth * said.a[voice] + (1 - truth) * said.b[voice]
    chance = np.where(voices.denies[voice], 1 - chance, chance)
    own = 1 / rho - 1
    chance = np.clip((chance * own + alike) / (own + others), 1e-6, 1.0)
    return np.log((_RATE + (1 - _RATE) * chance) / chance)
