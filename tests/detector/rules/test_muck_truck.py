"""Uncovered muck trucks: one pass, one incident, by votes over its frames."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from detector.boxes import Box
from detector.incident import Incident
from detector.judges import Judges
from detector.rules.base import Judge
from detector.rules.load_votes import LoadVotes
from detector.seen import Seen
from detector.tracking.track import TrackView
from detector.zones import Zone
from tests.detector.rules.looks import judge, look, track
from tests.detector.scripted import EPOCH_NS, states

LOADS = ("empty", "covered", "partly", "uncovered", "not_visible")


def scores(load: str) -> dict[str, float]:
    return {name: 0.9 if name == load else 0.025 for name in LOADS}


def at(seconds: float, speed: float = 40.0) -> Box:
    return seconds * speed, 60.0, seconds * speed + 84, 112.0


def drives(
    subject: Judge,
    load: Callable[[float], str],
    until: float = 5.0,
    speed: float = 40.0,
    more: tuple[TrackView, ...] = (),
) -> list[Incident]:
    changes = []
    for number in range(int(until * 5) + 60):
        now = number * 0.2
        tracks = [track(1, "dump_truck", at(now, speed), now, since=None)] if now <= until else []
        those = [one for one in more if one.first_seen_pts_ns <= now * 1e9]
        changes += subject.observe(look(now, [*tracks, *those], {1: scores(load(now))} if tracks else {}))
    return changes


@pytest.mark.parametrize(("load", "flags"), [("uncovered", ()), ("partly", ("partly_covered",))])
def test_an_open_load_is_one_incident(load: str, flags: tuple[str, ...]) -> None:
    changes = drives(judge("uncovered_muck_truck"), lambda _t: load)
    assert states(changes) == ["pending", "confirmed", "ended"]
    assert changes[1].codes == ("08011",)
    assert changes[1].flags == flags
    assert changes[2].ended_pts_ns == 5 * 10**9


@pytest.mark.parametrize("load", ["empty", "covered", "not_visible"])
def test_a_closed_or_unseen_load_is_none(load: str) -> None:
    assert states(drives(judge("uncovered_muck_truck"), lambda _t: load)) == ["pending", "ended"]


def test_a_lucky_frame_or_two_prove_nothing() -> None:
    changes = drives(judge("uncovered_muck_truck"), lambda t: "uncovered" if t < 0.3 else "covered")
    assert states(changes) == ["pending", "ended"]


def test_a_wrong_frame_in_four_changes_nothing() -> None:
    changes = drives(judge("uncovered_muck_truck"), lambda t: "covered" if round(t * 5) % 4 == 3 else "uncovered")
    assert "confirmed" in states(changes)


def test_a_truck_that_is_not_seen_to_move_is_not_accused() -> None:
    assert "confirmed" not in states(drives(judge("uncovered_muck_truck"), lambda _t: "uncovered", 60, speed=0))


def test_half_covered_counts_only_where_the_office_says_so() -> None:
    changes = drives(judge("uncovered_muck_truck", loads=["uncovered"]), lambda _t: "partly")
    assert "confirmed" not in states(changes)


def test_a_new_id_in_mid_pass_is_the_same_pass() -> None:
    subject = judge("uncovered_muck_truck")
    changes = []
    for number in range(50):
        now = number * 0.2
        ident = 1 if now < 2 else 2
        one = track(ident, "dump_truck", at(now), now, since=None)
        changes += subject.observe(look(now, [one] if now < 2 or 2.3 < now < 5 else [], {ident: scores("uncovered")}))
    assert len({change.incident_id for change in changes}) == 1


def test_what_lies_on_the_road_behind_it_is_a_flag_apart() -> None:
    spill = track(7, "garbage", (110.0, 100.0, 124.0, 111.0), 3.5, since=3.5)
    old = track(8, "garbage", (150.0, 100.0, 164.0, 111.0), 0.0, since=0.0)
    with_spill = drives(judge("uncovered_muck_truck"), lambda _t: "uncovered", more=(spill,))
    without = drives(judge("uncovered_muck_truck"), lambda _t: "uncovered", more=(old,))
    assert with_spill[-1].flags == ("spill",)
    assert with_spill[-1].codes == ("08011", "06014")
    assert without[-1].flags == ()


def test_many_pictures_of_one_moment_are_few_votes() -> None:
    quick, slow = LoadVotes(("uncovered",)), LoadVotes(("uncovered",))
    for number in range(25):
        quick.add(round(number * 0.04e9), scores("uncovered"))
    for number in range(5):
        slow.add(round(number * 0.2e9), scores("uncovered"))
    assert quick.log_odds == pytest.approx(slow.log_odds, rel=0.25)


def polygon(left: float, right: float) -> list[list[float]]:
    return [[left, 0], [right, 0], [right, 1], [left, 1]]


@pytest.mark.parametrize("new_id", [1, 2], ids=["followed", "lost on the line"])
def test_a_pass_through_two_zones_is_one_incident(new_id: int) -> None:
    rule = {"kind": "uncovered_muck_truck"}
    halves = ((0.0, 0.5), (0.5, 1.0))
    zones = [
        Zone.model_validate(
            {
                "id": str(left),
                "class": "prohibited",
                "polygon": [[left, 0], [right, 0], [right, 1], [left, 1]],
                "rules": [rule],
            }
        )
        for left, right in halves
    ]
    judges = Judges("cam", zones)
    judges.fit((320, 180))
    changes = []
    for number in range(110):
        now = number * 0.2
        ident = 1 if now < 3 else new_id
        there = now <= 7 and not (new_id == 2 and 2.7 < now < 3.2)
        tracks = (track(ident, "dump_truck", at(now), now, since=None),) if there else ()
        seen = Seen(round(now * 1e9), EPOCH_NS, (320, 180), tracks=tracks, crop_scores={ident: scores("uncovered")})
        judges.take_time(seen.pts_ns, is_fit=True, since_pts_ns=None)
        changes += judges.judge(seen, judges.shares(tracks))
    assert len({change.incident_id for change in changes}) == 1
    assert {change.zone_id for change in changes} == {"0.0"}
    assert states(changes) == ["pending", "confirmed", "ended"]
    assert changes[-1].ended_pts_ns == 7 * 10**9


def test_a_limit_of_minutes_is_refused_in_words_and_none_is_needed() -> None:
    with pytest.raises(
        ValueError, match=r"for a pass dwell_seconds is how long .* at most 60 seconds, got 180; leave it out"
    ):
        judge("uncovered_muck_truck", dwell_seconds=180)
    judge("uncovered_muck_truck")


def test_the_next_truck_is_another_pass_though_the_first_one_still_waits_for_its_spill() -> None:
    subject = judge("uncovered_muck_truck")
    changes = []
    for number in range(130):
        now = number * 0.2
        ident, began = (1, 0.0) if now < 8 else (2, 8.0)
        there = 0 <= now - began <= 5
        one = track(ident, "dump_truck", at(now - began), now, since=None)
        changes += subject.observe(look(now, [one] if there else [], {ident: scores("uncovered")} if there else {}))
    ended = [change for change in changes if change.ended_pts_ns is not None]
    assert [round(change.ended_pts_ns / 1e9) for change in ended if change.ended_pts_ns] == [5, 13]
    assert all(change.confirmed_pts_ns for change in ended)


def test_who_turns_up_behind_a_hidden_truck_follows_it() -> None:
    subject = judge("uncovered_muck_truck")
    changes = []
    for number in range(100):
        now = number * 0.2
        first = [track(1, "dump_truck", at(now), now, since=None)] if now < 3 else []
        second = [track(2, "dump_truck", at(now - 2.5), now, since=None)] if 3.4 < now < 7.5 else []
        changes += subject.observe(look(now, [*first, *second], {1: scores("covered"), 2: scores("uncovered")}))
    (ended,) = [change for change in changes if change.ended_pts_ns is not None and change.confirmed_pts_ns is not None]
    assert ended.track_id == 2


def test_litter_that_lay_there_and_is_found_late_was_not_spilled() -> None:
    litter = replace(track(7, "garbage", (110.0, 100.0, 124.0, 111.0), 3.5), first_seen_pts_ns=round(3.5e9))
    assert drives(judge("uncovered_muck_truck"), lambda _t: "uncovered", more=(litter,))[-1].flags == ()


def test_a_truck_that_is_mostly_out_of_the_zone_has_left_it() -> None:
    subject = judge("uncovered_muck_truck")
    changes = []
    for number in range(110):
        now = number * 0.2
        one = track(1, "dump_truck", at(now), now, since=None)
        share = 1.0 if now <= 3 else 0.4
        seen = look(now, [one] if now <= 6 else [], {1: scores("uncovered")})
        there = tuple(replace(each, footprint_share=share) for each in seen.subjects)
        changes += subject.observe(replace(seen, subjects=there))
    assert changes[-1].ended_pts_ns == 3_200_000_000
