"""Learn the transformer and the network over it from annotated passages, both at a time.

The transformer learns in torch, the network in numpy as it does by itself (`learning.step`): that
takes the vectors of tokens as they are, and hands back the derivatives by them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from scipy import sparse

from sourcescore.encoder.checkpoint import Checkpoint
from sourcescore.encoder.learning import Mean, TorchEncoder
from sourcescore.encoder.pieces import Pieces, Windows
from sourcescore.extract.examples import Passage
from sourcescore.extract.features import plain_words
from sourcescore.extract.learning import LEAST_STEPS, Settings, step
from sourcescore.extract.lookup import TokenLookup
from sourcescore.extract.network import DILATIONS, Adam, Network, spread
from sourcescore.extract.transformer import OPENS

__all__ = ["learn_both"]

_WARM_UP_STEPS = 100
_WEIGHT_DECAY = 0.01
_BETAS = (0.9, 0.98)
#: What one step leaves of the mean of the parameters before it.
_MEMORY = 0.995
#: The last step goes this part of the highest rate.
_LAST = 0.002


class _Read(NamedTuple):
    """A passage that the transformer reads at a time, and what is learned from it.

    Attributes
    ----------
    windows : Windows
    passages : list of Passage
        The whole of it, and the contents inside that are learned from by themselves.
    tokens : list of int array
        Which of its tokens each of these has.
    features : list of csr_array
    """

    windows: Windows
    passages: list[Passage]
    tokens: list[np.ndarray]
    features: list[sparse.csr_array]

    @property
    def n_tokens(self) -> int:
        return sum(map(len, self.tokens))


def learn_both(
    network: Network,
    encoder: TorchEncoder,
    documents: Sequence[Sequence[Passage]],
    lookup: TokenLookup,
    settings: Settings,
    rng: np.random.Generator,
    *,
    encoder_rate: float,
    checkpoint: Any = None,
    progress: bool = False,
) -> None:
    """Change network and encoder so that they find the attributions of passages.

    Both end with a mean of their parameters over the last few hundred steps.

    Parameters
    ----------
    network : Network
    encoder : TorchEncoder
    documents : sequence of sequence of Passage
        The passages of each document; one that counts twice stands in it twice.
    lookup : TokenLookup
    settings : Settings
    rng : numpy Generator
    encoder_rate : float
        The highest rate of the encoder; that of the network is in the settings.
    checkpoint : path, optional
        Where to write the state after each epoch, and to go on from.
    progress : bool, default=False
        Show a progress bar.
    """
    from tqdm import tqdm

    pieces = Pieces(encoder.vocabulary)
    known: dict[int, list[_Read]] = {}
    reads = []
    for document in documents:
        if id(document) not in known:
            known[id(document)] = _reads(document, lookup, pieces)
        reads += known[id(document)]
    # few passages are taken in small batches: what counts is the number of steps
    most_tokens = min(settings.batch_tokens, sum(read.n_tokens for read in reads) // LEAST_STEPS)
    torch.manual_seed(int(rng.integers(np.iinfo(np.int32).max)))
    adam = Adam(network.parameters, weight_decay=_WEIGHT_DECAY)
    optimiser = torch.optim.AdamW(
        encoder.parameters(), lr=encoder_rate, weight_decay=_WEIGHT_DECAY, betas=_BETAS, fused=True
    )
    means = [
        Mean(network.parameters, _MEMORY),
        Mean({n: p.data for n, p in encoder.named_parameters()}, _MEMORY),
    ]
    n_steps = settings.n_epochs * len(_batches(reads, most_tokens, np.random.default_rng(0)))
    parts = {
        "network": _Arrays(network.parameters),
        "adam": _Arrays(adam.moments, adam),
        "encoder": encoder,
        "optimiser": optimiser,
        "mean of network": means[0],
        "mean of encoder": means[1],
    }
    state = Checkpoint(checkpoint, _mark(reads, settings, encoder_rate), parts, rng)
    first_epoch = state.resume()
    encoder.train()
    with tqdm(
        total=n_steps, initial=adam.n_steps, desc="learning", disable=not progress, unit="batch"
    ) as bar:
        for epoch in range(first_epoch, settings.n_epochs):
            for batch in _batches(reads, most_tokens, rng):
                share = min((adam.n_steps + 1) / min(_WARM_UP_STEPS, max(1, n_steps // 10)), 1)
                share *= max(1 - adam.n_steps / n_steps, _LAST)
                loss = _step(network, encoder, batch, settings, rng, adam, share)
                torch.nn.utils.clip_grad_norm_(encoder.parameters(), 1.0)
                optimiser.param_groups[0]["lr"] = encoder_rate * share
                optimiser.step()
                optimiser.zero_grad()
                for mean in means:
                    mean.step()
                bar.update()
                bar.set_postfix(loss=f"{loss:.3f}", refresh=False)
            state.save(epoch + 1)
    network.parameters = means[0].mean
    encoder.load_state_dict(means[1].mean)
    encoder.eval()
    state.remove()


class _Arrays:
    """Arrays that change in place, and a number of steps, as a checkpoint takes them."""

    def __init__(self, arrays: dict[str, np.ndarray], counter: Adam | None = None) -> None:
        self._arrays = arrays
        self._counter = counter

    def state_dict(self) -> dict[str, Any]:
        steps = {} if self._counter is None else {"steps": self._counter.n_steps}
        return {name: torch.from_numpy(value) for name, value in self._arrays.items()} | steps

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for name, value in self._arrays.items():
            value[...] = state[name].numpy()
        if self._counter is not None:
            self._counter.n_steps = state["steps"]


def _reads(document: Sequence[Passage], lookup: TokenLookup, pieces: Pieces) -> list[_Read]:
    """The passages of a document as the transformer reads them."""
    inside = [passage for passage in document if passage.kind == "content"]
    reads = []
    for whole in document:
        if whole.kind == "content":
            continue
        last = whole.first + len(whole.document)
        own = [p for p in inside if whole.first <= p.first and p.first + len(p.document) <= last]
        passages = [whole, *own]
        words, paragraph = plain_words(whole.document), whole.document.paragraph
        reads.append(
            _Read(
                pieces.windows(words, paragraph, OPENS[whole.kind]),
                passages,
                [np.arange(len(p.document)) + p.first - whole.first for p in passages],
                [lookup.of_document(p.document, p.kind) for p in passages],
            )
        )
    return reads


def _batches(reads: list[_Read], most_tokens: int, rng: np.random.Generator) -> list[list[_Read]]:
    """All passages in a new order, with so many tokens at a time, or one passage by itself."""
    batches: list[list[_Read]] = []
    n_tokens = most_tokens
    for i in rng.permutation(len(reads)):
        if not batches or n_tokens + reads[i].n_tokens > most_tokens:
            batches.append([])
            n_tokens = 0
        batches[-1].append(reads[i])
        n_tokens += reads[i].n_tokens
    return batches


def _step(
    network: Network,
    encoder: TorchEncoder,
    batch: list[_Read],
    settings: Settings,
    rng: np.random.Generator,
    adam: Adam,
    share: float,
) -> float:
    """Change the network, and leave in the encoder the derivatives by its parameters."""
    sequences = [(ids, np.zeros_like(ids)) for read in batch for ids in read.windows.ids]
    read_pieces, _ = encoder.batch(sequences)
    row, place, token = [], [], []
    n_rows = n_words = 0
    for read in batch:
        row.append(read.windows.window + n_rows)
        place.append(read.windows.place)
        token += [tokens + n_words for tokens in read.tokens]
        n_rows += len(read.windows.ids)
        n_words += len(read.windows.place)
    words = read_pieces[
        torch.from_numpy(np.concatenate(row)), torch.from_numpy(np.concatenate(place))
    ]
    taken = np.concatenate(token)
    vectors = words.detach().numpy()
    loss, gradients, back = step(
        network,
        [passage for read in batch for passage in read.passages],
        sparse.csr_array(sparse.vstack([f for read in batch for f in read.features])),
        vectors[taken],
        spread(np.array([len(tokens) for tokens in token]), DILATIONS)[1],
        settings,
        rng,
    )
    of_words = np.zeros_like(vectors)
    np.add.at(of_words, taken, back)
    words.backward(torch.from_numpy(of_words))
    adam.step(gradients, settings.learning_rate * share)
    return loss


def _mark(reads: list[_Read], settings: Settings, encoder_rate: float) -> str:
    """What tells one training from another."""
    told = hashlib.sha256(repr((settings, encoder_rate)).encode())
    for read in reads:
        for ids in read.windows.ids:
            told.update(ids.tobytes())
        for passage in read.passages:
            told.update(passage.cue_labels.tobytes() + passage.span_labels.tobytes())
    return told.hexdigest()
