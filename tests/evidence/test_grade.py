"""The grade is evidence only when every gate is passed, and names each one that is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evidence.grade import GradeFacts, grade

SOUND = GradeFacts(
    camera_file_complete=True,
    clock_offset_s=-0.4,
    frame_size_wh=(1280, 720),
    has_clip=True,
    stills=3,
    stills_span_s=300.0,
    limit_s=300.0,
    gaps=0,
)


def test_a_sound_record_is_evidence() -> None:
    assert grade(SOUND) == ("evidence", ())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"camera_file_complete": False}, "camera_file_incomplete"),
        ({"clock_offset_s": None}, "clock_unknown"),
        ({"clock_offset_s": -1.01}, "clock_off"),
        ({"frame_size_wh": (1280, 719)}, "resolution_low"),
        ({"frame_size_wh": (1279, 720)}, "resolution_low"),
        ({"has_clip": False}, "clip_missing"),
        ({"stills": 2}, "stills_incomplete"),
        ({"stills_span_s": 299.9}, "stills_not_spanning"),
        ({"stills_span_s": 9.9, "limit_s": 0.0}, "stills_not_spanning"),
        ({"stills_span_s": None}, "stills_not_spanning"),
        ({"gaps": 1}, "record_gap"),
        ({"reported": ("camera_moved",)}, "camera_moved"),
    ],
)
def test_each_gate_alone_makes_a_lead(change: dict[str, object], reason: str) -> None:
    assert grade(replace(SOUND, **change)) == ("lead", (reason,))  # type: ignore[arg-type]


def test_every_reason_is_named() -> None:
    facts = replace(SOUND, camera_file_complete=False, stills=0, reported=("b", "a", "b"))
    assert grade(facts)[1] == ("camera_file_incomplete", "stills_incomplete", "a", "b")
