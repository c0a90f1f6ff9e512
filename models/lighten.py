"""A detector's graph made lighter without changing what it computes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

BINS = 16
"""Places at which Ultralytics' heads estimate the distance to each side of a box."""


def lighten(model: Any) -> int:
    """Rewrite every box expectation of an ONNX model in place; returns how many there were.

    Heads since YOLOv8 take a softmax over 16 bins and then its expectation, for each side of each of thousands of
    boxes. ONNX Runtime's softmax over an inner axis costs a twelfth of a whole nano network; `sum(i * exp(x)) /
    sum(exp(x))` is the same number and costs next to nothing. Bins are logits of a few units, so `exp` stays in range.
    """
    found = [
        (softmax, conv) for softmax in model.graph.node if (conv := _expectation(model.graph, softmax)) is not None
    ]
    for index, (softmax, conv) in enumerate(found):
        _replace(model.graph, softmax, conv, f"expectation{index}")
    return len(found)


def _expectation(graph: Any, softmax: Any) -> Any | None:
    """The convolution with the weights 0 to 15 that alone reads a softmax over channels."""
    from onnx import numpy_helper  # noqa: PLC0415  # extra `train`

    readers = [node for node in graph.node if softmax.output[0] in node.input]
    axes = [attribute.i for attribute in softmax.attribute if attribute.name == "axis"]
    if softmax.op_type != "Softmax" or axes != [1] or len(readers) != 1 or readers[0].op_type != "Conv":
        return None
    weights = [item for item in graph.initializer if item.name == readers[0].input[1]]
    values = numpy_helper.to_array(weights[0]) if weights else np.zeros(0)
    is_expectation = values.shape == (1, BINS, 1, 1) and np.array_equal(values.ravel(), np.arange(BINS))
    return readers[0] if is_expectation and len(readers[0].input) == 2 else None


def _replace(graph: Any, softmax: Any, conv: Any, name: str) -> None:
    from onnx import helper, numpy_helper  # noqa: PLC0415

    sums = np.stack([np.arange(BINS), np.ones(BINS)]).astype(np.float32).reshape(2, BINS, 1, 1)
    graph.initializer.extend(
        [
            numpy_helper.from_array(sums, f"{name}.sums"),
            numpy_helper.from_array(np.array([1, 1], np.int64), f"{name}.halves"),
        ]
    )
    nodes = [
        helper.make_node("Exp", [softmax.input[0]], [f"{name}.exp"], f"{name}/Exp"),
        helper.make_node(
            "Conv", [f"{name}.exp", f"{name}.sums"], [f"{name}.both"], f"{name}/Conv", kernel_shape=[1, 1]
        ),
        helper.make_node(
            "Split", [f"{name}.both", f"{name}.halves"], [f"{name}.weighted", f"{name}.total"], f"{name}/Split", axis=1
        ),
        helper.make_node("Div", [f"{name}.weighted", f"{name}.total"], [conv.output[0]], f"{name}/Div"),
    ]
    place = list(graph.node).index(softmax)
    _drop(graph, softmax, conv)
    for node in reversed(nodes):
        graph.node.insert(place, node)


def _drop(graph: Any, softmax: Any, conv: Any) -> None:
    graph.node.remove(softmax)
    graph.node.remove(conv)
    if not any(conv.input[1] in node.input for node in graph.node):
        for item in [item for item in graph.initializer if item.name == conv.input[1]]:
            graph.initializer.remove(item)


def decoding(graph: Any) -> list[str]:
    """Names of the nodes from the last learnt convolution on, on every way out: what gives boxes and scores.

    These convolutions are small, and rounding them is rounding the answer.
    """
    learnt = {item.name for item in graph.initializer if item.name and not item.name.startswith("expectation")}
    before: set[str] = set()
    names = []
    for node in reversed(graph.node):
        is_learnt = node.op_type == "Conv" and node.input[1] in learnt
        is_before = bool(before.intersection(node.output))
        if is_learnt or is_before:
            before.update(node.input)
        if not is_before:
            names.append(str(node.name))
    return names


def entrance(graph: Any) -> list[str]:
    """Names of the first convolution and its activation: three channels in, the largest pictures of all."""
    inputs = [item.name for item in graph.input]
    first = [node for node in graph.node if node.op_type == "Conv" and node.input[0] in inputs]
    ends = {node.output[0] for node in first}
    sigmoids = _readers(graph, "Sigmoid", ends)
    products = [node for node in _readers(graph, "Mul", ends) if ends.intersection(node.input)]
    return [str(node.name) for node in (*first, *sigmoids, *products)]


def _readers(graph: Any, operator: str, names: set[str]) -> Sequence[Any]:
    return [node for node in graph.node if node.op_type == operator and names.intersection(node.input)]


def name_nodes(graph: Any) -> None:
    """Give every node without a name one."""
    for index, node in enumerate(graph.node):
        node.name = node.name or f"{node.op_type}-{index}"
