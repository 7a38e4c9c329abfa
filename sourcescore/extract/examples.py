"""Annotated documents as sequences to learn from.

Comes in: texts and their attribution table. Goes out: a sequence for each document, and for nested
documents one more for each content, in which the attributions inside are to be found.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from sourcescore.extract.features import INSIDE, NESTED
from sourcescore.text import Document, parse

__all__ = ["SHORTEST_NESTED", "Example", "Found", "training_examples"]

#: A content of fewer tokens has no attribution inside.
SHORTEST_NESTED = 4
_ROLE_LETTERS = {"content": "T", "source": "S", "cue": "C"}


@dataclass
class Found:
    """An attribution as token numbers of its document."""

    cue: list[int]
    source: list[int]
    content: list[int]
    children: list[Found] = field(default_factory=list)


@dataclass
class Example:
    """A sequence to learn from: a document, or a content of one (then `inside`)."""

    number: int
    document: Document
    index: list[int]
    gold: list[Found]
    labels: list[str]
    marks: tuple[str, ...]
    inside: bool

    @property
    def paragraph(self) -> np.ndarray:
        """The number of each token's paragraph."""
        return self.document.paragraph[self.index]


def training_examples(texts: pd.Series, table: pd.DataFrame, flat: set[str]) -> list[Example]:
    """The sequences of annotated texts.

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
    identity = table["attribution_id"] if "attribution_id" in table else range(len(table))
    parents = table["parent_id"] if "parent_id" in table else [None] * len(table)
    names = ("doc_id", "source_spans", "cue_spans", "content_spans")
    for doc_id, *spans, own, parent in zip(
        *(table[n] for n in names), identity, parents, strict=True
    ):
        rows[str(doc_id)].append((own, parent, *spans))
    unknown = sorted(set(rows) - set(texts.index))
    if unknown:
        raise ValueError(
            f"attributions has the doc_id {unknown[0]!r}, which is not among the texts."
        )
    examples: list[Example] = []
    for number, (doc_id, text) in enumerate(texts.items()):
        document = parse(text)
        by_id: dict[Any, Found] = {}
        top: list[Found] = []
        for own, _, source, cue, content in rows[str(doc_id)]:
            by_id[own] = Found(
                cue=_tokens(document, cue, doc_id),
                source=_tokens(document, source, doc_id),
                content=_tokens(document, content, doc_id),
            )
        for own, parent, *_ in rows[str(doc_id)]:
            above = None if pd.isna(parent) else by_id.get(parent)
            (top if above is None else above.children).append(by_id[own])
        marks: tuple[str, ...] = () if str(doc_id) in flat else (NESTED,)
        examples.append(_example(number, document, list(range(len(document))), top, marks, False))
        if marks:
            for attribution in by_id.values():
                if len(attribution.content) >= SHORTEST_NESTED:
                    examples.append(
                        _example(
                            number,
                            document,
                            attribution.content,
                            attribution.children,
                            (NESTED, INSIDE),
                            True,
                        )
                    )
    return examples


def _example(
    number: int,
    document: Document,
    index: list[int],
    gold: list[Found],
    marks: tuple[str, ...],
    inside: bool,
) -> Example:
    at = {token: k for k, token in enumerate(index)}
    labels = ["O"] * len(index)
    for role in ("content", "source", "cue"):  # where they overlap, the shorter one prevails
        letter = _ROLE_LETTERS[role]
        for attribution in gold:
            before = None
            for token in getattr(attribution, role):
                if token in at:
                    start = before is None or at[token] != before + 1
                    labels[at[token]] = ("B-" if start else "I-") + letter
                    before = at[token]
    learnable = [a for a in gold if a.cue and a.content]
    return Example(number, document, index, learnable, labels, marks, inside)


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
