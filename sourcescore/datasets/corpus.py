"""A corpus of annotated documents, and the one place where documents become one and come from one.

A reader turns its file into documents and adds them to a `Builder`; a writer takes the documents of
a corpus from `checked`. Between the two a document is a dict in the layout of our own JSON lines,
which `sourcescore.datasets.jsonl` describes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from sourcescore.datasets.offsets import spans_from_text
from sourcescore.tables import (
    ATTRIBUTION_COLUMNS,
    SPAN_COLUMNS,
    as_articles,
    attributions_frame,
    read_dates,
    require_columns,
    string_array,
)
from sourcescore.taxonomy import attribution_type

__all__ = ["LABELS", "ROLES", "Builder", "Corpus", "checked", "located"]

ROLES = ("source", "cue", "content")

#: What an annotator says of an attribution besides its spans and its claim.
LABELS = ("kind", "stance", "type", "source_name", "claim_stance")

# Keys of an attribution that are no further label of the user's own.
_KNOWN_KEYS = frozenset((*ROLES, *LABELS, *ATTRIBUTION_COLUMNS, "id", "parent", "claim"))


@dataclass(frozen=True)
class Corpus:
    """Annotated documents.

    Attributes
    ----------
    texts : Series of str, index doc_id
    attributions : DataFrame
        The attribution table, with the further column ``kind`` where it is annotated, and those of
        the annotator's own labels.
    claims : DataFrame, index claim_id
        ``claim`` (its text) and ``doc_id``. The id is ``doc_id/claim``, with the id of the claim as
        the file has it.
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

    def select(self, doc_ids: Iterable[str]) -> Corpus:
        """Return the part of the corpus that belongs to some documents, in the order it has here.

        Parameters
        ----------
        doc_ids : iterable of str
            Labels of the index of `texts`.

        Raises
        ------
        ValueError
            If there is no such document.

        Examples
        --------
        >>> import sourcescore as ss
        >>> corpus = ss.datasets.load_articles()
        >>> corpus.select(corpus.texts.index[:2])
        Corpus(2 texts, 50 attributions, 13 claims)
        """
        wanted = set(doc_ids)
        unknown = wanted - set(self.texts.index)
        if unknown:
            raise ValueError(
                f"there is no document {min(map(str, unknown))!r}; the ids are the index of texts."
            )
        return Corpus(
            self.texts[self.texts.index.isin(wanted)],
            self.attributions[self.attributions["doc_id"].isin(wanted)].reset_index(drop=True),
            self.claims[self.claims["doc_id"].isin(wanted)],
            self.articles[self.articles["doc_id"].isin(wanted)].reset_index(drop=True),
        )

    @classmethod
    def from_tables(
        cls, texts: Any, attributions: pd.DataFrame, claims: pd.DataFrame | None = None
    ) -> Corpus:
        """Build a corpus from tables, say those of a report that somebody is to correct.

        Parameters
        ----------
        texts : str, iterable, mapping, Series or DataFrame
            As `sourcescore.score_corpus` takes them. A DataFrame may have ``title, outlet,
            published``.
        attributions : DataFrame
            With ``doc_id, source_spans, cue_spans, content_spans``, also as CSV gives them back
            (``"[(0, 5)]"``); better with ``attribution_id, parent_id`` and the labels ``type,
            stance, kind, source_name, claim_id, claim_stance, sentence``. Further columns are taken
            for labels of your own and become strings. What a model computes anew (probabilities,
            certainty, source_id, via) is left out, and the pieces are cut out of the text by their
            spans.
        claims : DataFrame, index claim_id, optional
            With ``claim``, and ``doc_id`` where a claim belongs to one document. A claim that
            attributions of several documents name becomes one for each; a claim without a document
            that none names goes with the only text, or is left out. Without this table the
            attributions name no claims.

        Returns
        -------
        Corpus

        Raises
        ------
        TypeError, ValueError
            If a table lacks a column, a span is not in its text, an id names nothing, or two claims
            of a document have one id (``c`` and ``d/c`` of the document ``d`` are the same).

        Examples
        --------
        >>> import sourcescore as ss
        >>> report = ss.score("The mayor said that the bridge was closed.")
        >>> ss.datasets.Corpus.from_tables(report.texts, report.attributions, report.claims)
        Corpus(1 texts, 1 attributions, 1 claims)
        """
        articles = as_articles(texts)
        titles = pd.Series(np.nan, index=articles.index, dtype=object)
        if isinstance(texts, pd.DataFrame) and "title" in texts:
            titles = pd.Series(texts["title"].to_numpy(object), index=articles.index)
        require_columns(attributions, ("doc_id", *SPAN_COLUMNS), "attributions")
        table = attributions.reset_index(drop=True)
        claim_table = _claims_by_document(claims, table, articles.index)
        if claims is None:
            table = table.drop(columns=["claim_id", "claim_stance"], errors="ignore")
        articles = articles.assign(title=titles).reset_index()
        builder = Builder()
        tables = cls(articles.set_index("doc_id")["text"], table, claim_table, articles)
        for _ in checked(tables, builder):
            pass
        return builder.corpus()


def _claims_by_document(
    claims: pd.DataFrame | None, attributions: pd.DataFrame, ids: pd.Index
) -> pd.DataFrame:
    """The claims with the document that each belongs to, one row for each such document."""
    columns = ["claim_id", "claim", "doc_id"]
    if claims is None:
        return pd.DataFrame(columns=columns, dtype=object).set_index("claim_id")
    if "claim_id" in getattr(claims, "columns", ()):
        claims = claims.set_index("claim_id")
    require_columns(claims, ("claim",), "claims")
    named: dict[Any, list[Any]] = {}
    if "claim_id" in attributions:
        pairs = attributions[["claim_id", "doc_id"]].dropna().drop_duplicates()
        for claim_id, doc_id in zip(pairs["claim_id"], pairs["doc_id"], strict=True):
            named.setdefault(claim_id, []).append(doc_id)
    own = claims["doc_id"] if "doc_id" in claims else [None] * len(claims)
    rows = []
    for claim_id, claim, doc_id in zip(claims.index, claims["claim"], own, strict=True):
        found = [doc_id] if _given(doc_id) else named.get(claim_id, ids if len(ids) == 1 else [])
        rows += [(claim_id, claim, one) for one in found]
    return pd.DataFrame(rows, columns=columns, dtype=object).set_index("claim_id")


class _LocatedError(ValueError):
    """An error that already says where it is."""


@contextmanager
def located(place: str) -> Iterator[None]:
    """Say in front of an error where it is; an error that says so already stays as it is."""
    try:
        yield
    except _LocatedError:
        raise
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        reason = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
        raise _LocatedError(f"{place}: {reason.removesuffix('.')}.") from None


class Builder:
    """Builds a corpus out of documents, one after the other."""

    def __init__(self) -> None:
        self._documents: list[tuple[Any, ...]] = []
        self._rows: list[dict[str, Any]] = []
        self._claims: dict[str, tuple[str, str, str]] = {}
        self._seen: set[str] = set()

    def add(self, document: Any, places: Sequence[str] | None = None) -> None:
        """Check a document and take it in; `places` says where each of its attributions stands.

        Raises
        ------
        ValueError, TypeError, KeyError
            If it is no document of this layout.
        """
        doc_id, text = _document(document)
        if doc_id in self._seen:
            raise ValueError(f"the document {doc_id!r} is there twice")
        claims = _claims(document, doc_id)
        for key, *_ in claims:
            if key in self._claims:  # a/b and c, a and b/c
                raise ValueError(
                    f"the claim {key.removeprefix(f'{doc_id}/')!r} of the document {doc_id!r} and "
                    f"one of the document {self._claims[key][1]!r} would have the same id {key!r}; "
                    "give one of them another"
                )
        rows = _attributions(document, doc_id, text, {key for key, *_ in claims}, places)
        title, outlet = _label(document, "title"), _label(document, "outlet")
        published = _date(document.get("published"))
        self._seen.add(doc_id)
        self._rows += rows
        self._claims |= {claim[0]: claim for claim in claims}
        self._documents.append((doc_id, text, title, outlet, published))

    def corpus(self) -> Corpus:
        """The corpus of the documents so far."""
        ids, contents, titles, outlets, dates = (
            zip(*self._documents, strict=True) if self._documents else [()] * 5
        )
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
        claim_ids, claim_docs, claim_texts = (
            zip(*self._claims.values(), strict=True) if self._claims else [()] * 3
        )
        claim_table = pd.DataFrame(
            {"claim": string_array(claim_texts), "doc_id": string_array(claim_docs)},
            index=pd.Index(claim_ids, dtype=object, name="claim_id"),
        )
        return Corpus(texts, _table(self._rows), claim_table, articles)


def _document(document: Any) -> tuple[str, str]:
    if not isinstance(document, dict):
        raise ValueError("a line must hold a JSON object with doc, text and attributions")
    text = document["text"]
    if not isinstance(text, str):
        raise ValueError(f"text must be a string; got {type(text).__name__}")
    return _key(document["doc"], "doc"), text


def _key(value: Any, name: str) -> str:
    if not isinstance(value, str | int | float):
        raise ValueError(f"{name} must be a string or a number; got {value!r}")
    return str(value)


def _label(entry: dict[str, Any], name: str) -> str | None:
    value = entry.get(name)
    if not (value is None or isinstance(value, str)):
        raise ValueError(f"{name} must be a string; got {value!r}")
    return value


def _date(value: Any) -> np.datetime64 | None:
    if value is None:
        return None
    try:
        if not isinstance(value, str):
            raise ValueError
        return _read_date(value)
    except ValueError:
        raise ValueError(f"published must be a date such as '2025-03-14'; got {value!r}") from None


@lru_cache(maxsize=4096)
def _read_date(value: str) -> np.datetime64:
    return read_dates(pd.Series([value], dtype=object), "published").to_numpy()[0]


def _attributions(
    document: dict[str, Any],
    doc_id: str,
    text: str,
    claims: set[str],
    places: Sequence[str] | None,
) -> list[dict[str, Any]]:
    entries = document.get("attributions") or []
    rows = []
    ids: Counter[str] = Counter()
    for i, entry in enumerate(entries):
        with _at(places, i):
            rows.append(_attribution(entry, doc_id, text, claims, ids))
    for i, row in enumerate(rows):
        with _at(places, i):
            _check_parent(row, ids)
    return rows


@contextmanager
def _at(places: Sequence[str] | None, i: int) -> Iterator[None]:
    if places is None:
        yield
    else:
        with located(places[i]):
            yield


def _attribution(
    entry: Any, doc_id: str, text: str, claims: set[str], ids: Counter[str]
) -> dict[str, Any]:
    if not isinstance(entry, dict):
        raise ValueError(f"an attribution must be a JSON object; got {entry!r}")
    own = given = _key(entry["id"], "the id of an attribution")
    while own in ids:  # tools that number each annotator's work anew give an id twice
        own = f"{given}#{ids[given] + 1}"
        ids[given] += 1
    ids[own] += 1
    parent, claim = entry.get("parent"), entry.get("claim")
    claim_id = None if claim is None else f"{doc_id}/{claim}"
    if claim_id is not None and claim_id not in claims:
        raise ValueError(f"attribution {own} has the claim {claim!r}, which claims does not list")
    row: dict[str, Any] = {
        "doc_id": doc_id,
        "attribution_id": own,
        "parent_id": None if parent is None else str(parent),
        "claim_id": claim_id,
    }
    for role in ROLES:
        spans = _spans(entry.get(role) or [], text, f"the {role} of attribution {own}")
        row[f"{role}_spans"] = spans
        row[role] = " ".join(text[start:end] for start, end in spans)
    row |= {name: _label(entry, name) for name in (*LABELS, "sentence")}
    if row["type"] is None and row["kind"] is not None:
        row["type"] = attribution_type(row["kind"], row["stance"])
    further = entry.keys() - _KNOWN_KEYS
    return row | {name: _as_label(entry[name]) for name in sorted(further)}


def _as_label(value: Any) -> str | None:
    """A further label as a string; what is no single value is none."""
    return str(value) if isinstance(value, str | int | float) else None


def _check_parent(row: dict[str, Any], ids: Counter[str]) -> None:
    own, parent, doc_id = row["attribution_id"], row["parent_id"], row["doc_id"]
    if parent is not None and (parent not in ids or parent == own):
        raise ValueError(
            f"attribution {own} has the parent {parent}, which is no other attribution of "
            f"{doc_id!r}"
        )
    if parent is not None and ids[parent] > 1:
        raise ValueError(f"two attributions of {doc_id!r} have the id {parent} of a parent")


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
    return [
        (f"{doc_id}/{key}", doc_id, _key(claim, f"the text of the claim {key!r}"))
        for key, claim in claims.items()
    ]


def _table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    names = dict.fromkeys(name for row in rows for name in row)
    columns: dict[str, Any] = {name: [row.get(name) for row in rows] for name in names}
    further = [name for name in names if name not in ATTRIBUTION_COLUMNS and name != "kind"]
    for name in ("kind", *further):
        columns[name] = string_array(columns.get(name, ()))
    return attributions_frame(columns, len(rows))


def checked(corpus: Corpus, builder: Builder | None = None) -> Iterator[dict[str, Any]]:
    """The documents of a corpus, each checked as if it were read; `builder` takes them in.

    Raises
    ------
    ValueError
        If an attribution or a claim belongs to a document that is not there, or a document does not
        hold together.
    """
    builder = builder or Builder()
    for document in _documents(corpus):
        with located(f"document {document['doc']!r}"):
            builder.add(document)
        yield document


def _documents(corpus: Corpus) -> Iterator[dict[str, Any]]:
    """The documents of a corpus as dicts, labels and keys that are missing left out."""
    ids = [str(key) for key in corpus.texts.index]
    claims: dict[str, dict[str, str]] = {key: {} for key in ids}
    claim_table = zip(
        corpus.claims.index, corpus.claims["claim"], corpus.claims["doc_id"], strict=True
    )
    for claim_id, claim, doc_id in claim_table:
        own, local = _of(claims, doc_id, "claims"), _local(claim_id, doc_id)
        if local in own:
            raise ValueError(
                f"claims has {claim_id!r} of the document {doc_id!r} more than once ({local!r} and "
                f"{f'{doc_id}/{local}'!r} are the same); give each claim of a document an id of "
                "its own."
            )
        own[local] = claim
    attributions: dict[str, list[dict[str, Any]]] = {key: [] for key in ids}
    for row in _records(corpus.attributions):
        doc_id = row.pop("doc_id", None)
        rows = _of(attributions, doc_id, "attributions")
        entry: dict[str, Any] = {"id": str(row.pop("attribution_id", f"a{len(rows) + 1}"))}
        if "parent_id" in row:
            entry["parent"] = str(row.pop("parent_id"))
        if "claim_id" in row:
            entry["claim"] = _local(row.pop("claim_id"), doc_id)
        for role in ROLES:
            entry[role] = _pairs(row.pop(f"{role}_spans", ()), f"{role}_spans", entry["id"], doc_id)
        rows.append(entry | row)
    columns = [name for name in ("title", "outlet", "published") if name in corpus.articles]
    about = dict(
        zip(map(str, corpus.articles["doc_id"]), corpus.articles[columns].to_numpy(), strict=True)
    )
    for doc_id, text in zip(ids, corpus.texts, strict=True):
        document: dict[str, Any] = {"doc": doc_id}
        for name, value in zip(columns, about.get(doc_id, ()), strict=False):
            if _given(value):
                document[name] = _iso(value) if name == "published" else value
        document["text"] = text
        if claims[doc_id]:
            document["claims"] = claims[doc_id]
        yield document | {"attributions": attributions[doc_id]}


def _records(table: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """What the annotator says in each row, without what is missing."""
    computed = {"source_id", "type_proba", "stance_proba", "certainty", "via", *ROLES}
    names = [name for name in table.columns if name not in computed]
    for values in zip(*(table[name] for name in names), strict=True):
        yield {
            str(name): value if name in ATTRIBUTION_COLUMNS else str(value)
            for name, value in zip(names, values, strict=True)
            if _given(value)
        }


def _of(by_document: dict[str, Any], doc_id: Any, name: str) -> Any:
    if not _given(doc_id) or str(doc_id) not in by_document:
        raise ValueError(
            f"{name} has the doc_id {doc_id!r}, which texts does not have; drop these rows, or "
            "give their text."
        )
    return by_document[str(doc_id)]


def _local(claim_id: Any, doc_id: Any) -> str:
    """The id of a claim within its document."""
    return str(claim_id).removeprefix(f"{doc_id}/")


def _given(value: Any) -> bool:
    return isinstance(value, Iterable) or not pd.isna(value)


def _pairs(spans: Any, column: str, attribution: str, doc_id: Any) -> list[list[Any]]:
    try:
        if isinstance(spans, str):  # a table that has been through CSV
            spans = spans_from_text(spans)
        return [[_int(start), _int(end)] for start, end in spans]
    except (TypeError, ValueError):
        shown = repr(spans)
        raise ValueError(
            f"attributions.{column} must hold lists of (start, end), or these as text such as "
            f"'[(0, 5)]'; got {shown if len(shown) <= 60 else f'{shown[:57]}...'} for attribution "
            f"{attribution} of document {doc_id!r}."
        ) from None


def _int(value: Any) -> Any:
    return int(value) if isinstance(value, np.integer) else value


def _iso(when: Any) -> str:
    """A date, or a date and a time where there is a time of the day."""
    when = pd.Timestamp(when)
    return when.isoformat() if when != when.normalize() else when.date().isoformat()
