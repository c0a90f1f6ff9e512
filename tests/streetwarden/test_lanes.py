"""The lanes go on whatever an engine does: it may raise, hang or come back late."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from detector.detections import Detections
from detector.engine import Engine
from streams.clock import SystemClock
from streetwarden.lanes import InferenceLanes, LanePlan
from streetwarden.pipeline import Pipeline


class Scripted(Engine):
    """An engine that finds nothing, when and how the test says."""

    def __init__(self, act: Callable[[], None] = lambda: None) -> None:
        self._act = act
        self.looks = 0

    def detect(self, images: Any) -> list[Detections]:
        self.looks += 1
        self._act()
        return [Detections.empty() for _ in images]


class NoRecorder:
    """Nothing is confirmed here."""

    def tick(self) -> None:
        """Nothing waits."""


@contextmanager
def running(*engines: Engine, plan: LanePlan | None = None, stall_s: float = 10.0) -> Iterator[InferenceLanes]:
    """Lanes without cameras; errands go through them."""
    waiting = list(engines)
    pipeline = Pipeline((), NoRecorder(), lambda _: None, SystemClock())  # type: ignore[arg-type]
    lanes = InferenceLanes(lambda: waiting.pop(0), pipeline, SystemClock(), plan, stall_s=stall_s)
    lanes.start()
    try:
        yield lanes
    finally:
        lanes.stop(timeout_s=1.0)


def see(engine: Engine) -> None:
    engine.detect([None])  # type: ignore[list-item]


def fail(_engine: Engine) -> None:
    raise ZeroDivisionError


def test_an_errand_is_done_by_a_lane() -> None:
    engine = Scripted()
    with running(engine) as lanes:
        lanes.errand(see).result(10)

    assert engine.looks == 1


def test_an_errand_that_fails_tells_whoever_asked_and_the_lane_goes_on() -> None:
    with running(Scripted()) as lanes:
        with pytest.raises(ZeroDivisionError):
            lanes.errand(fail).result(10)

        lanes.errand(see).result(10)


def test_a_stalled_engine_is_left_behind_and_loaded_anew() -> None:
    released = threading.Event()

    def hang() -> None:
        released.wait(30)

    stuck, fresh = Scripted(hang), Scripted()
    with running(stuck, fresh, stall_s=0.05) as lanes:
        lanes.errand(see)
        while stuck.looks == 0:
            time.sleep(0.01)
        time.sleep(0.1)

        lanes.check()

        lanes.errand(see).result(10)
        released.set()
        assert (lanes.restarts, fresh.looks, lanes.engine) == (1, 1, fresh)
        assert "gave no answer" in lanes.errors[0]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_dead_lane_is_replaced() -> None:
    def die() -> None:
        raise SystemExit

    with running(Scripted(die)) as lanes:
        lanes.errand(see)
        while any(lane.is_alive() for lane in threading.enumerate() if lane.name == "inference"):
            time.sleep(0.01)

        lanes.check()

        assert "died" in lanes.errors[0]
        lanes.errand(lambda _: None).result(10)


def test_lanes_without_work_end_when_told() -> None:
    with running(Scripted(), plan=LanePlan(lanes=3)):
        pass

    assert not [thread for thread in threading.enumerate() if thread.name == "inference"]


@pytest.mark.parametrize("plan", [{"lanes": 0}, {"batch": 0}, {"threads": 0}, {"batch_wait_s": -1.0}])
def test_a_plan_without_lanes_is_refused(plan: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="LanePlan"):
        LanePlan(**plan)


def test_the_clip_of_the_canary_comes_with_the_product() -> None:
    assert (Path(__file__).parents[2] / "streetwarden" / "canary.mp4").stat().st_size > 100_000
