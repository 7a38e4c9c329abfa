"""The JSON of annotation tools: Prodigy, doccano, Label Studio.

============  ======================================================================================
layout        one entry is
============  ======================================================================================
prodigy       ``text, spans`` (``start, end, label``), ``relations`` (``head_span, child_span,
              label``) and ``answer``, of which only ``accept`` is read; labels such as ``type`` are
              keys of a span; ``meta`` has what is known of the document
doccano       ``text`` and ``label`` or ``labels``, a list of ``[start, end, label]``; or ``text,
              entities`` (``id, label, start_offset, end_offset``) and ``relations`` (``from_id,
              to_id, type``)
label-studio  ``data`` with the text and ``annotations``, each with a ``result`` of labels,
              relations and choices; the first that was not cancelled is read, and a task without
              one is left out; or JSON_MIN: ``text`` beside lists of ``start, end, labels``,
              without relations
============  ======================================================================================

How spans become attributions is told in `sourcescore.datasets.joining`. ``doc_id`` (or ``doc`` or
``id``), ``title, outlet`` and ``published`` are taken from the entry, Prodigy's or doccano's
``meta`` and Label Studio's ``data``; a document without an id gets its number, counted from 0.

Label Studio's choices and text fields for a region are labels of that name (``from_name``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sourcescore.datasets.corpus import ROLES
from sourcescore.datasets.joining import Piece, Roles, join, label_name, named_claims
from sourcescore.datasets.offsets import settle

__all__ = ["LAYOUTS", "Layout", "recognise"]

_DOCUMENT_KEYS = ("title", "outlet", "published")
# What Prodigy puts into a span besides labels.
_SPAN_KEYS = frozenset(
    "start end label token_start token_end text id source input_hash score color".split()
)
_OWN_KEYS = frozenset(("id", "parent", "claim", "claim_stance", "sentence", *ROLES))


@dataclass(frozen=True)
class Layout:
    """How the entries of a tool are read into documents and written from them."""

    read: Callable[[dict[str, Any], int, Roles], dict[str, Any] | None]
    write: Callable[[dict[str, Any]], dict[str, Any]]


def recognise(entry: Any) -> Layout | None:
    """The layout of an entry; None if it is our own.

    Raises
    ------
    ValueError
        If it is of no layout.
    """
    if not isinstance(entry, dict):
        raise ValueError("a line must hold a JSON object with doc, text and attributions")
    keys = entry.keys()
    if "doc" in keys or "attributions" in keys:
        return None
    if isinstance(entry.get("data"), dict) and keys & {"annotations", "completions", "predictions"}:
        return LAYOUTS["label-studio"]
    if keys & {"annotation_id", "lead_time"} or any(map(_is_region_list, entry.values())):
        return Layout(_read_label_studio_min, _write_label_studio)
    if "entities" in keys or isinstance(entry.get("label", entry.get("labels")), list):
        return LAYOUTS["doccano"]
    if keys & {"spans", "tokens", "_input_hash", "answer"}:
        return LAYOUTS["prodigy"]
    found = ", ".join(map(repr, sorted(keys))) or "no keys"
    raise ValueError(
        f"an entry with {found} is of no known layout. These are: our own (doc, text, "
        "attributions), Prodigy (text, spans), doccano (text with label or labels, or entities), "
        "Label Studio (data, annotations; or JSON_MIN with annotation_id)"
    )


def _is_region_list(value: Any) -> bool:
    return (
        isinstance(value, list) and bool(value) and isinstance(value[0], dict)
        and {"start", "end", "labels"} <= value[0].keys()
    )  # fmt: skip


def _document(
    entry: dict[str, Any],
    number: int,
    text: Any,
    pieces: list[Piece],
    said: list[str | None],
    relations: Iterable[tuple[str, str, Any]] = (),
) -> dict[str, Any]:
    """A document of what a tool says; `entry` is where title and the like are."""
    if not isinstance(text, str):
        raise ValueError(f"text must be a string; got {type(text).__name__}")
    text, settled = settle(text, list(zip([p.spans for p in pieces], said, strict=True)))
    for piece, spans in zip(pieces, settled, strict=True):
        piece.spans = spans
        for start, end in spans:
            if not 0 <= start < end <= len(text):
                raise ValueError(
                    f"the {piece.role} has the span [{start}, {end}]; a span needs whole numbers "
                    f"0 <= start < end <= {len(text)}, the length of the text"
                )
    doc_id = next((entry[key] for key in ("doc_id", "doc", "id") if _filled(entry, key)), number)
    entries = join(pieces, relations)
    document = {"doc": doc_id, "text": text, "claims": named_claims(entries)}
    document["attributions"] = entries
    return document | {key: entry[key] for key in _DOCUMENT_KEYS if _filled(entry, key)}


def _filled(entry: dict[str, Any], key: str) -> bool:
    return entry.get(key) not in (None, "")


def _with_meta(entry: dict[str, Any], *names: str) -> dict[str, Any]:
    """What an entry says of its document, that in the objects of these names first."""
    for name in names:
        meta = entry.get(name)
        if isinstance(meta, dict):
            entry = entry | meta
    return entry


def _list(entry: dict[str, Any], name: str) -> list[Any]:
    value = entry.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise ValueError(f"{name} must be a list; got {type(value).__name__}")
    return value


def _objects(entry: dict[str, Any], name: str) -> list[dict[str, Any]]:
    values = _list(entry, name)
    for value in values:
        if not isinstance(value, dict):
            raise ValueError(f"{name} must hold JSON objects; got {value!r}")
    return values


def _said(entry: dict[str, Any]) -> str | None:
    """The text of a span, where the tool gives it."""
    said = entry.get("text")
    return said if isinstance(said, str) else None


def _span(entry: Any, start: str = "start", end: str = "end") -> tuple[int, int]:
    if not isinstance(entry, dict):
        raise ValueError(f"a span must be a JSON object with {start} and {end}; got {entry!r}")
    pair = entry[start], entry[end]
    if not type(pair[0]) is type(pair[1]) is int:
        raise ValueError(
            f"a span needs whole numbers {start} and {end}; got {pair[0]!r}, {pair[1]!r}"
        )
    return pair


# ------------------------------------------------------------------------------------------ Prodigy


#: What Prodigy's interfaces write as the ``type`` of a span.
_SHAPES = frozenset(("span", "rect", "polygon", "freehand"))


def _read_prodigy(entry: dict[str, Any], number: int, roles: Roles) -> dict[str, Any] | None:
    if entry.get("answer", "accept") != "accept":
        return None
    pieces: list[Piece] = []
    said: list[str | None] = []
    keys: dict[Any, str] = {}
    relations = _objects(entry, "relations")
    ends = [relation.get(end) for relation in relations for end in ("head_span", "child_span")]
    for span in [*_objects(entry, "spans"), *(end for end in ends if end is not None)]:
        place = _span(span)
        role = roles.of(span.get("label"))
        if role is None or _identity(span, role) in keys:
            continue
        key = str(span.get("id", len(keys) + 1))
        keys[_identity(span, role)] = key
        labels = {
            label_name(name): str(value)
            for name, value in span.items()
            if name not in _SPAN_KEYS and isinstance(value, str | int | float)
        }
        if labels.get("type") in _SHAPES:  # the interface for relations says what it has drawn
            del labels["type"]
        pieces.append(Piece(key, role, [place], labels))
        said.append(_said(span))
    tied = []
    for relation in relations:
        pair = []
        for end in ("head_span", "child_span"):
            span = relation.get(end)
            if span is None:
                raise ValueError(f"a relation lacks {end}; export with spans, as rel.manual does")
            pair.append(keys.get(_identity(span, roles.of(span.get("label"))), ""))
        tied.append((pair[0], pair[1], relation.get("label")))
    return _document(_with_meta(entry, "meta"), number, entry["text"], pieces, said, tied)


def _identity(span: dict[str, Any], role: str | None) -> tuple[Any, ...]:
    """What makes a span the same in a relation: its id, else its place and role."""
    return ("id", str(span["id"])) if "id" in span else (*_span(span), role)


def _write_prodigy(document: dict[str, Any]) -> dict[str, Any]:
    text = document["text"]
    spans, relations = _graph(document)
    by_key = {
        key: {"start": start, "end": end, "label": role, "id": key, "text": text[start:end]}
        for key, (role, start, end, _) in spans.items()
    }
    return {
        "text": text,
        "spans": [spans[key][3] | span for key, span in by_key.items()],
        "relations": [
            {"head_span": by_key[start], "child_span": by_key[end], "label": name}
            for start, end, name in relations
        ],
        "meta": _meta(document),
    }


# ------------------------------------------------------------------------------------------ doccano


def _read_doccano(entry: dict[str, Any], number: int, roles: Roles) -> dict[str, Any]:
    pieces = []
    if "entities" in entry:
        for entity in _objects(entry, "entities"):
            place = _span(entity, "start_offset", "end_offset")
            role = roles.of(entity["label"])
            if role is not None:
                pieces.append(Piece(str(entity["id"]), role, [place]))
    else:
        name = "label" if "label" in entry else "labels"
        for i, label in enumerate(_list(entry, name), start=1):
            if not (isinstance(label, list) and len(label) == 3):
                raise ValueError(f"{name} must hold [start, end, label]; got {label!r}")
            place = _span(dict(zip(("start", "end"), label, strict=False)))
            role = roles.of(label[2])
            if role is not None:
                pieces.append(Piece(str(i), role, [place]))
    relations = [
        (str(one["from_id"]), str(one["to_id"]), one.get("type"))
        for one in _objects(entry, "relations")
    ]
    meta = _with_meta(entry, "meta", "metadata")
    said: list[str | None] = [None] * len(pieces)
    return _document(meta, number, entry.get("text", entry.get("data")), pieces, said, relations)


def _write_doccano(document: dict[str, Any]) -> dict[str, Any]:
    spans, relations = _graph(document)
    number = {key: i for i, key in enumerate(spans, start=1)}
    return {
        **_meta(document),
        "text": document["text"],
        "entities": [
            {"id": number[key], "label": role, "start_offset": start, "end_offset": end}
            for key, (role, start, end, _) in spans.items()
        ],
        "relations": [
            {"id": i, "from_id": number[start], "to_id": number[end], "type": name}
            for i, (start, end, name) in enumerate(relations, start=1)
        ],
    }


# ------------------------------------------------------------------------------------- Label Studio


def _read_label_studio(entry: dict[str, Any], number: int, roles: Roles) -> dict[str, Any] | None:
    data = entry["data"]
    if not isinstance(data, dict):
        raise ValueError(f"data must be a JSON object; got {type(data).__name__}")
    done = [
        annotation
        for annotation in _objects(entry, "annotations") or _objects(entry, "completions")
        if not annotation.get("was_cancelled")
    ]
    if not done:
        return None
    regions = []
    relations = []
    labels: dict[str, dict[str, str]] = {}
    for result in _objects(done[0], "result"):
        value = result.get("value") or {}
        if not isinstance(value, dict):
            raise ValueError(f"value must be a JSON object; got {type(value).__name__}")
        if result.get("type") == "relation":
            names = _list(result, "labels") or [None]
            pair = [str(result["from_id"]), str(result["to_id"])]
            if result.get("direction") == "left":
                pair.reverse()
            relations.append((pair[0], pair[1], names[0]))
        elif "labels" in value:
            regions.append((str(result["id"]), value))
        elif "id" in result and "from_name" in result:
            chosen = value.get("choices", value.get("text"))
            chosen = chosen[0] if isinstance(chosen, list) and chosen else chosen
            if isinstance(chosen, str):
                labels.setdefault(str(result["id"]), {})[label_name(result["from_name"])] = chosen
    pieces, said = _regions(regions, labels, roles)
    return _document(
        {"id": entry.get("id"), **data}, number, _text_of(data), pieces, said, relations
    )


def _text_of(data: dict[str, Any]) -> Any:
    if "text" in data:
        return data["text"]
    strings = [key for key, value in data.items() if isinstance(value, str)]
    if len(strings) != 1:
        have = ", ".join(map(repr, data)) or "nothing"
        raise ValueError(f"data must have the text under 'text'; it has {have}")
    return data[strings[0]]


def _regions(
    regions: list[tuple[str, dict[str, Any]]], labels: dict[str, dict[str, str]], roles: Roles
) -> tuple[list[Piece], list[str | None]]:
    pieces: list[Piece] = []
    said: list[str | None] = []
    for key, value in regions:
        found = [role for role in map(roles.of, _list(value, "labels")) if role is not None]
        for role in dict.fromkeys(found):
            own = key if role == found[0] else f"{key}/{role}"
            pieces.append(Piece(own, role, [_span(value)], labels.get(key, {})))
            said.append(_said(value))
    return pieces, said


def _read_label_studio_min(entry: dict[str, Any], number: int, roles: Roles) -> dict[str, Any]:
    lists = [value for value in entry.values() if _is_region_list(value)]
    regions = [
        (str(region.get("id", f"{i}.{j}")), region)
        for i, regions in enumerate(lists, start=1)
        for j, region in enumerate(regions, start=1)
    ]
    pieces, said = _regions(regions, {}, roles)
    return _document(entry, number, entry["text"], pieces, said)


def _write_label_studio(document: dict[str, Any]) -> dict[str, Any]:
    spans, relations = _graph(document)
    text = document["text"]
    result: list[dict[str, Any]] = []
    for key, (role, start, end, labels) in spans.items():
        value = {"start": start, "end": end, "text": text[start:end]}
        common = {"id": key, "to_name": "text"}
        result.append(
            {**common, "from_name": "label", "type": "labels", "value": {**value, "labels": [role]}}
        )
        for name, label in labels.items():
            chosen = {**value, "choices": [label]}
            result.append({**common, "from_name": name, "type": "choices", "value": chosen})
    result += [
        {"type": "relation", "from_id": start, "to_id": end, "direction": "right", "labels": [name]}
        for start, end, name in relations
    ]
    return {"data": {"text": text, **_meta(document)}, "predictions": [{"result": result}]}


# ------------------------------------------------------------------------------------------ writing


def _meta(document: dict[str, Any]) -> dict[str, str]:
    return {"doc_id": document["doc"]} | {
        key: document[key] for key in _DOCUMENT_KEYS if key in document
    }


def _graph(
    document: dict[str, Any],
) -> tuple[dict[str, tuple[str, int, int, dict[str, str]]], list[tuple[str, str, str]]]:
    """The spans of a document by id, and the relations that tie them to attributions.

    The first span of the cue, or of what stands for it, has the id and the labels of the
    attribution; the others are tied to it.
    """
    spans: dict[str, tuple[str, int, int, dict[str, str]]] = {}
    relations: list[tuple[str, str, str]] = []
    heads: dict[str, str] = {}
    for entry in document["attributions"]:
        labels = {key: value for key, value in entry.items() if key not in _OWN_KEYS}
        first = next((role for role in ("cue", "content", "source") if entry[role]), None)
        for role in ("cue", "content", "source"):
            for i, (start, end) in enumerate(entry[role]):
                head = role == first and i == 0
                key = entry["id"] if head else f"{entry['id']}.{role}{i + 1}"
                spans[key] = (role, start, end, labels if head else {})
                if head:
                    heads[entry["id"]] = key
                elif role == first:
                    relations.append((key, entry["id"], "part"))
                else:
                    relations.append((key, entry["id"], role))
    relations += [
        (heads[entry["id"]], heads[entry["parent"]], "parent")
        for entry in document["attributions"]
        if entry["id"] in heads and entry.get("parent") in heads
    ]
    return spans, relations


LAYOUTS = {
    "prodigy": Layout(_read_prodigy, _write_prodigy),
    "doccano": Layout(_read_doccano, _write_doccano),
    "label-studio": Layout(_read_label_studio, _write_label_studio),
}
