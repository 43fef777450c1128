"""The student as a network of 8-bit weights for onnxruntime: one text a call, and nothing left to an optimiser.

Activations are quantised as they come, with one scale for all pieces of the text. With one text in a call that scale is
the text's own, and a score cannot depend on what else is scored. Weights are unsigned: onnxruntime adds products of
unsigned and signed bytes up with saturation where the processor has no VNNI, and of two unsigned ones exactly everywhere.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from streams.scorers.training.compact.student import HEADS, PLACES, WIDTH, Student

_OPSET: Final = 20
_IR: Final = 10
_EPSILON: Final = 1e-12
_ZERO: Final = 128

Floats = NDArray[np.float32]


class Graph:
    """Nodes and numbers, as they are added; every node has one output, which its name names."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.numbers: list[onnx.TensorProto] = []

    def number(self, name: str, values: NDArray[Any]) -> str:
        """Add numbers, and return their name."""
        self.numbers.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def node(self, kind: str, inputs: Sequence[str], name: str, domain: str = "", **attributes: Any) -> str:
        """Add a node, and return its output's name, which is its own."""
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=f"{name}.node", domain=domain, **attributes))
        return name

    def fused(self, kind: str, inputs: Sequence[str], name: str, **attributes: Any) -> str:
        """Add a node of onnxruntime's own kinds."""
        return self.node(kind, inputs, name, "com.microsoft", **attributes)


def written(made: Student, notes: Mapping[str, str], to: Path) -> None:
    """Write the network; ``notes`` are kept with it. The same student and notes give the same bytes."""
    graph = Graph()
    values = {name: value.detach().numpy().astype(np.float32) for name, value in made.state_dict().items()}
    pieces = _begun(graph, values)
    for number in range(len(made.layers)):
        pieces = _layer(graph, values, f"layers.{number}", pieces)
    _verdict(graph, values, pieces)
    ids = helper.make_tensor_value_info("ids", TensorProto.INT64, [1, "pieces"])
    logit = helper.make_tensor_value_info("logit", TensorProto.FLOAT, [1, 1])
    whole = helper.make_graph(graph.nodes, "compact", [ids], [logit], graph.numbers)
    opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(whole, opset_imports=opsets, producer_name="threadwatch", ir_version=_IR)
    helper.set_model_props(model, dict(notes))
    to.write_bytes(model.SerializeToString(deterministic=True))


def eight_bits(rows: Floats) -> tuple[NDArray[np.uint8], Floats]:
    """Return each row in 255 steps around 128, and each row's step."""
    step = np.maximum(np.abs(rows).max(axis=1, keepdims=True), 1e-9) / 127
    return (np.rint(rows / step) + _ZERO).astype(np.uint8), step.astype(np.float32)


def _begun(graph: Graph, values: Mapping[str, Floats]) -> str:
    """Add the pieces as numbers: what each is, and where it stands."""
    small, step = eight_bits(values["words.weight"])
    row = graph.node("Gather", [graph.number("words", small), "ids"], "words.row", axis=0)
    unit = graph.node("Gather", [graph.number("words.step", step), "ids"], "words.unit", axis=0)
    wide = graph.node("Cast", [row], "words.wide", to=TensorProto.FLOAT)
    zero = graph.number("words.zero", np.array(_ZERO, dtype=np.float32))
    words = graph.node("Mul", [graph.node("Sub", [wide, zero], "words.signed"), unit], "words.real")
    begin, axis = graph.number("begin", np.array([0])), graph.number("axis", np.array([0]))
    length = graph.node("Shape", ["ids"], "length", start=1, end=2)
    places = graph.node("Slice", [graph.number("places", values["places.weight"][:PLACES]), begin, length, axis], "places.used")
    return _norm(graph, values, "norm", graph.node("Add", [words, places], "begun"))


def _layer(graph: Graph, values: Mapping[str, Floats], name: str, pieces: str) -> str:
    asked = _linear(graph, values, f"{name}.asked", pieces)
    split = graph.number(f"{name}.thirds", np.array([WIDTH] * 3))
    parts = [f"{name}.query", f"{name}.key", f"{name}.value"]
    graph.nodes.append(helper.make_node("Split", [asked, split], parts, name=f"{name}.split", axis=2))
    found = graph.fused("MultiHeadAttention", parts, f"{name}.found", num_heads=HEADS)
    pieces = _added(graph, values, f"{name}.told_norm", pieces, _linear(graph, values, f"{name}.told", found))
    wide = graph.node("Gelu", [_linear(graph, values, f"{name}.wide", pieces)], f"{name}.bent")
    return _added(graph, values, f"{name}.norm", pieces, _linear(graph, values, f"{name}.narrow", wide))


def _linear(graph: Graph, values: Mapping[str, Floats], name: str, pieces: str) -> str:
    small, step = eight_bits(values[f"{name}.weight"])
    weight, unit = graph.number(f"{name}.small", small.T), graph.number(f"{name}.step", step[:, 0])
    zero = graph.number(f"{name}.zero", np.full(len(small), _ZERO, dtype=np.uint8))
    bias = graph.number(f"{name}.bias", values[f"{name}.bias"])
    return graph.fused("DynamicQuantizeMatMul", [pieces, weight, unit, zero, bias], f"{name}.product")


def _added(graph: Graph, values: Mapping[str, Floats], name: str, pieces: str, more: str) -> str:
    return _norm(graph, values, name, graph.node("Add", [pieces, more], f"{name}.sum"))


def _norm(graph: Graph, values: Mapping[str, Floats], name: str, pieces: str) -> str:
    weight, bias = (graph.number(f"{name}.{kind}", values[f"{name}.{kind}"]) for kind in ("weight", "bias"))
    return graph.node("LayerNormalization", [pieces, weight, bias], f"{name}.normed", axis=-1, epsilon=_EPSILON)


def _verdict(graph: Graph, values: Mapping[str, Floats], pieces: str) -> None:
    mean = graph.node("ReduceMean", [pieces, graph.number("text", np.array([1]))], "mean", keepdims=0)
    weight = graph.number("verdict.weight", values["verdict.weight"].T)
    graph.nodes.append(
        helper.make_node("Gemm", [mean, weight, graph.number("verdict.bias", values["verdict.bias"])], ["logit"], name="verdict")
    )
