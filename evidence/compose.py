"""From an incident and its packets to the files and the manifest of a package; the same material, the same bytes."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from detector.incident import Incident
from evidence.clip import REMUX_TOOL, gaps_of, to_mp4, until
from evidence.context import CameraContext, RecorderContext, UnfitSpan
from evidence.errors import SealError
from evidence.grade import GradeFacts, GradeLimits, grade
from evidence.manifest import ChainPlace, Derived, Manifest, Original, PlateState, package_id_for, plain
from evidence.material import Material, with_later_state
from evidence.moments.finding import NOTHING_FOUND, Finding, examine
from evidence.moments.plan import plan_of
from evidence.moments.shots import Shot, shots_of
from evidence.package import FileFact, fact_of
from evidence.stills import STILL_TOOL, Still, close_up, panorama
from streams.packet import RecordedSpan
from streams.pool import DecoderPool

log = logging.getLogger(__name__)

__all__ = ["Draft", "Material", "compose", "with_later_state"]

CLIP_PATH: Final = "data/originals/clip.mp4"
MAX_GAP_NS: Final = 2_000_000_000
_MAX_POSITIONS: Final = 1000
_NANOSECONDS: Final = 1_000_000_000
_UNKNOWN: Final = "_unknown"


@dataclass(frozen=True, slots=True)
class Draft:
    """A package but for its place in the chain, its sealing time and its signature; `facts` are measured of `files`."""

    files: Mapping[str, bytes]
    fields: Mapping[str, Any]
    facts: Mapping[str, FileFact] | None = None

    def manifest(self, place: ChainPlace, sealed_at_ns: int, key_id: str, part: int | None = None) -> Manifest:
        """The manifest of this draft when it is sealed there and then, as that part of its incident."""
        sealing: dict[str, Any] = {"chain": place, "sealed_at_ns": sealed_at_ns, "key_id": key_id}
        if part is not None:
            sealing |= {"part": part, "package_id": package_id_for(self.fields["incident_id"], part)}
        return Manifest.model_validate({**self.fields, **sealing})


@dataclass(slots=True)
class _Parts:
    """Files and their entries while they are collected."""

    files: dict[str, bytes] = field(default_factory=dict)
    facts: dict[str, FileFact] = field(default_factory=dict)
    originals: list[Original] = field(default_factory=list)
    derived: list[Derived] = field(default_factory=list)

    def add_original(self, path: str, purpose: str, span: RecordedSpan) -> Original:
        data = to_mp4(span)
        start = min(span.packets, key=lambda packet: packet.pts_ns)
        fact = self._keep(path, data)
        entry = Original(
            path=path,
            bytes=fact.size,
            sha256=fact.sha256,
            media_type="video/mp4",
            purpose=purpose,
            codec=span.parameters.codec,
            size_wh=(span.parameters.width, span.parameters.height),
            packets=len(span.packets),
            start_pts_ns=span.start_pts_ns,
            end_pts_ns=span.end_pts_ns,
            start_at_ns=start.captured_at_ns,
            tool=REMUX_TOOL,
        )
        self.originals.append(entry)
        return entry

    def add_still(self, purpose: str, still: Still, parent: Original) -> None:
        path = f"data/stills/{purpose}.jpg"
        fact = self._keep(path, still.data)
        self.derived.append(
            Derived(
                path=path,
                bytes=fact.size,
                sha256=fact.sha256,
                media_type="image/jpeg",
                purpose=purpose,
                parent=parent.path,
                parent_sha256=parent.sha256,
                parent_offset_ns=still.pts_ns - parent.start_pts_ns,
                pts_ns=still.pts_ns,
                at_ns=still.at_ns,
                size_wh=still.size_wh,
                crop_xyxy=still.crop_xyxy,
                tool=STILL_TOOL,
            )
        )

    def _keep(self, path: str, data: bytes) -> FileFact:
        self.files[path], self.facts[path] = data, fact_of(data)
        return self.facts[path]


def compose(material: Material, context: RecorderContext, pool: DecoderPool | None = None) -> Draft:
    """Remux the originals, make the stills, grade the whole. Raises SealError when no original can be made at all.

    `pool`: decoders that are kept from one package to the next.
    """
    incident, parts = material.incident, _Parts()
    clip = material.clip
    if clip is not None:
        parts.add_original(CLIP_PATH, "clip", clip)
    shots = shots_of(material, pool)
    _add_stills(parts, material, shots)
    if not parts.originals:
        raise SealError(f"{incident.camera_id}: incident {incident.incident_id}: none of its packets are left")
    gaps = [] if clip is None else gaps_of(clip, MAX_GAP_NS)
    finding = examine(incident, shots) if material.appendix is None else NOTHING_FOUND
    facts = _grade_facts(material, parts, gaps, context, finding)
    return Draft(parts.files, _fields(material, context, parts, gaps, facts, finding), parts.facts)


def _add_stills(parts: _Parts, material: Material, shots: Sequence[Shot]) -> None:
    """The stills, and before each the packets that it was decoded from, when the clip does not hold them."""
    parents: dict[int, Original] = {id(material.clip): parts.originals[0]} if parts.originals else {}
    for shot in shots:
        if id(shot.span) not in parents:
            path = f"data/originals/{shot.purpose}.mp4"
            parents[id(shot.span)] = parts.add_original(path, "moment", until(shot.span, shot.frame.pts_ns))
        still = panorama(shot.frame) if shot.whole else close_up(shot.frame, shot.box, shot.frame.size_wh)
        if still is not None:
            parts.add_still(shot.purpose, still, parents[id(shot.span)])
    if not shots:
        log.warning("%s: no picture for %s is left", material.camera.camera_id, material.incident.incident_id)


def _grade_facts(
    material: Material, parts: _Parts, gaps: list[tuple[int, int]], context: RecorderContext, finding: Finding
) -> GradeFacts:
    camera, incident = material.camera, material.incident
    times = [entry.pts_ns for entry in parts.derived]
    apart_s, limit_s, limits = _time_gates(material, times, context.grade_limits)
    offset_ns, uncertainty_ns = camera.judged_clock
    return GradeFacts(
        camera_file=camera.file,
        day=_local_day(incident, camera),
        clock_offset_s=None if offset_ns is None else offset_ns / _NANOSECONDS,
        clock_uncertainty_s=uncertainty_ns / _NANOSECONDS,
        zone_in_force=camera.in_force(incident.zone_id, incident.kind),
        zone_warning_only_until=camera.zone_warning_only_until.get(incident.zone_id),
        frame_size_wh=parts.originals[0].size_wh,
        has_clip=material.clip is not None,
        stills=len(parts.derived),
        stills_span_s=apart_s,
        limit_s=limit_s,
        unfit_s=sum(span.to_pts_ns - span.from_pts_ns for span in _unfit(incident, camera)) / _NANOSECONDS,
        plate=context.plates.get(incident.kind, "unchecked"),
        gaps=len(gaps),
        reported=(*incident.reasons, *finding.reasons),
        limits=limits,
    )


def _time_gates(
    material: Material, times: Sequence[int], limits: GradeLimits
) -> tuple[float | None, float, GradeLimits]:
    """How far apart the stills are, and must be: what moves shows its displacement instead, a later part one sight."""
    apart_s = (max(times) - min(times)) / _NANOSECONDS if len(times) > 1 else None
    if material.appendix is not None:
        return 0.0, 0.0, replace(limits, min_span_s=0.0, wanted_stills=1)
    if plan_of(material.incident.kind).moving:
        return apart_s, 0.0, replace(limits, min_span_s=0.0)
    return apart_s, material.incident.limit_seconds, limits


def _local_day(incident: Incident, camera: CameraContext) -> date:
    """The day of the confirmation where the camera stands."""
    at_ns = incident.confirmed_at_ns or incident.started_at_ns
    return datetime.fromtimestamp(at_ns // _NANOSECONDS, ZoneInfo(camera.timezone)).date()


def _unfit(incident: Incident, camera: CameraContext) -> list[UnfitSpan]:
    """The camera's unfit stretches, cut to the time from the incident's start to its confirmation."""
    begun, end = incident.started_pts_ns, incident.confirmed_pts_ns or incident.started_pts_ns
    cut = [UnfitSpan(max(begun, s.from_pts_ns), min(end, s.to_pts_ns), s.state) for s in camera.unfit]
    return [span for span in cut if span.to_pts_ns > span.from_pts_ns]


def _fields(
    material: Material,
    context: RecorderContext,
    parts: _Parts,
    gaps: list[tuple[int, int]],
    facts: GradeFacts,
    finding: Finding,
) -> dict[str, Any]:
    incident, camera = material.incident, material.camera
    level, reasons = grade(facts)
    return {
        "package_id": package_id_for(incident.incident_id),
        "incident_id": incident.incident_id,
        "part": 1,
        "camera": {
            "id": camera.camera_id,
            "device_number": camera.device_number,
            "codec": parts.originals[0].codec,
            "name": camera.name,
            "place": camera.place,
            "direction": camera.direction,
            "timezone": camera.timezone,
            "file": camera.file,
            "privacy_masks": camera.privacy_masks,
        },
        "timestamp_authority": context.timestamp_authority,
        "violation": _violation(incident, context),
        "zone": _zone(incident, camera),
        "times": _times(incident, camera),
        "subject": _subject(incident, facts.plate, finding),
        "made_by": {
            "software": context.software_version,
            "model_name": context.model_name,
            "model_sha256": context.model_sha256,
            "thresholds": dict(context.thresholds),
        },
        "host": plain({"name": context.host, **context.machine}),
        "stream_health": plain(dict(camera.health)),
        "gaps": tuple({"from_pts_ns": before, "to_pts_ns": after} for before, after in gaps),
        "unfit": tuple(
            {"from_pts_ns": span.from_pts_ns, "to_pts_ns": span.to_pts_ns, "state": span.state}
            for span in _unfit(incident, camera)
        ),
        "grade": level,
        "reasons": reasons,
        "files": (*parts.originals, *parts.derived),
    }


def _violation(incident: Incident, context: RecorderContext) -> dict[str, Any]:
    """The codes that the incident itself names, else all of its kind; a flag that says "unknown" is null."""
    known = context.codes.get(incident.kind, ())
    own = tuple(entry for code in incident.codes for entry in known if entry.code == code)
    flags = {flag.removesuffix(_UNKNOWN): None if flag.endswith(_UNKNOWN) else True for flag in incident.flags}
    return {"kind": incident.kind, "codes": own or tuple(known), "flags": flags}


def _zone(incident: Incident, camera: CameraContext) -> dict[str, Any]:
    return {
        "id": incident.zone_id,
        "version": incident.zone_version,
        "class": incident.zone_class,
        "polygon": tuple((float(x), float(y)) for x, y in incident.zone_polygon),
        "limit_seconds": incident.limit_seconds,
        "hours": plain(camera.zone_hours.get(incident.zone_id)),
        "in_force": camera.in_force(incident.zone_id, incident.kind),
        "warning_only_until": camera.zone_warning_only_until.get(incident.zone_id),
    }


def _times(incident: Incident, camera: CameraContext) -> dict[str, Any]:
    return {
        "started": _moment(incident.started_pts_ns, incident.started_at_ns),
        "confirmed": _moment(incident.confirmed_pts_ns, incident.confirmed_at_ns),
        "ended": None if incident.ended_pts_ns is None else _moment(incident.ended_pts_ns, incident.ended_at_ns),
        "clock": {
            "time_source": camera.time_source,
            "offset_ns": camera.clock_offset_ns,
            "method": camera.clock_method,
            "measured_at_ns": camera.clock_measured_at_ns,
            "uncertainty_ns": camera.clock_uncertainty_ns,
            "drift_ppm": camera.clock_drift_ppm,
            "host": camera.host_clock,
        },
    }


def _moment(pts_ns: int | None, at_ns: int | None) -> dict[str, int | None]:
    return {"pts_ns": pts_ns, "at_ns": at_ns}


def _subject(incident: Incident, plate: PlateState, finding: Finding) -> dict[str, Any]:
    positions = incident.positions
    if len(positions) > _MAX_POSITIONS:
        positions = (*positions[: _MAX_POSITIONS - 1], positions[-1])
    return {
        "class_name": incident.class_name,
        "track_id": incident.track_id,
        "score": float(incident.score),
        "box_xyxy": tuple(float(side) for side in incident.box_xyxy),
        "frame_size_wh": incident.frame_size_wh,
        "positions": tuple(
            {"pts_ns": point.pts_ns, "xyxy": tuple(float(side) for side in point.xyxy), "score": float(point.score)}
            for point in positions
        ),
        "plate": {"state": plate, "xyxy": None},
        "likeness": finding.likeness,
    }
