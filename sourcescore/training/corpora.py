"""The annotated corpora that the shipped models are trained on, and what belongs together there."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sourcescore.datasets import read_jsonl
from sourcescore.messages import shown

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


def document_groups(texts: pd.Series) -> dict[Hashable, Hashable]:
    """Return for each document one that stands for all that belong with it.

    Documents belong together if they have ten words in a row in common, or all of their words if
    they are shorter, or are paragraphs of one article.

    Parameters
    ----------
    texts : Series or mapping of doc_id to text
        An id that is a str and ends in ``-p`` and a number is a paragraph of the article before it;
        else ids may be anything that can be a key.

    Returns
    -------
    dict
        Document id to the id of a document.

    Raises
    ------
    TypeError
        If it is no Series or mapping, or holds anything but strings.

    Examples
    --------
    >>> groups = document_groups(pd.Series({"a": "One text.", "a-p2": "Another.", "b": "A third."}))
    >>> groups["a"] == groups["a-p2"], groups["a"] == groups["b"]
    (True, False)
    """
    if not isinstance(texts, Mapping | pd.Series):
        raise TypeError(f"texts must be a Series or mapping of doc_id to text; got {shown(texts)}.")
    docs = list(texts.keys())
    first_of = _first_with_same_run(texts)
    parent = list(range(len(docs)))

    def root(number: int) -> int:
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number

    first_with: dict[Hashable, int] = {}
    for number, doc in enumerate(docs):
        article = re.sub(r"-p\d+$", "", doc) if isinstance(doc, str) else doc
        for other in (first_with.setdefault(article, number), *first_of.get(number, ())):
            parent[root(number)] = root(other)
    return {doc: docs[root(number)] for number, doc in enumerate(docs)}


def _first_with_same_run(texts: Mapping[Any, str] | pd.Series) -> dict[int, list[int]]:
    """For each document that has runs of words of earlier ones, the first that has each of them.

    A run goes by a hash of 64 bits: among a hundred million runs, two have the same by chance once
    in some 4,000 times. A word takes about 60 bytes of memory.
    """
    vocabulary: dict[str, int] = {}
    hashes, counts = [], []
    for doc, text in texts.items():
        if not isinstance(text, str):
            raise TypeError(f"texts must hold strings; document {doc!r} is {shown(text)}.")
        words = re.findall(r"\w+", text.lower())
        found = [vocabulary.setdefault(word, len(vocabulary)) for word in words]
        hashes.append(_run_hashes(np.array(found, dtype=np.uint64)))
        counts.append(len(hashes[-1]))
    runs = np.concatenate(hashes) if hashes else np.empty(0, dtype=np.uint64)
    del hashes
    document = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    order = np.argsort(runs, kind="stable")  # of equal runs, that of the earliest document first
    ordered = runs[order]
    start = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)])
    first = np.empty_like(document)
    first[order] = np.repeat(document[order[start]], np.diff(start, append=len(ordered)))
    shared: dict[int, list[int]] = {}
    for place in np.flatnonzero(first != document).tolist():
        others = shared.setdefault(int(document[place]), [])
        if not others or others[-1] != first[place]:  # in the order of the text, once in a row
            others.append(int(first[place]))
    return shared


def _run_hashes(words: np.ndarray) -> np.ndarray:
    """A number for each run of the words, uint64 array; a text shorter than a run is one run."""
    if not len(words):
        return words
    # splitmix64 spreads the numbers of the words over 64 bits
    mixed = (words + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    mixed ^= mixed >> np.uint64(31)
    length = min(_SHARED_WORDS, len(words))
    n_runs = len(words) - length + 1
    out = np.zeros(n_runs, dtype=np.uint64)
    for shift in range(length):
        out = out * np.uint64(0xD6E8FEB86659FD93) + mixed[shift : shift + n_runs]
    return out


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
