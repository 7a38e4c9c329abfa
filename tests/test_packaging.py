"""What a wheel must carry, as setup.cfg lists it."""

from __future__ import annotations

from configparser import ConfigParser
from pathlib import Path

import pytest

from sourcescore._resources import shipped

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def options() -> ConfigParser:
    parser = ConfigParser()
    assert parser.read(ROOT / "setup.cfg")
    return parser


def test_every_subpackage_is_listed(options):
    found = {".".join(path.parent.relative_to(ROOT).parts) for path in modules("__init__.py")}
    listed = set(options["options"]["packages"].split())
    assert listed == found | {"sourcescore._models", "sourcescore._datasets"}


def test_every_file_that_is_no_module_is_listed(options):
    data = options["options.package_data"]
    for path in modules("*"):
        if path.suffix in (".py", ".pyc") or "__pycache__" in path.parts:
            continue
        package = path.parent
        while not (package / "__init__.py").exists():
            package = package.parent
        name = ".".join(package.relative_to(ROOT).parts)
        patterns = data.get(name, "").replace(",", " ").split()
        assert any(path in package.glob(pattern) for pattern in patterns), path


def test_models_and_datasets_are_found():
    assert (shipped("models") / "fast" / "words" / "manifest.json").is_file()
    assert (shipped("datasets") / "articles.jsonl").is_file()


def modules(pattern: str) -> list[Path]:
    return [path for path in (ROOT / "sourcescore").rglob(pattern) if path.is_file()]
