"""Words that the errors of the library share.

Comes in: what a user gave, and what is allowed. Goes out: parts of a sentence.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sized
from itertools import islice
from numbers import Real
from typing import Any

import numpy as np

__all__ = ["closest", "did_you_mean", "needs_extra", "shown"]

# A value is named in an error, not printed.
_MAX_SHOWN = 120
# As many names as are compared at once without a wait.
_MAX_COMPARED = 1000


def closest(name: Any, known: Iterable[Any], cutoff: float = 0.6) -> str | None:
    """Return the known name that is most like a given one, case aside; None if none is.

    Examples
    --------
    >>> closest("Claim_ID", ["source_id", "claim_id"])
    'claim_id'
    """
    if not isinstance(name, str):
        return None
    names = {key.casefold(): key for key in islice(known, _MAX_COMPARED) if isinstance(key, str)}
    close = difflib.get_close_matches(name.strip().casefold(), names, n=1, cutoff=cutoff)
    return names[close[0]] if close else None


def did_you_mean(name: Any, known: Iterable[Any]) -> str:
    """End a sentence about an unknown name: with the known one that is most like it, if any is.

    Examples
    --------
    >>> did_you_mean("witnes", ["witness", "hearsay"]), did_you_mean(None, ["witness"])
    ('; did you mean witness?', '.')
    """
    close = closest(name, known)
    return "." if close is None else f"; did you mean {close}?"


def needs_extra(what: str, extra: str, error: ImportError) -> ImportError:
    """Return the error that says which extra brings a library that is missing.

    Examples
    --------
    >>> str(needs_extra("figures", "plots", ImportError(name="matplotlib")))
    'figures need matplotlib: install it with pip install "sourcescore[plots]".'
    """
    install = f'pip install "sourcescore[{extra}]"'
    return ImportError(f"{what} need {error.name}: install it with {install}.", name=error.name)


def shown(value: Any) -> str:
    """Write a value for an error: as Python does where that is short, else what it is.

    Examples
    --------
    >>> shown("x"), shown([1, 2]), shown([1] * 100), shown(list)
    ("'x'", '[1, 2]', 'a list of 100', 'the class list')
    >>> shown("a" * 1000)[-6:]
    'aaa...'
    """
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if isinstance(value, np.ndarray):
        return f"an array of the shape {value.shape}"
    plain = value is None or isinstance(value, str | bytes | bool | Real)
    if plain or isinstance(value, list | tuple | set | dict):
        written = " ".join(repr(value).split())
        if plain or len(written) <= _MAX_SHOWN:
            return written if len(written) <= _MAX_SHOWN else f"{written[:_MAX_SHOWN]}..."
    kind = type(value).__name__
    article = "an" if kind[0] in "AEIOUaeiou" else "a"
    return f"{article} {kind} of {len(value)}" if isinstance(value, Sized) else f"{article} {kind}"
