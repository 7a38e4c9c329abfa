"""Learn a transformer that reads a claim with a text, and what stands on it."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from sourcescore.encoder.checkpoint import Checkpoint
from sourcescore.encoder.learning import TorchEncoder
from sourcescore.encoder.pieces import Pieces
from sourcescore.stance.transformer import LONGEST, standardised

__all__ = ["learn_stances"]

_BATCH = 16
#: Pairs of like length go into one batch: of so many at a time, which are sorted by length.
_POOL = 20 * _BATCH
_WARM_UP_STEPS = 80
_WEIGHT_DECAY = 0.01
_DROPOUT = 0.1
_HIDDEN = 64
#: The last step goes this part of the highest rate.
_LAST = 0.005


class _Head(nn.Module):
    def __init__(self, n_vector: int, n_features: int, n_classes: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(n_features, _HIDDEN)
        self.out = nn.Linear(2 * n_vector + _HIDDEN, n_classes)
        self.dropout = nn.Dropout(_DROPOUT)

    def forward(self, vectors: Tensor, mask: Tensor, features: Tensor) -> Tensor:
        there = mask[:, :, None]
        mean = (vectors * there).sum(1) / there.sum(1)
        joined = [mean, vectors[:, 0], torch.relu(self.hidden(features))]
        scores: Tensor = self.out(self.dropout(torch.cat(joined, 1)))
        return scores


def learn_stances(
    encoder: TorchEncoder,
    head: dict[str, np.ndarray] | None,
    pairs: list[tuple[str, str]],
    features: np.ndarray,
    stances: np.ndarray,
    weight: np.ndarray,
    *,
    n_classes: int,
    n_epochs: int,
    rates: tuple[float, float],
    seed: int,
    checkpoint: Any = None,
    progress: bool = False,
) -> dict[str, np.ndarray]:
    """Change an encoder so that it tells stances, and return what stands on it.

    Parameters
    ----------
    encoder : TorchEncoder
    head : dict of str to array, or None
        What to go on from, as it is returned.
    pairs : list of (str, str)
        Claims and texts.
    features : float array of shape (n_pairs, n_features)
    stances : int array of shape (n_pairs,)
    weight : float array of shape (n_pairs,)
    n_classes, n_epochs : int
    rates : (float, float)
        The highest rates of the encoder and of the head.
    seed : int
    checkpoint : path, optional
        Where to write the state after each epoch, and to go on from.
    progress : bool, default=False
        Show a progress bar.

    Returns
    -------
    dict of str to float32 array
        As `TransformerStanceClassifier.head_`.
    """
    from tqdm import tqdm

    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    pieces = Pieces(encoder.vocabulary)
    sequences = [pieces.pair(claim, text, LONGEST) for claim, text in pairs]
    top = _Head(encoder.n_dimensions, features.shape[1], n_classes)
    if head is None:
        mean, scale = features.mean(axis=0), features.std(axis=0) + 1e-6
    else:
        mean, scale = head["mean"], head["scale"]
        top.load_state_dict({name: torch.tensor(head[name]) for name in top.state_dict()})
    x = torch.from_numpy(standardised(features, mean, scale))
    y, w = torch.from_numpy(stances), torch.from_numpy(weight.astype(np.float32))
    optimiser = torch.optim.AdamW(
        [{"params": encoder.parameters()}, {"params": top.parameters()}],
        weight_decay=_WEIGHT_DECAY,
        fused=True,
    )
    both = nn.ModuleList([encoder, top])
    mark = hashlib.sha256(
        repr((pairs, stances.tolist(), weight.tolist(), rates, n_epochs)).encode()
    )
    state = Checkpoint(checkpoint, mark.hexdigest(), {"model": both, "optimiser": optimiser}, rng)
    first_epoch = state.resume()
    length = np.array([len(ids) for ids, _ in sequences])
    per_epoch = -(-len(pairs) // _BATCH)
    n_steps, n_done = n_epochs * per_epoch, first_epoch * per_epoch
    warm_up = min(_WARM_UP_STEPS, max(1, n_steps // 10))
    both.train()
    with tqdm(
        total=n_steps, initial=n_done, desc="learning", disable=not progress, unit="batch"
    ) as bar:
        for epoch in range(first_epoch, n_epochs):
            for batch in _batches(length, rng):
                share = min((n_done + 1) / warm_up, 1) * max(1 - n_done / n_steps, _LAST)
                for group, rate in zip(optimiser.param_groups, rates, strict=True):
                    group["lr"] = rate * share
                scores = top(*encoder.batch([sequences[k] for k in batch]), x[batch])
                each = functional.cross_entropy(scores, y[batch], reduction="none")
                loss = (each * w[batch]).sum() / w[batch].sum()
                optimiser.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(both.parameters(), 1.0)
                optimiser.step()
                n_done += 1
                bar.update()
                bar.set_postfix(loss=f"{loss.item():.3f}", refresh=False)
            state.save(epoch + 1)
    both.eval()
    state.remove()
    learned = {name: value.numpy().copy() for name, value in top.state_dict().items()}
    return {"mean": mean.astype(np.float32), "scale": scale.astype(np.float32), **learned}


def _batches(length: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """All pairs in a new order, those of like length together."""
    order = rng.permutation(len(length))
    batches = []
    for start in range(0, len(order), _POOL):
        pool = order[start : start + _POOL]
        pool = pool[np.argsort(length[pool], kind="stable")]
        batches += [pool[k : k + _BATCH] for k in range(0, len(pool), _BATCH)]
    return [batches[k] for k in rng.permutation(len(batches))]
