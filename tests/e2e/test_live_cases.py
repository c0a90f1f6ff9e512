"""Live cameras, from RTSP to cases; also while the API or the disk is away."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from evidence.keys import load_registry
from evidence.verify import verify_packages
from tests.e2e.commands import FAR_KERB, KERB_CAMERAS, small_clip, streetwarden
from tests.e2e.gstreamer import gstreamer_camera
from tests.e2e.office import RunningOffice, running_office, simulated, wait_until

CLIP = Path("videos/cvtrafficcam_parked_street/traffic_000-279.mp4")


def camera_yaml(urls: dict[str, str], dwell: float) -> str:
    """A cameras file with the far kerb of the parked street for each address."""
    cameras = []
    for camera_id, url in urls.items():
        text = KERB_CAMERAS.format(url=url, zone="kerb", polygon=FAR_KERB, dwell=dwell)
        cameras.append({**yaml.safe_load(text)["cameras"][0], "id": camera_id})
    return yaml.safe_dump({"cameras": cameras})


def assert_every_package_is_one_case(office: RunningOffice) -> None:
    cases = office.cases()
    assert len({case["incident_id"] for case in cases}) == len(cases) == len(office.sealed())
    registry = load_registry(office.folder / "keys" / "registry.json")
    report = verify_packages(office.sealed(), registry, whole=True)
    assert report.ok, report


@pytest.mark.shared_data
def test_the_same_street_from_two_servers_gives_the_same_three_cases_each(shared_data: Path, tmp_path: Path) -> None:
    clip = shared_data / CLIP
    with simulated([clip], tmp_path) as urls, gstreamer_camera(clip) as other, running_office(tmp_path) as office:
        office.configure(camera_yaml({"ours": urls[0], "theirs": other}, dwell=15))
        office.start_api()
        office.start_worker()
        wait_until("six cases", lambda: len(office.cases()) >= 6, 90)
        by_camera = [case["camera_id"] for case in office.cases()]
        assert sorted(by_camera) == ["ours"] * 3 + ["theirs"] * 3
        assert_every_package_is_one_case(office)


@pytest.mark.shared_data
def test_cases_arrive_after_the_api_was_away(shared_data: Path, tmp_path: Path) -> None:
    with simulated([shared_data / CLIP], tmp_path) as urls, running_office(tmp_path) as office:
        office.configure(camera_yaml({"street": urls[0]}, dwell=4))
        office.start_api()
        office.start_worker()
        wait_until("the worker has its cameras", (tmp_path / "worker" / "config.json").exists)
        office.kill(office.api)
        wait_until("three packages are sealed", lambda: len(office.sealed()) >= 3)
        office.start_api()
        wait_until("three cases", lambda: len(office.cases()) >= 3)
        assert_every_package_is_one_case(office)


@pytest.mark.shared_data
def test_a_worker_that_starts_without_the_api_goes_on_with_its_last_cameras(shared_data: Path, tmp_path: Path) -> None:
    with simulated([shared_data / CLIP], tmp_path) as urls, running_office(tmp_path) as office:
        office.configure(camera_yaml({"street": urls[0]}, dwell=4))
        office.start_api()
        office.start_worker()
        wait_until("the worker has its cameras", (tmp_path / "worker" / "config.json").exists)
        office.kill(office.worker)
        office.kill(office.api)
        office.start_worker()
        wait_until("three packages are sealed", lambda: len(office.sealed()) >= 3)
        office.start_api()
        wait_until("three cases", lambda: len(office.cases()) >= 3)


def test_a_wrong_token_is_said_and_the_worker_goes_on(tmp_path: Path) -> None:
    with running_office(tmp_path) as office:
        office.token = "no token of ours"
        office.start_api()
        office.start_worker()
        log = tmp_path / "worker.log"
        wait_until("the refusal is in the log", lambda: "401" in log.read_text() if log.exists() else False)
        assert office.worker is not None
        assert office.worker.poll() is None


def test_a_second_worker_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    with running_office(tmp_path) as office:
        office.start_api()
        office.start_worker()
        wait_until("the worker has its folder", (tmp_path / "worker" / "chain").exists)
        more = {"STREETWARDEN_TOKEN": office.token}
        done = streetwarden("worker", "--api", office.url, data_dir=tmp_path, more=more)
        assert done.returncode == 2, done.stderr
        assert "Traceback" not in done.stderr


def test_one_camera_that_cannot_be_watched_does_not_blind_the_others(tmp_path: Path) -> None:
    with simulated([small_clip(tmp_path / "clip.mp4")], tmp_path) as urls, running_office(tmp_path) as office:
        cameras = yaml.safe_load(camera_yaml({"odd": urls[0], "plain": urls[0]}, dwell=5))
        cameras["cameras"][0]["zones"][0]["rules"][0]["classes"] = ["boat"]
        office.configure(yaml.safe_dump(cameras))
        office.start_api()
        office.start_worker()
        log = tmp_path / "worker.log"
        wait_until("the other camera streams", lambda: "plain: streaming" in log.read_text() if log.exists() else False)
        assert "camera odd is not watched" in log.read_text()
        assert office.worker is not None
        assert office.worker.poll() is None
