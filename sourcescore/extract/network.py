"""A small convolutional network over tokens, with its derivatives, in numpy.

The encoder turns the features of each token and those around it into a vector, by dilated
convolutions with residual connections (Strubell et al. 2017, *Fast and accurate entity recognition
with iterated dilated convolutions*): eight layers see 38 tokens to either side. Two heads read the
vectors. The *cue head* scores for each token whether a cue begins there, goes on or neither. The
*role head* takes one cue at a time and scores for each token around it whether it belongs to the
cue's source, its content or neither. A third head, only for learning, tells sources, cues and
contents apart without regard to whose they are.

Every step returns its result and a function that passes derivatives back through it, so that
finding and learning run the same code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

__all__ = [
    "CUE_LABELS",
    "ROLE_LABELS",
    "SPAN_LABELS",
    "Adam",
    "Learning",
    "Network",
    "Windows",
    "spread",
]

#: What the heads tell apart.
CUE_LABELS = ("other", "begins", "continues")
ROLE_LABELS = ("other", "source", "content")
SPAN_LABELS = (
    "other",
    *(
        f"{role} {part}"
        for role in ("cue", "source", "content")
        for part in ("begins", "continues")
    ),
)
#: Length of a token's vector in the encoder, and around a cue in the role head.
WIDTH, ROLE_WIDTH = 128, 64
#: Each convolution sees a token and those at this distance on either side.
DILATIONS = (1, 2, 4, 8, 16, 1, 2, 4)
ROLE_DILATIONS = (1, 3)
_EPSILON = 1e-5
_SPREAD = 0.1

Parameters = dict[str, np.ndarray]
#: Takes the derivative by the result, returns that by the input.
Pullback = Callable[[np.ndarray], np.ndarray]


class Windows(NamedTuple):
    """The surroundings of some cues, one after the other.

    Attributes
    ----------
    length : int array of shape (n_cues,)
        How many tokens each has.
    token : int array of shape (length.sum(),)
        The tokens.
    cue : csr_array of shape (n_cues, n_tokens)
        Means the tokens of each cue.
    relations : csr_array of shape (length.sum(), n_relations)
        How the token stands to the cue.
    """

    length: np.ndarray
    token: np.ndarray
    cue: sparse.csr_array
    relations: sparse.csr_array

    @property
    def rows(self) -> np.ndarray:
        """Which places are taken if each window is a row: bool of shape (n_cues, longest)."""
        return np.arange(self.length.max()) < self.length[:, None]


class Room(NamedTuple):
    """Where a layer writes what the next layer has no need of.

    Memory that is asked for anew in each layer is handed back to the system in between, and half as
    slow again.
    """

    normal: np.ndarray
    seen: np.ndarray
    result: np.ndarray

    @classmethod
    def of(cls, x: np.ndarray) -> Room:
        """Room for what has the shape of `x`."""
        *places, width = x.shape
        seen = np.empty((*places, 3 * width), dtype=np.float32)
        return cls(np.empty_like(x), seen, np.empty_like(x))


def spread(lengths: np.ndarray, dilations: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Lay several sequences out in one row, with gaps that no convolution sees across.

    Returns
    -------
    place : int array of shape (lengths.sum(),)
        Where each element goes.
    mask : bool array of shape (1, n_places)
    """
    row = np.repeat(np.arange(len(lengths)), lengths)
    place = np.arange(len(row)) + max(dilations) * row
    mask = np.zeros((1, place[-1] + 1), dtype=bool)
    mask[0, place] = True
    return place, mask


class Network:
    """The parameters and what they compute.

    Parameters
    ----------
    parameters : dict of str to float32 array
    """

    def __init__(self, parameters: Mapping[str, np.ndarray]) -> None:
        self.parameters: Parameters = dict(parameters)

    @classmethod
    def initial(
        cls, n_features: int, n_vector: int, n_relations: int, rng: np.random.Generator
    ) -> Network:
        """Parameters to start learning from.

        Parameters
        ----------
        n_features, n_relations : int
            Number of features of a token, and of its relation to a cue.
        n_vector : int
            Length of a word vector.
        rng : numpy Generator
        """
        parameters: Parameters = {}

        def linear(name: str, n_in: int, n_out: int) -> None:
            bound = 1 / np.sqrt(n_in)
            parameters[name] = rng.uniform(-bound, bound, (n_in, n_out)).astype(np.float32)
            parameters[f"{name}.bias"] = np.zeros(n_out, dtype=np.float32)

        def table(name: str, n_rows: int, width: int) -> None:
            parameters[name] = (_SPREAD * rng.standard_normal((n_rows, width))).astype(np.float32)

        def norm(name: str, width: int) -> None:
            parameters[f"{name}.gain"] = np.ones(width, dtype=np.float32)
            parameters[f"{name}.shift"] = np.zeros(width, dtype=np.float32)

        def chain(name: str, n_labels: int) -> None:
            parameters[f"{name}.start"] = np.zeros(n_labels, dtype=np.float32)
            parameters[f"{name}.transition"] = np.zeros((n_labels, n_labels), dtype=np.float32)

        table("feature", n_features, WIDTH)
        linear("vector", n_vector, WIDTH)
        for k in range(len(DILATIONS)):
            norm(f"encoder{k}", WIDTH)
            linear(f"encoder{k}", 3 * WIDTH, WIDTH)
        norm("encoded", WIDTH)
        linear("cue", WIDTH, len(CUE_LABELS))
        linear("span", WIDTH, len(SPAN_LABELS))
        linear("token", WIDTH, ROLE_WIDTH)
        linear("given", WIDTH, ROLE_WIDTH)
        table("relation", n_relations, ROLE_WIDTH)
        for k in range(len(ROLE_DILATIONS)):
            norm(f"around{k}", ROLE_WIDTH)
            linear(f"around{k}", 3 * ROLE_WIDTH, ROLE_WIDTH)
        norm("around", ROLE_WIDTH)
        linear("role", ROLE_WIDTH, len(ROLE_LABELS))
        chain("cue", len(CUE_LABELS))
        chain("role", len(ROLE_LABELS))
        return cls(parameters)

    def look_up(self, features: sparse.csr_array, vectors: np.ndarray) -> np.ndarray:
        """The first vector of each token: float32 of shape (n_tokens, WIDTH).

        Parameters
        ----------
        features : csr_array of shape (n_tokens, n_features)
        vectors : float32 array of shape (n_tokens, n_vector)
        """
        p = self.parameters
        return features @ p["feature"] + vectors @ p["vector"] + p["vector.bias"]

    def pull_look_up(
        self, features: sparse.csr_array, vectors: np.ndarray, out: np.ndarray, learning: Learning
    ) -> np.ndarray:
        """Add the derivatives of `look_up`, given that by its result; return the vectors'."""
        learning.add("feature", features.T @ out)
        learning.add("vector", vectors.T @ out)
        learning.add("vector.bias", out.sum(axis=0))
        return out @ self.parameters["vector"].T

    def chain(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """The scores of a first label and of a label after another, of the head ``name``."""
        return self.parameters[f"{name}.start"], self.parameters[f"{name}.transition"]

    def encode(
        self, x: np.ndarray, mask: np.ndarray | None = None, learning: Learning | None = None
    ) -> tuple[np.ndarray, Pullback]:
        """The vectors of tokens in their context.

        Parameters
        ----------
        x : float32 array of shape (n_sequences, n_places, WIDTH)
        mask : bool array of shape (n_sequences, n_places), default=None
            Which places hold a token; all, if None.
        learning : Learning, default=None

        Returns
        -------
        float32 array of the same shape, and its pullback
        """
        return self._stack(x, mask, "encoder", DILATIONS, "encoded", learning)

    def _stack(
        self,
        x: np.ndarray,
        mask: np.ndarray | None,
        name: str,
        dilations: tuple[int, ...],
        last: str,
        learning: Learning | None,
    ) -> tuple[np.ndarray, Pullback]:
        pulls: list[Pullback] = []
        # what is learned from is kept, the rest written over
        room = Room.of(x) if learning is None else None
        for k, dilation in enumerate(dilations):
            change, pull = self._convolution(x, mask, f"{name}{k}", dilation, learning, room)
            x = np.add(x, change, out=x if room and k else None)
            pulls.append(pull)
        y, pull_norm = self._normalise(x, last, learning)

        def pull_all(out: np.ndarray) -> np.ndarray:
            out = pull_norm(out)
            for pull in reversed(pulls):
                out = out + pull(out)
            return out

        return y, pull_all

    def _normalise(
        self, x: np.ndarray, name: str, learning: Learning | None, out: np.ndarray | None = None
    ) -> tuple[np.ndarray, Pullback]:
        """Layer normalisation (Ba et al. 2016)."""
        gain = self.parameters[f"{name}.gain"]
        n = x.shape[-1]
        # sums as products are several times as fast as numpy's own over the last axis
        mean = np.full(n, 1 / n, dtype=np.float32)
        unit = np.subtract(x, (x @ mean)[..., None], out=out)
        variance = np.einsum("...i,...i->...", unit, unit) / n
        scale = (1 / np.sqrt(variance + np.float32(_EPSILON)))[..., None]
        unit *= scale

        def pull(out: np.ndarray) -> np.ndarray:
            assert learning is not None
            flat = out.reshape(-1, n)
            learning.add(f"{name}.gain", np.einsum("ij,ij->j", flat, unit.reshape(-1, n)))
            learning.add(f"{name}.shift", flat.sum(axis=0))
            out = out * gain
            along = ((out * unit) @ mean)[..., None]
            return (out - (out @ mean)[..., None] - unit * along) * scale

        y = np.multiply(unit, gain, out=out)
        y += self.parameters[f"{name}.shift"]
        return y, pull

    def _convolution(
        self,
        x: np.ndarray,
        mask: np.ndarray | None,
        name: str,
        dilation: int,
        learning: Learning | None,
        room: Room | None,
    ) -> tuple[np.ndarray, Pullback]:
        width = x.shape[-1]
        normal, pull_norm = self._normalise(x, name, learning, room and room.normal)
        normal, seen, y = room or Room.of(x)._replace(normal=normal)
        if mask is not None:
            normal *= mask[..., None]
        kernel = self.parameters[name]
        seen[:, :dilation, :width] = 0
        seen[:, dilation:, :width] = normal[:, :-dilation]
        seen[..., width : 2 * width] = normal
        seen[:, :-dilation, 2 * width :] = normal[:, dilation:]
        seen[:, -dilation:, 2 * width :] = 0
        # one product of two matrices is much faster than one for each sequence
        y = np.matmul(seen.reshape(-1, 3 * width), kernel, out=y.reshape(-1, width))
        y += self.parameters[f"{name}.bias"]
        np.maximum(y, 0, out=y)
        result = y.reshape(x.shape)
        kept = None if learning is None else learning.dropout(result.shape)
        if kept is not None:
            result = result * kept

        def pull(out: np.ndarray) -> np.ndarray:
            assert learning is not None
            if kept is not None:
                out = out * kept
            flat = out.reshape(-1, width) * (y > 0)
            learning.add(name, seen.reshape(-1, 3 * width).T @ flat)
            learning.add(f"{name}.bias", flat.sum(axis=0))
            back = (flat @ kernel.T).reshape(seen.shape)
            into = back[..., width : 2 * width].copy()
            into[:, :-dilation] += back[:, dilation:, :width]
            into[:, dilation:] += back[:, :-dilation, 2 * width :]
            if mask is not None:
                into *= mask[..., None]
            return pull_norm(into)

        return result, pull

    def linear(
        self, name: str, x: np.ndarray, learning: Learning | None = None
    ) -> tuple[np.ndarray, Pullback]:
        """A linear head, such as ``cue``: scores of shape (..., n_out), and its pullback."""
        weights = self.parameters[name]

        def pull(out: np.ndarray) -> np.ndarray:
            assert learning is not None
            flat = out.reshape(-1, weights.shape[1])
            learning.add(name, x.reshape(-1, weights.shape[0]).T @ flat)
            learning.add(f"{name}.bias", flat.sum(axis=0))
            return out @ weights.T

        return x @ weights + self.parameters[f"{name}.bias"], pull

    def roles(
        self, encoded: np.ndarray, windows: Windows, learning: Learning | None = None
    ) -> tuple[np.ndarray, Pullback]:
        """Scores of the places around each cue.

        Parameters
        ----------
        encoded : float32 array of shape (n_tokens, WIDTH)
        windows : Windows
        learning : Learning, default=None

        Returns
        -------
        float32 array of shape (windows.length.sum(), 3), and its pullback
        """
        token, pull_token = self.linear("token", encoded, learning)
        given, pull_given = self.linear("given", windows.cue @ encoded, learning)
        taken = token[windows.token]
        taken += np.repeat(given, windows.length, axis=0)
        taken += windows.relations @ self.parameters["relation"]
        np.maximum(taken, 0, out=taken)
        place, mask = spread(windows.length, ROLE_DILATIONS)
        x = np.zeros((*mask.shape, ROLE_WIDTH), dtype=np.float32)
        x[0, place] = taken
        around, pull_stack = self._stack(x, mask, "around", ROLE_DILATIONS, "around", learning)
        scores, pull_role = self.linear("role", around[0, place], learning)

        def pull(out: np.ndarray) -> np.ndarray:
            assert learning is not None
            back = np.zeros_like(x)
            back[0, place] = pull_role(out)
            back = pull_stack(back)[0, place] * (taken > 0)
            learning.add("relation", windows.relations.T @ back)
            n_taken = len(windows.token)
            of_token = sparse.csr_array(
                (np.ones(n_taken, dtype=np.float32), windows.token, np.arange(n_taken + 1)),
                shape=(n_taken, len(encoded)),
            )
            starts = np.cumsum(windows.length) - windows.length
            of_cue = np.add.reduceat(back, starts, axis=0)
            return pull_token(of_token.T @ back) + windows.cue.T @ pull_given(of_cue)

        return scores, pull


class Learning:
    """What one step of learning gathers: derivatives by parameter; and which values it drops.

    Parameters
    ----------
    rng : numpy Generator
    dropout : float in [0, 1)
        Share of the values that a layer leaves out (Srivastava et al. 2014).
    """

    def __init__(self, rng: np.random.Generator, dropout: float) -> None:
        self.rng = rng
        self.rate = dropout
        self.gradients: Parameters = {}

    def add(self, name: str, gradient: np.ndarray) -> None:
        """Add to the derivative by a parameter."""
        if name in self.gradients:
            self.gradients[name] = self.gradients[name] + gradient
        else:
            self.gradients[name] = gradient

    def dropout(self, shape: tuple[int, ...]) -> np.ndarray | None:
        """Factors: 0 for what is left out, more than 1 for the rest; None if all is kept."""
        if not self.rate:
            return None
        kept = self.rng.random(shape, dtype=np.float32) >= self.rate
        return kept * np.float32(1 / (1 - self.rate))


class Adam:
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019).

    Parameters
    ----------
    parameters : dict of str to float32 array
        Changed in place.
    weight_decay : float
    clip : float
        The whole gradient is scaled down to at most this length.
    """

    def __init__(self, parameters: Parameters, *, weight_decay: float, clip: float = 1.0) -> None:
        self._parameters = parameters
        self._decay = weight_decay
        self._clip = clip
        self._first = {name: np.zeros_like(value) for name, value in parameters.items()}
        self._second = {name: np.zeros_like(value) for name, value in parameters.items()}
        self.n_steps = 0

    @property
    def moments(self) -> Parameters:
        """What the steps so far have left behind, besides their number."""
        both = (("first", self._first), ("second", self._second))
        return {f"{kind} {name}": value for kind, of in both for name, value in of.items()}

    def step(self, gradients: Mapping[str, Any], rate: float) -> None:
        """Move the parameters against the gradients."""
        self.n_steps += 1
        length = np.sqrt(sum(float(np.vdot(g, g)) for g in gradients.values()))
        scale = np.float32(min(1.0, self._clip / max(length, 1e-12)))
        beta_1, beta_2 = np.float32(0.9), np.float32(0.98)
        step = np.float32(rate / (1 - 0.9**self.n_steps))
        correct = np.float32(1 / (1 - 0.98**self.n_steps))
        for name, gradient in gradients.items():
            value, first, second = (t[name] for t in (self._parameters, self._first, self._second))
            gradient = gradient * scale
            first *= beta_1
            first += (1 - beta_1) * gradient
            second *= beta_2
            gradient *= gradient
            second += (1 - beta_2) * gradient
            value *= np.float32(1 - rate * self._decay)
            np.multiply(second, correct, out=gradient)
            np.sqrt(gradient, out=gradient)
            gradient += np.float32(1e-8)
            np.divide(first, gradient, out=gradient)
            gradient *= step
            value -= gradient
