"""From the evidence table to voices: what each origin says on each claim, once.

Comes in: rows (`sourcescore.confidence.rows`) and Betas. Goes out: arrays, one entry a voice, where
a voice is one origin's support or denial of one claim:

1. An origin counts once for a claim. All its statements of one stance are one voice, with the
   firmest certainty, the most telling type and all their carriers. An origin that both supports
   and denies counts with its latest word where the time is known, else with both.
2. A relay passes on faithfully with probability f, a chain of relays with the product of theirs;
   a voice without relays is read directly, f = 1. What a voice says is worth
   phi = certainty x (1 - product over its distinct carriers of (1 - f)).
3. Origins of one type may repeat one another: n of them with the correlation rho are worth
   n_eff(n) = n / (1 + (n-1) rho) (Kish 1965, the design effect), so the i-th strongest of a claim
   and stance weighs n_eff(i) - n_eff(i-1).
4. With ``type_proba``, a and b are mixtures over the types.
5. Where ``content`` gives the words of the statements, origins that say the same in the same words
   (eight or more) on a claim are one; so are those that `sourcescore.confidence.copying` has found
   to copy one another.

Everything is a group-by over sorted integer keys; no step loops over rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from sourcescore.confidence.rows import Rows
from sourcescore.priors import Priors

__all__ = [
    "Betas",
    "Voices",
    "herd_weights",
    "log_likelihood_ratio",
    "merge_rows",
    "prior_betas",
    "stands",
]


@dataclass(frozen=True)
class Betas:
    """Pairs of Beta distributions: of the types, then of the sources in the priors, then learned.

    Attributes
    ----------
    a_mean, a_strength, b_mean, b_strength : float arrays of shape (n_pairs,)
        P(supports | true) and P(supports | false).
    n_types : int
    sources, answers : Index
        Sources with a track record, and the answers that they have separate ones for; the first
        answer, the empty one, stands for all others.
    keys : int64 array, rising
        (source * n_types + type) * n_answers + answer of each learned pair; these come last.
    """

    a_mean: np.ndarray
    a_strength: np.ndarray
    b_mean: np.ndarray
    b_strength: np.ndarray
    n_types: int
    sources: pd.Index
    answers: pd.Index
    keys: np.ndarray

    def learned(self, rows: Rows, row: np.ndarray, kind: np.ndarray) -> np.ndarray:
        """Return the learned pair for a type in a row, -1 where there is none."""
        source = self.sources.get_indexer(rows.sources)[rows.source[row]]
        answer = np.zeros(1, dtype=int)
        if rows.questions is not None and len(self.answers) > 1:
            known = self.answers.get_indexer(rows.questions.answers)
            answer = np.maximum(known, 0)[rows.questions.answer][rows.claim[row]]
        key = (source * np.int64(self.n_types) + kind) * len(self.answers) + answer
        at = np.minimum(np.searchsorted(self.keys, key), len(self.keys) - 1)
        found = (source >= 0) & (self.keys[at] == key)
        return np.where(found, len(self.a_mean) - len(self.keys) + at, -1)


def prior_betas(priors: Priors) -> Betas:
    """Return the pairs of the priors: those of the types, then those of single sources."""
    pairs = [entry[:2] for entry in (*priors.types.values(), *priors.sources.values())]
    (a_mean, a_strength), (b_mean, b_strength) = np.array(pairs).transpose(1, 2, 0)
    # the logarithm of a number that is all but 0 times certainties must not be that of 0
    a_mean, b_mean = np.maximum(a_mean, 1e-300), np.maximum(b_mean, 1e-300)
    nobody, one = pd.Index([], dtype=object), pd.Index([""], dtype=object)
    keys = np.empty(0, dtype=np.int64)
    return Betas(a_mean, a_strength, b_mean, b_strength, len(priors.types), nobody, one, keys)


@dataclass(frozen=True)
class Voices:
    """What each origin says, once: arrays of shape (n_voices,).

    Attributes
    ----------
    claim, source, origin : int arrays, as in `Rows`
        Of the statement that tells most.
    denies : bool array
    phi : float array in [0, 1]
        How much of the statement arrives: certainty times fidelity.
    herd : int array
        The type whose other sources may repeat it, or n_types for none.
    types : sparse array of shape (n_voices, n_types)
    pairs : sparse array of shape (n_voices, n_pairs)
        The same over the Beta pairs, where sources with their own have those.
    n_rows : int array
        The rows it was read from.
    llr : float array
        Its log likelihood ratio.
    """

    claim: np.ndarray
    source: np.ndarray
    origin: np.ndarray
    denies: np.ndarray
    phi: np.ndarray
    herd: np.ndarray
    types: sparse.csr_array
    pairs: sparse.csr_array
    n_rows: np.ndarray
    llr: np.ndarray

    def part(self, start: int, end: int) -> Voices:
        """Return the voices from `start` to before `end`."""
        return Voices(*(value[start:end] for value in vars(self).values()))


def log_likelihood_ratio(
    a: np.ndarray, b: np.ndarray, phi: np.ndarray, denies: np.ndarray
) -> np.ndarray:
    """Return log(a'/b') of supports and log((1-a')/(1-b')) of denials.

    a' = phi a + (1-phi) m and b' = phi b + (1-phi) m with m = (a+b)/2: at phi = 0 the statement
    says nothing.

    Examples
    --------
    >>> llr = log_likelihood_ratio(np.array([0.8]), np.array([0.4]), np.ones(1), np.zeros(1, bool))
    >>> np.exp(llr).round(6)
    array([2.])
    """
    x, y = np.where(denies, 1 - a, a), np.where(denies, 1 - b, b)
    more, less = (1 + phi) / 2, (1 - phi) / 2
    # phi x + (1-phi) m, but without the difference that would cancel where x is tiny beside y
    return np.log((more * x + less * y) / (less * x + more * y))


def merge_rows(rows: Rows, betas: Betas, ranked: bool = True) -> Voices:
    """Merge the rows of each origin into its voices, sorted by claim, stance, herd and strength.

    The order depends on nothing but the values, so that sums over voices do not depend on the
    order of the rows, not even in the last bit. Learning, which ranks them by what it learns, may
    have them by claim only (`ranked=False`) and without llr.

    Among statements of one origin and stance that name several types or mixtures, the one that
    tells most for what the voice says counts. Where they even differ in the type of herd, the
    voice belongs to no herd: were it to change herds, one more support could lower the score.
    """
    n_origins = np.int64(rows.origin.max(initial=0) + 1)
    key = (rows.claim * n_origins + rows.origin) * 2 + rows.denies
    single = rows.published is None and pd.Index(key).is_unique
    if single and not ranked:
        return _one_row_each(rows, betas)
    if single:
        order = np.arange(len(key))
    elif not len(key) or np.ptp(rows.chain) == np.ptp(rows.chain_fidelity) == 0:
        order = np.argsort(key, kind="stable")
    else:
        # by voice, by carrier, and the most faithful form of a carrier first
        order = np.lexsort((-rows.chain_fidelity, rows.chain, key))
    key = key[order]
    first = np.ones(len(key), dtype=bool)
    first[1:] = key[1:] != key[:-1]
    starts, voice = np.flatnonzero(first), np.cumsum(first) - 1
    phi = _phi(rows, order, first, voice, starts)
    pairs = _pairs(rows, betas)
    denies, herd = rows.denies[order], rows.herd[order]
    a, b = (pairs @ betas.a_mean)[order], (pairs @ betas.b_mean)[order]
    llr = log_likelihood_ratio(a, b, phi[voice], denies)
    # the statement that tells most; where two tell the same, the first in the order of the types
    chosen = starts
    if len(starts) < len(voice):
        telling = np.where(denies, -llr, llr)
        best = np.flatnonzero(telling == _reduce(np.maximum, telling, starts)[voice])
        tied = [herd[best], voice[best]]
        if rows.origin is not rows.source:
            # of sources that are one the first by name, whatever the order of the rows
            names = np.argsort(np.argsort([str(name) for name in rows.sources], kind="stable"))
            tied.insert(0, names[rows.source[order][best]])
        best = best[np.lexsort(tied)]
        chosen = best[np.flatnonzero(np.diff(voice[best], prepend=-1))]
    low, high = _reduce(np.minimum, herd, starts), _reduce(np.maximum, herd, starts)
    herd, llr = np.where(low == high, low, np.int32(betas.n_types)), llr[chosen]
    claim = rows.claim[order[chosen]]
    said = np.arange(len(llr))  # by claim
    if ranked:
        group = _herd_group(claim, denies[chosen], herd, betas.n_types)
        said = np.lexsort((llr, -np.abs(llr), group))
    if rows.published is not None:
        said = said[~_withdrawn(key[starts], rows.published[order], starts)[said]]
    row = order[chosen[said]]
    types = _taken(rows.types, row)
    return Voices(
        claim=rows.claim[row],
        source=rows.source[row],
        origin=rows.origin[row],
        denies=rows.denies[row],
        phi=phi[said],
        herd=herd[said],
        types=types,
        pairs=types if pairs is rows.types else _taken(pairs, row),
        n_rows=np.diff(starts, append=len(voice))[said],
        llr=llr[said],
    )


def stands(rows: Rows, said: Voices) -> np.ndarray:
    """Tell which rows are part of a voice: all but those that their origin has taken back."""
    n_origins = np.int64(rows.origin.max(initial=0) + 1)
    key, kept = ((x.claim * n_origins + x.origin) * 2 + x.denies for x in (rows, said))
    return np.isin(key, kept)


def _one_row_each(rows: Rows, betas: Betas) -> Voices:
    """Return the voices, by claim, where each is one row: quicker, and all that learning needs."""
    row = np.argsort(rows.claim, kind="stable")
    pairs, types = _pairs(rows, betas), _taken(rows.types, row)
    return Voices(
        claim=rows.claim[row],
        source=rows.source[row],
        origin=rows.origin[row],
        denies=rows.denies[row],
        phi=(rows.certainty * rows.chain_fidelity)[row],
        herd=rows.herd[row],
        types=types,
        pairs=types if pairs is rows.types else _taken(pairs, row),
        n_rows=np.ones(len(row), dtype=int),
        llr=np.zeros(len(row)),
    )


def _taken(matrix: sparse.csr_array, row: np.ndarray) -> sparse.csr_array:
    """Return ``matrix[row]``; the quicker way where each row has one entry."""
    n = matrix.shape[0]
    if len(matrix.indices) != n or (np.diff(matrix.indptr) != 1).any():
        return matrix[row]
    indptr = np.arange(len(row) + 1)
    parts = (matrix.data[row], matrix.indices[row], indptr)
    return sparse.csr_array(parts, shape=(len(row), matrix.shape[1]))


def herd_weights(said: Voices, rho: np.ndarray) -> np.ndarray:
    """Return what herding leaves of each voice, the strongest of its herd first.

    Parameters
    ----------
    said : Voices
    rho : float array of shape (n_types,), in [0, 1]

    Returns
    -------
    float array of shape (n_voices,), in [0, 1]
        n_eff(i) - n_eff(i-1) for the i-th of its herd; 1 for the first and for those of no herd.
    """
    group = _herd_group(said.claim, said.denies, said.herd, len(rho))
    order = np.lexsort((said.llr, -np.abs(said.llr), group))
    group = group[order]
    first = np.flatnonzero(np.diff(group, prepend=-1))
    before = np.arange(len(group)) - np.repeat(first, np.diff(first, append=len(group)))
    shared = np.append(rho, 0.0)[said.herd[order]]
    # n_eff(i) - n_eff(i-1) without the cancellation, for i = before + 1 > 1
    weight = (1 - shared) / ((1 + before * shared) * (1 + (before - 1) * shared + (before == 0)))
    out = np.empty(len(group))
    out[order] = np.where(before == 0, 1.0, weight)
    return out


def _herd_group(
    claim: np.ndarray, denies: np.ndarray, herd: np.ndarray, n_types: int
) -> np.ndarray:
    return (claim.astype(np.int64) * 2 + denies) * (n_types + 1) + herd


def _phi(
    rows: Rows, order: np.ndarray, first: np.ndarray, voice: np.ndarray, starts: np.ndarray
) -> np.ndarray:
    """Return certainty x (1 - product over distinct carriers of (1 - f)) of each voice."""
    certainty = _reduce(np.maximum, rows.certainty[order], starts)
    chain = rows.chain[order]
    distinct = first.copy()
    distinct[1:] |= chain[1:] != chain[:-1]
    lost = 1 - rows.chain_fidelity[order][distinct]
    carrier_starts = np.searchsorted(voice[distinct], np.arange(len(starts)))
    return certainty * (1 - _reduce(np.multiply, lost, carrier_starts))


def _withdrawn(key: np.ndarray, published: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Tell the voices that the same origin's other voice has taken back.

    A voice is taken back if all its statements are dated and one of the other stance is later than
    all of them. So an added support can only take back a denial or restore a support, never the
    reverse, and the score stays monotone.
    """
    unknown = np.iinfo(np.int64).min
    latest = _reduce(np.maximum, published, starts)
    dated = _reduce(np.minimum, published, starts) > unknown
    # the two voices of an origin on a claim are neighbours, the support first
    same = key[1:] // 2 == key[:-1] // 2
    gone = np.zeros(len(starts), dtype=bool)
    gone[:-1] |= same & dated[:-1] & (latest[1:] > latest[:-1])
    gone[1:] |= same & dated[1:] & (latest[:-1] > latest[1:])
    return gone


def _pairs(rows: Rows, betas: Betas) -> sparse.csr_array:
    """Return the weights over types as weights over Beta pairs: a source's own where it has one."""
    if len(betas.a_mean) == betas.n_types:
        return rows.types
    source = np.repeat(rows.source, np.diff(rows.types.indptr))
    pairs = kinds = rows.types.indices
    if (rows.source_prior >= 0).any():
        own = rows.source_prior[source]
        pairs = np.where(own < 0, pairs, betas.n_types + own)
    if len(betas.keys):
        row = np.repeat(np.arange(len(rows.source)), np.diff(rows.types.indptr))
        own = betas.learned(rows, row, kinds)
        pairs = np.where(own < 0, pairs, own)
    shape = (rows.types.shape[0], len(betas.a_mean))
    return sparse.csr_array((rows.types.data, pairs, rows.types.indptr), shape=shape)


def _reduce(function: np.ufunc, values: np.ndarray, starts: np.ndarray) -> np.ndarray:
    # reduceat refuses to reduce nothing
    return function.reduceat(values, starts) if len(starts) else values[:0]
