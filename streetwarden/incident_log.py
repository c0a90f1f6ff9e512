"""`incidents.jsonl`: a line for each change of a confirmed incident; the last line of an id is its latest state."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from detector.incident import Incident
from evidence.package import SealedPackage

INCIDENTS = "incidents.jsonl"


def _seconds(later_ns: int | None, origin_ns: int) -> float | None:
    return None if later_ns is None else round((later_ns - origin_ns) / 1e9, 3)


@dataclass(frozen=True, slots=True)
class IncidentLine:
    """One incident and, once it is sealed, its package."""

    incident: Incident
    package: SealedPackage | None = None

    def as_dict(self, origin_pts_ns: int = 0) -> dict[str, Any]:
        """The object of the command-line contract; times are seconds since `origin_pts_ns` of the camera's timeline."""
        incident, package = self.incident, self.package
        return {
            "incident_id": incident.incident_id,
            "camera_id": incident.camera_id,
            "zone_id": incident.zone_id,
            "kind": incident.kind,
            "state": incident.state.value,
            "started_at_s": _seconds(incident.started_pts_ns, origin_pts_ns),
            "confirmed_at_s": _seconds(incident.confirmed_pts_ns, origin_pts_ns),
            "ended_at_s": _seconds(incident.ended_pts_ns, origin_pts_ns),
            "box_xyxy": [round(side, 2) for side in incident.box_xyxy],
            "score": round(incident.score, 4),
            "evidence": str(package.path) if package else None,
            "grade": package.grade if package else "lead",
            "reasons": list(package.reasons if package else incident.reasons),
        }


class IncidentLog:
    """Appends lines to a file, each one whole and flushed."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")

    def write(self, line: Mapping[str, Any]) -> None:
        """Append one object."""
        self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
        self._file.flush()

    def __enter__(self) -> IncidentLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
