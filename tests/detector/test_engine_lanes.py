"""Several callers at one engine: each gets its own picture's boxes, and memory stays bounded."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from detector.buffers import BufferPool
from detector.engine import Engine
from detector.letterbox import InputBuffer
from tests.detector.test_engine import DETECT

SIDE = 64
FLOAT_BYTES = 4


def brightness_model(path: Path) -> Path:
    """A raw head whose only box is of class `car`, its score the brightness of the picture's middle."""
    pick = numpy_helper.from_array(np.zeros((1, 1, 1), np.float32), "zero")
    start = numpy_helper.from_array(np.array([0, SIDE // 2, SIDE // 2], np.int64), "start")
    end = numpy_helper.from_array(np.array([1, SIDE // 2 + 1, SIDE // 2 + 1], np.int64), "end")
    axes = numpy_helper.from_array(np.array([1, 2, 3], np.int64), "axes")
    box = numpy_helper.from_array(np.array([32, 32, 16, 16], np.float32).reshape(1, 4, 1), "box")
    shape = numpy_helper.from_array(np.array([1, 1, 1], np.int64), "shape")
    nodes = [
        helper.make_node("Slice", ["images", "start", "end", "axes"], ["pixel"]),
        helper.make_node("Reshape", ["pixel", "shape"], ["score"]),
        helper.make_node("Concat", ["box", "zero", "score", "zero"], ["output0"], axis=1),
    ]
    images = helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, SIDE, SIDE])
    output = helper.make_tensor_value_info("output0", TensorProto.FLOAT, [1, 7, 1])
    graph = helper.make_graph(nodes, "brightness", [images], [output], [pick, start, end, axes, box, shape])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    helper.set_model_props(model, DETECT)
    onnx.save(model, str(path))
    return path


def test_callers_at_once_get_their_own_pictures(tmp_path: Path) -> None:
    engine = Engine.load(brightness_model(tmp_path / "m.onnx"), threads=1)
    levels = [80 + index for index in range(160)]
    together = threading.Barrier(4)

    def detect(quarter: list[int]) -> list[float]:
        together.wait(10)
        pictures = [np.full((SIDE, SIDE, 3), level, np.uint8) for level in quarter]
        return [float(engine.detect([one])[0].score[0]) for one in pictures]

    with ThreadPoolExecutor(4) as lanes:
        found = [score for scores in lanes.map(detect, [levels[lane::4] for lane in range(4)]) for score in scores]
    assert found == pytest.approx([level / 255 for lane in range(4) for level in levels[lane::4]], abs=1e-6)


def buffer_pool(kept: int) -> BufferPool:
    """A pool of one-picture buffers that keeps `kept` of 8x8 pixels at rest."""
    return BufferPool(
        lambda key: InputBuffer(key[0], key[1], np.float32, rgb_unit=True), kept * 3 * 8 * 8 * FLOAT_BYTES
    )


def test_a_buffer_that_rests_is_lent_again_and_never_twice_at_once() -> None:
    pool = buffer_pool(2)
    with pool.lend((1, (8, 8))) as first, pool.lend((1, (8, 8))) as second:
        assert first is not second
    with pool.lend((1, (8, 8))) as again, pool.lend((1, (8, 8))) as other:
        assert {id(again), id(other)} == {id(first), id(second)}


def test_the_memory_at_rest_is_bounded_and_the_newest_stays() -> None:
    pool = buffer_pool(2)
    for side in (8, 4, 8, 16):
        with pool.lend((1, (side, side))):
            pass
    assert pool.resting_bytes == 3 * 16 * 16 * FLOAT_BYTES
    with pool.lend((1, (8, 8))):
        pass
    assert pool.resting_bytes == 3 * 8 * 8 * FLOAT_BYTES


def test_a_failed_run_gives_its_buffer_back() -> None:
    pool = buffer_pool(2)
    with pytest.raises(RuntimeError, match="broken"), pool.lend((1, (8, 8))):
        raise RuntimeError("broken")
    assert pool.resting_bytes > 0
