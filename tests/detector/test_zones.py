"""A vehicle is in a zone by the footprint of its unclipped box."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from detector.zones import Zone, ZoneMask, footprints

FRAME_WH = (640, 360)
LEFT_HALF = [[0.0, 0.0], [0.5, 0.0], [0.5, 1.0], [0.0, 1.0]]


def zone(polygon: list[list[float]], **extra: object) -> Zone:
    return Zone.model_validate({"id": "z", "class": "prohibited", "polygon": polygon, **extra})


def share(polygon: list[list[float]], box: tuple[float, float, float, float]) -> float:
    mask = ZoneMask(zone(polygon), FRAME_WH)
    return float(mask.footprint_share(np.array([box], np.float32))[0])


def test_only_the_lower_part_of_the_box_counts() -> None:
    road = [[0.0, 0.5], [1.0, 0.5], [1.0, 1.0], [0.0, 1.0]]
    assert share(road, (100, 120, 200, 240)) == pytest.approx(1.0, abs=0.02)
    assert share(road, (100, 60, 200, 180)) == pytest.approx(0.0, abs=0.02)


@pytest.mark.parametrize(
    ("polygon", "box"),
    [
        ([[0, 0], [0.1, 0], [0.1, 1], [0, 1]], (-100, 100, 50, 200)),
        ([[0.9, 0], [1, 0], [1, 1], [0.9, 1]], (590, 100, 740, 200)),
        ([[0, 0.9], [1, 0.9], [1, 1], [0, 1]], (100, 330, 200, 480)),
    ],
    ids=["left", "right", "below"],
)
def test_a_vehicle_mostly_outside_the_picture_is_not_in_the_zone_at_its_edge(
    polygon: list[list[float]], box: tuple[float, float, float, float]
) -> None:
    assert share(polygon, box) < 0.5
    clipped = (max(box[0], 0), max(box[1], 0), min(box[2], 640), min(box[3], 360))
    assert share(polygon, clipped) > 0.7, "a clipped box would be taken for one inside"


def test_a_box_that_begins_above_the_picture_stands_where_its_wheels_are() -> None:
    top = [[0.0, 0.0], [1.0, 0.0], [1.0, 0.25], [0.0, 0.25]]
    assert share(top, (100, -60, 200, 80)) == pytest.approx(1.0, abs=0.02)
    assert share(top, (100, -300, 200, -10)) == 0.0


@pytest.mark.parametrize("offset", [-60, -30, 0, 30, 60])
def test_the_share_of_a_straddling_box_is_exact(offset: int) -> None:
    box = (320 + offset - 50, 100, 320 + offset + 50, 200)
    assert share(LEFT_HALF, box) == pytest.approx(np.clip(0.5 - offset / 100, 0, 1), abs=0.01)


@settings(max_examples=25, deadline=None)
@given(
    left=st.floats(-300, 800),
    top=st.floats(-300, 500),
    width=st.floats(4, 400),
    height=st.floats(4, 400),
    split=st.floats(0.05, 0.95),
)
def test_two_zones_that_divide_the_picture_share_what_of_a_footprint_is_in_it(
    left: float, top: float, width: float, height: float, split: float
) -> None:
    box = np.array([[left, top, left + width, top + height]], np.float32)
    halves = [
        [[0.0, 0.0], [split, 0.0], [split, 1.0], [0.0, 1.0]],
        [[split, 0.0], [1.0, 0.0], [1.0, 1.0], [split, 1.0]],
    ]
    shares = [ZoneMask(zone(half), FRAME_WH).footprint_share(box)[0] for half in halves]
    foot = footprints(box)[0]
    visible = max(0, min(foot[2], 640) - max(foot[0], 0)) * max(0, min(foot[3], 360) - max(foot[1], 0))
    assert all(0 <= value <= 1 for value in shares)
    assert sum(shares) == pytest.approx(visible / ((foot[2] - foot[0]) * (foot[3] - foot[1])), abs=1e-3)


@pytest.mark.parametrize(
    ("polygon", "location", "message"),
    [
        ([[0, 0], [1, 1]], ("polygon",), "at least 3"),
        ([[0, 0], [1.2, 0], [1, 1]], ("polygon", 1, 0), "less than or equal to 1"),
        ([[0, 0], [1, 0], [1, -0.1]], ("polygon", 2, 1), "greater than or equal to 0"),
        ([[0, 0], [1, 1], [1, 0], [0, 1]], ("polygon",), "crosses or touches itself"),
        ([[0, 0], [0.5, 0.5], [1, 1]], ("polygon",), "crosses or touches itself|no area"),
        ([[0, 0], [1, 0], [float("nan"), 1]], ("polygon", 2, 0), "less than or equal"),
    ],
)
def test_a_wrong_polygon_is_refused_and_named(
    polygon: list[list[float]], location: tuple[object, ...], message: str
) -> None:
    with pytest.raises(ValidationError, match=message) as caught:
        zone(polygon)
    assert caught.value.errors()[0]["loc"] == location


def test_a_misspelt_key_and_an_unknown_kind_are_named_with_their_place() -> None:
    with pytest.raises(ValidationError) as caught:
        zone(LEFT_HALF, rules=[{"kind": "illegal_parking", "dwel_seconds": 5, "dwell_seconds": 5}])
    assert caught.value.errors()[0]["loc"] == ("rules", 0, "dwel_seconds")
    with pytest.raises(ValidationError, match=r"known: .*illegal_parking") as caught:
        zone(LEFT_HALF, rules=[{"kind": "double_parking"}])
    assert caught.value.errors()[0]["loc"] == ("rules", 0, "kind")
    with pytest.raises(ValidationError, match="a rule names its kind"):
        zone(LEFT_HALF, rules=[{"dwell_seconds": 3}])
    with pytest.raises(ValidationError, match="mapping"):
        zone(LEFT_HALF, rules=["illegal_parking"])


def test_two_rules_of_one_kind_in_a_zone_are_refused() -> None:
    rule = {"kind": "illegal_parking", "dwell_seconds": 5}
    with pytest.raises(ValidationError, match="more than one rule of kind illegal_parking"):
        zone(LEFT_HALF, rules=[rule, rule])


def test_a_zone_survives_json() -> None:
    rule = {"kind": "illegal_parking", "dwell_seconds": 5, "schedule": {"windows": [{"hours": "22:00-06:00"}]}}
    first = zone(LEFT_HALF, version=3, rules=[rule])
    text = first.model_dump_json()
    assert json.loads(text)["class"] == "prohibited"
    assert Zone.model_validate_json(text) == first
