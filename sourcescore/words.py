"""Static word vectors: how alike two words are, without a language model at run time.

Comes in: words or texts. Goes out: vectors of 64 dimensions whose cosine is the likeness in
meaning (*soldiers* and *troops* lie close together), an information weight per word, and the
word's cluster, which a sequence model uses as it would a Brown cluster (Brown et al. 1992).

The vectors are distilled from a small sentence transformer by encoding every word of a vocabulary
on its own and keeping the leading principal components, the recipe of Model2Vec (Tulkens and van
Dongen 2024). `sourcescore.training.words` rebuilds them.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Self

import numpy as np
from scipy import sparse

__all__ = ["WordVectors"]

_WORD = re.compile(r"\w+")


class WordVectors:
    """A table of word vectors.

    Parameters
    ----------
    vocabulary : sequence of str of length n
        Lower-case words.
    codes : int8 array of shape (n, d)
        The vectors, each component in 127ths of `scale`.
    scale : float32 array of shape (d,)
        The largest absolute value of each component.
    weight : float array of shape (n,)
        The information weight of each word, a / (a + p(word)) of Arora et al. (2017), in (0, 1]:
        near 0 for the commonest.
    clusters : int array of shape (n, k)
        The cluster of each word at k grains, coarse to fine.

    Examples
    --------
    >>> import sourcescore as ss
    >>> words = ss.load_model("words")
    >>> vectors = words.embed(["soldiers were sent", "troops were deployed", "a cake recipe"])
    >>> likeness = vectors @ vectors.T
    >>> bool(likeness[0, 1] > 0.6 > likeness[0, 2])
    True
    """

    def __init__(
        self,
        vocabulary: Sequence[str],
        codes: np.ndarray,
        scale: np.ndarray,
        weight: np.ndarray,
        clusters: np.ndarray,
    ) -> None:
        self.vocabulary = list(vocabulary)
        self.codes = codes
        self.scale = scale
        self.weight = weight
        self.clusters = clusters
        self._row = {word: row for row, word in enumerate(self.vocabulary)}
        # an out-of-vocabulary word is rare, so it carries full weight, but its vector is zero
        vectors = codes.astype(np.float32) * (scale / 127).astype(np.float32)
        norm = np.linalg.norm(vectors, axis=1, keepdims=True)
        self.vectors = np.vstack([vectors / np.maximum(norm, 1e-9), np.zeros_like(scale)[None]])
        self.vectors = self.vectors.astype(np.float32)
        self._weights = np.append(weight, 1.0).astype(np.float32)

    @property
    def n_dimensions(self) -> int:
        """Length of a vector."""
        return len(self.scale)

    def row(self, word: str) -> int:
        """Row of a word in `vectors`; the last row, all zeros, for a word it does not know.

        A compound that it does not know goes by its last part.
        """
        row = self._row.get(word)
        if row is None:
            lower = word.lower()
            row = self._row.get(lower, -1)
            if row < 0 and "-" in lower:
                row = self._row.get(lower.rpartition("-")[2], -1)
        return row if row >= 0 else len(self.vocabulary)

    def lookup(self, words: Iterable[str]) -> np.ndarray:
        """Rows of words in `vectors`, int64 of shape (n_words,).

        Examples
        --------
        >>> import sourcescore as ss
        >>> words = ss.load_model("words")
        >>> words.vectors[words.lookup(["minister", "xqzt"])].shape
        (2, 64)
        """
        return np.fromiter(map(self.row, words), dtype=np.int64)

    def word_weights(self, rows: np.ndarray) -> np.ndarray:
        """Information weights of rows, float32 in (0, 1]; 1 for an unknown word."""
        return self._weights[rows]

    def embed(self, texts: Iterable[str]) -> np.ndarray:
        """Vectors of texts: the weighted mean of their words, of length 1.

        Parameters
        ----------
        texts : iterable of str

        Returns
        -------
        float32 array of shape (n_texts, n_dimensions)
            All zeros for a text without a known word.
        """
        if isinstance(texts, str):
            raise TypeError("texts must be several strings, say a list; got one str.")
        rows: list[int] = []
        ends = [0]
        for text in texts:
            rows += map(self.row, _WORD.findall(text))
            ends.append(len(rows))
        # the sum as a matrix product: no vector of a single word is copied
        shape = (len(ends) - 1, len(self.vectors))
        counts = sparse.csr_array((self._weights[rows], rows, ends), shape=shape)
        out = counts @ self.vectors
        norm = np.linalg.norm(out, axis=1, keepdims=True)
        return out / np.where(norm > 0, norm, 1)

    def to_parts(self) -> dict[str, bytes]:
        """The files of the model, name to content."""
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer,
            codes=self.codes,
            scale=self.scale.astype(np.float32),
            weight=self.weight.astype(np.float16),
            clusters=self.clusters.astype(np.int16),
        )
        vocabulary = json.dumps(self.vocabulary, ensure_ascii=False)
        return {"vectors.npz": buffer.getvalue(), "vocabulary.json": vocabulary.encode()}

    @classmethod
    def from_parts(cls, parts: Mapping[str, bytes]) -> Self:
        """Build the table from the files that `to_parts` gave."""
        with np.load(io.BytesIO(parts["vectors.npz"]), allow_pickle=False) as arrays:
            return cls(
                json.loads(parts["vocabulary.json"]),
                arrays["codes"],
                arrays["scale"],
                arrays["weight"].astype(np.float32),
                arrays["clusters"],
            )
