"""The JSON of annotation tools: Prodigy, doccano, Label Studio.

============  ======================================================================================
layout        one entry is
============  ======================================================================================
prodigy       ``text, spans`` (``start, end, label``), ``relations`` (``head_span, child_span,
              label``) and ``answer``, of which only ``accept`` is read; labels such as ``type`` are
              keys of a span; ``meta`` has what is known of the document
doccano       ``text`` and ``label`` or ``labels``, a list of ``[start, end, label]``; or ``text,
              entities`` (``id, label, start_offset, end_offset``) and ``relations`` (``from_id,
              to_id, type``); the label ``type=witness`` is a label of the piece at its place
label-studio  ``data`` with the text and ``annotations``, each with a ``result`` of labels,
              relations and choices; the first that was not cancelled is read, and a task without
              one is left out, unless its ``predictions`` are asked for; or JSON_MIN: ``text``
              beside lists of ``start, end, labels``, without relations
============  ======================================================================================

How spans become attributions is told in `sourcescore.datasets.joining`. ``doc_id`` (or ``doc`` or
``id``), ``title, outlet`` and ``published`` are taken from the entry, Prodigy's or doccano's
``meta`` and Label Studio's ``data``; a document without an id gets its number, counted from 0.

Label Studio's choices, text fields, ratings and numbers for a region are labels of that name
(``from_name``; several choices are joined by semicolons), and what is noted on a region is its
label ``note``. Regions are of the tags Labels, HyperTextLabels and ParagraphLabels. The text of a
hypertext is what is shown, a line end for each ``<br>``; that of paragraphs is a line each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from html.parser import HTMLParser
from itertools import accumulate
from typing import Any

from sourcescore.datasets.corpus import ROLES
from sourcescore.datasets.joining import MARK, Piece, Roles, join, label_name, named_claims
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


def recognise(entry: Any, *, predictions: bool = False) -> Layout | None:
    """The layout of an entry; None if it is our own.

    `predictions` says that those of Label Studio are read where there are no annotations.

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
        read = partial(_read_label_studio, predictions=predictions)
        return Layout(read, _write_label_studio)
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
        and {"start", "end"} <= value[0].keys() and _labels_of(value[0]) is not None
    )  # fmt: skip


def _document(
    entry: dict[str, Any],
    number: int,
    text: Any,
    pieces: list[Piece],
    said: list[str | None],
    roles: Roles,
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
    entries = join(pieces, relations, roles)
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
    keys: dict[Any, str | None] = {}  # None for what is no piece
    relations = _objects(entry, "relations")
    ends = [relation.get(end) for relation in relations for end in ("head_span", "child_span")]
    for span in [*_objects(entry, "spans"), *(end for end in ends if end is not None)]:
        place = _span(span)
        identity = _identity(span, roles)
        if identity in keys:
            continue
        read = roles.read(span.get("label"))
        if read is None:
            keys[identity] = None
            continue
        role, labels = read
        keys[identity] = key = str(span.get("id", len(keys) + 1))
        labels |= {
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
            pair.append(keys[_identity(span, roles)] or "")
        tied.append((pair[0], pair[1], relation.get("label")))
    return _document(_with_meta(entry, "meta"), number, entry["text"], pieces, said, roles, tied)


def _identity(span: dict[str, Any], roles: Roles) -> tuple[Any, ...]:
    """What makes a span the same in a relation: its id, else its place and role."""
    if "id" in span:
        return "id", str(span["id"])
    label = span.get("label")
    return *_span(span), roles.get(label) or str(label)


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


#: What does not go to doccano: each name would be a label of the project.
_NO_MARKS = frozenset(("source_name",))


def _read_doccano(entry: dict[str, Any], number: int, roles: Roles) -> dict[str, Any]:
    marked: list[tuple[str, Any, tuple[int, int]]] = []
    if "entities" in entry:
        for entity in _objects(entry, "entities"):
            place = _span(entity, "start_offset", "end_offset")
            marked.append((str(entity["id"]), entity["label"], place))
    else:
        name = "label" if "label" in entry else "labels"
        for i, label in enumerate(_list(entry, name), start=1):
            if not (isinstance(label, list) and len(label) == 3):
                raise ValueError(f"{name} must hold [start, end, label]; got {label!r}")
            place = _span(dict(zip(("start", "end"), label, strict=False)))
            marked.append((str(i), label[2], place))
    pieces = []
    for key, label, place in marked:
        read = roles.read(label)
        if read is not None:
            pieces.append(Piece(key, read[0], [place], read[1]))
    relations = [
        (str(one["from_id"]), str(one["to_id"]), one.get("type"))
        for one in _objects(entry, "relations")
    ]
    meta = _with_meta(entry, "meta", "metadata")
    said: list[str | None] = [None] * len(pieces)
    text = entry.get("text", entry.get("data"))
    return _document(meta, number, text, pieces, said, roles, relations)


def _write_doccano(document: dict[str, Any]) -> dict[str, Any]:
    spans, relations = _graph(document)
    number = {key: i for i, key in enumerate(spans, start=1)}
    entities = [
        {"id": number[key], "label": role, "start_offset": start, "end_offset": end}
        for key, (role, start, end, _) in spans.items()
    ]
    ties = [(number[start], number[end], name) for start, end, name in relations]
    alike = Counter((start, end) for _, start, end, _ in spans.values())
    for key, (_, start, end, labels) in spans.items():
        for name, value in labels.items():
            if name in _NO_MARKS:
                continue
            mark = {"id": len(entities) + 1, "label": f"{name}={value}"}
            entities.append({**mark, "start_offset": start, "end_offset": end})
            if alike[start, end] > 1:  # its place does not say whose it is
                ties.append((len(entities), number[key], "label"))
    return {
        **_meta(document),
        "text": document["text"],
        "entities": entities,
        "relations": [
            {"id": i, "from_id": start, "to_id": end, "type": name}
            for i, (start, end, name) in enumerate(ties, start=1)
        ],
    }


# ------------------------------------------------------------------------------------- Label Studio


# The tags that mark pieces of a text, as their results name them.
_LABEL_TAGS = ("labels", "hypertextlabels", "paragraphlabels")
# What of a JSON_MIN entry, or of a task's data, is not the text.
_NOT_TEXT = frozenset(
    ("doc_id", "doc", "id", *_DOCUMENT_KEYS, "created_at", "updated_at", "annotator", "agreement")
)


def _read_label_studio(
    entry: dict[str, Any], number: int, roles: Roles, *, predictions: bool = False
) -> dict[str, Any] | None:
    data = entry["data"]
    if not isinstance(data, dict):
        raise ValueError(f"data must be a JSON object; got {type(data).__name__}")
    done = [
        annotation
        for annotation in _objects(entry, "annotations") or _objects(entry, "completions")
        if not annotation.get("was_cancelled")
    ]
    if len(done) > 1:
        roles.remark("tasks with several annotations, of which the first was read")
    if not done and not (entry.get("annotations") or entry.get("completions")):
        done = [one for one in _list(entry, "predictions") if isinstance(one, dict)]
        if done and not predictions:
            done = []
            roles.remark(
                "tasks with predictions but no annotation, left out unless predictions=True"
            )
        elif not done and _list(entry, "predictions"):  # an export may give their ids alone
            roles.remark("tasks with the ids of predictions alone, left out")
    if not done:
        return None
    regions: list[tuple[str, dict[str, Any]]] = []
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
        elif _labels_of(value) is not None:
            regions.append((str(result["id"]), value))
            meta = result.get("meta")
            note = _chosen(meta) if isinstance(meta, dict) else None
            if note:
                labels.setdefault(str(result["id"]), {})["note"] = note
        elif "id" in result and "from_name" in result:
            chosen = _chosen(value, field=result.get("type") == "textarea")
            if chosen is not None:
                own = labels.setdefault(str(result["id"]), {})
                own[label_name(result["from_name"])] = chosen
    for key in labels.keys() - {key for key, _ in regions}:
        for name in labels[key]:
            roles.remark(f"labels {name!r} of a whole text, left out")
    text, starts = _text_of(data, regions)
    pieces, said = _regions(regions, starts, labels, roles)
    about = {"id": entry.get("id"), **data}
    return _document(about, number, text, pieces, said, roles, relations)


def _labels_of(value: dict[str, Any]) -> Any:
    """The labels of a region; None if it has none."""
    return next((value[tag] for tag in _LABEL_TAGS if tag in value), None)


def _chosen(value: dict[str, Any], *, field: bool = False) -> str | None:
    """What was chosen for a region, or written into a field; ``text`` may also be its own text."""
    for name in ("choices", "text", "rating", "number"):
        chosen = value.get(name)
        if isinstance(chosen, list) and chosen and all(isinstance(one, str) for one in chosen):
            return ";".join(chosen)
        if isinstance(chosen, str) and (name != "text" or field):
            return chosen
        if isinstance(chosen, int | float):
            return str(chosen)
    return None


def _text_of(
    data: dict[str, Any], regions: list[tuple[str, dict[str, Any]]]
) -> tuple[Any, list[int]]:
    """The text of a task, and where each of its paragraphs begins."""
    key: str | None = next((key for key in ("text", "html") if key in data), None)
    if key is None:
        names = [
            key
            for key, value in data.items()
            if key not in _NOT_TEXT and (isinstance(value, str) or _is_dialogue(value))
        ]
        if len(names) != 1:
            have = ", ".join(map(repr, data)) or "nothing"
            raise ValueError(f"data must have the text under 'text'; it has {have}")
        key = names[0]
    text = data[key]
    if _is_dialogue(text):
        paragraphs = [str(one["text"]) for one in text]
        lengths = [len(paragraph) + 1 for paragraph in paragraphs]
        return "\n".join(paragraphs), [0, *accumulate(lengths)][: len(lengths)]
    hypertext = key == "html" or any("hypertextlabels" in value for _, value in regions)
    if isinstance(text, str) and hypertext:
        page = _Page()
        page.feed(text)
        page.close()
        text = "".join(page.shown)
    return text, []


def _is_dialogue(value: Any) -> bool:
    return (
        isinstance(value, list) and bool(value)
        and all(isinstance(one, dict) and isinstance(one.get("text"), str) for one in value)
        and not any("start" in one for one in value)
    )  # fmt: skip


class _Page(HTMLParser):
    """Collects the text of a page, as Label Studio counts it: a break of lines is a character."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[str] = []

    def handle_data(self, data: str) -> None:
        self.shown.append(data)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag == "br":
            self.shown.append("\n")


def _place(value: dict[str, Any], starts: list[int]) -> tuple[int, int]:
    """Where a region is in the text; `starts` is where the paragraphs begin."""
    whole = value.get("globalOffsets")
    if isinstance(whole, dict):
        return _span(whole)
    ends = []
    for name in ("start", "end"):
        inner = value.get(f"{name}Offset")
        paragraph = str(value.get(name))
        if inner is None or (starts and not paragraph.isdecimal()):
            break
        if not starts:
            raise ValueError(
                f"the region {value.get('text', value)!r} of a hypertext lacks globalOffsets; open "
                "and save it in a current version of Label Studio, or label plain text"
            )
        if int(paragraph) >= len(starts):
            raise ValueError(f"there is no paragraph {paragraph}; there are {len(starts)}")
        ends.append(starts[int(paragraph)] + inner)
    return _span({"start": ends[0], "end": ends[1]} if len(ends) == 2 else value)


def _regions(
    regions: list[tuple[str, dict[str, Any]]],
    starts: list[int],
    labels: dict[str, dict[str, str]],
    roles: Roles,
) -> tuple[list[Piece], list[str | None]]:
    pieces: list[Piece] = []
    said: list[str | None] = []
    for key, value in regions:
        names = _labels_of(value)
        if not isinstance(names, list):
            raise ValueError(f"labels must be a list; got {type(names).__name__}")
        read = [one for one in map(roles.read, names) if one is not None]
        own = dict(labels.get(key, {}))
        for _, marks in read:
            own |= marks
        found = dict.fromkeys(role for role, _ in read if role != MARK)
        for i, role in enumerate(found or ([MARK] if read else [])):
            place = _place(value, starts)
            pieces.append(Piece(key if i == 0 else f"{key}/{role}", role, [place], own))
            said.append(_said(value))
    return pieces, said


def _read_label_studio_min(entry: dict[str, Any], number: int, roles: Roles) -> dict[str, Any]:
    regions: list[tuple[str, dict[str, Any]]] = []
    chosen: dict[Any, dict[str, str]] = {}  # by place: JSON_MIN does not say of which region
    for i, (name, values) in enumerate(entry.items()):
        # one choice stands without a list
        for j, value in enumerate(values if isinstance(values, list) else [values]):
            if not (isinstance(value, dict) and "start" in value):
                continue
            if _labels_of(value) is not None:
                regions.append((str(value.get("id", f"{i}.{j}")), value))
            elif (label := _chosen(value)) is not None:
                chosen.setdefault(_where(value), {})[label_name(name)] = label
    labels = {key: chosen.get(_where(value), {}) for key, value in regions}
    text, starts = _text_of(entry, regions)
    pieces, said = _regions(regions, starts, labels, roles)
    return _document(entry, number, text, pieces, said, roles)


def _where(value: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(value.get(key)) for key in ("start", "end", "startOffset", "endOffset"))


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
            # names are written, not chosen
            kind, of = ("textarea", "text") if name == "source_name" else ("choices", "choices")
            own = {**value, of: [label]}
            result.append({**common, "from_name": name, "type": kind, "value": own})
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
