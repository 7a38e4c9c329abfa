"""What the span tagger sees of a token: short strings, for a linear-chain CRF.

Comes in: a `Document` and what training tells about words. Goes out: a list of features per token.
What belongs to the word alone (form, suffix, shape, cluster, parts of speech, how often it signals
an attribution) is computed once per word and remembered; what belongs to the place (quotation,
position, the cue-like words around) is computed for the whole document at once.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Self

import numpy as np

from sourcescore.text import Document
from sourcescore.words import WordVectors

__all__ = [
    "CUE_LIKE",
    "INSIDE",
    "NESTED",
    "WordFeatures",
    "WordTable",
    "document_features",
    "words_of",
]

#: A word with at least this share of its uses in a cue counts as cue-like.
CUE_LIKE = 0.25
#: A word seen less often than this in training has no share of its own.
_MIN_COUNT = 3
#: What may hold for a whole sequence: that it is annotated with nesting; that it is a content.
NESTED, INSIDE = "nested ", "inside "
#: The sets of marks that occur. A mark is a feature of its own and goes together with the word, its
#: part of speech and its cueness, so that one model serves several settings and shares what they
#: have in common (Daume 2007, *Frustratingly easy domain adaptation*).
MARKS: tuple[tuple[str, ...], ...] = ((), (NESTED,), (NESTED, INSIDE))
_CUENESS_BUCKETS = (0.02, 0.1, 0.25, 0.5, 0.75)
_CLOSING = frozenset("\"”’'“»")
_STOPS = frozenset(".?!")
#: Words and marks between which a clause lies.
CLAUSE_STARTS = frozenset(", ; : — – - and but who which that as while because if when".split())
_LONG_CLAUSE = 8
#: How far from a quotation its cue may stand, and how long a closing *..., X said* may be, in
#: tokens. The cues of 98 % of the quotations in the training data lie within.
_NEAR_AFTER, _NEAR_BEFORE, _TAIL = 8, 6, 14
#: The memory of words is emptied when it holds so many, so that it cannot grow without end.
_MAX_REMEMBERED = 200_000


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
        is_cue: Iterable[Sequence[bool]],
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


class Word(NamedTuple):
    """What is known of a word: its features by offset from the token in question, and more."""

    at_minus_2: list[str]
    at_minus_1: list[str]
    at_0: list[str]
    at_1: list[str]
    at_2: list[str]
    marked: dict[tuple[str, ...], list[str]]
    lower: str
    tag: str
    cueness: float


_BEFORE_START = Word(["<-2"], ["<-1"], [], [], [], {}, "<", "<", 0.0)
_AFTER_END = Word([], [], [], [">1"], [">2"], {}, ">", ">", 0.0)


class WordFeatures:
    """Look up what is known of a word; computed on first sight, remembered after."""

    def __init__(self, table: WordTable, vectors: WordVectors) -> None:
        self._table = table
        self._vectors = vectors
        self._known: dict[str, Word] = {}

    def __call__(self, word: str) -> Word:
        """What is known of the word."""
        found = self._known.get(word)
        if found is None:
            if len(self._known) >= _MAX_REMEMBERED:
                self._known.clear()
            found = self._known[word] = self._compute(word)
        return found

    def _compute(self, word: str) -> Word:
        # neither NULs nor lone surrogates may reach the tagger's C strings
        lower = word.lower()[:40].encode("utf8", "replace").decode("utf8").replace("\0", "?")
        cueness = self._table.cueness.get(lower, 0.0)
        shape = _shape(word)
        tag = self._table.tags.get(lower) or _guess_tag(lower, shape)
        row = self._vectors.row(word)
        coarse, fine = (
            self._vectors.clusters[row] if row < len(self._vectors.vocabulary) else (-1, -1)
        )
        bucket = int(np.searchsorted(_CUENESS_BUCKETS, cueness, side="right"))
        at = []
        for k in (-2, -1, 0, 1, 2):
            features = [f"w{k}={lower}", f"t{k}={tag}"]
            if abs(k) < 2:
                features += [f"c{k}={coarse}", f"q{k}={bucket}"]
            if k == 0:
                features += [f"d0={fine}", f"s0={shape}", f"x3={lower[-3:]}", f"x2={lower[-2:]}"]
            at.append(features)
        own = (f"w={lower}", f"t={tag}", f"q={bucket}")
        marks = {
            marks: [*marks, *(mark + feature for mark in marks for feature in own)]
            for marks in MARKS
        }
        before_2, before, here, after, after_2 = at
        return Word(before_2, before, here, after, after_2, marks, lower, tag, cueness)


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


def _bucket(distance: int) -> int:
    if distance <= 3:
        return distance
    return 4 if distance <= 5 else 6 if distance <= 9 else 10 if distance <= 19 else 20


def words_of(document: Document, word_features: WordFeatures) -> list[Word]:
    """What is known of each token of the document."""
    return [word_features(word) for word in document.words]


def document_features(document: Document, words: list[Word]) -> list[list[str]]:
    """The features of every token, apart from the marks of a sequence.

    Parameters
    ----------
    document : Document
    words : list of Word of length n_tokens
        Out of `words_of`.

    Returns
    -------
    list of list of str, length n_tokens
    """
    if not words:
        return []
    place = _place_features(document, words)
    padded = [_BEFORE_START, _BEFORE_START, *words, _AFTER_END, _AFTER_END]
    features = []
    for i, here in enumerate(place):
        before_2, before, word, after, after_2 = padded[i : i + 5]
        features.append(
            before_2.at_minus_2
            + before.at_minus_1
            + word.at_0
            + after.at_1
            + after_2.at_2
            + [
                f"t-2,-1={before_2.tag},{before.tag}",
                f"t-1,0={before.tag},{word.tag}",
                f"t0,1={word.tag},{after.tag}",
                f"t1,2={after.tag},{after_2.tag}",
                f"t-1,0,1={before.tag},{word.tag},{after.tag}",
                f"w-1,0={before.lower} {word.lower}",
                f"w0,1={word.lower} {after.lower}",
            ]
            + here
        )
    return features


def _place_features(document: Document, words: list[Word]) -> list[list[str]]:
    n = len(words)
    index = np.arange(n)
    sentence, paragraph = document.sentence, document.paragraph
    first = np.searchsorted(sentence, sentence, side="left")
    last = np.searchsorted(sentence, sentence, side="right") - 1
    cue_like = np.fromiter((word.cueness >= CUE_LIKE for word in words), dtype=bool, count=n)
    # the nearest cue-like token on either side, itself left out
    left = np.maximum.accumulate(np.where(cue_like, index, -1))
    left = np.concatenate([[-1], left[:-1]])
    right = np.minimum.accumulate(np.where(cue_like, index, n)[::-1])[::-1]
    right = np.concatenate([right[1:], [n]])
    left = np.where(left >= first, left, -1).tolist()
    right = np.where(right <= last, right, -1).tolist()
    opens = (np.diff(paragraph, prepend=-1) > 0).tolist()
    cues = cue_like.tolist()
    quotations = _quotation_features(document, words, cues, opens)
    tails = _sentence_tails(document, words, cues)
    out = []
    rows = zip(
        first.tolist(), last.tolist(), document.quotation.tolist(), sentence.tolist(), strict=True
    )
    clause, since = "^", 0
    for i, (start, end, quotation, number) in enumerate(rows):
        word = words[i]
        if i == start:
            clause, since = "^", 0
        features = [f"p={_bucket(i - start)}", f"cl={clause}{min(since, _LONG_CLAUSE) // 2}"]
        if word.lower in CLAUSE_STARTS:
            clause, since = word.lower, 0
        else:
            since += 1
        to_left = to_right = ""
        if left[i] >= 0:
            to_left = f"{words[left[i]].lower}{_bucket(i - left[i])}"
            features.append(f"lc={words[left[i]].lower}")
        if right[i] >= 0:
            to_right = f"{words[right[i]].lower}{_bucket(right[i] - i)}"
            features.append(f"rc={words[right[i]].lower}")
        near_left = _bucket(i - left[i]) if to_left else 0
        near_right = _bucket(right[i] - i) if to_right else 0
        features += [
            f"lcd={to_left}",
            f"rcd={to_right}",
            f"ld={near_left}",
            f"rd={near_right}",
            f"lrd={near_left},{near_right}",
            f"ldt={near_left}{word.tag}",
            f"rdt={near_right}{word.tag}",
        ]
        features += quotations[quotation]
        tail = tails[number]
        if tail:
            features += [tail, tail + ("q" if quotation else "o")]
        if opens[i]:
            features.append("paragraph")
        if i == end:
            features.append("last")
        out.append(features)
    return out


def _quotation_features(
    document: Document, words: list[Word], cue_like: list[bool], opens: list[bool]
) -> list[list[str]]:
    """For no quotation, then for each: its length, how it ends, how near a cue-like word is."""
    n = len(words)
    described = [["q=O"]]
    if not document.quotations:
        return described
    bounds = np.array(document.quotations)
    starts = np.searchsorted(document.starts, bounds[:, 0], side="left").tolist()
    ends = np.searchsorted(document.starts, bounds[:, 1], side="left").tolist()
    for start, end in zip(starts, ends, strict=True):
        length = end - start
        size = "s" if length <= 5 else "m" if length <= 12 else "l"
        stop = "-"
        if length > 2 and words[end - 2].lower in _STOPS | {","}:
            stop = words[end - 2].lower
        elif end < n and words[end].lower in (",", "."):
            stop = "after" + words[end].lower
        capital = int(length > 2 and document.words[start + 1][:1].isupper())
        after = before = 0
        for j in range(end, min(end + _NEAR_AFTER, n)):
            if opens[j] or words[j].lower in _STOPS:
                break
            if cue_like[j]:
                after = _bucket(j - end) + 1
                break
        if not opens[start]:
            for j in range(start - 1, max(start - _NEAR_BEFORE, 0) - 1, -1):
                if words[j].lower in _STOPS:
                    break
                if cue_like[j]:
                    before = _bucket(start - j)
                    break
                if opens[j]:
                    break
        edges = f"{int(opens[start])}{int(end >= n or opens[end])}"
        described.append(
            [
                "q=I",
                f"ql={size}{stop}{capital}",
                f"qp={edges}{size}",
                f"qa={after}{size}",
                f"qb={before}{size}",
                f"qab={after},{before},{edges}",
            ]
        )
    return described


def _sentence_tails(document: Document, words: list[Word], cue_like: list[bool]) -> list[str]:
    """For each sentence that closes with *..., X said*: the cue-like word there; '' for others."""
    tails = []
    heads = np.flatnonzero(np.diff(document.sentence, prepend=-1)).tolist()
    for head, end in zip(heads, [*heads[1:], len(words)], strict=True):
        tail = ""
        for j in range(end - 1, max(head, end - _TAIL), -1):
            if words[j].lower == "," or (words[j].lower in _CLOSING and j < end - 2):
                cue = next((k for k in range(j + 1, end) if cue_like[k]), None)
                tail = "" if cue is None else f"tail={words[cue].lower}"
                break
        tails.append(tail)
    return tails
