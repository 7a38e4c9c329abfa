"""Tokens, sentences, paragraphs and quotations of a text, with true offsets.

Comes in: a text, any string. Goes out: a `Document`, whose tokens are exact pieces of the text.
Everything is found by regular expressions that look at each character a bounded number of times,
so the time is linear in the length of the text, whatever the text.

A quotation is what stands between a pair of quotation marks, with what is nested in it. One that
runs over several paragraphs is set with a mark at the start of each and a closing one at the end of
the last (*The Chicago Manual of Style*, 13.30); each of these paragraphs counts as one quotation.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np

__all__ = ["Document", "parse", "sentence_around"]

# An abbreviation keeps its full stop, a number its separators, a compound its hyphens.
_ABBREVIATIONS = (
    "Mr|Mrs|Ms|Dr|Prof|St|Sen|Rep|Gov|Gen|Lt|Col|Sgt|Capt|Cpl|Maj|Adm|Cmdr|Rev|Hon|Pres|Supt|Det|"
    "Insp|Jr|Sr|Messrs|Mme|Mlle|Inc|Corp|Ltd|Co|Bros|vs|etc|approx|Jan|Feb|Mar|Apr|"
    "Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec|Ala|Ariz|Ark|Calif|Colo|Conn|Del|Fla|Ga|Ill|Ind|Kan|Ky|La|"
    "Mass|Md|Mich|Minn|Miss|Mo|Mont|Neb|Nev|Okla|Ore|Pa|Tenn|Tex|Va|Vt|Wash|Wis|Wyo|a\\.m|p\\.m|"
    "e\\.g|i\\.e"
)
# These are abbreviations before a number only: "No. 10", but "No. Never."
_NUMBERED = "No|Nos|Art|Fig"
_TOKEN = re.compile(
    rf"(?:[A-Za-z]\.){{2,8}}|(?:{_ABBREVIATIONS})\.(?=[\s,])|(?:{_NUMBERED})\.(?=\s?\d)|"
    r"\d+(?:[.,]\d+)+|``|''|‘‘|’’|['’](?:s|re|ve|d|ll|m|t)\b|\w+(?:-\w+){0,8}|[^\w\s]"
)
# Possessive quantifiers and a look behind: no run of full stops is read more than once.
_SENTENCE_END = re.compile(r"(?<![.!?…])[.!?…]++[\"“”’'»)\]]{0,3}+(?=\s)")
# Words whose full stop seldom ends a sentence, when a capital follows.
_NO_SENTENCE_END = re.compile(rf"(?:^|\W)(?:[A-Z]|(?:[A-Za-z]\.)+[A-Za-z]|{_ABBREVIATIONS})$")
_NO_SENTENCE_END_BEFORE_NUMBER = re.compile(rf"(?:^|\W)(?:{_NUMBERED})$")
# Line ends as str.splitlines has them.
_LINE_END = re.compile(r"\r\n?|[\n\v\f\x1c-\x1e\x85\u2028\u2029]")
_LINE_BREAK = re.compile(rf"(?:{_LINE_END.pattern})(\s*)")
_LINE_CLOSERS = frozenset(".!?…:\"”’'»)]")
# A text in which so large a part of the line ends runs on in lower case was wrapped by hand.
_WRAPPED_SHARE = 0.3
# A single mark is as often an apostrophe: how it stands between words says what it can be. Two of
# them are the double mark of typewriters and of some newspapers' archives.
_QUOTE = re.compile(
    r"[\"“”„«»]|''(?!')|``|‘‘|’’|"
    r"(?P<opens>(?<!\w)['‘](?=\w)(?!(?:\d\ds|em|til|cause|tis|twas|n)\b)|"
    r"(?<![^\s(\[—–-])['‘](?=[\"“„«]))|"
    r"(?P<closes>(?<=[\w.,!?…;:%\"”»)\]])['’](?!\w))"
)
# The double marks that can open a quotation, and what closes it.
_CLOSERS = {
    '"': ('"',),
    "“": ("”", '"'),
    "”": ("”", '"'),
    "„": ("“", "”"),
    "«": ("»",),
    "»": ("«",),
    "''": ("''",),
    "``": ("''",),
    "‘‘": ("’’",),
}

#: A sentence of more tokens is a list or a table, or a text without full stops, and is cut.
_LONGEST_SENTENCE = 400


@dataclass(frozen=True, eq=False)
class Document:
    """A text and its parts. Build one with `parse`.

    Attributes
    ----------
    text : str
    words : list of str, length n
        The tokens: ``words[i] == text[starts[i]:ends[i]]``.
    starts, ends : int64 arrays of shape (n,)
        Offsets of the tokens.
    sentence : int64 array of shape (n,)
        The number of each token's sentence, counted from 0.
    paragraph : int64 array of shape (n,)
        The number of each token's paragraph, counted from 0.
    quotation : int64 array of shape (n,)
        The number of the quotation that a token is in, counted from 1; 0 outside. The marks
        themselves count as inside.
    quotations : list of (int, int)
        Offsets of each quotation, its marks included.
    """

    text: str
    words: list[str]
    starts: np.ndarray
    ends: np.ndarray
    sentence: np.ndarray
    paragraph: np.ndarray
    quotation: np.ndarray
    quotations: list[tuple[int, int]]

    def __len__(self) -> int:
        return len(self.words)

    @cached_property
    def sentence_spans(self) -> list[tuple[int, int]]:
        """Offsets of the sentences."""
        if not self.words:
            return []
        first = np.flatnonzero(np.diff(self.sentence, prepend=-1))
        last = np.append(first[1:], len(self.words)) - 1
        return list(zip(self.starts[first].tolist(), self.ends[last].tolist(), strict=True))

    def part(self, first: int, last: int) -> Document:
        """The tokens ``first:last`` as a document of their own, with the offsets of this one."""
        tokens = slice(first, last)
        quotation = self.quotation[tokens]
        inside = quotation[quotation > 0]
        before = int(inside[0]) - 1 if len(inside) else 0
        after = int(inside[-1]) if len(inside) else 0
        return Document(
            text=self.text,
            words=self.words[tokens],
            starts=self.starts[tokens],
            ends=self.ends[tokens],
            sentence=self.sentence[tokens] - self.sentence[first],
            paragraph=self.paragraph[tokens] - self.paragraph[first],
            quotation=np.where(quotation > 0, quotation - before, 0),
            quotations=self.quotations[before:after],
        )

    def tokens_in(self, start: int, end: int) -> tuple[int, int]:
        """Return the half-open range of the tokens that touch ``text[start:end]``."""
        return (
            int(np.searchsorted(self.ends, start, side="right")),
            int(np.searchsorted(self.starts, end, side="left")),
        )


def parse(text: str) -> Document:
    """Split a text into tokens, sentences, paragraphs and quotations.

    Parameters
    ----------
    text : str
        Any string; NULs, lone surrogates and the like are characters as others are.

    Returns
    -------
    Document

    Examples
    --------
    >>> from sourcescore.text import parse
    >>> document = parse('"We saw it," Mr. Tan said. Nobody was hurt.')
    >>> document.words[:6]
    ['"', 'We', 'saw', 'it', ',', '"']
    >>> [document.text[start:end] for start, end in document.sentence_spans]
    ['"We saw it," Mr. Tan said.', 'Nobody was hurt.']
    >>> document.quotations
    [(0, 12)]
    """
    if not isinstance(text, str):
        raise TypeError(f"a text must be a str; got {type(text).__name__}.")
    words: list[str] = []
    first: list[int] = []
    for match in _TOKEN.finditer(text):
        words.append(match.group())
        first.append(match.start())
    starts = np.array(first, dtype=np.int64)
    ends = starts + np.fromiter(map(len, words), dtype=np.int64, count=len(words))
    paragraph_starts = _paragraph_starts(text)
    sentence_starts = _sentence_starts(text, paragraph_starts)
    quotations = _quotations(text, paragraph_starts)
    quotation = np.zeros(len(words), dtype=np.int64)
    if quotations:
        bounds = np.array(quotations, dtype=np.int64)
        inside = np.searchsorted(bounds[:, 0], starts, side="right")
        within = (inside > 0) & (starts < bounds[np.maximum(inside, 1) - 1, 1])
        quotation[within] = inside[within]
    return Document(
        text=text,
        words=words,
        starts=starts,
        ends=ends,
        sentence=_capped(_number(sentence_starts, starts)),
        paragraph=_number(paragraph_starts, starts),
        quotation=quotation,
        quotations=quotations,
    )


def _number(part_starts: list[int], token_starts: np.ndarray) -> np.ndarray:
    """The number of the part in which each token begins, without gaps for parts that are empty."""
    part = np.searchsorted(np.array(part_starts, dtype=np.int64), token_starts, side="right")
    return np.cumsum(np.diff(part, prepend=part[:1]) > 0) if len(part) else part


def _capped(sentence: np.ndarray) -> np.ndarray:
    """Sentence numbers with those that are too long cut, so that nothing copies a whole text."""
    if not len(sentence):
        return sentence
    position = np.arange(len(sentence)) - np.searchsorted(sentence, sentence)
    cut = (position > 0) & (position % _LONGEST_SENTENCE == 0)
    return sentence + np.cumsum(cut)


def _paragraph_starts(text: str) -> list[int]:
    """Offsets at which a paragraph starts.

    A line end ends the paragraph, but not in a text that was wrapped by hand; there a blank line
    does, or an indent after a line that ends as a sentence does.
    """
    breaks = []
    n_single = n_running = line_start = 0
    for match in _LINE_BREAK.finditer(text):
        start, end = match.span()
        space = match.group(1)
        blank = "\u2029" in match.group() or _LINE_END.search(space) is not None
        if not blank and end < len(text):
            n_single += 1
            n_running += text[end].islower()
        line = text[line_start:start].rstrip()
        breaks.append((end, blank, space and line[-1:] in _LINE_CLOSERS))
        line_start = end
    wrapped = n_running > _WRAPPED_SHARE * n_single
    return [0, *(end for end, blank, indented in breaks if blank or indented or not wrapped)]


def _sentence_starts(text: str, paragraph_starts: list[int]) -> list[int]:
    starts = list(paragraph_starts)
    for match in _SENTENCE_END.finditer(text):
        at, end = match.span()
        follow = text[end : end + 4].lstrip()[:1]
        if follow.islower():
            continue
        if text[at] == ".":
            before = text[max(0, at - 12) : at]
            if _NO_SENTENCE_END.search(before):
                continue
            if follow.isdigit() and _NO_SENTENCE_END_BEFORE_NUMBER.search(before):
                continue
        starts.append(end)
    starts.sort()
    return starts


def _quotations(text: str, paragraph_starts: list[int]) -> list[tuple[int, int]]:
    """Offsets of the outermost quotations, marks included, in order.

    A quotation that its paragraph does not close ends with the paragraph. So it is for single
    marks only where the next paragraph opens with the same mark; else it was an apostrophe.
    """
    found: list[tuple[int, int]] = []
    double = single = -1  # where the open quotation began
    closers: tuple[str, ...] = ()
    n_before = 0  # quotations found before `single`; those found since are nested in it
    paragraph_ends = [*paragraph_starts[1:], len(text)]
    number = 0

    def end_paragraph(end: int) -> None:
        nonlocal double, single
        if single >= 0 and text[end : end + 1] == text[single]:
            del found[n_before:]
            found.append((single, _strip_end(text, single, end)))
        elif double >= 0:
            found.append((double, _strip_end(text, double, end)))
        double = single = -1

    for match in _QUOTE.finditer(text):
        at, mark, end = match.start(), match.group(), match.end()
        if at >= paragraph_ends[number]:
            end_paragraph(paragraph_ends[number])
            while at >= paragraph_ends[number]:
                number += 1
        if double >= 0:
            if mark in closers:
                found.append((double, end))
                double = -1
        elif match["opens"]:
            if single < 0:
                single, n_before = at, len(found)
        elif match["closes"]:
            if single >= 0:
                del found[n_before:]
                found.append((single, end))
                single = -1
        elif _can_open(text, at, mark):
            double, closers = at, _CLOSERS[mark]
    end_paragraph(paragraph_ends[number])
    return found


def _strip_end(text: str, start: int, end: int) -> int:
    while end > start + 1 and text[end - 1].isspace():
        end -= 1
    return end


def _can_open(text: str, at: int, mark: str) -> bool:
    """Whether the double mark at an offset can open a quotation, where none is open."""
    if mark not in _CLOSERS:
        return False
    if mark in ("“", "„", "«", "``", "‘‘"):
        return True
    before = text[max(at - 1, 0) : at]
    after = text[at + len(mark) : at + len(mark) + 1]
    if not after or after.isspace() or after in ",;:!?)]":
        return False
    return mark in ('"', "''") or not before or before.isspace() or before in "([-–—"


def sentence_around(document: Document, spans: list[tuple[int, int]]) -> str:
    """The sentences of the document that the spans touch, from the first to the last."""
    if not spans or not document.words:
        return ""
    first = document.tokens_in(*min(spans))[0]
    last = document.tokens_in(*max(spans, key=lambda span: span[1]))[1] - 1
    first, last = min(first, len(document) - 1), min(max(last, 0), len(document) - 1)
    sentences = document.sentence_spans
    number_first, number_last = document.sentence[first], document.sentence[max(first, last)]
    return document.text[sentences[number_first][0] : sentences[number_last][1]]
