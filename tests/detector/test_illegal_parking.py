"""Illegal parking on scripted streets: what counts is where the wheels stand and how long, on the camera's time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from detector.boxes import Box
from detector.errors import DetectorError
from detector.incident import Incident, IncidentState
from detector.watch import CameraWatch
from tests.detector.scripted import (
    CLASS_NAMES,
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
RATES = (0.1, 0.5, 1.0, 2.0, 5.0)


def seconds(until: float, step: float = 1.0, start: float = 0.0) -> list[float]:
    return [start + index * step for index in range(int((until - start) / step) + 1)]


def watch(**rule: object) -> CameraWatch:
    return CameraWatch("cam", [zone(**rule)], CLASS_NAMES)  # type: ignore[arg-type]


def confirmed(changes: Sequence[Incident]) -> list[Incident]:
    return [change for change in changes if change.state is IncidentState.CONFIRMED]


@pytest.mark.parametrize("step", RATES)
def test_a_car_that_arrives_parks_and_leaves_is_one_incident_at_any_rate(step: float) -> None:
    arrival = driving((-50, 75, 10, 115), (30, 0), 0, 5)
    departure = driving(KERB, (40, 0), 40, 60)
    actor = Actor(1, lambda t: arrival(t) if t < 5 else KERB if t < 40 else departure(t))
    changes = play([actor], [*seconds(50, step), *seconds(100, 5, 52)], watch())
    assert states(changes) == ["pending", "confirmed", "ended"]
    assert len({change.incident_id for change in changes}) == 1
    incident = changes[-1]
    assert incident.started_pts_ns / 1e9 == pytest.approx(5, abs=step + 0.2)
    assert incident.confirmed_pts_ns is not None
    assert 15 <= (incident.confirmed_pts_ns - incident.started_pts_ns) / 1e9 <= 15 + step + 0.01
    assert incident.ended_pts_ns is not None
    assert incident.ended_pts_ns / 1e9 == pytest.approx(40, abs=step + 0.3)
    assert incident.started_at_ns - incident.started_pts_ns == incident.ended_at_ns - incident.ended_pts_ns  # type: ignore[operator]
    assert incident.box_xyxy == pytest.approx(KERB, abs=5)


@pytest.mark.parametrize("step", [0.5, 1.0, 2.0])
def test_a_car_that_leaves_between_two_looks_has_ended_once_its_place_is_seen_empty(step: float) -> None:
    arrival = driving((-50, 75, 10, 115), (30, 0), 0, 5)
    actor = Actor(1, lambda t: arrival(t) if t < 5 else KERB if t < 40 else None)
    changes = play([actor], seconds(48, step), watch())
    assert states(changes) == ["pending", "confirmed", "ended"]
    ended_ns = changes[-1].ended_pts_ns
    assert ended_ns is not None
    assert ended_ns / 1e9 == pytest.approx(40, abs=step + 0.1)


@pytest.mark.parametrize("step", RATES)
def test_a_car_that_stops_for_less_than_the_limit_is_never_confirmed(step: float) -> None:
    departure = driving(KERB, (40, 0), 12, 20)
    actor = Actor(1, lambda t: KERB if t < 12 else departure(t))
    changes = play([actor], [*seconds(30, step), *seconds(80, 5, 32)], watch())
    assert not confirmed(changes)
    assert changes[-1].state is IncidentState.ENDED


@pytest.mark.parametrize("step", RATES)
def test_a_queue_that_moves_up_through_one_spot_is_nobody_parking(step: float) -> None:
    # A new car stops in the very same spot every two seconds.
    queue = [Actor(look, standing(KERB, look * 2.0, look * 2.0 + 1.95)) for look in range(30)]
    assert not confirmed(play(queue, seconds(50, step), watch(dwell_seconds=5)))


@pytest.mark.parametrize("step", RATES)
@pytest.mark.parametrize("speed", [2.0, 6.0])
def test_a_creeping_queue_is_motion(step: float, speed: float) -> None:
    queue = [Actor(look, driving((-100.0 * look, 75, -100.0 * look + 60, 115), (speed, 0))) for look in range(3)]
    assert not confirmed(play(queue, seconds(40, step), watch(dwell_seconds=8)))


def test_a_trembling_box_is_not_motion() -> None:
    def trembling(t: float) -> Box:
        wave = 4 * np.sin(t * 0.7)
        return KERB[0] + wave, KERB[1] - wave / 2, KERB[2] + wave, KERB[3] + wave / 2

    changes: list[Incident] = []
    camera = watch()
    for index, t in enumerate(seconds(30, 0.5)):
        picture = draw([Actor(1, standing(KERB))], t)
        changes += camera.observe(frame(picture, t, index), detect([Actor(1, trembling)], t))
    assert states(changes) == ["pending", "confirmed"]


@pytest.mark.parametrize("step", [0.2, 1.0, 4.0])
def test_a_car_hidden_for_half_a_minute_is_the_same_car(step: float) -> None:
    parked = Actor(1, standing(KERB), lambda t: None if 8 < t < 38 else 0.7)
    lorry = Actor(2, standing((75, 45, 210, 125), 8.1, 37.9), class_name="truck")
    changes = play([parked, lorry], seconds(60, step), watch(dwell_seconds=45))
    assert states(confirmed(changes)) == ["confirmed"]
    assert confirmed(changes)[0].started_pts_ns == 0
    assert confirmed(changes)[0].class_name == "car"


def test_a_car_that_the_detector_loses_in_bad_light_goes_on_standing() -> None:
    parked = Actor(1, standing(KERB), lambda t: 0.6 if t % 7 < 2 else 0.15 if t % 7 < 3 else None)
    changes = play([parked], seconds(40), watch())
    assert states(changes) == ["pending", "confirmed"]


def test_a_car_found_late_has_stood_since_its_place_looked_like_that() -> None:
    arrival = driving((-50, 75, 10, 115), (30, 0), 0, 5)
    found_late = Actor(1, lambda t: arrival(t) if t < 5 else KERB, lambda t: 0.6 if t >= 12 else None)
    changes = play([found_late], seconds(30), watch())
    assert confirmed(changes)[0].started_pts_ns / 1e9 == pytest.approx(5, abs=1)


def test_another_car_in_the_same_place_is_another_incident() -> None:
    first, second = Actor(1, standing(KERB, 0, 24.9)), Actor(2, standing(KERB, 25))
    changes = play([first, second], seconds(100), watch())
    assert len({change.incident_id for change in confirmed(changes)}) == 2
    assert confirmed(changes)[1].started_pts_ns / 1e9 == pytest.approx(25, abs=1.5)
    assert confirmed(changes)[0].track_id != confirmed(changes)[1].track_id


def test_one_lucky_look_at_something_that_never_moves_is_no_vehicle() -> None:
    kiosk = Actor(1, standing(KERB), lambda t: 0.6 if t < 3 else None)
    assert not confirmed(play([kiosk], seconds(60), watch()))


def test_a_vehicle_beside_the_zone_is_not_in_it() -> None:
    lower_edge = KERB[3] / 180
    beyond = [[0, 0], [1, 0], [1, lower_edge - 0.08], [0, lower_edge - 0.08]]
    assert play([Actor(1, standing(KERB))], seconds(30), watch(polygon=beyond)) == []


def test_a_car_whose_wheels_are_hidden_by_passers_by_has_not_left_the_kerb() -> None:
    strip = [[0, 0.55], [1, 0.55], [1, 0.8], [0, 0.8]]
    camera = watch(polygon=strip)
    car, upper = Actor(1, standing(KERB)), Actor(1, standing((KERB[0], KERB[1], KERB[2], 95.0)))
    changes: list[Incident] = []
    for index, t in enumerate(seconds(60)):
        changes += camera.observe(frame(draw([car], t), t, index), detect([upper if 30 < t < 36 else car], t))
    assert states(changes) == ["pending", "confirmed"]


@pytest.mark.parametrize(
    "box",
    [(-45.0, 75.0, 20.0, 115.0), (300.0, 75.0, 365.0, 115.0), (100.0, 165.0, 160.0, 210.0)],
    ids=["left", "right", "below"],
)
def test_a_vehicle_mostly_outside_the_picture_is_not_in_a_zone_at_its_edge(box: Box) -> None:
    assert play([Actor(1, standing(box))], seconds(30), watch()) == []


def test_a_vehicle_on_the_line_between_two_zones_is_one_incident() -> None:
    middle = (KERB[0] + KERB[2]) / 2 / 320
    left = zone([[0, 0], [middle, 0], [middle, 1], [0, 1]], "left", min_footprint=0.4)
    right = zone([[middle, 0], [1, 0], [1, 1], [middle, 1]], "right", min_footprint=0.4)
    camera = CameraWatch("cam", [left, right], CLASS_NAMES)
    changes = play([Actor(1, standing(KERB))], seconds(60, 0.5), camera)
    assert states(changes) == ["pending", "confirmed"]


def test_the_timer_does_not_run_while_the_rule_is_not_in_force() -> None:
    # The scripted street's clock starts at 2026-01-05 08:00:00 UTC.
    schedule = {"timezone": "UTC", "windows": [{"hours": "08:01-08:02"}]}
    changes = play([Actor(1, standing(KERB))], seconds(180), watch(schedule=schedule))
    assert states(changes) == ["pending", "confirmed", "ended"]
    assert changes[0].started_pts_ns == 60 * 10**9
    assert changes[1].confirmed_pts_ns == 75 * 10**9
    assert changes[2].ended_pts_ns == 119 * 10**9


def test_every_time_in_force_is_counted_by_itself() -> None:
    schedule = {"timezone": "UTC", "windows": [{"hours": ["08:00-08:01", "08:02-08:03"]}]}
    changes = play([Actor(1, standing(KERB))], seconds(170, 2), watch(schedule=schedule, dwell_seconds=40))
    assert states(changes) == ["pending", "confirmed", "ended", "pending", "confirmed"]
    assert [change.started_pts_ns // 10**9 for change in confirmed(changes)] == [0, 120]
    assert len({change.incident_id for change in changes}) == 2


def test_other_classes_and_tiny_vehicles_do_not_count() -> None:
    bicycle = Actor(1, standing(KERB), class_name="bicycle")
    far = Actor(2, standing((200, 20, 212, 29)))
    assert play([bicycle, far], seconds(30), watch()) == []
    assert states(play([bicycle], seconds(30), watch(classes=["bicycle"]))) == ["pending", "confirmed"]


def test_one_van_found_as_car_and_as_truck_is_one_incident() -> None:
    as_car = Actor(1, standing(KERB), lambda _t: 0.6)
    as_truck = Actor(1, standing((KERB[0] - 2, KERB[1] - 1, KERB[2] + 1, KERB[3] + 1)), lambda _t: 0.5, "truck")
    part = Actor(1, standing((KERB[0] + 5, KERB[1] + 15, KERB[0] + 45, KERB[3] - 1)), lambda _t: 0.4)
    camera = watch()
    changes: list[Incident] = []
    for index, t in enumerate(seconds(40)):
        picture = frame(draw([as_car], t), t, index)
        changes += camera.observe(picture, detect([as_car, as_truck, part], t))
    assert states(changes) == ["pending", "confirmed"]


def test_a_loss_of_frames_longer_than_the_gap_starts_the_time_anew() -> None:
    times = [*seconds(10), *seconds(110, start=100)]
    changes = play([Actor(1, standing(KERB))], times, watch())
    assert not confirmed(changes)
    assert states(changes) == ["pending", "ended", "pending"]
    assert changes[-1].started_pts_ns == 100 * 10**9


@pytest.mark.parametrize("first_look", [0.0, 6.0], ids=["seen to come", "there from the first look on"])
def test_a_taxi_that_comes_back_to_its_place_is_judged_by_each_stop_alone(first_look: float) -> None:
    stops = ((4.0, 14.0), (40.0, 49.0), (80.0, 120.0))
    taxi = Actor(5, lambda t: KERB if any(start <= t <= end for start, end in stops) else None)
    found = confirmed(play([taxi], seconds(140, 4, first_look), watch(gap_seconds=10)))
    assert len(found) == 1
    assert found[0].started_pts_ns / 1e9 == pytest.approx(80, abs=4)


def test_a_car_that_was_seen_once_and_is_back_was_not_there_while_its_place_showed_the_road() -> None:
    car = Actor(5, lambda t: KERB if t <= 2 or t >= 16 else None)
    found = confirmed(play([car], [2.0, 6.0, 10.0, *seconds(60, 4, 16)], watch(gap_seconds=10)))
    assert [round(each.started_pts_ns / 1e9) for each in found] == [16]


def test_the_same_frames_give_the_same_incidents() -> None:
    actors = [Actor(1, standing(KERB)), Actor(2, driving((-50, 125, 0, 160), (20, 0)))]
    first = play(actors, seconds(30), watch())
    assert first == play(actors, seconds(30), watch())
    assert first


def test_a_long_stay_keeps_a_bounded_history_with_its_first_and_last_point() -> None:
    camera = watch()
    play([Actor(1, standing(KERB))], seconds(400), camera)
    (incident,) = camera.incidents
    assert len(incident.positions) <= 64
    assert incident.positions[0].pts_ns <= 2 * 10**9
    assert incident.positions[-1].pts_ns == 400 * 10**9


def test_a_watch_takes_only_its_own_frames_and_leaves_out_late_ones() -> None:
    camera = watch()
    picture = draw([], 0.0)
    with pytest.raises(ValueError, match="'other'"):
        camera.observe(frame(picture, 0.0, camera_id="other"), detect([], 0.0))
    camera.observe(frame(picture, 2.0), detect([], 2.0))
    assert camera.observe(frame(picture, 1.0), detect([], 1.0)) == []
    assert camera.skipped_frames == 1


def test_a_class_that_the_model_does_not_know_is_refused() -> None:
    with pytest.raises(DetectorError, match=r"zone kerb, rule illegal_parking: the model has no class tram"):
        watch(classes=["car", "tram"])


@pytest.mark.parametrize(
    ("areas", "codes", "flags"),
    [
        ((), ("09009",), ("driver_unknown",)),
        (("sidewalk",), ("09009",), ("on_sidewalk", "driver_unknown")),
        (("fire_lane", "junction_50m"), ("09012", "09009"), ("on_fire_lane", "near_junction", "driver_unknown")),
        (
            ("tactile_paving", "bus_stop_30m"),
            ("09019", "09009"),
            ("on_tactile_paving", "near_bus_stop", "driver_unknown"),
        ),
    ],
)
def test_the_ground_of_a_zone_gives_codes_and_flags(
    areas: tuple[str, ...], codes: tuple[str, ...], flags: tuple[str, ...]
) -> None:
    changes = play([Actor(1, standing(KERB))], seconds(40), watch(areas=areas))
    assert {(change.codes, change.flags) for change in changes} == {(codes, flags)}


def test_exempt_classes_may_stand_and_what_is_doubtful_is_what_it_is_seen_as_most() -> None:
    bus = Actor(1, standing(KERB), class_name="bus")
    assert play([bus], seconds(40), watch(exempt_classes=["bus"])) == []
    assert "confirmed" in states(play([bus], seconds(40), watch()))
    assert "confirmed" in states(play([Actor(1, standing(KERB))], seconds(40), watch(exempt_classes=["bus"])))


def test_a_rule_that_exempts_all_its_classes_is_refused() -> None:
    with pytest.raises(ValueError, match="classes: every one of them is in exempt_classes"):
        watch(classes=["bus"], exempt_classes=["bus", "truck"])
