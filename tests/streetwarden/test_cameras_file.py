"""A cameras file is taken whole, or refused with file, line, key and reason."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from streetwarden.cameras_file import load_cameras
from streetwarden.errors import UsageError

GOOD = """\
cameras:
  - id: north
    url: rtsp://camera/1
    zones:
      - id: kerb
        class: prohibited
        polygon: [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9]]
        rules:
          - kind: illegal_parking
            dwell_seconds: 15
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "cameras.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_good_file_becomes_typed_cameras(tmp_path: Path) -> None:
    (camera,) = load_cameras(write(tmp_path, GOOD))
    assert camera.id == "north"
    (rule,) = camera.zones[0].rules
    assert rule.kind == "illegal_parking"
    assert rule.model_dump()["dwell_seconds"] == 15


@pytest.mark.parametrize(
    ("wrong", "right", "line", "words"),
    [
        ("dwell_secnds: 15", "dwell_seconds: 15", 10, "dwell_secnds: unknown key"),
        ("kind: parking", "kind: illegal_parking", 9, "illegal_parking"),
        ("[0.1, 0.1], [0.9, 0.1], [1.9, 0.9]", "[0.1, 0.1], [0.9, 0.1], [0.9, 0.9]", 7, "polygon"),
        ("[0.1, 0.1], [0.9, 0.9], [0.9, 0.1], [0.1, 0.9]", "[0.1, 0.1], [0.9, 0.1], [0.9, 0.9]", 7, "cross"),
        ("class: nowhere", "class: prohibited", 6, "class"),
        ("dwell_seconds: -3", "dwell_seconds: 15", 10, "dwell_seconds"),
        ("dwell_seconds: .nan", "dwell_seconds: 15", 10, "dwell_seconds"),
        ("ur: rtsp://camera/1", "url: rtsp://camera/1", 3, "ur: unknown key"),
        ("id: [a]", "id: north", 2, "id"),
    ],
)
def test_a_wrong_value_is_named_with_its_line(tmp_path: Path, wrong: str, right: str, line: int, words: str) -> None:
    path = write(tmp_path, GOOD.replace(right, wrong))
    with pytest.raises(UsageError) as refused:
        load_cameras(path)
    message = str(refused.value)
    assert message.startswith(f"{path}:{line}: "), message
    assert words in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("cameras: []\n", "at least one camera"),
        ("cameras:\n", "cameras"),
        ("- 1\n", "cameras"),
        ("just a word\n", "cameras"),
        ("cameras: [\n", "not valid YAML"),
        ("cameras:\n  - {id: a, id: b, url: x}\n", "stands twice"),
        ("cameras:\n  - {id: a, url: x}\n  - {id: a, url: y}\n", "'a' stands twice"),
        ("cameras: !!python/object/apply:os.system ['true']\n", "YAML"),
    ],
)
def test_a_broken_file_is_one_line(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UsageError) as refused:
        load_cameras(write(tmp_path, text))
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_duplicate_camera_ids_name_the_line_of_the_second(tmp_path: Path) -> None:
    path = write(tmp_path, "cameras:\n  - id: a\n    url: x\n  - id: a\n    url: y\n")
    with pytest.raises(UsageError, match=f"{path}:4: "):
        load_cameras(path)


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read the cameras file"):
        load_cameras(tmp_path / "nowhere.yaml")


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "cameras.yaml"
    path.write_bytes(b"\xff\xfe\x00binary")
    with pytest.raises(UsageError):
        load_cameras(path)


def test_a_schedule_that_names_no_time_zone_has_the_cameras(tmp_path: Path) -> None:
    text = GOOD.replace("    url:", "    timezone: Europe/London\n    url:")
    text += """            schedule: {windows: [{hours: "08:00-18:00"}]}\n"""
    (camera,) = load_cameras(write(tmp_path, text))
    assert camera.local_zones[0].rules[0].schedule.timezone == "Europe/London"
    own = text.replace("schedule: {", "schedule: {timezone: Asia/Tokyo, ")
    (camera,) = load_cameras(write(tmp_path, own))
    assert camera.local_zones[0].rules[0].schedule.timezone == "Asia/Tokyo"


def test_an_unknown_time_zone_is_named_with_its_line(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD.replace("    url:", "    timezone: Nowhere/City\n    url:"))
    with pytest.raises(UsageError, match=f"{path}:3: cameras\\[0\\].timezone"):
        load_cameras(path)


COMPLETE = (
    GOOD.replace("        class: prohibited", "        class: prohibited\n        warning_only_until: 2026-03-01")
    + """\
    place: North Road 7
    direction: towards the square
    onvif_url: http://10.0.0.7/onvif/device_service
    privacy_masks:
      - [[0, 0], [0.2, 0], [0.2, 0.2]]
    file:
      legal_review_no: L-2026-17
      legal_review_date: 2026-01-05
      published_where: office notice 2026-3
      maintenance_valid_until: "2026-12-31"
"""
)


def test_the_camera_file_and_what_belongs_to_it_are_read(tmp_path: Path) -> None:
    (camera,) = load_cameras(write(tmp_path, COMPLETE))
    assert camera.file is not None
    assert camera.file.legal_review_date == date(2026, 1, 5)
    assert camera.file.maintenance_valid_until == date(2026, 12, 31)
    assert "technical_review_no" in camera.file.missing()
    assert camera.zones[0].warning_only_until == date(2026, 3, 1)
    assert camera.privacy_masks == (((0, 0), (0.2, 0), (0.2, 0.2)),)
    assert (camera.place, camera.direction) == ("North Road 7", "towards the square")


@pytest.mark.parametrize(
    ("wrong", "right", "line", "words"),
    [
        ("legal_review: L", "legal_review_no: L-2026-17", 18, "file.legal_review: unknown key"),
        ("legal_review_no: 17", "legal_review_no: L-2026-17", 18, "file.legal_review_no"),
        ("2026-13-05", "2026-01-05", 19, "file.legal_review_date"),
        ("[[0, 0], [1.2, 0], [0.2, 0.2]]", "[[0, 0], [0.2, 0], [0.2, 0.2]]", 16, "privacy_masks"),
        ("[[0, 0], [0.2, 0]]", "[[0, 0], [0.2, 0], [0.2, 0.2]]", 16, "at least 3 points"),
        ("ftp://10.0.0.7", "http://10.0.0.7/onvif/device_service", 14, "onvif_url"),
        ("warning_only_until: soon", "warning_only_until: 2026-03-01", 7, "warning_only_until"),
    ],
)
def test_a_wrong_word_in_it_is_named_with_its_line(
    tmp_path: Path, wrong: str, right: str, line: int, words: str
) -> None:
    path = write(tmp_path, COMPLETE.replace(right, wrong))
    with pytest.raises(UsageError) as refused:
        load_cameras(path)
    assert str(refused.value).startswith(f"{path}:{line}: ")
    assert words in str(refused.value)
