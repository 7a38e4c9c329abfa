"""The accurate extractor: the network of the fast one over vectors that a transformer gives.

Comes in: texts. Goes out: the attribution table. Where the fast extractor looks up what it knows of
each word, this one has the word's vector in its context besides, from a small transformer
(`sourcescore.encoder`); the heads, the decoding and the rules are the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Self

import numpy as np

from sourcescore.encoder import Encoder
from sourcescore.encoder.encoder import PARTS
from sourcescore.encoder.pieces import Windows
from sourcescore.extract.examples import Passage
from sourcescore.extract.extractor import AttributionExtractor
from sourcescore.extract.features import plain_words
from sourcescore.extract.learning import Settings
from sourcescore.extract.lookup import TokenLookup
from sourcescore.text import Document

__all__ = ["TransformerExtractor"]

#: So many windows of several texts are read at a time, to keep all cores at work.
_WINDOWS = 32
#: The first piece of a window says which annotation is followed.
OPENS = {"flat": "[unused1]", "nested": "[unused2]"}


class TransformerExtractor(AttributionExtractor):
    """Find who says what in news texts, by a small transformer.

    The same as `AttributionExtractor`, and slower; what differs is below. To find attributions
    takes the extra ``accurate``, to learn ``train-accurate``.

    Parameters
    ----------
    nested, threshold, nested_weight, warm_start, random_state, verbose
        As for `AttributionExtractor`.
    n_epochs : int, default=6
        How often each document is learned from.
    learning_rate : float, default=0.0015
        Of the heads.
    encoder_rate : float, default=0.0002
        Of the transformer.
    checkpoint : str or path, optional
        A file to write to after each epoch. If it is there, and was written by a `fit` with the
        same parameters and documents that was interrupted, `fit` goes on from it; in the end it is
        removed.

    Attributes
    ----------
    encoder_ : Encoder
        The transformer.
    word_table_, vocabulary_, network_, n_features_in_
        As for `AttributionExtractor`.

    Examples
    --------
    >>> import sourcescore as ss
    >>> extractor = ss.load_model("extractor", models="accurate")
    >>> found = extractor.transform("The mine was safe, the minister told Reuters on Friday.")
    >>> found[["source", "cue", "content"]].iloc[0].tolist()
    ['the minister', 'told', 'The mine was safe']
    """

    encoder_: Encoder

    def __init__(
        self,
        *,
        nested: bool = True,
        threshold: float = 0.5,
        n_epochs: int = 6,
        learning_rate: float = 0.0015,
        encoder_rate: float = 0.0002,
        nested_weight: int = 2,
        warm_start: bool = False,
        checkpoint: Any = None,
        random_state: Any = 0,
        verbose: bool = False,
    ) -> None:
        super().__init__(
            nested=nested,
            threshold=threshold,
            n_epochs=n_epochs,
            learning_rate=learning_rate,
            nested_weight=nested_weight,
            warm_start=warm_start,
            random_state=random_state,
            verbose=verbose,
        )
        self.encoder_rate = encoder_rate
        self.checkpoint = checkpoint

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if not self.encoder_rate > 0:
            raise ValueError(f"encoder_rate must be above 0; got {self.encoder_rate!r}.")

    def _n_vector(self) -> int:
        from sourcescore.encoder.learning import TorchEncoder

        return TorchEncoder.pretrained().n_dimensions

    def _learn(
        self,
        documents: list[list[Passage]],
        lookup: TokenLookup,
        settings: Settings,
        rng: np.random.Generator,
    ) -> None:
        from sourcescore.encoder.learning import TorchEncoder
        from sourcescore.extract.transformer_learning import learn_both

        goes_on = self.warm_start and hasattr(self, "encoder_")
        encoder = TorchEncoder.of(self.encoder_) if goes_on else TorchEncoder.pretrained()
        learn_both(
            self.network_,
            encoder,
            documents,
            lookup,
            settings,
            rng,
            encoder_rate=self.encoder_rate,
            checkpoint=self.checkpoint,
            progress=self.verbose,
        )
        self.encoder_ = encoder.to_encoder()

    def _with_vectors(
        self, blocks: Iterator[tuple[str, Document]]
    ) -> Iterator[tuple[str, Document, np.ndarray | None]]:
        waiting: list[tuple[str, Document, Windows]] = []
        kind = "nested" if self.nested else "flat"
        for doc_id, block in blocks:
            if block.words:
                words = plain_words(block)
                windows = self.encoder_.pieces.windows(words, block.paragraph, OPENS[kind])
                waiting.append((doc_id, block, windows))
            if sum(len(windows.ids) for *_, windows in waiting) >= _WINDOWS:
                yield from self._read_together(waiting)
                waiting = []
        yield from self._read_together(waiting)

    def _read_together(
        self, waiting: list[tuple[str, Document, Windows]]
    ) -> Iterator[tuple[str, Document, np.ndarray]]:
        vectors = self.encoder_.read([windows for *_, windows in waiting])
        for (doc_id, block, _), own in zip(waiting, vectors, strict=True):
            yield doc_id, block, own

    def to_parts(self) -> dict[str, bytes]:
        """The files of the model, name to content."""
        return {**super().to_parts(), **self.encoder_.to_parts()}

    @classmethod
    def from_parts(cls, parts: Mapping[str, bytes]) -> Self:
        """Build the estimator from the files that `to_parts` gave."""
        extractor = super().from_parts(parts)
        extractor.encoder_ = Encoder.from_parts({name: parts[name] for name in PARTS})
        return extractor
