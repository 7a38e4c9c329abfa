"""Linear chains: how probable a sequence of labels is, and which one is best.

A chain scores a sequence of labels by the sum of a score for each label at its place, one for each
pair of neighbours, and one for the first label (Lafferty, McCallum and Pereira 2001, *Conditional
random fields*). Many sequences are worked on side by side: the loops run over places alone.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

__all__ = ["ChainLoss", "best_labels", "chain_loss"]


class ChainLoss(NamedTuple):
    """The loss of a batch of sequences and its derivatives, summed over the batch."""

    loss: float
    scores: np.ndarray
    start: np.ndarray
    transition: np.ndarray


def chain_loss(
    scores: np.ndarray,
    mask: np.ndarray,
    labels: np.ndarray,
    start: np.ndarray,
    transition: np.ndarray,
) -> ChainLoss:
    """The negative log likelihood of labels, and its derivatives (forward-backward).

    Parameters
    ----------
    scores : float array of shape (n_sequences, n_places, n_labels)
    mask : bool array of shape (n_sequences, n_places)
        True for the places of a sequence, which come first; False for what fills it up.
    labels : int array of shape (n_sequences, n_places)
    start : float array of shape (n_labels,)
    transition : float array of shape (n_labels, n_labels)
        The score of a label (column) after a label (row).
    """
    # places first, so that each step reads and writes one block of memory
    score = np.ascontiguousarray(scores.transpose(1, 0, 2), dtype=np.float64)
    real = np.ascontiguousarray(mask.T)
    gold = np.where(real, labels.T, 0)
    n_places, n_sequences, n_labels = score.shape
    highest = score.max(axis=2, keepdims=True)
    local = np.exp(score - highest)
    pair = np.exp(transition.astype(np.float64))

    forward = np.empty_like(local)
    norm = np.ones((n_places, n_sequences, 1))
    forward[0] = np.exp(start.astype(np.float64)) * local[0]
    norm[0] = forward[0].sum(axis=1, keepdims=True)
    forward[0] /= norm[0]
    for t in range(1, n_places):
        step = (forward[t - 1] @ pair) * local[t]
        total = step.sum(axis=1, keepdims=True)
        here = real[t][:, None]
        forward[t] = np.where(here, step / total, forward[t - 1])
        norm[t] = np.where(here, total, 1.0)
    backward = np.ones_like(local)
    for t in range(n_places - 1, 0, -1):
        step = ((backward[t] * local[t]) @ pair.T) / norm[t]
        backward[t - 1] = np.where(real[t][:, None], step, 1.0)

    at_place = real[:, :, None]
    marginal = forward * backward * at_place
    marginal /= np.where(at_place, marginal.sum(axis=2, keepdims=True), 1.0)
    follows = real[1:]
    after = backward[1:] * local[1:] / norm[1:] * follows[:, :, None]
    pairs = np.einsum("tbi,tbj->ij", forward[:-1], after) * pair

    place, sequence = np.nonzero(real)
    observed = np.zeros_like(score)
    observed[place, sequence, gold[place, sequence]] = 1.0
    seen = np.zeros_like(pair)
    np.add.at(seen, (gold[:-1][follows], gold[1:][follows]), 1.0)
    log_total = (np.log(norm[:, :, 0]) + highest[:, :, 0] * real).sum()
    log_gold = (score * observed).sum() + (seen * transition).sum() + start[gold[0]].sum()
    first = marginal[0].sum(axis=0) - np.bincount(gold[0], minlength=n_labels)
    return ChainLoss(
        float(log_total - log_gold),
        (marginal - observed).transpose(1, 0, 2).astype(np.float32),
        first.astype(np.float32),
        (pairs - seen).astype(np.float32),
    )


def best_labels(
    scores: np.ndarray, lengths: np.ndarray, start: np.ndarray, transition: np.ndarray
) -> np.ndarray:
    """The most probable labels of each sequence (Viterbi).

    Parameters
    ----------
    scores : float array of shape (n_sequences, n_places, n_labels)
    lengths : int array of shape (n_sequences,)
        How many places belong to each sequence, at least 1.
    start, transition : float arrays
        As for `chain_loss`.

    Returns
    -------
    int array of shape (n_sequences, n_places)
        Zero beyond the length of a sequence.

    Examples
    --------
    Two labels, of which the second may not follow itself:

    >>> import numpy as np
    >>> transition = np.array([[0, 0], [0, -np.inf]])
    >>> best_labels(np.array([[[0, 2], [0, 3], [0, 2]]]), np.array([3]), np.zeros(2), transition)
    array([[1, 0, 1]])
    """
    # sequences last: each step is a few operations on long rows
    score = np.ascontiguousarray(scores.transpose(1, 2, 0), dtype=np.float32)
    n_places, n_labels, n_sequences = score.shape
    after = np.repeat(transition[:, :, None], n_sequences, axis=2).astype(np.float32)
    best = np.empty_like(score)
    best[0] = start[:, None] + score[0]
    step = np.empty_like(after)
    for before, here, own in zip(best[:, :, None], best[1:], score[1:], strict=False):
        np.add(before, after, out=step)
        np.maximum.reduce(step, axis=0, out=here)
        here += own
    # for each label the best one before it, those of all sequences in one row
    back = (best[:-1, :, None] + after).argmax(axis=1).reshape(n_places - 1, n_labels * n_sequences)
    labels = np.zeros((n_places, n_sequences), dtype=np.int64)
    each = np.arange(n_sequences)
    last = lengths - 1
    labels[last, each] = best[last, :, each].argmax(axis=1)
    before_last = np.arange(n_places)[:, None] < last
    for t in range(n_places - 2, -1, -1):
        np.copyto(labels[t], back[t].take(labels[t + 1] * n_sequences + each), where=before_last[t])
    return labels.T
