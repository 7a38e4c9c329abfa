"""JSON lines: our own layout, and the exports of Prodigy, doccano and Label Studio.

In our own layout a line is a document::

    {"doc": "id", "text": "...", "title": "...", "outlet": "...", "published": "2025-03-14",
     "claims": {"c1": "a claim in one sentence"},
     "attributions": [{"id": 1, "parent": null, "source": [[0, 7]], "cue": [[8, 12]],
                       "content": [[13, 40]], "kind": "named_official", "stance": "asserts",
                       "type": "named_official", "source_name": "...", "claim": "c1",
                       "claim_stance": "supports"}]}

Only ``doc``, ``text`` and the ``id`` of an attribution are required. Offsets are Python string
offsets, half open. A document with one claim may give it as ``"claim": "..."``, which is its c1.
Further keys of an attribution that hold a string or a number are labels of your own; they become
columns of strings.

The layouts of the tools are described in `sourcescore.datasets.tools`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO

from sourcescore.datasets.corpus import Builder, Corpus, checked, located
from sourcescore.datasets.files import decoded
from sourcescore.datasets.joining import Roles
from sourcescore.datasets.tools import LAYOUTS, Layout, recognise

__all__ = ["read_jsonl", "write_jsonl"]

OWN = "sourcescore"

_SPACE = re.compile(r"[ \t\r\n]*")


def read_jsonl(
    path: str | PathLike[str],
    *,
    labels: Mapping[str, str | None] | None = None,
    predictions: bool = False,
) -> Corpus:
    """Read annotated documents from a JSON lines file, or a file with a JSON array.

    The layout is recognised from the keys of the first document: our own, or an export of Prodigy
    (spans, relations), doccano (labels, or entities and relations) or Label Studio (JSON or
    JSON_MIN).

    Parameters
    ----------
    path : str or path
        See the module for the format, and `sourcescore.datasets.tools` for those of the tools.
    labels : mapping of str to str or None, optional
        For the tools: which label is ``source``, ``cue`` and ``content``, for example
        ``{"SPEAKER": "source"}``. The names of the roles themselves and some synonyms (speaker,
        verb, quote, quotation, statement) are known; upper and lower case are the same. Any other
        label (or relation) is left out with a warning, or without one if it is mapped to None.
    predictions : bool, default=False
        For Label Studio: read the predictions of tasks that nobody has annotated, such as those
        that `write_jsonl` makes. Otherwise these tasks are left out, with a warning.

    Returns
    -------
    Corpus

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    TypeError
        If `labels` is no mapping.
    ValueError
        If a line is not a document of the file's layout, or the file is of none of the layouts;
        the message names file and line.

    Warns
    -----
    UserWarning
        If something that a tool says was left out: labels that are no role, relations that tie
        nothing, tasks of Label Studio with predictions alone, all annotations of a task but one,
        labels of a whole text.

    See Also
    --------
    write_jsonl : Write the same.

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

    An export of doccano:

    >>> spans = [[0, 2, "SPEAKER"], [3, 7, "VERB"], [8, 10, "QUOTE"]]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "doccano.jsonl"
    ...     _ = path.write_text(json.dumps({"id": 7, "text": "He said so.", "label": spans}))
    ...     corpus = read_jsonl(path)
    >>> corpus.attributions.loc[0, ["doc_id", "source", "cue", "content"]].tolist()
    ['7', 'He', 'said', 'so']
    """
    path = Path(path)
    roles = Roles(labels)
    builder = Builder()
    layout: Layout | None = None
    known = False
    with path.open("rb") as file:
        for number, (place, value) in enumerate(_values(file, path)):
            with located(place):
                entry = value()
                if not known:
                    layout, known = recognise(entry, predictions=predictions), True
                document = entry if layout is None else layout.read(entry, number, roles)
                if document is not None:
                    builder.add(document)
    with located(str(path)):
        roles.check(str(path))
    return builder.corpus()


def _values(file: BinaryIO, path: Path) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Where each value of the file is, and a function that parses it."""
    started = False
    for number, raw in enumerate(file, start=1):
        line = raw.removeprefix(b"\xef\xbb\xbf")
        if not line.strip():
            continue
        if not started and line.lstrip().startswith(b"["):
            yield from _array(line + file.read(), number, path)
            return
        started = True
        yield f"{path}, line {number}", partial(_parsed, line)


def _parsed(line: bytes) -> Any:
    return json.loads(line.decode("utf-8"))


def _array(content: bytes, first: int, path: Path) -> Iterator[tuple[str, Callable[[], Any]]]:
    """The values of a JSON array, each parsed by itself so that its line is known."""
    text = decoded(content, "utf-8", str(path))
    decoder = json.JSONDecoder()
    at, line, counted = text.index("[") + 1, first, 0
    expected = "a document"
    while True:
        at = _SPACE.match(text, at).end()  # type: ignore[union-attr]
        line += text.count("\n", counted, at)
        counted = at
        place = f"{path}, line {line}"
        mark = text[at : at + 1]
        if mark == "]":
            return
        with located(place):
            if expected == "a comma":
                if mark != ",":
                    raise ValueError("the JSON array is not closed: a comma or ] is missing here")
                at, expected = at + 1, "a document"
                continue
            value, at = decoder.raw_decode(text, at)
        expected = "a comma"
        yield place, partial(_same, value)


def _same(value: Any) -> Any:
    return value


def write_jsonl(corpus: Corpus, path: str | PathLike[str], *, layout: str = "sourcescore") -> None:
    """Write a corpus as JSON lines, in our own layout or in that of an annotation tool.

    Parameters
    ----------
    corpus : Corpus
        `Corpus.from_tables` makes one of a report's tables.
    path : str or path
        A file that is there is overwritten.
    layout : {"sourcescore", "prodigy", "doccano", "label-studio"}, default="sourcescore"
        Our own keeps everything an annotator says. The tools get spans, relations and labels to
        correct (Label Studio, as one JSON array, as predictions); claims do not go with them. In
        doccano, which has no labels on spans, a label is a span of its own, ``type=witness``;
        `source_name` does not go there, as each name would be a label of the project.

    Raises
    ------
    ValueError
        If there is no such layout, or the tables of the corpus do not fit together.

    See Also
    --------
    read_jsonl : Read the same.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import sourcescore as ss
    >>> corpus = ss.datasets.load_articles()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "articles.jsonl"
    ...     ss.datasets.write_jsonl(corpus, path)
    ...     ss.datasets.read_jsonl(path)
    Corpus(64 texts, 1573 attributions, 439 claims)
    """
    if layout != OWN and layout not in LAYOUTS:
        known = ", ".join(map(repr, (OWN, *LAYOUTS)))
        raise ValueError(f"layout must be one of {known}; got {layout!r}.")
    write = _own if layout == OWN else LAYOUTS[layout].write
    lines = [_line(write(document)) for document in checked(corpus)]
    if layout == "label-studio":
        content = b"[\n" + b",\n".join(lines) + b"\n]\n"
    else:
        content = b"".join(line + b"\n" for line in lines)
    Path(path).write_bytes(content)


def _own(document: dict[str, Any]) -> dict[str, Any]:
    for entry in document["attributions"]:
        entry.pop("sentence", None)  # the text has it
    return document


def _line(value: Any) -> bytes:
    try:
        return json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # lone surrogates need JSON's own escapes
        return json.dumps(value).encode()
