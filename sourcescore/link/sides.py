"""Which statement words a claim best, and on which side of it every other one stands.

Comes in: the rows of statements and their groups. Goes out: one representative a group, a side a
row (1 supports, -1 denies), a text a group.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from sourcescore.compare import NAME, PLACE, pair_features

from .features import Rows
from .wording import claim_text

__all__ = ["point", "represent", "word"]

#: Terms of a claim that reads well.
_GOOD_LENGTH = 9
#: Share of the words that two statements must have in common for their negations to be compared.
_COMPARABLE = 0.6


def represent(rows: Rows, groups: np.ndarray) -> np.ndarray:
    """The row of each group that words its claim best, int array of shape (n_groups,).

    Best is asserted rather than denied, has words of its own and no pronouns, names who and where,
    is neither a fragment nor a paragraph, and is near in meaning to the rest of the group.
    """
    n, s = len(rows), rows.statements
    vectors = s.embedding[:n]
    middle = np.zeros((groups.max() + 1, vectors.shape[1]))
    # what is denied is what the dispute is about
    counts = (rows.own_words > 1) * (1 + rows.denies)
    np.add.at(middle, groups, vectors * counts[:, None])
    middle /= np.maximum(np.linalg.norm(middle, axis=1, keepdims=True), 1e-9)
    kinds = s.kinds[:n]
    told = (((kinds == NAME) | (kinds == PLACE)) & (s.stems[:n] >= 0)).sum(axis=1)
    _, anaphors, persons, negations, hedges = s.counts[:n].T
    # the innermost wording, not the sentence of the relay around it
    relays = np.zeros(n, dtype=bool)
    inner = rows.parent >= 0
    relays[rows.parent[inner]] = True
    score = (
        1.5 * np.einsum("ij,ij->i", vectors, middle[groups])
        - 3.0 * (rows.own_words <= 2)
        - 1.5 * rows.denies
        - 0.5 * rows.denying_cue
        - 0.4 * np.minimum(anaphors, 3)
        - 0.7 * np.minimum(persons, 2)
        - 0.3 * np.minimum(negations, 2)
        - 0.2 * hedges
        - 0.8 * relays
        + 0.8 * rows.clause
        + 0.15 * np.minimum(told, 4)
        - 0.08 * np.abs(s.n_terms[:n] - _GOOD_LENGTH)
    )
    order = np.lexsort((np.arange(n), -np.round(score, 4), groups))
    return order[np.flatnonzero(np.diff(groups[order], prepend=-1))]


def point(rows: Rows, groups: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """The side of each row towards the claim of its group: 1 supports, -1 denies.

    Parameters
    ----------
    rows : Rows
    groups : int array of shape (n,)
    chosen : int array of shape (n_groups,)
        The representative of each group. A denied one words the claim without the negation.

    Returns
    -------
    int array of shape (n,)
    """
    n = len(rows)
    model = chosen[groups]
    side = np.where(rows.denies, -1, 1)
    asserted = ~rows.denies[model]
    differ = np.zeros(n, dtype=bool)
    doubtful = asserted & (model != np.arange(n)) & (rows.own_words > 2)
    doubtful &= rows.negated | rows.negated[model]
    check = np.flatnonzero(doubtful)
    if len(check):
        shared = pair_features(rows.statements, check, model[check])[:, 3]
        comparable = np.zeros(n, dtype=bool)
        comparable[check] = shared >= _COMPARABLE
        differ = comparable & (rows.negated != rows.negated[model])
        # "said that no shot was fired" denies, but not the claim that no shot was fired
        agrees = comparable & rows.denies & ~rows.denying_cue & rows.negated & rows.negated[model]
        side[agrees] = 1
    side[differ & ~rows.denies] = -1
    _answer_denials(rows, groups, side)
    # a relay says what it relays; the innermost first, so that a chain passes it on
    for row in np.flatnonzero(rows.parent >= 0)[::-1]:
        parent = rows.parent[row]
        if groups[parent] == groups[row] and not rows.denies[parent]:
            side[parent] = side[row]
    return side


def _answer_denials(rows: Rows, groups: np.ndarray, side: np.ndarray) -> None:
    """Who *disputes that*, just after another's denial, supports what that one denied.

    Not so a verdict (*said it was fake news*): that one is on the claim and not on its denial.
    """
    answers = rows.denies & rows.denying_cue & rows.points_back & (rows.own_words == 0)
    for row in np.flatnonzero(answers & (rows.place > 0)):
        before = row - 1
        other = rows.source[before] != rows.source[row]
        if groups[before] == groups[row] and other and side[before] < 0:
            side[row] = 1


def word(table: pd.DataFrame, rows: Rows, chosen: np.ndarray) -> list[str]:
    """The text of each claim from its representative."""
    contents = table["content"].to_numpy(object)[chosen]
    name = "source_name" if "source_name" in table else "source"
    names = table[name].to_numpy(object)[chosen] if name in table else [""] * len(chosen)
    return [
        claim_text(content, positive=bool(denies), source=who if isinstance(who, str) else "")
        for content, denies, who in zip(contents, rows.denies[chosen], names, strict=True)
    ]
