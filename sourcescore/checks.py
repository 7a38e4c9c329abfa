"""What the arguments of estimators must be: numbers, labels, weights.

Comes in: an argument as it was given, and its name. Goes out: the argument as the code behind
takes it, or an error that names it, what was given and what is allowed. Tables and texts are
checked in `sourcescore.tables`.
"""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd

from sourcescore.messages import shown

__all__ = [
    "check_flag",
    "check_number",
    "check_whole",
    "label_array",
    "labels_alike",
    "weight_array",
]


def check_flag(name: str, value: Any) -> None:
    """Raise unless an argument is True or False.

    Raises
    ------
    ValueError
        If it is anything else.

    Examples
    --------
    >>> check_flag("warm_start", "no")
    Traceback (most recent call last):
        ...
    ValueError: warm_start must be True or False; got 'no'.
    """
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"{name} must be True or False; got {shown(value)}.")


def check_whole(name: str, value: Any, least: int) -> None:
    """Raise unless an argument is a whole number of at least `least`.

    Raises
    ------
    ValueError
        If it is anything else.

    Examples
    --------
    >>> check_whole("n_networks", 0, 1)
    Traceback (most recent call last):
        ...
    ValueError: n_networks must be a whole number of at least 1; got 0.
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or int(value) < least:
        raise ValueError(f"{name} must be a whole number of at least {least}; got {shown(value)}.")


def check_number(name: str, value: Any, allowed: str, low: float, high: float = np.inf) -> None:
    """Raise unless an argument is a finite number from `low` to `high`.

    Parameters
    ----------
    name : str
    value : object
    allowed : str
        The range in words, for the error.
    low, high : float
        The ends of the range, which belong to it.

    Raises
    ------
    ValueError
        If it is anything else.

    Examples
    --------
    >>> check_number("coherence", 2, "from 0 to 1", 0, 1)
    Traceback (most recent call last):
        ...
    ValueError: coherence must be a number from 0 to 1; got 2.
    """
    number = isinstance(value, Real) and not isinstance(value, bool | np.bool_)
    if not number or not low <= value <= high or value in (-np.inf, np.inf):
        raise ValueError(f"{name} must be a number {allowed}; got {shown(value)}.")


def label_array(values: Any, n: int, name: str, rows: str) -> np.ndarray:
    """Return labels as an array, one for each of the `n` rows and none missing.

    Parameters
    ----------
    values : array-like of shape (n,)
    n : int
    name : str
        Of the argument.
    rows : str
        What there are `n` of, for the error.

    Returns
    -------
    array of shape (n,)
        As `labels_alike` gives them.

    Raises
    ------
    ValueError
        If there are more or fewer, or one is missing, or is neither a string nor a number.

    Examples
    --------
    >>> label_array(["a", None], 2, "types", "attributions")
    Traceback (most recent call last):
        ...
    ValueError: types is missing in 1 of the 2 attributions; drop or label them.
    """
    try:
        labels = np.asarray(values, dtype=object)
    except ValueError:  # arrays of different lengths in a list
        labels = np.empty(0, dtype=object)
    if labels.shape != (n,):
        raise ValueError(
            f"{name} must have one label for each of the {n} {rows}; got {shown(values)}."
        )
    missing = int(pd.isna(labels).sum())
    if missing:
        raise ValueError(f"{name} is missing in {missing} of the {n} {rows}; drop or label them.")
    for row, label in enumerate(labels):
        if not isinstance(label, str | Real | np.bool_):
            raise ValueError(
                f"{name} must hold strings or numbers; got {shown(label)} in row {row}."
            )
    return labels_alike(labels.tolist())


def labels_alike(values: list[Any]) -> np.ndarray:
    """Return labels as scikit-learn takes them: all numbers, or else all str.

    It encodes words as numbers at times, which then must stay numbers.

    Examples
    --------
    >>> labels_alike([0, 1]), labels_alike([0, "a"])
    (array([0, 1]), array(['0', 'a'], dtype=object))
    """
    if values and all(isinstance(value, Real | np.bool_) for value in values):
        return np.array(values)
    return np.array([str(value) for value in values], dtype=object)


def weight_array(values: Any, n: int, rows: str) -> np.ndarray:
    """Return the argument ``sample_weight`` as an array of finite floats of at least 0.

    Parameters
    ----------
    values : float or array-like of float, shape (n,)
    n : int
    rows : str
        What there are `n` of, for the error.

    Raises
    ------
    ValueError
        If it is anything else, or 0 everywhere.

    Examples
    --------
    >>> weight_array(2, 3, "pairs")
    array([2., 2., 2.])
    """
    try:
        weight = np.asarray(values, dtype=float)
    except (ValueError, TypeError):
        weight = np.full(0, np.nan)
    wrong = ~(np.isfinite(weight) & (weight >= 0))
    if weight.shape not in ((), (n,)) or wrong.any():
        given = shown(values)
        if weight.shape == (n,):
            given = f"{weight[wrong][0]} in row {int(np.argmax(wrong))}"
        raise ValueError(
            f"sample_weight must have a finite number of at least 0 for each of the {n} {rows}; "
            f"got {given}."
        )
    if n and not weight.any():
        raise ValueError(f"sample_weight is 0 for each of the {n} {rows}; one at least must count.")
    return np.broadcast_to(weight, (n,))
