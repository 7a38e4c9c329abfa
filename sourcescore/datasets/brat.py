"""brat's standoff format: a folder of ``name.txt`` and ``name.ann``.

====  =================================  =========================================================
line  for example                        what it is here
====  =================================  =========================================================
T     ``T2 content 9 11;20 26 so ...``   a piece, where its type is a role; several spans are one
                                         discontinuous piece
E     ``E1 cue:T1 source:T2 parent:E3``  an attribution: the trigger is its cue, unless its type is
                                         another role; arguments by their name, or by the type of
                                         the piece; ``parent`` is the attribution around it
R     ``R1 says Arg1:T2 Arg2:T1``        ties pieces (see `sourcescore.datasets.joining`);
                                         ``parent`` ties events, too
A, M  ``A1 type E1 witness``             a label of an attribution or of a piece: ``type, stance,
                                         kind, source_name, claim_stance`` or one of your own; one
                                         without a value is ``true``
N     ``N1 Reference T2 W:1 Jane Roe``   the source_name: the text, or the entry where there is none
#     ``#1 AnnotatorNotes E1 ...``       the label ``note``
\\*    ``* Equiv T1 T2``                  not read
====  =================================  =========================================================

The id of an attribution is that of its event, else that of its cue (or of what stands for it), the
id of a document its path below the folder, without the suffix.

The writer makes an event of each attribution, its trigger being the cue, else the content, else
the source. What brat has no place for is JSON in a note of the type ``Sourcescore``: labels that
are more than one word, the old id, and, with the target ``document``, id, title, outlet, date and
claims of the document.

Offsets count characters of the ``.txt`` file. Where the text of a T line shows that its tool
counted UTF-16 units, or Windows line ends as one character, so do we.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from os import PathLike
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sourcescore.datasets.corpus import ROLES, Builder, Corpus, checked, located
from sourcescore.datasets.files import encoded, read_text
from sourcescore.datasets.joining import Piece, Roles, is_parent, join, label_name, named_claims
from sourcescore.datasets.offsets import MismatchError, settle

__all__ = ["read_brat", "write_brat"]

_NOTE = "Sourcescore"
_WORD = re.compile(r"[^\s\ud800-\udfff]+")
_LINE_END = re.compile(r"[\r\n\t]")
_NUMBER_AT_END = re.compile(r"\d+$")
_LONGEST_NAME = 255 - len(".ann")
_SHORT_NAME = 100
_CUT_ESCAPE = re.compile(r"%.?$")
# what Windows takes for a device, whatever the ending
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d) *(\.|$)", re.IGNORECASE)
_TRIGGERS = ("cue", "content", "source")


def read_brat(
    path: str | PathLike[str],
    *,
    labels: Mapping[str, str | None] | None = None,
    encoding: str = "utf-8",
) -> Corpus:
    """Read a folder of brat's ``.txt`` and ``.ann`` files, or one ``.ann`` file.

    Parameters
    ----------
    path : str or path
        Folders below it are read too. A ``.txt`` without an ``.ann`` was not annotated and is left
        out.
    labels : mapping of str to str or None, optional
        Which type of piece (or argument of an event) is ``source``, ``cue`` and ``content``, beside
        the names of the roles, and None for what is to be left out without a warning; see
        `read_jsonl`.
    encoding : str, default="utf-8"

    Returns
    -------
    Corpus

    Raises
    ------
    FileNotFoundError
        If there is no such file or folder, or an ``.ann`` has no ``.txt``.
    ValueError
        If a line is none of brat's, or does not fit the text; the message names file and line.

    Warns
    -----
    UserWarning
        If types of pieces are no role, or relations tie nothing, and were left out.

    See Also
    --------
    write_brat : Write the same.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "one.txt").write_text("He said so.")
    ...     _ = (Path(folder) / "one.ann").write_text(
    ...         "T1\\tsource 0 2\\tHe\\nT2\\tcue 3 7\\tsaid\\nT3\\tcontent 8 10\\tso\\n"
    ...         "R1\\tsays Arg1:T1 Arg2:T2\\nA1\\ttype T2 hearsay\\n"
    ...     )
    ...     corpus = read_brat(folder)
    >>> corpus.attributions.loc[0, ["doc_id", "source", "cue", "content", "type"]].tolist()
    ['one', 'He', 'said', 'so', 'hearsay']
    """
    path = Path(path)
    if path.is_dir():
        files = sorted(path.rglob("*.ann"))
        names = [file.relative_to(path).as_posix() for file in files]
    elif path.suffix == ".ann" and path.exists():
        files, names = [path], [path.name]
    elif path.exists():
        raise ValueError(f"{path} is neither a folder nor an .ann file of brat.")
    else:
        raise FileNotFoundError(2, "no such file or folder", str(path))
    roles = Roles(labels)
    builder = Builder()
    for file, name in zip(files, names, strict=True):
        text_file = file.with_suffix(".txt")
        if not text_file.exists():
            raise FileNotFoundError(2, f"{file.name} lacks the text it is about", str(text_file))
        text = read_text(text_file, encoding)
        annotations = _parse(read_text(file, encoding), file)
        with located(str(file)):
            builder.add(*_document(annotations, text, name.removesuffix(".ann"), roles))
    with located(str(path)):
        roles.check(str(path))
    return builder.corpus()


# ---------------------------------------------------------------------------------------- reading


@dataclass
class _Annotations:
    """The lines of an ``.ann`` file, by kind; a place is a line of the file."""

    places: dict[str, str] = field(default_factory=dict)
    pieces: dict[str, tuple[str, list[tuple[int, int]], str | None]] = field(default_factory=dict)
    events: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    relations: list[tuple[str, str, str]] = field(default_factory=list)
    labels: dict[str, dict[str, str]] = field(default_factory=dict)
    notes: dict[str, dict[str, Any]] = field(default_factory=dict)


def _parse(content: str, file: Path) -> _Annotations:
    found = _Annotations()
    for number, line in enumerate(content.split("\n"), start=1):
        line = line.removesuffix("\r")
        if not line.strip() or line.startswith("*"):
            continue
        place = f"{file}, line {number}"
        with located(place):
            key, *fields = line.split("\t")
            read = _READERS.get(key[:1])
            if read is None or not fields:
                raise ValueError(
                    f"{line[:60]!r} is no line of brat: an id of T, E, R, A, M, N or # and a "
                    "number, a tab, and what it says"
                )
            if key in found.places:
                raise ValueError(f"the id {key} is there twice, before in {found.places[key]}")
            if key[:1] != "#":
                found.places[key] = place
            read(found, key, fields)
    return found


def _read_piece(found: _Annotations, key: str, fields: list[str]) -> None:
    label, _, offsets = fields[0].strip().partition(" ")
    spans = []
    for fragment in offsets.split(";"):
        numbers = fragment.split()
        if len(numbers) != 2 or not all(n.isascii() and n.isdigit() for n in numbers):
            raise ValueError(
                f"{key} must have a type and offsets such as 'source 0 5' or 'source 0 5;9 12'; "
                f"got {fields[0]!r}"
            )
        spans.append((int(numbers[0]), int(numbers[1])))
    found.pieces[key] = label, spans, "\t".join(fields[1:]) if len(fields) > 1 else None


def _read_event(found: _Annotations, key: str, fields: list[str]) -> None:
    found.events[key] = _arguments(key, fields[0].split())


def _read_relation(found: _Annotations, key: str, fields: list[str]) -> None:
    name, *ends = fields[0].split() or [""]
    arguments = _arguments(key, ends)
    if len(arguments) != 2:
        raise ValueError(f"{key} must tie two pieces, as 'says Arg1:T1 Arg2:T2'; got {fields[0]!r}")
    found.relations.append((arguments[0][1], arguments[1][1], name))


def _arguments(key: str, words: list[str]) -> list[tuple[str, str]]:
    pairs = [word.rpartition(":") for word in words]
    if not pairs or not all(name and target for name, _, target in pairs):
        raise ValueError(f"{key} must have arguments such as 'cue:T1'; got {' '.join(words)!r}")
    return [(name, target) for name, _, target in pairs]


def _read_attribute(found: _Annotations, key: str, fields: list[str]) -> None:
    name, _, rest = fields[0].strip().partition(" ")
    target, _, value = rest.strip().partition(" ")
    if not target:
        raise ValueError(
            f"{key} must have a name and an id, as 'type T1 witness'; got {fields[0]!r}"
        )
    found.labels.setdefault(target, {})[label_name(name)] = value.strip() or "true"


def _read_normalisation(found: _Annotations, key: str, fields: list[str]) -> None:
    words = fields[0].split()
    if len(words) != 3:
        raise ValueError(f"{key} must be as 'Reference T1 DB:ID', a tab, a name; got {fields[0]!r}")
    name = "\t".join(fields[1:]).strip() or words[2].partition(":")[2]
    found.labels.setdefault(words[1], {}).setdefault("source_name", name)


def _read_note(found: _Annotations, key: str, fields: list[str]) -> None:
    kind, _, target = fields[0].strip().partition(" ")
    note = "\t".join(fields[1:])
    if kind == _NOTE:
        value = json.loads(note)
        if not isinstance(value, dict):
            raise ValueError(
                f"a note of the type {_NOTE} must hold a JSON object; got {note[:60]!r}"
            )
        found.notes[target] = value
    elif note.strip():
        own = found.labels.setdefault(target, {})
        own["note"] = f"{own['note']}\n{note}" if "note" in own else note


_READERS: dict[str, Callable[[_Annotations, str, list[str]], None]] = {
    "T": _read_piece,
    "E": _read_event,
    "R": _read_relation,
    "A": _read_attribute,
    "M": _read_attribute,
    "N": _read_normalisation,
    "#": _read_note,
}


def _document(
    found: _Annotations, text: str, name: str, roles: Roles
) -> tuple[dict[str, Any], list[str]]:
    """A document in the layout of our JSON lines, and where each attribution stands."""
    keys = list(found.pieces)
    try:
        text, settled = settle(text, [found.pieces[key][1:] for key in keys])
    except MismatchError as error:
        with located(found.places[keys[error.index]]):
            raise
    spans = dict(zip(keys, settled, strict=True))
    for key in keys:
        for start, end in spans[key]:
            if not 0 <= start < end <= len(text):
                with located(found.places[key]):
                    raise ValueError(
                        f"{key} has the span {start} {end}; a span needs 0 <= start < end <= "
                        f"{len(text)}, the length of the text"
                    )
    entries, used = _events(found, spans, roles)
    pieces = []
    for key, (label, _, _) in found.pieces.items():
        role = None if key in used else roles.of(label)
        if role is not None:
            own = found.labels.get(key, {}) | found.notes.get(key, {})
            pieces.append(Piece(key, role, spans[key], own))
    events = {entry["id"]: entry for entry in entries}
    tied = []
    for relation in found.relations:
        inner, outer, kind = relation
        if is_parent(kind) and inner != outer and {inner, outer} <= events.keys():
            events[inner]["parent"] = outer
        else:
            tied.append(relation)
    entries += join(pieces, tied, roles)
    line = {key: number for number, key in enumerate(found.places)}
    entries.sort(key=lambda entry: line[entry["id"]])
    places = [found.places[entry["id"]] for entry in entries]
    old = {entry["id"]: str(entry.pop("_id", entry["id"])) for entry in entries}
    for entry in entries:
        entry["id"] = old[entry["id"]]
        if "parent" in entry:
            entry["parent"] = old.get(entry["parent"], entry["parent"])
    about = found.notes.get("document", {})
    claims = about.get("claims", {})
    if isinstance(claims, dict):
        claims = named_claims(entries) | claims
    own = {"text": text, "claims": claims, "attributions": entries}
    return {"doc": name} | about | own, places


def _events(
    found: _Annotations, spans: dict[str, list[tuple[int, int]]], roles: Roles
) -> tuple[list[dict[str, Any]], set[str]]:
    """The attributions that are events, and the pieces they are made of."""
    entries = []
    used: set[str] = set()
    for key, ((trigger_name, trigger), *arguments) in found.events.items():
        with located(found.places[key]):
            entry: dict[str, Any] = {"id": key}
            made = [(trigger, roles.get(trigger_name) or "cue")]
            for name, target in arguments:
                plain = _NUMBER_AT_END.sub("", name)
                if is_parent(plain):
                    entry["parent"] = target
                elif target in found.pieces:
                    role = roles.get(plain) or roles.get(found.pieces[target][0])
                    if role is not None:
                        made.append((target, role))
                else:
                    roles.leave_out(name)
            if len(made) == 1 and roles.get(trigger_name) is None:
                continue  # an event of another layer
            roles.use()
            labels: dict[str, str] = {}
            for target, role in made:
                if target not in found.pieces:
                    raise ValueError(f"{key} names {target}, but there is no T line of that id")
                used.add(target)
                entry[role] = [*entry.get(role, ()), *spans[target]]
                labels = found.labels.get(target, {}) | labels
            own = found.labels.get(key, {}) | found.notes.get(key, {})
            entries.append(labels | own | entry)
    kept = {entry["id"] for entry in entries}
    for entry in entries:
        if entry.get("parent", entry["id"]) not in kept:
            with located(found.places[entry["id"]]):
                raise ValueError(
                    f"{entry['id']} has the parent {entry['parent']}, which is no attribution of "
                    "this file"
                )
    return entries, used


# ---------------------------------------------------------------------------------------- writing


def write_brat(corpus: Corpus, folder: str | PathLike[str]) -> None:
    """Write a corpus as a folder of brat's ``.txt`` and ``.ann`` files.

    Parameters
    ----------
    corpus : Corpus
    folder : str or path
        Made where it is not there. Files of the same names are overwritten. A file has the id of
        its document for a name, with %XX for what a name of a file cannot hold. An id that is too
        long for a name, is empty, or differs from another in upper and lower case alone, has a
        name that is cut and ends with a checksum. `read_brat` gives the ids as they were.

    Raises
    ------
    ValueError
        If an attribution has no piece of the text, or the tables of the corpus do not fit together.

    See Also
    --------
    read_brat : Read the same.

    Examples
    --------
    >>> import tempfile
    >>> import sourcescore as ss
    >>> corpus = ss.datasets.load_articles()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     ss.datasets.write_brat(corpus, folder)
    ...     ss.datasets.read_brat(folder)
    Corpus(64 texts, 1573 attributions, 439 claims)
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    used: set[str] = set()
    for document in checked(corpus):
        name = _file_name(document["doc"], used)
        used.add(name.casefold())
        lines = list(_lines(document))
        (folder / f"{name}.txt").write_bytes(encoded(document["text"]))
        (folder / f"{name}.ann").write_bytes(encoded("".join(f"{line}\n" for line in lines)))


def _file_name(doc_id: str, used: Collection[str]) -> str:
    """A name that every file system takes, and that none of them takes for one of `used`.

    The id itself stands in the file, so that a name may leave some of it out.
    """
    name = quote(doc_id, safe=" ()[],;=@+&'!", errors="surrogatepass")
    if name.startswith(".") or _DEVICE.match(name):
        name = f"%{ord(name[0]):02X}{name[1:]}"
    if name.endswith((" ", ".")):
        name = f"{name[:-1]}%{ord(name[-1]):02X}"
    if not name or len(name) > _LONGEST_NAME or name.casefold() in used:
        digest = sha256(doc_id.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        name = f"{_CUT_ESCAPE.sub('', name[:_SHORT_NAME])}~{digest}"
    return name


def _lines(document: dict[str, Any]) -> Iterator[str]:
    text = document["text"]
    about = {key: value for key, value in document.items() if key not in ("text", "attributions")}
    yield f"#1\t{_NOTE} document\t{json.dumps(about)}"
    entries = document["attributions"]
    events = {entry["id"]: f"E{i}" for i, entry in enumerate(entries, start=1)}
    n = {"T": 0, "A": 0, "N": 0, "#": 1}

    def numbered(kind: str) -> str:
        n[kind] += 1
        return f"{kind}{n[kind]}"

    for entry in entries:
        event = events[entry["id"]]
        made: dict[str, str] = {}
        for role in _TRIGGERS:
            if entry[role]:
                made[role] = numbered("T")
                offsets = ";".join(f"{start} {end}" for start, end in entry[role])
                piece = " ".join(text[start:end] for start, end in entry[role])
                yield f"{made[role]}\t{role} {offsets}\t{_LINE_END.sub(' ', piece)}"
        if not made:
            raise ValueError(
                f"attribution {entry['id']} of {document['doc']!r} has no source, cue or content, "
                "so that brat has nothing to mark; drop it."
            )
        words = [f"{role}:{key}" for role, key in made.items()]
        if "parent" in entry:
            words.append(f"parent:{events[entry['parent']]}")
        yield f"{event}\t{' '.join(words)}"
        rest: dict[str, Any] = {} if entry["id"] == event else {"_id": entry["id"]}
        known = {*ROLES, "id", "parent", "sentence"}
        for name, value in entry.items():
            if name in known:
                continue
            if name == "source_name" and value and not _LINE_END.search(value) and _plain(value):
                yield f"{numbered('N')}\tReference {event} name:{quote(value)}\t{value}"
            elif name == "note" and value.strip() and _plain(value) and not _LINE_END.search(value):
                yield f"{numbered('#')}\tAnnotatorNotes {event}\t{value}"
            elif _WORD.fullmatch(value) and _WORD.fullmatch(name) and label_name(name) == name:
                yield f"{numbered('A')}\t{name} {event} {value}"
            else:
                rest[name] = value
        if rest:
            yield f"{numbered('#')}\t{_NOTE} {event}\t{json.dumps(rest)}"


def _plain(value: str) -> bool:
    """Whether a value survives as the rest of a line."""
    return value == value.strip() and value.isprintable()
