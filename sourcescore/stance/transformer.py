"""TransformerStanceClassifier: the stance of a text by a small transformer that reads both.

Claim and text are read as one sequence, so that each word of one is seen with those of the other
(a cross-encoder: Devlin et al. 2019). Of an article the first sentence is read and those that are
likest to the claim. The features of the fast classifier count as well: they see all of the article.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from sourcescore.checks import check_flag, check_number, check_whole, weight_array
from sourcescore.encoder import Encoder
from sourcescore.encoder.encoder import PARTS
from sourcescore.stance.classifier import StanceClassifier
from sourcescore.stance.features import stance_features
from sourcescore.stance.pairs import Pairs, checked, checked_labelled
from sourcescore.stance.sentences import telling_sentences
from sourcescore.words import WordVectors

__all__ = ["TransformerStanceClassifier"]

#: Pieces of a claim and a text that are read at most.
LONGEST = 128
#: Standardised features are cut here: nothing that was learned from goes beyond.
_MOST = 6.0
#: Pairs at a time, which bounds the memory.
_PAIRS = 256


class TransformerStanceClassifier(StanceClassifier):
    """Stance of a text towards a claim, by a small transformer.

    The same as `StanceClassifier`, and slower. To classify takes the extra ``accurate``, to learn
    ``train-accurate``.

    Parameters
    ----------
    n_epochs : int, default=2
        How often each pair is learned from.
    learning_rate : float, default=0.0002
        Of the transformer.
    head_rate : float, default=0.001
        Of what stands on it.
    rare : float, default=0.35
        How much more the rare stances count, as for `StanceClassifier`.
    words : WordVectors, optional
        The word vectors; those that are shipped by default.
    warm_start : bool, default=False
        Let `fit` go on from what was learned before, where it knows the stances.
    checkpoint : str or path, optional
        A file to write to after each epoch. If it is there, and was written by a `fit` with the
        same parameters and pairs that was interrupted, `fit` goes on from it; in the end it is
        removed.
    random_state : int, default=0
    verbose : bool, default=False
        Show a progress bar in `fit`.

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
        The stances, sorted; any labels will do.
    encoder_ : Encoder
        The transformer.
    head_ : dict of str to float32 array
        What turns its vectors and the features into stances: ``mean`` and ``scale`` of the
        features, the weights of the hidden units for them (``hidden.weight``, ``hidden.bias``),
        and those of the stances (``out.weight``, ``out.bias``).

    Examples
    --------
    >>> import sourcescore as ss
    >>> classifier = ss.load_model("stance", models="accurate")
    >>> str(classifier.predict(["The bank is closing"], ["Rain is expected on Sunday."])[0])
    'unrelated'
    """

    encoder_: Encoder
    head_: dict[str, np.ndarray]

    def __init__(
        self,
        *,
        n_epochs: int = 2,
        learning_rate: float = 0.0002,
        head_rate: float = 0.001,
        rare: float = 0.35,
        words: WordVectors | None = None,
        warm_start: bool = False,
        checkpoint: Any = None,
        random_state: int = 0,
        verbose: bool = False,
    ) -> None:
        self.n_epochs = n_epochs
        self.learning_rate = learning_rate
        self.head_rate = head_rate
        self.rare = rare
        self.words = words
        self.warm_start = warm_start
        self.checkpoint = checkpoint
        self.random_state = random_state
        self.verbose = verbose

    def _check_parameters(self) -> None:
        check_whole("n_epochs", self.n_epochs, 1)
        check_whole("random_state", self.random_state, 0)
        smallest = float(np.nextafter(0, 1))
        check_number("learning_rate", self.learning_rate, "above 0", smallest)
        check_number("head_rate", self.head_rate, "above 0", smallest)
        check_number("rare", self.rare, "of at least 0", 0)
        check_flag("warm_start", self.warm_start)
        check_flag("verbose", self.verbose)

    def fit(
        self,
        claims: Pairs,
        texts: Any,
        stances: ArrayLike | None = None,
        *,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Learn from pairs of a claim and a text; see `StanceClassifier.fit`."""
        self._check_parameters()
        claims, texts, labels = checked_labelled(claims, texts, stances)
        weight = np.ones(len(labels))
        if sample_weight is not None:
            weight = np.asarray(weight_array(sample_weight, len(labels), "pairs"), dtype=float)
        counts = np.flatnonzero(weight > 0)
        claims, texts = [claims[k] for k in counts], [texts[k] for k in counts]
        labels, weight = labels[counts], weight[counts]
        known, number, count = np.unique(labels, return_inverse=True, return_counts=True)
        if len(known) < 2:
            raise ValueError(
                f"stances must hold at least two labels to tell apart; got {list(known)}."
            )
        weight *= ((count.max() / count) ** self.rare)[number]

        from sourcescore.encoder.learning import TorchEncoder
        from sourcescore.stance.transformer_learning import learn_stances

        features = stance_features(claims, texts, self._words())
        goes_on = self.warm_start and hasattr(self, "head_") and set(known) <= set(self.classes_)
        encoder = TorchEncoder.of(self.encoder_) if goes_on else TorchEncoder.pretrained()
        if not goes_on:
            self.classes_ = known
        self.head_ = learn_stances(
            encoder,
            self.head_ if goes_on else None,
            list(zip(claims, telling_sentences(claims, texts, self._words()), strict=True)),
            features,
            np.searchsorted(self.classes_, labels),
            weight,
            n_classes=len(self.classes_),
            n_epochs=self.n_epochs,
            rates=(self.learning_rate, self.head_rate),
            seed=self.random_state,
            checkpoint=self.checkpoint,
            progress=self.verbose,
        )
        self.encoder_ = encoder.to_encoder()
        return self

    def predict_proba(self, claims: Pairs, texts: Iterable[str] | None = None) -> np.ndarray:
        """Probabilities of the stances; see `StanceClassifier.predict_proba`."""
        check_is_fitted(self, "head_")
        asked, read = checked(claims, texts)
        out = np.zeros((len(asked), len(self.classes_)))
        for start in range(0, len(asked), _PAIRS):
            part = slice(start, start + _PAIRS)
            out[part] = self._proba(asked[part], read[part])
        return out

    def _proba(self, claims: list[str], texts: list[str]) -> np.ndarray:
        words = self._words()
        pairs = [
            self.encoder_.pieces.pair(claim, text, LONGEST)
            for claim, text in zip(claims, telling_sentences(claims, texts, words), strict=True)
        ]
        vectors = np.array([[v.mean(axis=0), v[0]] for v in self.encoder_.run(pairs)])
        head = self.head_
        x = standardised(stance_features(claims, texts, words), head["mean"], head["scale"])
        hidden = np.maximum(x @ head["hidden.weight"].T + head["hidden.bias"], 0)
        joined = np.hstack([vectors.reshape(len(pairs), -1), hidden])
        scores = joined @ head["out.weight"].T + head["out.bias"]
        proba = np.exp(scores - scores.max(axis=1, keepdims=True)).astype(np.float64)
        return np.asarray(proba / proba.sum(axis=1, keepdims=True))

    def fit_features(self, *_: Any, **__: Any) -> Self:
        """Raise: this classifier reads the texts themselves."""
        raise AttributeError("this classifier reads texts; fit it with claims and texts.")

    def predict_features(self, *_: Any) -> np.ndarray:
        """Raise: this classifier reads the texts themselves."""
        raise AttributeError("this classifier reads texts; call predict with claims and texts.")

    def to_parts(self) -> dict[str, bytes]:
        """The files of the model, name to content."""
        check_is_fitted(self, "head_")
        left_out = ("words", "checkpoint", "verbose")
        parameters = {k: v for k, v in self.get_params(deep=False).items() if k not in left_out}
        stored = {"classes": self.classes_.tolist(), "parameters": parameters}
        head = io.BytesIO()
        np.savez_compressed(head, **self.head_)  # type: ignore[arg-type]
        written = json.dumps(stored, default=lambda number: number.item()).encode()
        return {"stance.json": written, "head.npz": head.getvalue(), **self.encoder_.to_parts()}

    @classmethod
    def from_parts(cls, parts: Mapping[str, bytes]) -> Self:
        """Build the classifier from the files that `to_parts` gave."""
        stored = json.loads(parts["stance.json"])
        classifier = cls(**stored["parameters"])
        classifier.classes_ = np.array(stored["classes"], dtype=object)
        with np.load(io.BytesIO(parts["head.npz"]), allow_pickle=False) as arrays:
            classifier.head_ = {name: arrays[name] for name in arrays.files}
        classifier.encoder_ = Encoder.from_parts({name: parts[name] for name in PARTS})
        return classifier


def standardised(features: np.ndarray, mean: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Features less their mean in units of their spread, float32."""
    return np.clip((features - mean) / scale, -_MOST, _MOST).astype(np.float32)
