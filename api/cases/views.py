"""Cases as the API and the pages show them."""

from __future__ import annotations

from typing import Any

from api.access import Principal
from api.cases.deciding import offers
from api.cases.lifecycle_guards import decide_by
from api.cases.locks import holder
from api.cases.schemas import CaseDetail, CaseSummary, TrackBox, TransitionView, ZoneView
from api.cases.service import CaseFile, QueueRow
from api.db.models import Case
from api.office import Office
from api.packages.service import url_of
from api.packages.service import view as package_view

NS = 1e9
TRACK_POINTS = 200
_COLUMNS = tuple(name for name in CaseSummary.model_fields if name in Case.__table__.columns)


def summary(row: QueueRow) -> CaseSummary:
    """One line of the queue."""
    return CaseSummary.model_validate(_summary_fields(row.case, row.camera_name))


def _summary_fields(case: Case, camera_name: str) -> dict[str, Any]:
    return {name: getattr(case, name) for name in _COLUMNS} | {
        "camera_name": camera_name,
        "still_url": still_url(case),
        "due_at": case.next_due_at,
    }


def still_url(case: Case) -> str | None:
    """The picture that shows the violation best."""
    if case.still_package_id is None or case.still_path is None:
        return None
    return url_of(case.still_package_id, case.still_path)


def detail(office: Office, who: Principal, file: CaseFile) -> CaseDetail:
    """Everything about one case, and what this person may do with it."""
    case, incident = file.case, file.incident
    first = file.packages[0] if file.packages else None
    manifest: dict[str, Any] = first.manifest if first else {}
    ends = (incident.ended_at or incident.confirmed_at) if incident else None
    starts = incident.started_at if incident else None
    offer, now = offers(office, who, file), office.now()
    return CaseDetail.model_validate(
        _summary_fields(case, file.camera_name)
        | _subject_fields(manifest)
        | {
            "confirmed_at": incident.confirmed_at if incident else None,
            "ended_at": incident.ended_at if incident else None,
            "dwell_seconds": (ends - starts).total_seconds() if ends and starts else None,
            "grade_reasons": case.grade_reasons,
            "packages": [package_view(package) for package in file.packages],
            "transitions": [TransitionView.model_validate(step) for step in file.transitions],
            "actions": offer.actions,
            "blocked": offer.blocked,
            "locked_by": holder(case, now),
            "penalty_due_at": case.penalty_due_at,
            "decide_by": decide_by(case.filed_at) if case.filed_at and case.penalty_state != "none" else None,
            "held_reason": case.held_reason,
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
