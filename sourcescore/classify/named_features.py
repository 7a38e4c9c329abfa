"""Named features in, probabilities of labels out: what the classifier learns twice.

Comes in: the features of attributions as lists of names. Goes out: a `Model`. Rows of another
domain may bring copies of their features, which are dropped once learned (Daumé III 2007,
*Frustratingly easy domain adaptation*, with the second set of weights for one side only).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import NamedTuple

import numpy as np
from scipy import sparse

from sourcescore.classify.logistic import Logistic

__all__ = ["Encoder", "Model", "forget_domains", "of_domain"]

#: How much a feature counts that starts with one of these; others count 1.
_VALUES = {"~": 0.5, "!": 2.0}
#: What the features of a domain start with, and which ones it copies.
_DOMAIN = "domain:"
_COPIED = ("reading=", "cue=", "quote=", "neg=", "s=", "f=")


class Encoder:
    """Feature names to columns of a sparse matrix: 1 where there, 1/2 for a ``~``, 2 for a ``!``.

    scikit-learn's vectorizers do the same and take ten times as long on a few rows.
    """

    def __init__(self, vocabulary: Iterable[str]) -> None:
        self.vocabulary = {name: column for column, name in enumerate(vocabulary)}
        self.value = np.array([_VALUES.get(name[0], 1.0) for name in self.vocabulary])

    @classmethod
    def fit(
        cls, rows: Sequence[Sequence[str]], min_count: int, known: Iterable[str] = ()
    ) -> Encoder:
        """Number the features of rows that are frequent enough, after those that are known."""
        counts = Counter(name for row in rows for name in set(row))
        frequent = sorted(name for name, count in counts.items() if count >= min_count)
        return cls(dict.fromkeys([*known, *frequent]))

    def transform(self, rows: Sequence[Sequence[str]]) -> sparse.csr_matrix:
        """The known features of each row, of shape (n_rows, n_features)."""
        columns: list[int] = []
        ends = [0]
        get = self.vocabulary.get
        unknown = {-1}
        for row in rows:
            columns += sorted(set(map(get, row, repeat(-1))) - unknown)
            ends.append(len(columns))
        indices = np.array(columns, dtype=np.int32)
        shape = (len(rows), len(self.vocabulary))
        return sparse.csr_matrix((self.value[indices], indices, np.array(ends)), shape=shape)


class Model(NamedTuple):
    """Feature names in, probabilities of labels out."""

    encoder: Encoder
    logistic: Logistic

    def predict_proba(self, rows: Sequence[Sequence[str]]) -> np.ndarray:
        """Probabilities of the labels, of shape (n_rows, n_classes)."""
        return self.logistic.model.predict_proba(self.encoder.transform(rows))


def of_domain(features: list[str], domain: str) -> list[str]:
    """Add the copies of stance features that only its domain has."""
    if not domain:
        return features
    copied = [f"{_DOMAIN}{domain}:{name}" for name in features if name.startswith(_COPIED)]
    return [*features, f"!{_DOMAIN}{domain}", *copied]


def forget_domains(model: Model) -> Model:
    """Leave out the features that `of_domain` added, and their weights."""
    names = list(model.encoder.vocabulary)
    foreign = np.array([name.lstrip("!").startswith(_DOMAIN) for name in names], dtype=bool)
    kept = [name for name, out in zip(names, foreign, strict=True) if not out]
    return Model(Encoder(kept), model.logistic.without(foreign))
