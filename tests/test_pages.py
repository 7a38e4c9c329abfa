"""What README.md and the pages of docs/ show is what the package does."""

from __future__ import annotations

import importlib.util
import re
import shlex
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sourcescore.__main__ import _parser

ROOT = Path(__file__).resolve().parents[1]


def _script() -> ModuleType:
    """The script that runs the pages, which is no part of the package."""
    path = ROOT / "benchmarks" / "pages.py"
    spec = importlib.util.spec_from_file_location("benchmark_pages", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


script = _script()
PAGES = script.pages()
NAMES = [page.relative_to(ROOT).as_posix() for page in PAGES]
STALE = "{} is out of date: run python benchmarks/pages.py {}"

every_page = pytest.mark.parametrize("page", PAGES, ids=NAMES)


@pytest.fixture(scope="module")
def readme() -> str:
    return script.README.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def docs() -> str:
    """All pages of docs/, one after the other."""
    return "\n".join(page.read_text(encoding="utf-8") for page in PAGES[1:])


@every_page
def test_every_block_runs_and_shows_what_it_prints(page, tmp_path, monkeypatch):
    name = page.relative_to(ROOT)
    stale = STALE.format(name, name)
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, Any] = {}
    for block in script.blocks(page.read_text(encoding="utf-8")):
        with script.terminal():
            now = script.run(block, namespace)
        if not block.varies:
            assert now == block.body, stale
        else:
            # the same code, something printed where something is shown, no new error
            assert _skeleton(now) == _skeleton(block.body), f"{stale}\n{now}"


def _skeleton(body: str) -> list[str]:
    """The code of a block, and below it whether it prints a result or an error."""
    lines: list[str] = []
    for line in body.splitlines():
        if line.startswith((">>> ", "... ", "$ ")):
            lines.append(line)
        elif line.startswith(("Traceback", "sourcescore: ")):
            lines.append("error")
        elif lines and lines[-1] not in ("result", "error"):
            lines.append("result")
    return lines


@every_page
def test_tables_are_up_to_date(page):
    text, name = page.read_text(encoding="utf-8"), page.relative_to(ROOT)
    assert script.fill(text) == text, STALE.format(name, name)


@every_page
def test_every_command_exists(page):
    for block in script.blocks(page.read_text(encoding="utf-8")):
        for line in block.body.splitlines() if block.kind == "sh" else ():
            if line.startswith("sourcescore "):
                arguments = shlex.split(line.replace("NAME", "extractor"), comments=True)[1:]
                assert _parser().parse_args(arguments).run


@every_page
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\((?!https?://)([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))
    for link in links:
        if "_pictures/" in link:  # drawn when the documentation is built, which fails without
            continue
        assert (page.parent / link).exists(), link


def test_readme_and_docs_are_there(readme, docs):
    kinds = {block.kind for block in script.blocks(readme)}
    assert {"pycon", "console", "toml", "sh"} <= kinds
    for text, names in ((readme, ("types", "figures", "budgets")), (docs, script.TABLES)):
        for name in names:
            assert f"<!-- {name} -->" in text


def test_ci_runs_the_commands_of_the_pages(readme, docs):
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    commands = [b.body.strip() for b in script.blocks(readme) if "pytest" in b.body]
    assert len(commands) == 1
    assert commands[0] in ci
    builds = [b.body for b in script.blocks(docs) if "sphinx-build" in b.body]
    assert len(builds) == 1
    for command in builds[0].strip().splitlines():
        assert command in ci


def test_contents_of_the_tables(readme, docs):
    from sourcescore.tables import ATTRIBUTION_COLUMNS, CLAIM_COLUMNS, EVIDENCE_COLUMNS

    for columns in (ATTRIBUTION_COLUMNS, CLAIM_COLUMNS):
        assert f"`{', '.join(columns)}`" in readme
    assert (
        "`{}`; optional `{}`".format(
            ", ".join([*EVIDENCE_COLUMNS][:4]), ", ".join([*EVIDENCE_COLUMNS][4:])
        )
        in readme
    )
    for column in (*ATTRIBUTION_COLUMNS, *CLAIM_COLUMNS, *EVIDENCE_COLUMNS):
        assert f"`{column}`" in docs, column
