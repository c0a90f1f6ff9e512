"""A live incident is told when it is confirmed, sealed and ended, and then forgotten."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from detector.incident import Incident, IncidentState
from evidence.package import SealedPackage
from streetwarden.incident_log import IncidentLine
from streetwarden.live_incidents import LiveIncidents

SECOND_NS = 1_000_000_000
CONFIRMED = Incident(
    incident_id="one",
    camera_id="north",
    zone_id="kerb",
    zone_version=1,
    zone_class="prohibited",
    zone_polygon=((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)),
    kind="illegal_parking",
    state=IncidentState.CONFIRMED,
    track_id=1,
    class_name="car",
    limit_seconds=15.0,
    started_pts_ns=2 * SECOND_NS,
    started_at_ns=0,
    confirmed_pts_ns=17 * SECOND_NS,
    confirmed_at_ns=0,
    ended_pts_ns=None,
    ended_at_ns=None,
    box_xyxy=(1.0, 2.0, 3.0, 4.0),
    score=0.5,
    frame_size_wh=(640, 360),
    positions=(),
)
PENDING = replace(CONFIRMED, state=IncidentState.PENDING, confirmed_pts_ns=None, confirmed_at_ns=None)
ENDED = replace(CONFIRMED, state=IncidentState.ENDED, ended_pts_ns=30 * SECOND_NS, ended_at_ns=0)
PACKAGE = SealedPackage("p", "one", "north", 1, Path("/packages/p"), "0" * 64, "lead", ("clock_unknown",))


def told(*, by: list[str]) -> list[IncidentLine]:
    lines: list[IncidentLine] = []
    incidents = LiveIncidents(lines.append)
    states = {"pending": PENDING, "confirmed": CONFIRMED, "ended": ENDED}
    for event in by:
        if event == "sealed":
            incidents.package_sealed(PACKAGE)
        else:
            incidents.incident_changed(states[event])
    return lines


def test_a_pending_incident_is_nobodys_business() -> None:
    assert told(by=["pending"]) == []


def test_a_confirmed_incident_is_told_before_and_after_it_is_sealed() -> None:
    assert [line.package for line in told(by=["confirmed", "sealed"])] == [None, PACKAGE]


def test_an_ended_incident_still_names_its_package() -> None:
    last = told(by=["confirmed", "sealed", "ended"])[-1].as_dict()
    assert last["state"] == "ended"
    assert last["evidence"] == "/packages/p"
    assert last["reasons"] == ["clock_unknown"]
    assert last["ended_at_s"] == 30.0


def test_a_package_that_is_sealed_after_the_end_is_told_too() -> None:
    last = told(by=["confirmed", "ended", "sealed"])[-1].as_dict()
    assert (last["state"], last["evidence"]) == ("ended", "/packages/p")


def test_times_are_seconds_of_the_streams_own_time() -> None:
    line = told(by=["confirmed"])[0].as_dict()
    assert (line["started_at_s"], line["confirmed_at_s"], line["ended_at_s"]) == (2.0, 17.0, None)


def test_a_package_of_an_unknown_incident_is_let_be() -> None:
    assert told(by=["sealed"]) == []
