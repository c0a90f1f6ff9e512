"""What makes a record evidence, from a live camera to the office: the camera's file, two clocks, a time stamp."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from api.bootstrap import create_token
from api.serve import running
from evidence.client import CaseClient
from evidence.manifest import Manifest, parse
from streams.clock import SystemClock
from streetwarden.api_worker import handing_over
from streetwarden.demo import demo_file
from streetwarden.sealing import open_sealing
from streetwarden.serve import api_settings
from streetwarden.settings import Settings
from tests.e2e.commands import streetwarden
from tests.e2e.office import process, wait_until
from tests.evidence.authority import Authority, stamping
from tests.evidence.support import CAMERA_FILE
from tests.evidence.test_host_clock import TimeServer, serving

ROOT = Path(__file__).resolve().parents[2]
STREET = "harbour-road"
SECONDS = 45
EVIDENCE = """\
clock:
  servers: ["{time_server}"]
timestamps:
  name: Test authority
  url: {url}
  certificate: {certificate}
plates:
  illegal_parking: not_needed
"""


def camera(camera_id: str, url: str, **file: str) -> dict[str, Any]:
    """The demo's street, with a camera file that is complete and valid today, and what is to be otherwise."""
    street = next(each for each in yaml.safe_load(demo_file().read_text())["cameras"] if each["id"] == STREET)
    today = datetime.now(UTC).date()
    valid = {"maintenance_valid_until": today + timedelta(days=30), "verification_valid_until": today + timedelta(30)}
    dumped = CAMERA_FILE.model_copy(update=valid).model_dump(mode="json", exclude_none=True)
    days = dict.fromkeys(("legal_review_date", "technical_review_date", "published_date"), "2026-01-05")
    return {**street, "id": camera_id, "url": url, "place": "Harbour Road", "file": {**dumped, **days, **file}}


@dataclass(frozen=True)
class Run:
    """What one run of the worker left."""

    data: Path
    out: Path
    packages: dict[str, tuple[Path, Manifest]]

    @property
    def registry(self) -> Path:
        return self.out / "keys.json"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """One worker, three cameras: in order, with a clock that is 2 s ahead, and with an expired file."""
    data = tmp_path_factory.mktemp("evidence")
    authority = Authority(data / "tsa")
    clip = demo_file().parent / f"{STREET}.mp4"
    clock = SystemClock()
    fault = ("--fault", "clock=+2s@cam-2")
    with (
        serving(TimeServer(clock.wall_ns)) as time_server,
        stamping(authority) as url,
        process("simulate", clip, "--cameras", "3", *fault, "--port", "0", "--json", data_dir=data) as simulator,
    ):
        evidence = EVIDENCE.format(time_server=time_server, url=url, certificate=data / "tsa" / "root.crt")
        (data / "evidence.yaml").write_text(evidence)
        assert simulator.stdout is not None
        urls = json.loads(simulator.stdout.readline())["urls"]
        cameras = [
            camera("good", urls[0]),
            camera("ahead", urls[1]),
            camera("expired", urls[2], verification_valid_until="2026-01-06"),
        ]
        file = data / "cameras.yaml"
        file.write_text(yaml.safe_dump({"cameras": cameras}))
        options = ("--cameras", file, "--out", data / "out", "--seconds", str(SECONDS))
        done = streetwarden("worker", *options, data_dir=data, timeout_seconds=SECONDS + 60)
        assert done.returncode == 0, done.stderr
        packages = {}
        for folder in sorted((data / "out" / "packages").iterdir()):
            manifest = parse((folder / "manifest.json").read_bytes())
            packages[manifest.camera.id] = folder, manifest
        yield Run(data, data / "out", packages)


def test_with_file_clock_and_stamp_in_order_it_is_evidence(run: Run) -> None:
    _, manifest = run.packages["good"]
    assert (manifest.grade, manifest.reasons) == ("evidence", ())
    told = manifest.times.clock
    assert told.time_source == "rtcp_sr"
    assert told.host is not None
    assert told.host.method.startswith("SNTP 127.0.0.1")
    assert manifest.zone.in_force is True
    assert manifest.camera.place == "Harbour Road"
    assert manifest.timestamp_authority == "Test authority"


@pytest.mark.parametrize(("camera_id", "reason"), [("ahead", "clock_off"), ("expired", "camera_file_not_valid")])
def test_what_is_not_in_order_stays_a_lead_with_its_reason_alone(run: Run, camera_id: str, reason: str) -> None:
    _, manifest = run.packages[camera_id]
    assert (manifest.grade, manifest.reasons) == ("lead", (reason,))


def test_all_verify_with_our_code_and_without_it(run: Run) -> None:
    folders = [folder for folder, _ in run.packages.values()]
    done = streetwarden("verify", *folders, "--keys", run.registry, "--json", data_dir=run.data)
    assert done.returncode == 0, done.stdout
    stamps = [json.loads(line)["timestamp"]["state"] for line in done.stdout.splitlines()]
    assert stamps == ["trusted"] * 3
    for folder in folders:
        command = ["sh", str(ROOT / "deploy" / "check-package.sh"), str(folder), str(run.registry)]
        checked = subprocess.run(command, capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stderr


def test_they_arrive_at_the_office_with_their_stamps(run: Run) -> None:
    settings = Settings(data_dir=run.data)
    sealing, office = open_sealing(settings, SystemClock()), api_settings(settings)
    token = create_token(office, "worker")
    with (
        running(office) as url,
        CaseClient(url, token) as client,
        handing_over(sealing, run.out, client, SystemClock()) as (outbox, _),
    ):
        wait_until("all are handed over", lambda: outbox.status.waiting == 0, 60)
        assert outbox.status.rejected == 0, outbox.status.last_error
        published = httpx.get(f"{url}/api/v1/keys", headers={"Authorization": f"Bearer {token}"}).json()
    assert [each["name"] for each in published["timestamp_authorities"]] == ["Test authority"]
    for folder, manifest in run.packages.values():
        arrived = office.data_dir / "packages" / manifest.package_id[:2] / manifest.package_id
        assert (arrived / "timestamp.json").read_bytes() == (folder / "timestamp.json").read_bytes()
