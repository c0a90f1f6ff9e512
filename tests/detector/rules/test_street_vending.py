"""Street vending: a stall or cart with people at it, where and when it is not permitted."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from detector.boxes import Box
from detector.incident import Incident
from detector.rules.base import Judge
from tests.detector.rules.looks import judge, look, track
from tests.detector.scripted import states

STALL: Box = (100.0, 96.0, 150.0, 132.0)
VENDOR: Box = (150.0, 90.0, 164.0, 132.0)
CUSTOMER: Box = (110.0, 98.0, 124.0, 140.0)
FAR: Box = (230.0, 98.0, 244.0, 140.0)


def watched(
    subject: Judge, until: float, people: Sequence[Box] = (VENDOR,), name: str = "stall", gone: float = 1e9
) -> list[Incident]:
    changes = []
    for now in range(0, int(until) + 1, 5):
        at = [track(1, name, STALL, now)] if now <= gone else []
        those = [track(10 + number, "person", box, now, since=None) for number, box in enumerate(people)]
        changes += subject.observe(look(now, [*at, *those]))
    return changes


def test_a_stall_with_its_vendor_beyond_the_limit() -> None:
    changes = watched(judge("street_vending", dwell_seconds=120), 400, gone=200)
    assert states(changes) == ["pending", "confirmed", "ended"]
    assert changes[2].ended_pts_ns == 200 * 10**9


@pytest.mark.parametrize(
    ("name", "people"),
    [("stall", []), ("stall", [FAR]), ("tricycle", []), ("tricycle", [VENDOR])],
    ids=["stall alone", "people elsewhere", "tricycle alone", "rider alone"],
)
def test_without_people_at_it_it_is_no_vending(name: str, people: list[Box]) -> None:
    assert states(watched(judge("street_vending", dwell_seconds=120), 600, people, name)) == ["pending"]


def test_people_without_a_stall_are_nothing() -> None:
    assert watched(judge("street_vending", dwell_seconds=120), 600, [VENDOR, CUSTOMER], gone=-1) == []


def test_who_walks_past_is_not_at_it() -> None:
    subject = judge("street_vending", dwell_seconds=60)
    changes = []
    for now in range(0, 200, 4):
        changes += subject.observe(look(now, [track(1, "stall", STALL, now), track(now, "person", CUSTOMER, now)]))
    assert states(changes) == ["pending"]


@pytest.mark.parametrize(("since", "violates"), [(-60.0, False), (0.0, True)], ids=["a cone", "a vendor who sits"])
def test_what_stood_there_before_the_stall_came_and_never_stirs_is_nobody(since: float, violates: bool) -> None:
    subject = judge("street_vending", dwell_seconds=60)
    changes = []
    for now in range(0, 200, 4):
        people = [track(7, "person", VENDOR, now, since=since)]
        changes += subject.observe(look(now, [track(1, "stall", STALL, now), *people]))
    assert ("confirmed" in states(changes)) is violates


@pytest.mark.parametrize(
    ("name", "areas", "codes"),
    [
        ("stall", [], ("09001",)),
        ("stall", ["sidewalk"], ("09006", "09001")),
        ("stall", ["shop_line", "sidewalk"], ("09005",)),
        ("tricycle", ["roadway"], ("09001",)),
        ("tricycle", ["shop_line"], ("09001",)),
    ],
)
def test_ground_and_mobility_make_the_code(name: str, areas: list[str], codes: tuple[str, ...]) -> None:
    changes = watched(judge("street_vending", dwell_seconds=60, areas=areas), 200, [VENDOR, CUSTOMER], name)
    assert changes[-1].codes == codes


PLACE = [[0.25, 0.4], [0.55, 0.4], [0.55, 0.9], [0.25, 0.9]]
# The looks' clock starts at 2026-01-05 08:00:00 UTC.
OPEN, SHUT = ({"timezone": "UTC", "windows": [{"hours": hours}]} for hours in ("07:00-12:00", "13:00-18:00"))


@pytest.mark.parametrize(
    ("zone_class", "rule", "violates"),
    [
        ("guided", {}, False),
        ("guided", {"permitted": OPEN}, False),
        ("guided", {"permitted": SHUT}, True),
        ("guided", {"permits": [{"id": "P1", "polygon": PLACE}]}, False),
        ("guided", {"permits": [{"id": "P1", "polygon": [[x + 0.4, y] for x, y in PLACE]}]}, True),
        ("restricted", {}, True),
        ("restricted", {"permits": [{"id": "P1", "polygon": PLACE, "schedule": OPEN}]}, False),
        ("restricted", {"permits": [{"id": "P1", "polygon": PLACE, "schedule": SHUT}]}, True),
        ("prohibited", {"permits": [{"id": "P1", "polygon": PLACE}]}, True),
    ],
)
def test_zone_class_hours_and_permits(zone_class: str, rule: dict[str, object], violates: bool) -> None:
    changes = watched(judge("street_vending", zone_class, dwell_seconds=60, **rule), 200)
    assert ("confirmed" in states(changes)) is violates


def test_permitted_hours_are_of_the_rules_own_time_zone() -> None:
    hours = {"windows": [{"hours": "07:00-12:00"}]}
    shanghai = judge("street_vending", "guided", dwell_seconds=60, permitted=hours)
    local = judge("street_vending", "guided", dwell_seconds=60, permitted=hours, schedule={"timezone": "UTC"})
    assert "confirmed" in states(watched(shanghai, 200))
    assert watched(local, 200) == []


def test_a_stall_that_stays_after_hours_violates_from_the_end_of_the_hours_on() -> None:
    hours = {"timezone": "UTC", "windows": [{"hours": "07:00-08:05"}]}  # the looks begin at 08:00
    changes = watched(judge("street_vending", "guided", dwell_seconds=120, permitted=hours), 500)
    assert states(changes) == ["pending", "confirmed"]
    assert 295 <= changes[1].started_pts_ns / 1e9 <= 300
    assert (changes[1].confirmed_pts_ns or 0) >= changes[1].started_pts_ns + 120 * 10**9
