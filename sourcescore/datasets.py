"""Annotated corpora as tables: the one that is shipped, and files of the same format.

Comes in: a JSON lines file. Goes out: a `Corpus` of the tables of `sourcescore.tables`.

A line is a document::

    {"doc": "id", "text": "...", "outlet": "...", "published": "2025-03-14",
     "claims": {"c1": "a claim in one sentence"},
     "attributions": [{"id": 1, "parent": null, "source": [[0, 7]], "cue": [[8, 12]],
                       "content": [[13, 40]], "kind": "named_official", "stance": "asserts",
                       "type": "named_official", "source_name": "...", "claim": "c1",
                       "claim_stance": "supports"}]}

Only ``doc``, ``text`` and the ``id`` of an attribution are required. Offsets are Python string
offsets, half open. A document with one claim may give it as ``"claim": "..."``, which is its c1.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sourcescore._resources import shipped
from sourcescore.tables import attributions_frame, string_array
from sourcescore.taxonomy import attribution_type

__all__ = ["Corpus", "load_articles", "read_jsonl"]

_LABELS = ("kind", "stance", "type", "source_name", "claim_stance")


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
    >>> import json, tempfile
    >>> from pathlib import Path
    >>> row = {"id": 1, "source": [[0, 2]], "cue": [[3, 7]], "content": [[8, 10]]}
    >>> document = {"doc": "d", "text": "He said so.", "attributions": [row]}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "one.jsonl"
    ...     _ = path.write_text(json.dumps(document))
    ...     corpus = read_jsonl(path)
    >>> corpus.attributions.loc[0, ["source", "cue", "content"]].tolist()
    ['He', 'said', 'so']
    """
    path = Path(path)
    documents: list[tuple[Any, ...]] = []
    rows: list[dict[str, Any]] = []
    claims: list[tuple[str, str, str]] = []
    seen: set[str] = set()
    with path.open("rb") as lines:
        for number, raw in enumerate(lines, start=1):
            if not raw.strip():
                continue
            try:
                document = json.loads(raw.decode("utf-8-sig"))
                doc_id, text = _document(document)
                if doc_id in seen:
                    raise ValueError(f"the document {doc_id!r} is there twice")
                own_claims = _claims(document, doc_id)
                rows += _attributions(document, doc_id, text, {key for key, *_ in own_claims})
                title, outlet = _label(document, "title"), _label(document, "outlet")
                published = _date(document.get("published"))
            except (ValueError, TypeError, KeyError, RecursionError) as error:
                reason = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else error
                raise ValueError(f"{path}, line {number}: {reason}.") from None
            seen.add(doc_id)
            claims += own_claims
            documents.append((doc_id, text, title, outlet, published))
    ids, contents, titles, outlets, dates = zip(*documents, strict=True) if documents else [()] * 5
    # object, not a string dtype: that of pandas may be Arrow's, which has no lone surrogates
    text_column = pd.Series(contents, dtype=object, name="text")
    articles = pd.DataFrame(
        {
            "doc_id": string_array(ids),
            "text": text_column,
            "title": string_array(titles),
            "outlet": string_array(outlets),
            "published": np.array(dates, dtype="datetime64[us]"),
        }
    )
    texts = text_column.set_axis(pd.Index(ids, dtype=object, name="doc_id"))
    claim_ids, claim_docs, claim_texts = zip(*claims, strict=True) if claims else [()] * 3
    claim_table = pd.DataFrame(
        {"claim": string_array(claim_texts), "doc_id": string_array(claim_docs)},
        index=pd.Index(claim_ids, dtype=object, name="claim_id"),
    )
    return Corpus(texts, _table(rows), claim_table, articles)


def _document(document: Any) -> tuple[str, str]:
    if not isinstance(document, dict):
        raise ValueError("a line must hold a JSON object with doc, text and attributions")
    text = document["text"]
    if not isinstance(text, str):
        raise ValueError(f"text must be a string; got {type(text).__name__}")
    return str(document["doc"]), text


def _label(entry: dict[str, Any], name: str) -> str | None:
    value = entry.get(name)
    if not (value is None or isinstance(value, str)):
        raise ValueError(f"{name} must be a string; got {value!r}")
    return value


def _date(value: Any) -> datetime | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueError(f"published must be a date such as '2025-03-14'; got {value!r}")
    try:
        when = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(f"published must be a date such as '2025-03-14'; got {value!r}") from None
    return when if when.tzinfo is None else when.astimezone(UTC).replace(tzinfo=None)


def _attributions(
    document: dict[str, Any], doc_id: str, text: str, claims: set[str]
) -> list[dict[str, Any]]:
    rows = []
    ids: Counter[str] = Counter()
    for entry in document.get("attributions") or []:
        if not isinstance(entry, dict):
            raise ValueError(f"an attribution must be a JSON object; got {entry!r}")
        own = given = str(entry["id"])
        if given in ids:  # tools that number each annotator's work anew give an id twice
            own = f"{given}#{ids[given] + 1}"
        ids[given] += 1
        parent, claim = entry.get("parent"), entry.get("claim")
        claim_id = None if claim is None else f"{doc_id}/{claim}"
        if claim_id is not None and claim_id not in claims:
            raise ValueError(
                f"attribution {own} has the claim {claim!r}, which claims does not list"
            )
        row: dict[str, Any] = {
            "doc_id": doc_id,
            "attribution_id": own,
            "parent_id": None if parent is None else str(parent),
            "claim_id": claim_id,
        }
        for role in ("source", "cue", "content"):
            spans = _spans(entry.get(role) or [], text, f"the {role} of attribution {own}")
            row[f"{role}_spans"] = spans
            row[role] = " ".join(text[start:end] for start, end in spans)
        row |= {name: _label(entry, name) for name in _LABELS}
        if row["type"] is None and row["kind"] is not None:
            row["type"] = attribution_type(row["kind"], row["stance"])
        rows.append(row)
    for row in rows:
        parent = row["parent_id"]
        if parent is not None and (parent not in ids or parent == row["attribution_id"]):
            raise ValueError(
                f"attribution {row['attribution_id']} has the parent {parent}, which is no other "
                f"attribution of {doc_id!r}"
            )
        if parent is not None and ids[parent] > 1:
            raise ValueError(f"two attributions of {doc_id!r} have the id {parent} of a parent")
    return rows


def _spans(spans: Any, text: str, name: str) -> list[tuple[int, int]]:
    try:
        pairs = [(start, end) for start, end in spans]
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a list of [start, end] pairs; got {spans!r}") from None
    for start, end in pairs:
        if not (type(start) is type(end) is int and 0 <= start < end <= len(text)):
            raise ValueError(
                f"{name} has the span [{start}, {end}]; a span needs whole numbers "
                f"0 <= start < end <= {len(text)}, the length of the text"
            )
    return pairs


def _claims(document: dict[str, Any], doc_id: str) -> list[tuple[str, str, str]]:
    claims = document.get("claims")
    if claims is None:
        claims = {} if document.get("claim") is None else {"c1": document["claim"]}
    if not isinstance(claims, dict):
        raise ValueError(f"claims must be a JSON object, id to text; got {type(claims).__name__}")
    return [(f"{doc_id}/{key}", doc_id, str(claim)) for key, claim in claims.items()]


def _table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    columns: dict[str, Any] = {name: [row[name] for row in rows] for name in (rows or [{}])[0]}
    columns["kind"] = string_array(columns.get("kind", ()))
    return attributions_frame(columns, len(rows))
