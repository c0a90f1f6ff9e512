"""The canary: a short known clip through the whole loop every few minutes, which proves that detection is alive.

A model that answers, but sees nothing any more, looks like a quiet street. So the clip, in which a car stands in a
zone, goes the way of every camera: packets, reader, engine, tracker, zone, rule. It must end in one confirmed incident.
"""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import asdict, dataclass
from enum import StrEnum
from importlib import resources
from pathlib import Path
from typing import Any

from detector.engine import Engine
from detector.rules.illegal_parking import IllegalParkingConfig
from detector.watch import CameraWatch
from detector.zones import Zone
from streams.clock import Clock
from streams.demand import Demand
from streams.files import replay
from streams.ring import PacketRing
from streams.source import CameraSource
from streetwarden.lanes import InferenceLanes

CANARY_ID = "canary"
CLASS = "car"
ZONE = Zone(
    id="kerb",
    polygon=((0.2076, 0.615), (0.6236, 0.3805), (0.6891, 0.4009), (0.2793, 0.6736)),
    rules=(IllegalParkingConfig(dwell_seconds=3, classes=(CLASS,)),),
)
EVERY_SECOND = Demand(1.0, 1.0)
PATIENCE_S = 60.0
"""A busy lane takes its time; one that has not looked at the canary for so long is not alive."""


class CanaryState(StrEnum):
    """`not_applicable`: the model knows no car, so nothing is expected of it."""

    WAITING = "waiting"
    ALIVE = "alive"
    DEAD = "dead"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True, slots=True)
class CanaryReport:
    """How the last canary fared. `at_ns`: UTC ns; `took_s`: from asking to the answer."""

    state: CanaryState = CanaryState.WAITING
    at_ns: int | None = None
    took_s: float | None = None
    detail: str = ""
    failures: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self) | {"state": self.state.value}


class Canary:
    """Sends the canary through a lane every `every_s` seconds. `check` is to be called about once a second."""

    def __init__(self, lanes: InferenceLanes, clock: Clock, every_s: float = 300.0) -> None:
        self._lanes = lanes
        self._clock = clock
        self._every_ns = round(every_s * 1e9)
        self._asked_ns: int | None = None
        self._answer: Future[None] | None = None
        self._found: list[int] = []
        self.report = CanaryReport()

    def check(self) -> bool:
        """Ask when it is time, and read the answer when there is one. False when the canary has just died."""
        if self._answer is None:
            self._ask_if_due()
            return True
        if self._answer.done():
            return self._read(self._answer)
        if self._seconds_since_asked() > PATIENCE_S:
            return self._conclude(CanaryState.DEAD, f"no lane looked at it within {PATIENCE_S:.0f} s")
        return True

    def _ask_if_due(self) -> None:
        if CLASS not in self._lanes.engine.class_names:
            self.report = CanaryReport(CanaryState.NOT_APPLICABLE, detail=f"the model has no class {CLASS}")
            return
        now_ns = self._clock.monotonic_ns()
        if self._asked_ns is None or now_ns - self._asked_ns >= self._every_ns:
            self._asked_ns, self._found = now_ns, []
            found = self._found
            self._answer = self._lanes.errand(lambda engine: found.append(confirmed_incidents(engine)))

    def _read(self, answer: Future[None]) -> bool:
        error = None if answer.cancelled() else answer.exception()
        if error is not None:
            return self._conclude(CanaryState.DEAD, f"{type(error).__name__}: {error}")
        if self._found != [1]:
            found = self._found[0] if self._found else "no answer"
            return self._conclude(CanaryState.DEAD, f"expected 1 incident in the known clip, found {found}")
        return self._conclude(CanaryState.ALIVE, "")

    def _conclude(self, state: CanaryState, detail: str) -> bool:
        self._answer = None
        alive = state is CanaryState.ALIVE
        failures = self.report.failures + (not alive)
        took_s = round(self._seconds_since_asked(), 3)
        self.report = CanaryReport(state, self._clock.wall_ns(), took_s, detail, failures)
        return alive

    def _seconds_since_asked(self) -> float:
        return (self._clock.monotonic_ns() - (self._asked_ns or 0)) / 1e9


def confirmed_incidents(engine: Engine) -> int:
    """How many incidents the engine's detections make of the known clip."""
    watch = CameraWatch(CANARY_ID, (ZONE,), engine.class_names)
    with resources.as_file(resources.files("streetwarden") / "canary.mp4") as clip:
        frames = list(replay(CameraSource(CANARY_ID, str(Path(clip))), PacketRing(CANARY_ID), EVERY_SECOND))
    confirmed = set()
    for frame in frames:
        for incident in watch.observe(frame, engine.detect([frame.image])[0]):
            if incident.confirmed_pts_ns is not None:
                confirmed.add(incident.incident_id)
    return len(confirmed)
