"""Print the measured figures of the shipped models as Markdown tables, out of their manifests.

usage: python benchmarks/figures.py [MODELS]

MODELS is the folder of the models (default models/fast). A figure that a manifest does not hold is
left out; a model without any is named at the end. Then come the fast and the accurate models side
by side.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]


class Row(NamedTuple):
    """A line of the table: the figures of one model on one corpus, by label and path."""

    model: str
    task: str
    corpus: str
    size: str
    figures: dict[str, str]


_EXACT = {
    "relation F1": "{0}.relation.f1",
    "source exact F1": "{0}.source.exact.f1",
    "cue exact F1": "{0}.cue.exact.f1",
    "content exact F1": "{0}.content.exact.f1",
    "content token F1": "{0}.content.token.f1",
}

ROWS = (
    Row(
        "extractor",
        "attributions, flat",
        "PolNeAR dev, not trained on",
        "",
        {label: path.format("polnear_dev") for label, path in _EXACT.items()},
    ),
    Row(
        "extractor",
        "attributions, nested",
        "news articles, 5-fold by document",
        "",
        {label: path.format("news") for label, path in _EXACT.items()}
        | {"parent F1": "news.parent.f1"},
    ),
    Row(
        "resolver",
        "name and identity of a source",
        "typed corpora, 5-fold by document",
        "attributions",
        {"name accuracy": "all.name accuracy", "identity F1": "all.identity F1"},
    ),
    Row(
        "classifier",
        "type",
        "typed corpora, 5-fold by document",
        "cross_validated.n",
        {
            "accuracy": "cross_validated.type.accuracy",
            "macro F1": "cross_validated.type.macro_f1",
            "ECE": "cross_validated.type.ece",
        },
    ),
    Row(
        "classifier",
        "stance",
        "typed corpora, 5-fold by document",
        "cross_validated.n",
        {
            "accuracy": "cross_validated.stance.accuracy",
            "macro F1": "cross_validated.stance.macro_f1",
            "ECE": "cross_validated.stance.ece",
        },
    ),
    Row(
        "linker",
        "claims discovered",
        "own articles, held out by document",
        "discovery.statements",
        {"B-cubed F1": "discovery.b_cubed_f1", "side accuracy": "discovery.stance_accuracy"},
    ),
    Row(
        "linker",
        "one claim given",
        "news articles, held out by document",
        "given.statements",
        {"macro F1": "given.macro_f1"},
    ),
    Row(
        "linker",
        "headlines to claims",
        "Emergent, held out by claim",
        "headlines.headlines",
        {"B-cubed F1": "headlines.b_cubed_f1"},
    ),
    Row(
        "stance",
        "headline and article",
        "FNC-1, held out by topic",
        "fnc.n",
        {"FNC score": "fnc.fnc_score", "macro F1": "fnc.macro_f1"},
    ),
    Row(
        "stance",
        "claim and headline",
        "Emergent, held out by topic",
        "emergent.n",
        {"accuracy": "emergent.accuracy", "macro F1": "emergent.macro_f1"},
    ),
    Row(
        "stance",
        "claim and attributed content",
        "news articles, held out by topic",
        "news.n",
        {"accuracy": "news.accuracy", "macro F1": "news.macro_f1"},
    ),
)


def table(models: Path = ROOT / "models" / "fast") -> str:
    """The figures of the models in this folder, as Markdown."""
    lines = ["| model | what | measured on | n | figures |", "| --- | --- | --- | --- | --- |"]
    found = set()
    for row in ROWS:
        manifest = models / row.model / "manifest.json"
        if not manifest.is_file():
            continue
        figures = json.loads(manifest.read_bytes())["figures"]
        known = {label: _look_up(figures, path) for label, path in row.figures.items()}
        shown = ", ".join(f"{k} {v:.3f}" for k, v in known.items() if v is not None)
        if not shown:
            continue
        found.add(row.model)
        size = _look_up(figures, row.size) if row.size else None
        n = "" if size is None else f"{size:,}"
        lines.append(f"| {row.model} | {row.task} | {row.corpus} | {n} | {shown} |")
    missing = sorted({row.model for row in ROWS} - found)
    if missing:
        lines += ["", f"Without figures in the manifest: {', '.join(missing)}."]
    return "\n".join(lines)


def comparison(fast: Path, accurate: Path) -> str:
    """The figures in which two sets of models differ, side by side, as Markdown."""
    lines = ["| | measured on | figure | fast | accurate |", "| --- | --- | --- | --- | --- |"]
    for row in ROWS:
        both = [folder / row.model / "manifest.json" for folder in (fast, accurate)]
        if not all(manifest.is_file() for manifest in both):
            continue
        read = [json.loads(manifest.read_bytes())["figures"] for manifest in both]
        for label, path in row.figures.items():
            values = [_look_up(figures, path) for figures in read]
            if None not in values:
                old, new = (f"{value:.3f}" for value in values)
                if old == new:  # of a step that is the same in both
                    continue
                lines.append(f"| {row.task} | {row.corpus} | {label} | {old} | {new} |")
    return "\n".join(lines)


def _look_up(figures: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path, None where there is none."""
    value: Any = figures
    for key in path.split("."):
        if not isinstance(value, Mapping) or key not in value:
            return None
        value = value[key]
    return value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("models", nargs="?", type=Path, default=ROOT / "models" / "fast")
    models = parser.parse_args().models
    print(table(models), comparison(models, models.parent / "accurate"), sep="\n\n")


if __name__ == "__main__":
    main()
