"""What a stance classifier makes of statements and given claims, as features of the pairs.

It reads the statement with who says it and by which words, and the sentence around it, since
*denied it* says nothing by itself. The regressions of the linker weigh that with the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["JUDGED", "judged_features"]

_SIDES = ("supports", "denies")
#: Names of the features, for the statement and for the sentence: how likely it bears on the claim
#: at all, and how much likelier it is to deny than to support it, in log-odds.
JUDGED = tuple(
    f"judged_{text}_{what}" for text in ("statement", "sentence") for what in ("bears", "denies")
)
_LEAST = 1e-4


def judged_features(
    stance: Any, table: pd.DataFrame, claims: Sequence[str], row: np.ndarray, claim: np.ndarray
) -> np.ndarray:
    """Features of pairs of a row and a claim, float array of shape (n_pairs, len(JUDGED)).

    Parameters
    ----------
    stance : StanceClassifier
    table : DataFrame
        The attributions.
    claims : sequence of str
    row, claim : int arrays of shape (n_pairs,)
    """
    told = [
        table[name].fillna("").astype(str).to_numpy(object) if name in table else [""] * len(table)
        for name in ("source", "cue", "content")
    ]
    statements = [" ".join(" ".join(parts).split()) for parts in zip(*told, strict=True)]
    sentences = (
        table["sentence"].fillna("").astype(str).tolist() if "sentence" in table else statements
    )
    asked = [claims[k] for k in claim]
    columns = []
    for texts in (statements, sentences):
        proba = pd.DataFrame(
            stance.predict_proba(asked, [texts[k] for k in row]), columns=stance.classes_
        )
        supports, denies = (
            np.clip(proba[side].to_numpy(float) if side in proba else 0.0, _LEAST, 1 - _LEAST)
            for side in _SIDES
        )
        bears = np.clip(supports + denies, _LEAST, 1 - _LEAST)
        columns += [np.log(bears / (1 - bears)), np.log(denies / supports)]
    return np.column_stack(columns) if len(row) else np.empty((0, len(JUDGED)))
