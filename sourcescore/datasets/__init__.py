"""Annotated corpora as tables: those that are shipped, and the formats of annotation.

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

Each is read into a `Corpus` and written from one; `read` goes by the name of the file.
`Corpus.from_tables` makes a corpus of a report's tables, so that the library can annotate first, a
person corrects, and a model learns from it.
"""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from pathlib import Path

import pandas as pd

from sourcescore._resources import shipped
from sourcescore.datasets.brat import read_brat, write_brat
from sourcescore.datasets.conll import read_conll, write_conll
from sourcescore.datasets.corpus import Corpus
from sourcescore.datasets.jsonl import read_jsonl, write_jsonl
from sourcescore.datasets.stories import Stories, load_stories
from sourcescore.datasets.table import read_csv, write_csv

__all__ = [
    "Corpus",
    "Stories",
    "load_articles",
    "load_claim_pairs",
    "load_disputes",
    "load_stories",
    "read",
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


def load_disputes() -> Corpus:
    """Load 90 short texts in which sources stand against a claim mostly without a denying word.

    A rival explanation, another number, an opposite outcome: hard cases for whoever trains or
    measures a model that tells support from denial. No shipped model was trained on them. They were
    written for this project about invented events and are free to use (CC0).

    Returns
    -------
    Corpus

    Examples
    --------
    >>> import sourcescore as ss
    >>> corpus = ss.datasets.load_disputes()
    >>> corpus
    Corpus(90 texts, 760 attributions, 90 claims)
    >>> corpus.attributions["claim_stance"].value_counts().to_dict()
    {'denies': 282, 'supports': 265, 'unrelated': 213}
    """
    return read_jsonl(shipped("datasets") / "disputes.jsonl")


def load_claim_pairs() -> pd.DataFrame:
    """Load pairs of a claim and a text, many of which contradict each other without a denying word.

    They were written for this project about invented events, to teach a stance classifier to read,
    and are free to use (CC0).

    Returns
    -------
    DataFrame
        ``claim, text, stance`` (supports, denies, discusses, unrelated) and ``how``: in which way,
        say ``rival`` (another culprit, cause, place or date) or ``paraphrase``.

    Examples
    --------
    >>> import sourcescore as ss
    >>> pairs = ss.datasets.load_claim_pairs()
    >>> pairs.columns.tolist()
    ['claim', 'text', 'stance', 'how']
    >>> pairs.groupby("stance").size().to_dict()
    {'denies': 1980, 'discusses': 660, 'supports': 1320, 'unrelated': 660}
    """
    # "NA" and "None" are words of a text
    return pd.read_csv(shipped("datasets") / "claim_pairs.csv", dtype=str, keep_default_na=False)


_READERS: dict[str, Callable[[Path], Corpus]] = {
    ".jsonl": read_jsonl,
    ".json": read_jsonl,
    ".ndjson": read_jsonl,
    ".csv": read_csv,
    ".tsv": read_csv,
    ".conll": read_conll,
    ".conllu": read_conll,
    ".bio": read_conll,
    ".iob": read_conll,
    ".ann": read_brat,
}


def read(path: str | PathLike[str]) -> Corpus:
    """Read annotated documents, of the format that the name of the file says.

    Parameters
    ----------
    path : str or path
        ``.jsonl``, ``.ndjson`` or ``.json`` (our own, Prodigy, doccano, Label Studio), ``.csv`` or
        ``.tsv``, ``.conll``, ``.conllu``, ``.bio`` or ``.iob``; a folder, or one ``.ann``, of brat.
        The reader of each format has settings, such as which labels are which.

    Returns
    -------
    Corpus

    Raises
    ------
    FileNotFoundError
        If there is nothing at `path`.
    ValueError
        If the name says no format, or the file is not of it.

    Examples
    --------
    >>> import tempfile
    >>> import sourcescore as ss
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     ss.datasets.write_conll(ss.datasets.load_articles(), f"{folder}/articles.conll")
    ...     ss.datasets.read(f"{folder}/articles.conll")
    Corpus(64 texts, 1573 attributions, 439 claims)
    """
    found = Path(path)
    if not found.exists():
        raise FileNotFoundError(2, "no such file or folder", str(path))
    if found.is_dir():
        if not any(found.glob("*.ann")):
            raise ValueError(f"{path}: the folder holds no .ann file of brat; give it, or a file.")
        return read_brat(found)
    reader = _READERS.get(found.suffix.lower())
    if reader is None:
        raise ValueError(
            f"{path}: the ending {found.suffix!r} says no format; known are a folder of brat, "
            f"{', '.join(_READERS)}. Name the format by calling its reader, say read_jsonl."
        )
    return reader(found)
