"""Attributions against given claims: which claim, whether at all, and for or against.

Comes in: the rows of an attribution table and claims. Goes out: pairs of a row and a claim with
their features. What stands around a statement counts as well: *denied it* says nothing about a
claim unless the sentence before it does.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sourcescore.compare import PAIR_FEATURES, Statements, analyse, pair_features
from sourcescore.words import WordVectors

from .features import Rows
from .wording import is_negated_clause

__all__ = ["claim_features", "claim_pairs"]

#: Claims that a statement is compared with in full, the likest first.
MAX_CLAIMS = 12
#: Rows whose likeness to all claims is held at a time.
_CHUNK = 20_000


def claim_pairs(
    rows: Rows, contents: Sequence[str], claims: Sequence[str], words: WordVectors
) -> tuple[np.ndarray, np.ndarray]:
    """Each row with the claims that it is likest to, all of them where they are few.

    Returns
    -------
    row, claim : int arrays of shape (n_pairs,), sorted by row, then claim
    """
    n, m = len(rows), len(claims)
    if m <= MAX_CLAIMS:
        return np.repeat(np.arange(n), m), np.tile(np.arange(m), n)
    vectors = words.embed(claims)
    found = []
    for start in range(0, n, _CHUNK):
        part = slice(start, min(start + _CHUNK, n))
        likeness = _likeness(rows, part, vectors).max(axis=2)
        best = np.argpartition(-likeness, MAX_CLAIMS, axis=1)[:, :MAX_CLAIMS]
        found.append(np.sort(best, axis=1))
    return np.repeat(np.arange(n), MAX_CLAIMS), np.concatenate(found).ravel()


def _likeness(rows: Rows, part: slice, claims: np.ndarray) -> np.ndarray:
    """Cosine of contents and of sentences with each claim, shape (n_rows, n_claims, 2)."""
    n = len(rows)
    content = rows.statements.embedding[:n][part] @ claims.T
    sentence = rows.surroundings[part] @ claims.T
    return np.stack([content, sentence], axis=2)


def claim_features(
    rows: Rows,
    neither: np.ndarray,
    texts: Sequence[Sequence[str]],
    claims: Sequence[str],
    row: np.ndarray,
    claim: np.ndarray,
    words: WordVectors,
) -> tuple[np.ndarray, list[str]]:
    """Features of pairs of a row and a claim.

    Parameters
    ----------
    rows : Rows
    neither : bool array of shape (n_rows,)
        Whether the row neither asserts nor denies.
    texts : the contents, the sentences and the sources of the rows
    claims : sequence of str
    row, claim : int arrays of shape (n_pairs,)
    words : WordVectors

    Returns
    -------
    float32 array of shape (n_pairs, n_features), list of their names
    """
    n = len(rows)
    contents, sentences, sources = texts
    together = analyse([*contents, *sentences, *sources, *claims], words)
    at = 3 * n + claim
    content = pair_features(together, row, at)
    columns = {f"content_{k}": v for k, v in zip(PAIR_FEATURES, content.T, strict=True)}
    around = pair_features(together, row + n, at)
    columns |= {f"sentence_{k}": v for k, v in zip(PAIR_FEATURES, around.T, strict=True)}
    speaker = pair_features(together, row + 2 * n, at)
    columns["source_in_claim"] = speaker[:, PAIR_FEATURES.index("rarest_shared")]
    columns |= _attitude(rows, neither, claims, row, claim, columns, together)
    columns |= _context(rows, row, claim, together.embedding[3 * n :], columns)
    names = list(columns)
    return np.column_stack([columns[c] for c in names]).astype(np.float32), names


def _attitude(
    rows: Rows,
    neither: np.ndarray,
    claims: Sequence[str],
    row: np.ndarray,
    claim: np.ndarray,
    known: dict[str, np.ndarray],
    together: Statements,
) -> dict[str, np.ndarray]:
    """What the source does with the content, and which way content and claim point."""
    against = np.array([is_negated_clause(c) for c in claims], dtype=bool)[claim]
    denies, negated = rows.denies[row], rows.negated[row]
    empty, thin, back = rows.own_words[row] <= 1, rows.own_words[row] == 2, rows.points_back[row]
    differ = negated != against
    alike = known["content_soft_min"]
    negations = together.counts[row, 3]
    return {
        "denies": denies,
        "denying_cue": rows.denying_cue[row],
        "neither": neither[row],
        "negation_differs": differ,
        "claim_negated": against,
        "denies_negation_differs": denies & differ,
        "asserts_negation_differs": ~denies & differ,
        "negations": negations,
        "asserts_negations": ~denies * negations,
        "asserts_shared_negated_once": ~denies * known["content_shared_negated_once"],
        "denies_shared_negated_once": denies * known["content_shared_negated_once"],
        "negated_once_alike": known["content_shared_negated_once"] * alike,
        "hedges": together.counts[row, 4],
        "empty": empty,
        "thin": thin,
        "points_back": back,
        "denies_empty": denies & empty,
        "denies_alike": denies * alike,
        "asserts_alike": ~denies * alike,
        "neither_alike": neither[row] * alike,
        "negated_alike": negated * alike,
        "place": np.minimum(rows.place[row], 20),
        "title": rows.place[row] == 0,
        "length": np.log1p(rows.length[row]),
    }


def _context(
    rows: Rows,
    row: np.ndarray,
    claim: np.ndarray,
    claims: np.ndarray,
    known: dict[str, np.ndarray],
) -> dict[str, np.ndarray]:
    """How near the neighbours, the parent, the best of the document and rival claims come."""
    n = len(rows)
    vectors = rows.statements.embedding[:n]
    alike = np.einsum("ij,ij->i", vectors[row], claims[claim])
    looks_back = (rows.own_words[row] <= 1) | rows.points_back[row]
    columns = {}
    for step in (-2, -1, 1, 2):
        other = np.clip(row + step, 0, max(n - 1, 0))
        there = (other == row + step) & (rows.document[other] == rows.document[row])
        near = there * np.einsum("ij,ij->i", vectors[other], claims[claim])
        columns[f"neighbour_{step}"] = near
        columns[f"neighbour_{step}_looks_back"] = near * looks_back
    parent = rows.parent[row]
    nested = np.einsum("ij,ij->i", vectors[np.maximum(parent, 0)], claims[claim])
    columns["parent"] = (parent >= 0) * nested
    whole = 0.5 * known["content_soft_max"] + 0.5 * alike
    key = rows.document[row].astype(np.int64) * (int(claim.max(initial=0)) + 1) + claim
    _, group = np.unique(key, return_inverse=True)
    columns["below_best_in_document"] = whole - _highest(whole, group)[group]
    columns["best_in_document"] = _highest(whole, group)[group]
    # of all rows, also those that this claim was not likely enough for to be compared in full
    first = np.flatnonzero(np.diff(rows.document, prepend=-1))
    size = np.diff(first, append=n)
    mean = np.add.reduceat(vectors, first, axis=0) / size[:, None]
    columns["mean_in_document"] = np.einsum("ij,ij->i", mean[rows.document[row]], claims[claim])
    columns["below_best_claim"] = whole - _highest(whole, row)[row]
    return columns


def _highest(values: np.ndarray, group: np.ndarray) -> np.ndarray:
    out = np.full(int(group.max(initial=-1)) + 1, -np.inf)
    np.maximum.at(out, group, values)
    return out
