"""What users of such systems complain of most: parked cars that alert again, and moving ones that seem to stand.

Composed sequences: a shaking mast, a noisy night, rain, headlights, scores that dip. One car that stands is one
incident through all of it, and a queue that creeps is none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import pytest

from detector.boxes import Box
from detector.detections import Detections
from detector.incident import Incident, IncidentState
from detector.watch import CameraWatch
from streams.frame import Image
from tests.detector.scripted import (
    CLASS_NAMES,
    HEIGHT,
    WIDTH,
    Actor,
    detect,
    draw,
    driving,
    frame,
    standing,
    states,
    zone,
)

KERB: Box = (100.0, 75.0, 160.0, 115.0)
UNTIL_S = 100
Weather = Callable[[Image, Detections, float], tuple[Image, Detections]]


def shaking(picture: Image, found: Detections, t: float) -> tuple[Image, Detections]:
    """The whole picture, and every box in it, shifted by up to 3 of 320 pixels, anew at each look."""
    shift = _rng(t).uniform(-3, 3, 2)
    moved = cv2.warpAffine(
        picture, np.array([[1, 0, shift[0]], [0, 1, shift[1]]]), (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE
    )
    boxes = found.xyxy + np.tile(shift, 2).astype(np.float32)
    return np.asarray(moved, np.uint8), Detections(boxes, found.score, found.class_id, found.track_id)


def night(picture: Image, found: Detections, t: float) -> tuple[Image, Detections]:
    """A third of the light, sensor noise, and scores that come and go."""
    rng = _rng(t)
    dark = picture * 0.35 + rng.normal(0, 7, picture.shape)
    score = (found.score * rng.uniform(0.15, 1.0, len(found))).astype(np.float32)
    return np.asarray(dark.clip(0, 255), np.uint8), Detections(found.xyxy, score, found.class_id, found.track_id)


def rain(picture: Image, found: Detections, t: float) -> tuple[Image, Detections]:
    """Bright streaks all over, and a detector that misses a third."""
    rng = _rng(t)
    wet = picture.copy()
    for x, y, length in rng.uniform((0, 0, 8), (WIDTH, HEIGHT, 30), (90, 3)):
        cv2.line(wet, (int(x), int(y)), (int(x + length / 5), int(y + length)), (225, 225, 225), 1)
    return wet, found.select(rng.random(len(found)) > 1 / 3)


def headlights(picture: Image, found: Detections, t: float) -> tuple[Image, Detections]:
    """Every ten seconds a cone of light sweeps the street for two, and the detector is blind in it."""
    if t % 10 >= 2:
        return picture, found
    x, y = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
    cone = 110 * np.exp(-(((x - 60 - t % 10 * 90) / 70) ** 2) - ((y - 95) / 60) ** 2)
    lit = (picture * 1.2 + cone[..., None]).clip(0, 255)
    return np.asarray(lit, np.uint8), found.select(np.zeros(len(found), np.bool_))


def _rng(t: float) -> np.random.Generator:
    return np.random.default_rng(round(t * 1000) + 11)


WEATHERS = (shaking, night, rain, headlights)
PACES = (0.5, 1.0, 5.0)


def watched(actors: Sequence[Actor], weather: Weather, step: float, dwell_seconds: float = 30) -> list[Incident]:
    watch = CameraWatch("cam", [zone(dwell_seconds=dwell_seconds)], CLASS_NAMES)
    changes = []
    for index in range(int(UNTIL_S / step) + 1):
        t = index * step
        picture, found = weather(draw(actors, t), detect(actors, t), t)
        changes += watch.observe(frame(picture, t, index), found)
    return changes


@pytest.mark.parametrize("step", PACES)
@pytest.mark.parametrize("weather", WEATHERS)
def test_a_parked_car_is_one_incident_in_any_weather(weather: Weather, step: float) -> None:
    changes = watched([Actor(1, standing(KERB))], weather, step)
    assert states(changes) == ["pending", "confirmed"]
    assert changes[1].started_pts_ns <= 12 * 10**9
    stood_s = ((changes[1].confirmed_pts_ns or 0) - changes[1].started_pts_ns) / 1e9
    assert 30 <= stood_s <= 30 + 3 * step + 1


@pytest.mark.parametrize("step", PACES)
@pytest.mark.parametrize("weather", WEATHERS)
def test_a_creeping_queue_is_none_in_any_weather(weather: Weather, step: float) -> None:
    queue = [Actor(look, driving((-100.0 * look, 75, -100.0 * look + 60, 115), (4, 0))) for look in range(4)]
    changes = watched(queue, weather, step, dwell_seconds=8)
    assert not [change for change in changes if change.state is IncidentState.CONFIRMED]


@pytest.mark.parametrize("step", PACES)
@pytest.mark.parametrize("weather", WEATHERS)
def test_a_car_that_is_swapped_for_another_is_two_short_stays_in_any_weather(weather: Weather, step: float) -> None:
    cars = [Actor(1, standing(KERB, 0, 29)), Actor(2, standing(KERB, 29.01, 58))]
    changes = watched(cars, weather, step, dwell_seconds=42)
    assert not [change for change in changes if change.state is IncidentState.CONFIRMED]
