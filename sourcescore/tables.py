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

import ast
import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from email.utils import parsedate_to_datetime
from typing import Any

import numpy as np
import pandas as pd

from sourcescore.messages import closest, did_you_mean, shown

__all__ = [
    "ATTRIBUTION_COLUMNS",
    "CLAIM_COLUMNS",
    "EVIDENCE_COLUMNS",
    "SPAN_COLUMNS",
    "STRING",
    "as_articles",
    "as_texts",
    "attributions_frame",
    "check_attributions",
    "check_evidence",
    "mapping_series",
    "object_array",
    "read_dates",
    "require_columns",
    "span_lists",
    "string_array",
    "texts_beside",
]

SPAN_COLUMNS = ("source_spans", "cue_spans", "content_spans")

#: pandas' string dtype, kept as Python strings: Arrow, which pandas takes where it is installed,
#: cannot hold lone surrogates, and texts have them.
STRING = pd.StringDtype("python", na_value=np.nan)

#: Columns of the attribution table. A ``str`` column has the dtype `STRING`; a missing value is
#: NaN.
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
    "source_name": "str",
    "certainty": "float64",
    "via": "object",
    "via_types": "object",
    "type_proba": "object",
    "doc_id": "str",
    "published": "datetime64[us]",
    "attribution_id": "str",
    "content": "str",
}

#: RFC 5322, the dates of feeds: the month is a word, so that it cannot be taken for the day.
_FEED_DATE = re.compile(r"(?:[A-Z][a-z]{2}, )?\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d")

EVIDENCE_STANCES = ("supports", "denies")


def string_array(values: Iterable[Any]) -> pd.api.extensions.ExtensionArray:
    """Return strings as an array for a column; None, NaN and NA become NaN.

    Examples
    --------
    >>> string_array(["Reuters", None]).tolist()
    ['Reuters', nan]
    """
    return pd.array(object_array(list(values)), dtype=STRING)


def object_array(values: Collection[Any]) -> np.ndarray:
    """Return objects as an array, one a cell, also where they are equally long lists.

    Examples
    --------
    >>> object_array([(1, 2), (3, 4)]).shape
    (2,)
    """
    out = np.empty(len(values), dtype=object)
    for i, value in enumerate(values):
        out[i] = value
    return out


def mapping_series(mapping: Mapping[Any, Any]) -> pd.Series:
    """Return a mapping as a Series of objects, its keys as they are.

    pandas by itself would make strings of either an Arrow array, where it has one.

    Examples
    --------
    >>> mapping_series({"c1": True}).to_dict()
    {'c1': True}
    """
    keys = pd.Index(object_array(list(mapping)), dtype=object)
    return pd.Series(object_array(list(mapping.values())), index=keys, dtype=object)


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
        have = [str(column) for column in table.columns]
        raise ValueError(
            f"{name} lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}; "
            f"it has {', '.join(have) or 'none'}. {_columns_hint(have, missing)}"
        )
    return table


def _columns_hint(have: list[str], missing: list[str]) -> str:
    """Say how a table comes to have the columns that it lacks."""
    separator = next((mark for mark in ";\t|" if len(have) == 1 and mark in have[0]), None)
    if separator:
        decimal = ", decimal=','" if separator == ";" else ""
        return (
            f"All stands in one column: read the file with pd.read_csv(..., sep={separator!r}"
            f"{decimal})."
        )
    like: dict[str, str] = {}
    for name in missing:
        close = closest(name, (c for c in have if c not in like), cutoff=0.75)
        if close is not None:
            like[close] = name
    return f"Rename your columns with DataFrame.rename(columns={like or '{...}'})."


def _ids(values: Iterable[Any], name: str) -> pd.Index:
    ids = list(values)
    if any(map(pd.isna, ids)):
        raise ValueError(f"{name} has a missing doc_id; give each document an id of its own.")
    index = pd.Index(object_array([str(v) for v in ids]), dtype=object, name="doc_id")
    if not index.is_unique:
        twice = index[index.duplicated()][0]
        raise ValueError(
            f"{name} has the doc_id {twice!r} more than once; each document needs an id of its own."
        )
    return index


def _text_series(values: Collection[Any], index: pd.Index, name: str) -> pd.Series:
    for doc_id, value in zip(index, values, strict=True):
        if not isinstance(value, str):
            raise TypeError(
                f"{name} must hold strings; document {doc_id!r} is {type(value).__name__}. "
                "Replace missing texts with '' or drop them."
            )
    return pd.Series(object_array(values), index=index, dtype=object, name="text")


def as_texts(
    texts: str | Iterable[str] | Mapping[Any, str] | pd.Series | pd.DataFrame,
) -> pd.Series:
    """Return texts as a Series of str, index ``doc_id``.

    Parameters
    ----------
    texts : str, iterable of str, mapping, Series or DataFrame
        One text, or many. A mapping's keys, a Series' index and a DataFrame's column ``doc_id``
        are the document ids; an iterable is numbered ``"0", "1", ...``; one text is ``"0"``.

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
        ids, values = list(texts), list(texts.values())
    elif isinstance(texts, pd.Series):
        ids, values = list(texts.index), texts.tolist()
    elif isinstance(texts, Iterable) and not isinstance(texts, bytes):
        values = list(texts)
        ids = list(range(len(values)))
    else:
        raise TypeError(
            "texts must be a str, a sequence, mapping or Series of str, or a DataFrame with "
            f"the columns doc_id and text; got {type(texts).__name__}."
        )
    return _text_series(values, _ids(ids, "texts"), "texts")


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
        text = as_texts(articles)
        articles = pd.DataFrame(index=text.index)
    else:
        if "doc_id" not in articles.columns and articles.index.name == "doc_id":
            articles = articles.reset_index()
        require_columns(articles, ("doc_id", "text"), "articles")
        index = _ids(articles["doc_id"], "articles")
        text = _text_series(articles["text"].tolist(), index, "articles.text")
    outlet: list[Any] = [np.nan] * len(text)
    if "outlet" in articles.columns:
        outlet = [np.nan if pd.isna(v) else v for v in articles["outlet"]]
        for doc_id, value in zip(text.index, outlet, strict=True):
            if not isinstance(value, str | float):
                raise TypeError(
                    "articles.outlet must hold strings or be missing; that of document "
                    f"{doc_id!r} is {type(value).__name__}."
                )
    published = np.full(len(text), "NaT", dtype="datetime64[us]")
    if "published" in articles.columns:
        published = read_dates(articles["published"], "articles.published").to_numpy()
    return pd.DataFrame(
        {
            "text": text,
            "outlet": pd.Series(string_array(outlet), index=text.index),
            "published": published,
        },
        index=text.index,
    )


def read_dates(values: pd.Series, name: str) -> pd.Series:
    """Return dates in UTC, without a time zone; what is missing or empty is NaT.

    Text must be ISO 8601, or as in feeds (RFC 5322). In any other form a computer can only guess
    what is the day and what the month.

    Parameters
    ----------
    values : Series of datetime, date or str
    name : str
        What the error calls them.

    Returns
    -------
    Series of datetime64[us]
        With the index of `values`.

    Raises
    ------
    ValueError
        If there is anything else.

    Examples
    --------
    >>> read_dates(pd.Series(["2025-03-14", "Fri, 14 Mar 2025 10:00:00 +0100"]), "published")
    0   2025-03-14 00:00:00
    1   2025-03-14 09:00:00
    dtype: datetime64[us]
    >>> read_dates(pd.Series(["14/03/2025"]), "published")
    Traceback (most recent call last):
        ...
    ValueError: published must hold dates such as 2025-03-14 (ISO 8601); got '14/03/2025'...
    """
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        when = pd.to_datetime(values, utc=True)
        return when.dt.tz_localize(None).astype("datetime64[us]")
    given = values.tolist()
    try:
        read = pd.to_datetime(object_array([_date(v) for v in given]), utc=True, format="ISO8601")
    except (ValueError, TypeError, OverflowError):
        row = next(row for row, value in enumerate(given) if not _is_date(value))
        raise ValueError(
            f"{name} must hold dates such as 2025-03-14 (ISO 8601); got {given[row]!r} in row "
            f"{row}. Convert them with pandas.to_datetime, which takes any format or unit."
        ) from None
    return pd.Series(read.tz_localize(None).astype("datetime64[us]"), index=values.index)


def _date(value: Any) -> Any:
    """Return what pandas reads as a date without guessing; raise if there is no such thing."""
    if isinstance(value, str):
        value = value.strip()
        if _FEED_DATE.match(value):
            return parsedate_to_datetime(value)
        if value and not value[:4].isdecimal():  # "now" is no date of a document
            raise ValueError(value)
        return value or None
    if value is None or isinstance(value, date | np.datetime64):
        return value
    if np.ndim(value) == 0 and pd.isna(value):
        return None
    raise TypeError(type(value))


def _is_date(value: Any) -> bool:
    try:
        pd.to_datetime(object_array([_date(value)]), utc=True, format="ISO8601")
    except (ValueError, TypeError, OverflowError):
        return False
    return True


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
        values = columns.get(name)
        if dtype == "float64":
            data[name] = np.ones(n_rows) if values is None else np.asarray(values, dtype=float)
        elif dtype == "str":
            data[name] = string_array([None] * n_rows if values is None else values)
        elif values is None:
            # probabilities that nobody has given are missing: an empty mapping fits no file format
            empty = {"via": tuple} | dict.fromkeys(SPAN_COLUMNS, list)
            make = empty.get(name, lambda: None)
            data[name] = object_array([make() for _ in range(n_rows)])
        else:
            data[name] = object_array(values)
    data |= {name: columns[name] for name in columns if name not in data}
    return pd.DataFrame(data, index=pd.RangeIndex(n_rows))


def span_lists(table: pd.DataFrame, column: str) -> list[list[tuple[int, int]]]:
    """Return the spans of each row as a list of (start, end), an empty one where there are none.

    Lists, tuples and arrays are read, so that it does not matter whether a table has been through
    JSON, Parquet or Arrow.

    Raises
    ------
    ValueError
        If a cell holds anything else.

    Examples
    --------
    >>> table = pd.DataFrame({"cue_spans": [[(4, 8)], np.array([[4, 8]]), None]})
    >>> span_lists(table, "cue_spans")
    [[(4, 8)], [(4, 8)], []]
    """
    if column not in table.columns:
        return [[] for _ in range(len(table))]
    out = []
    for row, spans in enumerate(table[column].tolist()):
        if spans is None or (np.ndim(spans) == 0 and pd.isna(spans)):
            spans = []
        try:
            out.append([(int(start), int(end)) for start, end in spans])
        except (TypeError, ValueError):
            raise ValueError(
                f"attributions.{column} must hold lists of (start, end); got {spans!r} in row "
                f"{row}. Read them from text with json.loads or ast.literal_eval."
            ) from None
    return out


def texts_beside(attributions: pd.DataFrame, texts: Any = None) -> Any:
    """Return the texts, or where None are given those in the column ``text``, by document.

    Examples
    --------
    >>> texts_beside(pd.DataFrame({"doc_id": ["d", "d"], "text": ["Rain.", "Rain."]}))
    {'d': 'Rain.'}
    """
    if texts is not None or "text" not in attributions.columns:
        return texts
    if "doc_id" in attributions.columns:
        docs = attributions["doc_id"].tolist()
    else:
        docs = list(range(len(attributions)))
    return dict(zip(docs, attributions["text"].tolist(), strict=True))


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

    What CSV has made of it is read back: tuples and mappings from text, and the ids of documents
    from numbers. A missing certainty is 1.

    Raises
    ------
    TypeError
        If it is not a DataFrame.
    ValueError
        If a required column is missing, a key is missing, a stance is neither ``supports`` nor
        ``denies``, a certainty is outside (0, 1], or text stands for no tuple or mapping.
    """
    required = ["claim_id", "source_id", "stance"]
    table = evidence
    if not (isinstance(evidence, pd.DataFrame) and "type_proba" in evidence.columns):
        required.insert(2, "type")
    require_columns(table, required, "evidence")
    if not table.columns.is_unique:
        twice = table.columns[table.columns.duplicated()][0]
        raise ValueError(f"evidence has the column {twice!r} more than once; keep one of them.")
    if not len(table):
        return table
    for name in ("claim_id", "source_id"):
        if table[name].isna().any():
            raise ValueError(
                f"evidence.{name} is missing in {int(table[name].isna().sum())} rows; "
                "drop them or give them an id."
            )
    wrong = ~table["stance"].isin(EVIDENCE_STANCES)
    if wrong.any():
        given = table["stance"][wrong].iloc[0]
        raise ValueError(
            "evidence.stance must be 'supports' or 'denies' (drop statements that are neither); "
            f"got {shown(given)}{did_you_mean(given, EVIDENCE_STANCES)}"
        )
    if "certainty" in table.columns:
        try:
            certainty = table["certainty"].to_numpy(float, na_value=np.nan)
        except (ValueError, TypeError) as error:
            commas = table["certainty"].astype(str).str.fullmatch(r"\s*\d*,\d+\s*").any()
            hint = " Read decimal commas with pd.read_csv(..., decimal=',')." if commas else ""
            reason = str(error).rstrip(".")
            raise ValueError(f"evidence.certainty must hold numbers: {reason}.{hint}") from None
        bad = (certainty <= 0) | (certainty > 1)
        if bad.any():
            hint = " (a statement of certainty 0 says nothing: drop it)"
            raise ValueError(
                f"evidence.certainty must lie in (0, 1]; got {certainty[bad][0]}"
                f"{hint if certainty[bad][0] == 0 else ''}."
            )
        if np.isnan(certainty).any():
            table = table.assign(certainty=np.where(np.isnan(certainty), 1.0, certainty))
    written: dict[str, Any] = {
        name: _read_cells(table[name], name)
        for name in ("via", "via_types", "type_proba")
        if name in table.columns and pd.api.types.infer_dtype(table[name]) == "string"
    }
    if "doc_id" in table.columns and pd.api.types.is_numeric_dtype(table["doc_id"].dtype):
        codes, numbers = pd.factorize(table["doc_id"])  # documents go by strings
        ids = [str(int(n)) if n == int(n) else str(n) for n in numbers.tolist()]
        written["doc_id"] = string_array(object_array([*ids, None])[codes])
    return table.assign(**written) if written else table


def _read_cells(column: pd.Series, name: str) -> np.ndarray:
    """Return the tuples and mappings of a column that has been through CSV."""
    known: dict[str, Any] = {}
    out = object_array([None] * len(column))
    for row, text in enumerate(column.tolist()):
        if not isinstance(text, str) or not text.strip():
            continue
        if text not in known:
            try:
                known[text] = _read_cell(text)
            except (ValueError, SyntaxError, MemoryError, RecursionError):
                example = "{'witness': 1.0}" if name == "type_proba" else "('example.org',)"
                raise ValueError(
                    f"evidence.{name} must hold {example} and the like, also written as text; got "
                    f"{text!r} in row {row}."
                ) from None
        out[row] = known[text]
    return out


def _read_cell(text: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        value = ast.literal_eval(text.strip())
    if not isinstance(value, list | tuple | dict):
        raise ValueError(text)
    return tuple(value) if isinstance(value, list) else value
