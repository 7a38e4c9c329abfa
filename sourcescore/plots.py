"""Figures: why a claim has its confidence, how it got there, how claims compare, the priors.

Comes in: a report, or plain arrays. Goes out: matplotlib Axes, to be titled, restyled and saved as
any others. Matplotlib comes with the extra ``plots`` and is imported when a figure is drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from pandas.api.types import is_hashable, is_list_like
from scipy.special import betaincinv, expit

from sourcescore.messages import needs_extra, shown
from sourcescore.metrics import as_floats
from sourcescore.priors import Priors
from sourcescore.report import Report
from sourcescore.report.palette import DENIES_COLOUR, SUPPORTS_COLOUR, called, type_styles

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_claims", "plot_explanation", "plot_history", "plot_priors", "plot_reliability"]

_TOTAL_COLOUR = "#5B616A"
_WRAP = 48
# Labels of a legend that fit beside one another.
_HALF_WIDTH = 40
_N_BINS = 10
# The least log-odds that a waterfall spans, so that small steps look small.
_REACH = 1.0
# 90 % of a Beta lies between these quantiles, as in the interval of a claim.
_QUANTILES = (0.05, 0.95)
# What a document says: its name, marker, colour.
_SIDES = {
    "supports": ("supports", "^", SUPPORTS_COLOUR),
    "denies": ("denies", "v", DENIES_COLOUR),
    "both": ("both", "D", "#000000"),
    "": ("on another answer", "o", "#8A8A8A"),
}
# Lines of several claims differ in dashes and in colour.
_LINES = ("-", "--", "-.", ":")
_LINE_COLOURS = (_TOTAL_COLOUR, "#CC79A7", "#009E73", "#E69F00", "#6A51A3")


def plot_explanation(report: Report, claim_id: str, ax: Axes | None = None) -> Axes:
    """Draw what each origin adds to the log-odds of a claim, as a waterfall.

    Parameters
    ----------
    report : Report
    claim_id : str
    ax : matplotlib Axes, optional
        Drawn into this one; else into a new figure.

    Returns
    -------
    matplotlib Axes
        One bar per row of ``report.explain(claim_id)`` from the top down, then the posterior. The
        upper axis reads the same scale as a probability.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If there is no such claim.
    """
    steps = _report(report).explain(claim_id)
    log_odds = steps["log_odds"].to_numpy(float)
    after = np.cumsum(log_odds)
    before = after - log_odds
    styles = type_styles(label for label in steps["type"] if label)
    labels = [
        f"{_shorten(called(name, label))} [{styles[label].tag}]"
        if label in styles
        else _shorten(name)
        for name, label in zip(steps["source_name"], steps["type"], strict=True)
    ]
    ax = _axes(ax, height=1.2 + 0.34 * (len(steps) + 1))
    colours = [_TOTAL_COLOUR, *np.where(log_odds[1:] >= 0, SUPPORTS_COLOUR, DENIES_COLOUR)]
    rows = np.arange(len(steps) + 1)
    ax.barh(rows[:-1], log_odds, left=before, color=colours, height=0.6)
    ax.barh(rows[-1], after[-1], color=_TOTAL_COLOUR, height=0.6)
    # a step starts where the one before it ended
    ax.vlines(after, rows[:-1] + 0.3, rows[1:] - 0.3, color="0.6", linewidth=0.8)
    for row, value in zip(rows, [*log_odds, after[-1]], strict=True):
        right = max(before[row], after[row]) if row < len(steps) else max(after[-1], 0.0)
        text = f"{value:+.2f}".replace("-", "\u2212")
        ax.annotate(
            text, (right, row), (4, 0), textcoords="offset points", va="center", size=8, zorder=3
        ).set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0.6})
    ax.set_yticks(rows, _literal([*labels, f"confidence {expit(after[-1]):.2f}"]))
    ax.invert_yaxis()
    ax.axvline(0, color="0.3", linewidth=0.8)
    ax.set_xlim(min(-_REACH, 1.15 * after.min()), max(_REACH, 1.15 * after.max()))
    ax.set_xlabel("log-odds")
    ticks = np.array([0.01, 0.03, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97, 0.99])
    low, high = expit(np.array(ax.get_xlim()))
    upper = ax.secondary_xaxis("top")
    shown = ticks[(ticks >= low) & (ticks <= high)]
    upper.set_xticks(np.log(shown / (1 - shown)), [f"{p:.0%}" for p in shown])
    return ax


def plot_claims(report: Report, ax: Axes | None = None) -> Axes:
    """Draw the confidence in each claim with its interval.

    Parameters
    ----------
    report : Report
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
        One row per claim, in the order of ``report.claims``.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    claims = _report(report).claims
    ax = _axes(ax, height=1.0 + 0.4 * max(len(claims), 1))
    rows = np.arange(len(claims))
    confidence = claims["confidence"].to_numpy(float)
    colours = np.where(confidence >= 0.5, SUPPORTS_COLOUR, DENIES_COLOUR)
    ax.hlines(rows, claims["low"], claims["high"], color=colours, linewidth=5, alpha=0.35)
    ax.scatter(confidence, rows, color=colours, zorder=3, clip_on=False)
    ax.axvline(0.5, color="0.6", linewidth=0.8, linestyle=":")
    labels = [f"{_shorten(text)} ({claim_id})" for claim_id, text in claims["claim"].items()]
    ax.set_yticks(rows, _literal(labels))
    ax.set_ylim(max(len(claims), 1) - 0.5, -0.5)
    ax.set_xlim(0, 1)
    ax.set_xlabel("confidence, with 90 % interval")
    return ax


def plot_history(
    report: Report,
    claim_id: str | Iterable[str],
    ax: Axes | None = None,
    *,
    max_steps: int | None = None,
) -> Axes:
    """Draw how the confidence in a claim went from document to document.

    Parameters
    ----------
    report : Report
    claim_id : str or iterable of str
        One claim or several.
    ax : matplotlib Axes, optional
        Drawn into this one; else into a new figure.
    max_steps : int, optional
        As in `Report.history`, for claims that very many documents speak on.

    Returns
    -------
    matplotlib Axes
        A step line with the 90 % interval for each claim, from the claim prior on. A triangle up
        is a document that supports it, one down a document that denies it, a diamond one in which
        both is said. The horizontal axis has the dates where all these documents have one, else
        their numbers.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If there is no such claim, or none is given.
    """
    known = _report(report).claims.index
    one = not is_list_like(claim_id) or (is_hashable(claim_id) and claim_id in known)
    claims: list[Any] = [claim_id] if one else [*claim_id]
    if not claims:
        raise ValueError("claim_id must name at least one claim; got none.")
    for claim in claims:
        if claim is None:  # all claims, to `Report.history`
            raise ValueError("claim_id must name the claims to draw; got None.")
    histories = [report.history(claim, max_steps=max_steps) for claim in claims]
    texts = report.claims["claim"]
    labels = _literal([f"{_shorten(texts[claim])} ({claim})" for claim in claims])
    n_columns = 1 if max(map(len, labels)) > _HALF_WIDTH else 2
    # the legend stands above, and must not take its room from the figure
    n_rows = (len(labels) + len(_SIDES)) // n_columns
    ax = _axes(ax, height=4.0 + 0.2 * max(n_rows - 2, 0))
    dated = all(history["published"].iloc[1:].notna().all() for history in histories)
    dated &= any(len(history) > 1 for history in histories)
    places = [_places(history, dated) for history in histories]
    at_documents = np.concatenate([place[1:] for place in places])
    any_document = len(at_documents) > 0
    first, last = (at_documents.min(), at_documents.max()) if any_document else (0.0, 0.0)
    # the prior comes before, and the last step lasts a little
    margin = 0.06 * (last - first) or 0.5
    start, end = (first - margin, last + margin) if dated else (0.0, last + 0.5)
    seen = set()
    for i, (history, place) in enumerate(zip(histories, places, strict=True)):
        colour, line = _LINE_COLOURS[i % len(_LINE_COLOURS)], _LINES[i % len(_LINES)]
        x = np.array([start, *place[1:], end])
        low, high, y = (
            np.append(v, v[-1]) for v in history[["low", "high", "confidence"]].to_numpy().T
        )
        ax.fill_between(x, low, high, step="post", color=colour, alpha=0.16, linewidth=0)
        ax.step(x, y, line, where="post", color=colour, label=labels[i], linewidth=1.5)
        for side, (_, marker, fill) in _SIDES.items():
            at = np.flatnonzero(history["stance"].iloc[1:] == side) + 1
            if len(at):
                seen.add(side)
                ax.scatter(x[at], y[at], marker=marker, color=fill, s=42, zorder=3, clip_on=False)
    for side, (name, marker, fill) in _SIDES.items():
        if side in seen:
            ax.scatter([], [], marker=marker, color=fill, s=42, label=name)
    ax.axhline(0.5, color="0.6", linewidth=0.8, linestyle=":")
    ax.set(xlim=(start, end), ylim=(0, 1), ylabel="confidence, with 90 % interval")
    if dated:
        from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

        locator = AutoDateLocator(minticks=3, maxticks=8)
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))
        ax.set_xlabel("published")
    elif any_document:
        from matplotlib.ticker import MaxNLocator

        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.set_xlabel("document")
    else:
        ax.set_xticks([])
        ax.set_xlabel("no document yet")
    ax.legend(
        loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=n_columns, frameon=False, fontsize=9
    )
    return ax


def _places(history: pd.DataFrame, dated: bool) -> np.ndarray:
    """Where the rows of a history stand: days since 1970, or the number of the document."""
    if not dated:
        return history["n_documents"].to_numpy(float)
    since = history["published"] - pd.Timestamp(0)
    return (since / pd.Timedelta(days=1)).to_numpy(float)


def plot_reliability(confidence: ArrayLike, truth: ArrayLike, ax: Axes | None = None) -> Axes:
    """Draw how often claims of a given confidence are true (a reliability diagram).

    Parameters
    ----------
    confidence : array-like of shape (n_claims,)
        Probabilities in [0, 1].
    truth : array-like of shape (n_claims,)
        True or False; claims whose truth is missing are left out.
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
        The observed frequency against the mean confidence in ten bins of equal width, each with
        its 90 % Wilson interval and its number of claims. On the diagonal, confidence holds.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If the lengths differ, a confidence is outside [0, 1], or no truth is known.

    References
    ----------
    Wilson (1927), *Probable inference, the law of succession, and statistical inference*.
    """
    stated, outcome = as_floats(confidence, "confidence"), as_floats(truth, "truth")
    if stated.shape != outcome.shape or stated.ndim != 1:
        raise ValueError(
            "confidence and truth must be one-dimensional and equally long; "
            f"got the shapes {stated.shape} and {outcome.shape}."
        )
    known = ~np.isnan(outcome)
    if not known.any():
        raise ValueError("truth is missing for all claims; give at least one True or False.")
    stated, outcome = stated[known], outcome[known]
    if not ((stated >= 0) & (stated <= 1)).all():
        raise ValueError("confidence must lie in [0, 1] and not be missing.")
    if not np.isin(outcome, (0.0, 1.0)).all():
        raise ValueError("truth must hold only True, False or missing values.")
    bins = np.minimum((stated * _N_BINS).astype(int), _N_BINS - 1)
    count = np.bincount(bins, minlength=_N_BINS)
    filled = count > 0
    n = count[filled]
    mean = np.bincount(bins, stated, _N_BINS)[filled] / n
    frequency = np.bincount(bins, outcome, _N_BINS)[filled] / n
    low, high = _wilson(frequency, n)
    ax = _axes(ax, height=5.0, width=5.0)
    ax.plot([0, 1], [0, 1], color="0.6", linewidth=0.8, linestyle="--", label="holds")
    ax.vlines(mean, low, high, color=SUPPORTS_COLOUR, alpha=0.45, linewidth=3)
    ax.plot(
        mean,
        frequency,
        "o-",
        color=SUPPORTS_COLOUR,
        label="observed, 90 % interval",
        clip_on=False,
        zorder=3,
    )
    for x, y, size in zip(mean, frequency, n, strict=True):
        # inside the frame, and below the line where there is room
        shift = (-6 if x > 0.85 else 6, 4 if y < 0.05 else -12)
        ax.annotate(
            f"n={size}",
            (x, y),
            shift,
            textcoords="offset points",
            size=8,
            ha="right" if x > 0.85 else "left",
            zorder=4,
        ).set_bbox({"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.4})
    ax.set(xlim=(0, 1), ylim=(0, 1), xlabel="confidence", ylabel="share of true claims")
    ax.set_aspect("equal")
    ax.legend(loc="upper left", frameon=False)
    return ax


def plot_priors(
    priors: Priors | Mapping[str, Any] | str | PathLike[str] | None = None, ax: Axes | None = None
) -> Axes:
    """Draw how often each type of source supports a claim, when it is true and when it is false.

    Parameters
    ----------
    priors : Priors, dict, path of a TOML file or None, default None
        None draws the shipped defaults.
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
        One row per type: the mean of a (supports a true claim) and of b (supports a false one),
        each with the central 90 % of its Beta distribution. The further apart, the more a source of
        this type moves a claim.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If the priors are wrong; it names the key.
    """
    types = Priors.check(priors).types
    ax = _axes(ax, height=1.0 + 0.45 * max(len(types), 1))
    rows = np.arange(len(types))
    series = (
        ("supports_if_true", "if the claim is true (a)", SUPPORTS_COLOUR, "o", -0.12),
        ("supports_if_false", "if the claim is false (b)", DENIES_COLOUR, "s", 0.12),
    )
    for name, label, colour, marker, shift in series:
        mean, strength = np.array([getattr(prior, name) for prior in types.values()]).T
        low, high = (betaincinv(mean * strength, (1 - mean) * strength, q) for q in _QUANTILES)
        ax.hlines(rows + shift, low, high, color=colour, alpha=0.35, linewidth=3)
        ax.plot(mean, rows + shift, marker, color=colour, label=label)
    ax.set_yticks(rows, _literal([name.replace("_", " ") for name in types]))
    ax.set_ylim(len(types) - 0.5, -0.5)
    ax.set_xlim(0, 1)
    ax.set_xlabel("probability that such a source supports the claim")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False)
    return ax


def _report(report: Any) -> Report:
    if not isinstance(report, Report):
        raise TypeError(
            f"report must be a Report, as sourcescore.score gives; got {shown(report)}."
        )
    return report


def _axes(ax: Axes | None, height: float, width: float = 8.0) -> Axes:
    """Return `ax`, or that of a new figure; the one place that needs matplotlib."""
    if ax is not None:
        if not hasattr(ax, "set_yticks"):
            raise TypeError(
                f"ax must be one matplotlib Axes, as plt.subplots() gives; got {shown(ax)}."
            )
        return ax
    try:
        from matplotlib import pyplot as plt
    except ImportError as error:
        raise needs_extra("figures", "plots", error) from error
    return plt.subplots(figsize=(width, height), layout="constrained")[1]


def _wilson(frequency: np.ndarray, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The 90 % score interval of a proportion.

    Examples
    --------
    >>> low, high = _wilson(np.array([0.5]), np.array([10]))
    >>> round(float(low[0]), 3), round(float(high[0]), 3)
    (0.269, 0.731)
    """
    z = 1.6448536269514722  # the 95 % quantile of the normal distribution
    centre = (frequency + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(frequency * (1 - frequency) / n + z**2 / (4 * n**2))
    return centre - half, centre + half


def _shorten(text: str) -> str:
    return text if len(text) <= _WRAP else text[: _WRAP - 1] + "…"


def _literal(labels: list[str]) -> list[str]:
    """Keep matplotlib from reading dollar signs as mathematics, and drop what no font has."""
    clean = (
        "".join(c if c.isprintable() and not "\ud800" <= c <= "\udfff" else "\ufffd" for c in label)
        for label in labels
    )
    return [label.replace("$", r"\$") for label in clean]
