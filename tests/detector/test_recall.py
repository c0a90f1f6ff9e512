"""Starts and ends between two looks: what the camera's key frames of that time tell."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from detector.boxes import Box
from detector.incident import Incident
from detector.watch import CameraWatch
from streams.frame import Image
from tests.detector.scripted import CLASS_NAMES, Actor, draw, play, standing, zone

KERB: Box = (100.0, 75.0, 160.0, 115.0)
FRONT: Box = (80.0, 55.0, 180.0, 130.0)
LOOKS = [float(number) * 10 for number in range(13)]


class Camera:
    """A street with a key frame every 2 s; `asked` keeps the spans that were asked for."""

    def __init__(self, actors: Sequence[Actor]) -> None:
        self.actors = actors
        self.asked: list[tuple[float, float]] = []

    def recall(self, after_ns: int, before_ns: int) -> list[tuple[int, Image]]:
        after_s, before_s = after_ns / 1e9, before_ns / 1e9
        self.asked.append((after_s, before_s))
        times = [float(second) for second in range(0, 200, 2) if after_s < second < before_s]
        return [(round(second * 1e9), draw(self.actors, second)) for second in times]

    def stay(self) -> Incident:
        """The only stay, as it ended."""
        watch = CameraWatch("cam", [zone(dwell_seconds=25, gap_seconds=30)], CLASS_NAMES, recall=self.recall)
        changes = play(self.actors, LOOKS, watch)
        (ended,) = {change.incident_id: change for change in changes}.values()
        assert ended.ended_pts_ns is not None
        return ended


@pytest.mark.parametrize(("came", "went"), [(13.0, 75.0), (18.5, 71.0), (10.5, 78.5)])
def test_a_stay_is_known_to_the_key_frame_though_looks_are_far_apart(came: float, went: float) -> None:
    stay = Camera([Actor(1, standing(KERB, came, went))]).stay()
    assert 0 <= stay.started_pts_ns / 1e9 - came <= 2
    assert stay.ended_pts_ns is not None
    assert 0 <= went - stay.ended_pts_ns / 1e9 <= 2


def test_a_stay_that_another_vehicle_follows_ends_when_it_left() -> None:
    first, second = Actor(1, standing(KERB, 13, 75)), Actor(2, standing(KERB, 77))
    camera = Camera([first, second])
    watch = CameraWatch("cam", [zone(dwell_seconds=25)], CLASS_NAMES, recall=camera.recall)
    latest = {change.incident_id: change for change in play(camera.actors, LOOKS, watch)}
    times = sorted(incident.started_pts_ns / 1e9 for incident in latest.values())
    ends = [incident.ended_pts_ns / 1e9 for incident in latest.values() if incident.ended_pts_ns is not None]
    assert times == pytest.approx([14, 78])
    assert ends == pytest.approx([74])


def test_one_that_is_hidden_when_it_leaves_was_last_there_when_it_was_last_seen() -> None:
    parked, lorry = Actor(1, standing(KERB, 13, 75)), Actor(2, standing(FRONT, 63, 77), class_name="bicycle")
    stay = Camera([parked, lorry]).stay()
    assert stay.ended_pts_ns == 62e9


def test_nothing_is_decoded_while_nothing_comes_or_goes() -> None:
    camera = Camera([Actor(1, standing(KERB))])
    watch = CameraWatch("cam", [zone(dwell_seconds=25)], CLASS_NAMES, recall=camera.recall)
    play(camera.actors, LOOKS, watch)
    assert camera.asked == []


def test_each_event_asks_once() -> None:
    camera = Camera([Actor(1, standing(KERB, 13, 75))])
    camera.stay()
    assert camera.asked == [(10, 20), (70, 80)]


def test_a_car_found_once_before_a_lorry_hides_it_stood_there_from_the_beginning() -> None:
    parked = Actor(1, standing(KERB, 13), score=lambda t: 0.8 if t == 20 or t > 55 else None)
    lorry = Actor(2, standing(FRONT, 33, 53), score=lambda _t: None)
    camera = Camera([parked, lorry])
    watch = CameraWatch("cam", [zone(dwell_seconds=25)], CLASS_NAMES, recall=camera.recall)
    changes = play(camera.actors, LOOKS, watch)
    assert {change.started_pts_ns for change in changes} == {14 * 10**9}


def test_a_stain_that_is_taken_for_a_car_once_does_not_stand() -> None:
    stain = Actor(1, standing(KERB), score=lambda t: 0.4 if t == 20 else None)
    watch = CameraWatch("cam", [zone()], CLASS_NAMES)
    assert play([stain], LOOKS, watch) == []
    assert watch.tracks == ()
