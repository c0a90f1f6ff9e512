"""Show a scenario to a camera's watch, at the times that its rules ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from datasets.scenarios.noise import Noise, detect, load_scores, random_at
from datasets.scenarios.picture import draw
from datasets.scenarios.script import CLASS_NAMES, Scenario
from detector.detections import Boxes
from detector.incident import Incident
from detector.watch import CameraWatch
from detector.zones import Zone
from streams.demand import Demand
from streams.frame import Frame, Image, TimeSource

EPOCH_NS = 1_767_600_000 * 10**9
"""2026-01-05 08:00:00 UTC."""
SHORTEST_S = 0.05
KEY_SPACING_S = 2.0
"""Of a camera's key frames, as most cameras come: what a packet ring can tell of the time between two looks."""
RING_S = 60.0
LOST = 0.1
"""Share of looks that come a whole interval late: pictures are dropped by design."""


def play(scenario: Scenario, noise: Noise | None = None) -> tuple[list[Incident], int]:
    """Every change of every incident, and how many looks it took."""
    spoiled = noise or Noise()
    now = [0.0]

    def classify(_image: Image, boxes: Boxes) -> Sequence[Mapping[str, float]]:
        return load_scores(scenario, now[0], boxes, spoiled)

    def recall(after_ns: int, before_ns: int) -> list[tuple[int, Image]]:
        return [(round(at * 1e9), draw(scenario, at)) for at in key_times(scenario, after_ns, before_ns, now[0])]

    zones = [Zone.model_validate(dict(zone)) for zone in scenario.zones]
    watch = CameraWatch(scenario.name, zones, CLASS_NAMES, classify=classify, recall=recall)
    changes: list[Incident] = []
    looks = 0
    for seconds in looking_times(scenario, watch):
        now[0] = seconds
        pts_ns = round(seconds * 1e9)
        image = draw(scenario, seconds)
        frame = Frame(
            scenario.name, looks, pts_ns, EPOCH_NS + pts_ns, TimeSource.FILE, "bgr24", image, is_keyframe=True
        )
        changes += watch.observe(frame, detect(scenario, seconds, spoiled))
        looks += 1
    return changes, looks


def key_times(scenario: Scenario, after_ns: int, before_ns: int, now_s: float) -> list[float]:
    """When the camera sent key frames strictly between two moments, as far back as a ring reaches."""
    first_s = random_at(scenario, 0.0, 3).uniform(0, KEY_SPACING_S)
    count = int(scenario.duration_s / KEY_SPACING_S) + 1
    every = (first_s + KEY_SPACING_S * number for number in range(count))
    return [at for at in every if after_ns < round(at * 1e9) < before_ns and at >= now_s - RING_S]


def looking_times(scenario: Scenario, watch: CameraWatch) -> Iterator[float]:
    """When a picture is looked at: by what the watch asks for after each look, never quite regularly."""
    seconds = 0.0
    while seconds <= scenario.duration_s:
        yield seconds
        pts_ns = round(seconds * 1e9)
        demand = watch.demand(EPOCH_NS + pts_ns, pts_ns)
        if demand is None:
            return
        seconds = _next(scenario, seconds, demand)


def _next(scenario: Scenario, seconds: float, demand: Demand) -> float:
    rng = random_at(scenario, seconds, 2)
    late = rng.uniform(0.9, 1.3) * (2.0 if rng.random() < LOST else 1.0)
    if scenario.moves(seconds):
        return seconds + max(demand.active_interval_s * late, SHORTEST_S)
    rest = seconds + demand.rest_interval_s * late
    move = scenario.next_move(seconds)
    if move is None or move >= rest:
        return rest
    return max(seconds + SHORTEST_S, move - demand.look_back_s + rng.uniform(0, 0.3))
