"""The transformer at work: texts in, a vector for each word or pair of texts out.

It runs on onnxruntime, on the processor, in eight-bit integers. How a number is rounded there
depends on all that is read along with it, so each window is read by itself: a text has the same
vectors whatever stands beside it. Several windows are read at a time, one on each core.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from itertools import islice
from typing import Any, Self

import numpy as np

from sourcescore.encoder.pieces import Pieces, Windows
from sourcescore.messages import needs_extra

__all__ = ["PARTS", "Encoder"]

#: The files of an encoder.
PARTS = GRAPH, VOCABULARY = "encoder.onnx", "pieces.json"


class Encoder:
    """A small transformer, with its word pieces.

    Parameters
    ----------
    graph : bytes
        The model in the format ONNX, as `graph.to_graph` writes it: ``ids``, ``at`` and ``part``
        (int64, one row) to ``vectors`` (float32, one row of vectors).
    vocabulary : sequence of str
        The word pieces in the order of their numbers.

    Raises
    ------
    ImportError
        If the libraries of the extra ``accurate`` are missing.
    """

    def __init__(self, graph: bytes, vocabulary: Sequence[str]) -> None:
        self.graph = graph
        self.pieces = Pieces(vocabulary)
        self._session = _session(graph)

    def read(self, texts: Sequence[Windows]) -> list[np.ndarray]:
        """The vectors of the words of some texts: float32 of shape (n_words, n_dimensions) each."""
        vectors = iter(self.run([(ids, np.zeros_like(ids)) for text in texts for ids in text.ids]))
        return [text.of_words(list(islice(vectors, len(text.ids)))) for text in texts]

    def run(self, sequences: Sequence[tuple[np.ndarray, np.ndarray]]) -> list[np.ndarray]:
        """The vectors of the pieces of some sequences.

        Parameters
        ----------
        sequences : sequence of (int64 array, int64 array)
            The numbers of the pieces, and the part that each belongs to.

        Returns
        -------
        list of float32 array of shape (n_pieces, n_dimensions)
        """
        n_threads = min(_n_threads(), len(sequences))
        if n_threads < 2:
            return [self._run(sequence) for sequence in sequences]
        with ThreadPoolExecutor(n_threads) as pool:
            return list(pool.map(self._run, sequences))

    def _run(self, sequence: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        ids, part = sequence
        given = {"ids": ids[None], "at": np.arange(len(ids))[None], "part": part[None]}
        return np.asarray(self._session.run(["vectors"], given)[0][0])

    @cached_property
    def n_dimensions(self) -> int:
        """Length of a vector."""
        return int(self._session.get_outputs()[0].shape[-1])

    def __getstate__(self) -> dict[str, Any]:
        return {"graph": self.graph, "vocabulary": self.pieces.vocabulary}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    def to_parts(self) -> dict[str, bytes]:
        """The files of the encoder, name to content."""
        vocabulary = json.dumps(self.pieces.vocabulary, ensure_ascii=True)
        return {GRAPH: self.graph, VOCABULARY: vocabulary.encode()}

    @classmethod
    def from_parts(cls, parts: Mapping[str, bytes]) -> Self:
        """Build the encoder from the files that `to_parts` gave."""
        return cls(parts[GRAPH], json.loads(parts[VOCABULARY]))


def _session(graph: bytes) -> Any:
    try:
        import onnxruntime
    except ModuleNotFoundError as error:
        raise needs_extra("the accurate models", "accurate", error) from None
    options = onnxruntime.SessionOptions()
    # one window a thread: sums then do not depend on the number of cores
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own errors share no class of their own
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(f"{GRAPH} is no model that onnxruntime can run: {reason}") from None


def _n_threads() -> int:
    """How many cores to use: those that there are, unless the usual variable allows fewer.

    joblib sets it in the processes that it starts, so that they share the cores.
    """
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    allowed = os.environ.get("OMP_NUM_THREADS", "")
    return (
        min(available or 1, int(allowed)) if allowed.isdigit() and int(allowed) else available or 1
    )
