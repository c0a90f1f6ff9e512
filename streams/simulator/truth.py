"""What truly happens before the simulated cameras, on the wall clock: incidents of the clips, and faults."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from streams.errors import SimulatorError
from streams.simulator.camera import SimulatedCamera
from streams.simulator.faults import FaultPlan
from streams.simulator.schedule import windows_until
from streams.timeline import SECOND_NS

Xyxy = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class ClipIncident:
    """A violation in a clip: `from_s`..`to_s` in seconds of the clip, the box (pixels) while it stands."""

    kind: str
    zone: str
    actor: str
    from_s: float
    to_s: float
    box_xyxy: Xyxy


@dataclass(frozen=True, slots=True)
class ClipTruth:
    """What is known of a clip."""

    incidents: tuple[ClipIncident, ...]
    size_wh: tuple[int, int]


class Lasting(Protocol):
    """What lasts from one second of a clip to another."""

    @property
    def from_s(self) -> float:
        """The first."""
        ...

    @property
    def to_s(self) -> float:
        """The last."""
        ...


T = TypeVar("T", bound=Lasting)


@dataclass(frozen=True, slots=True)
class Occurrence(Generic[T]):
    """One of a clip's incidents in one of its rounds; seconds since the cameras' timelines began."""

    round: int
    incident: T
    from_s: float
    to_s: float


def read_truth(clip: Path) -> ClipTruth | None:
    """The truth beside a clip (`NAME.json`, schema `streetwarden.scene-truth/1`); None when there is none.

    Raises SimulatorError for a file that is not of that schema.
    """
    path = clip.with_suffix(".json")
    if not path.is_file():
        return None
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        rows = [
            ClipIncident(row["kind"], row["zone"], row["actor"], row["from_s"], row["to_s"], tuple(row["xyxy"]))
            for row in document["incidents"]
        ]
        return ClipTruth(tuple(rows), tuple(document["size_wh"]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SimulatorError(f"{path}: no truth of a clip ({type(error).__name__}: {error})") from None


def occurrences(
    incidents: Sequence[T], duration_s: float, from_s: float, until_s: float, offset_s: float = 0.0
) -> Iterator[Occurrence[T]]:
    """Every round's incidents that are not over at `from_s` and begin before `until_s`, in order.

    `offset_s`: how far into the clip the camera was when its timeline began.
    """
    turn = int((from_s + offset_s) // duration_s)
    while turn * duration_s - offset_s < until_s:
        start_s = turn * duration_s - offset_s
        for incident in sorted(incidents, key=lambda each: each.from_s):
            begin_s, end_s = start_s + incident.from_s, start_s + incident.to_s
            if end_s > from_s and begin_s < until_s:
                yield Occurrence(turn, incident, begin_s, end_s)
        turn += 1


class TruthWriter:
    """Writes JSON lines of what will happen, always some time ahead.

    A line has `type` (`incident` or `fault`), `camera`, `from`, `to` (UTC, ISO 8601; null: for ever); an incident also
    `kind`, `zone`, `actor`, `clip`, `round`, `box_xyxy` (pixels of `size_wh`); a fault `kind` and `fault`.
    """

    def __init__(
        self,
        path: Path,
        cameras: Sequence[SimulatedCamera],
        durations_s: Sequence[float],
        faults: Sequence[FaultPlan],
        started_at_ns: int,
    ) -> None:
        self._path = path
        self._cameras = list(zip(cameras, durations_s, strict=True))
        self._faults = faults
        self._started_at_ns = started_at_ns
        self._written_s = 0.0
        truths = {camera.clip: read_truth(camera.clip) for camera in cameras}
        self._truths = {clip: truth for clip, truth in truths.items() if truth is not None}
        path.write_text("", encoding="utf-8")

    def write_until(self, until_s: float) -> None:
        """Append all that begins before `until_s` (seconds from the start) and is not written yet."""
        rows = [*self._incidents(until_s), *self._fault_rows(until_s)]
        with self._path.open("a", encoding="utf-8") as file:
            for _, row in sorted(rows, key=lambda row: row[0]):
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
        self._written_s = max(self._written_s, until_s)

    def _incidents(self, until_s: float) -> Iterator[tuple[float, dict[str, Any]]]:
        for camera, duration_s in self._cameras:
            truth = self._truths.get(camera.clip)
            for each in occurrences(
                truth.incidents if truth else (), duration_s, self._written_s, until_s, camera.start_offset_s
            ):
                if each.from_s >= self._written_s or not self._written_s:
                    yield each.from_s, self._incident_row(camera, each)

    def _incident_row(self, camera: SimulatedCamera, each: Occurrence[ClipIncident]) -> dict[str, Any]:
        incident = each.incident
        return {
            **self._head("incident", camera.name, each.from_s, each.to_s),
            "kind": incident.kind,
            "zone": incident.zone,
            "actor": incident.actor,
            "clip": camera.clip.name,
            "round": each.round,
            "box_xyxy": [round(value, 1) for value in incident.box_xyxy],
            "size_wh": list(self._truths[camera.clip].size_wh),
        }

    def _fault_rows(self, until_s: float) -> Iterator[tuple[float, dict[str, Any]]]:
        names = [camera.name for camera, _ in self._cameras]
        for camera, fault, from_s, to_s in windows_until(self._faults, names, self._written_s, until_s):
            yield from_s, {**self._head("fault", camera, from_s, to_s), "kind": fault.kind.value, "fault": str(fault)}

    def _head(self, kind: str, camera: str, from_s: float, to_s: float | None) -> dict[str, Any]:
        end = None if to_s is None else self._utc(to_s)
        return {"type": kind, "camera": camera, "from": self._utc(from_s), "to": end}

    def _utc(self, at_s: float) -> str:
        # From whole nanoseconds: a float of seconds since 1970 has no exact milliseconds.
        at_ns = self._started_at_ns + round(at_s * SECOND_NS)
        moment = datetime.fromtimestamp(at_ns // SECOND_NS, UTC) + timedelta(microseconds=at_ns % SECOND_NS // 1_000)
        return moment.isoformat(timespec="microseconds")
