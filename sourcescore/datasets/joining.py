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
- A relation called ``parent`` goes from the cue of an attribution (or from the content, or source,
  that stands for one) to that of the attribution in whose content it sits, and ties no pieces.
  Where a document has none, an attribution whose pieces all lie within one span of another's
  content has that one, the shortest such, for its parent.
- In the tools a mark such as ``type=witness`` is no piece but a label, for tools that have no
  labels on spans. It goes to the piece that a relation ties it to; else to the piece at the same
  place, the cue first; else to the nearest cue, or, where there is none, to the nearest piece.
- A label ``claim`` names a claim of the document; where the format has no text for it, its name is
  its text.
- Other labels, and relations that tie no pieces of two roles, are left out, with a warning.
- Pieces of one role in one attribution are one discontinuous piece. A label on any piece is the
  attribution's; if two disagree, that of the cue counts, then the source's.
"""

from __future__ import annotations

import sys
import warnings
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sourcescore.datasets.corpus import LABELS, ROLES

__all__ = [
    "MARK",
    "Piece",
    "Roles",
    "infer_parents",
    "is_parent",
    "join",
    "label_name",
    "named_claims",
]

#: The role of what is no piece but a label of one, such as ``type=witness``.
MARK = "mark"

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
    """A marked piece of a text, of one span or several; or a label of a piece, of role `MARK`."""

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
    """Which label of a tool is which role, and what was left out because it is none.

    Parameters
    ----------
    labels : mapping, optional
        A tool's label to ``source``, ``cue`` or ``content``, beside the names of the roles
        themselves and their synonyms; None for a label that is to be left out without a warning.
        Upper and lower case are the same.

    Raises
    ------
    TypeError
        If `labels` is no mapping.
    ValueError
        If it maps to anything else than a role or None.
    """

    def __init__(self, labels: Mapping[str, str | None] | None = None) -> None:
        if not (labels is None or isinstance(labels, Mapping)):
            raise TypeError(
                "labels must be a mapping such as {'SPEAKER': 'source'}; "
                f"got {type(labels).__name__}."
            )
        self._roles: dict[str, str | None] = {**{role: role for role in ROLES}, **_SYNONYMS}
        for label, role in (labels or {}).items():
            if role is not None and role not in ROLES:
                raise ValueError(
                    "labels must map to 'source', 'cue' or 'content', or to None for what is to be "
                    f"left out; {label!r} maps to {role!r}."
                )
            self._roles[_plain(label)] = role
        self._known = False
        self._unknown: Counter[str] = Counter()
        self._relations: Counter[str] = Counter()
        self._remarks: Counter[str] = Counter()

    def get(self, label: Any) -> str | None:
        """The role of a label; None if it has none."""
        return self._roles.get(_plain(label))

    def of(self, label: Any) -> str | None:
        """The role of a label of a piece; one that has none counts as left out."""
        role = self.get(label)
        if role is not None:
            self.use()
        elif label is not None and _plain(label) not in self._roles:
            self._unknown[str(label)] += 1
        return role

    def use(self) -> None:
        """Know that the file has pieces with a role."""
        self._known = True

    def read(self, label: Any) -> tuple[str, dict[str, str]] | None:
        """The role of a mark, and the labels that it is: ``type=witness`` is a label, no piece."""
        name, sign, value = str(label).partition("=")
        if sign and name.strip() and value and _plain(label) not in self._roles:
            return MARK, {label_name(name.strip()): value}
        role = self.of(label)
        return None if role is None else (role, {})

    def leave_out(self, relation: Any) -> None:
        """Count a relation that ties nothing."""
        if _plain(relation) not in self._roles:
            self._relations["" if relation is None else str(relation)] += 1

    def remark(self, what: str) -> None:
        """Count something else that was left out."""
        self._remarks[what] += 1

    def check(self, name: str) -> None:
        """Warn of what was left out of the file of this name.

        Raises
        ------
        ValueError
            If there were labels, but none that is a role.
        """
        some = list(self._unknown)
        if some and not self._known:
            raise ValueError(
                f"none of the labels {', '.join(map(repr, some[:10]))} is a role; say which are, "
                f"for example labels={{{some[0]!r}: 'source'}}"
            )
        said = []
        if some:
            said.append(f"labels that are no role: {_counted(self._unknown)}")
        if self._relations:
            said.append(
                f"relations that do not tie two pieces of different roles: "
                f"{_counted(self._relations)}"
            )
        if said:
            one = some[0] if some else next(iter(self._relations))
            hint = f"labels={{{one!r}: None}} leaves out without this warning"
            if some:
                hint = f"Say which role one is with labels={{{one!r}: 'source'}}; {hint}"
            said = [f"left out were {', and '.join(said)}. {hint}"]
        said += [f"{what}: {count}" for what, count in self._remarks.items()]
        if said:
            warnings.warn(f"{name}: {'; '.join(said)}.", UserWarning, stacklevel=_outside())


def _outside() -> int:
    """The stack level, for the caller, of the code that called the library."""
    frame, level = sys._getframe(1), 1
    while frame.f_back is not None and frame.f_globals["__name__"].startswith("sourcescore."):
        frame, level = frame.f_back, level + 1
    return level


def _counted(names: Counter[str]) -> str:
    shown = [f"{name!r} ({count})" for name, count in names.most_common(10)]
    more = [f"{len(names) - 10} more"] if len(names) > 10 else []
    return ", ".join(shown + more)


def join(
    pieces: Iterable[Piece],
    relations: Iterable[tuple[str, str, Any]] = (),
    roles: Roles | None = None,
) -> list[dict[str, Any]]:
    """Join pieces to attributions, in the layout of our JSON lines.

    Parameters
    ----------
    pieces : iterable of Piece
        Of one document, each with a key of its own.
    relations : iterable of (key, key, name)
        From one piece to another.
    roles : Roles, optional
        Is told of relations that tie nothing.

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
    roles = roles or Roles()
    by_key = {piece.key: piece for piece in pieces}
    relations = _give_labels(by_key, relations)
    whole = _merged(by_key, relations)
    tied: dict[str, list[str]] = {key: [] for key in by_key}
    nested: list[tuple[str, str]] = []
    for part_start, part_end, name in relations:
        start, end = whole.get(part_start, part_start), whole.get(part_end, part_end)
        if start == end and start in by_key:
            continue
        if start not in by_key or end not in by_key:
            roles.leave_out(name)
        elif is_parent(name):
            nested.append((start, end))
        elif by_key[start].role != by_key[end].role:
            tied[start].append(end)
            tied[end].append(start)
        else:
            roles.leave_out(name)
    anchors = _anchors(by_key, tied, {key for pair in nested for key in pair})
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
    owner: dict[str, str] = {}
    for key, group in members.items():
        for piece in group:
            owner.setdefault(piece.key, key)
    parents = {owner[inner]: owner[outer] for inner, outer in nested}
    for entry in found:
        if parents.get(entry["id"], entry["id"]) != entry["id"]:
            entry["parent"] = parents[entry["id"]]
    found.sort(key=lambda entry: min(_all_spans(entry)))
    if not nested:
        infer_parents(found)
    return found


def _give_labels(
    by_key: dict[str, Piece], relations: Iterable[tuple[str, str, Any]]
) -> list[tuple[str, str, Any]]:
    """Take marks out of `by_key` into the labels of pieces; the relations of the pieces."""
    marks = {key: piece for key, piece in by_key.items() if piece.role == MARK}
    if not marks:
        return list(relations)
    for key in marks:
        del by_key[key]
    rest = []
    targets: dict[str, list[str]] = {}
    for start, end, name in relations:
        if start in marks and end in by_key:
            targets.setdefault(start, []).append(end)
        elif end in marks and start in by_key:
            targets.setdefault(end, []).append(start)
        elif start not in marks and end not in marks:
            rest.append((start, end, name))
    if not by_key:
        return rest
    order = {"cue": 0, "content": 1, "source": 2}
    at: dict[tuple[int, int], str] = {}
    for piece in sorted(by_key.values(), key=lambda piece: order[piece.role]):
        for span in piece.spans:
            at.setdefault(span, piece.key)
    cues = [piece for piece in by_key.values() if piece.role == "cue"]
    nearest = _Nearest(cues or list(by_key.values()))
    for key, mark in marks.items():
        for target in targets.get(key) or [at.get(mark.spans[0]) or nearest.to(mark)]:
            by_key[target].labels = by_key[target].labels | mark.labels
    return rest


def _merged(by_key: dict[str, Piece], relations: list[tuple[str, str, Any]]) -> dict[str, str]:
    """Take parts out of `by_key` into the pieces they are parts of; which part went where."""
    whole: dict[str, str] = {}

    def root(key: str) -> str:
        while key in whole:
            key = whole[key]
        return key

    for start, end, name in relations:
        first, second = root(start), root(end)
        if first != second and {first, second} <= by_key.keys() and _plain(name) == "part":
            part, rest = by_key[first], by_key[second]
            if part.role == rest.role:
                rest.spans = rest.spans + part.spans
                rest.labels = part.labels | rest.labels
                whole[first] = second
    for key in whole:
        del by_key[key]
    return {key: root(key) for key in whole}


def _anchors(
    by_key: dict[str, Piece], tied: dict[str, list[str]], nested: Collection[str]
) -> list[str]:
    """The pieces that make an attribution: cues, or what stands for one.

    What is `nested`, at an end of a relation to a parent, stands for one where it has no cue.
    """
    of_role: dict[str, list[str]] = {role: [] for role in ROLES}
    for key, piece in by_key.items():
        of_role[piece.role].append(key)
    cues = set(of_role["cue"])
    if not (cues or of_role["content"]):
        return of_role["source"]

    def has_cue(key: str) -> bool:
        return any(other in cues or not cues.isdisjoint(tied[other]) for other in tied[key])

    contents_stand = not cues or any(tied[key] for key in of_role["content"])
    return [
        key
        for key, piece in by_key.items()
        if piece.role == "cue"
        or (piece.role == "content" and (contents_stand or key in nested) and not has_cue(key))
        or (piece.role == "source" and key in nested and not tied[key])
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
