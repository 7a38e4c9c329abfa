"""Write a text as HTML in which each attribution is marked.

Comes in: a text, and the pieces (source, cue or content) of its attributions, which may nest,
overlap and come in several parts. Goes out: HTML paragraphs, in which

- each piece is an element, split where it crosses another one or a paragraph's end;
- attributions that overlap stand together in a group (``.g``), which ends with a card on each of
  them. Inside a group an attribution has a number (``.k0``, ``.k1``, ...), so that a style sheet
  of fixed length can show the card of, and light up all pieces of, the attribution under the
  pointer, without any script.

One pass over the text; the work at each boundary is bounded, because no more than `_MAX_OPEN`
pieces are open at a time and no more than `GROUP_SIZE` attributions share a group.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

__all__ = ["GROUP_SIZE", "Piece", "Voice", "clean", "escape", "mark_text"]

#: As many numbers k as the style sheet knows.
GROUP_SIZE = 12
#: Pieces on top of one another that are drawn; an attribution three levels deep needs seven.
_MAX_OPEN = 8
_MAX_HEIGHT = 3

# Neither HTML nor UTF-8 can carry these, and the two overrides would turn what follows around (the
# marks and isolates of right-to-left text stay). One character stands for one: offsets stay true.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202d\u202e\ud800-\udfff\ufffe\uffff]"
)
_PARAGRAPH = re.compile(r"[^\r\n]+")

_CLASS = {"source": "s", "cue": "c", "content": "x"}
_ORDER = {"content": 0, "source": 1, "cue": 2}


class Piece(NamedTuple):
    """A part of an attribution: ``text[start:end]``, its role, and the number of its voice."""

    start: int
    end: int
    role: str
    voice: int


class Voice(NamedTuple):
    """How an attribution is shown: `tag` is plain text; the other three go into the page as is."""

    anchor: str
    classes: str
    tag: str
    card: str


def clean(text: str) -> str:
    """Replace the characters that a page cannot carry; the length stays the same.

    Examples
    --------
    >>> clean("a\\x00b\\ud800")
    'a�b�'
    """
    return _UNPRINTABLE.sub("\ufffd", text)


def escape(text: object) -> str:
    """Escape a value for HTML text and for quoted attributes.

    Examples
    --------
    >>> escape('<b title="x">')
    '&lt;b title=&quot;x&quot;&gt;'
    """
    return html.escape(clean(str(text)))


def mark_text(text: str, pieces: Iterable[Piece], voices: Sequence[Voice]) -> str:
    """Return the text as HTML paragraphs with its attributions marked.

    Parameters
    ----------
    text : str
    pieces : iterable of Piece
        In any order. What lies outside the text is cut off.
    voices : sequence of Voice
        ``voices[piece.voice]`` is the attribution that a piece belongs to.

    Returns
    -------
    str
        The text of the paragraphs is the text, less the line ends.

    Examples
    --------
    >>> voice = Voice("a1", "t0", "SEEN", "a neighbour")
    >>> print(mark_text("He ran.", [Piece(0, 2, "source", 0)], [voice]).replace("><", ">\\n<"))
    <p dir="auto">
    <span class="g">
    <span class="s t0 k0" id="a1" tabindex="0" aria-describedby="a1-card" data-tag="SEEN">He</span>
    <span class="cards">
    <span class="card t0 k0" role="tooltip" id="a1-card">a neighbour</span>
    </span>
    </span> ran.</p>
    """
    inside = [
        piece._replace(start=max(piece.start, 0), end=min(piece.end, len(text)))
        for piece in pieces
        if piece.end > max(piece.start, 0) and piece.start < len(text)
    ]
    inside.sort(key=lambda p: (p.start, -p.end, _ORDER[p.role], p.voice))
    return _Writer(clean(text), inside, voices).write()


class _Open:
    """A piece whose element is open; its start tag is written once its height is known."""

    __slots__ = ("at", "height", "piece")

    def __init__(self, piece: Piece, at: int) -> None:
        self.piece = piece
        self.at = at
        self.height = 0


class _Writer:
    def __init__(self, text: str, pieces: list[Piece], voices: Sequence[Voice]) -> None:
        self.text = text
        self.pieces = pieces
        self.voices = voices
        self.out: list[str] = []
        self.open: list[_Open] = []
        self.group: dict[int, int] = {}
        self.reach = 0
        self.carded: set[int] = set()
        self.anchored: set[int] = set()
        self.tagged: set[int] = set()
        roles: dict[int, set[str]] = {}
        self.last: dict[int, int] = {}
        for piece in pieces:
            roles.setdefault(piece.voice, set()).add(piece.role)
            self.last[piece.voice] = max(self.last.get(piece.voice, 0), piece.end)
        self.anchor_role = {v: _first(r, ("cue", "source", "content")) for v, r in roles.items()}
        self.tag_role = {v: _first(r, ("source", "cue", "content")) for v, r in roles.items()}

    def write(self) -> str:
        following = 0
        carried: list[Piece] = []
        for paragraph in _PARAGRAPH.finditer(self.text):
            at, end = paragraph.span()
            self.out.append('<p dir="auto">')
            for piece in carried:
                self._start(piece, at)
            while True:
                while following < len(self.pieces) and self.pieces[following].start <= at:
                    self._start(self.pieces[following], at)
                    following += 1
                if at == end:
                    break
                stop = min([end, *(o.piece.end for o in self.open)])
                if following < len(self.pieces):
                    stop = min(stop, self.pieces[following].start)
                self.out.append(html.escape(self.text[at:stop], quote=False))
                at = stop
                self._end_pieces(at)
            carried = [o.piece for o in self.open]
            self._close_all()
            self._close_group()
            self.out.append("</p>\n")
        return "".join(self.out).rstrip("\n")

    def _start(self, piece: Piece, at: int) -> None:
        if piece.end <= at or len(self.open) == _MAX_OPEN:
            return
        if piece.voice not in self.group:
            if len(self.group) == GROUP_SIZE:
                self._cut()
            if not self.group:
                self.out.append('<span class="g">')
            # after a cut the pieces that run on have taken a number each: there is room still
            self.group.setdefault(piece.voice, len(self.group))
            self.reach = max(self.reach, self.last[piece.voice])
        self.open.append(_Open(piece, len(self.out)))
        self.out.append("")

    def _end_pieces(self, at: int) -> None:
        """Close the pieces that end here, and the group when none of its voices goes on."""
        lowest = next((i for i, o in enumerate(self.open) if o.piece.end <= at), None)
        if lowest is not None:
            above = [o.piece for o in self.open[lowest:]]
            self._close_down_to(lowest)
            for piece in above:
                self._start(piece, at)
        if self.group and not self.open and at >= self.reach:
            self._close_group()

    def _cut(self) -> None:
        """End a full group; the pieces that are open go on in the next one."""
        running = [o.piece for o in self.open]
        self._close_all()
        self._close_group()
        for piece in running:
            self._start(piece, piece.start)

    def _close_all(self) -> None:
        self._close_down_to(0)

    def _close_down_to(self, size: int) -> None:
        while len(self.open) > size:
            top = self.open.pop()
            self.out[top.at] = self._start_tag(top)
            self.out.append("</mark>" if top.piece.role == "content" else "</span>")
            if self.open and top.piece.role == "content":
                below = self.open[-1]
                below.height = max(below.height, top.height + 1)

    def _start_tag(self, top: _Open) -> str:
        number, role = top.piece.voice, top.piece.role
        voice = self.voices[number]
        name = "mark" if role == "content" else "span"
        height = f" h{min(top.height, _MAX_HEIGHT)}" if role == "content" else ""
        tag = f'<{name} class="{_CLASS[role]} {voice.classes} k{self.group[number]}{height}"'
        if role == self.anchor_role[number] and number not in self.anchored:
            self.anchored.add(number)
            tag += f' id="{voice.anchor}" tabindex="0" aria-describedby="{voice.anchor}-card"'
        else:
            tag += ' tabindex="-1"'  # a tap gives it the focus, the tab key passes it by
        if role == self.tag_role[number] and number not in self.tagged:
            self.tagged.add(number)
            tag += f' data-tag="{escape(voice.tag)}"'
        return tag + ">"

    def _close_group(self) -> None:
        if not self.group:
            return
        self.out.append('<span class="cards">')
        for number, k in self.group.items():
            voice = self.voices[number]
            anchor = "" if number in self.carded else f' id="{voice.anchor}-card"'
            self.carded.add(number)
            self.out.append(f'<span class="card {voice.classes} k{k}" role="tooltip"{anchor}>')
            self.out.append(f"{voice.card}</span>")
        self.out.append("</span></span>")
        self.group = {}
        self.reach = 0


def _first(have: set[str], order: tuple[str, ...]) -> str:
    return next(role for role in order if role in have)
