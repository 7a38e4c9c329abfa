"""Claims as lines for a terminal.

Comes in: the claim table. Goes out: lines that fit into the width of the terminal, and nothing that
it would act upon.
"""

from __future__ import annotations

import re
import shutil
import textwrap
from typing import Any

import pandas as pd

__all__ = ["claim_lines", "one_line"]

_MAX_WIDTH = 120
_MIN_CLAIM_WIDTH = 32
# A terminal would act upon control characters and reorder the line at bidirectional ones.
_NOT_FOR_TERMINALS = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def claim_lines(claims: pd.DataFrame, n_shown: int) -> list[str]:
    """The first claims as a table, with a line for the others if there are more; or nothing."""
    shown = claims.iloc[:n_shown]
    if shown.empty:
        return []
    cells = [("claim_id", "confidence", "verdict", "for", "against")]
    cells += [
        (
            one_line(row.Index),
            f"{row.confidence:.2f} ({row.low:.2f}-{row.high:.2f})",
            str(row.verdict),
            str(row.n_supporting),
            str(row.n_denying),
        )
        for row in shown.itertuples()
    ]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    fronts = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in cells]
    width = min(shutil.get_terminal_size((100, 24)).columns, _MAX_WIDTH)
    beside = width - len(fronts[0]) >= _MIN_CLAIM_WIDTH
    indent = " " * (len(fronts[0]) + 2 if beside else 4)
    width = max(width, len(indent) + _MIN_CLAIM_WIDTH)
    lines = ["", f"{fronts[0]}  claim".rstrip()]
    for front, claim in zip(fronts[1:], map(one_line, shown["claim"]), strict=True):
        if not beside:  # a narrow terminal has the claim below its numbers
            lines.append(front.rstrip())
        first = f"{front}  " if beside else indent
        lines += textwrap.wrap(claim, width, initial_indent=first, subsequent_indent=indent)
    if len(claims) > len(shown):
        lines.append(f"... and {len(claims) - len(shown)} more (print the report for all)")
    return lines


def one_line(value: Any) -> str:
    """One line of text without what a terminal would act upon; never empty.

    Examples
    --------
    >>> one_line("a\\x1b[31m\\nb")
    'a [31m b'
    """
    return " ".join(_NOT_FOR_TERMINALS.sub(" ", str(value)).split()) or "-"
