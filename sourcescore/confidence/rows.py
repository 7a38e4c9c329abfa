"""The evidence table as arrays.

Comes in: the evidence table and `Priors`. Goes out: integer codes and numbers, one entry a row,
that `sourcescore.confidence.voices` merges. Whatever is wrong with the table is said here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain as flatten
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from sourcescore.evidence import one_in_words
from sourcescore.messages import did_you_mean
from sourcescore.priors import Priors, outlet_key
from sourcescore.tables import check_evidence, object_array, read_dates

__all__ = ["Questions", "Rows", "read_rows"]


@dataclass(frozen=True)
class Questions:
    """Which claims exclude one another, as answers to one question.

    Attributes
    ----------
    question : int array of shape (n_claims,)
        A claim without a question has one of its own.
    n_claims : int array of shape (n_questions,)
    answer : int array of shape (n_claims,), codes into `answers`
    answers : Index
        The first is the empty one, for claims that are the answer to nothing that recurs.
    """

    question: np.ndarray
    n_claims: np.ndarray
    answer: np.ndarray
    answers: pd.Index


@dataclass(frozen=True)
class About:
    """What the codes of claims and sources stand for.

    Attributes
    ----------
    claims, sources : Index
    questions : Questions or None
        None where no claims exclude one another.
    """

    claims: pd.Index
    sources: pd.Index
    questions: Questions | None


@dataclass(frozen=True)
class Rows:
    """The evidence as arrays of shape (n_rows,).

    Attributes
    ----------
    claim, source : int arrays, codes into `claims` and `sources`
    claims, sources : Index
    origin : int array
        Code of the voice that a statement belongs to on its claim: the source, or the sources that
        are one.
    questions : Questions or None
        None where no claims exclude one another.
    source_prior : int array of shape (n_sources,)
        Position of the source's own entry in the priors, -1 where it has none.
    denies : bool array
    certainty : float array in (0, 1]
    chain : int array
        Code of the names of the relays.
    chain_fidelity : float array in [0, 1]
    published : int64 array or None
        Time, the least int64 where it is not known.
    types : sparse array of shape (n_rows, n_types)
        Probability of each type; one 1 where the type is certain.
    herd : int array
        The type, or the most probable one.
    """

    claim: np.ndarray
    claims: pd.Index
    source: np.ndarray
    sources: pd.Index
    origin: np.ndarray
    questions: Questions | None
    source_prior: np.ndarray
    denies: np.ndarray
    certainty: np.ndarray
    chain: np.ndarray
    chain_fidelity: np.ndarray
    published: np.ndarray | None
    types: sparse.csr_array
    herd: np.ndarray

    @property
    def about(self) -> About:
        """What the codes stand for, without the rows."""
        return About(self.claims, self.sources, self.questions)


def read_rows(
    evidence: pd.DataFrame, priors: Priors, copies: Mapping[str, str] | None = None
) -> Rows:
    """Check the evidence table and turn it into arrays.

    Parameters
    ----------
    evidence : DataFrame
    priors : Priors
    copies : mapping of source_id to source_id, optional
        For sources that copy: the one that stands for all who say the same.

    Raises
    ------
    TypeError, ValueError
        If it is not an evidence table; the error names the column and the value.
    """
    table = check_evidence(evidence)
    if not len(table):
        table = table.astype(object)  # Arrow's type of nothing has no operations
    claim, claims = _codes(table, "claim_id")
    source, sources = _codes(table, "source_id")
    types, herd = _types(table, list(priors.types))
    chain, fidelity = _chains(table, priors)
    if "certainty" in table.columns:
        certainty = table["certainty"].to_numpy(float)
    else:
        certainty = np.ones(len(table))
    # half the memory of int64; keys made of several codes are widened first
    claim, source = claim.astype(np.int32), source.astype(np.int32)
    denies = table["stance"].to_numpy() == "denies"
    return Rows(
        claim=claim,
        claims=pd.Index(claims),
        source=source,
        sources=pd.Index(sources),
        origin=_origins(table, claim, source, pd.Index(sources), denies, copies or {}),
        questions=_questions(table, claim, pd.Index(claims)),
        source_prior=_source_priors(table, source, sources, priors),
        denies=denies,
        certainty=certainty,
        chain=chain,
        chain_fidelity=fidelity,
        published=_published(table),
        types=types,
        herd=herd,
    )


def _origins(
    table: pd.DataFrame,
    claim: np.ndarray,
    source: np.ndarray,
    sources: pd.Index,
    denies: np.ndarray,
    copies: Mapping[str, str],
) -> np.ndarray:
    """Return a code for each row's origin; those of sources that are one are the same."""
    origin = source
    if copies:
        names = pd.Index([copies.get(name, name) for name in sources], dtype=object)
        origin = pd.factorize(names)[0].astype(np.int32)[source]
    if "content" not in table.columns:
        return origin
    return one_in_words(claim, origin, denies, table["content"])


def _questions(table: pd.DataFrame, claim: np.ndarray, claims: pd.Index) -> Questions | None:
    if "question_id" not in table.columns or table["question_id"].isna().all():
        return None
    named, names = _of_claims(table["question_id"], "question_id", claim, claims)
    question, n_named = named.copy(), len(names)
    alone = named < 0
    question[alone] = n_named + np.arange(alone.sum())
    if "answer" in table.columns:
        given = [None if pd.isna(v) or v == "" else str(v) for v in table["answer"].tolist()]
        column = pd.Series(object_array(given), dtype=object)
        answer, answers = _of_claims(column, "answer", claim, claims)
    else:
        # "17=2" is the answer "=2" to the question "17"
        rest = [
            None if q < 0 or str(names[q]) not in str(c) else str(c).replace(str(names[q]), "", 1)
            for c, q in zip(claims, named, strict=True)
        ]
        answer, answers = pd.factorize(object_array([r or None for r in rest]))
    return Questions(
        question=question,
        n_claims=np.bincount(question),
        answer=answer + 1,
        answers=pd.Index(["", *map(str, answers)], dtype=object),
    )


def _of_claims(
    column: pd.Series, name: str, claim: np.ndarray, claims: pd.Index
) -> tuple[np.ndarray, np.ndarray]:
    """Return codes and values of a column that says something of the claim; -1 where missing."""
    codes, values = _codes(pd.DataFrame({name: column}), name)
    of_claim = np.full(len(claims), -1)
    np.maximum.at(of_claim, claim, codes)
    wrong = (codes >= 0) & (of_claim[claim] != codes)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise ValueError(
            f"evidence.{name} must be the same in all rows of a claim; {claims[claim[row]]!r} has "
            f"{values[codes[row]]!r} and {values[of_claim[claim[row]]]!r}."
        )
    return of_claim, np.asarray(values, dtype=object)


def _codes(table: pd.DataFrame, name: str) -> tuple[np.ndarray, Any]:
    """Return codes and distinct values of a column, -1 where it is missing."""
    try:
        return pd.factorize(table[name])
    except TypeError:
        for i, value in enumerate(table[name].tolist()):
            try:
                hash(value)
            except TypeError:
                raise ValueError(
                    f"evidence.{name} must hold single values such as strings; got {value!r} in "
                    f"row {i}."
                ) from None
        raise


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
    return pd.Index([outlet_key(str(name)) for name in names], dtype=object)


def _types(table: pd.DataFrame, known: list[str]) -> tuple[sparse.csr_array, np.ndarray]:
    """Return the probability of each type for each row, and the type of its herd."""
    n_rows = len(table)
    herd = np.full(n_rows, -1, dtype=np.int32)
    if "type" in table.columns:
        codes, given = _codes(table, "type")
        # the extra last entry answers the code -1 of a missing type
        herd = np.append(_type_codes(given, known), np.int32(-1))[codes]
    mappings = _mappings(table["type_proba"]) if "type_proba" in table.columns else None
    mixed = np.zeros(n_rows, dtype=bool)
    if mappings is not None:
        mixed = np.fromiter(map(bool, mappings), dtype=bool, count=n_rows)
    lacking = ~mixed & (herd < 0)
    if lacking.any():
        raise ValueError(
            f"evidence: {int(lacking.sum())} rows have neither a type nor a type_proba, the first "
            f"of them row {int(np.flatnonzero(lacking)[0])}; give them one or drop them."
        )
    lengths = np.ones(n_rows, dtype=np.int64)
    if mappings is None or not mixed.any():
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


def _mappings(column: pd.Series) -> np.ndarray:
    """Return the mappings of type to probability, an empty one where there is none."""
    out = np.empty(len(column), dtype=object)
    for i, value in enumerate(column.tolist()):
        if isinstance(value, list) and value and all(isinstance(v, tuple) for v in value):
            value = dict(value)  # how Arrow gives a map
        if isinstance(value, Mapping):
            out[i] = value
        elif value is None or (np.ndim(value) == 0 and pd.isna(value)):
            out[i] = {}
        else:
            raise ValueError(
                "evidence.type_proba must hold mappings of type to probability (a dict, or "
                f"missing); got {value!r} in row {i}."
            )
    return out


def _mixtures(mappings: np.ndarray, known: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return the type codes and probabilities of all entries of the mappings, in order."""
    names = [*flatten.from_iterable(mappings)]
    codes, distinct = pd.factorize(object_array(names), use_na_sentinel=False)
    shares, given = np.zeros(len(names)), np.ones(len(names), dtype=bool)
    for i, value in enumerate(flatten.from_iterable(m.values() for m in mappings)):
        if value is None:  # Parquet makes one struct of mappings with different keys
            given[i] = False
            continue
        if isinstance(value, Real) and not isinstance(value, bool):
            shares[i] = float(value)
        else:
            shares[i] = np.nan
        if not 0 <= shares[i] < np.inf:
            raise ValueError(
                f"evidence.type_proba must map types to probabilities; got {value!r} for "
                f"{names[i]!r}, not a number of 0 or more."
            )
    starts = np.cumsum([0, *map(len, mappings)])[:-1]
    most = np.maximum.reduceat(shares, starts)
    if (most == 0).any():
        raise ValueError("evidence.type_proba must not be zero for every type of a row.")
    lengths = np.diff(starts, append=len(shares))
    used = np.unique(codes[given])
    of_name = np.zeros(len(distinct), dtype=np.int32)
    of_name[used] = _type_codes([distinct[i] for i in used], known)
    return of_name[codes], shares / np.repeat(most, lengths)


def _type_codes(names: Iterable[Any], known: list[str]) -> np.ndarray:
    names = [str(name) for name in names]
    for name in names:
        if name not in known:
            raise ValueError(
                f"evidence has the type {name!r}, which has no priors{did_you_mean(name, known)} "
                f"Known are {', '.join(known)}. Add it with priors.replace(types={{{name!r}: "
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
    except (TypeError, ValueError):  # lists, say from JSON, or arrays, from Parquet
        hashable = np.empty(len(values), dtype=object)
        hashable[:] = [tuple(v) if isinstance(v, list | np.ndarray) else v for v in values]
        codes, distinct = _codes(pd.DataFrame({column: hashable}), column)
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
    # NaT is the least int64
    return read_dates(table["published"], "evidence.published").astype("int64").to_numpy()
