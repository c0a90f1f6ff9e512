"""The canary goes the whole way of a picture, and says when detection is dead."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from detector.detections import Detections
from detector.engine import Engine
from models.catalogue import resolve
from streams.clock import SystemClock
from streams.frame import Image
from streetwarden.canary import Canary, CanaryState
from streetwarden.lanes import InferenceLanes
from streetwarden.pipeline import Pipeline
from tests.streetwarden.test_lanes import NoRecorder


class Blind(Engine):
    """Answers, but sees nothing any more: its picture of a street is an empty street."""

    def __init__(self, sighted: Engine) -> None:
        self._sighted = sighted

    @property
    def class_names(self) -> tuple[str, ...]:
        return self._sighted.class_names

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        return [Detections.empty() for _ in images]


@pytest.fixture(scope="module")
def street() -> Engine:
    return Engine.load(resolve("street"), threads=1, score_threshold=0.1)


@pytest.fixture
def lanes(street: Engine, request: pytest.FixtureRequest) -> Iterator[InferenceLanes]:
    engine = Blind(street) if getattr(request, "param", "") == "blind" else street
    pipeline = Pipeline((), NoRecorder(), lambda _: None, SystemClock())  # type: ignore[arg-type]
    running = InferenceLanes(lambda: street, pipeline, SystemClock(), engine=engine)
    running.start()
    yield running
    running.stop()


def looked(canary: Canary) -> bool:
    """Ask, wait for the lane and read the answer."""
    canary.check()
    answer = canary._answer
    assert answer is not None
    answer.exception(60)
    return canary.check()


def test_a_working_engine_sees_the_parked_car_of_the_known_clip(lanes: InferenceLanes) -> None:
    canary = Canary(lanes, SystemClock())

    assert looked(canary)
    assert canary.report.state is CanaryState.ALIVE


@pytest.mark.parametrize("lanes", ["blind"], indirect=True)
def test_an_engine_that_answers_but_sees_nothing_is_dead(lanes: InferenceLanes) -> None:
    canary = Canary(lanes, SystemClock())

    assert not looked(canary)
    assert canary.report.as_dict()["state"] == "dead"
    assert "found 0" in canary.report.detail


def test_a_model_without_cars_owes_nothing(tmp_path: Path, street: Engine) -> None:
    class Birds(Blind):
        @property
        def class_names(self) -> tuple[str, ...]:
            return ("bird",)

    pipeline = Pipeline((), NoRecorder(), lambda _: None, SystemClock())  # type: ignore[arg-type]
    canary = Canary(InferenceLanes(lambda: street, pipeline, SystemClock(), engine=Birds(street)), SystemClock())

    assert canary.check()
    assert canary.report.state is CanaryState.NOT_APPLICABLE
