"""Which true incidents of a looping clip a live run must find."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.live import GRACE_S, planted_on
from benchmarks.material import Clip, Placed, with_dwell
from datasets.scenes.truth import TrueIncident, Truth
from detector.zones import Zone
from streetwarden.cameras_file import CameraConfig

ZONE = {
    "id": "kerb",
    "class": "prohibited",
    "polygon": [[0, 0], [1, 0], [1, 1], [0, 1]],
    "rules": [{"kind": "illegal_parking", "dwell_seconds": 10}],
}


@pytest.fixture
def placed() -> Placed:
    """A clip of 50 s in which a car stands from 5 s to 40 s."""
    camera = CameraConfig(id="any", url="any", zones=(Zone.model_validate(ZONE),))
    car = TrueIncident("car", "illegal_parking", "kerb", 5.0, 40.0, (0.0, 0.0, 10.0, 10.0))
    truth = Truth("clip", 10.0, 640, 360, frames=((),) * 500, incidents=(car,), spec={})
    return Placed(camera, Clip(Path("clip.mp4"), camera, truth))


def test_every_round_of_the_clip_has_its_own(placed: Placed) -> None:
    planted = planted_on(placed, 0.0, 150.0)
    assert [(one.from_s, one.to_s, one.expected) for one in planted] == [
        (5.0, 40.0, True),
        (55.0, 90.0, True),
        (105.0, 140.0, True),
    ]


def test_a_camera_that_comes_late_sees_a_stay_from_then_on(placed: Placed) -> None:
    assert [(one.from_s, one.expected) for one in planted_on(placed, 20.0, 49.0)] == [(20.0, True)]
    assert [(one.from_s, one.expected) for one in planted_on(placed, 29.0, 60.0)] == [(29.0, False), (55.0, False)]


def test_a_limit_that_passes_as_the_run_ends_may_go_either_way(placed: Placed) -> None:
    assert [one.expected for one in planted_on(placed, 0.0, 15.0 + GRACE_S - 1)] == [False]
    assert [one.expected for one in planted_on(placed, 0.0, 15.0 + GRACE_S + 1)] == [True]


def test_a_stay_shorter_than_the_limit_is_not_expected(placed: Placed) -> None:
    patient = Placed(placed.camera, with_dwell(placed.clip, 60.0))
    assert [(one.dwell_s, one.expected) for one in planted_on(patient, 0.0, 49.0)] == [(60.0, False)]
