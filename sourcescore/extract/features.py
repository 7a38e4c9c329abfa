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

__all__ = ["CUE_LIKE", "WordFeatures", "WordTable", "document_features", "marked", "words_of"]

#: A word with at least this share of its uses in a cue counts as cue-like.
CUE_LIKE = 0.25
#: A word seen less often than this in training has no share of its own.
_MIN_COUNT = 3
_CUENESS_BUCKETS = (0.02, 0.1, 0.25, 0.5, 0.75)
_CLOSING = frozenset("\"”’'“»")
_STOPS = frozenset(".?!")
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
    lower: str
    tag: str
    cueness: float


_BEFORE_START = Word(["<-2"], ["<-1"], [], [], [], "<", "<", 0.0)
_AFTER_END = Word([], [], [], [">1"], [">2"], ">", ">", 0.0)


class WordFeatures:
    """Look up what is known of a word; computed on first sight, remembered after."""

    def __init__(self, table: WordTable, vectors: WordVectors) -> None:
        self._table = table
        self._vectors = vectors
        self._known: dict[str, Word] = {}

    def __call__(self, word: str) -> Word:
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
            features = [f"w{k}={lower}", f"t{k}={tag}", f"q{k}={bucket}"]
            if abs(k) < 2:
                features += [f"c{k}={coarse}", f"d{k}={fine}", f"s{k}={shape}"]
            if k == 0:
                features += [f"x3={lower[-3:]}", f"x2={lower[-2:]}"]
            at.append(features)
        return Word(*at, lower=lower, tag=tag, cueness=cueness)


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
    """The features of every token.

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
                f"t-1,0={before.tag},{word.tag}",
                f"t0,1={word.tag},{after.tag}",
                f"t-1,0,1={before.tag},{word.tag},{after.tag}",
            ]
            + here
        )
    return features


def marked(features: list[str], marks: tuple[str, ...]) -> list[str]:
    """The features of a token of which the marks hold, such as that it stands in a content.

    A mark is a feature of its own and goes together with the word, its part of speech and its
    cueness, so that one model serves several settings and shares what they have in common
    (Daume 2007, *Frustratingly easy domain adaptation*).
    """
    if not marks:
        return features
    own = [f for f in features if f[:3] in ("w0=", "t0=", "q0=")]
    return [*features, *marks, *(mark + f for mark in marks for f in own)]


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
    for i, (start, end, quotation, number) in enumerate(rows):
        features = [f"p={_bucket(i - start)}"]
        at = left[i]
        if at >= 0:
            features += [f"lc={words[at].lower}", f"ld={_bucket(i - at)}"]
        at = right[i]
        if at >= 0:
            features += [f"rc={words[at].lower}", f"rd={_bucket(at - i)}"]
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
