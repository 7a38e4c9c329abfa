"""Write anew what README.md shows: outputs of its examples, and its tables.

usage: python benchmarks/readme.py [--check] [--budgets]

Run it after a model was retrained. The blocks of README.md run from the top, in one namespace and
in an empty folder:

- ``pycon``: a Python session; what stands under a ``>>>`` line is replaced by what it prints;
- ``console``: ``$ sourcescore ...``, the same;
- ``toml``: saved as ``my.toml``, for the blocks below.

The tables between ``<!-- NAME -->`` and ``<!-- end NAME -->`` come from the taxonomy and the priors
(types), from the manifests of the models (figures), and, with ``--budgets``, from
`benchmarks/budgets.py`. ``--check`` writes nothing and fails if something differs.

Outputs under ``<!-- changes with the models -->`` vary a little with the versions of the libraries:
the tests run such a block without comparing what it prints.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import difflib
import io
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

_BLOCK = re.compile(
    r"(?P<mark><!-- changes with the models -->\n)?```(?P<kind>[a-z]+)\n(?P<body>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
#: The width of a terminal for which reports are laid out.
_COLUMNS = "100"


class Block(NamedTuple):
    """A fenced block of the README; `varies` if its output depends on the models."""

    kind: str
    body: str
    varies: bool
    span: tuple[int, int]


def blocks(text: str) -> Iterator[Block]:
    """The fenced blocks of a Markdown text, from the top."""
    for match in _BLOCK.finditer(text):
        yield Block(match["kind"], match["body"], bool(match["mark"]), match.span("body"))


def run(block: Block, namespace: dict[str, Any]) -> str:
    """Run a block in the working directory and return it with its outputs anew."""
    if block.kind == "toml":
        Path("my.toml").write_text(block.body, encoding="utf-8")
    runner = {"pycon": _run_python, "console": _run_command}.get(block.kind)
    return block.body if runner is None else runner(block.body, namespace)


def refresh(text: str) -> str:
    """Return the README with the outputs and tables of today."""
    namespace: dict[str, Any] = {}
    parts, end = [], 0
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder), _terminal():
        for block in blocks(text):
            parts += [text[end : block.span[0]], run(block, namespace)]
            end = block.span[1]
    text = "".join([*parts, text[end:]])
    return fill(fill(text, "types", types_table), "figures", figures_table)


def fill(text: str, name: str, table: Callable[[], str]) -> str:
    """Put a table between the marks of this name."""
    begin, end = f"<!-- {name} -->\n", f"<!-- end {name} -->"
    head, _, rest = text.partition(begin)
    _, found, tail = rest.partition(end)
    if not found:
        raise ValueError(f"README.md has no marks {begin.strip()} and {end}.")
    return f"{head}{begin}{table()}\n{end}{tail}"


def types_table() -> str:
    """The types of source with their definitions and what one of them does to the odds."""
    import sourcescore as ss

    lines = [
        "| type | who | support: odds × | denial: odds × | rho |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, prior in ss.Priors().types.items():
        a, b = prior.supports_if_true.mean, prior.supports_if_false.mean
        who = ss.AttributionType(name).definition
        lines.append(
            f"| `{name}` | {who} | {a / b:.2f} | {(1 - a) / (1 - b):.2f} | {prior.rho:g} |"
        )
    return "\n".join(lines)


def figures_table() -> str:
    """The measured figures of the shipped models."""
    from figures import table

    return table()


def _run_python(body: str, namespace: dict[str, Any]) -> str:
    """Run a session; outputs may hold empty lines, which those of doctest cannot."""
    out = []
    for part in re.split(r"^(?=>>> )", body, flags=re.MULTILINE):
        if not part:
            continue
        lines = re.findall(r"^(?:>>> |\.\.\.(?: |$)).*\n?", part, re.MULTILINE)
        code = "".join(line[4:] if len(line) > 4 else "\n" for line in lines)
        out += [*lines, _output(code, namespace)]
    return "".join(out)


def _output(code: str, namespace: dict[str, Any]) -> str:
    """What a prompt would show under this code."""
    tree = ast.parse(code)
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        try:
            exec(compile(ast.Interactive(tree.body), "<README.md>", "single"), namespace)
        except Exception as error:
            print(f"Traceback (most recent call last):\n    ...\n{type(error).__name__}: {error}")
    # pandas fills lines with blanks
    return re.sub(r" +$", "", shown.getvalue(), flags=re.MULTILINE)


def _run_command(body: str, namespace: dict[str, Any]) -> str:
    command = body.partition("\n")[0]
    if not command.startswith("$ sourcescore "):
        raise ValueError(f"a console block must begin with $ sourcescore; got {command!r}.")
    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, "-m", "sourcescore", *shlex.split(command)[2:]],
        env={**os.environ, "PYTHONPATH": paths, "COLUMNS": _COLUMNS},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    return f"{command}\n{done.stdout}"


@contextlib.contextmanager
def _terminal() -> Iterator[None]:
    """A terminal of a known width, whatever runs this."""
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = _COLUMNS
    try:
        yield
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before


def _budgets() -> str:
    from budgets import HEADER, measure

    return "\n".join([*HEADER, *map(str, measure())])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing, fail on a difference")
    parser.add_argument("--budgets", action="store_true", help="measure the budgets anew")
    options = parser.parse_args()
    old = README.read_text(encoding="utf-8")
    new = refresh(old)
    if options.budgets:
        new = fill(new, "budgets", _budgets)
    sys.stdout.writelines(difflib.unified_diff(old.splitlines(True), new.splitlines(True), n=0))
    if options.check:
        return int(new != old)
    README.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
