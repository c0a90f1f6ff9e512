"""Every kind outlives a worker that is killed in the middle: one incident, with the same id and the same start."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.boxes import Box
from detector.incident import Incident, IncidentState
from detector.rules.base import Judge, Look, Resumable
from detector.rules.table import RULES
from tests.detector.rules.looks import S, judge, look, track

LIMIT_S, STEP_S = 60.0, 2.0
SHIFT_NS = 5000 * S
PLACE: Box = (100.0, 75.0, 160.0, 130.0)
LOADS = {"empty": 0.02, "covered": 0.02, "partly": 0.02, "uncovered": 0.9, "not_visible": 0.04}
STANDS = {
    "illegal_parking": "car",
    "street_vending": "stall",
    "exposed_garbage": "garbage",
    "abandoned_vehicle": "car",
    "overflowing_bin": "overflow",
    "blocked_tactile_paving": "bicycle",
}


def test_every_kind_can_be_resumed() -> None:
    assert {kind for kind in RULES if isinstance(made(kind), Resumable)} == set(RULES)
    assert set(STANDS) | {"uncovered_muck_truck"} == set(RULES)


def made(kind: str) -> Judge:
    return judge(kind) if kind == "uncovered_muck_truck" else judge(kind, dwell_seconds=LIMIT_S)


def standing(kind: str, now: float, shift_ns: int, unfit: list[tuple[float, float]]) -> Look:
    """The thing in its place since 0 with a customer at it, on a timeline that is ahead."""
    since_s = shift_ns / S
    there = track(1, STANDS[kind], PLACE, since_s + now, since=since_s)
    customer = track(2, "person", (165.0, 80.0, 180.0, 130.0), since_s + now, since=since_s)
    return look(since_s + now, [there, customer], unfit=unfit)


def passing(now: float, shift_ns: int, unfit: list[tuple[float, float]], track_id: int) -> Look:
    """A truck with an open load that drives by; every picture shows it."""
    box = 20 + 30 * now, 60.0, 104 + 30 * now, 112.0
    truck = track(track_id, "dump_truck", box, now + shift_ns / S, since=None)
    return look(now + shift_ns / S, [truck], {track_id: LOADS}, unfit=unfit)


def moved(subject: Judge, kind: str) -> Judge:
    """The judge of a new life, with what the old one wrote."""
    assert isinstance(subject, Resumable)
    written: dict[str, Any] = json.loads(json.dumps(subject.snapshot()))
    fresh = made(kind)
    assert isinstance(fresh, Resumable)
    fresh.restore(written, SHIFT_NS)
    return fresh


@pytest.mark.parametrize("kind", sorted(STANDS))
@settings(max_examples=12, deadline=None)
@given(kill=st.integers(1, 55), away=st.floats(0.5, 600))
def test_a_kill_at_any_time_of_a_stay_gives_one_incident(kind: str, kill: int, away: float) -> None:
    subject, changes, shift_ns, gone_s = made(kind), list[Incident](), 0, 0.0
    unfit: list[tuple[float, float]] = []
    for number in range(60):
        if number == kill:
            subject, shift_ns, gone_s = moved(subject, kind), SHIFT_NS, away
            last_s = SHIFT_NS / S + (number - 1) * STEP_S
            unfit = [(last_s, last_s + STEP_S + away)]
        changes += subject.observe(standing(kind, number * STEP_S + gone_s, shift_ns, unfit))
    assert len({change.incident_id for change in changes}) == 1
    assert [change.state for change in changes].count(IncidentState.CONFIRMED) == 1
    starts = {change.started_pts_ns % SHIFT_NS for change in changes}
    assert len(starts) == 1


@settings(max_examples=12, deadline=None)
@given(kill=st.integers(3, 20), away=st.floats(0.3, 3))
def test_a_kill_in_the_middle_of_a_pass_gives_one_incident(kill: int, away: float) -> None:
    kind = "uncovered_muck_truck"
    subject, changes, shift_ns, gone_s = made(kind), list[Incident](), 0, 0.0
    unfit: list[tuple[float, float]] = []
    for number in range(26):
        now = number * 0.2 + gone_s
        if number == kill:
            subject, shift_ns, gone_s = moved(subject, kind), SHIFT_NS, away
            unfit = [(SHIFT_NS / S + now - 0.2, SHIFT_NS / S + now + away)]
            now += away
        changes += subject.observe(passing(now, shift_ns, unfit, 1 if number < kill else 2))
    assert len({change.incident_id for change in changes}) == 1
    assert IncidentState.CONFIRMED in {change.state for change in changes}
    assert len({change.started_pts_ns % SHIFT_NS for change in changes}) == 1


@pytest.mark.parametrize("kind", sorted(RULES))
def test_a_state_that_is_none_is_refused(kind: str) -> None:
    subject = made(kind)
    assert isinstance(subject, Resumable)
    with pytest.raises(ValueError, match="validation error"):
        subject.restore({"passes": 7, "spots": 7, "stays": 7}, 0)
    assert subject.open_incidents == ()
