"""Where the shipped models and datasets lie: beside the package, or inside an installed one."""

from __future__ import annotations

from pathlib import Path

__all__ = ["shipped"]


def shipped(name: str) -> Path:
    """The folder ``models`` or ``datasets`` that comes with the package.

    A checkout has them beside the package; a wheel carries them inside it, because a top-level
    folder ``models`` in site-packages would belong to nobody.
    """
    package = Path(__file__).parent
    inside = package / f"_{name}"
    return inside if inside.is_dir() else package.parent / name
