"""Annotated corpora as tables: the one that is shipped, and files of the same format.

Comes in: a JSON lines file. Goes out: a `Corpus` of the tables of `sourcescore.tables`.

A line is a document::

    {"doc": "id", "text": "...", "outlet": "...", "published": "2025-03-14",
     "claims": {"c1": "a claim in one sentence"},
     "attributions": [{"id": 1, "parent": null, "source": [[0, 7]], "cue": [[8, 12]],
                       "content": [[13, 40]], "kind": "named_official", "stance": "asserts",
                       "type": "named_official", "source_name": "...", "claim": "c1",
                       "claim_stance": "supports"}]}

Only ``doc``, ``text`` and the spans are required. Offsets are Python string offsets, half open.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sourcescore._resources import shipped
from sourcescore.tables import attributions_frame
from sourcescore.taxonomy import attribution_type

__all__ = ["Corpus", "load_articles", "read_jsonl"]

_LABELS = ("kind", "stance", "source_name", "claim_stance")


@dataclass(frozen=True)
class Corpus:
    """Annotated documents.

    Attributes
    ----------
    texts : Series of str, index doc_id
    attributions : DataFrame
        The attribution table, with the further column ``kind`` where it is annotated.
    claims : DataFrame, index claim_id
        ``claim`` (its text) and ``doc_id``. The id is ``doc_id/claim`` as the file has it.
    articles : DataFrame
        ``doc_id, text, title, outlet, published``: what `sourcescore.score_corpus` takes.
    """

    texts: pd.Series
    attributions: pd.DataFrame
    claims: pd.DataFrame
    articles: pd.DataFrame

    def __repr__(self) -> str:
        return (
            f"Corpus({len(self.texts)} texts, {len(self.attributions)} attributions, "
            f"{len(self.claims)} claims)"
        )


def load_articles() -> Corpus:
    """Load the 24 annotated news articles that come with the package.

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
    Corpus(24 texts, 558 attributions, 163 claims)
    >>> corpus.attributions["type"].value_counts().head(2)
    type
    named_source      114
    named_official    109
    Name: count, dtype: int64
    """
    return read_jsonl(shipped("datasets") / "articles.jsonl")


def read_jsonl(path: str | Path) -> Corpus:
    """Read annotated documents from a JSON lines file.

    Parameters
    ----------
    path : str or Path
        See the module for the format.

    Returns
    -------
    Corpus

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If a line is not a document of this format; the message names file and line.

    Examples
    --------
    >>> import tempfile, os
    >>> line = '{"doc": "d", "text": "He said so.", "attributions": [{"id": 1, "source": [[0, 2]], "cue": [[3, 7]], "content": [[8, 10]]}]}'
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "one.jsonl")
    ...     _ = open(path, "w", encoding="utf8").write(line)
    ...     corpus = read_jsonl(path)
    >>> corpus.attributions.loc[0, ["source", "cue", "content"]].tolist()
    ['He', 'said', 'so']
    """
    path = Path(path)
    documents: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    claims: list[tuple[str, str, str]] = []
    seen: set[str] = set()
    with path.open("rb") as lines:
        for number, raw in enumerate(lines, start=1):
            if not raw.strip():
                continue
            try:
                document = json.loads(raw.decode("utf8"))
                doc_id, text = _document(document)
                if doc_id in seen:
                    raise ValueError(f"the document {doc_id!r} is there twice")
                rows += _attributions(document, doc_id, text)
                claims += _claims(document, doc_id)
            except (ValueError, TypeError, KeyError) as error:
                reason = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else error
                raise ValueError(f"{path}, line {number}: {reason}.") from None
            seen.add(doc_id)
            documents.append(
                {
                    "doc_id": doc_id,
                    "text": text,
                    **{key: document.get(key) for key in ("title", "outlet", "published")},
                }
            )
    articles = pd.DataFrame(documents, columns=["doc_id", "text", "title", "outlet", "published"])
    articles["published"] = pd.to_datetime(articles["published"])
    table = pd.DataFrame(claims, columns=["claim_id", "doc_id", "claim"]).set_index("claim_id")
    texts = pd.Series(
        articles["text"].to_numpy(object),
        index=pd.Index(articles["doc_id"].to_numpy(object), name="doc_id"),
        dtype=object,
        name="text",
    )
    return Corpus(texts, _table(rows), table[["claim", "doc_id"]], articles)


def _document(document: Any) -> tuple[str, str]:
    if not isinstance(document, dict):
        raise ValueError("a line must hold a JSON object with doc, text and attributions")
    text = document["text"]
    if not isinstance(text, str):
        raise ValueError(f"text must be a string; got {type(text).__name__}")
    return str(document["doc"]), text


def _attributions(document: dict[str, Any], doc_id: str, text: str) -> list[dict[str, Any]]:
    rows = []
    ids = set()
    for entry in document.get("attributions") or []:
        own = str(entry["id"])
        if own in ids:
            raise ValueError(f"the attribution {own} is there twice in {doc_id!r}")
        ids.add(own)
        parent, claim = entry.get("parent"), entry.get("claim")
        row: dict[str, Any] = {
            "doc_id": doc_id,
            "attribution_id": own,
            "parent_id": None if parent is None else str(parent),
            "claim_id": None if claim is None else f"{doc_id}/{claim}",
        }
        for role in ("source", "cue", "content"):
            spans = [(int(start), int(end)) for start, end in entry.get(role) or []]
            for start, end in spans:
                if not 0 <= start < end <= len(text):
                    raise ValueError(
                        f"attribution {own} of {doc_id!r} has the {role} span [{start}, {end}], "
                        f"but the text has {len(text)} characters"
                    )
            row[f"{role}_spans"] = spans
            row[role] = " ".join(text[start:end] for start, end in spans)
        row |= {label: entry.get(label) for label in _LABELS}
        row["type"] = entry.get("type")
        if row["type"] is None and row["kind"] is not None:
            row["type"] = attribution_type(row["kind"], row["stance"])
        rows.append(row)
    missing = {row["parent_id"] for row in rows} - ids - {None}
    if missing:
        raise ValueError(f"{doc_id!r} has no attribution {min(missing)}, which is given as a parent")
    return rows


def _claims(document: dict[str, Any], doc_id: str) -> list[tuple[str, str, str]]:
    claims = document.get("claims")
    if claims is None:
        claims = {} if document.get("claim") is None else {"c1": document["claim"]}
    return [(f"{doc_id}/{key}", doc_id, str(claim)) for key, claim in claims.items()]


def _table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    names = list(rows[0]) if rows else []
    columns: dict[str, Any] = {name: [row[name] for row in rows] for name in names}
    for name in ("kind",):
        if name in columns:
            columns[name] = pd.array([np.nan if v is None else v for v in columns[name]], dtype="str")
    return attributions_frame(columns, len(rows))
