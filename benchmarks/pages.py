"""Write anew what README.md and the pages of docs/ show: outputs of their examples, and tables.

usage: python benchmarks/pages.py [--check] [--budgets] [PAGE ...]

Run it after a model was retrained. The blocks of a page run from the top, in one namespace and in
an empty folder that no other page sees:

- ``pycon``: a Python session; what stands under a ``>>>`` line is replaced by what it prints;
- ``console``: ``$ sourcescore ...``, the same;
- ``toml``: saved as ``my.toml``, for the blocks below.

The tables between ``<!-- NAME -->`` and ``<!-- end NAME -->``, see `TABLES`, come from the
taxonomy, the priors and the manifests of the models. That of the budgets is measured where
``--budgets`` says so (`benchmarks/budgets.py`), and else copied from README.md. ``--check`` writes
nothing and fails if something differs.

Outputs under ``<!-- changes with the models -->`` vary a little with the versions of the libraries:
the tests run such a block without comparing what it prints. A block under ``<!-- needs NAME -->``
is left as it is where that package is not installed.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import difflib
import importlib.util
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
DOCS = ROOT / "docs"
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

_BLOCK = re.compile(
    r"(?:<!-- needs (?P<needs>[a-z]+) -->\n)?(?P<mark><!-- changes with the models -->\n)?"
    r"```(?P<kind>[a-z]+)\n(?P<body>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
#: The width of the terminal for which reports and tables are laid out.
_COLUMNS = 100


class Block(NamedTuple):
    """A fenced block of a page.

    Its output depends on the models if it `varies`, and on a package that it `needs`.
    """

    kind: str
    body: str
    varies: bool
    needs: str | None
    span: tuple[int, int]


def pages() -> list[Path]:
    """README.md and the pages of docs/, without what is built from them."""
    found = (path for path in DOCS.rglob("*.md") if "_build" not in path.parts)
    return [README, *sorted(found)]


def blocks(text: str) -> Iterator[Block]:
    """The fenced blocks of a Markdown text, from the top."""
    for match in _BLOCK.finditer(text):
        yield Block(
            match["kind"], match["body"], bool(match["mark"]), match["needs"], match.span("body")
        )


def run(block: Block, namespace: dict[str, Any]) -> str:
    """Run a block in the working directory and return it with its outputs anew."""
    if block.needs is not None and importlib.util.find_spec(block.needs) is None:
        return block.body
    if block.kind == "toml":
        Path("my.toml").write_text(block.body, encoding="utf-8")
    runner = {"pycon": _run_python, "console": _run_command}.get(block.kind)
    return block.body if runner is None else runner(block.body, namespace)


def refresh(text: str) -> str:
    """Return a page with the outputs and tables of today."""
    namespace: dict[str, Any] = {}
    parts, end = [], 0
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder), terminal():
        for block in blocks(text):
            parts += [text[end : block.span[0]], run(block, namespace)]
            end = block.span[1]
    return fill("".join([*parts, text[end:]]))


def fill(text: str) -> str:
    """Write the tables anew that a page has marks for."""
    for name, table in TABLES.items():
        if f"<!-- {name} -->" in text:
            text = put(text, name, table())
    return text


def put(text: str, name: str, table: str) -> str:
    """Put a table between the marks of this name."""
    head, tail = _around(text, name)
    return f"{head}<!-- {name} -->\n{table}\n<!-- end {name} -->{tail}"


def _around(text: str, name: str) -> tuple[str, str]:
    begin, end = f"<!-- {name} -->\n", f"<!-- end {name} -->"
    head, _, rest = text.partition(begin)
    _, found, tail = rest.partition(end)
    if not found:
        raise ValueError(f"a page has no marks {begin.strip()} and {end}.")
    return head, tail


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


def numbers_table() -> str:
    """The default numbers of each type of source."""
    import sourcescore as ss

    lines = ["| type | a: mean, strength | b: mean, strength | rho |", "| --- | --- | --- | --- |"]
    for name, prior in ss.Priors().types.items():
        a, b = prior.supports_if_true, prior.supports_if_false
        lines.append(
            f"| `{name}` | {a.mean:.2f}, {a.strength:g} | {b.mean:.2f}, {b.strength:g} "
            f"| {prior.rho:g} |"
        )
    return "\n".join(lines)


def letters_table() -> str:
    """The letters of the Admiralty scale as numbers."""
    from sourcescore.priors import ADMIRALTY

    lines = [
        "| letter | a: mean, strength | b: mean, strength | support: odds × | denial: odds × |",
        "| --- | --- | --- | --- | --- |",
    ]
    for letter, (a, b) in ADMIRALTY.items():
        lines.append(
            f"| {letter} | {a.mean:.2f}, {a.strength:g} | {b.mean:.2f}, {b.strength:g} "
            f"| {a.mean / b.mean:.2f} | {(1 - a.mean) / (1 - b.mean):.2f} |"
        )
    return "\n".join(lines)


def fidelity_table() -> str:
    """The probability that a relay passes on faithfully, by its type."""
    import sourcescore as ss

    lines = ["| relay | passes on faithfully |", "| --- | --- |"]
    lines += [f"| `{name}` | {share:g} |" for name, share in ss.Priors().fidelity.items()]
    return "\n".join(lines)


def figures_table() -> str:
    """The measured figures of the shipped models."""
    from figures import table

    return table()


def accurate_table() -> str:
    """The figures of the fast and the accurate models side by side."""
    from figures import comparison

    return comparison(ROOT / "models" / "fast", ROOT / "models" / "accurate")


def budgets_table() -> str:
    """What was measured last, as README.md has it."""
    text = README.read_text(encoding="utf-8")
    head, tail = _around(text, "budgets")
    start = len(head) + len("<!-- budgets -->\n")
    return text[start : len(text) - len(tail) - len("\n<!-- end budgets -->")]


#: What may stand between marks.
TABLES: dict[str, Callable[[], str]] = {
    "types": types_table,
    "numbers": numbers_table,
    "letters": letters_table,
    "fidelity": fidelity_table,
    "figures": figures_table,
    "accurate": accurate_table,
    "budgets": budgets_table,
}


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
            exec(compile(ast.Interactive(tree.body), "<page>", "single"), namespace)
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
        env={**os.environ, "PYTHONPATH": paths, "COLUMNS": str(_COLUMNS)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    return f"{command}\n{done.stdout}"


@contextlib.contextmanager
def terminal() -> Iterator[None]:
    """A terminal of a known width, whatever runs this."""
    import pandas as pd

    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = str(_COLUMNS)
    try:
        with pd.option_context("display.width", _COLUMNS):
            yield
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before


def _measured_budgets() -> str:
    from budgets import HEADER, measure

    return "\n".join([*HEADER, *map(str, measure())])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing, fail on a difference")
    parser.add_argument("--budgets", action="store_true", help="measure the budgets anew")
    parser.add_argument("pages", nargs="*", type=Path, metavar="PAGE", help="by default all")
    options = parser.parse_args()
    if options.budgets:
        measured = put(README.read_text(encoding="utf-8"), "budgets", _measured_budgets())
        README.write_text(measured, encoding="utf-8")
    stale = False
    for page in options.pages or pages():
        old = page.read_text(encoding="utf-8")
        new = refresh(old)
        stale |= new != old
        changes = difflib.unified_diff(
            old.splitlines(True), new.splitlines(True), str(page), str(page), n=0
        )
        sys.stdout.writelines(changes)
        if not options.check:
            page.write_text(new, encoding="utf-8")
    return int(options.check and stale)


if __name__ == "__main__":
    sys.exit(main())
