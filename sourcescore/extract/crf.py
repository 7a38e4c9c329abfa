"""A linear-chain CRF as a value: trained from feature lists, stored as bytes, safe to pickle."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from typing import Any

import pycrfsuite

__all__ = ["CRF"]


class CRF:
    """A trained tagger (Okazaki's CRFsuite).

    Parameters
    ----------
    content : bytes
        A tagger file.
    """

    def __init__(self, content: bytes) -> None:
        self.content = content
        self._open()

    def _open(self) -> None:
        # the library reads beyond the end of a truncated file, so it is checked first
        size = int.from_bytes(self.content[4:8], "little") if self.content[:4] == b"lCRF" else -1
        if size != len(self.content):
            raise ValueError("the tagger file is truncated or is not a CRFsuite model.")
        self._tagger = pycrfsuite.Tagger()
        self._tagger.open_inmemory(self.content)
        self._labels = set(self._tagger.labels())

    @classmethod
    def train(
        cls,
        sequences: Iterable[tuple[list[list[str]], list[str]]],
        *,
        c1: float,
        c2: float,
        max_iterations: int,
        min_count: int = 3,
    ) -> CRF:
        """Train with L-BFGS under elastic-net regularisation.

        Parameters
        ----------
        sequences : iterable of (features, labels)
        c1, c2 : float
            Weights of the L1 and the squared L2 norm.
        max_iterations : int
        min_count : int
            Features seen less often are left out.
        """
        trainer = pycrfsuite.Trainer(verbose=False)
        for features, labels in sequences:
            trainer.append(features, labels)
        trainer.select("lbfgs")
        trainer.set_params(
            {
                "c1": c1,
                "c2": c2,
                "max_iterations": max_iterations,
                "feature.minfreq": min_count,
                "feature.possible_transitions": True,
            }
        )
        handle, path = tempfile.mkstemp(suffix=".crfsuite")
        os.close(handle)
        try:
            trainer.train(path)
            with open(path, "rb") as file:
                return cls(file.read())
        finally:
            os.unlink(path)

    def tag(self, features: list[list[str]]) -> list[str]:
        """The most probable labels."""
        return list(self._tagger.tag(features)) if features else []

    def marginals(self, labels: tuple[str, ...], n_tokens: int) -> list[float]:
        """Probability of each token of the sequence just tagged to have one of the labels."""
        marginal = self._tagger.marginal
        known = [label for label in labels if label in self._labels]
        return [sum(marginal(label, i) for label in known) for i in range(n_tokens)]

    def probability(self, labels: list[str]) -> float:
        """Probability of these labels for the sequence just tagged."""
        if not self._labels.issuperset(labels):
            return 0.0
        return float(self._tagger.probability(labels))

    def __getstate__(self) -> dict[str, Any]:
        return {"content": self.content}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.content = state["content"]
        self._open()
