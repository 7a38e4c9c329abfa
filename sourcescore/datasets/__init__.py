"""Annotated corpora as tables: the one that is shipped, and the formats of annotation.

=========  =========================================================  ==========================
format     what                                                       module
=========  =========================================================  ==========================
JSON       our own, and the exports of Prodigy, doccano and Label     `jsonl`, `tools`
           Studio
brat       a folder of ``.txt`` and ``.ann`` files                    `brat`
CoNLL      a token a line, with a column of roles, or a column for    `conll`
           each attribution
CSV        an attribution a row                                       `table`
=========  =========================================================  ==========================

Each is read into a `Corpus` and written from one. `Corpus.from_tables` makes a corpus of a report's
tables, so that the library can annotate first, a person corrects, and a model learns from it.
"""

from __future__ import annotations

from sourcescore._resources import shipped
from sourcescore.datasets.brat import read_brat, write_brat
from sourcescore.datasets.conll import read_conll, write_conll
from sourcescore.datasets.corpus import Corpus
from sourcescore.datasets.jsonl import read_jsonl, write_jsonl
from sourcescore.datasets.table import read_csv, write_csv

__all__ = [
    "Corpus",
    "load_articles",
    "read_brat",
    "read_conll",
    "read_csv",
    "read_jsonl",
    "write_brat",
    "write_conll",
    "write_csv",
    "write_jsonl",
]


def load_articles() -> Corpus:
    """Load the 64 annotated news articles that come with the package.

    They were written for this project about invented events, in the manner of newswire from
    different countries and beats, and are free to use (CC0).

    Returns
    -------
    Corpus

    Examples
    --------
    >>> import sourcescore as ss
    >>> corpus = ss.datasets.load_articles()
    >>> corpus
    Corpus(64 texts, 1573 attributions, 439 claims)
    >>> corpus.attributions["type"].value_counts().head(2)
    type
    state_denial     254
    agency_report    213
    Name: count, dtype: int64
    """
    return read_jsonl(shipped("datasets") / "articles.jsonl")
