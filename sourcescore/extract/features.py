"""What the network sees of a token, and of a token around a cue.

Comes in: a `Document` and what training tells about words. Goes out: numbers of features.
What belongs to the word alone (form, ending, shape, cluster, parts of speech, how often it signals
an attribution) is looked up once per word and remembered; what belongs to the place (in a
quotation, at the start of a sentence or paragraph) and to the relation between a token and a cue
(distance, sentences and cues between them) is computed for a whole document at once.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Self

import numpy as np
from scipy import sparse

from sourcescore.extract.network import Windows
from sourcescore.text import Document
from sourcescore.words import WordVectors

__all__ = [
    "N_PLACES",
    "N_RELATIONS",
    "QUOTATION_MARKS",
    "Layout",
    "Vocabulary",
    "WordTable",
    "cue_windows",
    "place_numbers",
    "plain_words",
    "sentence_rows",
    "word_features",
]

#: A word seen less often than this in training has no share of its own.
_MIN_COUNT = 3
_CUENESS_BUCKETS = (0.02, 0.1, 0.25, 0.5, 0.75)
#: Quotation marks and apostrophes by the one that stands for them.
_MARKS = {
    **dict.fromkeys(["“", "”", "„", "«", "»", "``", "''", "‘‘", "’’"], '"'),
    **dict.fromkeys(["‘", "’", "`"], "'"),
}
_QUOTES = frozenset("\"'")
QUOTATION_MARKS = frozenset([*_QUOTES, *_MARKS])
#: How far from the cue its source and content are looked for: in tokens, paragraphs, sentences.
_BEFORE, _AFTER = 128, 192
_PARAGRAPHS, _SENTENCES = 1, 6
#: Lower bounds of the classes of distance between a token and a cue; one more for the cue itself.
_DISTANCES = np.array([1, 2, 3, 4, 5, 6, 8, 10, 13, 17, 22, 29, 38, 50, 66, 90, 120, 160])
_MOST_CUES_BETWEEN = 3
#: The numbers of sentences, paragraphs and quotations of joined documents are so far apart: more
#: than there are in any one that is read at a time.
_APART = 1_000_000


class WordTable:
    """What training tells about single words.

    Parameters
    ----------
    cueness : mapping of lower-case word to float
        Share of the word's uses that are part of a cue.
    tags : mapping of lower-case word to str
        The parts of speech that a word takes, the commonest first, joined by ``|``.
    """

    def __init__(self, cueness: Mapping[str, float], tags: Mapping[str, str]) -> None:
        self.cueness = dict(cueness)
        self.tags = dict(tags)

    @classmethod
    def fit(
        cls,
        documents: Iterable[Sequence[str]],
        is_cue: Iterable[np.ndarray],
        tags: Mapping[str, str],
    ) -> Self:
        """Count over documents: their words, and which of them are part of a cue."""
        uses: Counter[str] = Counter()
        in_cue: Counter[str] = Counter()
        for words, mask in zip(documents, is_cue, strict=True):
            lower = [word.lower() for word in words]
            uses.update(lower)
            in_cue.update(word for word, cue in zip(lower, mask, strict=True) if cue)
        cueness = {
            word: round(n / (uses[word] + 1), 3)
            for word, n in sorted(in_cue.items())
            if uses[word] >= _MIN_COUNT
        }
        return cls(cueness, tags)

    def to_bytes(self) -> bytes:
        """The table as JSON."""
        table = {"cueness": self.cueness, "tags": self.tags}
        return json.dumps(table, ensure_ascii=True, sort_keys=True).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Read what `to_bytes` wrote."""
        table = json.loads(content)
        return cls(table["cueness"], table["tags"])


def plain_words(document: Document) -> list[str]:
    """The tokens, with one and the same pair of quotation marks for all that there are.

    What opens or closes a quotation becomes ``“`` or ``”``, whatever stands there; the network is
    to find the same in straight, curly, French and single quotation marks.
    """
    words = [_MARKS.get(word, word).replace("’", "'") for word in document.words]
    for start, end in document.quotations:
        first = int(np.searchsorted(document.starts, start))
        last = int(np.searchsorted(document.ends, end))
        if first < len(words) and words[first] in _QUOTES:
            words[first] = "“"
        if first < last < len(words) and words[last] in _QUOTES:
            words[last] = "”"
    return words


def word_features(word: str, table: WordTable, vectors: WordVectors) -> list[str]:
    """The features of a word by itself."""
    # neither NULs nor lone surrogates, so that the vocabulary can be stored as text
    lower = word.lower()[:40].encode("utf8", "replace").decode("utf8").replace("\0", "?")
    shape = _shape(word)
    row = vectors.row(word)
    coarse, fine = vectors.clusters[row] if row < len(vectors.vocabulary) else (-1, -1)
    cueness = table.cueness.get(lower, 0.0)
    return [
        f"word={lower}",
        f"tag={table.tags.get(lower) or _guess_tag(lower, shape)}",
        f"cueness={np.searchsorted(_CUENESS_BUCKETS, cueness, side='right')}",
        f"shape={shape}",
        f"ending={lower[-3:]}",
        f"ending={lower[-2:]}",
        f"coarse={coarse}",
        f"fine={fine}",
    ]


def _shape(word: str) -> str:
    first = word[0]
    if first.isalpha():
        if first.islower():
            return "x"
        return "XX" if len(word) > 1 and word.isupper() else "Xx"
    if first.isdigit():
        return "9"
    return "." if len(word) == 1 else "'"


def _guess_tag(lower: str, shape: str) -> str:
    """A part of speech for a word that the table lacks, from its form; ``?`` marks the guess."""
    if shape in ("Xx", "XX"):
        return "NNP?"
    if shape == "9":
        return "CD"
    for ending, tag in (("ing", "VBG?"), ("ed", "VBD?"), ("ly", "RB?"), ("s", "NNS?")):
        if lower.endswith(ending):
            return tag
    return "NN?"


class Vocabulary:
    """Numbers for the features of words.

    Parameters
    ----------
    features : sequence of str
        In order of their numbers.
    """

    def __init__(self, features: Sequence[str]) -> None:
        self.features = list(features)
        self._number = {feature: number for number, feature in enumerate(self.features)}

    @classmethod
    def fit(cls, counts: Mapping[str, int], min_count: int = _MIN_COUNT) -> Self:
        """Number the features that are seen often enough, in alphabetical order."""
        return cls(sorted(feature for feature, n in counts.items() if n >= min_count))

    def __len__(self) -> int:
        return len(self.features)

    def numbers(self, features: Iterable[str]) -> list[int]:
        """The numbers of the features that have one."""
        return [self._number[f] for f in features if f in self._number]


#: Kinds of places: sums of the flags in `place_numbers`.
N_PLACES = 16


def place_numbers(document: Document) -> np.ndarray:
    """The kind of place of each token, int64 in [0, 16).

    The sum of 1 in a quotation, 2 at the start of a sentence, 4 at its end, 8 at the start of a
    paragraph.
    """
    first = np.diff(document.sentence, prepend=-1) > 0
    last = np.append(first[1:], True)[: len(first)]
    opens = np.diff(document.paragraph, prepend=-1) > 0
    return (document.quotation > 0) + 2 * first + 4 * last + 8 * opens


# The relations of a token to a cue, numbered one group after the other.
_AT_CUE = 0
_LEFT = 1
_RIGHT = _LEFT + len(_DISTANCES)
_SENTENCE = _RIGHT + len(_DISTANCES)
_PARAGRAPH = _SENTENCE + 2 * _SENTENCES + 1
_CUES_BETWEEN = _PARAGRAPH + 2 * _PARAGRAPHS + 1
_OTHER_CUE = _CUES_BETWEEN + _MOST_CUES_BETWEEN + 1
_SAME_QUOTATION = _OTHER_CUE + 1
#: Number of relations in which a token can stand to a cue.
N_RELATIONS = _SAME_QUOTATION + 1


class Layout(NamedTuple):
    """The number of the sentence, the paragraph and the quotation (0 for none) of each token."""

    sentence: np.ndarray
    paragraph: np.ndarray
    quotation: np.ndarray

    @classmethod
    def joined(cls, documents: Sequence[Document]) -> Layout:
        """The layout of several documents one after the other, out of reach of one another."""
        shift = np.repeat(_APART * np.arange(len(documents)), [len(d) for d in documents])
        sentence = np.concatenate([document.sentence for document in documents])
        paragraph = np.concatenate([document.paragraph for document in documents])
        quotation = np.concatenate([document.quotation for document in documents])
        return cls(
            sentence + shift, paragraph + shift, np.where(quotation > 0, quotation + shift, 0)
        )


def sentence_rows(sentence: np.ndarray) -> np.ndarray:
    """Which places are taken if each sentence is a row: bool of shape (n_sentences, longest).

    In the order of the rows, the places that are taken are the tokens in their order.
    """
    length = np.diff(np.append(np.flatnonzero(np.diff(sentence, prepend=-1)), len(sentence)))
    return np.arange(length.max()) < length[:, None]


def cue_windows(
    layout: Layout, cues: np.ndarray, among: np.ndarray | None = None
) -> tuple[Windows, np.ndarray]:
    """The surroundings of each cue.

    Parameters
    ----------
    layout : Layout
    cues : int array of shape (n_cues, 2)
        First token of each cue and the one after its last, in order.
    among : int array of shape (n_all_cues, 2), default=None
        All the cues, if those are only some of them.

    Returns
    -------
    windows : Windows
    start : int array of shape (n_cues,)
        The first token of each window.
    """
    sentence, paragraph, quotation = layout
    n = len(sentence)
    first, end = cues[:, 0], cues[:, 1]
    start = np.maximum.reduce(
        [
            first - _BEFORE,
            np.searchsorted(paragraph, paragraph[first] - _PARAGRAPHS),
            np.searchsorted(sentence, sentence[first] - _SENTENCES),
            np.zeros_like(first),
        ]
    )
    stop = np.minimum.reduce(
        [
            end + _AFTER,
            np.searchsorted(paragraph, paragraph[first] + _PARAGRAPHS, side="right"),
            np.searchsorted(sentence, sentence[first] + _SENTENCES, side="right"),
            np.full_like(first, n),
        ]
    )
    stop = np.maximum(stop, end)
    length = stop - start
    row = np.repeat(np.arange(len(cues)), length)
    token = np.arange(len(row)) + (start - np.cumsum(length) + length)[row]

    before, after = first[row] - token, token - (end[row] - 1)
    distance = np.maximum(np.maximum(before, after), 0)
    at = np.searchsorted(_DISTANCES, distance, side="right") - 1
    place = np.where(distance == 0, _AT_CUE, np.where(before > 0, _LEFT, _RIGHT) + at)
    step = np.clip(sentence[token] - sentence[first][row], -_SENTENCES, _SENTENCES)
    leap = np.clip(paragraph[token] - paragraph[first][row], -_PARAGRAPHS, _PARAGRAPHS)
    starts_here = np.zeros(n, dtype=np.int64)
    starts_here[first if among is None else among[:, 0]] = 1
    passed = np.cumsum(starts_here)
    between = np.minimum(np.abs(passed[token] - passed[first][row]), _MOST_CUES_BETWEEN)
    other = (starts_here[token] > 0) & (token != first[row])
    quoted = (quotation[token] > 0) & (quotation[token] == quotation[first][row])
    groups = [
        place,
        step + _SENTENCE + _SENTENCES,
        leap + _PARAGRAPH + _PARAGRAPHS,
        between + _CUES_BETWEEN,
    ]
    always = np.column_stack(groups).ravel()
    rows = np.repeat(np.arange(len(token)), len(groups))
    extra = [(other, _OTHER_CUE), (quoted, _SAME_QUOTATION)]
    rows = np.concatenate([rows, *(np.flatnonzero(flag) for flag, _ in extra)])
    columns = np.concatenate([always, *(np.full(flag.sum(), k) for flag, k in extra)])
    relations = sparse.csr_array(
        (np.ones(len(rows), dtype=np.float32), (rows, columns)), shape=(len(token), N_RELATIONS)
    )
    width = end - first
    inside = np.arange(width.sum()) - np.repeat(np.cumsum(width) - width, width)
    mean = sparse.csr_array(
        (
            np.repeat(1 / width, width).astype(np.float32),
            np.repeat(first, width) + inside,
            np.concatenate([[0], np.cumsum(width)]),
        ),
        shape=(len(cues), n),
    )
    return Windows(length, token, mean, relations), start
