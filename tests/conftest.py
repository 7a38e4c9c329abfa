"""Fixtures that several test files use."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

# a busy machine is slow at times; that is no failure
settings.register_profile("sourcescore", deadline=None)
settings.load_profile("sourcescore")

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of the corpora, beside the checkout; tests that need it are skipped without."""
    if not (SHARED / "data").is_dir():
        pytest.skip("needs the annotated corpora in ../shared, which are not part of the project")
    return SHARED
