"""The card of a model that a user has trained: what it is, what it learned from, how good it is.

Comes in: a fitted model and the figures of its training. Goes out: a page of Markdown, which people
may go on writing; nothing reads it back.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

__all__ = ["SCRATCH", "model_card"]

#: What a model goes on from that knew nothing before.
SCRATCH = "scratch"


def model_card(name: str, model: Any, data: str, figures: dict[str, Any]) -> str:
    """Write the card of a model.

    Parameters
    ----------
    name : str
        The kind of model.
    model : estimator
    data : str
        What it was trained on, in words.
    figures : dict
        As `sourcescore.train` returns them.

    Returns
    -------
    str

    Examples
    --------
    >>> import sourcescore as ss
    >>> figures = {"start": "shipped", "cross_validated": {"n": 40, "brier": 0.12}}
    >>> print(model_card("scorer", ss.ClaimScorer(), "40 claims", figures))
    # scorer
    <BLANKLINE>
    Class `ClaimScorer`, trained on 40 claims, going on from: shipped.
    <BLANKLINE>
    | figure | cross-validated |
    | --- | --- |
    | n | 40 |
    | brier | 0.12 |
    <BLANKLINE>
    Cross-validated: each part is measured with a model that has learned from the others.
    <BLANKLINE>
    Load it with `sourcescore.load_model`. Say here what the data are, whose they are, who labelled
    them by which rules, what the model is for, and what it should not be used for.
    <BLANKLINE>
    """
    measured = {
        title: dict(_leaves(figures[key]))
        for key, title in (("before", "before"), ("cross_validated", "cross-validated"))
        if key in figures
    }
    going_on = _going_on(figures.get("start"))
    lines = [f"# {name}", "", f"Class `{type(model).__name__}`, trained on {data}{going_on}.", ""]
    if measured:
        lines.append(f"| figure | {' | '.join(measured)} |")
        lines.append("| --- " * (len(measured) + 1) + "|")
        for figure in dict.fromkeys(key for part in measured.values() for key in part):
            cells = (str(part.get(figure, "")) for part in measured.values())
            lines.append(f"| {figure} | {' | '.join(cells)} |")
        lines += [
            "",
            "Cross-validated: each part is measured with a model that has learned from the others."
            + (" Before: the model that was gone on from." if "before" in measured else ""),
            "",
        ]
    lines += [
        "Load it with `sourcescore.load_model`. Say here what the data are, whose they are, who "
        "labelled",
        "them by which rules, what the model is for, and what it should not be used for.",
        "",
    ]
    return "\n".join(lines)


def _going_on(start: str | dict[str, str] | None) -> str:
    """What was gone on from, by kind of label where these differ."""
    if isinstance(start, dict):
        if len(set(start.values())) > 1:
            known = [f"{name} for the {label}" for label, name in start.items() if name != SCRATCH]
            anew = [label for label, name in start.items() if name == SCRATCH]
            return f", going on from: {', '.join(known)}; the {', '.join(anew)} learned anew"
        start = next(iter(start.values()))
    return f", going on from: {start}" if start and start != SCRATCH else ""


def _leaves(figures: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Each number with the names of all that it stands in."""
    for key, value in figures.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{above}{key} ")
        else:
            yield f"{above}{key}", value
