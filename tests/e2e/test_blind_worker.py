"""A worker whose cameras give nothing says why, without the password, and ends with exit code 2."""

from __future__ import annotations

from pathlib import Path

from streetwarden.demo import free_port
from tests.e2e.commands import cameras_file, small_clip, streetwarden
from tests.e2e.office import process


def watch(url: str, tmp_path: Path, seconds: float = 4) -> str:
    """What a worker with this one camera says at its end; checks the exit code."""
    cameras = cameras_file(tmp_path, url=url)
    out = tmp_path / "out"
    done = streetwarden(
        "worker", "--cameras", cameras, "--out", out, "--seconds", str(seconds), data_dir=tmp_path / "data"
    )
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert (out / "health.json").exists()
    return done.stderr


def test_a_wrong_password_is_said_without_it(tmp_path: Path) -> None:
    clip, port = small_clip(tmp_path / "clip.mp4"), free_port()
    with process("simulate", clip, "--port", str(port), "--user", "viewer:right", data_dir=tmp_path) as simulator:
        assert simulator.stdout is not None
        simulator.stdout.readline()
        said = watch(f"rtsp://viewer:wrong-secret@127.0.0.1:{port}/cam-1", tmp_path)
    assert "the camera refuses this use" in said
    assert "wrong-secret" not in said


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    assert "no camera gave a picture: street: nowhere.mp4" in watch("nowhere.mp4", tmp_path).splitlines()[-1]


def test_a_refused_port_is_said(tmp_path: Path) -> None:
    url = f"rtsp://127.0.0.1:{free_port()}/cam-1"
    assert f"no camera gave a picture: street: {url}" in watch(url, tmp_path).splitlines()[-1]


def test_a_class_that_the_model_does_not_know_is_said(tmp_path: Path) -> None:
    cameras = cameras_file(tmp_path, url=str(small_clip(tmp_path / "clip.mp4")))
    cameras.write_text(cameras.read_text() + "            classes: [boat]\n")
    done = streetwarden("worker", "--cameras", cameras, "--out", tmp_path / "out", data_dir=tmp_path / "data")
    assert done.returncode == 2
    assert "boat" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
