"""The annotated corpora that the shipped models are trained on, as tables."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from pathlib import Path

import pandas as pd

from sourcescore.datasets import read_jsonl

__all__ = ["TYPED_FILES", "read_corpora", "read_corpus"]

#: The files, below the data folder, whose attributions carry a kind, a stance and a source name.
TYPED_FILES = (
    "polnear/typed-train.jsonl",
    "news/articles-train.jsonl",
    "news/paragraphs-train.jsonl",
)


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
