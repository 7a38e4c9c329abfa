"""Learn the parameters of the network from annotated passages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import sparse

from sourcescore.extract.chain import chain_loss
from sourcescore.extract.examples import Passage
from sourcescore.extract.features import Layout, cue_windows, plain_words, sentence_rows
from sourcescore.extract.lookup import TokenLookup
from sourcescore.extract.network import Adam, Learning, Network, Parameters

__all__ = ["LEAST_STEPS", "Settings", "learn", "step"]

#: Passages of like length go into one batch: of so many at a time, which are sorted by length.
_POOL = 200
_WARM_UP_STEPS = 100
#: An epoch has at least about so many steps, if there are as many passages.
LEAST_STEPS = 50
#: What one step leaves of the mean of the parameters before it; less in the first steps.
_MEMORY = 0.998
#: Weight of the third head, which only helps the encoder to learn.
_SPAN_WEIGHT = 0.5


@dataclass(frozen=True)
class Settings:
    """How to learn.

    Attributes
    ----------
    n_epochs : int
        How often each passage is seen.
    batch_tokens : int
        The most tokens per step, what fills up shorter passages included; a longer passage is a
        step by itself.
    learning_rate : float
        Highest rate: reached after a warm-up, it falls in a straight line from there.
    dropout : float
        Share of the values that a layer leaves out.
    feature_dropout : float
        Share of the features of tokens that are left out.
    weight_decay : float
    """

    n_epochs: int
    learning_rate: float
    batch_tokens: int = 3200
    dropout: float = 0.2
    feature_dropout: float = 0.2
    weight_decay: float = 0.01


class _Prepared(NamedTuple):
    passage: Passage
    features: sparse.csr_array
    vector_rows: np.ndarray


def learn(
    network: Network,
    passages: Sequence[Passage],
    lookup: TokenLookup,
    settings: Settings,
    rng: np.random.Generator,
    *,
    progress: bool = False,
) -> None:
    """Change the parameters of a network so that it finds the attributions of passages.

    The network ends with a mean of its parameters over the last few hundred steps, which is better
    than those of the last step (Polyak and Juditsky 1992, *Acceleration of stochastic approximation
    by averaging*).

    Parameters
    ----------
    network : Network
    passages : sequence of Passage
        One that counts twice stands in it twice.
    lookup : TokenLookup
    settings : Settings
    rng : numpy Generator
        Shuffles the passages, and decides what is left out.
    progress : bool, default=False
        Show a progress bar.
    """
    from tqdm import tqdm

    prepared = [
        _Prepared(
            passage,
            lookup.of_document(passage.document, passage.kind),
            lookup.vectors.lookup(plain_words(passage.document)),
        )
        for passage in passages
    ]
    n_tokens = sum(len(item.vector_rows) for item in prepared)
    # few passages are taken in small batches: what counts is the number of steps
    batch_tokens = min(settings.batch_tokens, max(1, n_tokens // LEAST_STEPS))
    n_steps = settings.n_epochs * max(1, round(n_tokens / batch_tokens))
    warm_up = min(_WARM_UP_STEPS, max(1, n_steps // 10))
    adam = Adam(network.parameters, weight_decay=settings.weight_decay)
    mean = {name: value.copy() for name, value in network.parameters.items()}
    with tqdm(total=n_steps, desc="learning", disable=not progress, unit="batch") as bar:
        for _ in range(settings.n_epochs):
            for batch in _batches(prepared, batch_tokens, rng):
                loss, gradients = _step(network, batch, lookup, settings, rng)
                done = adam.n_steps / n_steps
                rate = min((adam.n_steps + 1) / warm_up, 1) * max(1 - done, 0.01)
                adam.step(gradients, settings.learning_rate * rate)
                kept = np.float32(min(_MEMORY, (1 + adam.n_steps) / (10 + adam.n_steps)))
                for name, value in network.parameters.items():
                    mean[name] *= kept
                    mean[name] += (1 - kept) * value
                bar.update()
                bar.set_postfix(loss=f"{loss:.3f}", refresh=False)
    network.parameters = mean


def _batches(
    prepared: list[_Prepared], most_tokens: int, rng: np.random.Generator
) -> list[list[_Prepared]]:
    """All passages in a new order, those of like length together."""
    order = rng.permutation(len(prepared))
    batches: list[list[_Prepared]] = []
    for start in range(0, len(order), _POOL):
        batch: list[_Prepared] = []
        for i in sorted(order[start : start + _POOL], key=lambda i: len(prepared[i].vector_rows)):
            if batch and (len(batch) + 1) * len(prepared[i].vector_rows) > most_tokens:
                batches.append(batch)
                batch = []
            batch.append(prepared[i])
        batches.append(batch)
    return [batches[k] for k in rng.permutation(len(batches))]


def _step(
    network: Network,
    batch: list[_Prepared],
    lookup: TokenLookup,
    settings: Settings,
    rng: np.random.Generator,
) -> tuple[float, Parameters]:
    """The loss of a batch, and its derivatives by the parameters."""
    lengths = np.array([len(item.vector_rows) for item in batch])
    vectors = lookup.vectors.vectors[np.concatenate([item.vector_rows for item in batch])]
    features = sparse.csr_array(sparse.vstack([item.features for item in batch]))
    mask = np.arange(lengths.max()) < lengths[:, None]
    passages = [item.passage for item in batch]
    loss, gradients, _ = step(network, passages, features, vectors, mask, settings, rng)
    return loss, gradients


def step(
    network: Network,
    passages: list[Passage],
    features: sparse.csr_array,
    vectors: np.ndarray,
    mask: np.ndarray,
    settings: Settings,
    rng: np.random.Generator,
) -> tuple[float, Parameters, np.ndarray]:
    """The loss of some passages by the token, and its derivatives.

    Parameters
    ----------
    network : Network
    passages : list of Passage
    features : csr_array of shape (n_tokens, n_features)
        Of the tokens of all passages, one after the other.
    vectors : float32 array of shape (n_tokens, n_vector)
    mask : bool array of shape (n_sequences, n_places)
        Where the tokens stand for the convolutions, in their order.
    settings : Settings
    rng : numpy Generator

    Returns
    -------
    loss : float
    gradients : dict of str to array
        The derivatives by the parameters.
    back : float32 array of shape (n_tokens, n_vector)
        The derivatives by the vectors.
    """
    n_tokens = len(vectors)
    learning = Learning(rng, settings.dropout)
    if settings.feature_dropout:
        kept = rng.random(features.nnz, dtype=np.float32) >= settings.feature_dropout
        features.data = features.data * kept
    looked_up = network.look_up(features, vectors)
    into = learning.dropout(looked_up.shape)
    x = np.zeros((*mask.shape, looked_up.shape[1]), dtype=np.float32)
    x[mask] = looked_up if into is None else looked_up * into
    padded, pull_encoder = network.encode(x, mask, learning)
    out_of = learning.dropout(looked_up.shape)
    encoded = padded[mask] if out_of is None else padded[mask] * out_of

    layout = Layout.joined([passage.document for passage in passages])
    loss = 0.0
    back = np.zeros_like(encoded)
    shown = _Shown(network, encoded, passages, layout, learning)
    for part in (_cue_loss, _span_loss, _role_loss):
        part_loss, part_back = part(shown)
        loss += part_loss
        back += part_back
    if out_of is not None:
        back *= out_of
    back_padded = np.zeros_like(padded)
    back_padded[mask] = back
    back = pull_encoder(back_padded)[mask]
    if into is not None:
        back = back * into
    of_vectors = network.pull_look_up(features, vectors, back, learning)
    scale = np.float32(1 / n_tokens)
    gradients = {name: g * scale for name, g in learning.gradients.items()}
    return loss / n_tokens, gradients, of_vectors * scale


class _Shown(NamedTuple):
    """What the heads learn from: encoded tokens of some passages, one after the other."""

    network: Network
    encoded: np.ndarray
    passages: list[Passage]
    layout: Layout
    learning: Learning


def _cue_loss(shown: _Shown) -> tuple[float, np.ndarray]:
    network, encoded, passages, layout, learning = shown
    scores, pull = network.linear("cue", encoded, learning)
    mask = sentence_rows(layout.sentence)
    rows = np.zeros((*mask.shape, scores.shape[1]), dtype=np.float32)
    rows[mask] = scores
    labels = np.zeros(mask.shape, dtype=np.int64)
    labels[mask] = np.concatenate([passage.cue_labels for passage in passages])
    start, transition = network.chain("cue")
    result = chain_loss(rows, mask, labels, start, transition)
    learning.add("cue.start", result.start)
    learning.add("cue.transition", result.transition)
    return result.loss, pull(result.scores[mask])


def _span_loss(shown: _Shown) -> tuple[float, np.ndarray]:
    """Cross-entropy of the labels that do not say whose source or content it is."""
    network, encoded, passages, _, learning = shown
    scores, pull = network.linear("span", encoded, learning)
    labels = np.concatenate([passage.span_labels for passage in passages])
    each = np.arange(len(labels))
    probability = np.exp(scores - scores.max(axis=1, keepdims=True))
    probability /= probability.sum(axis=1, keepdims=True)
    loss = -np.log(np.maximum(probability[each, labels], 1e-12)).sum()
    probability[each, labels] -= 1
    return _SPAN_WEIGHT * float(loss), pull(np.float32(_SPAN_WEIGHT) * probability)


def _role_loss(shown: _Shown) -> tuple[float, np.ndarray]:
    network, encoded, passages, layout, learning = shown
    lengths = [len(passage.cue_labels) for passage in passages]
    offsets = np.cumsum([0, *lengths[:-1]])
    cues = np.concatenate([p.cues + k for p, k in zip(passages, offsets, strict=True)])
    if not len(cues):
        return 0.0, np.zeros_like(encoded)
    windows, first = cue_windows(layout, cues)
    mask = windows.rows
    labels = np.zeros(mask.shape, dtype=np.int64)
    roles = [
        (source + k, content + k)
        for passage, k in zip(passages, offsets, strict=True)
        for source, content in passage.roles
    ]
    last = first + windows.length
    for row, (source, content) in enumerate(roles):
        for label, tokens in ((2, content), (1, source)):
            inside = tokens[(tokens >= first[row]) & (tokens < last[row])]
            labels[row, inside - first[row]] = label
    scores, pull = network.roles(encoded, windows, learning)
    start, transition = network.chain("role")
    rows = np.zeros((*mask.shape, scores.shape[1]), dtype=np.float32)
    rows[mask] = scores
    result = chain_loss(rows, mask, labels, start, transition)
    learning.add("role.start", result.start)
    learning.add("role.transition", result.transition)
    return result.loss, pull(result.scores[mask])
