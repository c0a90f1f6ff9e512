"""What is wrong now, read from the latest words of the workers. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from api.alarms.limits import AlarmLimits


class AlarmKind(StrEnum):
    """What can be wrong, by what it concerns: a camera, a worker, or the service's own machine."""

    CAMERA_DOWN = "camera_down"
    PICTURE_UNFIT = "picture_unfit"
    GATE_SKIPS = "gate_skips"
    CLOCK_OFF = "clock_off"
    WORKER_LOST = "worker_lost"
    CANARY_DEAD = "canary_dead"
    LOOKS_LATE = "looks_late"
    OUTBOX_GROWS = "outbox_grows"
    DISK_FULL = "disk_full"


@dataclass(frozen=True, slots=True)
class Said:
    """The latest word about a camera or of a worker; `at` None: none ever came."""

    id: str
    at: datetime | None
    body: Mapping[str, Any]
    worker_id: str | None = None
    state: str = ""


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that is wrong now; it is an alarm when it has been so for `patience_s`."""

    kind: AlarmKind
    subject: str
    patience_s: float
    detail: str = ""
    figures: Mapping[str, Any] = field(default_factory=dict)
    camera_id: str | None = None
    worker_id: str | None = None

    @property
    def key(self) -> str:
        """The same for the same thing wrong with the same subject."""
        return f"{self.kind}:{self.subject}"


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything that is looked at; `disk` is total and free bytes of the service's own data folder."""

    now: datetime
    cameras: Sequence[Said]
    workers: Sequence[Said]
    silent_s: float
    disk: tuple[int, int] | None = None

    def is_silent(self, said: Said) -> bool:
        """Whether the word is old."""
        return said.at is None or self.now - said.at > timedelta(seconds=self.silent_s)


def conditions(seen: Situation, limits: AlarmLimits) -> Iterator[Condition]:
    """All that is wrong. Of a worker that is lost only that is said: its cameras are not known to be down.

    A camera that nobody ever watched is down when there is a worker that should.
    """
    lost = {worker.id for worker in seen.workers if seen.is_silent(worker)}
    for worker in seen.workers:
        yield from [_lost(worker)] if worker.id in lost else _of_worker(worker, limits)
    for camera in seen.cameras:
        nobody = camera.at is None and len(lost) == len(seen.workers)
        if camera.worker_id not in lost and not nobody:
            yield from _of_camera(seen, camera, limits)
    if seen.disk is not None:
        yield from _of_disk("service", None, seen.disk, limits)


def _lost(worker: Said) -> Condition:
    return Condition(AlarmKind.WORKER_LOST, f"worker:{worker.id}", 0.0, worker_id=worker.id)


def _of_camera(seen: Situation, camera: Said, limits: AlarmLimits) -> Iterator[Condition]:
    def wrong(kind: AlarmKind, patience_s: float, detail: str = "", **figures: Any) -> Condition:
        subject = f"camera:{camera.id}"
        return Condition(kind, subject, patience_s, detail, figures, camera.id, camera.worker_id)

    body = camera.body
    if seen.is_silent(camera) or camera.state != "streaming":
        yield wrong(AlarmKind.CAMERA_DOWN, limits.camera_down_s, _text(body.get("last_error")), state=camera.state)
        return
    picture = _at(body, "picture", "state")
    if picture not in {None, "fit"}:
        detail = _text(_at(body, "picture", "detail"))
        yield wrong(AlarmKind.PICTURE_UNFIT, limits.picture_unfit_s, detail, state=_text(picture))
    if _at(body, "gate", "suspect") is True:
        yield wrong(AlarmKind.GATE_SKIPS, limits.gate_s, missed=_number(_at(body, "gate", "missed")))
    offset_s = _number(body.get("clock_offset_s"))
    if offset_s is not None and abs(offset_s) > limits.clock_offset_s:
        yield wrong(AlarmKind.CLOCK_OFF, limits.clock_s, seconds=round(offset_s, 1))


def _of_worker(worker: Said, limits: AlarmLimits) -> Iterator[Condition]:
    def wrong(kind: AlarmKind, patience_s: float, detail: str = "", **figures: Any) -> Condition:
        return Condition(kind, f"worker:{worker.id}", patience_s, detail, figures, None, worker.id)

    body = worker.body
    if _at(body, "canary", "state") == "dead":
        # The canary is sent again and again before it counts as dead.
        yield wrong(AlarmKind.CANARY_DEAD, 0.0, _text(_at(body, "canary", "detail")))
    late_s = _number(body.get("late_s"))
    if late_s is not None and late_s > limits.late_s:
        yield wrong(AlarmKind.LOOKS_LATE, limits.late_for_s, seconds=round(late_s, 1))
    waiting = _number(_at(body, "outbox", "waiting"))
    if waiting is not None and waiting >= limits.outbox_waiting:
        detail = _text(_at(body, "outbox", "last_error"))
        yield wrong(AlarmKind.OUTBOX_GROWS, limits.outbox_s, detail, waiting=int(waiting))
    total, free = (_number(_at(body, "disk", name)) for name in ("total_bytes", "free_bytes"))
    if total is not None and free is not None:
        yield from _of_disk(f"worker:{worker.id}", worker.id, (int(total), int(free)), limits)


def _of_disk(subject: str, worker_id: str | None, disk: tuple[int, int], limits: AlarmLimits) -> Iterable[Condition]:
    total, free = disk
    if total <= 0 or free >= limits.disk_free_bytes or free >= limits.disk_free_share * total:
        return []
    figures = {"free_bytes": free, "total_bytes": total}
    return [Condition(AlarmKind.DISK_FULL, subject, 0.0, "", figures, None, worker_id)]


def _at(body: Mapping[str, Any], *path: str) -> Any:
    value: Any = body
    for step in path:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _number(value: Any) -> float | None:
    fits = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if fits else None


def _text(value: Any) -> str:
    return value[:500] if isinstance(value, str) else ""
