"""Groups of statements from the probabilities of their pairs, never comparing all with all.

Candidate pairs come from an index of terms and pairs of terms, read through a window (the sorted
neighbourhood of Hernández and Stolfo 1995), so that their number grows with the statements and not
with their square. Groups are cut from average-linkage clustering (Sokal and Michener 1958) of each
connected part.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from sourcescore.compare import Statements

__all__ = ["candidate_pairs", "group", "merge_identical", "merge_pairs"]

_WORD = re.compile(r"\w+")
#: Contents of fewer words say too little to be the same claim wherever they stand.
_TELLING_WORDS = 4
#: Statements under one index key that each is compared with, on either side.
WINDOW = 6
#: Candidates of one statement that are kept, the likest first.
MAX_CANDIDATES = 24
#: Terms of a statement, the rarest first, that make keys, alone and in pairs.
KEY_TERMS = 7
#: A term in more statements than this makes no key alone.
MAX_FREQUENCY = 64
#: A connected part larger than this is taken apart at a higher probability first.
MAX_PART = 400


def group(
    n: int, left: np.ndarray, right: np.ndarray, probability: np.ndarray, cut: float
) -> np.ndarray:
    """Group n items by average linkage over the probabilities that pairs belong together.

    Parameters
    ----------
    n : int
    left, right : int arrays of shape (n_pairs,)
        Each pair once. Pairs that are not listed have probability 0.
    probability : float array of shape (n_pairs,)
    cut : float in (0, 1)
        Two groups are joined while the mean probability of their pairs is at least this.

    Returns
    -------
    int array of shape (n,)
        The group of each item; groups are numbered by their first item.
    """
    labels = np.arange(n)
    # an average of at least `cut` needs a pair of at least `cut`: weaker ones connect nothing
    work = [(np.arange(n), np.arange(len(left)), cut)]
    while work:
        items, pairs, floor = work.pop()
        strong = pairs[probability[pairs] >= floor]
        for part, inside in _parts(n, items, left, right, pairs, strong):
            if len(part) <= MAX_PART:
                labels[part] = part[0]
                _average_linkage(
                    labels, part, left[inside], right[inside], probability[inside], cut
                )
            elif floor < 0.999:
                work.append((part, inside, floor + (1 - floor) / 4))
            else:
                labels[part] = part[0]
    _, first, number = np.unique(labels, return_index=True, return_inverse=True)
    order = np.argsort(np.argsort(first))
    return order[number]


def _parts(
    n: int,
    items: np.ndarray,
    left: np.ndarray,
    right: np.ndarray,
    pairs: np.ndarray,
    strong: np.ndarray,
) -> list[tuple[np.ndarray, np.ndarray]]:
    """The connected parts of more than one item, each with the pairs inside it."""
    if not len(strong):
        return []
    graph = coo_array((np.ones(len(strong)), (left[strong], right[strong])), shape=(n, n))
    _, component = connected_components(graph, directed=False)
    inside = pairs[component[left[pairs]] == component[right[pairs]]]
    members = items[np.argsort(component[items], kind="stable")]
    bounds = np.flatnonzero(np.diff(component[members], prepend=-1))
    pair_order = inside[np.argsort(component[left[inside]], kind="stable")]
    pair_part = component[left[pair_order]]
    out = []
    for part in np.split(members, bounds[1:]):
        if len(part) > 1:
            low, high = np.searchsorted(pair_part, [component[part[0]], component[part[0]] + 1])
            out.append((part, pair_order[low:high]))
    return out


def _average_linkage(
    labels: np.ndarray,
    part: np.ndarray,
    left: np.ndarray,
    right: np.ndarray,
    probability: np.ndarray,
    cut: float,
) -> None:
    m = len(part)
    a, b = np.searchsorted(part, left), np.searchsorted(part, right)
    a, b = np.minimum(a, b), np.maximum(a, b)
    distance = np.ones(m * (m - 1) // 2)
    distance[a * m - a * (a + 1) // 2 + b - a - 1] = 1 - probability
    # rounding makes ties equal on every machine, so that the order of the pairs cannot matter
    found = fcluster(linkage(np.round(distance, 6), "average"), 1 - cut + 1e-9, "distance")
    _, first = np.unique(found, return_index=True)
    labels[part] = part[first][found - 1]


def merge_identical(groups: np.ndarray, contents: Iterable[str]) -> np.ndarray:
    """Join groups that hold the same content word for word, however many repeat it.

    A window of candidates sees only some of the copies of a sentence that a hundred outlets carry,
    and pairs that it does not see count as different.

    Parameters
    ----------
    groups : int array of shape (n,)
    contents : iterable of str, length n
        Case, punctuation and space do not matter; contents of less than four words are left alone,
        since *it was true* is not the same claim everywhere.

    Returns
    -------
    int array of shape (n,)
    """
    numbers: dict[tuple[str, ...], int] = {}
    keys = np.full(len(groups), -1)
    for i, content in enumerate(contents):
        words = tuple(_WORD.findall(content.casefold()))
        if len(words) >= _TELLING_WORDS:
            keys[i] = numbers.setdefault(words, len(numbers))
    known = np.flatnonzero(keys >= 0)
    n_groups = groups.max() + 1
    n = n_groups + len(numbers)
    edges = coo_array((np.ones(len(known)), (groups[known], n_groups + keys[known])), shape=(n, n))
    return connected_components(edges, directed=False)[1][groups]


def merge_pairs(
    groups: np.ndarray, left: np.ndarray, right: np.ndarray, probability: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean probability between groups from that between their members; unlisted pairs are left out.

    Returns
    -------
    left, right : int arrays
        Pairs of different groups, each once.
    probability : float array
    """
    a, b = np.minimum(groups[left], groups[right]), np.maximum(groups[left], groups[right])
    apart = a != b
    n = int(groups.max(initial=0)) + 1
    key, number = np.unique(a[apart].astype(np.int64) * n + b[apart], return_inverse=True)
    mean = np.bincount(number, probability[apart], len(key)) / np.bincount(number, None, len(key))
    return key // n, key % n, mean


def candidate_pairs(
    statements: Statements, rows: np.ndarray, order: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of statements that share a rare term or two terms.

    Parameters
    ----------
    statements : Statements
    rows : int array of shape (n,)
        The rows of `statements` to pair.
    order : int array of shape (n,)
        A rank of each row that does not depend on the order of the rows.

    Returns
    -------
    left, right : int arrays of shape (n_pairs,)
        Positions in `rows`, left < right, each pair once.
    """
    stems, weights = statements.stems[rows], statements.weights[rows]
    n = len(rows)
    frequency = np.bincount(stems[stems >= 0], minlength=len(statements.stem_names) + 1)
    rarity = np.where(stems >= 0, weights - 0.05 * np.log1p(frequency[stems]), -np.inf)
    # the name of a stem settles ties: its number depends on the order of the statements
    name_rank = np.empty(len(statements.stem_names) + 1, dtype=np.int64)
    name_rank[np.argsort(np.array([*statements.stem_names, ""], dtype=object).astype(str))] = (
        np.arange(len(name_rank))
    )
    best = np.lexsort((name_rank[stems], -rarity), axis=1)[:, :KEY_TERMS]
    key_stems = np.take_along_axis(name_rank[stems], best, axis=1)
    there = np.take_along_axis(stems, best, axis=1) >= 0
    often = frequency[np.take_along_axis(stems, best, axis=1)] > MAX_FREQUENCY
    size = np.int64(len(name_rank))
    keys = [np.where(there & ~often, key_stems, -1)]
    for a in range(KEY_TERMS):
        for b in range(a + 1, KEY_TERMS):
            low = np.minimum(key_stems[:, a], key_stems[:, b])
            high = np.maximum(key_stems[:, a], key_stems[:, b])
            pair = size + low * size + high
            keys.append(np.where(there[:, a] & there[:, b], pair, -1)[:, None])
    key = np.concatenate(keys, axis=1)
    row = np.broadcast_to(np.arange(n)[:, None], key.shape)[key >= 0]
    key = key[key >= 0]
    sort = np.lexsort((order[row], key))
    key, row = key[sort], row[sort]
    found = []
    for step in range(1, WINDOW + 1):
        same = key[step:] == key[:-step]
        a, b = row[:-step][same], row[step:][same]
        found.append(np.minimum(a, b) * np.int64(n) + np.maximum(a, b))
    pairs, shared = np.unique(np.concatenate(found), return_counts=True)
    return _likest(statements.embedding[rows], pairs // n, pairs % n, shared, order)


def _likest(
    vectors: np.ndarray, left: np.ndarray, right: np.ndarray, shared: np.ndarray, order: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Keep each statement's likest candidates: many keys in common, near in meaning."""
    likeness = np.empty(len(left), dtype=np.float32)
    for start in range(0, len(left), 1 << 18):
        part = slice(start, start + (1 << 18))
        likeness[part] = np.einsum("ij,ij->i", vectors[left[part]], vectors[right[part]])
    likeness = np.round(likeness + 0.1 * np.log2(shared), 5)
    pair = np.tile(np.arange(len(left)), 2)
    one, other = np.concatenate([left, right]), np.concatenate([right, left])
    rank = np.lexsort((order[other], -likeness[pair], one))
    first = np.flatnonzero(np.diff(one[rank], prepend=-1))
    position = np.arange(len(rank)) - np.repeat(first, np.diff(first, append=len(rank)))
    keep = np.zeros(len(left), dtype=bool)
    keep[pair[rank[position < MAX_CANDIDATES]]] = True
    return left[keep], right[keep]
