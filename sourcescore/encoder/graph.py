"""The transformer as a file: an ONNX graph of its weights, in eight-bit integers.

Comes in: weights by name. Goes out: the bytes of a graph that onnxruntime runs; and back again, to
go on learning. The layers are those of BERT (Devlin et al. 2019).

A matrix is stored in eight bits with a scale for each of its outputs, a table with one for each of
its rows. What is multiplied with a matrix is rounded to eight bits as well, with a scale for each
word piece: few pieces have numbers far larger than all others, and with one scale for a text, as is
usual, these would cost the others their precision (Bondarenko et al. 2021, *Understanding and
overcoming the challenges of efficient transformer quantization*).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sourcescore.messages import needs_extra

__all__ = ["N_HEADS", "n_layers", "to_graph", "to_weights"]

N_HEADS = 12
EPSILON = 1e-12
_OPSET = 17
_IR_VERSION = 8
#: What stands behind the name of weights that are stored in eight bits, and of their scales.
_STORED, _SCALE = ".int8", ".scale"
#: The largest number in eight bits, and what stands for zero where there is no sign.
_LARGEST, _ZERO = 127, 128
#: What the name of anything begins with that the graph needs besides the weights.
_CONSTANTS = "constant."

Weights = Mapping[str, np.ndarray]


def n_layers(weights: Weights) -> int:
    """How many layers some weights have."""
    return len({name.split(".")[1] for name in weights if name.startswith("layer.")})


def to_graph(weights: Weights, *, eight_bit: bool = True) -> bytes:
    """Write the weights as an ONNX graph.

    Parameters
    ----------
    weights : mapping of str to float array
        ``pieces`` (n_pieces, width), ``places`` (longest, width), ``parts`` (2, width), and the
        gain and bias of the norm after their sum (``norm.weight``, ``norm.bias``); of each layer k
        ``layer.k.query``, ``key``, ``value``, ``attended``, ``wide`` and ``narrow``, each with
        ``.weight`` (n_out, n_in) and ``.bias``, and two norms, ``attended_norm`` and ``norm``.
    eight_bit : bool, default=True
        Store the matrices as integers with a scale for each column, and multiply them so; False
        keeps 32-bit numbers, to compare with.

    Returns
    -------
    bytes
    """
    try:
        import onnx
        from onnx import TensorProto, helper, numpy_helper
    except ModuleNotFoundError as error:
        raise needs_extra("accurate models in training", "train-accurate", error) from None
    nodes: list[Any] = []
    stored: dict[str, Any] = {}

    def constant(name: str, value: np.ndarray) -> str:
        stored[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def node(kind: str, inputs: list[str], out: str, **attributes: Any) -> str:
        nodes.append(helper.make_node(kind, inputs, [out], name=out, **attributes))
        return out

    def plain(name: str) -> str:
        return constant(name, weights[name].astype(np.float32))

    def fixed(name: str, value: Any) -> str:
        return constant(_CONSTANTS + name, np.asarray(value))

    def rounded(x: str) -> tuple[str, str]:
        """The rows of x in eight bits, and their scales."""
        if f"{x}.rows" not in known:
            largest = node("ReduceMax", [node("Abs", [x], f"{x}.abs")], f"{x}.max", axes=[-1])
            scale = node("Mul", [node("Max", [largest, tiny], f"{x}.some"), unit], f"{x}.unit")
            # what is cut off after adding a half is rounded
            shifted = node("Add", [node("Div", [x, scale], f"{x}.units"), shift], f"{x}.shifted")
            rows = node("Cast", [shifted], f"{x}.rows", to=TensorProto.UINT8)
            known[rows] = scale
        return f"{x}.rows", known[f"{x}.rows"]

    def product(x: str, name: str) -> str:
        if not eight_bit:
            return node(
                "MatMul", [x, constant(name, weights[name].T.astype(np.float32))], f"{name}.of"
            )
        numbers, scales = _in_eight_bits(weights[name].T, axis=0)
        inputs = [rounded(x)[0], constant(name + _STORED, numbers), zero]
        whole = node("MatMulInteger", inputs, f"{name}.whole")
        real = node("Cast", [whole], f"{name}.real", to=TensorProto.FLOAT)
        scaled = node("Mul", [real, constant(name + _SCALE, scales[0])], f"{name}.scaled")
        return node("Mul", [scaled, rounded(x)[1]], f"{name}.of")

    def linear(x: str, name: str) -> str:
        return node("Add", [product(x, f"{name}.weight"), plain(f"{name}.bias")], f"{name}.sum")

    def rows_of(name: str, numbers: str) -> str:
        if not eight_bit:
            return node("Gather", [plain(name), numbers], f"{name}.found")
        stored, scales = _in_eight_bits(weights[name], axis=1)
        whole = node("Gather", [constant(name + _STORED, stored), numbers], f"{name}.whole")
        real = node("Cast", [whole], f"{name}.real", to=TensorProto.FLOAT)
        scale = node("Gather", [constant(name + _SCALE, scales), numbers], f"{name}.unit")
        return node("Mul", [real, scale], f"{name}.found")

    def norm(x: str, name: str) -> str:
        inputs = [x, plain(f"{name}.weight"), plain(f"{name}.bias")]
        return node("LayerNormalization", inputs, f"{name}.out", axis=-1, epsilon=EPSILON)

    known: dict[str, str] = {}
    width = weights["pieces"].shape[1]
    size = width // N_HEADS
    by_head, together = fixed("by_head", [0, 0, N_HEADS, size]), fixed("together", [0, 0, width])
    scale = fixed("scale", np.float32(1 / np.sqrt(size)))
    root = fixed("root", np.float32(np.sqrt(2)))
    half, one = fixed("half", np.float32(0.5)), fixed("one", np.float32(1))
    tiny, unit = fixed("tiny", np.float32(1e-9)), fixed("unit", np.float32(1 / _LARGEST))
    shift, zero = fixed("shift", np.float32(_ZERO + 0.5)), fixed("zero", np.uint8(_ZERO))

    # the number of each piece, its place, and the part that it belongs to
    tables = {"ids": "pieces", "at": "places", "part": "parts"}
    found = [rows_of(table, of) for of, table in tables.items()]
    x = norm(node("Add", [node("Add", found[:2], "placed"), found[2]], "summed"), "norm")
    for k in range(n_layers(weights)):
        layer = f"layer.{k}"
        heads = {}
        for role in ("query", "key", "value"):
            flat = linear(x, f"{layer}.{role}")
            split = node("Reshape", [flat, by_head], f"{layer}.{role}.split")
            order = [0, 2, 3, 1] if role == "key" else [0, 2, 1, 3]
            heads[role] = node("Transpose", [split], f"{layer}.{role}.heads", perm=order)
        alike = node("MatMul", [heads["query"], heads["key"]], f"{layer}.alike")
        scaled = node("Mul", [alike, scale], f"{layer}.scaled")
        shares = node("Softmax", [scaled], f"{layer}.shares", axis=-1)
        taken = node("MatMul", [shares, heads["value"]], f"{layer}.taken")
        back = node("Transpose", [taken], f"{layer}.back", perm=[0, 2, 1, 3])
        flat = node("Reshape", [back, together], f"{layer}.flat")
        added = node("Add", [linear(flat, f"{layer}.attended"), x], f"{layer}.added")
        x = norm(added, f"{layer}.attended_norm")
        wide = linear(x, f"{layer}.wide")
        # the Gaussian error linear unit, as onnxruntime knows it and puts it into one step
        share = node("Erf", [node("Div", [wide, root], f"{layer}.over")], f"{layer}.erf")
        bent = node("Mul", [wide, node("Add", [share, one], f"{layer}.more")], f"{layer}.twice")
        narrow = linear(node("Mul", [bent, half], f"{layer}.bent"), f"{layer}.narrow")
        x = norm(node("Add", [narrow, x], f"{layer}.end"), f"{layer}.norm")
    node("Identity", [x], "vectors")
    integers = [helper.make_tensor_value_info(name, TensorProto.INT64, [1, "n"]) for name in tables]
    vectors = helper.make_tensor_value_info("vectors", TensorProto.FLOAT, [1, "n", width])
    graph = helper.make_graph(nodes, "encoder", integers, [vectors], list(stored.values()))
    opset = [helper.make_opsetid("", _OPSET)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=_IR_VERSION)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _in_eight_bits(values: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Whole numbers, and the scales along the other axis that turn them back."""
    scales = np.maximum(np.abs(values).max(axis=axis, keepdims=True), 1e-9) / _LARGEST
    return np.round(values / scales).astype(np.int8), scales.astype(np.float32)


def to_weights(graph: bytes) -> dict[str, np.ndarray]:
    """Read back the weights that `to_graph` wrote, from eight bits where they are stored so.

    Returns
    -------
    dict of str to float32 array
    """
    try:
        import onnx
        from onnx import numpy_helper
    except ModuleNotFoundError as error:
        raise needs_extra("accurate models in training", "train-accurate", error) from None
    stored = {
        tensor.name: numpy_helper.to_array(tensor)
        for tensor in onnx.load_model_from_string(graph).graph.initializer
    }
    weights = {}
    for name, value in stored.items():
        if name.endswith(_SCALE) or name.startswith(_CONSTANTS):
            continue
        if name.endswith(_STORED):
            name = name.removesuffix(_STORED)
            value = value * stored[name + _SCALE]
        weights[name] = value.T if name.startswith("layer") and value.ndim == 2 else value
    return {name: np.array(value, dtype=np.float32) for name, value in weights.items()}
