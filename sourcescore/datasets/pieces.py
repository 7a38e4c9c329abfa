"""Where the pieces of an attribution are in a text that was given without their offsets."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from functools import lru_cache
from itertools import accumulate, permutations

from sourcescore.datasets.corpus import ROLES

__all__ = ["PieceFinder"]

_WORD = re.compile(r"\w+")
_WITHIN_WORD = re.compile(r"\w\w")
_CHUNK = re.compile(r"\S+")
_SPACE = re.compile(r"\s+")

Span = tuple[int, int]


class PieceFinder:
    """Finds pieces in one text.

    The words of the text are indexed once, so that many pieces do not each read all of it.

    Parameters
    ----------
    text : str
    """

    def __init__(self, text: str) -> None:
        # pieces are found whatever the white space: one blank stands for each run of it
        chunks = list(_CHUNK.finditer(text))
        self._flat = " ".join(match.group() for match in chunks)
        self._starts = [match.start() for match in chunks]
        lengths = (match.end() - match.start() + 1 for match in chunks)
        self._flat_starts = [0, *accumulate(lengths)][: len(chunks)]
        self._words: dict[str, list[int]] = {}
        for match in _WORD.finditer(self._flat):
            self._words.setdefault(match.group(), []).append(match.start())
        # tables say the same again and again: what recurs is looked for once
        self._occurrences = lru_cache(maxsize=None)(self._find)
        self._place = lru_cache(maxsize=None)(self._places)

    def find(self, pieces: dict[str, str]) -> dict[str, Span]:
        """The occurrences of the pieces, one of each, that are closest together.

        Parameters
        ----------
        pieces : dict of role to text
            Pieces that are empty are not looked for. White space does not matter.

        Returns
        -------
        dict of role to (int, int)
            They do not overlap where that can be had; of equally close ones the first in the order
            source, cue, content, and then in the text.

        Raises
        ------
        ValueError
            If a piece is not in the text.

        Examples
        --------
        >>> text = "Who said so? He said that he was there."
        >>> PieceFinder(text).find({"source": "He", "cue": "said", "content": "that he was there"})
        {'source': (13, 15), 'cue': (16, 20), 'content': (21, 38)}
        """
        return dict(self._place(tuple(pieces.get(role) or "" for role in ROLES)))

    def _places(self, wanted_pieces: tuple[str, ...]) -> dict[str, Span]:
        pieces = dict(zip(ROLES, wanted_pieces, strict=True))
        wanted = {role: _SPACE.sub(" ", piece).strip() for role, piece in pieces.items()}
        found = {role: self._occurrences(piece) for role, piece in wanted.items() if piece}
        for role, starts in found.items():
            if not starts:
                raise ValueError(
                    f"the {role} {pieces[role]!r} is not in the text {self._flat[:60]!r}; write it "
                    f"as it stands there, or give {role}_spans"
                )
        if not found:
            return {}
        lengths = {role: len(wanted[role]) for role in found}
        chosen = _closest(found, lengths)
        return {
            role: (self._where(start), self._where(start + lengths[role] - 1) + 1)
            for role, start in chosen.items()
        }

    def _where(self, at: int) -> int:
        """The offset in the text of a character of the flat text that is no blank."""
        chunk = bisect_right(self._flat_starts, at) - 1
        return self._starts[chunk] + at - self._flat_starts[chunk]

    def _find(self, piece: str) -> list[int]:
        """Where a piece begins; whole words only, unless there are none."""
        words = [(match.group(), match.start()) for match in _WORD.finditer(piece)]
        known = [(self._words.get(word), offset) for word, offset in words]
        if words and all(starts is not None for starts, _ in known):
            starts, offset = min(known, key=lambda pair: len(pair[0] or ()))
            whole = [
                at - offset
                for at in starts or ()
                if at >= offset
                and self._flat.startswith(piece, at - offset)
                and _is_whole(self._flat, at - offset, at - offset + len(piece))
            ]
            if whole:
                return whole
        anywhere = []
        at = self._flat.find(piece)
        while at >= 0:
            anywhere.append(at)
            at = self._flat.find(piece, at + len(piece))
        return anywhere


def _is_whole(text: str, start: int, end: int) -> bool:
    """Whether a piece neither begins nor ends within a word."""
    before, after = text[max(start - 1, 0) : start + 1], text[end - 1 : end + 1]
    return not _WITHIN_WORD.fullmatch(before) and not _WITHIN_WORD.fullmatch(after)


def _closest(found: dict[str, list[int]], lengths: dict[str, int]) -> dict[str, int]:
    """One start of each role, so that the pieces are closest together."""
    anchor = min(found, key=lambda role: len(found[role]))
    best: tuple[tuple[int, int, int], dict[str, int]] | None = None
    for number, order in enumerate(permutations(found)):
        place = order.index(anchor)
        for start in found[anchor]:
            chosen = {anchor: start}
            end = start + lengths[anchor]
            for role in order[place + 1 :]:
                i = bisect_left(found[role], end)
                if i == len(found[role]):
                    break
                chosen[role] = found[role][i]
                end = chosen[role] + lengths[role]
            begin = start
            for role in reversed(order[:place]):
                i = bisect_right(found[role], begin - lengths[role]) - 1
                if i < 0:
                    break
                begin = chosen[role] = found[role][i]
            cost = end - begin, number, start
            if len(chosen) == len(order) and (best is None or cost < best[0]):
                best = cost, chosen
    if best is not None:
        return best[1]
    start = found[anchor][0]  # they cannot but overlap
    return {role: min(starts, key=lambda at: abs(at - start)) for role, starts in found.items()}
