"""Annotated documents as passages to learn from.

Comes in: texts and their attribution table. Goes out: passages of a few paragraphs, each with its
attributions as token numbers.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sourcescore.extract.features import QUOTATION_MARKS
from sourcescore.text import Document, parse

__all__ = [
    "Annotated",
    "Found",
    "Passage",
    "annotated_documents",
    "content_ranges",
    "passages",
    "token_ranges",
]

#: A passage has at least this many tokens and ends with a paragraph; a paragraph that goes beyond
#: the second number is cut where it stands.
_PASSAGE, _LONGEST_PASSAGE = 350, 700
#: A run of fewer tokens has no attribution inside.
_SHORTEST_NESTED = 5


@dataclass
class Found:
    """An attribution as token numbers of its document."""

    cue: list[int]
    source: list[int]
    content: list[int]


@dataclass
class Annotated:
    """A document and its attributions.

    Attributes
    ----------
    document : Document
    attributions : list of Found
        Those with a cue and a content, wherever they stand.
    top : list of Found
        Those that sit in no other.
    nested : bool
        Whether those inside others are annotated.
    """

    document: Document
    attributions: list[Found]
    top: list[Found]
    nested: bool


@dataclass
class Passage:
    """A part of a document to learn from.

    Attributes
    ----------
    document : Document
    first : int
        The token of the whole document that it starts with.
    kind : str
        One of `lookup.KINDS`.
    cues : int array of shape (n_attributions, 2)
        First token of each cue and the one after its last, in order.
    roles : list of (int array, int array)
        The tokens of source and content of each attribution.
    cue_labels, span_labels : int arrays of shape (n_tokens,)
        As numbered in `network.CUE_LABELS` and `network.SPAN_LABELS`.
    """

    document: Document
    first: int
    kind: str
    cues: np.ndarray
    roles: list[tuple[np.ndarray, np.ndarray]]
    cue_labels: np.ndarray
    span_labels: np.ndarray


def annotated_documents(texts: pd.Series, table: pd.DataFrame, flat: set[str]) -> list[Annotated]:
    """Annotated texts as tokens.

    Parameters
    ----------
    texts : Series of str, index doc_id
    table : DataFrame
        The attribution table.
    flat : set of doc_id
        The documents in which nothing inside a content is annotated.

    Raises
    ------
    ValueError
        If an attribution is of none of the texts, or a span lies outside its text.
    """
    rows: defaultdict[str, list[tuple[Any, ...]]] = defaultdict(list)
    parents = table["parent_id"] if "parent_id" in table else [None] * len(table)
    names = ("doc_id", "source_spans", "cue_spans", "content_spans")
    for doc_id, *spans, parent in zip(*(table[n] for n in names), parents, strict=True):
        rows[str(doc_id)].append((parent, *spans))
    unknown = sorted(set(rows) - set(texts.index))
    if unknown:
        raise ValueError(
            f"attributions has the doc_id {unknown[0]!r}, which is not among the texts."
        )
    out = []
    for doc_id, text in texts.items():
        document = parse(text)
        found, top = [], []
        for parent, source, cue, content in rows[str(doc_id)]:
            attribution = Found(
                cue=_tokens(document, cue, doc_id),
                source=_tokens(document, source, doc_id),
                content=_tokens(document, content, doc_id),
            )
            if attribution.cue and attribution.content:
                found.append(attribution)
            if pd.isna(parent):
                top.append(attribution)
        out.append(Annotated(document, found, top, str(doc_id) not in flat))
    return out


def passages(annotated: Annotated) -> list[Passage]:
    """A document as passages; an attribution belongs to the one that its cue is in.

    Each content of a nested document is a passage of its own besides.
    """
    document = annotated.document
    found = sorted(annotated.attributions, key=lambda attribution: attribution.cue)
    starts = [attribution.cue[0] for attribution in found]

    def within(a: int, b: int) -> list[Found]:
        return found[bisect_left(starts, a) : bisect_left(starts, b)]

    spans = _span_labels(annotated.top, len(document))
    kind = "nested" if annotated.nested else "flat"
    out = [
        _passage(document.part(a, b), a, kind, within(a, b), spans[a:b])
        for a, b in token_ranges(document.paragraph, _PASSAGE, _LONGEST_PASSAGE)
    ]
    if annotated.nested:
        for attribution in found:
            for a, b in content_ranges(document, attribution.content):
                inside = within(a, b)
                spans = _span_labels(inside, b - a, a)
                out.append(_passage(document.part(a, b), a, "content", inside, spans))
    return out


def _span_labels(attributions: list[Found], n_tokens: int, first: int = 0) -> np.ndarray:
    """Labels of the tokens from `first` on, for the head that does not tell whose they are."""
    labels = np.zeros(n_tokens, dtype=np.int64)
    # where they overlap, the shorter one prevails
    for role, begins in (("content", 5), ("source", 3), ("cue", 1)):
        for attribution in attributions:
            tokens = np.array(getattr(attribution, role), dtype=np.int64) - first
            value = begins + (np.diff(tokens, prepend=-2) == 1)
            here = (tokens >= 0) & (tokens < n_tokens)
            labels[tokens[here]] = value[here]
    return labels


def _passage(
    part: Document, first: int, kind: str, attributions: list[Found], spans: np.ndarray
) -> Passage:
    """A part of a document that starts with the token `first`, and the attributions in it."""
    cue_labels = np.zeros(len(part), dtype=np.int64)
    cues: list[tuple[int, int]] = []
    roles: list[tuple[np.ndarray, np.ndarray]] = []
    for attribution in attributions:
        cue = np.array(attribution.cue) - first
        # of a cue in pieces (two in a thousand are) the first one stands for all
        cue = cue[cue == cue[0] + np.arange(len(cue))]
        if cue[-1] >= len(part):
            continue
        cue_labels[cue] = 2
        cue_labels[cue[0]] = 1
        cues.append((int(cue[0]), int(cue[-1]) + 1))
        source = np.array(attribution.source, dtype=np.int64) - first
        roles.append((source, np.array(attribution.content) - first))
    return Passage(
        part, first, kind, np.array(cues, dtype=np.int64).reshape(-1, 2), roles, cue_labels, spans
    )


def content_ranges(document: Document, content: list[int]) -> list[tuple[int, int]]:
    """The runs of tokens of a content in which there may be another attribution.

    Quotation marks around them are left out: inside, they say nothing.
    """
    ranges = []
    breaks = [k for k in range(1, len(content)) if content[k] != content[k - 1] + 1]
    for i, j in zip([0, *breaks], [*breaks, len(content)], strict=True):
        a, b = content[i], content[j - 1] + 1
        while a < b and document.words[a] in QUOTATION_MARKS:
            a += 1
        while a < b and document.words[b - 1] in QUOTATION_MARKS:
            b -= 1
        if b - a >= _SHORTEST_NESTED:
            ranges.append((a, b))
    return ranges


def token_ranges(paragraph: np.ndarray, enough: int, longest: int) -> list[tuple[int, int]]:
    """Ranges of tokens, cut at the end of the paragraph in which there are enough of them.

    A paragraph that goes beyond the longest range is cut where it stands.
    """
    n = len(paragraph)
    ranges = []
    start = 0
    for end in [*(np.flatnonzero(np.diff(paragraph)) + 1).tolist(), n]:
        while end - start > longest:
            ranges.append((start, start + longest))
            start += longest
        if end - start >= enough or (end == n and end > start):
            ranges.append((start, end))
            start = end
    return ranges


def _tokens(document: Document, spans: Any, doc_id: Any) -> list[int]:
    tokens: list[int] = []
    for start, end in spans:
        if not 0 <= start < end <= len(document.text):
            raise ValueError(
                f"document {doc_id!r} has the span ({start}, {end}), which does not lie within "
                f"its text of {len(document.text)} characters."
            )
        tokens += range(*document.tokens_in(start, end))
    return sorted(set(tokens))
