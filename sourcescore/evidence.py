"""Attributions to evidence: which statements count for or against a claim, and whose they are.

Comes in: attributions with type, stance, source and claim. Goes out: the evidence table, a row for
each statement of an *origin*, the innermost source; the sources around it are its relays.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from sourcescore.tables import (
    EVIDENCE_STANCES,
    check_attributions,
    object_array,
    require_columns,
    string_array,
)
from sourcescore.taxonomy import AttributionType, Stance

__all__ = ["attributions_to_evidence", "one_in_words", "relay_chains"]

_COLUMNS = (
    "claim_id",
    "source_id",
    "source_name",
    "type",
    "stance",
    "certainty",
    "via",
    "via_types",
    "type_proba",
    "doc_id",
    "published",
    "attribution_id",
    "content",
)
_NEEDED = (
    "doc_id",
    "attribution_id",
    "parent_id",
    "source_id",
    "source_name",
    "type",
    "type_proba",
    "stance",
    "certainty",
    "content",
    "claim_id",
    "claim_stance",
)
#: Sources that pass on what others say by trade.
_MEDIA = frozenset({AttributionType.AGENCY_REPORT, AttributionType.MEDIA_REPORT})
_OUTLET_TYPE = str(AttributionType.MEDIA_REPORT)
#: How many sources around a statement are looked at: more than a reader could follow, and a bound
#: that keeps the time linear in a text that nests without end.
_MAX_DEPTH = 16


def attributions_to_evidence(
    attributions: pd.DataFrame,
    outlets: Mapping[Any, str] | None = None,
    published: Mapping[Any, Any] | None = None,
) -> pd.DataFrame:
    """Turn attributions that bear on claims into evidence.

    A row counts if it says something for or against a claim; wishes, plans and questions
    (stance ``neither``) do not. A source in whose statement another one says the same thing is
    that one's relay, not a second voice: it goes into ``via``. One that says the contrary (*the
    ministry denied what residents had said*) is a voice of its own.

    Where an outlet is quoted inside the statement of somebody who is not one (*troops were
    fighting, the paper said, according to an official*), the outlet is still the relay and the
    other the origin, since outlets get their news from people and not the other way round.

    Sources that say the same of a claim in the same eight or more words are one origin, the first
    of them: outlets that print one dispatch, or two names for one speaker.

    Parameters
    ----------
    attributions : DataFrame
        The attribution table, linked.
    outlets : mapping of doc_id to str, optional
        Where the document was published.
    published : mapping of doc_id to datetime, optional

    Returns
    -------
    DataFrame
        The evidence table, with ``via_types``, the types of the relays.
    """
    check_attributions(attributions, _NEEDED)
    columns = {name: attributions[name].tolist() for name in _NEEDED}
    claims, sides, types = columns["claim_id"], columns["claim_stance"], columns["type"]
    bears = (
        attributions["claim_id"].notna()
        & attributions["claim_stance"].isin(EVIDENCE_STANCES)
        & (attributions["stance"] != Stance.NEITHER)
    ).tolist()
    parents = _parent_positions(attributions)
    relayed = [False] * len(bears)
    carriers: dict[int, list[int]] = {}  # outlets inside the statement of the origin
    for i, counts in enumerate(bears):
        for above in _ancestors(parents, i) if counts else ():
            if not bears[above] or (claims[above], sides[above]) != (claims[i], sides[i]):
                continue
            if types[i] in _MEDIA and types[above] not in _MEDIA:
                relayed[i] = True
                carriers.setdefault(above, []).append(i)
            else:
                relayed[above] = True
    chains = _chains(attributions, parents, outlets or {})
    out: dict[str, list[Any]] = {name: [] for name in _COLUMNS}
    for i, counts in enumerate(bears):
        if not counts or relayed[i]:
            continue
        via, via_types = chains[i]
        inner = carriers.get(i, ())
        proba, doc_id = columns["type_proba"][i], columns["doc_id"][i]
        row = (
            claims[i],
            columns["source_id"][i],
            columns["source_name"][i],
            types[i],
            sides[i],
            columns["certainty"][i],
            (*via, *(_relay_name(columns["source_name"][k], types[k]) for k in inner)),
            (*via_types, *(types[k] for k in inner)),
            dict(proba) if isinstance(proba, Mapping) and proba else {types[i]: 1.0},
            doc_id,
            (published or {}).get(doc_id, pd.NaT),
            columns["attribution_id"][i],
            columns["content"][i],
        )
        for name, value in zip(_COLUMNS, row, strict=True):
            out[name].append(value)
    return _evidence_frame(_with_origins(out))


def _with_origins(columns: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Give the rows of sources that are one the source that comes first."""
    claim, _ = pd.factorize(object_array(columns["claim_id"]))
    source, _ = pd.factorize(object_array(columns["source_id"]))
    denies = np.array([stance == "denies" for stance in columns["stance"]], dtype=bool)
    contents = pd.Series(object_array(columns["content"]), dtype=object)
    origin = one_in_words(claim, source, denies, contents)
    first = np.unique(source, return_index=True)[1]
    for i in np.flatnonzero(origin != source):
        for name in ("source_id", "source_name"):
            columns[name][i] = columns[name][first[origin[i]]]
    return columns


#: Fewer equal words may well be chance.
_FEWEST_WORDS = 8
_WORD = re.compile(r"\w+")


def one_in_words(
    claim: np.ndarray, source: np.ndarray, denies: np.ndarray, contents: pd.Series
) -> np.ndarray:
    """Find the sources that say the same of a claim in the same words.

    Parameters
    ----------
    claim, source : int arrays of shape (n,)
        Codes, from 0.
    denies : bool array of shape (n,)
    contents : Series of str of shape (n,)
        Case, punctuation and space do not matter; of fewer than eight words nothing is concluded.

    Returns
    -------
    int array of shape (n,)
        For each row the source, or the least code of those that are one on its claim.

    Examples
    --------
    >>> said = "The bridge was closed to all traffic on Monday."
    >>> zeros = np.zeros(3, dtype=int)
    >>> contents = pd.Series([said, said.upper(), "It was not closed."])
    >>> one_in_words(zeros, np.arange(3), zeros == 1, contents).tolist()
    [0, 0, 2]
    """
    codes, distinct = pd.factorize(
        object_array([c if isinstance(c, str) else None for c in contents.tolist()])
    )
    words = [_WORD.findall(str(content).casefold()) for content in distinct]
    joined = [" ".join(w) if len(w) >= _FEWEST_WORDS else None for w in words]
    wording = np.append(pd.factorize(object_array(joined))[0], -1)[codes]
    said = np.flatnonzero(wording >= 0)
    if not len(said):
        return source
    key = (claim[said].astype(np.int64) * 2 + denies[said]) * (wording.max() + 1) + wording[said]
    of_words = np.unique(key, return_inverse=True)[1]
    n_sources = np.int64(source.max() + 1)
    speakers, speaker = np.unique(claim[said] * n_sources + source[said], return_inverse=True)
    # speakers on one side, words on the other: what hangs together is one voice
    n = len(speakers) + of_words.max() + 1
    links = sparse.coo_array(
        (np.ones(len(said)), (speaker, len(speakers) + of_words)), shape=(n, n)
    )
    together = connected_components(links, directed=False)[1]
    least = np.full(n, np.iinfo(np.int64).max)
    np.minimum.at(least, together[: len(speakers)], speakers % n_sources)
    # other rows of the same source on the claim go with it
    own = claim * n_sources + source
    at = np.minimum(np.searchsorted(speakers, own), len(speakers) - 1)
    return np.where(speakers[at] == own, least[together[at]], source)


def _evidence_frame(columns: Mapping[str, Sequence[Any]]) -> pd.DataFrame:
    data: dict[str, Any] = {}
    for name, values in columns.items():
        if name == "certainty":
            data[name] = pd.array(values, dtype="float64")
        elif name == "published":
            data[name] = pd.to_datetime(pd.Series(values, dtype="datetime64[us]"))
        elif name in ("via", "via_types", "type_proba"):
            data[name] = object_array(values)
        else:
            data[name] = string_array(values)
    return pd.DataFrame(data)


def _parent_positions(attributions: pd.DataFrame) -> list[int]:
    """For each row the position of its parent's row, -1 where it has none.

    Where parents run in a circle, the circle is cut.
    """
    documents = attributions["doc_id"].tolist()
    own = zip(documents, attributions["attribution_id"], strict=True)
    at = {key: i for i, key in enumerate(own)}
    above = zip(
        documents, attributions["parent_id"], attributions["parent_id"].notna(), strict=True
    )
    parents = [at.get((doc, parent), -1) if known else -1 for doc, parent, known in above]
    walk = [-1] * len(parents)  # the row from which the way up first came along here
    for i in range(len(parents)):
        k = last = i
        while k >= 0 and walk[k] < 0:
            walk[k] = i
            last, k = k, parents[k]
        if k >= 0 and walk[k] == i:
            parents[last] = -1
    return parents


def _ancestors(parents: list[int], row: int) -> list[int]:
    """Positions of the sources around a row, the nearest first."""
    found: list[int] = []
    while (row := parents[row]) >= 0 and len(found) < _MAX_DEPTH:
        found.append(row)
    return found


def _relay_name(name: Any, kind: str) -> str:
    # the author's own "we learned that" and a rumour are relays without a name
    return name if isinstance(name, str) and name else kind


def relay_chains(
    attributions: pd.DataFrame, outlets: Mapping[Any, str] | None = None
) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """For each attribution the relays between the reader and it, outermost first, and their types.

    Parameters
    ----------
    attributions : DataFrame
        With doc_id, attribution_id, parent_id, source_name, type.
    outlets : mapping of doc_id to str, optional
        The outlet stands first.
    """
    needed = ("doc_id", "attribution_id", "parent_id", "source_name", "type")
    require_columns(attributions, needed, "attributions")
    return _chains(attributions, _parent_positions(attributions), outlets or {})


def _chains(
    attributions: pd.DataFrame, parents: list[int], outlets: Mapping[Any, str]
) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    types = attributions["type"].tolist()
    names = [_relay_name(*pair) for pair in zip(attributions["source_name"], types, strict=True)]
    chains = []
    for i, doc_id in enumerate(attributions["doc_id"]):
        outer = _ancestors(parents, i)[::-1]
        outlet = outlets.get(doc_id)
        via, kinds = [names[k] for k in outer], [types[k] for k in outer]
        if isinstance(outlet, str) and outlet:
            via, kinds = [outlet, *via], [_OUTLET_TYPE, *kinds]
        chains.append((tuple(via), tuple(kinds)))
    return chains
