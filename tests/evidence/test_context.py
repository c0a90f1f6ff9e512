"""What is known of the camera, its clock and its zone comes into the package, and decides its grade."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from evidence.camera_file import CameraFile
from evidence.clock_reading import ClockSample, combine
from evidence.context import CameraContext, UnfitSpan
from evidence.manifest import HostClock, Manifest, MatterCode, parse
from evidence.verify import verify_package
from streams.ring import PacketRing
from tests.evidence import support
from tests.evidence.recording import CAMERA, CONTEXT, SECOND_NS, incident, recorder

HOST = HostClock(offset_ns=2_000_000, uncertainty_ns=1_000_000, drift_ppm=0.5, method="SNTP ntp", measured_at_ns=9)
READING = combine("rtcp_sr", HOST, ClockSample(40_000_000, 5_000_000, "RTCP sender reports", 8), -3.5)
KNOWN = CameraContext(
    camera_id="kerb-1",
    device_number="44010500001320000001",
    time_source="rtcp_sr",
    clock_offset_ns=READING.offset_ns,
    clock_method=READING.method,
    clock_measured_at_ns=READING.measured_at_ns,
    clock_uncertainty_ns=READING.uncertainty_ns,
    clock_drift_ppm=READING.drift_ppm,
    host_clock=READING.host,
    name="North gate",
    place="人民路 17",
    direction="south to north",
    file=support.CAMERA_FILE,
    privacy_masks=(((0.0, 0.0), (0.1, 0.0), (0.1, 0.1)),),
    zone_hours={"far-kerb": {"from": "07:00"}},
    zone_in_force={"far-kerb": True},
    unfit=(UnfitSpan(2 * SECOND_NS, 3 * SECOND_NS, "black"), UnfitSpan(5 * SECOND_NS, 99 * SECOND_NS, "frozen")),
)


def sealed(tmp_path: Path, ring: PacketRing, camera: CameraContext) -> Manifest:
    made = recorder(tmp_path)
    made.observe([incident()], ring, 6 * SECOND_NS, camera)
    made.flush()
    made.close()
    (package,) = (tmp_path / "packages").iterdir()
    assert verify_package(package, support.registry()).ok
    return parse((package / "manifest.json").read_bytes())


def test_everything_known_stands_in_the_manifest(tmp_path: Path, ring: PacketRing) -> None:
    manifest = sealed(tmp_path, ring, KNOWN)
    camera, clock = manifest.camera, manifest.times.clock
    assert (camera.name, camera.place, camera.direction, camera.timezone) == (
        *("North gate", "人民路 17", "south to north", "Asia/Shanghai"),
    )
    assert camera.file == support.CAMERA_FILE
    assert camera.privacy_masks == KNOWN.privacy_masks
    assert (clock.time_source, clock.offset_ns, clock.uncertainty_ns) == ("rtcp_sr", 42_000_000, 6_000_000)
    assert (clock.drift_ppm, clock.host) == (-3.5, HOST)
    assert manifest.zone.in_force is True
    # Cut to the time from the start (1 s) to the confirmation (6 s).
    assert [(span.from_pts_ns // SECOND_NS, span.to_pts_ns // SECOND_NS, span.state) for span in manifest.unfit] == [
        (2, 3, "black"),
        (5, 6, "frozen"),
    ]


def test_what_is_known_passes_its_gates_and_what_is_not_is_a_reason(tmp_path: Path, ring: PacketRing) -> None:
    of_the_camera = {"camera_file_incomplete", "clock_unknown", "zone_hours_unchecked", "plate_unchecked"}
    assert of_the_camera <= set(sealed(tmp_path / "plain", ring, CAMERA).reasons)
    known = set(sealed(tmp_path / "known", ring, KNOWN).reasons)
    assert of_the_camera & known == {"plate_unchecked"}
    expired = support.CAMERA_FILE.model_copy(update={"maintenance_valid_until": date(2026, 5, 28)})
    assert "camera_file_not_valid" in sealed(tmp_path / "expired", ring, replace(KNOWN, file=expired)).reasons


def test_the_day_of_a_camera_file_is_that_of_the_camera_s_time_zone(tmp_path: Path, ring: PacketRing) -> None:
    """The confirmation is at 20:25 UTC: the day after has begun in Shanghai, not in Greenwich."""
    last = support.CAMERA_FILE.model_copy(update={"maintenance_valid_until": date(2026, 5, 28)})
    there = replace(KNOWN, file=last, timezone="Europe/London")
    assert "camera_file_not_valid" not in sealed(tmp_path / "london", ring, there).reasons


@pytest.mark.parametrize(
    "read", [yaml.safe_load, lambda text: json.loads(json.dumps(yaml.safe_load(text), default=str))]
)
def test_a_camera_file_reads_from_yaml_and_json(read: Any) -> None:
    text = "legal_review_no: L-1\nlegal_review_date: 2026-01-05\nwarning_only_until: 2026-03-01\n"
    file = CameraFile.model_validate(read(text))
    assert (file.legal_review_date, file.warning_only_until) == (date(2026, 1, 5), date(2026, 3, 1))
    assert set(file.missing()) >= {"technical_review_no", "published_where", "sign_photo_ref"}
    with pytest.raises(ValidationError, match="extra_forbidden"):
        CameraFile.model_validate(read(text + "legal_reveiw: x\n"))
    with pytest.raises(ValidationError):
        CameraFile.model_validate(read(text + "published_date: soon\n"))


def test_codes_keep_their_source_and_day() -> None:
    code = MatterCode(code="09009", standard_ref="GB/T 47678.5-2026", effective_from=date(2026, 7, 1))
    assert code.model_dump(mode="json")["effective_from"] == "2026-07-01"
    assert CONTEXT.plates["exposed_garbage"] == "not_needed"
