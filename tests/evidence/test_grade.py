"""The grade is evidence only when every gate is passed, and names each one that is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from evidence.grade import GradeFacts, GradeLimits, grade
from tests.evidence.support import CAMERA_FILE

SOUND = GradeFacts(
    camera_file=CAMERA_FILE,
    day=date(2026, 5, 29),
    clock_offset_s=-0.4,
    clock_uncertainty_s=0.1,
    zone_in_force=True,
    frame_size_wh=(1280, 720),
    has_clip=True,
    stills=3,
    stills_span_s=300.0,
    limit_s=300.0,
    gaps=0,
    plate="readable",
)

MONTH_AHEAD = GradeLimits(published_days=30)


def file_with(**changes: object) -> dict[str, object]:
    return {"camera_file": CAMERA_FILE.model_copy(update=changes)}


def test_a_sound_record_is_evidence() -> None:
    assert grade(SOUND) == ("evidence", ())


@pytest.mark.parametrize("name", [name for name in type(CAMERA_FILE).model_fields if name != "warning_only_until"])
def test_every_empty_field_of_the_camera_file_makes_a_lead(name: str) -> None:
    facts = replace(SOUND, camera_file=CAMERA_FILE.model_copy(update={name: None}))
    assert grade(facts) == ("lead", ("camera_file_incomplete",))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"camera_file": None}, "camera_file_incomplete"),
        (file_with(legal_review_no=""), "camera_file_incomplete"),
        (file_with(maintenance_valid_until=date(2026, 5, 28)), "camera_file_not_valid"),
        (file_with(verification_valid_until=date(2026, 5, 28)), "camera_file_not_valid"),
        (file_with(legal_review_date=date(2026, 5, 30)), "camera_file_not_valid"),
        (file_with(technical_review_date=date(2026, 5, 30)), "camera_file_not_valid"),
        (file_with(published_date=date(2026, 5, 30)), "camera_file_not_valid"),
        ({**file_with(published_date=date(2026, 5, 1)), "limits": MONTH_AHEAD}, "camera_file_not_valid"),
        (file_with(warning_only_until=date(2026, 5, 29)), "warning_period"),
        ({"zone_warning_only_until": date(2026, 5, 29)}, "warning_period"),
        ({"zone_in_force": False}, "zone_not_in_force"),
        ({"zone_in_force": None}, "zone_hours_unchecked"),
        ({"clock_offset_s": None}, "clock_unknown"),
        ({"clock_offset_s": -1.01}, "clock_off"),
        ({"clock_offset_s": 0.7, "clock_uncertainty_s": 0.5}, "clock_off"),
        ({"frame_size_wh": (1280, 719)}, "resolution_low"),
        ({"frame_size_wh": (1279, 720)}, "resolution_low"),
        ({"unfit_s": 2.1}, "picture_unfit"),
        ({"has_clip": False}, "clip_missing"),
        ({"stills": 2}, "stills_incomplete"),
        ({"stills_span_s": 299.9}, "stills_not_spanning"),
        ({"stills_span_s": 9.9, "limit_s": 0.0}, "stills_not_spanning"),
        ({"stills_span_s": None}, "stills_not_spanning"),
        ({"plate": "unreadable"}, "plate_unreadable"),
        ({"plate": "unchecked"}, "plate_unchecked"),
        ({"gaps": 1}, "record_gap"),
        ({"reported": ("camera_moved",)}, "camera_moved"),
    ],
)  # fmt: skip
def test_each_gate_alone_makes_a_lead(change: dict[str, object], reason: str) -> None:
    assert grade(replace(SOUND, **change)) == ("lead", (reason,))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [
        file_with(maintenance_valid_until=date(2026, 5, 29)),
        file_with(published_date=date(2026, 5, 29)),
        file_with(warning_only_until=date(2026, 5, 28)),
        {"zone_warning_only_until": date(2026, 5, 28)},
        {"clock_offset_s": 0.9},
        {"unfit_s": 2.0},
        {"plate": "not_needed"},
    ],
)
def test_what_just_passes_a_gate_is_evidence(change: dict[str, object]) -> None:
    assert grade(replace(SOUND, **change)) == ("evidence", ())  # type: ignore[arg-type]


def test_every_reason_is_named_in_a_fixed_order() -> None:
    facts = replace(SOUND, camera_file=None, clock_offset_s=None, stills=0, reported=("b", "a", "b"))
    assert grade(facts)[1] == ("camera_file_incomplete", "clock_unknown", "stills_incomplete", "a", "b")
