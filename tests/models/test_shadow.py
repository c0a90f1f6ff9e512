"""Two models on the same frames: what both see, what one sees, and what a person should look at."""

from __future__ import annotations

import json

import numpy as np
import pytest

from detector.detections import Detections
from models.shadow import Shadow, Stay, compare_incidents

LIVE = ("person", "car", "truck")
CANDIDATE = ("car", "dump_truck", "person", "truck")
HERE, THERE = (10.0, 10.0, 50.0, 50.0), (100.0, 10.0, 150.0, 50.0)


def seen(names: tuple[str, ...], *rows: tuple[str, float, tuple[float, ...]]) -> Detections:
    if not rows:
        return Detections.empty()
    return Detections.untracked(
        np.array([box for _, _, box in rows], np.float32),
        np.array([score for _, score, _ in rows], np.float32),
        np.array([names.index(name) for name, _, _ in rows], np.int64),
    )


def test_the_same_box_under_the_same_name_is_agreement_whatever_the_models_order_of_classes() -> None:
    shadow = Shadow(LIVE, CANDIDATE)
    shadow.add("a", 1, seen(LIVE, ("car", 0.5, HERE)), seen(CANDIDATE, ("car", 0.75, HERE)))
    report = shadow.report()
    assert report.total.agreement == 1.0
    assert report.by_class["car"].score_gain == pytest.approx(0.25)
    assert report.differences == ()


def test_what_one_model_misses_or_renames_is_told_apart() -> None:
    shadow = Shadow(LIVE, CANDIDATE)
    shadow.add("a", 1, seen(LIVE, ("car", 0.9, HERE)), seen(CANDIDATE, ("truck", 0.6, HERE), ("person", 0.4, THERE)))
    shadow.add("b", 2, seen(LIVE, ("car", 0.3, HERE)), seen(CANDIDATE))
    report = shadow.report()
    assert (report.by_class["car"].renamed, report.by_class["car"].only_live) == (1, 1)
    assert report.by_class["person"].only_candidate == 1
    assert report.by_camera["b"].agreement == 0.0
    first = report.differences[0]
    assert (first.camera_id, first.what) == (
        "a",
        ("live says car, candidate truck: 0.90", "only candidate: person 0.40"),
    )


def test_a_second_box_in_the_same_place_does_not_hide_the_one_of_the_same_class() -> None:
    shadow = Shadow(LIVE, CANDIDATE)
    close = (11.0, 10.0, 51.0, 50.0)
    shadow.add("a", 1, seen(LIVE, ("truck", 0.6, HERE)), seen(CANDIDATE, ("car", 0.5, HERE), ("truck", 0.6, close)))
    assert (report := shadow.report()).by_class["truck"].both == 1
    assert report.by_class["car"].only_candidate == 1


def test_a_class_that_only_one_model_has_is_named_and_not_held_against_it() -> None:
    shadow = Shadow((*LIVE, "stall"), CANDIDATE)
    shadow.add("a", 1, Detections.empty(), seen(CANDIDATE, ("dump_truck", 0.9, HERE)))
    report = shadow.report()
    assert (report.only_live_classes, report.only_candidate_classes) == (("stall",), ("dump_truck",))
    assert report.total.agreement == 1.0


def test_of_many_differing_frames_the_worst_are_kept() -> None:
    shadow = Shadow(LIVE, CANDIDATE, kept_frames=3)
    for number in range(20):
        score = 0.9 if number in {4, 11, 17} else 0.3
        shadow.add("a", number, seen(LIVE, ("car", score, HERE)), seen(CANDIDATE))
    assert sorted(one.at_ns for one in shadow.report().differences) == [4, 11, 17]
    assert json.loads(json.dumps(shadow.report().as_json()))["by_class"]["car"]["only_live"] == 20


def test_incidents_are_paired_once_by_place_kind_and_time() -> None:
    def stay(start: int, end: int | None, zone: str = "kerb") -> Stay:
        return Stay("a", zone, "illegal_parking", start, end)

    live = [stay(0, 100), stay(300, 400), stay(900, None)]
    candidate = [stay(5, 90), stay(95, 99), stay(405, 450), stay(950, 1000), stay(0, 100, zone="gate")]
    strict = compare_incidents(live, candidate)
    assert [(a.started_at_ns, b.started_at_ns) for a, b in strict.both] == [(0, 5), (900, 950)]
    assert [one.started_at_ns for one in strict.only_live] == [300]
    slack = compare_incidents(live, candidate, slack_ns=10)
    assert (len(slack.both), [one.zone_id for one in slack.only_candidate]) == (3, ["gate", "kerb"])
