"""Rules and tracker against truth with noise: a small part of what `benchmarks events` measures, with bounds."""

from __future__ import annotations

import pytest

from benchmarks.scenarios import figures, play_kind, samples
from datasets.scenarios.kinds import SCENARIOS
from datasets.scenarios.noise import Noise, detect
from datasets.scenarios.play import play


@pytest.mark.parametrize(
    ("kind", "starts", "ends"),
    [
        ("illegal_parking", 0.95, 0.95),
        ("street_vending", 0.95, 0.9),
        ("exposed_garbage", 0.85, 0.85),
        ("uncovered_muck_truck", 0.85, 0.85),
    ],
)
def test_twelve_scenarios_of_a_kind_keep_the_committed_figures(kind: str, starts: float, ends: float) -> None:
    played = play_kind(kind, 12, first_seed=1000)
    row = figures(kind, played)
    assert row["recall"] >= 0.98, samples(played)
    assert row["precision"] >= 0.95, samples(played)
    assert row["starts_close"] >= starts
    assert row["ends_close"] >= ends


@pytest.mark.parametrize("kind", sorted(SCENARIOS))
def test_a_seed_makes_the_same_scenario_and_the_same_looks(kind: str) -> None:
    first, second = (SCENARIOS[kind](7) for _ in range(2))
    assert first == second
    assert play(first) == play(second)


def test_the_noise_is_as_large_as_it_says() -> None:
    scenario = SCENARIOS["street_vending"](6)
    stalls = [actor for actor in scenario.actors if actor.label == "stall"]
    assert stalls
    begin, end = stalls[0].way[0][0], stalls[0].way[-1][0]
    times = [begin + number * (end - begin) / 300 for number in range(1, 300)]
    clean = sum(len(detect(scenario, seconds, Noise(0, 0, 0, 0, 0, 0))) for seconds in times)
    noisy = sum(len(detect(scenario, seconds, Noise(phantoms=0))) for seconds in times)
    assert 0.6 < noisy / clean < 0.8
