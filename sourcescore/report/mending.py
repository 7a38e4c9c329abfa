"""Evidence that a person has mended, carried back to what it was made of.

Comes in: attributions, and the evidence from them before and after. Goes out: the attributions, and
the evidence, as they are with the changes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sourcescore.tables import attributions_frame, object_array

__all__ = ["mended_attributions", "retyped"]

#: Columns of evidence, and what they are called in the attributions.
_SHARED_COLUMNS = {
    "claim_id": "claim_id",
    "stance": "claim_stance",
    "source_id": "source_id",
    "source_name": "source_name",
    "type": "type",
    "type_proba": "type_proba",
    "certainty": "certainty",
    "via": "via",
}


def retyped(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Drop the probabilities of types that were changed without them."""
    if not {"type", "type_proba"} <= {*before.columns} & {*after.columns}:
        return after
    known = _records(before)
    proba = after["type_proba"].tolist()
    for row, (key, kind) in enumerate(zip(_row_keys(after), after["type"].tolist(), strict=True)):
        old = known.get(key)
        if old and not _same(kind, old["type"]) and _same(proba[row], old["type_proba"]):
            proba[row] = None
    return after.assign(type_proba=pd.Series(object_array(proba), after.index, dtype=object))


def mended_attributions(
    attributions: pd.DataFrame, before: pd.DataFrame, after: pd.DataFrame
) -> tuple[pd.DataFrame, pd.Series]:
    """Change attributions as the evidence that comes from them was changed.

    Also return the claims of the rows of evidence that come from no attribution.
    """
    rows = {key: row for row, key in enumerate(_keys(attributions))}
    columns = {name: attributions[name].tolist() for name in _SHARED_COLUMNS.values()}
    said = _records(after)
    for key, old in _records(before).items():
        if key in rows:
            new = said.get(key, {"claim_id": None, "stance": None})
            for name, called in _SHARED_COLUMNS.items():
                if name in new and not _same(new[name], old.get(name)):
                    columns[called][rows[key]] = new[name]
    table = attributions_frame(
        {name: attributions[name].tolist() for name in attributions.columns} | columns,
        len(attributions),
    )
    elsewhere = [key not in rows for key in _keys(after)]
    return table, after["claim_id"][elsewhere]


def _records(evidence: pd.DataFrame) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Return what each row says, by its key; the first of those with the same counts."""
    names = [name for name in _SHARED_COLUMNS if name in evidence.columns]
    out: dict[tuple[Any, ...], dict[str, Any]] = {}
    for key, record in zip(_row_keys(evidence), evidence[names].to_dict("records"), strict=True):
        out.setdefault(key, {str(name): value for name, value in record.items()})
    return out


def _keys(table: pd.DataFrame) -> list[tuple[Any, Any]]:
    """Return document and attribution of each row; None where it has none."""
    parts = [
        [None if pd.isna(v) else v for v in table[name].tolist()]
        if name in table.columns
        else [None] * len(table)
        for name in ("doc_id", "attribution_id")
    ]
    return list(zip(*parts, strict=True))


def _row_keys(evidence: pd.DataFrame) -> list[tuple[Any, ...]]:
    """Return `_keys`; rows without an attribution go by their label, claim and source."""
    rows = zip(evidence.index, evidence["claim_id"], evidence["source_id"], strict=True)
    keys = zip(_keys(evidence), rows, strict=True)
    return [row if attribution is None else (doc, attribution) for (doc, attribution), row in keys]


def _same(one: Any, other: Any) -> bool:
    """Tell whether two cells say the same, whatever file formats have made of them."""
    one, other = map(_as_given, (one, other))
    lacking = [not isinstance(v, tuple | dict) and pd.isna(v) for v in (one, other)]
    return all(lacking) if any(lacking) else bool(one == other)


def _as_given(value: Any) -> Any:
    """Undo what Parquet does: arrays for tuples, and None for what a mapping does not name."""
    if isinstance(value, dict):
        return {key: item for key, item in value.items() if item is not None}
    return tuple(value) if isinstance(value, list | np.ndarray) else value
