"""Rows of `events` from truth with noise: what rules and tracker make of it, without pictures and models."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from benchmarks.report import Figures, Sample, quantiles
from benchmarks.scoring import Found, Pair, Planted, Score, score
from datasets.scenarios.kinds import SCENARIOS
from datasets.scenarios.play import play
from datasets.scenarios.script import Scenario
from detector.incident import Incident, IncidentState

CLOSE_S = {"illegal_parking": 2.0, "street_vending": 15.0, "exposed_garbage": 15.0, "uncovered_muck_truck": 2.0}
"""How far from the truth a start or an end may be: slow kinds are looked at seldom."""
CLOSE_DWELL = 0.05
"""How far the time of a stay may be from the truth, as a part of it."""
FIRST_SEED = 44_000
"""Other seeds than those that the rules were tried on while they were written."""


@dataclass(frozen=True, slots=True)
class Played:
    """One scenario, and what was found in it."""

    scenario: Scenario
    result: Score
    looks: int
    seconds: float


def play_kind(kind: str, count: int, first_seed: int = FIRST_SEED) -> list[Played]:
    """Play `count` scenarios of a kind with truth and noise."""
    return [_played(SCENARIOS[kind](seed)) for seed in range(first_seed, first_seed + count)]


def _played(scenario: Scenario) -> Played:
    began_s = time.perf_counter()
    changes, looks = play(scenario)
    took_s = time.perf_counter() - began_s
    return Played(scenario, score(found(scenario, changes), planted(scenario)), looks, took_s)


def planted(scenario: Scenario) -> list[Planted]:
    """The true incidents, as scoring wants them."""
    return [
        Planted(*(scenario.name, true.zone, true.kind, true.from_s, true.to_s, scenario.limit_s, true.xyxy))
        for true in scenario.incidents
    ]


def found(scenario: Scenario, changes: Sequence[Incident]) -> list[Found]:
    """The confirmed incidents, each in its latest state."""
    latest = {
        change.incident_id: change
        for change in changes
        if change.state is not IncidentState.PENDING and change.confirmed_pts_ns is not None
    }
    return [_found(scenario, incident) for incident in latest.values()]


def _found(scenario: Scenario, incident: Incident) -> Found:
    confirmed_ns, ended_ns = incident.confirmed_pts_ns or 0, incident.ended_pts_ns
    ended_s = None if ended_ns is None else ended_ns / 1e9
    one = Found(
        *(scenario.name, incident.zone_id, incident.kind, incident.started_pts_ns / 1e9, confirmed_ns / 1e9),
        ended_s=ended_s,
        xyxy=incident.box_xyxy,
    )
    return replace(one, camera=scenario.name)


def figures(kind: str, played: Sequence[Played]) -> Figures:
    """The row of one kind: over all its scenarios."""
    duration_s = sum(one.scenario.duration_s for one in played)
    looks = sum(one.looks for one in played)
    row = incident_figures(kind, [one.result for one in played])
    return {"real": False, "scenarios": len(played), **row, "looks": looks, "looks_per_s": round(looks / duration_s, 3)}


def incident_figures(kind: str, scores: Sequence[Score]) -> Figures:
    """The row of whole incidents of one kind: found, missed, how close their starts, ends and lengths are."""
    pairs = [pair for one in scores for pair in one.pairs]
    expected = sum(one.expected for one in scores)
    missed = sum(len(one.missed) for one in scores)
    false_alarms = sum(one.false_alarms for one in scores)
    starts = [abs(pair.start_error_s) for pair in pairs if pair.start_error_s is not None]
    ends = [abs(pair.end_error_s) for pair in pairs if pair.end_error_s is not None]
    delays = [pair.confirm_delay_s for pair in pairs if pair.confirm_delay_s is not None]
    dwells = [error for pair in pairs if (error := _dwell_error(pair)) is not None]
    close_s = CLOSE_S[kind]
    return {
        "expected": expected,
        "found": len(pairs),
        "recall": round(1 - missed / expected, 4) if expected else None,
        "precision": round(1 - false_alarms / len(pairs), 4) if pairs else None,
        "false_alarms": false_alarms,
        "close_s": close_s,
        "starts_close": _share(starts, close_s),
        "ends_close": _share(ends, close_s),
        "start_error_s": quantiles(starts, 2),
        "end_error_s": quantiles(ends, 2),
        "confirm_delay_s": quantiles(delays, 2),
        "dwells_close": _share(dwells, CLOSE_DWELL),
        "dwells": len(dwells),
    }


def _dwell_error(pair: Pair) -> float | None:
    """How far the found time is from the true one, as a part of it; None while it went on."""
    if pair.truth is None or pair.found.ended_s is None:
        return None
    true_s = pair.truth.to_s - pair.truth.from_s
    return abs(pair.found.ended_s - pair.found.started_s - true_s) / true_s


def _share(errors: Sequence[float], limit: float) -> float | None:
    return round(sum(error <= limit for error in errors) / len(errors), 4) if errors else None


def samples(played: Sequence[Played]) -> list[Sample]:
    """What went wrong, scenario by scenario, with the stories in it."""
    rows: list[Sample] = []
    for one in played:
        about = {"scenario": one.scenario.name, "stories": list(one.scenario.stories)}
        rows += [{**about, "verdict": "missed", "from_s": round(m.from_s, 1)} for m in one.result.missed]
        wrong = [pair.found for pair in one.result.pairs if pair.truth is None]
        rows += [{**about, "verdict": "false alarm", "started_s": round(found.started_s, 1)} for found in wrong]
    return rows
