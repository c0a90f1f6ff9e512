"""The camera wall: of each camera what somebody needs to see at a glance, from the latest word of its worker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from sqlalchemy import func, select

from api.cameras.schemas import CameraView
from api.db.models import Package
from api.office import Office

# Name, where it stands in a worker's report, and how it is written.
FIGURES: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("fps", ("fps_read",), "number"),
    ("frames_read", ("packets_read",), "whole"),
    ("frames_analysed", ("frames_analysed",), "whole"),
    ("age", ("last_packet_age_s",), "since"),
    ("late", ("late_s",), "duration"),
    ("gate", ("gate", "moving_share"), "percent"),
    ("clock", ("clock_offset_s",), "duration"),
    ("reconnects", ("reconnects",), "whole"),
)
KNOWN_PICTURES = frozenset({"fit", "frozen", "black", "covered", "overexposed", "smeared", "moved", "changed"})
KNOWN_STATES = frozenset({"connecting", "streaming", "reconnecting", "stopped", "failed"})
_GOOD = frozenset({"streaming", "off"})


@dataclass(frozen=True, slots=True)
class Tile:
    """One camera. `state` is a stream's, or `off`, `stale` or `unknown`; `picture` what it is fit for, None unknown.

    `figures` are (name, value or None, how it is written). `file_missing` are the empty fields of the camera's legal
    file; None when the service keeps no such file. `still_url` changes with the picture.
    """

    camera: CameraView
    state: str
    picture: str | None
    problem: str
    figures: tuple[tuple[str, float | None, str], ...]
    file_missing: tuple[str, ...] | None
    still_url: str | None
    worker: str

    @property
    def alarming(self) -> bool:
        """Whether somebody should look after it."""
        return self.state not in _GOOD or self.picture not in {None, "fit"}


def latest_pictures(office: Office) -> dict[str, str]:
    """For each camera with a package, a mark that changes with its newest one."""
    statement = select(Package.camera_id, func.max(Package.received_at)).group_by(Package.camera_id)
    with office.database.reading() as session:
        return {camera_id: str(int(at.timestamp() * 1e6)) for camera_id, at in session.execute(statement)}


def tile_of(camera: CameraView, picture_mark: str | None) -> Tile:
    """One tile; figures that a worker does not tell, or tells in another form, are left open."""
    body: Mapping[str, Any] = camera.health.body if camera.health else {}
    picture = _at(body, ("picture", "state"))
    still = f"/api/v1/cameras/{quote(camera.id)}/still?at={picture_mark}" if picture_mark else None
    return Tile(
        camera=camera,
        state=_state(camera),
        picture=picture if picture in KNOWN_PICTURES and _state(camera) == "streaming" else None,
        problem=_problem(body) if camera.enabled else "",
        figures=tuple((name, _number(_at(body, path)), written) for name, path, written in FIGURES) if body else (),
        file_missing=_missing(camera),
        still_url=still,
        worker=camera.health.worker_id if camera.health else "",
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
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _missing(camera: CameraView) -> tuple[str, ...] | None:
    file = getattr(camera, "file", None)
    return None if file is None else tuple(file.missing())
