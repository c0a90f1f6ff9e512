"""The product installs and imports without the training libraries, and the wheel carries no tests."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.house.imports import ROOT

PROBE = """
import importlib, json, pkgutil, sys
import streetwarden.cli, streams, detector, evidence, api, models, datasets
import streetwarden.analyze, streetwarden.worker, streetwarden.demo, streetwarden.serve, streetwarden.doctor
print(json.dumps({
    "training": sorted({"torch", "ultralytics", "torchvision", "bpy"} & set(sys.modules)),
    "from": sorted({str(importlib.import_module(n).__file__) for n in ("streams", "api", "datasets", "models")}),
}))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built as a release would be."""
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(out), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return next(out.glob("streetwarden-*.whl"))


def test_the_wheel_carries_neither_tests_nor_benchmarks(wheel: Path) -> None:
    names = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert not names & {"tests", "benchmarks", "docs"}
    assert {"streams", "detector", "evidence", "api", "models", "datasets", "streetwarden"} <= names


def test_the_wheel_carries_pages_weights_and_demo_clips(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for ending in (".html", ".css", ".js", ".onnx", ".mp4", "demo.yaml", "alembic/script.py.mako"):
        wanted = ending.rpartition("/")[2]
        assert any(name.endswith(wanted) for name in names), f"no {wanted} in the wheel"


def test_a_worker_installs_and_starts_without_the_training_libraries(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    lock = ROOT / "requirements" / "lean.lock"
    subprocess.run([*pip, "--require-hashes", "-r", str(lock)], check=True, capture_output=True)
    subprocess.run([*pip, str(wheel)], check=True, capture_output=True)
    command = [str(python), "-c", PROBE]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=tmp_path)
    found = json.loads(done.stdout)
    assert found["training"] == []
    assert all(str(tmp_path) in path for path in found["from"])
    command = [str(python), "-m", "streetwarden", "doctor"]
    doctor = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path)
    assert doctor.returncode == 0, doctor.stdout + doctor.stderr
