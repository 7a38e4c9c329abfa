"""The features of tokens as the network takes them: in numbers, once per word.

Comes in: a `Document`. Goes out: the feature matrix to learn from, or at once the vectors that the
network looks up for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np
from scipy import sparse

from sourcescore.extract.features import (
    N_PLACES,
    Vocabulary,
    WordTable,
    place_numbers,
    plain_words,
    word_features,
)
from sourcescore.extract.network import WIDTH, Network
from sourcescore.text import Document
from sourcescore.words import WordVectors

__all__ = ["KINDS", "TokenLookup", "TokenVectors", "count_features"]

#: What a sequence of tokens is part of: a document in which attributions inside others are not
#: annotated, one in which they are, or the content of an attribution in such a one.
KINDS = ("flat", "nested", "content")
#: Features are numbered: places, kinds, those of words.
_KINDS = N_PLACES
_WORDS = N_PLACES + len(KINDS)
#: The memory of words is emptied when it holds so many, so that it cannot grow without end.
_MOST_REMEMBERED = 40_000


def count_features(
    documents: Iterable[Document], table: WordTable, vectors: WordVectors
) -> Counter[str]:
    """How often each feature of a word occurs in documents."""
    words = Counter(word for document in documents for word in plain_words(document))
    counts: Counter[str] = Counter()
    for word, n in words.items():
        for feature in word_features(word, table, vectors):
            counts[feature] += n
    return counts


class TokenLookup:
    """Number the features of tokens.

    Parameters
    ----------
    table : WordTable
    vocabulary : Vocabulary
    vectors : WordVectors
    """

    def __init__(self, table: WordTable, vocabulary: Vocabulary, vectors: WordVectors) -> None:
        self._table = table
        self._vocabulary = vocabulary
        self.vectors = vectors
        self.n_features = _WORDS + len(vocabulary)

    def of_word(self, word: str) -> list[int]:
        """The numbers of a word's features."""
        features = word_features(word, self._table, self.vectors)
        return [_WORDS + number for number in self._vocabulary.numbers(features)]

    def of_document(self, document: Document, kind: str) -> sparse.csr_array:
        """The features of each token: csr_array of shape (n_tokens, n_features)."""
        own = _KINDS + KINDS.index(kind)
        known: dict[str, list[int]] = {}
        columns: list[int] = []
        ends = [0]
        for word, place in zip(
            plain_words(document), place_numbers(document).tolist(), strict=True
        ):
            if word not in known:
                known[word] = self.of_word(word)
            columns += known[word]
            columns += (place, own)
            ends.append(len(columns))
        return sparse.csr_array(
            (np.ones(len(columns), dtype=np.float32), columns, ends),
            shape=(len(document), self.n_features),
        )


class TokenVectors:
    """What `Network.look_up` gives for the tokens of a document, from a memory of words.

    Parameters
    ----------
    lookup : TokenLookup
    network : Network
        One that was made for other vectors than those of words gets what it gives for features
        alone.
    """

    def __init__(self, lookup: TokenLookup, network: Network) -> None:
        self._lookup = lookup
        self._features = network.parameters["feature"]
        of_words = len(network.parameters["vector"]) == lookup.vectors.n_dimensions
        self._vector = network.parameters["vector"] if of_words else None
        self._bias = network.parameters["vector.bias"]
        self._row: dict[str, int] = {}
        self._known = np.empty((1024, WIDTH), dtype=np.float32)

    def __call__(self, document: Document, kind: str) -> np.ndarray:
        """The vectors: float32 array of shape (n_tokens, WIDTH)."""
        if len(self._row) > _MOST_REMEMBERED:
            self._row.clear()
        row = self._row
        words = plain_words(document)
        for word in words:
            if word not in row:
                self._learn(word)
        rows = np.fromiter((row[word] for word in words), np.int64, len(words))
        x = self._known[rows]
        x += self._features[:N_PLACES][place_numbers(document)]
        x += self._features[_KINDS + KINDS.index(kind)]
        return x

    def _learn(self, word: str) -> None:
        number = len(self._row)
        if number == len(self._known):
            self._known = np.concatenate([self._known, np.empty_like(self._known)])
        vectors = self._lookup.vectors
        x = self._bias
        if self._vector is not None:
            x = vectors.vectors[vectors.row(word)] @ self._vector + x
        own = self._lookup.of_word(word)
        self._known[number] = x + self._features[own].sum(axis=0) if own else x
        self._row[word] = number
