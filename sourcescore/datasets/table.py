"""CSV: an attribution a row.

========================================  ==========================================================
column                                    what
========================================  ==========================================================
source, cue, content                      the pieces; any of them may be empty or missing
source_spans, cue_spans, content_spans    their offsets in the text, as JSON: ``[[0, 7]]``
doc_id, attribution_id, parent_id         ids; rows without a doc_id that have the same text are of
                                          one document
text, or sentence                         what the pieces are in; the text of a document may stand
                                          in one of its rows only
type, kind, stance, source_name           labels
claim_id, claim, claim_stance             the claim: its id, its text, what the attribution says of
                                          it; rows with the same text have the same claim
title, outlet, published                  what is known of the document
any other                                 a label of your own, which becomes a column of strings
========================================  ==========================================================

The pieces are looked for in the text where there are no spans: of several places the one where
they are closest together. Where there is no text, the sentences of a document are its text, a line
each; a row without a sentence stands with ``source cue content`` for one. A row with no piece, id
or label is a document (or a claim of one) without attributions.

Commas, semicolons or tabs part the columns; an empty cell is a missing label. What a model computes
anew (``source_id, type_proba, stance_proba, certainty, via``) is not read.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import Any

from sourcescore.datasets.corpus import LABELS, ROLES, Builder, Corpus, checked, located
from sourcescore.datasets.files import encoded, read_text
from sourcescore.datasets.offsets import spans_from_text
from sourcescore.datasets.pieces import PieceFinder
from sourcescore.tables import ATTRIBUTION_COLUMNS

__all__ = ["read_csv", "write_csv"]

_DOCUMENT_COLUMNS = ("title", "outlet", "published")
_COLUMNS = frozenset(
    (*ATTRIBUTION_COLUMNS, *LABELS, *_DOCUMENT_COLUMNS, "text", "claim", "claim_id")
)
_NOT_READ = frozenset(("source_id", "type_proba", "stance_proba", "certainty", "via", ""))
_NO_LABEL = frozenset(
    (*ROLES, *(f"{role}_spans" for role in ROLES), "doc_id", "attribution_id", "parent_id", "text",
     "sentence", "claim_id", "claim", *_DOCUMENT_COLUMNS)
)  # fmt: skip
_LONGEST_CELL = 2**31 - 1


def read_csv(
    path: str | PathLike[str],
    *,
    encoding: str = "utf-8",
    type_column: str = "type",
) -> Corpus:
    """Read a CSV or TSV file with an attribution a row.

    Parameters
    ----------
    path : str or path
        See the module for the columns.
    encoding : str, default="utf-8"
        For example ``"cp1252"`` for a file of an older spreadsheet.
    type_column : str, default="type"
        The column with the label that a classifier is to learn.

    Returns
    -------
    Corpus

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If a column is missing, a piece is not in its text, or a cell cannot be read; the message
        names file and row, the header being row 1.

    See Also
    --------
    write_csv : Write the same.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "labels.csv"
    ...     _ = path.write_text(
    ...         "source,cue,content,sentence,label\\n"
    ...         "He,said,it rained,Yesterday he left. He said it rained.,hearsay\\n"
    ...     )
    ...     corpus = read_csv(path, type_column="label")
    >>> corpus.attributions.loc[0, ["source_spans", "content_spans", "type"]].tolist()
    [[(19, 21)], [(27, 36)], 'hearsay']
    """
    path = Path(path)
    header, rows = _rows(read_text(path, encoding), path)
    _check_header(header, path, type_column)
    documents: dict[Any, _Document] = {}
    for number, row in rows:
        place = f"{path}, row {number}"
        with located(place):
            if type_column != "type":
                row["type"] = row.pop(type_column)
            text = row.get("text") or row.get("sentence") or number
            key = (row.get("doc_id"), None if row.get("doc_id") else text)
            if key not in documents:
                documents[key] = _Document(row.get("doc_id") or str(len(documents)))
            documents[key].add(row, place)
    builder = Builder()
    for document in documents.values():
        with located(document.places[0]):
            builder.add(*document.built())
    return builder.corpus()


def _rows(content: str, path: Path) -> tuple[list[str], Iterator[tuple[int, dict[str, str]]]]:
    first_line = content[: content.find("\n")] if "\n" in content else content
    delimiter = max(",;\t", key=first_line.count)
    with _long_cells(), located(str(path)):
        table = list(csv.reader(io.StringIO(content, newline=""), delimiter=delimiter))
    if not table:
        return [], iter(())
    header = [_name(name) for name in table[0]]
    return header, _records(header, table, path)


def _records(
    header: list[str], table: list[list[str]], path: Path
) -> Iterator[tuple[int, dict[str, str]]]:
    for number, cells in enumerate(table[1:], start=2):
        if not any(cells):
            continue
        if len(cells) > len(header):
            raise ValueError(
                f"{path}, row {number}: the row has {len(cells)} cells, the header {len(header)}; "
                "put a cell with a comma, a quotation mark or a line end between quotation marks."
            )
        yield number, {name: cell for name, cell in zip(header, cells, strict=False) if name}


def _name(name: str) -> str:
    """A column's name: ours where it is one of ours, however written."""
    plain = name.strip().casefold().replace(" ", "_")
    plain = {"doc": "doc_id", "id": "attribution_id", "parent": "parent_id"}.get(plain, plain)
    return plain if plain in _COLUMNS else name.strip()


@contextmanager
def _long_cells() -> Iterator[None]:
    """Let a cell be as long as a text can be."""
    before = csv.field_size_limit(_LONGEST_CELL)
    try:
        yield
    except csv.Error as error:
        raise ValueError(f"this is no CSV: {error}") from None
    finally:
        csv.field_size_limit(before)


def _check_header(header: list[str], path: Path, type_column: str) -> None:
    if not header:
        return
    have = ", ".join(name or "''" for name in header)
    twice = [name for i, name in enumerate(header) if name and name in header[:i]]
    if twice:
        raise ValueError(f"{path}, row 1: the column {twice[0]} is there twice; rename one.")
    if type_column not in header and type_column != "type":
        raise ValueError(f"{path}, row 1: there is no column {type_column!r}; there are {have}.")
    if type_column != "type" and "type" in header:
        raise ValueError(
            f"{path}, row 1: the types are in {type_column!r}, but there is a column type, too; "
            "rename one."
        )
    if not {"text", "sentence", *ROLES} & set(header):
        raise ValueError(
            f"{path}, row 1: the header must name the columns source, cue, content (and text or "
            f"sentence); it has {have}."
        )


class _Document:
    """The rows of one document."""

    def __init__(self, doc_id: str) -> None:
        self.doc_id = doc_id
        self.rows: list[dict[str, str]] = []
        self.places: list[str] = []
        self._about: dict[str, str] = {}

    def add(self, row: dict[str, str], place: str) -> None:
        for name in ("text", *_DOCUMENT_COLUMNS):
            value = row.get(name)
            if value and self._about.setdefault(name, value) != value:
                raise ValueError(
                    f"the document {self.doc_id!r} has another {name} in a row before; give it "
                    "once, or the rows doc_ids of their own"
                )
        self.rows.append(row)
        self.places.append(place)

    def built(self) -> tuple[dict[str, Any], list[str]]:
        """The document in the layout of our JSON lines, and where each attribution stands."""
        text = self._about.get("text")
        finders: dict[int, PieceFinder] = {}
        starts: dict[str, int] = {}  # where each sentence begins, where they make the text
        if text is None:
            parts = dict.fromkeys(map(_sentence, self.rows))
            parts.pop("", None)
            length = 0
            for part in parts:
                starts[part] = length
                length += len(part) + 1
            text = "\n".join(parts)
        claims: dict[str, str] = {}
        ids: dict[str, str] = {}  # claims by their text
        entries: list[dict[str, Any]] = []
        places: list[str] = []
        for row, place in zip(self.rows, self.places, strict=True):
            with located(place):
                claim = _claim(row, claims, ids)
                labels = {
                    name: value
                    for name, value in row.items()
                    if value and name not in _NO_LABEL and name not in _NOT_READ
                }
                given = [*ROLES, *(f"{role}_spans" for role in ROLES), "attribution_id"]
                if not labels and not any(row.get(name) for name in given):
                    continue
                own = _sentence(row)
                at = starts.get(own, 0)
                if at not in finders:
                    finders[at] = PieceFinder(own if starts else text)
                entry: dict[str, Any] = {
                    "id": row.get("attribution_id") or str(len(entries) + 1)
                } | labels
                entry |= _spans(row, finders[at], at, has_text=not starts)
                for name in ("sentence", "parent_id"):
                    if row.get(name):
                        entry[name.removesuffix("_id")] = row[name]
                if claim is not None:
                    entry["claim"] = claim
                if starts and not row.get("sentence"):
                    entry["sentence"] = own
                entries.append(entry)
                places.append(place)
        document = {"doc": self.doc_id} | self._about | {"text": text, "claims": claims}
        return document | {"attributions": entries}, places


def _sentence(row: dict[str, str]) -> str:
    pieces = (row.get(role, "").strip() for role in ROLES)
    return row.get("sentence") or " ".join(filter(None, pieces))


def _claim(row: dict[str, str], claims: dict[str, str], ids: dict[str, str]) -> str | None:
    """The id of a row's claim; its text is taken into `claims`."""
    key, text = row.get("claim_id"), row.get("claim")
    if not key and not text:
        return None
    if not key:
        key = ids.get(text or "") or next(
            f"c{i}" for i in range(len(claims) + 1, 2 * len(claims) + 2) if f"c{i}" not in claims
        )
    before = claims.setdefault(key, text or key)
    if text and before not in (text, key):
        raise ValueError(f"the claim {key!r} has another text in a row before: {before!r}")
    if text:
        claims[key] = text
        ids.setdefault(text, key)
    return key


def _spans(
    row: dict[str, str], finder: PieceFinder, offset: int, *, has_text: bool
) -> dict[str, list[list[int]]]:
    given = {role: row[f"{role}_spans"] for role in ROLES if row.get(f"{role}_spans")}
    if given and not has_text:
        name = f"{next(iter(given))}_spans"
        raise ValueError(f"{name} counts in the text of the document; give that in a column text")
    spans = {role: _parsed_spans(f"{role}_spans", value) for role, value in given.items()}
    looked_for = {role: row.get(role, "") for role in ROLES if role not in given}
    for role, (start, end) in finder.find(looked_for).items():
        spans[role] = [[start + offset, end + offset]]
    return spans


def _parsed_spans(name: str, value: str) -> Any:
    try:
        return spans_from_text(value)
    except ValueError:
        raise ValueError(f"{name} must be JSON such as [[0, 7]]; got {value[:60]!r}") from None


def write_csv(corpus: Corpus, path: str | PathLike[str]) -> None:
    """Write a corpus as a CSV file in UTF-8, an attribution a row.

    Parameters
    ----------
    corpus : Corpus
    path : str or path
        A file that is there is overwritten. The text of a document, its title, outlet and date
        stand in its first row; a document or claim without an attribution has a row of its own.

    Raises
    ------
    ValueError
        If the tables of the corpus do not fit together.

    See Also
    --------
    read_csv : Read the same.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import sourcescore as ss
    >>> corpus = ss.datasets.load_articles()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "articles.csv"
    ...     ss.datasets.write_csv(corpus, path)
    ...     ss.datasets.read_csv(path)
    Corpus(64 texts, 1573 attributions, 439 claims)
    """
    rows = [row for document in checked(corpus) for row in _written(document)]
    first = ["doc_id", "attribution_id", "parent_id", *ROLES, "kind", "type", "stance"]
    first += ["source_name", "claim_id", "claim", "claim_stance"]
    last = [*(f"{role}_spans" for role in ROLES), "sentence", *_DOCUMENT_COLUMNS, "text"]
    there = {name: None for row in rows for name in row}
    needed = {"doc_id", *ROLES, "text"}
    header = [name for name in first if name in there or name in needed]
    header += [name for name in there if name not in first and name not in last]
    header += [name for name in last if name in there or name in needed]
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, header, restval="")
    writer.writeheader()
    writer.writerows(rows)
    Path(path).write_bytes(encoded(out.getvalue()))


def _written(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    text = document["text"]
    claims = document.get("claims", {})
    rows: list[dict[str, Any]] = []
    named = set()
    for entry in document["attributions"]:
        row = {"attribution_id": entry.pop("id")}
        if "parent" in entry:
            row["parent_id"] = entry.pop("parent")
        for role in ROLES:
            spans = entry.pop(role)
            row[role] = " ".join(text[start:end] for start, end in spans)
            row[f"{role}_spans"] = json.dumps(spans) if spans else ""
        if "claim" in entry:
            row["claim_id"] = entry.pop("claim")
            row["claim"] = claims[row["claim_id"]]
            named.add(row["claim_id"])
        rows.append(row | entry)
    rows += [{"claim_id": key, "claim": claim} for key, claim in claims.items() if key not in named]
    rows = rows or [{}]
    rows[0] |= {key: document[key] for key in ("text", *_DOCUMENT_COLUMNS) if key in document}
    return ({"doc_id": document["doc"]} | row for row in rows)
