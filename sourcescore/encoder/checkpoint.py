"""The state of a training in a file, so that one that was interrupted can go on."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

__all__ = ["Checkpoint"]


class Checkpoint:
    """Save the state of a training, and take it up again.

    Parameters
    ----------
    path : path or None
        The file; without one nothing is saved.
    mark : str
        What tells this training from others, say a hash of what is learned from.
    parts : mapping of str to object
        What changes in training: anything with ``state_dict`` and ``load_state_dict``.
    rng : numpy Generator
        What is random besides torch.
    """

    def __init__(
        self, path: Any, mark: str, parts: Mapping[str, Any], rng: np.random.Generator
    ) -> None:
        self._path = None if path is None else Path(path)
        self._mark = mark
        self._parts = parts
        self._rng = rng

    def resume(self) -> int:
        """Take up what was saved, if anything was; return how many epochs were done.

        Raises
        ------
        ValueError
            If the file was written by another training.
        """
        if self._path is None or not self._path.is_file():
            return 0
        # numbers, texts and tensors alone: nothing in the file is run
        stored = torch.load(self._path, weights_only=True)
        if stored["mark"] != self._mark:
            raise ValueError(
                f"the checkpoint {self._path} was written by a training with other parameters or "
                "data; remove it to begin anew, or name another file."
            )
        for name, part in self._parts.items():
            part.load_state_dict(stored[name])
        self._rng.bit_generator.state = stored["rng"]
        torch.set_rng_state(stored["torch_rng"])
        return int(stored["epochs"])

    def save(self, epochs: int) -> None:
        """Write the state after some epochs; an interruption leaves the file before it."""
        if self._path is None:
            return
        stored = {
            **{name: part.state_dict() for name, part in self._parts.items()},
            "mark": self._mark,
            "epochs": epochs,
            "rng": self._rng.bit_generator.state,
            "torch_rng": torch.get_rng_state(),
        }
        unfinished = self._path.with_name(self._path.name + ".new")
        torch.save(stored, unfinished)
        os.replace(unfinished, self._path)

    def remove(self) -> None:
        """Remove the file: the training is done."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)
