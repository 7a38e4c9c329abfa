"""The annotated corpora that the shipped models are trained on, and what belongs together there."""

from __future__ import annotations

import re
from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import Any

import pandas as pd

from sourcescore.datasets import read_jsonl

__all__ = ["TYPED_FILES", "document_groups", "read_corpora", "read_corpus", "rounded"]

#: The files, below the data folder, whose attributions carry a kind, a stance and a source name.
TYPED_FILES = (
    "polnear/typed-train.jsonl",
    "news/articles-train.jsonl",
    "news/paragraphs-train.jsonl",
)

#: Documents with this many words in a row in common are reports of one text.
_SHARED_WORDS = 10


def read_corpus(path: str | PathLike[str]) -> tuple[pd.Series, pd.DataFrame]:
    """Read the texts and the attributions of one annotated file; see `datasets.read_jsonl`."""
    corpus = read_jsonl(Path(path))
    return corpus.texts, corpus.attributions


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
    texts = pd.concat([texts for _, texts, _ in parts])
    attributions = pd.concat([rows.assign(corpus=name) for name, _, rows in parts])
    return texts, attributions.reset_index(drop=True)


def document_groups(texts: pd.Series) -> dict[str, str]:
    """Return for each document one that stands for all that belong with it.

    Parameters
    ----------
    texts : Series of str, index doc_id
        An id that ends in ``-p`` and a number is a paragraph of the article before it.

    Examples
    --------
    >>> groups = document_groups(pd.Series({"a": "One text.", "a-p2": "Another.", "b": "A third."}))
    >>> groups["a"] == groups["a-p2"], groups["a"] == groups["b"]
    (True, False)
    """
    parent = {doc: doc for doc in texts.index}

    def root(doc: str) -> str:
        while parent[doc] != doc:
            parent[doc] = parent[parent[doc]]
            doc = parent[doc]
        return doc

    first_with: dict[Any, str] = {}
    for doc, text in texts.items():
        words = re.findall(r"\w+", text.lower())
        last = max(1, len(words) - _SHARED_WORDS + 1)  # a shorter text is one run
        runs = (tuple(words[i : i + _SHARED_WORDS]) for i in range(last if words else 0))
        for key in (re.sub(r"-p\d+$", "", str(doc)), *runs):
            other = first_with.setdefault(key, str(doc))
            parent[root(str(doc))] = root(other)
    return {doc: root(doc) for doc in parent}


def rounded(figures: dict[str, Any]) -> dict[str, Any]:
    """To four places, without the labels that nothing was compared on.

    Examples
    --------
    >>> rounded({"f1": 0.123456, "parent": {"n": 0}})
    {'f1': 0.1235}
    """
    out: dict[str, Any] = {}
    for key, value in figures.items():
        if not isinstance(value, dict):
            out[key] = value if isinstance(value, int) else round(float(value), 4)
        elif not (type(value.get("n")) is int and value["n"] == 0):  # a label may be called n
            out[key] = rounded(value)
    return out
