"""What a detector may learn from reviewers: nothing invented, nothing lost unsaid, nothing trained on that tests."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import pytest

from datasets.cli import main
from datasets.feedback.balance import FEWEST, balanced, split
from datasets.feedback.build import FeedbackReport, Plan, build
from datasets.feedback.decisions import Lesson, lesson_of, read_decisions
from datasets.feedback.pictures import surroundings
from datasets.formats import FormatError
from datasets.versions import check_version
from tests.datasets.feedback_help import case, grey, write_cases, write_package

BOX = (80.0, 40.0, 120.0, 70.0)
PLAN = Plan(("car", "garbage"), test_share=0.0)


@pytest.mark.parametrize(
    ("kind", "state", "reason", "lesson"),
    [
        ("illegal_parking", "filed", None, Lesson.PRESENT),
        ("illegal_parking", "closed", None, Lesson.PRESENT),
        ("illegal_parking", "rejected", "temporary_stop", Lesson.PRESENT),
        ("exposed_garbage", "rejected", "permitted", Lesson.PRESENT),
        ("exposed_garbage", "rejected", "no_violation", Lesson.ABSENT),
        ("illegal_parking", "rejected", "wrong_object", Lesson.ABSENT),
        ("illegal_parking", "answered", None, Lesson.PRESENT),
        ("illegal_parking", "void", "plate_wrong", Lesson.PRESENT),
    ],
)
def test_what_a_decision_says_of_the_thing(kind: str, state: str, reason: str | None, lesson: Lesson) -> None:
    assert lesson_of({"kind": kind, "state": state, "decision_reason": reason}) is lesson


@pytest.mark.parametrize(
    ("kind", "state", "reason", "why"),
    [
        ("illegal_parking", "candidate", None, "nobody decided yet"),
        ("illegal_parking", "opinion", None, "nobody decided yet"),
        ("illegal_parking", "rejected", "no_violation", "does not say whether the thing was there"),
        ("exposed_garbage", "rejected", "record_unclear", "does not say whether the thing was there"),
    ],
)
def test_what_says_nothing_of_the_thing_teaches_nothing(kind: str, state: str, reason: str | None, why: str) -> None:
    assert why in lesson_of({"kind": kind, "state": state, "decision_reason": reason})


def made(folder: Path, *cases: Any, plan: Plan = PLAN) -> FeedbackReport:
    return build(write_cases(folder / "decisions.json", *cases), folder / "packages", folder / "set", plan)


def lines(folder: Path, kind: str) -> list[str]:
    return [line for path in sorted((folder / "set" / kind).rglob("*.txt")) for line in path.read_text().splitlines()]


def test_a_confirmed_thing_is_labelled_where_it_was_at_the_time_of_the_still(tmp_path: Path) -> None:
    image = grey()
    image[40:70, 80:120] = 255
    write_package(tmp_path / "packages", "aa", image, BOX)
    report = made(tmp_path, case(1, "aa"))
    (picture,) = (tmp_path / "set/images/train").iterdir()
    cut = cv2.imread(str(picture))
    assert cut is not None
    class_id, cx, cy, width, height = (float(value) for value in lines(tmp_path, "labels")[0].split())
    x1, x2 = round((cx - width / 2) * cut.shape[1]), round((cx + width / 2) * cut.shape[1])
    y1, y2 = round((cy - height / 2) * cut.shape[0]), round((cy + height / 2) * cut.shape[0])
    assert PLAN.classes[int(class_id)] == "garbage"
    assert cut[y1:y2, x1:x2].mean() > 240
    assert cut[:, x2 + 8 :].mean() < 130
    assert report.examples["train"] == {"present": 1, "absent": 0, "corrected": 0}
    assert check_version(tmp_path / "set").is_none


def test_a_rejected_thing_is_a_place_where_nothing_is(tmp_path: Path) -> None:
    write_package(tmp_path / "packages", "aa", grey(), BOX)
    made(tmp_path, case(1, "aa", "rejected", "no_violation"))
    assert lines(tmp_path, "labels") == []
    assert len(lines(tmp_path, "refuted")) == 1


def test_boxes_that_a_reviewer_drew_take_the_place_of_the_alleged_one(tmp_path: Path) -> None:
    write_package(tmp_path / "packages", "aa", grey(), BOX)
    drawn = [{"class_name": "car", "xyxy": [0, 0, 50, 50]}, {"class_name": "garbage", "xyxy": [60, 20, 90, 40]}]
    made(tmp_path, case(1, "aa", "rejected", "no_violation", corrections=drawn))
    assert [line[0] for line in lines(tmp_path, "labels")] == ["0", "1"]
    assert lines(tmp_path, "refuted") == []


def test_everything_left_out_is_named(tmp_path: Path) -> None:
    packages = tmp_path / "packages"
    write_package(packages, "aa", grey(), BOX)
    write_package(packages, "bb", grey(), BOX, class_name="stall")
    (write_package(packages, "cc", grey(), BOX) / "data/stills/panorama_confirmed.jpg").write_bytes(b"other")
    cases = [case(1, "aa"), case(2, "bb"), case(3, "cc"), case(4, "dd"), case(5, "aa", "candidate"), {"id": 6}]
    report = made(tmp_path, *cases, case(7, "../aa"))
    told = {one.where: one.why for one in report.dropped}
    assert told["2-bb-panorama_confirmed"] == "classes that the set does not have: stall"
    assert "not the bytes that the manifest states" in told["case 3: package cc"]
    assert "manifest.json: No such file" in told["case 4: package dd"]
    assert told["case 5"] == "state 'candidate': nobody decided yet"
    assert told["case 6"].startswith("not a case of the API")
    assert told["case 7: package ../aa"] == "not the id of a package"
    assert sum(sum(lessons.values()) for lessons in report.examples.values()) == 1


@dataclass(frozen=True)
class Shot:
    name: str
    camera_id: str
    place: str
    day: str


def test_one_place_and_day_is_never_on_both_sides_and_stays_on_its_side() -> None:
    shots = [Shot(f"{c}-{d}-{n}", f"c{c}", f"p{c // 2}", f"d{d}") for c in range(8) for d in range(6) for n in range(3)]
    sides = split(shots, 0.3, seed=4)
    for one in shots:
        assert {sides[two.name] for two in shots if (two.place, two.day) == (one.place, one.day)} == {sides[one.name]}
    assert set(sides.values()) == {"train", "test"}
    fewer = split(shots[::5], 0.3, seed=4)
    assert all(sides[name] == side for name, side in fewer.items())


def test_a_camera_that_shouts_is_heard_no_more_than_twice_the_median() -> None:
    counts = {"quiet": 30, "usual": 40, "loud": 400}
    shots = [Shot(f"{camera}-{n}", camera, camera, "d") for camera, count in counts.items() for n in range(count)]
    kept, dropped = balanced(shots, seed=1)
    left = {camera: sum(one.camera_id == camera for one in kept) for camera in counts}
    assert left == {"quiet": 30, "usual": 40, "loud": 80}
    assert len(dropped) == 320
    assert "camera loud" in dropped[0].why
    lonely, none = balanced(shots[:FEWEST], seed=1)
    assert (len(lonely), none) == (FEWEST, [])


def test_the_cut_stays_in_the_picture_and_holds_every_box() -> None:
    assert surroundings([(10, 10, 30, 30), (500, 400, 600, 470)], (640, 480)) == (0, 0, 640, 480)
    assert surroundings([(1000, 500, 1100, 560)], (1920, 1080)) == (890, 370, 1210, 690)


def test_the_same_decisions_give_the_same_version(tmp_path: Path) -> None:
    versions = set()
    for name in ("one", "two"):
        write_package(tmp_path / name / "packages", "aa", grey(), BOX)
        versions.add(made(tmp_path / name, case(1, "aa")).version)
    assert len(versions) == 1


def test_the_command_says_what_it_made_and_refuses_to_overwrite(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_package(tmp_path / "packages", "aa", grey(), BOX)
    cases = write_cases(tmp_path / "decisions.json", case(1, "aa"), case(2, "bb"))
    arguments = ["feedback", str(cases), "--packages", str(tmp_path / "packages"), "--out", str(tmp_path / "set")]
    arguments += ["--classes", "car", "garbage"]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert "1 present" in printed
    assert "left out: case 2: package bb" in printed
    assert main(arguments) == 2
    assert "already there" in capsys.readouterr().err


def test_what_is_no_list_of_cases_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "decisions.json"
    path.write_text(json.dumps([1, 2]))
    with pytest.raises(FormatError, match=r"decisions\.json: expected JSON with a list 'cases'"):
        read_decisions(path)
    with pytest.raises(FormatError, match=r"no decision gives a picture to learn from \(2 left out\)"):
        made(tmp_path, case(1, "aa"))
    assert [path.name for path in tmp_path.iterdir()] == ["decisions.json"]
