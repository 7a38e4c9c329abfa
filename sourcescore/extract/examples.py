"""Annotated documents as passages to learn from.

Comes in: texts and their attribution table. Goes out: passages of a few paragraphs, each with its
attributions as token numbers.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sourcescore.text import Document, parse

__all__ = ["Annotated", "Found", "Passage", "annotated_documents", "passages", "token_ranges"]

#: A passage has at least this many tokens and ends with a paragraph; a paragraph that goes beyond
#: the second number is cut where it stands.
_PASSAGE, _LONGEST_PASSAGE = 350, 700


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
    nested : bool
    cues : int array of shape (n_attributions, 2)
        First token of each cue and the one after its last, in order.
    roles : list of (int array, int array)
        The tokens of source and content of each attribution.
    cue_labels, span_labels : int arrays of shape (n_tokens,)
        As numbered in `network.CUE_LABELS` and `network.SPAN_LABELS`.
    inside : bool array of shape (n_tokens,)
        Which tokens are in a content and in no cue: there a flat document does not tell whether
        they are a cue of a nested attribution.
    """

    document: Document
    nested: bool
    cues: np.ndarray
    roles: list[tuple[np.ndarray, np.ndarray]]
    cue_labels: np.ndarray
    span_labels: np.ndarray
    inside: np.ndarray


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
    """A document as passages; an attribution belongs to the one that its cue is in."""
    document = annotated.document
    span_labels = np.zeros(len(document), dtype=np.int64)
    # where they overlap, the shorter one prevails
    for role, begins in (("content", 5), ("source", 3), ("cue", 1)):
        for attribution in annotated.top:
            tokens = np.array(getattr(attribution, role), dtype=np.int64)
            span_labels[tokens] = begins + (np.diff(tokens, prepend=-2) == 1)
    inside = np.zeros(len(document), dtype=bool)
    for attribution in annotated.attributions:
        inside[attribution.content] = True
    for attribution in annotated.attributions:
        inside[attribution.cue] = False
    out = []
    for a, b in token_ranges(document.paragraph, _PASSAGE, _LONGEST_PASSAGE):
        cue_labels = np.zeros(b - a, dtype=np.int64)
        cues: list[tuple[int, int]] = []
        roles: list[tuple[np.ndarray, np.ndarray]] = []
        for attribution in sorted(annotated.attributions, key=lambda found: found.cue):
            cue = np.array(attribution.cue)
            # of a cue in pieces (two in a thousand are) the first one stands for all
            cue = cue[cue == cue[0] + np.arange(len(cue))]
            if cue[0] < a or cue[-1] >= b:
                continue
            cue_labels[cue - a] = 2
            cue_labels[cue[0] - a] = 1
            cues.append((cue[0] - a, cue[-1] + 1 - a))
            source = np.array(attribution.source, dtype=np.int64) - a
            roles.append((source, np.array(attribution.content) - a))
        out.append(
            Passage(
                document.part(a, b),
                annotated.nested,
                np.array(cues, dtype=np.int64).reshape(-1, 2),
                roles,
                cue_labels,
                span_labels[a:b],
                inside[a:b],
            )
        )
    return out


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
