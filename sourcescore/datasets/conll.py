r"""CoNLL: a token a line, blank lines between sentences, columns parted by tabs or blanks.

**One column of roles.** The last column that holds nothing but BIO tags (also BIOES, BILOU) of
roles; the token is in the first column, or the second where the first counts. Sources and contents
join the nearest cue, as `sourcescore.datasets.joining` tells::

    # newdoc id = d1
    He      B-source
    said    B-cue
    so      B-content
    .       O

**A column for each attribution**, as for semantic roles, so that attributions may overlap and nest.
This is what the writer makes::

    # global.columns = ID FORM MISC ROLES
    # newdoc id = d1
    # outlet = example.org
    # claim = {"id": "c1", "claim": "It is so."}
    # attribution = {"id": "1", "type": "hearsay", "claim": "c1"}
    # attribution = {"id": "2", "parent": "1"}
    # text = He said they knew.
    # attributions = ["1", "2"]
    1   He     _              B-source    O
    2   said   _              B-cue       O
    3   they   _              B-content   B-source
    4   knew   SpaceAfter=No  I-content   B-cue
    5   .      SpaceAfter=No  O           O

A sentence has columns only for the attributions that are in it; ``# attributions`` names them. An
id that is there twice has two columns, because two of its pieces overlap. ``I-`` at the start of a
sentence goes on with the piece that ended the sentence before. Without ``# attributions`` several
columns of tags are an attribution each, by sentence. ``ROLES`` stands for these columns.

**The text.** Between two tokens is a blank, unless MISC says ``SpaceAfter=No`` or
``SpacesAfter=\n\n`` (``\s \t \r \n \uXXXX``, ``\p`` for ``|``; there is ``SpacesBefore``, too).
Where MISC says nothing of blanks, the ``# text`` of a sentence is its text, if it is there.
Otherwise blanks it is, and a line end between sentences. A token that is nothing but white space is
written the same way: the edge of a piece was within it.

Documents begin with ``# newdoc id = ...``, ``# newdoc`` or ``-DOCSTART-``; one without an id gets
its number, counted from 0. ``# title, # outlet, # published`` are the document's. A value that
begins with a quotation mark is a JSON string.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import Any

from sourcescore.datasets.corpus import ROLES, Builder, Corpus, checked, located
from sourcescore.datasets.files import encoded, read_text
from sourcescore.datasets.joining import Piece, Roles, infer_parents, join
from sourcescore.text import parse

__all__ = ["read_conll", "write_conll"]

_TAG = re.compile(r"O|[BIESLUM]-\S+")
_OUTSIDE = frozenset("O_")
_COMMENT = re.compile(r"#\s*([\w.]+)(?:\s+(id))?\s*(?:=\s*(.*))?", re.DOTALL)
_COLUMNS = ("ID", "FORM", "MISC", "ROLES")
_DOCUMENT_KEYS = ("title", "outlet", "published")
_ESCAPES = {"s": " ", "t": "\t", "r": "\r", "n": "\n", "p": "|", "\\": "\\"}
_ESCAPE = re.compile(r"\\(?:u([0-9a-f]{4})|([strnp\\]))")
_SPACES_AS_TOKEN = re.compile(r"(?:\\(?:u[0-9a-f]{4}|[strn]))+")
_SPACES = frozenset(("SpaceAfter", "SpacesAfter", "SpacesBefore"))
_SPACE = re.compile(r"\s+")


def read_conll(
    path: str | PathLike[str],
    *,
    labels: Mapping[str, str | None] | None = None,
    encoding: str = "utf-8",
) -> Corpus:
    """Read a file of tokens with BIO tags of roles.

    Parameters
    ----------
    path : str or path
        See the module for the format.
    labels : mapping of str to str or None, optional
        Which tag is ``source``, ``cue`` and ``content``; see `read_jsonl`.
    encoding : str, default="utf-8"

    Returns
    -------
    Corpus

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If a line does not fit the others; the message names file and line.

    See Also
    --------
    write_conll : Write the same.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "one.conll"
    ...     _ = path.write_text("He B-source\\nsaid B-cue\\nso B-content\\n. O\\n")
    ...     corpus = read_conll(path)
    >>> corpus.texts["0"]
    'He said so .'
    >>> corpus.attributions.loc[0, ["source", "cue", "content"]].tolist()
    ['He', 'said', 'so']
    """
    path = Path(path)
    roles = Roles(labels)
    parts, columns = _parse(read_text(path, encoding), path)
    layout = _layout(parts, columns, path)
    builder = Builder()
    for number, part in enumerate(parts):
        with located(f"{path}, line {part.line}"):
            builder.add(_document(part, number, layout, roles, path))
    with located(str(path)):
        roles.check(str(path))
    return builder.corpus()


# ---------------------------------------------------------------------------------------- parsing


@dataclass
class _Sentence:
    rows: list[tuple[int, list[str]]] = field(default_factory=list)
    text: str | None = None
    attributions: list[str] | None = None


@dataclass
class _Part:
    """What the file has of a document; `line` is where it begins."""

    line: int
    about: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, str] = field(default_factory=dict)
    attributions: list[dict[str, Any]] = field(default_factory=list)
    sentences: list[_Sentence] = field(default_factory=list)
    begun: bool = False


def _parse(content: str, path: Path) -> tuple[list[_Part], list[str] | None]:
    parts = [_Part(1)]
    columns: list[str] | None = None
    sentence = _Sentence()

    def end_sentence() -> None:
        nonlocal sentence
        if sentence.rows:
            parts[-1].sentences.append(sentence)
        sentence = _Sentence()

    def begin(line: int, doc_id: str | None) -> None:
        end_sentence()
        if parts[-1].begun or parts[-1].sentences:
            parts.append(_Part(line))
        parts[-1].begun, parts[-1].line = True, line
        if doc_id is not None:
            parts[-1].about["doc"] = doc_id

    for number, line in enumerate(content.split("\n"), start=1):
        line = line.removesuffix("\r")
        if not line.strip(" \t"):
            end_sentence()
            continue
        fields = _fields(line)
        if fields[0] == "-DOCSTART-":
            begin(number, None)
            continue
        comment = _COMMENT.fullmatch(line)
        if not line.startswith("#") or (
            (comment is None or not comment[3]) and len(fields) > 1 and _TAG.fullmatch(fields[-1])
        ):  # the token may be a #
            sentence.rows.append((number, fields))
            continue
        if comment is None:
            continue
        name, is_id, value = comment.groups()
        with located(f"{path}, line {number}"):
            if name == "newdoc":
                begin(number, _value(value) if is_id and value is not None else None)
            elif value is None:
                continue
            elif name == "global.columns":
                columns = value.split()
            elif name == "text":
                sentence.text = value
            elif name == "attributions":
                sentence.attributions = _json(value, list, name)
            elif name == "attribution":
                parts[-1].attributions.append(_json(value, dict, name))
            elif name == "claim":
                claim = _json(value, dict, name)
                parts[-1].claims[claim["id"]] = claim["claim"]
            elif name in _DOCUMENT_KEYS:
                parts[-1].about[name] = _value(value)
    end_sentence()
    return [part for part in parts if part.begun or part.sentences], columns


def _fields(line: str) -> list[str]:
    return line.split("\t") if "\t" in line else [word for word in line.split(" ") if word]


def _json(value: str, kind: type, name: str) -> Any:
    parsed = json.loads(value)
    if not isinstance(parsed, kind):
        shown = "a JSON list" if kind is list else "a JSON object"
        raise ValueError(f"# {name} must be {shown}; got {value[:60]!r}")
    return parsed


def _value(value: str) -> str:
    if value.startswith('"'):
        try:
            return str(json.loads(value))
        except ValueError:
            pass
    return value.strip()


@dataclass(frozen=True)
class _Layout:
    """Which column is what: the columns of tags are ``tags:tags_end``.

    `single` says that a column has the pieces of all attributions, `declared` that the file itself
    says which column is what.
    """

    form: int
    misc: int | None
    tags: int
    tags_end: int | None
    single: bool
    declared: bool


def _layout(parts: list[_Part], columns: list[str] | None, path: Path) -> _Layout:
    sentences = [sentence for part in parts for sentence in part.sentences]
    named = any(sentence.attributions is not None for sentence in sentences)
    if columns is not None and "FORM" in columns and columns[-1] == "ROLES":
        tags = len(columns) - 1
        for line, row in (row for sentence in sentences for row in sentence.rows):
            if len(row) < tags:
                raise ValueError(
                    f"{path}, line {line}: the line has {len(row)} columns; # global.columns names "
                    f"{tags} before those of the roles."
                )
        single = not named and all(len(row) == tags + 1 for s in sentences for _, row in s.rows)
        misc = columns.index("MISC") if "MISC" in columns else None
        return _Layout(columns.index("FORM"), misc, tags, None, single, misc is not None)
    rows = [row for sentence in sentences for row in sentence.rows]
    width = len(rows[0][1]) if rows else 2
    for line, row in rows:
        if len(row) != width or width < 2:
            raise ValueError(
                f"{path}, line {line}: the line has {len(row)} columns, the first one {width}; a "
                "line needs a token and a tag, and all lines as many columns (or a first line "
                "'# global.columns = ID FORM MISC ROLES' where sentences differ)."
            )
    form = int(width > 2 and all(row[0].isdecimal() for _, row in rows))
    cells = list(zip(*(row for _, row in rows), strict=True)) or [()] * width
    kinds = [set(column) for column in cells]
    tagged = [
        i
        for i in range(form + 1, width)
        if all(cell in _OUTSIDE or _TAG.fullmatch(cell) for cell in kinds[i]) and kinds[i] != {"_"}
    ]
    if rows and not tagged:
        raise ValueError(
            f"{path}, line {rows[0][0]}: no column holds nothing but tags (O, B-source, "
            "I-source, ...); the last column should."
        )
    last = tagged[-1] if tagged else form + 1
    first = last
    while first - 1 in tagged:
        first -= 1
    spaced = [
        i for i in range(form + 1, width) if any(_misc(cell) for cell in kinds[i])
    ]  # fmt: skip
    single = first == last and not named
    return _Layout(form, spaced[-1] if spaced else None, first, last + 1, single, False)


def _tags(row: list[str], layout: _Layout) -> list[str]:
    return row[layout.tags : layout.tags_end]


# -------------------------------------------------------------------------- tokens and their pieces


def _document(
    part: _Part, number: int, layout: _Layout, roles: Roles, path: Path
) -> dict[str, Any]:
    text, tokens = _text(part, layout, path)
    runs = _Runs(roles)
    at = 0
    for serial, sentence in enumerate(part.sentences, start=1):
        keys = _keys(sentence, serial, layout)
        for line, row in sentence.rows:
            with located(f"{path}, line {line}"):
                tags = _tags(row, layout)
                if len(tags) != len(keys):
                    raise ValueError(
                        f"the line has {len(tags)} columns of tags, but the sentence "
                        f"{len(keys)} (as # attributions, or else its first line, says)"
                    )
                for key, tag in zip(keys, tags, strict=True):
                    runs.add(key, tag, at, tokens[at])
            at += 1
    document = {"doc": number} | part.about | {"text": text, "claims": part.claims}
    if layout.single:
        pieces = [Piece(str(i), run.role, [run.span]) for i, run in enumerate(runs.found, start=1)]
        return document | {"attributions": join(pieces)}
    entries = [dict(entry) for entry in part.attributions]
    by_id = {str(entry["id"]): entry for entry in entries}
    for run in runs.found:
        if run.key not in by_id:
            by_id[run.key] = {"id": run.key}
            entries.append(by_id[run.key])
        by_id[run.key].setdefault(run.role, []).append(run.span)
    for entry in entries:
        entry |= {role: sorted(entry[role]) for role in ROLES if role in entry}
    if not part.attributions:
        infer_parents(entries)
    return document | {"attributions": entries}


def _keys(sentence: _Sentence, serial: int, layout: _Layout) -> list[str]:
    """The attribution of each column of tags."""
    if layout.single:
        return [""]
    if sentence.attributions is not None:
        return list(map(str, sentence.attributions))
    return [f"{serial}.{i}" for i, _ in enumerate(_tags(sentence.rows[0][1], layout), start=1)]


@dataclass
class _Run:
    """A piece as far as it has been read."""

    key: str
    role: str
    span: tuple[int, int]
    last: int


class _Runs:
    """Puts tagged tokens together to pieces."""

    def __init__(self, roles: Roles) -> None:
        self._roles = roles
        self._open: dict[tuple[str, str], _Run] = {}
        self.found: list[_Run] = []

    def add(self, key: str, tag: str, at: int, span: tuple[int, int]) -> None:
        """Take in the tag that token number `at` has in the column of `key`."""
        if tag in _OUTSIDE:
            return
        prefix, dash, label = tag.partition("-")
        if not (dash and label and prefix in ("B", "I", "E", "S", "L", "U", "M")):
            raise ValueError(
                f"a tag must be O or B-, I- (or E-, S-, L-, U-, M-) and a role; got {tag!r}"
            )
        role = self._roles.of(label)
        if role is None:
            return
        run = self._open.get((key, role))
        if prefix in "IELM" and run is not None and run.last == at - 1:
            run.span, run.last = (run.span[0], span[1]), at
        else:
            run = _Run(key, role, span, at)
            self.found.append(run)
            self._open[key, role] = run
        if prefix in "ESLU":
            del self._open[key, role]


def _text(part: _Part, layout: _Layout, path: Path) -> tuple[str, list[tuple[int, int]]]:
    """The text of a document, and where each of its tokens is."""
    misc = [
        {} if layout.misc is None or layout.misc >= len(row) else _misc(row[layout.misc])
        for sentence in part.sentences
        for _, row in sentence.rows
    ]
    if layout.declared or any(misc):
        return _spaced_text(part, layout, misc)
    chunks: list[str] = []
    tokens: list[tuple[int, int]] = []
    length = 0
    for sentence in part.sentences:
        text = sentence.text
        if text is None:
            text = " ".join(row[layout.form] for _, row in sentence.rows)
        at = 0
        for line, row in sentence.rows:
            form = row[layout.form]
            found = text.find(form, at)
            if found < 0:
                raise ValueError(
                    f"{path}, line {line}: the token {form!r} is not in the rest of # text, "
                    f"{text[at : at + 60]!r}; it must be there as it is."
                )
            at = found + len(form)
            tokens.append((length + found, length + at))
        chunks.append(text)
        length += len(text) + 1
    return "\n".join(chunks), tokens


def _misc(cell: str) -> dict[str, str]:
    pairs = (pair.partition("=") for pair in cell.split("|"))
    return {name: value for name, _, value in pairs if name in _SPACES}


def _spaced_text(
    part: _Part, layout: _Layout, misc: list[dict[str, str]]
) -> tuple[str, list[tuple[int, int]]]:
    chunks: list[str] = []
    tokens: list[tuple[int, int]] = []
    length = 0
    rows = (row for sentence in part.sentences for _, row in sentence.rows)
    for row, said in zip(rows, misc, strict=True):
        form = row[layout.form]
        if _SPACES_AS_TOKEN.fullmatch(form):
            form = _unescaped(form)
        before = _unescaped(said.get("SpacesBefore", ""))
        after = _unescaped(said.get("SpacesAfter", "" if said.get("SpaceAfter") == "No" else " "))
        start = length + len(before)
        tokens.append((start, start + len(form)))
        chunks += (before, form, after)
        length = start + len(form) + len(after)
    return "".join(chunks), tokens


def _unescaped(spaces: str) -> str:
    return _ESCAPE.sub(lambda m: chr(int(m[1], 16)) if m[1] else _ESCAPES[m[2]], spaces)


# ---------------------------------------------------------------------------------------- writing


def write_conll(corpus: Corpus, path: str | PathLike[str]) -> None:
    """Write a corpus as tokens, with a column of BIO tags for each attribution of a sentence.

    Parameters
    ----------
    corpus : Corpus
    path : str or path
        See the module for the format. A file that is there is overwritten.

    Raises
    ------
    ValueError
        If the tables of the corpus do not fit together.

    See Also
    --------
    read_conll : Read the same.

    Notes
    -----
    Nothing is lost but the order of the spans of a piece: they come back sorted, and those that
    overlap as one. A token is cut where a piece begins or ends within it.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import sourcescore as ss
    >>> corpus = ss.datasets.load_articles()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "articles.conll"
    ...     ss.datasets.write_conll(corpus, path)
    ...     ss.datasets.read_conll(path)
    Corpus(64 texts, 1573 attributions, 439 claims)
    """
    chunks = [f"# global.columns = {' '.join(_COLUMNS)}\n"]
    for document in checked(corpus):
        chunks += (f"{line}\n" for line in _lines(document))
    Path(path).write_bytes(encoded("".join(chunks)))


def _lines(document: dict[str, Any]) -> Iterator[str]:
    yield f"# newdoc id = {_shown(document['doc'])}"
    for name in _DOCUMENT_KEYS:
        if name in document:
            yield f"# {name} = {_shown(document[name])}"
    for key, claim in document.get("claims", {}).items():
        yield f"# claim = {_dumped({'id': key, 'claim': claim})}"
    pieces = []
    for entry in document["attributions"]:
        labels = {key: value for key, value in entry.items() if key not in (*ROLES, "sentence")}
        yield f"# attribution = {_dumped(labels)}"
        pieces.append([(s, e, role) for role in ROLES for s, e in _united(entry[role])])
    text = document["text"]
    tokens, sentences = _tokens(text, pieces)
    starts = [start for start, *_ in tokens]
    sentence_of = [i for i, (first, last) in enumerate(sentences) for _ in range(first, last)]
    columns: list[dict[tuple[int, int], dict[int, str]]] = [{} for _ in sentences]
    for i, own in enumerate(pieces):
        for j, start, end, role in _in_columns(own):
            prefix = "B"
            for at in range(bisect_left(starts, start), bisect_left(starts, end)):
                columns[sentence_of[at]].setdefault((i, j), {})[at] = f"{prefix}-{role}"
                prefix = "I"
    for (first, last), tags in zip(sentences, columns, strict=True):
        begin, end = tokens[first][0], tokens[last - 1][1]
        yield f"# text = {_SPACE.sub(' ', text[begin:end]).strip()}"
        shown = sorted(tags)
        ids = [document["attributions"][i]["id"] for i, _ in shown]
        yield f"# attributions = {_dumped(ids)}"
        for number, at in enumerate(range(first, last), start=1):
            start, end, after = tokens[at]
            form = text[start:end]
            form = _escaped(form) if _SPACE.fullmatch(form) else form
            misc = {"": "SpaceAfter=No", " ": "_"}.get(after, f"SpacesAfter={_escaped(after)}")
            yield "\t".join([str(number), form, misc, *(tags[key].get(at, "O") for key in shown)])
        yield ""


def _shown(value: str) -> str:
    """A value of a comment as it is, or as a JSON string where it would not come back."""
    plain = value and value == value.strip() and value.isprintable() and not value.startswith('"')
    return value if plain else _dumped(value)


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _escaped(spaces: str) -> str:
    names = {space: name for name, space in _ESCAPES.items()}
    return "".join(f"\\{names[c]}" if c in names else f"\\u{ord(c):04x}" for c in spaces)


def _united(spans: list[list[int]]) -> list[tuple[int, int]]:
    """Spans in order, those that overlap as one."""
    united: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if united and start < united[-1][1]:
            united[-1] = united[-1][0], max(end, united[-1][1])
        else:
            united.append((start, end))
    return united


def _in_columns(pieces: list[tuple[int, int, str]]) -> Iterator[tuple[int, int, int, str]]:
    """The pieces of an attribution with a column for each, so that none overlap in a column."""
    ends: list[int] = []
    for start, end, role in sorted(pieces):
        column = next((j for j, last in enumerate(ends) if last <= start), len(ends))
        ends[column : column + 1] = [end]
        yield column, start, end, role


def _tokens(
    text: str, pieces: list[list[tuple[int, int, str]]]
) -> tuple[list[tuple[int, int, str]], list[tuple[int, int]]]:
    """The tokens with the white space after each, and the range of the tokens of each sentence."""
    begins = {start for own in pieces for start, _, _ in own}
    ends = {end for own in pieces for _, end, _ in own}
    document = parse(text)
    cuts = sorted(
        {0, len(text), *document.starts.tolist(), *document.ends.tolist(), *begins, *ends}
    )
    sentence_starts = [start for start, _ in document.sentence_spans[1:]]
    tokens: list[tuple[int, int, str]] = []
    sentences: list[tuple[int, int]] = []
    first = 0
    for start, end in pairwise(cuts):
        if len(sentences) < len(sentence_starts) and start >= sentence_starts[len(sentences)]:
            sentences.append((first, len(tokens)))
            first = len(tokens)
        space = _SPACE.fullmatch(text, start, end)
        if space and tokens and start not in begins and end not in ends:
            before = tokens[-1]
            tokens[-1] = (before[0], before[1], before[2] + space.group())
        else:
            tokens.append((start, end, ""))
    if len(tokens) > first:
        sentences.append((first, len(tokens)))
    return tokens, sentences
