"""Cases as the API and the pages show them."""

from __future__ import annotations

from typing import Any

from api.access import Principal
from api.cases.schemas import CaseDetail, CaseSummary, TrackBox, TransitionView, ZoneView
from api.cases.service import CaseFile, QueueRow, allowed_actions
from api.db.models import Case, Package
from api.kinds import KINDS
from api.office import Office
from api.packages.service import url_of
from api.packages.service import view as package_view

NS = 1e9
TRACK_POINTS = 200
_STILLS = ("panorama_confirmed", "panorama_first", "close_up")


def summary(row: QueueRow) -> CaseSummary:
    """One line of the queue."""
    return CaseSummary.model_validate(_summary_fields(row.case, row.camera_name, row.package))


def _summary_fields(case: Case, camera_name: str, package: Package | None) -> dict[str, Any]:
    columns = {column.name: getattr(case, column.name) for column in Case.__table__.columns}
    still = still_url(package) if package else None
    return {name: columns[name] for name in CaseSummary.model_fields if name in columns} | {
        "camera_name": camera_name,
        "still_url": still,
    }


def still_url(package: Package) -> str | None:
    """The picture that shows the violation best."""
    by_purpose = {entry.get("purpose"): entry["path"] for entry in package.manifest["files"]}
    path = next((by_purpose[purpose] for purpose in _STILLS if purpose in by_purpose), None)
    return url_of(package.package_id, path) if path else None


def detail(office: Office, who: Principal, file: CaseFile) -> CaseDetail:
    """Everything about one case, and what this person may do with it."""
    case, incident = file.case, file.incident
    first = file.packages[0] if file.packages else None
    manifest: dict[str, Any] = first.manifest if first else {}
    ends = (incident.ended_at or incident.confirmed_at) if incident else None
    starts = incident.started_at if incident else None
    return CaseDetail.model_validate(
        _summary_fields(case, file.camera_name, first)
        | _subject_fields(manifest)
        | {
            "code": KINDS[case.kind].code if case.kind in KINDS else None,
            "confirmed_at": incident.confirmed_at if incident else None,
            "ended_at": incident.ended_at if incident else None,
            "dwell_seconds": (ends - starts).total_seconds() if ends and starts else None,
            "grade_reasons": case.grade_reasons,
            "packages": [package_view(package) for package in file.packages],
            "transitions": [TransitionView.model_validate(step) for step in file.transitions],
            "actions": allowed_actions(office, who, file),
        }
    )


def _subject_fields(manifest: dict[str, Any]) -> dict[str, Any]:
    subject, zone = manifest.get("subject", {}), manifest.get("zone")
    return {
        "score": subject.get("score"),
        "class_name": subject.get("class_name"),
        "box_xyxy": subject.get("box_xyxy"),
        "frame_size_wh": subject.get("frame_size_wh"),
        "track": _track(manifest) if manifest else [],
        "limit_seconds": zone["limit_seconds"] if zone else None,
        "zone": _zone(zone) if zone else None,
    }


def _zone(zone: dict[str, Any]) -> ZoneView:
    return ZoneView(id=zone["id"], version=zone["version"], zone_class=zone["class"], polygon=zone["polygon"])


def _track(manifest: dict[str, Any]) -> list[TrackBox]:
    positions = manifest["subject"]["positions"]
    start = int(manifest["times"]["started"]["pts_ns"])
    thinned = positions[:: max(1, len(positions) // TRACK_POINTS)]
    return [TrackBox(seconds=(int(each["pts_ns"]) - start) / NS, xyxy=each["xyxy"]) for each in thinned]
