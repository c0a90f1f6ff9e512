"""An office at work: rendered streets as cameras, real packages sealed of them, people, zones and heartbeats."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from api.alarms.limits import AlarmLimits
from api.alarms.watch import AlarmWatch
from api.cameras.schemas import CameraIn
from api.cameras.service import add
from api.db.migrate import migrate
from api.office import open_office
from api.serve import running
from api.settings import ApiSettings
from detector.incident import Incident, IncidentState, TrackPoint
from evidence.chain import next_place
from evidence.compose import Draft, Material, compose
from evidence.context import CameraContext, RecorderContext
from evidence.manifest import package_id_for
from evidence.package import bag_files
from streams.demand import Demand
from streams.files import replay
from streams.ring import PacketRing
from streams.source import CameraSource
from streetwarden.office_derivatives import LocalDeriver
from streetwarden.settings import Settings
from tests.api.conftest import Clock, Service
from tests.api.scene import SEALED_AT_NS, SECOND_NS, SealedBag, Sealer, signer

CLIPS = Path(__file__).resolve().parents[2] / "datasets" / "clips"
STREETS = {"market-street": "集市街 12 号", "school-lane": "学堂巷北口", "harbour-road": "港湾路"}
# A quarter by a harbour: latitude, longitude, district.
PLACES = {
    "market-street": (23.1106, 113.2548, "old-town"),
    "school-lane": (23.1131, 113.2589, "old-town"),
    "harbour-road": (23.1069, 113.2661, "harbour"),
}
LIMIT_S = 12.0
CLIP_S = (-20, 5)


@dataclass(frozen=True, slots=True)
class Street:
    """One rendered clip: its packets, zone and the truth about it."""

    camera_id: str
    ring: PacketRing
    zone: dict[str, Any]
    truth: dict[str, Any]

    def incident(self, incident_id: str, begun_at_ns: int) -> Incident:
        """The clip's parked vehicle, as a worker would tell of it."""
        found = self.truth["incidents"][0]
        started_s, confirmed_s = found["from_s"], found["from_s"] + LIMIT_S
        box = tuple(found["xyxy"])
        seconds = range(int(started_s), int(confirmed_s) + 1)
        fps = self.truth["fps"]
        places = [(second, self._box(found["actor"], int(second * fps)) or box) for second in seconds]
        return Incident(
            incident_id=incident_id,
            camera_id=self.camera_id,
            zone_id=self.zone["id"],
            zone_version=1,
            zone_class=self.zone["class"],
            zone_polygon=tuple((x, y) for x, y in self.zone["polygon"]),
            kind=found["kind"],
            state=IncidentState.CONFIRMED,
            track_id=3,
            class_name=self.truth["actors"][found["actor"]],
            limit_seconds=LIMIT_S,
            started_pts_ns=round(started_s * SECOND_NS),
            started_at_ns=begun_at_ns + round(started_s * SECOND_NS),
            confirmed_pts_ns=round(confirmed_s * SECOND_NS),
            confirmed_at_ns=begun_at_ns + round(confirmed_s * SECOND_NS),
            ended_pts_ns=None,
            ended_at_ns=None,
            box_xyxy=box,
            score=0.91,
            frame_size_wh=tuple(self.truth["size_wh"]),
            positions=tuple(TrackPoint(second * SECOND_NS, tuple(place), 0.9) for second, place in places),
        )

    def _box(self, actor: str, index: int) -> tuple[float, ...] | None:
        return next((tuple(row[1:5]) for row in self.truth["frames"][index] if row[0] == actor), None)

    def draft(self) -> Draft:
        """The package but for its names and times."""
        incident = self.incident("draft", SEALED_AT_NS - 60 * SECOND_NS)
        confirmed_ns = incident.confirmed_pts_ns or 0
        begin, end = (confirmed_ns + seconds * SECOND_NS for seconds in CLIP_S)
        material = Material(
            incident,
            CameraContext(self.camera_id, "44010500001320000001", "host", name=STREETS[self.camera_id]),
            self.ring.span(max(0, begin), end),
            self.ring.span(0, incident.started_pts_ns),
            self.ring.span(0, confirmed_ns),
        )
        return compose(material, RecorderContext("0.1.0", "street", "cd" * 32, "edge-1", {"score": 0.25}))


def read_streets() -> list[Street]:
    """All streets, their packets demuxed and not decoded."""
    cameras = {each["id"]: each for each in yaml.safe_load((CLIPS / "demo.yaml").read_text("utf-8"))["cameras"]}
    return [_read(camera_id, cameras[camera_id]["zones"][0]) for camera_id in STREETS]


def _read(camera_id: str, zone: dict[str, Any]) -> Street:
    ring = PacketRing(camera_id)
    source = CameraSource(camera_id, str(CLIPS / f"{camera_id}.mp4"))
    for _ in replay(source, ring, Demand(1e6, 1e6), started_at_ns=SEALED_AT_NS - 60 * SECOND_NS):
        pass
    return Street(camera_id, ring, zone, json.loads((CLIPS / f"{camera_id}.json").read_text("utf-8")))


def seal(draft: Draft, number: int) -> SealedBag:
    """The draft as the package of incident `number`."""
    name, made = f"{number:032x}", signer()
    fields = {**draft.fields, "incident_id": name, "package_id": package_id_for(name)}
    manifest = Draft(draft.files, fields).manifest(next_place(None), SEALED_AT_NS, made.key_id)
    return SealedBag(manifest.package_id, name, dict(bag_files(manifest, dict(draft.files), made)))


def heartbeat(streets: list[Street]) -> dict[str, Any]:
    """What a worker says of itself and of its cameras; one of them is covered, one cannot be reached."""
    pictures = {"market-street": ("fit", ""), "school-lane": ("covered", "the picture is dark and flat")}
    cameras = [
        {
            "camera_id": street.camera_id,
            "state": "streaming" if street.camera_id in pictures else "failed",
            "fps_read": 12.5 if street.camera_id in pictures else 0.0,
            "packets_read": 48_211,
            "frames_decoded": 4_810,
            "frames_analysed": 3_902,
            "last_packet_age_s": 0.1 if street.camera_id in pictures else 312.0,
            "reconnects": 2,
            "clock_offset_s": 0.24,
            "last_error": None if street.camera_id in pictures else "401 Unauthorized",
            "picture": dict(zip(("state", "detail"), pictures.get(street.camera_id, ("frozen", "")), strict=True)),
            "gate": {"moving_share": 0.31, "looks_skipped": 2_114, "suspect": False},
            "late_s": 0.4,
            "wanted": True,
        }
        for street in streets
    ]
    canary = {"state": "alive", "at_ns": SEALED_AT_NS, "took_s": 3.2, "detail": "", "failures": 0}
    worker = {"worker_id": "edge-1", "software": "streetwarden 0.1.0", "frames_analysed": 11_706}
    return {**worker, "canary": canary, "late_s": 0.4, "packages_sealed": 9, "errors": [], "cameras": cameras}


def _fill(service: Service, cases: int) -> None:
    streets = read_streets()
    office = service.office
    with office.database.writing() as session:
        for street in streets:
            url = f"rtsp://viewer:secret@10.8.0.{len(street.camera_id)}/stream1"
            latitude, longitude, district = PLACES[street.camera_id]
            told = CameraIn(
                id=street.camera_id,
                name=STREETS[street.camera_id],
                url=url,
                latitude=latitude,
                longitude=longitude,
                district=district,
            )
            add(office, session, told)
    ops = service.person("ops", "admin", username="wang")
    for street in streets:
        body = {key: value for key, value in street.zone.items() if key != "id"}
        path = f"/api/v1/cameras/{street.camera_id}/zones/{street.zone['id']}"
        ops.put(path, json={**body, "base_version": 0, "reason": "first"}).raise_for_status()
    worker = service.worker()
    drafts = [street.draft() for street in streets]
    for number in range(cases):
        service.put(worker, seal(drafts[number % len(drafts)], number + 1)).raise_for_status()
    worker.post("/api/v1/worker/heartbeat", json=heartbeat(streets)).raise_for_status()
    AlarmWatch(office).look()


def add_papers(service: Service) -> None:
    """A filed case with a reminder that was served and is over, a hotline's order, and a case that was handed on."""
    worker, reviewer = service.worker(), service.person("reviewer", username="li")
    stall = {"kind": "street_vending", "codes": (), "flags": {}}
    bags = [service.sealer.seal(f"papers-{each}", violation=stall) for each in (1, 2)]
    cases = [service.put(worker, bag).json()["case_id"] for bag in bags]
    for case_id in cases:
        decision = {"action": "confirm", "version": 1}
        reviewer.post(f"/api/v1/cases/{case_id}/decisions", json=decision).raise_for_status()
    told = {
        "case_id": cases[0],
        "subject": "王记烧烤",
        "subject_ref": "91440101MA5",
        "demand": "立即停止占道经营，清理地面。",
    }
    row = reviewer.post("/api/v1/reminders", json={**told, "hours": 0.5}).raise_for_status().json()
    served = {"version": row["version"], "how": "direct", "to": "王某"}
    reviewer.put(f"/api/v1/reminders/{row['id']}/service", json=served).raise_for_status()
    order = {
        "title": "夜市占道",
        "content": "夜市摊位占用人行道，行人无法通行。",
        "address": "集市街 12 号",
        "urgency": "urgent",
    }
    reporter = {"reporter": {"name": "李女士", "phone": "13800000000"}, "due_at": "2026-06-03T18:00:00+08:00"}
    place = "/api/v1/work-orders/received/12345/GZ20260601-0001"
    service.machine("exchange", "12345").put(place, json=order | reporter).raise_for_status()
    sent = {"case_id": cases[1], "target": "12319", "unit": "环卫所", "content": "请清理路面。"}
    reviewer.post("/api/v1/work-orders", json=sent).raise_for_status()
    service.clock.advance(minutes=40)
    # The worker was away meanwhile, and is back.
    worker.post("/api/v1/worker/heartbeat", json=heartbeat(read_streets())).raise_for_status()


@contextmanager
def office(folder: Path, cases: int = 6) -> Iterator[Service]:
    """A running office with `cases` candidates of the rendered streets, in an empty folder."""
    with ExitStack() as stack:
        url = f"sqlite:///{folder / 'streetwarden.sqlite3'}"
        migrate(url)
        at_once = AlarmLimits(camera_down_s=0, picture_unfit_s=0)
        settings = ApiSettings(data_dir=folder / "data", database_url=url, alarm_limits=at_once)
        clock = Clock()
        address = stack.enter_context(running(settings, now=clock, deriver=LocalDeriver(Settings(data_dir=folder))))
        opened = open_office(settings, clock)
        stack.callback(opened.close)
        service = Service(settings, clock, address, Sealer(), folder / "scratch", opened)
        stack.enter_context(service.stack)
        _fill(service, cases)
        yield service
        shutil.rmtree(folder / "scratch", ignore_errors=True)


__all__ = ["Street", "add_papers", "heartbeat", "office", "read_streets", "seal"]
