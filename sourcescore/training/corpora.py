"""Read the annotated JSONL corpora that the shipped models are trained on.

In goes a JSONL file, one document a line with ``doc``, ``text`` and ``attributions``; out come the
two tables of :mod:`sourcescore.tables`: the texts, and the attributions with their gold labels.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sourcescore.tables import SPAN_COLUMNS, attributions_frame

__all__ = ["TYPED_FILES", "read_corpora", "read_corpus"]

#: The files, below the data folder, whose attributions carry a kind, a stance and a source name.
TYPED_FILES = (
    "polnear/typed-train.jsonl",
    "news/articles-train.jsonl",
    "news/paragraphs-train.jsonl",
)

_LABELS = ("kind", "stance", "type", "source_name", "claim_stance")


def read_corpus(path: str | PathLike[str]) -> tuple[pd.Series, pd.DataFrame]:
    """Read one annotated JSONL file.

    Parameters
    ----------
    path : path of the file
        One JSON object a line: ``{"doc", "text", "attributions": [{"id", "parent", "source",
        "cue", "content", ...}], "claim"}``, offsets half open into ``text``.

    Returns
    -------
    texts : Series of str, index doc_id
        With the claims, where the file has any, under ``texts.attrs["claims"]`` (a dict, doc_id
        to claim).
    attributions : DataFrame, one row an attribution
        The columns of :data:`sourcescore.tables.ATTRIBUTION_COLUMNS` and ``kind``; labels that
        the file does not have are NaN. Ids of attributions are those of the file, as strings.
    """
    texts: dict[str, str] = {}
    claims: dict[str, str] = {}
    columns: dict[str, list[Any]] = {
        name: []
        for name in (
            "doc_id",
            "attribution_id",
            "parent_id",
            "source",
            "cue",
            "content",
            *SPAN_COLUMNS,
            *_LABELS,
        )
    }
    with Path(path).open(encoding="utf8") as lines:
        for line in lines:
            if not line.strip():
                continue
            document = json.loads(line)
            doc_id, text = str(document["doc"]), document["text"]
            texts[doc_id] = text
            if document.get("claim"):
                claims[doc_id] = document["claim"]
            for row in document["attributions"]:
                columns["doc_id"].append(doc_id)
                columns["attribution_id"].append(str(row["id"]))
                parent = row.get("parent")
                columns["parent_id"].append(np.nan if parent is None else str(parent))
                for role in ("source", "cue", "content"):
                    spans = [(start, end) for start, end in row.get(role) or ()]
                    columns[f"{role}_spans"].append(spans)
                    columns[role].append(" ".join(text[start:end] for start, end in spans))
                for label in _LABELS:
                    value = row.get(label)
                    columns[label].append(np.nan if value is None else value)
    series = pd.Series(
        list(texts.values()),
        index=pd.Index(list(texts), dtype=object, name="doc_id"),
        dtype=object,
        name="text",
    )
    series.attrs["claims"] = claims
    return series, attributions_frame(columns, len(columns["doc_id"]))


def read_corpora(
    data: str | PathLike[str], files: Iterable[str] = TYPED_FILES
) -> tuple[pd.Series, pd.DataFrame]:
    """Read several files below one folder as one corpus.

    Parameters
    ----------
    data : path of the folder
    files : iterable of str, default=TYPED_FILES
        Paths relative to `data`.

    Returns
    -------
    texts, attributions
        As `read_corpus`; the attributions have the further column ``corpus``, the file that a
        row is from.
    """
    parts = [(name, *read_corpus(Path(data) / name)) for name in files]
    texts = pd.concat([t for _, t, _ in parts])
    texts.attrs["claims"] = {k: v for _, t, _ in parts for k, v in t.attrs["claims"].items()}
    attributions = pd.concat([a.assign(corpus=name) for name, _, a in parts], ignore_index=True)
    return texts, attributions
