"""From the evidence table to voices: what each origin says on each claim, once.

Comes in: the evidence table and `Priors`. Goes out: arrays, one entry a voice, where a voice is
one origin's support or denial of one claim:

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

Everything is a group-by over sorted integer keys; no step loops over rows.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain as flatten
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from sourcescore.priors import Priors
from sourcescore.tables import check_evidence

__all__ = [
    "Betas",
    "Rows",
    "Voices",
    "design_weights",
    "herd_weights",
    "log_likelihood_ratio",
    "merge_rows",
    "prior_betas",
    "read_rows",
]


@dataclass(frozen=True)
class Betas:
    """Pairs of Beta distributions: of the types, then of the sources in the priors, then learned.

    Attributes
    ----------
    a_mean, a_strength, b_mean, b_strength : float arrays of shape (n_pairs,)
        P(supports | true) and P(supports | false).
    n_types : int
    learned : Index
        Sources with a track record.
    learned_pairs : int array of shape (len(learned), n_types)
        Their pair for each type, -1 where they have none.
    """

    a_mean: np.ndarray
    a_strength: np.ndarray
    b_mean: np.ndarray
    b_strength: np.ndarray
    n_types: int
    learned: pd.Index
    learned_pairs: np.ndarray


def prior_betas(priors: Priors) -> Betas:
    """Return the pairs of the priors: those of the types, then those of single sources."""
    pairs = [entry[:2] for entry in (*priors.types.values(), *priors.sources.values())]
    (a_mean, a_strength), (b_mean, b_strength) = np.array(pairs).transpose(1, 2, 0)
    nobody = pd.Index([], dtype=object)
    return Betas(
        a_mean, a_strength, b_mean, b_strength, len(priors.types), nobody, np.empty((0, 0), int)
    )


@dataclass(frozen=True)
class Rows:
    """The evidence as arrays of shape (n_rows,).

    Attributes
    ----------
    claim, source : int arrays, codes into `claims` and `sources`
    claims, sources : Index
    source_prior : int array of shape (n_sources,)
        Position of the source's own entry in the priors, -1 where it has none.
    denies : bool array
    certainty : float array in (0, 1]
    chain : int array
        Code of the names of the relays.
    chain_fidelity : float array in [0, 1]
    published : int64 array or None
        Time in ns, the least int64 where it is not known.
    types : sparse array of shape (n_rows, n_types)
        Probability of each type; one 1 where the type is certain.
    herd : int array
        The type, or the most probable one.
    """

    claim: np.ndarray
    claims: pd.Index
    source: np.ndarray
    sources: pd.Index
    source_prior: np.ndarray
    denies: np.ndarray
    certainty: np.ndarray
    chain: np.ndarray
    chain_fidelity: np.ndarray
    published: np.ndarray | None
    types: sparse.csr_array
    herd: np.ndarray


@dataclass(frozen=True)
class Voices:
    """What each origin says, once: arrays of shape (n_voices,).

    Attributes
    ----------
    claim, source : int arrays, as in `Rows`
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
    denies: np.ndarray
    phi: np.ndarray
    herd: np.ndarray
    types: sparse.csr_array
    pairs: sparse.csr_array
    n_rows: np.ndarray
    llr: np.ndarray


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


def read_rows(evidence: pd.DataFrame, priors: Priors) -> Rows:
    """Check the evidence table and turn it into arrays.

    Raises
    ------
    TypeError, ValueError
        If it is not an evidence table; the error names the column and the value.
    """
    table = check_evidence(evidence)
    claim, claims = pd.factorize(table["claim_id"])
    source, sources = pd.factorize(table["source_id"])
    types, herd = _types(table, list(priors.types))
    chain, fidelity = _chains(table, priors)
    if "certainty" in table.columns:
        certainty = table["certainty"].to_numpy(float)
    else:
        certainty = np.ones(len(table))
    # half the memory of int64; keys made of several codes are widened first
    return Rows(
        claim=claim.astype(np.int32),
        claims=pd.Index(claims),
        source=source.astype(np.int32),
        sources=pd.Index(sources),
        source_prior=_source_priors(table, source, sources, priors),
        denies=table["stance"].to_numpy() == "denies",
        certainty=certainty,
        chain=chain,
        chain_fidelity=fidelity,
        published=_published(table),
        types=types,
        herd=herd,
    )


def _source_priors(
    table: pd.DataFrame, source: np.ndarray, sources: pd.Index, priors: Priors
) -> np.ndarray:
    """Return which entry of ``priors.sources`` each source has, by its id or its name."""
    found = np.full(len(sources), -1)
    if not priors.sources:
        return found
    known = pd.Index(list(priors.sources), dtype=object)
    found = known.get_indexer(_folded(sources))
    if "source_name" in table.columns:
        codes, names = pd.factorize(table["source_name"])
        by_name = np.append(known.get_indexer(_folded(names)), -1)[codes]
        # a source may go by several names; any that is known will do, the order must not matter
        named = np.full(len(sources), -1)
        np.maximum.at(named, source, by_name)
        found = np.where(found < 0, named, found)
    return found


def _folded(names: pd.Index) -> pd.Index:
    return pd.Index([str(name).casefold() for name in names], dtype=object)


def _types(table: pd.DataFrame, known: list[str]) -> tuple[sparse.csr_array, np.ndarray]:
    """Return the probability of each type for each row, and the type of its herd."""
    n_rows = len(table)
    herd = np.full(n_rows, -1, dtype=np.int32)
    if "type" in table.columns:
        codes, given = pd.factorize(table["type"])
        # the extra last entry answers the code -1 of a missing type
        herd = np.append(_type_codes(given, known), np.int32(-1))[codes]
    if "type_proba" in table.columns:
        mappings = table["type_proba"].to_numpy(object)
        mixed = ~pd.isna(mappings)
        mixed[mixed] = np.fromiter(map(len, mappings[mixed]), int) > 0
    else:
        mixed = np.zeros(n_rows, dtype=bool)
    lacking = ~mixed & (herd < 0)
    if lacking.any():
        raise ValueError(
            f"evidence: {int(lacking.sum())} rows have neither a type nor a type_proba, the first "
            f"of them row {int(np.flatnonzero(lacking)[0])}; give them one or drop them."
        )
    lengths = np.ones(n_rows, dtype=np.int64)
    if not mixed.any():
        columns, shares = herd, np.ones(n_rows)
    else:
        lengths[mixed] = np.fromiter(map(len, mappings[mixed]), int)
        is_mixed = np.repeat(mixed, lengths)
        columns, shares = np.repeat(herd, lengths), np.ones(lengths.sum())
        columns[is_mixed], shares[is_mixed] = _mixtures(mappings[mixed], known)
        starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        shares /= np.repeat(np.add.reduceat(shares, starts), lengths)
        # the most probable type, the first of the priors where two are equal
        order = np.lexsort((columns, -shares, np.repeat(np.arange(n_rows), lengths)))
        herd = np.where(herd < 0, columns[order][starts], herd)
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    types = sparse.csr_array((shares, columns, indptr), shape=(n_rows, len(known)))
    return types, herd


def _mixtures(mappings: np.ndarray, known: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return the type codes and probabilities of all entries of the mappings, in order."""
    codes, names = pd.factorize(np.array([*flatten.from_iterable(mappings)], dtype=object))
    values = flatten.from_iterable(mapping.values() for mapping in mappings)
    shares = np.fromiter(values, float, count=len(codes))
    wrong = ~((shares >= 0) & (shares < np.inf))
    if wrong.any():
        raise ValueError(
            f"evidence.type_proba must map types to probabilities; got {shares[wrong][0]}."
        )
    if not all(any(mapping.values()) for mapping in mappings):
        raise ValueError("evidence.type_proba must not be zero for every type of a row.")
    return _type_codes(names, known)[codes], shares


def _type_codes(names: Iterable[Any], known: list[str]) -> np.ndarray:
    names = [str(name) for name in names]
    for name in names:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f" (did you mean {close[0]!r}?)" if close else ""
            raise ValueError(
                f"evidence has the type {name!r}, which has no priors{hint}. Known are "
                f"{', '.join(known)}. Add it with priors.replace(types={{{name!r}: "
                "{'reliability': 'C'}}), or with supports_if_true and supports_if_false."
            )
    return np.array([known.index(name) for name in names], dtype=np.int32)


def _chains(table: pd.DataFrame, priors: Priors) -> tuple[np.ndarray, np.ndarray]:
    """Return a code for each row's relays, in an order that depends on their names only, and f."""
    if "via" not in table.columns:
        return np.zeros(len(table), dtype=int), np.ones(len(table))
    names, chains = _tuples(table, "via")
    if "via_types" in table.columns:
        kinds, chain_kinds = _tuples(table, "via_types")
    else:
        kinds, chain_kinds = np.zeros(len(table), dtype=int), [()]
    both, pair = np.unique(names * len(chain_kinds) + kinds, return_inverse=True)
    fidelity = np.ones(len(both))
    for i, code in enumerate(both):  # over the distinct chains, not the rows
        relays, relay_kinds = chains[code // len(chain_kinds)], chain_kinds[code % len(chain_kinds)]
        if relay_kinds and len(relay_kinds) != len(relays):
            raise ValueError(
                f"evidence.via_types must be as long as via; got {relay_kinds!r} for {relays!r}."
            )
        for relay, kind in zip(relays, relay_kinds or [None] * len(relays), strict=True):
            fidelity[i] *= priors.relay_fidelity(relay, kind)
    return names, fidelity[pair]


def _tuples(table: pd.DataFrame, column: str) -> tuple[np.ndarray, list[tuple[str, ...]]]:
    """Return codes and the sorted distinct values of a column of tuples of str."""
    values = table[column].to_numpy(object)
    try:
        codes, distinct = pd.factorize(values)
    except TypeError:  # lists, say from JSON, cannot be hashed
        hashable = np.empty(len(values), dtype=object)
        hashable[:] = [tuple(v) if isinstance(v, list) else v for v in values]
        codes, distinct = pd.factorize(hashable)
    for value in distinct:
        if not isinstance(value, tuple) or not all(isinstance(name, str) for name in value):
            raise ValueError(
                f"evidence.{column} must hold tuples of str, the relay nearest the reader first "
                f"(() for none); got {value!r}."
            )
    order = sorted(range(len(distinct)), key=distinct.__getitem__)
    rank = np.empty(len(distinct) + 1, dtype=int)
    rank[order] = np.arange(len(distinct))
    rank[-1] = len(distinct)  # a missing value has the code -1 and means no relay
    return rank[codes], [*(distinct[i] for i in order), ()]


def _published(table: pd.DataFrame) -> np.ndarray | None:
    if "published" not in table.columns:
        return None
    try:
        when = pd.to_datetime(table["published"], utc=True)
    except (ValueError, TypeError) as error:
        raise ValueError(f"evidence.published must hold dates: {error}") from None
    # NaT is the least int64
    return when.dt.as_unit("ns").astype("int64").to_numpy()


def merge_rows(rows: Rows, betas: Betas) -> Voices:
    """Merge the rows of each origin into its voices, sorted by claim, stance, herd and strength.

    The order depends on nothing but the values, so that sums over voices do not depend on the
    order of the rows, not even in the last bit.

    Among statements of one origin and stance that name several types or mixtures, the one that
    tells most for what the voice says counts. Where they even differ in the type of herd, the
    voice belongs to no herd: were it to change herds, one more support could lower the score.
    """
    n_sources = max(len(rows.sources), 1)
    key = (rows.claim.astype(np.int64) * n_sources + rows.source) * 2 + rows.denies
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
        best = best[np.lexsort((herd[best], voice[best]))]
        chosen = best[np.flatnonzero(np.diff(voice[best], prepend=-1))]
    low, high = _reduce(np.minimum, herd, starts), _reduce(np.maximum, herd, starts)
    herd, llr = np.where(low == high, low, np.int32(betas.n_types)), llr[chosen]
    group = _herd_group(rows.claim[order[chosen]], denies[chosen], herd, betas.n_types)
    said = np.lexsort((llr, -np.abs(llr), group))
    if rows.published is not None:
        said = said[~_withdrawn(key[starts], rows.published[order], starts)[said]]
    row = order[chosen[said]]
    return Voices(
        claim=rows.claim[row],
        source=rows.source[row],
        denies=rows.denies[row],
        phi=phi[said],
        herd=herd[said],
        types=rows.types[row],
        pairs=pairs[row],
        n_rows=np.diff(starts, append=len(voice))[said],
        llr=llr[said],
    )


def herd_weights(said: Voices, rho: np.ndarray) -> np.ndarray:
    """Return what herding leaves of each voice, as sorted by `merge_rows`.

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
    first = np.flatnonzero(np.diff(group, prepend=-1))
    before = np.arange(len(group)) - np.repeat(first, np.diff(first, append=len(group)))
    shared = np.append(rho, 0.0)[said.herd]
    # n_eff(i) - n_eff(i-1) without the cancellation, for i = before + 1 > 1
    weight = (1 - shared) / ((1 + before * shared) * (1 + (before - 1) * shared + (before == 0)))
    return np.where(before == 0, 1.0, weight)


def design_weights(said: Voices, rho: np.ndarray) -> np.ndarray:
    """Return n_eff(n) / n for each voice in a herd of n: the same total, shared evenly.

    What learning counts with: while reliabilities are still being learned, their ranking is not
    there to go by.
    """
    group = _herd_group(said.claim, said.denies, said.herd, len(rho))
    first = np.flatnonzero(np.diff(group, prepend=-1))
    sizes = np.diff(first, append=len(group))
    shared = np.append(rho, 0.0)[said.herd]
    return 1 / (1 + (np.repeat(sizes, sizes) - 1) * shared)


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
    source = np.repeat(rows.source, np.diff(rows.types.indptr))
    pairs = kinds = rows.types.indices
    if (rows.source_prior >= 0).any():
        own = rows.source_prior[source]
        pairs = np.where(own < 0, pairs, betas.n_types + own)
    if len(betas.learned):
        record = betas.learned.get_indexer(rows.sources)[source]
        own = np.where(record < 0, -1, betas.learned_pairs[record, kinds])
        pairs = np.where(own < 0, pairs, own)
    shape = (rows.types.shape[0], len(betas.a_mean))
    return sparse.csr_array((rows.types.data, pairs, rows.types.indptr), shape=shape)


def _reduce(function: np.ufunc, values: np.ndarray, starts: np.ndarray) -> np.ndarray:
    # reduceat refuses to reduce nothing
    return function.reduceat(values, starts) if len(starts) else values[:0]
