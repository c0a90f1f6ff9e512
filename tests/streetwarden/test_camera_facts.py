"""What packages say of a camera comes from its configuration and from what was seen of it."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest

from streams.fitness.state import FIT, Fitness, PictureState
from streams.frame import Frame, TimeSource
from streetwarden.camera_facts import CameraFacts
from streetwarden.cameras_file import CameraConfig
from streetwarden.clocks import CameraClock
from streetwarden.masks import GREY, PrivacyMasks
from tests.evidence.support import CAMERA_FILE

NOON_NS = 1_780_027_200 * 1_000_000_000
"""2026-05-29 12:00 in Shanghai."""
CONFIG: dict[str, Any] = {
    "id": "kerb-1",
    "url": "rtsp://camera/1",
    "place": "North Road 7",
    "direction": "north",
    "file": CAMERA_FILE.model_dump(mode="json"),
    "privacy_masks": [[[0, 0], [0.5, 0], [0.5, 0.5], [0, 0.5]]],
    "zones": [
        {
            "id": "kerb",
            "polygon": [[0, 0], [1, 0], [1, 1]],
            "warning_only_until": "2026-06-01",
            "rules": [
                {"kind": "illegal_parking", "dwell_seconds": 15, "schedule": {"windows": [{"hours": "07:00-20:00"}]}},
                {"kind": "exposed_garbage", "dwell_seconds": 60, "schedule": {"windows": [{"hours": "22:00-06:00"}]}},
            ],
        }
    ],
}


def frame(pts_ns: int = 0, fitness: Fitness = FIT) -> Frame:
    image = np.zeros((40, 60, 3), np.uint8)
    return Frame("kerb-1", 1, pts_ns, NOON_NS, TimeSource.HOST, "bgr24", image, fitness=fitness)


def test_the_camera_its_file_and_its_zones_are_told() -> None:
    config = CameraConfig.model_validate(CONFIG)
    told = CameraFacts(config).context(frame(), {}, CameraClock().reading("host", None, NOON_NS), ())
    assert told.file == CAMERA_FILE
    assert (told.place, told.direction, told.timezone) == ("North Road 7", "north", "Asia/Shanghai")
    assert told.zone_warning_only_until == {"kerb": date(2026, 6, 1)}
    assert len(told.privacy_masks) == 1


@pytest.mark.parametrize(("kind", "holds"), [("illegal_parking", True), ("exposed_garbage", False), ("other", None)])
def test_each_rule_of_a_zone_has_its_own_hours(kind: str, holds: bool | None) -> None:
    facts = CameraFacts(CameraConfig.model_validate(CONFIG))
    told = facts.context(frame(), {}, CameraClock().reading("host", None, NOON_NS), ())
    assert told.in_force("kerb", kind) is holds


def test_an_unfit_stretch_says_in_which_state_the_picture_was() -> None:
    facts = CameraFacts(CameraConfig.model_validate(CONFIG))
    facts.note(frame(5, Fitness(PictureState.COVERED)))
    told = facts.context(frame(30), {}, CameraClock().reading("host", None, NOON_NS), ((4, 9), (20, 25)))
    assert [(span.from_pts_ns, span.to_pts_ns, span.state) for span in told.unfit] == [
        (4, 9, "covered"),
        (20, 25, "unseen"),
    ]


def test_masks_hide_what_they_cover_and_nothing_else() -> None:
    config = CameraConfig.model_validate(CONFIG)
    seen = frame()
    hidden = PrivacyMasks(config.privacy_masks).hide(seen)
    assert (hidden.image[:18, :28] == GREY).all()
    assert not hidden.image[22:, :].any()
    assert not hidden.image[:, 32:].any()
    assert not seen.image.any()


def test_without_masks_the_frame_is_the_very_same() -> None:
    seen = frame()
    assert PrivacyMasks(()).hide(seen) is seen
