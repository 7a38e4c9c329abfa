"""Tokens, sentences, paragraphs and quotations of a text, with true offsets.

Comes in: a text, any string. Goes out: a `Document`, whose tokens are exact pieces of the text.
Everything is found by regular expressions that look at each character a bounded number of times,
so the time is linear in the length of the text, whatever the text.

A quotation is what stands between a pair of quotation marks. One that runs over a paragraph end
goes on where the next paragraph opens with a mark again, as newspapers set it (*The Chicago Manual
of Style*, 13.30).
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
    "Insp|Jr|Sr|Messrs|Mme|Mlle|Inc|Corp|Ltd|Co|Bros|vs|etc|No|Nos|Art|Fig|approx|Jan|Feb|Mar|Apr|"
    "Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec|Ala|Ariz|Ark|Calif|Colo|Conn|Del|Fla|Ga|Ill|Ind|Kan|Ky|La|"
    "Mass|Md|Mich|Minn|Miss|Mo|Mont|Neb|Nev|Okla|Ore|Pa|Tenn|Tex|Va|Vt|Wash|Wis|Wyo|a\\.m|p\\.m|"
    "e\\.g|i\\.e"
)
_TOKEN = re.compile(
    rf"(?:[A-Za-z]\.){{2,8}}|(?:{_ABBREVIATIONS})\.(?=[\s,])|\d+(?:[.,]\d+)+|"
    r"['’](?:s|re|ve|d|ll|m|t)\b|\w+(?:-\w+){0,8}|[^\w\s]"
)
_QUOTE = re.compile(r"[\"“”„«»]|(?<!\w)['‘](?=\w)|(?<=[\w.,!?…;:])['’](?!\w)")
_SENTENCE_END = re.compile(r"[.!?…]+[\"“”’'»)\]]{0,3}(?=\s)|\n")
_NEWLINES = re.compile(r"[^\S\n]*\n\s*")
_ENDS_LINE = re.compile(r"[.!?…:\"”’'»)\]]$")
# Words whose full stop seldom ends a sentence, when a capital follows.
_NO_SENTENCE_END = re.compile(rf"(?:^|\W)(?:[A-Z]|(?:[A-Za-z]\.)+[A-Za-z]|{_ABBREVIATIONS})$")
# A text in which so large a part of the line ends runs on in lower case was wrapped by hand.
_WRAPPED_SHARE = 0.3


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

    def tokens_in(self, start: int, end: int) -> tuple[int, int]:
        """The half-open range of the tokens that touch ``text[start:end]``."""
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
        sentence=_number(sentence_starts, starts),
        paragraph=_number(paragraph_starts, starts),
        quotation=quotation,
        quotations=quotations,
    )


def _number(part_starts: list[int], token_starts: np.ndarray) -> np.ndarray:
    """The number of the part in which each token begins, without gaps for parts that are empty."""
    part = np.searchsorted(np.array(part_starts, dtype=np.int64), token_starts, side="right")
    return np.cumsum(np.diff(part, prepend=part[:1]) > 0) if len(part) else part


def _paragraph_starts(text: str) -> list[int]:
    """Offsets at which a paragraph starts.

    A line end ends the paragraph, but not in a text that was wrapped by hand; a blank line does.
    """
    breaks = []
    n_single = n_running = 0
    for match in _NEWLINES.finditer(text):
        blank = match.group().count("\n") > 1
        end = match.end()
        if not blank and end < len(text):
            n_single += 1
            n_running += text[end].islower()
        breaks.append((match.start(), end, blank))
    wrapped = n_running > _WRAPPED_SHARE * n_single
    starts = [0]
    for start, end, blank in breaks:
        runs_on = wrapped and not _ENDS_LINE.search(text[max(0, start - 1) : start])
        if blank or not (wrapped and (runs_on or end - start == 1)):
            starts.append(end)
    return starts


def _sentence_starts(text: str, paragraph_starts: list[int]) -> list[int]:
    starts = list(paragraph_starts)
    for match in _SENTENCE_END.finditer(text):
        if match.group() == "\n":
            continue
        end = match.end()
        follow = text[end : end + 4].lstrip()
        if follow[:1].islower():
            continue
        if text[match.start()] == "." and _NO_SENTENCE_END.search(
            text[max(0, match.start() - 12) : match.start()]
        ):
            continue
        starts.append(end)
    starts.sort()
    return starts


_CLOSER = {'"': '"', "“": '”"', "„": "“”", "«": "»", "»": "«", "'": "'’", "‘": "’'", "”": '”"'}


def _quotations(text: str, paragraph_starts: list[int]) -> list[tuple[int, int]]:
    """Offsets of the outermost quotations, marks included, in order."""
    found: list[tuple[int, int]] = []
    open_at, closers = -1, ""
    ends = [*paragraph_starts[1:], len(text)]
    number = 0
    for match in _QUOTE.finditer(text):
        at, mark = match.start(), match.group()
        while at >= ends[number]:  # a paragraph has ended on the way here
            if open_at >= 0:
                new_start = paragraph_starts[number + 1]
                if at == new_start and mark in '"“‘«„':
                    found.append((open_at, _strip_end(text, open_at, ends[number])))
                elif closers in ("'’", "’'"):  # an apostrophe that looked like a quotation mark
                    pass
                else:
                    found.append((open_at, _strip_end(text, open_at, ends[number])))
                open_at = -1
            number += 1
        if open_at >= 0:
            if mark in closers:
                found.append((open_at, at + 1))
                open_at = -1
            elif closers in ("'’", "’'") and mark in '"“«„':
                # a single mark was open, a double one begins: the first was an apostrophe
                open_at, closers = at, _CLOSER[mark]
            continue
        if mark == '"' and not _opens(text, at):
            continue
        if mark in _CLOSER and mark not in "”»":
            open_at, closers = at, _CLOSER[mark]
        elif mark == "»":
            open_at, closers = at, _CLOSER[mark]
    if open_at >= 0 and closers not in ("'’", "’'"):
        found.append((open_at, _strip_end(text, open_at, ends[number])))
    return found


def _strip_end(text: str, start: int, end: int) -> int:
    while end > start + 1 and text[end - 1].isspace():
        end -= 1
    return end


def _opens(text: str, at: int) -> bool:
    """Whether a straight mark can open: no space behind it, or none but space before it."""
    after = text[at + 1 : at + 2]
    return bool(after) and not after.isspace()


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
