"""Word pieces, and the windows of them that a transformer reads at a time.

A word is split into the longest pieces that a vocabulary knows (WordPiece: Wu et al. 2016,
*Google's neural machine translation system*). A text of more pieces than a window holds is read in
several that overlap; of each word the window counts in which it stands farthest from an edge.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np

from sourcescore.messages import needs_extra

__all__ = ["PADDING", "PARTING", "WINDOW", "Pieces", "Windows"]

#: Pieces that a window has at most, the first and the last included, and that two windows share at
#: least.
WINDOW, OVERLAP = 254, 40
#: A word of more pieces is cut: it is an address, or no word.
_MOST_PIECES = 8
#: What stands before everything, between parts and after them, for a piece that is not known, and
#: for nothing.
BEGINNING, PARTING, UNKNOWN, PADDING = "[CLS]", "[SEP]", "[UNK]", "[PAD]"
_MOST_REMEMBERED = 100_000


class Windows(NamedTuple):
    """The windows of a text, and where its words stand in them.

    Attributes
    ----------
    ids : list of int64 array
        The numbers of the pieces of each window.
    window, place : int64 arrays of shape (n_words,)
        The window in which each word is read, and the place of its first piece there.
    """

    ids: list[np.ndarray]
    window: np.ndarray
    place: np.ndarray

    def of_words(self, read: Sequence[np.ndarray]) -> np.ndarray:
        """The vectors of the words, where those of the pieces of each window are at hand."""
        starts = np.cumsum([0, *map(len, read[:-1])])
        return np.concatenate(read)[starts[self.window] + self.place]


class Pieces:
    """Split words and texts into pieces.

    Parameters
    ----------
    vocabulary : sequence of str
        The pieces, in the order of their numbers; one that goes on a word begins with ``##``.
    """

    def __init__(self, vocabulary: Sequence[str]) -> None:
        try:
            from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
        except ModuleNotFoundError as error:
            raise needs_extra("the accurate models", "accurate", error) from None
        self.vocabulary = list(vocabulary)
        number = {piece: k for k, piece in enumerate(self.vocabulary)}
        special = (BEGINNING, PARTING, UNKNOWN, PADDING)
        missing = [piece for piece in special if piece not in number]
        if missing:
            raise ValueError(f"the vocabulary of pieces lacks {', '.join(missing)}.")
        self._beginning, self._parting, self._unknown, self.padding = (number[s] for s in special)
        self._number = number
        self._tokenizer = Tokenizer(models.WordPiece(number, unk_token=UNKNOWN))
        self._tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
        self._tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        self._known: dict[str, list[int]] = {}

    def of_word(self, word: str) -> list[int]:
        """The numbers of a word's pieces, one at least."""
        known = self._known.get(word)
        if known is None:
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            known = self._of_text(word[:100])[:_MOST_PIECES] or [self._unknown]
            self._known[word] = known
        return known

    def _of_text(self, text: str) -> list[int]:
        # lone surrogates are no text for the tokenizer
        clean = text.encode("utf8", "replace").decode("utf8")
        return self._tokenizer.encode(clean, add_special_tokens=False).ids

    def windows(self, words: Sequence[str], paragraph: np.ndarray, opens: str) -> Windows:
        """The windows of a text.

        Parameters
        ----------
        words : sequence of str of length n_words, 1 at least
        paragraph : int array of shape (n_words,)
            The number of each word's paragraph; a piece stands between two paragraphs.
        opens : str
            The piece that each window begins with.
        """
        split = [self.of_word(word) for word in words]
        starts_paragraph = np.diff(paragraph, prepend=paragraph[:1]) > 0
        length = np.fromiter(map(len, split), np.int64, len(split))
        first = np.cumsum(length + starts_paragraph) - length
        ids = np.full(first[-1] + length[-1], self._parting, dtype=np.int64)
        place = np.repeat(first - np.cumsum(length) + length, length) + np.arange(length.sum())
        ids[place] = np.fromiter(chain.from_iterable(split), np.int64, length.sum())
        inner = WINDOW - 2
        n = len(ids)
        n_windows = 1 if n <= inner else -(-(n - OVERLAP) // (inner - OVERLAP))
        start = np.round(np.linspace(0, max(0, n - inner), n_windows)).astype(np.int64)
        window = _farthest_from_edges(first, start, start + min(inner, n), n)
        begins, ends = [self._number[opens]], [self._parting]
        return Windows(
            [np.concatenate([begins, ids[s : s + inner], ends]) for s in start],
            window,
            first - start[window] + 1,
        )

    def pair(self, first: str, second: str, longest: int) -> tuple[np.ndarray, np.ndarray]:
        """Two texts as one sequence.

        Parameters
        ----------
        first, second : str
        longest : int
            Pieces at most; the longer text is cut first.

        Returns
        -------
        ids : int64 array of shape (n,)
        part : int64 array of shape (n,)
            0 for the pieces of the first text and what stands around them, 1 for the second.
        """
        a, b = self._of_text(first), self._of_text(second)
        room = longest - 3
        if len(a) + len(b) > room:
            kept = max(room // 2, room - len(b)) if len(a) > room // 2 else len(a)
            a = a[:kept]
            b = b[: room - len(a)]
        ids = [self._beginning, *a, self._parting, *b, self._parting]
        part = np.repeat([0, 1], [len(a) + 2, len(b) + 1])
        return np.array(ids, dtype=np.int64), part


def _farthest_from_edges(
    place: np.ndarray, start: np.ndarray, stop: np.ndarray, n: int
) -> np.ndarray:
    """Of windows from ``start`` to ``stop`` the one in which each place is farthest from an edge.

    The ends of the text are no edges. Windows are in order, so that only two can be the best.
    """
    if len(start) == 1:
        return np.zeros(len(place), dtype=np.int64)
    # between two windows the middle of what they share parts the places
    middle = (start[1:] + stop[:-1]) / 2
    return np.searchsorted(middle, place, side="right")
