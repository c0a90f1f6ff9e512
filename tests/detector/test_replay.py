"""What was seen, judged again: the same rules find the same, and others what they would have found live."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

import pytest

from detector.comparison import Change, compare
from detector.incident import Incident
from detector.replay import Case, Replay, case_of
from detector.seen import Began, Seen
from detector.watch import CameraWatch
from detector.zones import Zone
from streams.fitness.state import Fitness, PictureState
from tests.detector.scripted import CLASS_NAMES, EPOCH_NS, Actor, detect, draw, driving, frame, standing, zone

LEFT, RIGHT = (20.0, 75.0, 90.0, 118.0), (200.0, 80.0, 275.0, 125.0)
LEFT_HALF = ((0.0, 0.0), (0.45, 0.0), (0.45, 1.0), (0.0, 1.0))
RIGHT_HALF = ((0.55, 0.0), (1.0, 0.0), (1.0, 1.0), (0.55, 1.0))
STREET = (
    Actor(1, standing(LEFT, 3, 60)),
    Actor(2, standing(RIGHT, 20, 45)),
    Actor(3, driving((0.0, 130.0, 60.0, 165.0), (40.0, 0.0), start=10, end=20)),
)
BLACK = Fitness(PictureState.BLACK, None, "mean luma 3")
S = 1_000_000_000

Story = list[Began | Seen]


def watched(
    zones: Sequence[Zone], times: Sequence[float], black: Sequence[float] = (), restart: float | None = None
) -> tuple[list[Incident], Story]:
    """The changes that a live watch tells, and the story that it leaves; at `restart` it begins on a new timeline."""
    watch, changes, story, shift = CameraWatch("cam", zones, CLASS_NAMES), [], list[Began | Seen](), 0.0
    for t in times:
        if restart is not None and shift == 0.0 and t >= restart:
            snapshot, shift = watch.snapshot(), restart
            watch = CameraWatch("cam", zones, CLASS_NAMES)
            assert snapshot is not None
            watch.restore(snapshot, round((t - shift) * S), EPOCH_NS + round(t * S))
        picture = replace(frame(draw(STREET, t), t), pts_ns=round((t - shift) * S))
        if t in black:
            picture = replace(picture, fitness=BLACK)
        changes += watch.observe(picture, detect(STREET, t))
        if t in {times[0], next((one for one in times if one >= (restart or 1e9)), None)}:
            story.append(watch.began)
        assert watch.seen is not None
        story.append(watch.seen)
    return changes, story


def replayed(zones: Sequence[Zone], story: Story) -> list[Incident]:
    return list(Replay("cam", zones).feed(story))


def times(*, step: float = 1.0, until: float = 80.0) -> list[float]:
    return [index * step for index in range(int(until / step))]


@pytest.mark.parametrize("step", [0.5, 1.0, 4.0])
def test_the_same_rules_tell_the_very_same_story(step: float) -> None:
    live, story = watched([zone()], times(step=step))
    assert any(one.confirmed_pts_ns is not None for one in live)
    assert replayed([zone()], story) == live


def test_black_pictures_are_left_out_of_every_duration_again() -> None:
    live, story = watched([zone()], times(), black=[12, 13, 14, 15, 16])
    assert any(one.unfit_seconds > 0 for one in live)
    assert replayed([zone()], story) == live


def test_a_worker_that_was_started_again_is_started_again() -> None:
    live, story = watched([zone()], times(), restart=30.0)
    assert [one.resumed for one in story if isinstance(one, Began)] == [False, True]
    assert replayed([zone()], story) == live


def test_two_zones_keep_their_vehicles_apart_again() -> None:
    zones = [zone(LEFT_HALF, "left"), zone(RIGHT_HALF, "right", dwell_seconds=10)]
    live, story = watched(zones, times())
    assert {one.zone_id for one in live} == {"left", "right"}
    assert replayed(zones, story) == live


@pytest.mark.parametrize(
    "changed",
    [
        [zone(dwell_seconds=5)],
        [zone(dwell_seconds=30)],
        [zone(LEFT_HALF, "left")],
        [zone(min_footprint=0.9)],
        [zone(schedule={"timezone": "UTC", "windows": [{"hours": "00:00-00:01"}]})],
    ],
    ids=["shorter", "longer", "smaller", "stricter", "never in force"],
)
def test_other_rules_find_what_they_would_have_found_live(changed: list[Zone]) -> None:
    _, story = watched([zone()], times())
    live, _ = watched(changed, times())
    assert replayed(changed, story) == live


def test_a_judge_of_other_pixels_would_notice() -> None:
    """The replay judges what was stored and nothing else: moved boxes are other cases."""
    _, story = watched([zone(LEFT_HALF)], times())
    moved = [
        replace(one, tracks=tuple(replace(track, xyxy=(track.xyxy[0] + 180, *track.xyxy[1:])) for track in one.tracks))
        if isinstance(one, Seen)
        else one
        for one in story
    ]
    assert replayed([zone(LEFT_HALF)], moved) != replayed([zone(LEFT_HALF)], story)


def case(name: str, start: float, end: float | None, **more: object) -> Case:
    ended = None if end is None else round(end * S)
    values = ("kerb", "illegal_parking", "car", 1, round(start * S), round(start * S) + 15 * S, ended, LEFT, (320, 180))
    return replace(Case(name, *values), **more)  # type: ignore[arg-type]


def test_cases_are_paired_by_id_then_by_thing_and_time() -> None:
    found = [case("a", 0, 60), case("b", 100, 160), case("c", 200, 260), case("e", 400, None)]
    would = [case("a", 0, 60), case("b", 100, 190), case("x", 205, 260), case("d", 300, 360, track_id=9)]
    assert [(pair.change, pair.case.incident_id) for pair in compare(found, would)] == [
        (Change.SAME, "a"),
        (Change.CHANGED, "b"),
        (Change.CHANGED, "x"),
        (Change.NEW, "d"),
        (Change.GONE, "e"),
    ]


def test_another_kind_or_place_at_the_same_time_is_another_case() -> None:
    other = [case("x", 0, 60, kind="street_vending"), case("y", 0, 60, track_id=2, box_xyxy=RIGHT)]
    assert [pair.change for pair in compare([case("a", 0, 60)], other)].count(Change.CHANGED) == 0


def test_a_pending_incident_is_no_case() -> None:
    live, _ = watched([zone()], times(until=10))
    assert live
    assert [case_of(one) for one in live] == [None] * len(live)


def test_whatever_a_look_holds_is_told_by_its_fields() -> None:
    """Whoever adds a field to a look adds it to the store too: see `streetwarden.track_codec`."""
    assert [one.name for one in fields(Seen)] == [
        "pts_ns", "captured_at_ns", "frame_size_wh", "is_fit", "since_pts_ns", "tracks", "crop_scores"
    ]  # fmt: skip
