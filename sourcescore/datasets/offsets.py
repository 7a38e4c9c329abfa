"""Offsets of annotation tools as offsets of Python strings.

A tool that runs in a browser counts UTF-16 units, in which an emoji is two; one that reads a file
with Windows line ends may count each as one character. Where a file gives the text of a span, that
text says how its tool counts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

__all__ = ["MismatchError", "settle", "spans_from_text"]

Span = tuple[int, int]

_LAST_COMMA = re.compile(r",\s*\]")
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")


class MismatchError(ValueError):
    """No way of counting gives a span the text that the file says it has.

    Attributes
    ----------
    index : int
        Which of the pieces.
    """

    def __init__(self, index: int, message: str) -> None:
        super().__init__(message)
        self.index = index


def settle(
    text: str, pieces: Sequence[tuple[Sequence[Span], str | None]]
) -> tuple[str, list[list[Span]]]:
    """Find how the spans of a document count, and return them as Python offsets.

    Parameters
    ----------
    text : str
    pieces : sequence of (spans, said)
        The spans of each piece and what the file says they hold (None: it does not say). White
        space does not matter in comparing.

    Returns
    -------
    text : str
        As given, or with line ends of one character where the spans count so.
    spans : list of list of (int, int)

    Raises
    ------
    MismatchError
        If no way of counting fits all pieces.

    Examples
    --------
    >>> settle("😀 He said so.", [([(3, 5)], "He")])
    ('😀 He said so.', [[(2, 4)]])
    """
    first_error: MismatchError | None = None
    for candidate in dict.fromkeys((text, text.replace("\r\n", "\n"))):
        for spans in _countings(candidate, [spans for spans, _ in pieces]):
            wrong = _first_wrong(candidate, spans, pieces)
            if wrong is None:
                return candidate, spans
            first_error = first_error or wrong
    assert first_error is not None
    raise first_error


def spans_from_text(written: str) -> Any:
    """Spans as JSON has them, or as Python and pandas write lists of tuples.

    Raises
    ------
    ValueError
        If it is neither. What it holds is not checked.

    Examples
    --------
    >>> spans_from_text("[[0, 7]]"), spans_from_text("[(0, 7), (9, 12)]"), spans_from_text("")
    ([[0, 7]], [[0, 7], [9, 12]], [])
    """
    as_json = written.replace("(", "[").replace(")", "]")
    as_json = _LAST_COMMA.sub("]", as_json).strip()
    try:
        return json.loads(as_json) if as_json else []
    except RecursionError:
        raise ValueError("too many brackets") from None


def _countings(text: str, pieces: list[Sequence[Span]]) -> Iterator[list[list[Span]]]:
    yield [list(spans) for spans in pieces]
    if _ASTRAL.search(text):
        code_points = np.array(list(map(ord, text)))
        ends = np.concatenate(([0], np.cumsum(1 + (code_points > 0xFFFF))))
        # an offset inside a pair of units is that of the character after it
        where = [[tuple(np.searchsorted(ends, s).tolist()) for s in spans] for spans in pieces]
        yield where


def _first_wrong(
    text: str, found: list[list[Span]], pieces: Sequence[tuple[Sequence[Span], str | None]]
) -> MismatchError | None:
    for i, (spans, (_, said)) in enumerate(zip(found, pieces, strict=True)):
        if said is None:
            continue
        piece = " ".join(text[max(start, 0) : max(end, 0)] for start, end in spans)
        if piece.split() != said.split():
            shown = " and ".join(f"[{start}, {end}]" for start, end in pieces[i][0])
            return MismatchError(
                i,
                f"the span {shown} is {_short(piece)} in the text, but the file says "
                f"{_short(said)}; text and annotation do not belong together, or one of them was "
                "changed",
            )
    return None


def _short(piece: str) -> str:
    return repr(piece if len(piece) <= 60 else f"{piece[:57]}...")
