"""A full disk while sealing: one clear error, nothing half-written, and the worker lives on."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.commands import cameras_file, streetwarden
from tests.e2e.office import process, simulated, wait_until

CLIP = Path("videos/cvtrafficcam_parked_street/traffic_000-279.mp4")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 400 KiB: too small for one package."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small file system")
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.shared_data
def test_the_worker_lives_and_seals_once_there_is_room(shared_data: Path, tmp_path: Path, small_disk: Path) -> None:
    with simulated([shared_data / CLIP], tmp_path / "simulator") as urls:
        cameras = cameras_file(tmp_path, url=urls[0], dwell=3)
        data = tmp_path / "data"
        with process("worker", "--cameras", cameras, "--out", small_disk, data_dir=data) as worker:
            log = data / "worker.log"
            wait_until("the full disk is said", lambda: "No space left" in log.read_text() if log.exists() else False)
            assert "Traceback" not in log.read_text()
            assert worker.poll() is None
            assert list((small_disk / "packages").glob("*")) == []
            subprocess.run(["mount", "-o", "remount,size=30m", str(small_disk)], check=True)
            packages = small_disk / "packages"
            wait_until("three packages are sealed", lambda: len(list(packages.glob("*"))) >= 3)
            worker.terminate()
            assert worker.wait(30) == 0
        assert streetwarden("verify", *packages.glob("*"), data_dir=data).returncode == 0


@pytest.mark.shared_data
def test_analyze_on_a_full_disk_is_one_line_and_leaves_nothing(
    shared_data: Path, tmp_path: Path, small_disk: Path
) -> None:
    out = small_disk / "out"
    done = streetwarden(
        "analyze", shared_data / CLIP, "--cameras", cameras_file(tmp_path), "--out", out, data_dir=tmp_path / "data"
    )
    assert done.returncode == 2
    assert "No space left" in done.stderr
    assert "Traceback" not in done.stderr
    assert not out.exists()
