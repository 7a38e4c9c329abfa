"""How marked pieces of a text become attributions: the one way, whatever the format.

- A cue makes an attribution. A source or content that a relation ties to a cue joins it, whatever
  the relation's name and direction; one that is tied to several joins each.
- A source and a content that are tied to one another, but neither of them to a cue, are an
  attribution without one.
- A piece that no relation ties joins the nearest cue, counted in characters between them. Of two as
  near as one another, a source joins the later one, a content the earlier one. But where a
  document ties contents, one that is not tied is an attribution by itself. Where a document has no
  cues, sources join the nearest content.
- A relation called ``part`` between two pieces of one role makes them one discontinuous piece.
- A relation called ``parent`` goes from the cue of an attribution to the cue of the one in whose
  content it sits. Where a document has none, an attribution whose pieces all lie within one span of
  another's content has that one, the shortest such, for its parent.
- A label ``claim`` names a claim of the document; where the format has no text for it, its name is
  its text.
- Pieces of one role in one attribution are one discontinuous piece. A label on any piece is the
  attribution's; if two disagree, that of the cue counts, then the source's.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sourcescore.datasets.corpus import LABELS, ROLES

__all__ = ["Piece", "Roles", "infer_parents", "is_parent", "join", "label_name", "named_claims"]

_SYNONYMS = {
    "speaker": "source",
    "cue_verb": "cue",
    "reporting_verb": "cue",
    "verb": "cue",
    "quote": "content",
    "quotation": "content",
    "statement": "content",
}
_LABEL_NAMES = frozenset((*LABELS, "claim"))


@dataclass
class Piece:
    """A marked piece of a text, of one span or several."""

    key: str
    role: str
    spans: list[tuple[int, int]]
    labels: dict[str, str] = field(default_factory=dict)


def _plain(name: Any) -> str:
    return str(name).strip().casefold().replace("-", "_").replace(" ", "_")


def label_name(name: Any) -> str:
    """The name of a label: ours where it is one of ours, however written, else as it is."""
    return _plain(name) if _plain(name) in _LABEL_NAMES else str(name)


def is_parent(name: Any) -> bool:
    """Whether a relation of this name ties an attribution to its parent."""
    return _plain(name) in ("parent", "parent_id")


class Roles:
    """Which label of a tool is which role.

    Parameters
    ----------
    labels : mapping, optional
        A tool's label to ``source``, ``cue`` or ``content``, beside the names of the roles
        themselves and their synonyms. Upper and lower case are the same.

    Raises
    ------
    TypeError
        If `labels` is no mapping.
    ValueError
        If it maps to anything else than a role.
    """

    def __init__(self, labels: Mapping[str, str] | None = None) -> None:
        if not (labels is None or isinstance(labels, Mapping)):
            raise TypeError(
                "labels must be a mapping such as {'SPEAKER': 'source'}; "
                f"got {type(labels).__name__}."
            )
        self._roles = {role: role for role in ROLES} | _SYNONYMS
        for label, role in (labels or {}).items():
            if role not in ROLES:
                raise ValueError(
                    f"labels must map to 'source', 'cue' or 'content'; {label!r} maps to {role!r}."
                )
            self._roles[_plain(label)] = role
        self._known = False
        self._unknown: dict[str, None] = {}

    def of(self, label: Any) -> str | None:
        """The role of a label; None if it is of another layer of annotation."""
        role = self._roles.get(_plain(label))
        if role is None:
            self._unknown[str(label)] = None
        else:
            self._known = True
        return role

    def check(self) -> None:
        """Raise ValueError if there were labels, but none that is a role."""
        if self._unknown and not self._known:
            some = list(self._unknown)[:10]
            raise ValueError(
                f"none of the labels {', '.join(map(repr, some))} is a role; say which are, "
                f"for example labels={{{some[0]!r}: 'source'}}"
            )


def join(
    pieces: Iterable[Piece],
    relations: Iterable[tuple[str, str, Any]] = (),
) -> list[dict[str, Any]]:
    """Join pieces to attributions, in the layout of our JSON lines.

    Parameters
    ----------
    pieces : iterable of Piece
        Of one document, each with a key of its own.
    relations : iterable of (key, key, name)
        From one piece to another. Relations of other ends are ignored.

    Returns
    -------
    list of dict
        In the order of the text. The id is the key of the cue (or of the piece that stands for it).

    Examples
    --------
    >>> said = [Piece("s", "source", [(0, 2)]), Piece("q", "cue", [(3, 7)])]
    >>> join(said)
    [{'id': 'q', 'source': [(0, 2)], 'cue': [(3, 7)]}]
    """
    by_key = {piece.key: piece for piece in pieces}
    relations = [(a, b, name) for a, b, name in relations if a in by_key and b in by_key]
    whole = _merged(by_key, relations)
    tied: dict[str, list[str]] = {key: [] for key in by_key}
    parents: dict[str, str] = {}
    for part_start, part_end, name in relations:
        start, end = whole.get(part_start, part_start), whole.get(part_end, part_end)
        if start == end:
            continue
        if by_key[start].role != by_key[end].role:
            tied[start].append(end)
            tied[end].append(start)
        elif is_parent(name):
            parents[start] = end
    anchors = _anchors(by_key, tied)
    nearest = _Nearest([by_key[key] for key in anchors])
    members: dict[str, list[Piece]] = {key: [by_key[key]] for key in anchors}
    for piece in by_key.values():
        if piece.key in members:
            continue
        joined = [key for key in tied[piece.key] if key in members] or [
            key for other in tied[piece.key] for key in tied[other] if key in members
        ]
        for key in dict.fromkeys(joined or [nearest.to(piece)]):
            members[key].append(piece)
    found = [_attribution(key, group) for key, group in members.items()]
    for entry in found:
        if parents.get(entry["id"]) in members:
            entry["parent"] = parents[entry["id"]]
    found.sort(key=lambda entry: min(_all_spans(entry)))
    if not parents:
        infer_parents(found)
    return found


def _merged(by_key: dict[str, Piece], relations: list[tuple[str, str, Any]]) -> dict[str, str]:
    """Take parts out of `by_key` into the pieces they are parts of; which part went where."""
    whole: dict[str, str] = {}

    def root(key: str) -> str:
        while key in whole:
            key = whole[key]
        return key

    for start, end, name in relations:
        first, second = root(start), root(end)
        if first != second and _plain(name) == "part":
            part, rest = by_key[first], by_key[second]
            if part.role == rest.role:
                rest.spans = rest.spans + part.spans
                rest.labels = part.labels | rest.labels
                whole[first] = second
    for key in whole:
        del by_key[key]
    return {key: root(key) for key in whole}


def _anchors(by_key: dict[str, Piece], tied: dict[str, list[str]]) -> list[str]:
    """The pieces that make an attribution: cues, or what stands for one."""
    of_role: dict[str, list[str]] = {role: [] for role in ROLES}
    for key, piece in by_key.items():
        of_role[piece.role].append(key)
    cues = set(of_role["cue"])
    if not cues:
        return of_role["content"] or of_role["source"]

    def has_cue(key: str) -> bool:
        return any(other in cues or not cues.isdisjoint(tied[other]) for other in tied[key])

    contents_are_tied = any(tied[key] for key in of_role["content"])
    return [
        key
        for key, piece in by_key.items()
        if key in cues or (piece.role == "content" and contents_are_tied and not has_cue(key))
    ]


class _Nearest:
    """Finds the nearest of some pieces, by bisection."""

    def __init__(self, anchors: list[Piece]) -> None:
        spans = sorted((start, end, a.key) for a in anchors for start, end in a.spans)
        self._starts = [start for start, *_ in spans]
        self._spans = spans

    def to(self, piece: Piece) -> str:
        best: tuple[int, int, str] | None = None
        for start, end in piece.spans:
            i = bisect_left(self._starts, start)
            for later, (first, last, key) in enumerate(self._spans[max(i - 1, 0) : i + 1]):
                gap = max(first - end, start - last, 0)
                order = -later if piece.role == "source" else later
                if best is None or (gap, order) < best[:2]:
                    best = gap, order, key
        assert best is not None  # pieces without anchors are anchors themselves
        return best[2]


def _attribution(key: str, group: list[Piece]) -> dict[str, Any]:
    entry: dict[str, Any] = {"id": key}
    for role in ROLES:
        spans = {span for piece in group if piece.role == role for span in piece.spans}
        if spans:
            entry[role] = sorted(spans)
    for role in ("cue", "source", "content"):
        for piece in group:
            if piece.role == role:
                entry = piece.labels | entry
    return entry


def _all_spans(entry: dict[str, Any]) -> list[tuple[int, int]]:
    return [tuple(span) for role in ROLES for span in entry.get(role) or ()]


def infer_parents(entries: list[dict[str, Any]]) -> None:
    """Give attributions that lie within the content of another this one for a parent, in place."""
    hulls = []
    for entry in entries:
        spans = _all_spans(entry)
        hulls.append((min(spans)[0], max(end for _, end in spans)) if spans else (0, 0))
    contents = sorted(
        (start, -end, i)
        for i, entry in enumerate(entries)
        for start, end in entry.get("content") or ()
    )
    open_contents: list[tuple[int, int, int]] = []  # start, end, of which entry
    at = 0
    for i in sorted(range(len(entries)), key=lambda i: (hulls[i][0], -hulls[i][1])):
        first, last = hulls[i]
        while at < len(contents) and contents[at][0] <= first:
            start, end, owner = contents[at]
            while open_contents and open_contents[-1][1] <= start:
                open_contents.pop()
            open_contents.append((start, -end, owner))
            at += 1
        around = [
            (end - start, owner)
            for start, end, owner in open_contents
            if owner != i
            and last <= end
            # two that are each nothing but the content of the other would go in a circle
            and ((start, end) != (first, last) or hulls[owner] != (start, end))
        ]
        if around and last > first:
            entries[i]["parent"] = entries[min(around)[1]]["id"]


def named_claims(entries: Iterable[dict[str, Any]]) -> dict[str, str]:
    """The claims that attributions name, with their names for texts."""
    return {entry["claim"]: entry["claim"] for entry in entries if "claim" in entry}
