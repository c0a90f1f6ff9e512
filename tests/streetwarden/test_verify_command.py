"""`streetwarden verify`: exit 0 only when all hold, and the file that fails is named."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from evidence.transport import pack_bag
from streetwarden.cli import main
from tests.e2e.commands import FAR_KERB, cameras_file, streetwarden

CLIP = Path("videos/cvtrafficcam_parked_street/traffic_000-279.mp4")


@pytest.fixture(scope="module")
def found(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output folder of an analysis, with packages."""
    folder = tmp_path_factory.mktemp("found")
    cameras = cameras_file(folder, polygon=FAR_KERB, dwell=4)
    out = folder / "out"
    done = streetwarden("analyze", shared_data / CLIP, "--cameras", cameras, "--out", out, data_dir=folder / "data")
    assert done.returncode == 0, done.stderr
    return out


def verify(*arguments: str | Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = main(["verify", *map(str, arguments)])
    return code, capsys.readouterr().out


def test_honest_packages_hold(found: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = verify(*(found / "packages").iterdir(), "--keys", found / "keys.json", capsys=capsys)
    assert code == 0
    assert said.count("holds") == 3


def test_an_altered_still_is_named(found: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    package = tmp_path / "package"
    shutil.copytree(next((found / "packages").iterdir()), package)
    still = package / "data" / "stills" / "close_up.jpg"
    still.write_bytes(still.read_bytes()[:-1] + b"!")
    code, said = verify(package, "--keys", found / "keys.json", capsys=capsys)
    assert code == 1
    assert "close_up.jpg" in said
    assert "altered" in said


def test_json_tells_integrity_and_authenticity_apart(
    found: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nobody = tmp_path / "nobody.json"
    registry: dict[str, Any] = json.loads((found / "keys.json").read_text())
    nobody.write_text(json.dumps({**registry, "keys": []}))
    package = next((found / "packages").iterdir())
    code, said = verify(package, "--keys", nobody, "--json", capsys=capsys)
    report = json.loads(said)
    assert code == 1
    assert (report["integrity_ok"], report["authentic"]) == (True, False)


def test_a_downloaded_zip_is_checked_as_it_is(found: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive = tmp_path / "package.zip"
    archive.write_bytes(b"".join(pack_bag(next((found / "packages").iterdir()))))
    code, said = verify(archive, "--keys", found / "keys.json", capsys=capsys)
    assert code == 0
    assert said.startswith(f"holds  {archive}")


def test_a_file_that_is_no_package_fails_by_name(
    found: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notes = tmp_path / "notes.zip"
    notes.write_text("no archive at all")
    code, said = verify(notes, *(found / "packages").iterdir(), "--keys", found / "keys.json", capsys=capsys)
    assert code == 1
    assert f"FAILS  {notes}" in said
    assert said.count("holds") == 3


def test_a_missing_registry_is_one_line(found: Path, tmp_path: Path) -> None:
    package = next((found / "packages").iterdir())
    done = streetwarden("verify", package, "--keys", tmp_path / "nowhere.json", data_dir=tmp_path)
    assert done.returncode == 2
    assert "nowhere.json" in done.stderr
    assert "Traceback" not in done.stderr
