"""The camera wall: of each camera what somebody needs to see at a glance, from the latest word of its worker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from sqlalchemy import func, select

from api.cameras.schemas import CameraView
from api.db.models import Alarm, Package, WorkerHeartbeat
from api.live.stills import still_times
from api.office import Office

# Name, where it stands in a worker's report, and how it is written.
FIGURES: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("fps", ("fps_read",), "number"),
    ("frames_read", ("packets_read",), "whole"),
    ("frames_analysed", ("frames_analysed",), "whole"),
    ("age", ("last_packet_age_s",), "since"),
    ("late", ("late_s",), "duration"),
    ("gate", ("gate", "moving_share"), "percent"),
    ("gate_saved", ("gate", "looks_skipped"), "whole"),
    ("clock", ("clock_offset_s",), "duration"),
    ("reconnects", ("reconnects",), "whole"),
)
KNOWN_PICTURES = frozenset({"fit", "frozen", "black", "covered", "overexposed", "smeared", "moved", "changed"})
KNOWN_STATES = frozenset({"connecting", "streaming", "reconnecting", "stopped", "failed"})
KNOWN_CANARIES = frozenset({"waiting", "alive", "dead", "not_applicable"})
_GOOD = frozenset({"streaming", "off"})


@dataclass(frozen=True, slots=True)
class Shot:
    """The newest picture of a camera: where it is to be had, and when it came."""

    url: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What tiles show besides the cameras themselves: pictures by camera, canaries by worker, open alarms by camera."""

    shots: Mapping[str, Shot] = field(default_factory=dict)
    canaries: Mapping[str, str] = field(default_factory=dict)
    alarms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tile:
    """One camera. `state` is a stream's, or `off`, `stale` or `unknown`; `picture` what it is fit for, None unknown.

    `figures` are (name, value or None, how it is written). `file_missing` are the empty fields of the camera's legal
    file; None when the service keeps no such file; `file_not_valid` those that do not hold today. `shot.url` changes
    with the picture. `canary` is that of its worker; `alarms` are the kinds that are open.
    """

    camera: CameraView
    state: str
    picture: str | None
    problem: str
    figures: tuple[tuple[str, float | None, str], ...]
    file_missing: tuple[str, ...] | None
    file_not_valid: tuple[str, ...]
    shot: Shot | None
    worker: str
    canary: str | None
    alarms: tuple[str, ...]

    @property
    def alarming(self) -> bool:
        """Whether somebody should look after it."""
        return self.state not in _GOOD or self.picture not in {None, "fit"}


def latest_pictures(office: Office) -> dict[str, Shot]:
    """The newest picture of each camera that has one: its worker's last one, or one of a package."""
    statement = select(Package.camera_id, func.max(Package.received_at)).group_by(Package.camera_id)
    with office.database.reading() as session:
        shots = {camera_id: _shot(camera_id, "still", at) for camera_id, at in session.execute(statement)}
    brought = still_times(office.settings.data_dir)
    # What a worker brings is newer but for the moments after it was lost.
    return shots | {camera_id: _shot(camera_id, "last", at) for camera_id, at in brought.items()}


def _shot(camera_id: str, what: str, at: datetime) -> Shot:
    return Shot(f"/api/v1/cameras/{quote(camera_id)}/{what}?at={int(at.timestamp() * 1e6)}", at)


def surroundings(office: Office) -> Surroundings:
    """Everything that is shown beside the cameras."""
    with office.database.reading() as session:
        beats = session.execute(select(WorkerHeartbeat.worker_id, WorkerHeartbeat.body)).all()
        opened = select(Alarm.camera_id, Alarm.kind).where(Alarm.open_key.is_not(None), Alarm.camera_id.is_not(None))
        alarms: dict[str, list[str]] = {}
        for camera_id, kind in session.execute(opened.order_by(Alarm.id)):
            alarms.setdefault(str(camera_id), []).append(kind)
    canaries = {worker_id: str(_at(body, ("canary", "state"))) for worker_id, body in beats}
    told = {camera_id: tuple(kinds) for camera_id, kinds in alarms.items()}
    return Surroundings(latest_pictures(office), canaries, told)


def tile_of(camera: CameraView, around: Surroundings) -> Tile:
    """One tile; figures that a worker does not tell, or tells in another form, are left open."""
    body: Mapping[str, Any] = camera.health.body if camera.health else {}
    picture = _at(body, ("picture", "state"))
    worker = camera.health.worker_id if camera.health else ""
    canary = around.canaries.get(worker)
    return Tile(
        camera=camera,
        state=_state(camera),
        picture=picture if picture in KNOWN_PICTURES and _state(camera) == "streaming" else None,
        problem=_problem(body) if camera.enabled else "",
        figures=tuple((name, _number(_at(body, path)), written) for name, path, written in FIGURES) if body else (),
        file_missing=_missing(camera),
        file_not_valid=tuple(camera.file_state.not_valid),
        shot=around.shots.get(camera.id),
        worker=worker,
        canary=canary if canary in KNOWN_CANARIES else None,
        alarms=around.alarms.get(camera.id, ()),
    )


def count_states(tiles: Sequence[Tile]) -> dict[str, int]:
    """How many cameras are in each state, the commonest first."""
    return dict(Counter(tile.state for tile in tiles).most_common())


def _state(camera: CameraView) -> str:
    if not camera.enabled:
        return "off"
    if camera.health is None:
        return "unknown"
    if camera.health.stale:
        return "stale"
    return camera.health.state if camera.health.state in KNOWN_STATES else "unknown"


def _problem(body: Mapping[str, Any]) -> str:
    words = (_at(body, ("picture", "detail")), body.get("last_error") if body.get("state") != "streaming" else None)
    return " · ".join(word for word in words if isinstance(word, str) and word)


def _at(body: Mapping[str, Any], path: Sequence[str]) -> Any:
    value: Any = body
    for step in path:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _number(value: Any) -> float | None:
    """Tenths are enough on a wall, and nothing is minus zero."""
    fits = isinstance(value, int | float) and not isinstance(value, bool)
    return round(float(value), 2 if 0 <= value < 1 else 1) + 0.0 if fits else None


def _missing(camera: CameraView) -> tuple[str, ...] | None:
    file = getattr(camera, "file", None)
    return None if file is None else tuple(file.missing())
