"""The tables of the library: their columns and dtypes, and how input becomes such a table.

The one place where a table is checked. Validation happens here, once, at the door of a public
method; the code behind trusts what it gets.

=============  ===================================================================================
table          one row is
=============  ===================================================================================
texts          a document: a Series, index ``doc_id``, values the text
articles       a document with ``doc_id, text`` and optionally ``outlet, published``
attributions   a place where a text hands responsibility for a content to a source
claims         a claim with its confidence (index ``claim_id``)
evidence       a statement of a source for or against a claim
=============  ===================================================================================

All offsets are Python string offsets, half open.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

__all__ = [
    "ATTRIBUTION_COLUMNS",
    "CLAIM_COLUMNS",
    "EVIDENCE_COLUMNS",
    "SPAN_COLUMNS",
    "as_articles",
    "as_texts",
    "attributions_frame",
    "check_attributions",
    "check_evidence",
    "require_columns",
]

SPAN_COLUMNS = ("source_spans", "cue_spans", "content_spans")

#: Columns of the attribution table and the value of a cell that nobody has filled in yet.
#: ``str`` columns have pandas' string dtype, a missing value is NaN.
ATTRIBUTION_COLUMNS: dict[str, Any] = {
    "doc_id": "str",
    "attribution_id": "str",
    "parent_id": "str",
    "source": "str",
    "cue": "str",
    "content": "str",
    "source_spans": "object",
    "cue_spans": "object",
    "content_spans": "object",
    "sentence": "str",
    "source_id": "str",
    "source_name": "str",
    "type": "str",
    "type_proba": "object",
    "stance": "str",
    "stance_proba": "object",
    "certainty": "float64",
    "via": "object",
    "claim_id": "str",
    "claim_stance": "str",
}

CLAIM_COLUMNS: dict[str, Any] = {
    "claim": "str",
    "confidence": "float64",
    "low": "float64",
    "high": "float64",
    "verdict": "str",
    "n_attributions": "int64",
    "n_supporting": "int64",
    "n_denying": "int64",
    "n_origins": "int64",
}

#: The first four are required, the rest have a default.
EVIDENCE_COLUMNS: dict[str, Any] = {
    "claim_id": "str",
    "source_id": "str",
    "type": "str",
    "stance": "str",
    "certainty": "float64",
    "via": "object",
    "type_proba": "object",
    "doc_id": "str",
    "published": "datetime64[ns]",
    "attribution_id": "str",
}

EVIDENCE_STANCES = ("supports", "denies")


def require_columns(table: Any, columns: Iterable[str], name: str) -> pd.DataFrame:
    """Return `table` if it is a DataFrame with these columns, else say which are missing.

    Raises
    ------
    TypeError
        If `table` is not a DataFrame.
    ValueError
        If a column is missing.
    """
    if not isinstance(table, pd.DataFrame):
        raise TypeError(
            f"{name} must be a pandas DataFrame with the columns {', '.join(columns)}; "
            f"got {type(table).__name__}."
        )
    missing = [c for c in columns if c not in table.columns]
    if missing:
        have = ", ".join(map(str, table.columns)) or "none"
        raise ValueError(
            f"{name} lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}; "
            f"it has {have}. Rename your columns with DataFrame.rename(columns={{...}})."
        )
    return table


def _unique_ids(ids: pd.Index, name: str) -> None:
    if ids.hasnans:
        raise ValueError(f"{name} has a missing doc_id; give each document an id of its own.")
    if not ids.is_unique:
        twice = ids[ids.duplicated()][0]
        raise ValueError(
            f"{name} has the doc_id {twice!r} more than once; each document needs an id of its own."
        )


def _check_strings(values: pd.Series, name: str) -> None:
    for doc_id, value in values.items():
        if not isinstance(value, str):
            raise TypeError(
                f"{name} must hold strings; document {doc_id!r} is {type(value).__name__}. "
                "Replace missing texts with '' or drop them."
            )


def as_texts(texts: str | Sequence[str] | Mapping[str, str] | pd.Series | pd.DataFrame) -> pd.Series:
    """Return texts as a Series of str, index ``doc_id``.

    Parameters
    ----------
    texts : str, sequence of str, mapping, Series or DataFrame
        One text, or many. A mapping's keys, a Series' index and a DataFrame's column ``doc_id``
        are the document ids; a sequence is numbered ``"0", "1", ...``; one text is ``"0"``.

    Raises
    ------
    TypeError
        If it holds anything else than strings.
    ValueError
        If a DataFrame lacks ``doc_id`` or ``text``, or a document id is missing or not unique.

    Examples
    --------
    >>> as_texts(["First text.", "Second text."]).index.tolist()
    ['0', '1']
    """
    if isinstance(texts, pd.DataFrame):
        return as_articles(texts)["text"]
    if isinstance(texts, str):
        texts = [texts]
    if isinstance(texts, Mapping):
        texts = pd.Series(dict(texts), dtype=object)
    elif not isinstance(texts, pd.Series):
        if isinstance(texts, bytes) or not isinstance(texts, Iterable):
            raise TypeError(
                "texts must be a str, a sequence, mapping or Series of str, or a DataFrame with "
                f"the columns doc_id and text; got {type(texts).__name__}."
            )
        texts = pd.Series(list(texts), dtype=object)
    _check_strings(texts, "texts")
    # object, not the str dtype: that one cannot hold lone surrogates, and texts have them
    series = pd.Series(texts.to_numpy(object), index=_ids(texts.index), dtype=object, name="text")
    _unique_ids(series.index, "texts")
    return series


def _ids(values: Any) -> pd.Index:
    index = pd.Index(values)
    missing = index.isna()
    if missing.any():
        raise ValueError("a doc_id is missing; give each document an id of its own.")
    return pd.Index([str(v) for v in index], dtype=object, name="doc_id")


def as_articles(articles: Any) -> pd.DataFrame:
    """Return articles as a DataFrame with ``text, outlet, published``, index ``doc_id``.

    Parameters
    ----------
    articles : DataFrame with the columns doc_id, text and optionally outlet, published; or
        anything that `as_texts` takes.

    Returns
    -------
    DataFrame
        ``outlet`` is a str or NaN, ``published`` a datetime64 or NaT.

    Raises
    ------
    TypeError, ValueError
        As `as_texts`; also if ``published`` cannot be read as a date.
    """
    if not isinstance(articles, pd.DataFrame):
        texts = as_texts(articles)
        outlet: Any = np.full(len(texts), np.nan, dtype=object)
        published: Any = pd.Series(pd.NaT, index=texts.index, dtype="datetime64[ns]")
        return pd.DataFrame({"text": texts, "outlet": outlet, "published": published})
    if "doc_id" not in articles.columns and articles.index.name == "doc_id":
        articles = articles.reset_index()
    require_columns(articles, ("doc_id", "text"), "articles")
    index = _ids(articles["doc_id"])
    _unique_ids(index, "articles")
    text = pd.Series(articles["text"].to_numpy(object), index=index, dtype=object, name="text")
    _check_strings(text, "articles.text")
    out = pd.DataFrame({"text": text})
    if "outlet" in articles.columns:
        out["outlet"] = articles["outlet"].to_numpy(object)
    else:
        out["outlet"] = np.full(len(out), np.nan, dtype=object)
    if "published" in articles.columns:
        try:
            when = pd.to_datetime(articles["published"], utc=True).dt.tz_localize(None)
        except (ValueError, TypeError) as error:
            raise ValueError(
                f"articles.published must hold dates (say 2025-03-14 or a datetime): {error}"
            ) from None
        out["published"] = when.to_numpy()
    else:
        out["published"] = pd.Series(pd.NaT, index=index, dtype="datetime64[ns]")
    return out


def attributions_frame(columns: Mapping[str, Sequence[Any]], n_rows: int) -> pd.DataFrame:
    """Build the attribution table from the columns at hand; the others are left unfilled.

    Parameters
    ----------
    columns : mapping of column name to a sequence of `n_rows` values
    n_rows : int

    Returns
    -------
    DataFrame
        All columns of `ATTRIBUTION_COLUMNS`, in order, then any further ones of `columns`.
    """
    data: dict[str, Any] = {}
    for name, dtype in ATTRIBUTION_COLUMNS.items():
        if name in columns:
            data[name] = _column(columns[name], dtype)
        elif name == "certainty":
            data[name] = np.ones(n_rows)
        elif dtype == "object":
            fill = np.empty(n_rows, dtype=object)
            for i in range(n_rows):
                fill[i] = () if name == "via" else {} if name.endswith("_proba") else []
            data[name] = fill
        else:
            data[name] = np.full(n_rows, np.nan, dtype=object)
    for name in columns:
        if name not in data:
            data[name] = columns[name]
    return pd.DataFrame(data, index=pd.RangeIndex(n_rows))


def _column(values: Sequence[Any], dtype: str) -> np.ndarray:
    if dtype == "float64":
        return np.asarray(values, dtype=float)
    out = np.empty(len(values), dtype=object)
    for i, value in enumerate(values):  # np.array would turn equally long lists into a matrix
        out[i] = np.nan if value is None else value
    return out


def check_attributions(
    attributions: Any, columns: Iterable[str] = ("source", "cue", "content")
) -> pd.DataFrame:
    """Return the attributions if they have the columns that a step needs.

    Raises
    ------
    TypeError
        If it is not a DataFrame.
    ValueError
        If a column is missing.
    """
    return require_columns(attributions, columns, "attributions")


def check_evidence(evidence: Any) -> pd.DataFrame:
    """Return the evidence if it is a table of statements for or against claims.

    Raises
    ------
    TypeError
        If it is not a DataFrame.
    ValueError
        If a required column is missing, a key is missing, a stance is neither ``supports`` nor
        ``denies``, or a certainty is outside (0, 1].
    """
    required = ["claim_id", "source_id", "stance"]
    table = evidence
    if not (isinstance(evidence, pd.DataFrame) and "type_proba" in evidence.columns):
        required.insert(2, "type")
    require_columns(table, required, "evidence")
    for name in ("claim_id", "source_id"):
        if table[name].isna().any():
            raise ValueError(
                f"evidence.{name} is missing in {int(table[name].isna().sum())} rows; "
                "drop them or give them an id."
            )
    wrong = ~table["stance"].isin(EVIDENCE_STANCES)
    if wrong.any():
        raise ValueError(
            f"evidence.stance must be 'supports' or 'denies'; got {table['stance'][wrong].iloc[0]!r} "
            "(drop statements that are neither)."
        )
    if "certainty" in table.columns:
        certainty = table["certainty"].to_numpy(float)
        bad = ~((certainty > 0) & (certainty <= 1))
        if bad.any():
            raise ValueError(
                f"evidence.certainty must lie in (0, 1]; got {certainty[bad][0]} "
                "(a statement of certainty 0 says nothing: drop it)."
            )
    return table
