"""The hall between cameras and inference is bounded, fair and counts what it drops."""

from __future__ import annotations

import threading

import numpy as np

from streams.frame import Frame, TimeSource
from streetwarden.frame_queue import FrameQueue


def frame(camera_id: str, sequence: int) -> Frame:
    image = np.zeros((2, 2, 3), np.uint8)
    return Frame(camera_id, sequence, sequence, sequence, TimeSource.FILE, "bgr24", image)


def test_the_newest_frame_of_a_camera_replaces_the_one_that_waits() -> None:
    queue = FrameQueue()
    queue.put(frame("a", 1))
    queue.put(frame("a", 2))
    assert [taken.sequence for taken in queue.take(10, 0)] == [2]
    assert queue.replaced("a") == 1


def test_the_camera_that_waits_longest_is_served_first() -> None:
    queue = FrameQueue()
    for camera_id in ("a", "b", "c"):
        queue.put(frame(camera_id, 1))
    queue.put(frame("a", 2))
    assert [taken.camera_id for taken in queue.take(2, 0)] == ["a", "b"]
    assert [taken.camera_id for taken in queue.take(2, 0)] == ["c"]


def test_taking_from_an_empty_queue_ends_in_time() -> None:
    assert FrameQueue().take(4, 0.01) == []


def test_a_waiting_taker_is_woken_by_a_frame() -> None:
    queue = FrameQueue()
    threading.Timer(0.05, queue.put, [frame("a", 1)]).start()
    assert [taken.camera_id for taken in queue.take(4, 10.0)] == ["a"]


def test_a_forgotten_camera_leaves_nothing() -> None:
    queue = FrameQueue()
    queue.put(frame("a", 1))
    queue.put(frame("a", 2))
    queue.forget("a")
    assert queue.take(4, 0) == []
    assert queue.replaced("a") == 0
