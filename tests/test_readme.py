"""What README.md shows is what the package does."""

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
SCRIPT = ROOT / "benchmarks" / "readme.py"
STALE = "README.md is out of date: run python benchmarks/readme.py"


@pytest.fixture(scope="module")
def readme() -> ModuleType:
    """The script that runs README.md, which is no part of the package."""
    spec = importlib.util.spec_from_file_location("benchmark_readme", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def text(readme) -> str:
    return readme.README.read_text(encoding="utf-8")


def test_every_block_runs_and_shows_what_it_prints(readme, text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    namespace: dict[str, Any] = {}
    kinds = set()
    for block in readme.blocks(text):
        kinds.add(block.kind)
        now = readme.run(block, namespace)
        if not block.varies:
            assert now == block.body, STALE
        else:
            # the same code, something printed where something is shown, no new error
            assert _skeleton(now) == _skeleton(block.body), f"{STALE}\n{now}"
    assert {"pycon", "console", "toml", "sh"} <= kinds


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


def test_every_command_exists(readme, text):
    commands = [
        line
        for block in readme.blocks(text)
        if block.kind == "sh"
        for line in block.body.splitlines()
        if line.startswith("sourcescore ")
    ]
    assert commands
    for command in commands:
        arguments = shlex.split(command.replace("NAME", "extractor"))[1:]
        assert _parser().parse_args(arguments).run


def test_tables_are_up_to_date(readme, text):
    assert readme.fill(text, "types", readme.types_table) == text, STALE
    assert readme.fill(text, "figures", readme.figures_table) == text, STALE


def test_ci_runs_the_test_command_of_the_readme(readme, text):
    commands = [b.body.strip() for b in readme.blocks(text) if "pytest" in b.body]
    assert len(commands) == 1
    assert commands[0] in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_links_lead_somewhere(text):
    links = re.findall(r"\]\((?!https?://)([^)#]+)\)", text)
    assert links
    for link in links:
        assert (ROOT / link).exists(), link


def test_contents_of_the_tables(text):
    from sourcescore.tables import ATTRIBUTION_COLUMNS, CLAIM_COLUMNS, EVIDENCE_COLUMNS

    for columns in (ATTRIBUTION_COLUMNS, CLAIM_COLUMNS):
        assert f"`{', '.join(columns)}`" in text
    assert (
        "`{}`; optional `{}`".format(
            ", ".join([*EVIDENCE_COLUMNS][:4]), ", ".join([*EVIDENCE_COLUMNS][4:])
        )
        in text
    )
