"""Two detectors that share their frozen first layers, in one file: what each is best at, in one run.

Both were trained from the same weights with the same layers held still, so these are computed once. From the first
come the classes that it knows, from the second the rest: the first's answers are what they were, to the bit, except
where the second is sure (`SURE`) that a thing is one of its own classes and not one of the first's (a dump truck that
the first calls a truck). The answer is a raw head with the anchors of both, one after the other.

Weights are stored as half floats, as checkpoints are, and computed with in float: a file half the size.
"""

from __future__ import annotations

import ast
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models.errors import ExportError
from models.export import MAX_IR_VERSION
from models.extra import require_packages

SURE = 0.25
SECOND = "second/"
SMALL = 1024
"""Arrays of fewer numbers stay as they are: shapes, scales, biases of a few channels."""
OUTPUT = "output0"


@dataclass(frozen=True, slots=True)
class Merged:
    """Nodes of the second model, and how many of them are the first's own."""

    nodes: int
    shared: int


def merge(first: Path, second: Path, target: Path, *, halves: bool = True) -> Merged:
    """Write both float exports of ours as one to `target`, with the classes of `second` in its order.

    `halves`: store weights as half floats. Raises ExportError: not raw exports with metadata, `second` lacks a class
    of `first` or has none besides, or the two have no layer in common.
    """
    require_packages("merging", ["onnx"])
    import onnx  # noqa: PLC0415  # extra `train`

    ours, theirs = _opened(first), _opened(second)
    known, every = _names(ours, first), _names(theirs, second)
    new = [name for name in every if name not in known]
    if not set(known) <= set(every) or not new:
        raise ExportError(f"{second}: expected the classes {', '.join(known)} and more; got {', '.join(every)}")
    heads = _head(ours, first), _head(theirs, second)
    merged = _graft(ours.graph, theirs.graph)
    if not merged.shared:
        raise ExportError(f"{first} and {second} have no layer in common: train both from one start with it frozen")
    _join(ours.graph, heads, known, every)
    if halves:
        store_halves(ours.graph)
    _describe(ours, theirs)
    onnx.checker.check_model(ours)
    _write(ours, target)
    return merged


def _opened(path: Path) -> Any:
    import onnx  # noqa: PLC0415  # extra `train`

    if not path.is_file():
        raise ExportError(f"{path}: no such model")
    try:
        return onnx.load(str(path))
    except Exception as problem:  # protobuf's own kinds
        raise ExportError(f"{path}: not an ONNX model: {str(problem).splitlines()[0]}") from problem


def _names(model: Any, path: Path) -> list[str]:
    stored = {entry.key: entry.value for entry in model.metadata_props}
    try:
        names = ast.literal_eval(stored["names"])
        return [str(names[index]) for index in range(len(names))]
    except (KeyError, ValueError, SyntaxError, TypeError) as problem:
        raise ExportError(f"{path}: names no classes in its metadata") from problem


def _head(model: Any, path: Path) -> tuple[str, str]:
    """Names of the boxes (B, 4, A) and the scores (B, classes, A) that a raw head puts together."""
    last = [node for node in model.graph.node if OUTPUT in node.output]
    if len(last) != 1 or last[0].op_type != "Concat" or len(last[0].input) != 2:
        raise ExportError(f"{path}: expected a raw detect head, whose output joins boxes and scores")
    return str(last[0].input[0]), str(last[0].input[1])


def _graft(graph: Any, other: Any) -> Merged:
    """Add the nodes of `other` that `graph` does not compute already; their names then begin with `SECOND`."""
    mine = {item.name: item for item in graph.initializer}
    same = {item.name: item.name for item in other.initializer if _equal(mine.get(item.name), item)}
    same |= {item.name: item.name for item in other.input}
    nodes = {node.name: node for node in graph.node}
    added, shared = [], 0
    for node in other.node:
        if _computes_the_same(nodes.get(node.name), node, same):
            same.update({name: name for name in node.output})
            shared += 1
            continue
        copy = type(node)()
        copy.CopyFrom(node)
        copy.name = SECOND + node.name
        copy.input[:] = [same.get(name, SECOND + name) if name else name for name in node.input]
        copy.output[:] = [SECOND + name for name in node.output]
        added.append(copy)
    _remove_last(graph)
    wanted = {name for node in added for name in node.input}
    for item in other.initializer:
        if SECOND + item.name in wanted:
            copy = type(item)()
            copy.CopyFrom(item)
            copy.name = SECOND + item.name
            graph.initializer.append(copy)
    graph.node.extend(node for node in added if SECOND + OUTPUT not in node.output)
    return Merged(len(other.node), shared)


def _equal(mine: Any, other: Any) -> bool:
    from onnx import numpy_helper  # noqa: PLC0415  # extra `train`

    if mine is None:
        return False
    first, second = numpy_helper.to_array(mine), numpy_helper.to_array(other)
    return first.dtype == second.dtype and np.array_equal(first, second)


def _computes_the_same(mine: Any, other: Any, same: dict[str, str]) -> bool:
    return (
        mine is not None
        and mine.op_type == other.op_type
        and list(mine.input) == list(other.input)
        and list(mine.attribute) == list(other.attribute)
        and all(not name or name in same for name in other.input)
    )


def _remove_last(graph: Any) -> None:
    for node in [node for node in graph.node if OUTPUT in node.output]:
        graph.node.remove(node)


def _join(graph: Any, heads: Sequence[tuple[str, str]], known: Sequence[str], every: Sequence[str]) -> None:
    """The head over both: see the module's words."""
    (boxes, scores), (other_boxes, other_scores) = heads[0], tuple(SECOND + name for name in heads[1])
    if other_boxes not in {name for node in graph.node for name in node.output}:
        raise ExportError("the second model computes nothing of its own")
    new = [name for name in every if name not in known]
    order = [*known, *new]
    build = _Builder(graph)
    build.constant("rows.known", np.array([every.index(name) for name in known], np.int64))
    build.constant("rows.new", np.array([every.index(name) for name in new], np.int64))
    build.constant("rows.all", np.array([order.index(name) for name in every], np.int64))
    build.constant("axis", np.array([1], np.int64))
    for name, value in (("sure", SURE), ("zero", 0.0)):
        build.constant(name, np.array(value, np.float32))
    build.node("Gather", [other_scores, "@rows.known"], "theirs", axis=1)
    build.node("Gather", [other_scores, "@rows.new"], "news", axis=1)
    build.node("ReduceMax", ["@theirs", "@axis"], "best.theirs", keepdims=1)
    build.node("ReduceMax", ["@news", "@axis"], "best.news", keepdims=1)
    build.node("GreaterOrEqual", ["@best.news", "@best.theirs"], "is.new")
    build.node("Greater", ["@best.news", "@sure"], "is.sure")
    build.node("And", ["@is.new", "@is.sure"], "is.surely.new")
    build.node("Where", ["@is.surely.new", "@zero", scores], "first")
    build.node("Where", ["@is.new", "@news", "@zero"], "second")
    build.node("Mul", ["@theirs", "@zero"], "no.known")
    build.node("Mul", ["@news", "@zero"], "no.new")
    build.node("Concat", ["@first", "@no.known"], "all.known", axis=2)
    build.node("Concat", ["@no.new", "@second"], "all.new", axis=2)
    build.node("Concat", ["@all.known", "@all.new"], "all.sorted", axis=1)
    build.node("Gather", ["@all.sorted", "@rows.all"], "all", axis=1)
    build.node("Concat", [boxes, other_boxes], "boxes", axis=2)
    build.node("Concat", ["@boxes", "@all"], OUTPUT, axis=1)
    classes, anchors = graph.output[0].type.tensor_type.shape.dim[1:3]
    classes.dim_value = 4 + len(every)
    if anchors.dim_value:
        anchors.dim_value *= 2


class _Builder:
    """Adds nodes and constants under `merge/`; `@NAME` is one of them."""

    def __init__(self, graph: Any) -> None:
        self._graph = graph

    def constant(self, name: str, value: Any) -> None:
        from onnx import numpy_helper  # noqa: PLC0415  # extra `train`

        self._graph.initializer.append(numpy_helper.from_array(value, f"merge/{name}"))

    def node(self, operator: str, inputs: Sequence[str], output: str, **attributes: Any) -> None:
        from onnx import helper  # noqa: PLC0415  # extra `train`

        names = [f"merge/{name[1:]}" if name.startswith("@") else name for name in inputs]
        made = output if output == OUTPUT else f"merge/{output}"
        self._graph.node.append(helper.make_node(operator, names, [made], f"/merge/{output}", **attributes))


def store_halves(graph: Any) -> None:
    """Store large float weights as half floats, each with the cast that makes it a float again; in place."""
    from onnx import TensorProto, helper, numpy_helper  # noqa: PLC0415  # extra `train`

    casts = []
    for item in graph.initializer:
        value = numpy_helper.to_array(item)
        if value.dtype != np.float32 or value.size < SMALL:
            continue
        name = item.name
        item.CopyFrom(numpy_helper.from_array(value.astype(np.float16), f"{name}.half"))
        casts.append(helper.make_node("Cast", [item.name], [name], f"/halves/{name}", to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def unpack_halves(graph: Any) -> int:
    """Undo `store_halves` but for the rounding, in place; returns how many weights were unpacked."""
    from onnx import numpy_helper  # noqa: PLC0415  # extra `train`

    stored = {item.name: item for item in graph.initializer}
    casts = [node for node in graph.node if node.op_type == "Cast" and node.input[0] in stored]
    for node in casts:
        item = stored[node.input[0]]
        item.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(item).astype(np.float32), node.output[0]))
        graph.node.remove(node)
    return len(casts)


def _describe(model: Any, second: Any) -> None:
    stored = dict(_pairs(second))
    del model.metadata_props[:]
    for key, value in {**stored, "description": f"{stored.get('description', '')}, two heads on one backbone"}.items():
        model.metadata_props.add(key=key, value=value)
    model.ir_version = min(model.ir_version, MAX_IR_VERSION)


def _pairs(model: Any) -> Iterator[tuple[str, str]]:
    return ((entry.key, entry.value) for entry in model.metadata_props)


def _write(model: Any, target: Path) -> None:
    import onnx  # noqa: PLC0415  # extra `train`

    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".merge-") as folder:
        draft = Path(folder) / target.name
        onnx.save(model, str(draft))
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        draft.replace(target)
