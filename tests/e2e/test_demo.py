"""The demo: one command, real cameras on loopback, cases within a minute, and a clean end."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import psutil
import pytest

from streetwarden.demo import clip_cameras, demo_file
from tests.e2e.commands import streetwarden
from tests.e2e.office import process, wait_until

SHORT_DWELL_SECONDS = 12


def last_line(output: str) -> dict[str, Any]:
    """The summary that a demo prints last."""
    summary: dict[str, Any] = json.loads(output.strip().splitlines()[-1])
    return summary


def wait_until_up(demo: subprocess.Popen[str]) -> None:
    """Read what a demo prints until it welcomes."""
    output = demo.stdout
    assert output is not None
    wait_until("the demo is up", lambda: "sign in" in output.readline())


def test_the_demo_ends_by_itself_with_cases_and_verified_packages(tmp_path: Path) -> None:
    done = streetwarden("demo", "--seconds", "45", data_dir=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    summary = last_line(done.stdout)
    assert summary["cameras"] == len(clip_cameras(demo_file()))
    assert summary["frames_analysed"] > 0
    assert summary["cases"] >= 1
    assert summary["packages_verified"] == summary["cases"]
    assert summary["errors"] == []


def test_two_demos_run_side_by_side_and_end_with_ctrl_c(tmp_path: Path) -> None:
    with process("demo", data_dir=tmp_path / "one") as first, process("demo", data_dir=tmp_path / "two") as second:
        wait_until_up(first)
        wait_until_up(second)
        children = [child for demo in (first, second) for child in psutil.Process(demo.pid).children(recursive=True)]
        assert len(children) == 6
        for demo in (first, second):
            demo.send_signal(signal.SIGINT)
            demo.send_signal(signal.SIGINT)
        for demo in (first, second):
            assert demo.stdout is not None
            summary = last_line(demo.stdout.read())
            assert summary["errors"] == []
            assert demo.wait(60) == 0
        assert not any(child.is_running() for child in children)


def test_ctrl_c_while_a_demo_still_starts_ends_it_without_a_fuss(tmp_path: Path) -> None:
    with process("demo", data_dir=tmp_path) as demo:
        assert demo.stdout is not None
        demo.stdout.readline()
        demo.send_signal(signal.SIGINT)
        demo.stdout.read()
        assert demo.wait(60) == 130
    assert (tmp_path / "demo.log").read_text() == "streetwarden: interrupted\n"


def test_a_demo_leaves_the_offices_database_alone(tmp_path: Path) -> None:
    office = tmp_path / "office.sqlite3"
    more = {"STREETWARDEN_DATABASE_URL": f"sqlite:///{office}"}
    done = streetwarden("demo", "--seconds", "3", data_dir=tmp_path, more=more)
    assert done.returncode == 0, done.stderr
    assert not office.exists()


def test_a_demo_whose_parent_is_killed_leaves_no_process(tmp_path: Path) -> None:
    with process("demo", data_dir=tmp_path) as demo:
        wait_until_up(demo)
        children = psutil.Process(demo.pid).children(recursive=True)
        demo.kill()
        _, alive = psutil.wait_procs(children, timeout=40)
        assert alive == []


@pytest.mark.parametrize("camera", clip_cameras(demo_file()), ids=lambda camera: camera.id)
def test_the_demos_clips_hold_the_incidents_of_their_truth(camera: Any, tmp_path: Path) -> None:
    truth = json.loads(Path(camera.url).with_suffix(".json").read_text())["incidents"]
    clip, out = Path(camera.url), tmp_path / "out"
    done = streetwarden("analyze", clip, "--cameras", demo_file(), "--out", out, data_dir=tmp_path)
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in (out / "incidents.jsonl").read_text().splitlines()]
    assert len(found) == len(truth)
    for told, true in zip(found, truth, strict=True):
        assert abs(told["started_at_s"] - true["from_s"]) <= 2
        assert told["state"] == "ended"
        assert abs(told["ended_at_s"] - true["to_s"]) <= 2
        assert 0 <= told["confirmed_at_s"] - told["started_at_s"] - SHORT_DWELL_SECONDS <= 3
