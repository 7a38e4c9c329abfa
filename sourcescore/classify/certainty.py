"""How firmly a content is put, from the hedges in cue and content."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from sourcescore import lexicons
from sourcescore.classify.phrases import tokenize

__all__ = ["certainty"]

#: Hedges further in than this seldom bear on the main clause of a content.
_CONTENT_TOKENS = 25
_LONGEST = 4


def certainty(
    sources: Sequence[str],
    cues: Sequence[str],
    contents: Sequence[str],
    hedges: Mapping[str, float] | None = None,
) -> np.ndarray:
    """How firmly each content is put: the strongest hedge of the cue times that of the content.

    Parameters
    ----------
    sources, cues, contents : sequences of str, equally long
    hedges : mapping of a hedge word or phrase to a certainty in (0, 1], optional
        `sourcescore.lexicons.hedges` by default.

    Returns
    -------
    float64 array of shape (n,)
        In (0, 1]; 1 where nothing hedges. A cue that marks hearsay ("reportedly") does not count
        where there is no source: that it is hearsay is the type of the attribution already.

    Examples
    --------
    >>> certainty(["Tan"], ["said"], ["troops were likely to leave"]).tolist()
    [0.75]
    """
    table = lexicons.hedges() if hedges is None else hedges
    hearsay = lexicons.load("hearsay_cues")
    first_words = {term.split(" ")[0] for term in table}
    out = np.ones(len(sources))
    for i, (source, cue, content) in enumerate(zip(sources, cues, contents, strict=True)):
        skip = frozenset() if source else hearsay
        firmness = _firmness(tokenize(cue), table, first_words, skip)
        out[i] = firmness * _firmness(
            tokenize(content[:600])[:_CONTENT_TOKENS], table, first_words, frozenset()
        )
    return out


def _firmness(
    tokens: list[str],
    table: Mapping[str, float],
    first_words: set[str],
    skip: frozenset[str],
) -> float:
    least = 1.0
    taken = 0
    for i, token in enumerate(tokens):
        low = token.lower()
        # "May" is a month, unless it opens the content
        if i < taken or low not in first_words or (token == "May" and i):
            continue
        for k in range(_LONGEST, 0, -1):  # "very likely" is not "likely"
            term = " ".join(tokens[i : i + k]).lower()
            if term in table:
                taken = i + k
                if term not in skip:
                    least = min(least, table[term])
                break
    return least
