"""Attributions to evidence: which statements count for or against a claim, and whose they are.

Comes in: attributions with type, stance, source and claim. Goes out: the evidence table, a row for
each statement of an *origin*, the innermost source; the sources around it are its relays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from sourcescore.taxonomy import AttributionType, ClaimStance, Stance
from sourcescore.tables import check_attributions

__all__ = ["attributions_to_evidence", "relay_chains"]

_COLUMNS = (
    "claim_id",
    "source_id",
    "type",
    "stance",
    "certainty",
    "via",
    "via_types",
    "type_proba",
    "doc_id",
    "published",
    "attribution_id",
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
    "claim_id",
    "claim_stance",
)
#: Sources that pass on what others say by trade.
_MEDIA = frozenset({AttributionType.AGENCY_REPORT, AttributionType.MEDIA_REPORT})
_OUTLET_TYPE = str(AttributionType.MEDIA_REPORT)


def attributions_to_evidence(
    attributions: pd.DataFrame,
    outlets: dict[str, str] | None = None,
    published: dict[str, Any] | None = None,
) -> pd.DataFrame:
    """Turn attributions that bear on claims into evidence.

    A row counts if it says something for or against a claim; wishes, plans and questions
    (stance ``neither``) do not. A source in whose statement another one says the same thing is
    that one's relay, not a second voice: it goes into ``via``.

    Where an outlet is quoted inside the statement of somebody who is not one (*troops were
    fighting, the paper said, according to an official*), the outlet is still the relay and the
    other the origin, since outlets get their news from people and not the other way round.

    Parameters
    ----------
    attributions : DataFrame
        The attribution table, linked.
    outlets : dict of doc_id to str, optional
        Where the document was published.
    published : dict of doc_id to datetime, optional

    Returns
    -------
    DataFrame
        The evidence table, with ``via_types``, the types of the relays.
    """
    check_attributions(attributions, _NEEDED)
    columns = {name: attributions[name].tolist() for name in _NEEDED}
    n = len(attributions)
    claims, stances = columns["claim_id"], columns["claim_stance"]
    bears = [
        claims[i] == claims[i]  # NaN is not equal to itself
        and stances[i] in (ClaimStance.SUPPORTS, ClaimStance.DENIES)
        and columns["stance"][i] != Stance.NEITHER
        for i in range(n)
    ]
    parents = parent_positions(attributions)
    types = columns["type"]
    relayed = [False] * n
    carriers: dict[int, list[int]] = {}  # outlets inside the statement of the origin
    for i in range(n):
        if not bears[i]:
            continue
        above = parents[i]
        while above >= 0:
            if bears[above] and claims[above] == claims[i]:
                if types[i] in _MEDIA and types[above] not in _MEDIA:
                    relayed[i] = True
                    carriers.setdefault(above, []).append(i)
                else:
                    relayed[above] = True
            above = parents[above]
    chains = relay_chains(attributions, outlets)
    out: dict[str, Any] = {name: [] for name in _COLUMNS}
    for i in range(n):
        if not bears[i] or relayed[i]:
            continue
        via, via_types = chains[i]
        for k in carriers.get(i, ()):
            via, via_types = (*via, columns["source_name"][k]), (*via_types, types[k])
        doc_id = columns["doc_id"][i]
        out["claim_id"].append(claims[i])
        out["source_id"].append(columns["source_id"][i])
        out["type"].append(types[i])
        out["stance"].append(stances[i])
        out["certainty"].append(columns["certainty"][i])
        out["via"].append(via)
        out["via_types"].append(via_types)
        out["type_proba"].append(columns["type_proba"][i] or {types[i]: 1.0})
        out["doc_id"].append(doc_id)
        out["published"].append((published or {}).get(doc_id, pd.NaT))
        out["attribution_id"].append(columns["attribution_id"][i])
    return evidence_frame(out)


def evidence_frame(columns: dict[str, Sequence[Any]]) -> pd.DataFrame:
    """Build the evidence table from equally long columns."""
    n = len(columns["claim_id"])
    data: dict[str, Any] = {}
    for name in _COLUMNS:
        if name == "certainty":
            data[name] = np.asarray(columns[name], dtype=float)
        elif name == "published":
            data[name] = pd.to_datetime(pd.Series(columns[name], dtype="datetime64[ns]")).to_numpy()
        else:
            cells = np.empty(n, dtype=object)
            for i, value in enumerate(columns[name]):
                cells[i] = value
            data[name] = cells
    return pd.DataFrame(data, index=pd.RangeIndex(n))


def parent_positions(attributions: pd.DataFrame) -> list[int]:
    """For each row the position of its parent's row, -1 where it has none."""
    keys = list(zip(attributions["doc_id"], attributions["attribution_id"], strict=True))
    at = {key: i for i, key in enumerate(keys)}
    return [
        at.get((doc_id, parent), -1) if parent == parent else -1
        for (doc_id, _), parent in zip(keys, attributions["parent_id"], strict=True)
    ]


def relay_chains(
    attributions: pd.DataFrame, outlets: dict[str, str] | None = None
) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """For each attribution the relays between the reader and it, outermost first, and their types.

    Parameters
    ----------
    attributions : DataFrame
        With doc_id, attribution_id, parent_id, source_name, type.
    outlets : dict of doc_id to str, optional
        The outlet stands first.
    """
    parents = parent_positions(attributions)
    names = attributions["source_name"].tolist()
    types = attributions["type"].tolist()
    chains: list[tuple[tuple[str, ...], tuple[str, ...]]] = []
    for i, doc_id in enumerate(attributions["doc_id"]):
        via: list[str] = []
        kinds: list[str] = []
        above, steps = parents[i], 0
        while above >= 0 and steps < len(names):
            # the author's own "we learned that" and a rumour are no relays with a name
            via.append(names[above] if names[above] == names[above] and names[above] else types[above])
            kinds.append(types[above])
            above, steps = parents[above], steps + 1
        outlet = (outlets or {}).get(doc_id)
        if isinstance(outlet, str) and outlet:
            via.append(outlet)
            kinds.append(_OUTLET_TYPE)
        chains.append((tuple(via[::-1]), tuple(kinds[::-1])))
    return chains
