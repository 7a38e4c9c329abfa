"""Claims and texts side by side, as users give them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from typing import Any

import numpy as np
import pandas as pd

from sourcescore.checks import label_array
from sourcescore.messages import shown
from sourcescore.tables import require_columns

__all__ = ["Pairs", "checked", "checked_labelled"]

Pairs = Iterable[str] | pd.DataFrame


def checked_labelled(
    claims: Any, texts: Any, stances: Any
) -> tuple[list[str], list[str], np.ndarray]:
    """Claims, texts and stances, where claims and texts may have come as one DataFrame."""
    if isinstance(claims, pd.DataFrame) and stances is None:
        texts, stances = None, texts
    if stances is None:
        raise TypeError(
            "stances are missing: give claims, texts and stances, or pairs and stances."
        )
    claims, texts = checked(claims, texts)
    return claims, texts, label_array(stances, len(claims), "stances", "pairs")


def checked(claims: Any, texts: Any) -> tuple[list[str], list[str]]:
    """Claims and texts as lists of equal length, where they may have come as one DataFrame."""
    if isinstance(claims, pd.DataFrame):
        if texts is not None:
            raise TypeError(
                "a DataFrame of claims has their texts in its column text; give no texts."
            )
        pairs = require_columns(claims, ("claim", "text"), "claims")
        claims, texts = pairs["claim"], pairs["text"]
    elif texts is None:
        raise TypeError(
            "texts are missing: give claims and texts, or a DataFrame with the columns claim and "
            f"text; got claims as {type(claims).__name__}."
        )
    sides = [_strings(values, name) for name, values in (("claims", claims), ("texts", texts))]
    if len(sides[0]) != len(sides[1]):
        raise ValueError(
            "claims and texts must be equally long, one claim for each text; "
            f"got {len(sides[0])} and {len(sides[1])}."
        )
    return sides[0], sides[1]


def _strings(values: Any, name: str) -> list[str]:
    # of a mapping, a set or a table one would get keys, any order or names of columns
    no_sequence = isinstance(values, str | bytes | Mapping | Set | pd.DataFrame)
    no_sequence |= isinstance(values, np.ndarray) and values.ndim != 1
    if no_sequence or not isinstance(values, Iterable):
        raise TypeError(
            f"{name} must be a sequence of str, one for each pair; got {shown(values)}."
        )
    strings = list(values)
    for value in strings:
        if not isinstance(value, str):
            raise TypeError(f"{name} must hold strings; got {type(value).__name__}.")
    return strings
