"""A watch beyond its incidents: what it wants to see, pictures unfit to judge, and crops for a second model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest

from detector.attention import attended
from detector.boxes import Box
from detector.detections import Boxes
from detector.incident import Incident, IncidentState
from detector.judges import MAX_CROPS
from detector.post import Post
from detector.rules.illegal_parking import IllegalParkingConfig
from detector.unfit import MAX_SPANS, UnfitSpans
from detector.watch import CameraWatch
from streams.demand import Demand
from streams.fitness.state import Fitness, PictureState
from streams.frame import Frame, Image
from tests.detector.scripted import (
    CLASS_NAMES,
    EPOCH_NS,
    Actor,
    detect,
    draw,
    driving,
    frame,
    play,
    standing,
    states,
    zone,
)

KERB: Box = (100.0, 75.0, 160.0, 115.0)
BLACK = Fitness(PictureState.BLACK, None, "mean luma 3")
REST_S, ACTIVE_S = 4.0, 1.0


def look(watch: CameraWatch, actors: Sequence[Actor], t: float, fitness: Fitness | None = None) -> list[Incident]:
    picture = frame(draw(actors, t), t)
    return watch.observe(picture if fitness is None else replace(picture, fitness=fitness), detect(actors, t))


def demand(watch: CameraWatch, t: float) -> Demand | None:
    return watch.demand(EPOCH_NS + round(t * 1e9), round(t * 1e9))


def rest(watch: CameraWatch, t: float) -> float:
    wanted = demand(watch, t)
    assert wanted is not None
    return wanted.rest_interval_s


def led_by_demand(watch: CameraWatch, actors: Sequence[Actor], until: float) -> tuple[list[Incident], list[float]]:
    """Look when the watch wants to, at rest: nothing tells of motion."""
    changes, times, t = [], [], 0.0
    while t <= until:
        changes += look(watch, actors, t)
        times.append(t)
        t += rest(watch, t)
    return changes, times


def test_a_camera_without_a_rule_in_force_wants_no_look() -> None:
    schedule = {"timezone": "UTC", "windows": [{"hours": "08:10-08:20"}]}
    watch = CameraWatch("cam", [zone(schedule=schedule)], CLASS_NAMES)
    assert demand(watch, 0) is None
    assert rest(watch, 600) == REST_S
    assert demand(watch, 1200) is None
    assert watch.next_change_ns(EPOCH_NS) == EPOCH_NS + 600 * 10**9
    assert CameraWatch("cam", [], CLASS_NAMES).demand(EPOCH_NS, 0) is None
    assert CameraWatch("cam", [zone()], CLASS_NAMES).next_change_ns(EPOCH_NS) is None


def test_what_is_open_gets_the_look_that_ends_it_when_its_hours_are_over() -> None:
    schedule = {"timezone": "UTC", "windows": [{"hours": "08:00-08:01"}]}
    watch = CameraWatch("cam", [zone(schedule=schedule)], CLASS_NAMES)
    parked = [Actor(1, standing(KERB))]
    for t in (0.0, 1.0, 30.0, 59.0):
        look(watch, parked, t)
    assert demand(watch, 60) is not None
    assert states(look(watch, parked, 60.0)) == ["ended"]
    assert demand(watch, 60) is None


def test_an_empty_street_is_looked_at_as_the_rules_rest_and_what_appears_more_closely() -> None:
    watch = CameraWatch("cam", [zone()], CLASS_NAMES)
    car = [Actor(1, standing(KERB, start=9.0))]
    look(watch, car, 5.0)
    assert rest(watch, 5.0) == REST_S
    look(watch, car, 10.0)
    assert rest(watch, 10.0) == ACTIVE_S
    look(watch, car, 11.0)
    assert rest(watch, 11.0) == REST_S


def test_what_never_comes_to_stand_is_looked_at_closely_for_a_bounded_time_only() -> None:
    watch = CameraWatch("cam", [zone()], CLASS_NAMES)
    roaming = [Actor(1, driving((0, 75, 60, 115), (5, 0)))]
    for t in range(30):
        look(watch, roaming, float(t))
    assert rest(watch, 5.0) == ACTIVE_S
    assert rest(watch, 29.0) == REST_S


def test_a_limit_between_two_looks_at_rest_gets_a_look_of_its_own() -> None:
    watch = CameraWatch("cam", [zone(dwell_seconds=33)], CLASS_NAMES)
    changes, times = led_by_demand(watch, [Actor(1, standing(KERB))], 60)
    assert states(changes) == ["pending", "confirmed"]
    assert changes[1].confirmed_pts_ns == pytest.approx(33.1e9, abs=1e8)
    assert len(times) <= 60 / REST_S + 4


def test_a_stay_that_cannot_be_proven_does_not_keep_the_camera_awake() -> None:
    every = Demand(REST_S, ACTIVE_S)
    due_ns = [10 * 10**9]
    waits = [attended(every, due_ns, t * 10**9).rest_interval_s for t in (2, 8, 10, 12, 30)]
    assert waits == pytest.approx([REST_S, 2.1, ACTIVE_S, ACTIVE_S, REST_S])


def test_what_is_looked_at_from_a_decision_on_may_be_shown() -> None:
    every, due_ns = Demand(REST_S, ACTIVE_S), (11 * 10**9, 14 * 10**9)
    exact = [attended(every, due_ns, t * 10**9).exact_from_ns for t in (2, 12, 22, 30)]
    assert exact == [due_ns[0], due_ns[0], due_ns[1], None]


def test_every_picture_while_something_moves_is_no_demand_for_every_picture_at_rest() -> None:
    truck = Demand(10.0, 0.0, 3.0)
    assert attended(truck, [], 0, settle_s=1.0) == Demand(0.2, 0.0, 3.0)


class _Closer(IllegalParkingConfig):
    wanted: ClassVar[Demand] = Demand(60.0, 0.1, 4.0)

    @property
    def looks(self) -> Demand:
        return self.wanted


def test_the_strictest_look_of_all_rules_in_force_is_wanted() -> None:
    plain = zone()
    closer = zone(zone_id="other").model_copy(update={"rules": (_Closer(dwell_seconds=15),)})
    watch = CameraWatch("cam", [plain, closer], CLASS_NAMES)
    assert demand(watch, 0) == Demand(REST_S, 0.1, 4.0)


def test_an_unfit_time_stops_the_timer_and_is_told() -> None:
    watch = CameraWatch("cam", [zone(dwell_seconds=30, gap_seconds=10)], CLASS_NAMES)
    parked = [Actor(1, standing(KERB))]
    changes = []
    for t in range(120):
        changes += look(watch, parked, float(t), BLACK if 10 < t < 60 else None)
    assert states(changes) == ["pending", "confirmed"]
    # Black from the look at 11 to the first fit one at 60.
    assert changes[1].confirmed_pts_ns == (30 + 49) * 10**9
    assert changes[1].unfit_seconds == 49
    assert changes[0].unfit_seconds == 0
    assert watch.unfit_frames == 49


def test_what_a_black_picture_hides_longer_than_anything_is_remembered_still_stands_there() -> None:
    watch = CameraWatch("cam", [zone(dwell_seconds=30)], CLASS_NAMES)
    parked = [Actor(1, standing(KERB))]
    changes = []
    for t in (*range(10), *range(10, 7210, 60), *range(7210, 7300)):
        changes += look(watch, parked, float(t), BLACK if 10 <= t < 7210 else None)
    assert states(changes) == ["pending", "confirmed"]
    assert len({change.incident_id for change in changes}) == 1


def test_what_is_hidden_when_the_picture_comes_back_is_waited_for_as_if_it_had_never_gone() -> None:
    watch = CameraWatch("cam", [zone(dwell_seconds=30)], CLASS_NAMES)
    parked = Actor(1, standing(KERB), lambda t: None if 200 <= t < 220 else 0.8)
    lorry = Actor(2, standing((75, 45, 210, 125), 200, 219.9), class_name="truck")
    changes = []
    for t in range(260):
        changes += look(watch, [parked, lorry], float(t), BLACK if 10 <= t < 200 else None)
    cars = [change for change in changes if change.track_id == 1]
    assert states(cars) == ["pending", "confirmed"]
    assert len({change.incident_id for change in cars}) == 1


def test_another_car_after_a_black_picture_is_another_stay() -> None:
    watch = CameraWatch("cam", [zone()], CLASS_NAMES)
    first, second = Actor(1, standing(KERB, 0, 29)), Actor(2, standing(KERB, 31))
    changes = []
    for t in range(90):
        changes += look(watch, [first, second], float(t), BLACK if 20 <= t < 40 else None)
    confirmed = [change for change in changes if change.state is IncidentState.CONFIRMED]
    assert [change.track_id for change in confirmed] == [1, 2]
    assert confirmed[1].started_pts_ns == pytest.approx(40e9, abs=1e9)


def test_a_frozen_picture_counts_from_the_moment_it_froze() -> None:
    spans = UnfitSpans()
    assert spans.fit(5) == 0
    spans.unfit(20, since_pts_ns=12)
    spans.unfit(25, since_pts_ns=12)
    assert spans.is_open
    assert spans.fit(40, since_pts_ns=30) == 18
    assert spans.spans == ((12, 30),)
    assert (spans.total_ns(0, 100), spans.total_ns(20, 25), spans.total_ns(30, 90)) == (18, 5, 0)


def test_unfit_times_are_bounded_and_never_get_shorter() -> None:
    spans, total = UnfitSpans(), 0
    for index in range(500):
        spans.unfit(index * 10, None)
        total += spans.fit(index * 10 + 1 + index % 3)
        assert len(spans.spans) <= MAX_SPANS
        assert spans.total_ns(0, 10_000) >= total
    spans.forget_before(4_000)
    assert spans.spans[0][1] > 4_000


class _Loads(IllegalParkingConfig):
    @property
    def crop_classes(self) -> tuple[str, ...]:
        return ("truck",)


def test_only_what_a_rule_asks_for_is_classified() -> None:
    asked: list[Boxes] = []

    def classify(_image: Image, boxes: Boxes) -> Sequence[Mapping[str, float]]:
        asked.append(boxes)
        return [{"covered": 0.25, "uncovered": 0.75} for _box in boxes]

    left = zone([[0, 0], [0.5, 0], [0.5, 1], [0, 1]]).model_copy(update={"rules": (_Loads(dwell_seconds=15),)})
    watch = CameraWatch("cam", [left], CLASS_NAMES, classify=classify)
    looks = _spied(watch)
    inside = Actor(1, standing((20, 75, 80, 115)), class_name="truck")
    outside = Actor(2, standing((220, 75, 280, 115)), class_name="truck")
    car = Actor(3, standing((20, 20, 80, 60)))
    play([inside, outside, car], [0.0, 1.0], watch)
    assert [len(boxes) for boxes in asked] == [1, 1]
    assert looks == [{1: {"covered": 0.25, "uncovered": 0.75}}] * 2


def test_a_crowd_of_crops_is_cut_to_the_largest() -> None:
    asked: list[int] = []

    def classify(_image: Image, boxes: Boxes) -> Sequence[Mapping[str, float]]:
        asked.append(len(boxes))
        assert (np.diff((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])) <= 0).all()
        return [{} for _box in boxes]

    whole = zone().model_copy(update={"rules": (_Loads(dwell_seconds=15),)})
    boxes = [(x * 30.0, y * 40.0, x * 30.0 + 12 + x, y * 40.0 + 20) for x in range(10) for y in range(3)]
    crowd = [Actor(index, standing(box), class_name="truck") for index, box in enumerate(boxes)]
    play(crowd, [0.0], CameraWatch("cam", [whole], CLASS_NAMES, classify=classify))
    assert asked == [MAX_CROPS]


def _spied(watch: CameraWatch) -> list[Mapping[int, Mapping[str, float]]]:
    """The crop scores that the first judge gets."""
    looks: list[Mapping[int, Mapping[str, float]]] = []
    judge = watch._judges.posts[0].judge
    original: Callable[..., list[Incident]] = judge.observe

    def observe(seen: object) -> list[Incident]:
        looks.append(seen.crop_scores)  # type: ignore[attr-defined]
        return original(seen)

    judge.observe = observe  # type: ignore[assignment, method-assign]
    return looks


def test_hours_are_asked_once_for_each_span() -> None:
    schedule = {"timezone": "UTC", "windows": [{"hours": ["08:00-08:01", "08:02-08:03"]}]}
    post = Post("cam", zone(), 0, IllegalParkingConfig.model_validate({"dwell_seconds": 9, "schedule": schedule}))
    inside = [post.in_force(EPOCH_NS + t * 10**9) for t in range(240)]
    assert inside == [t < 60 or 120 <= t < 180 for t in range(240)]
    # A clock that is set back is believed too.
    assert post.in_force(EPOCH_NS)


def test_frames_may_come_from_decoders_that_judge_nothing() -> None:
    watch = CameraWatch("cam", [zone()], CLASS_NAMES)
    plain: Frame = frame(draw([], 0.0), 0.0)
    assert plain.fitness.is_fit
    assert watch.observe(plain, detect([], 0.0)) == []
