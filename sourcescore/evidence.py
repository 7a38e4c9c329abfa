"""Attributions to evidence: which statements count for or against a claim, and whose they are.

Comes in: attributions with type, stance, source and claim. Goes out: the evidence table, a row for
each statement of an *origin*, the innermost source; the sources around it are its relays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from sourcescore.tables import (
    EVIDENCE_STANCES,
    check_attributions,
    object_array,
    require_columns,
    string_array,
)
from sourcescore.taxonomy import AttributionType, Stance

__all__ = ["attributions_to_evidence", "relay_chains"]

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
    return _evidence_frame(out)


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
