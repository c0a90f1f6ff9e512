"""The arithmetic between raw samples and figures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.drill import BLIND, SEALING, DrillPlan, draw_moments
from benchmarks.loop import stages_of
from benchmarks.peers import agreement
from benchmarks.probes import Span, Spans, probed
from benchmarks.report import Sample
from benchmarks.scaling import figures_of as scaling_figures
from benchmarks.scaling import line_through, on_paper
from benchmarks.soak import figures_of as soak_figures
from detector.detections import Detections


def test_the_seed_draws_the_kills() -> None:
    plan = DrillPlan((), cameras=1, kills=200, seed=1, longest_life_s=10.0, longest_down_s=1.0)
    moments = draw_moments(plan)
    assert moments == draw_moments(plan)
    assert moments != draw_moments(replace(plan, seed=2))
    assert {moment.victim for moment in moments} == {"api", "worker"}
    assert {moment.victim for moment in moments if moment.aim == SEALING} == {"worker"}
    assert all(moment.life_s <= 10.0 and moment.late_s == 0.0 for moment in moments if moment.aim == BLIND)


def test_the_stages_of_a_look_add_up_to_it() -> None:
    spans = [
        Span("session", 1.1, 1.5),
        Span("detect", 1.0, 1.6),
        Span("watch", 1.6, 1.7),
        Span("watch", 1.8, 1.9),
        Span("record", 1.7, 1.75),
    ]
    stages = stages_of(1.0, spans)
    assert stages["session"] == pytest.approx(0.4)
    assert stages["around_session"] == pytest.approx(0.2)
    assert stages["watch"] == pytest.approx(0.2)
    assert sum(seconds for stage, seconds in stages.items() if stage != "look") == pytest.approx(stages["look"])


def test_a_probe_times_a_method_and_leaves_it_as_it_was() -> None:
    class Door:
        def knock(self, times: int) -> int:
            return times

    original, spans, heard = Door.knock, Spans(), []
    spans.on_call = lambda stage, arguments: heard.append((stage, arguments[1]))
    with probed(spans, {"knock": (Door, "knock")}):
        assert Door().knock(3) == 3
    assert Door.knock is original
    assert heard == [("knock", 3)]
    assert [span.stage for span in spans.take()] == ["knock"]
    assert spans.take() == []


def test_a_line_through_points() -> None:
    assert line_through([(1, 3.0), (2, 5.0), (4, 9.0)]) == pytest.approx((1.0, 2.0))
    assert line_through([(4, 2.0)]) == (0.0, 0.5)


def test_a_city_on_paper_is_the_line_prolonged() -> None:
    city = on_paper(10_000, (1.0, 0.01), (200.0, 20.0))
    assert (city["cores"], city["memory_gb"], city["network_gbit_s"]) == (101, 200.2, 20.0)


def test_cost_is_compared_per_camera() -> None:
    row: Sample = {"held": True, "cores_simulator": 0.1, "analysed_per_s": 1.0}
    samples = [
        {**row, "cameras": 1, "cores_worker": 0.2, "memory_mb": 220.0},
        {**row, "cameras": 4, "cores_worker": 0.4, "memory_mb": 280.0},
    ]
    figures = scaling_figures(samples)
    assert figures["cost_ratio_last_to_first"] == 0.5
    assert (figures["fixed_memory_mb"], figures["memory_mb_per_camera"]) == (200.0, 20.0)


def test_a_soak_compares_its_end_with_its_beginning() -> None:
    samples: list[Sample] = [
        {"at_s": 60.0 * turn, "memory_mb": 200.0 + turn, "threads": 10, "files": 20 + turn, "frames_analysed": turn}
        for turn in range(8)
    ]
    figures = soak_figures(samples)
    assert figures["memory_growth_percent"] == pytest.approx(100 * 4 / 202.5, abs=0.01)
    assert (figures["threads_grown"], figures["files_grown"]) == (0, 3)
    assert soak_figures(samples[:3])["memory_growth_percent"] is None


def boxes(*rows: tuple[float, float, float, float], score: float = 0.8) -> Detections:
    xyxy = np.array(rows, np.float32).reshape(-1, 4)
    return Detections.untracked(xyxy, np.full(len(rows), score, np.float32), np.zeros(len(rows), np.int64))


def test_agreement_is_the_share_of_boxes_that_both_have() -> None:
    one, other = (0.0, 0.0, 100.0, 100.0), (300.0, 0.0, 400.0, 100.0)
    assert agreement(boxes(one, other), boxes(other, one)) == 1.0
    assert agreement(boxes(one, other), boxes(one)) == pytest.approx(2 / 3)
    assert agreement(boxes(one), boxes(one, score=0.7)) == 0.0
    assert agreement(boxes(one), boxes()) == 0.0
    assert agreement(boxes(), boxes()) == 1.0
