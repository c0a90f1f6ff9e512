"""What a scenario is: actors with their ways through time, zones with rules, and the incidents that are true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Xyxy = tuple[float, float, float, float]
Key = tuple[float, Xyxy]
Span = tuple[float, float]
WIDTH, HEIGHT = 320, 180
CLASS_NAMES = (
    *("person", "bicycle", "motorcycle", "tricycle", "car", "bus"),
    *("truck", "dump_truck", "garbage", "garbage_bin", "overflow", "stall"),
)
LOADS = ("empty", "covered", "partly", "uncovered", "not_visible")


@dataclass(frozen=True, slots=True)
class Actor:
    """One thing: its class, its paint (`look`), and the keys (seconds, box in pixels) of its way.

    Between two keys it moves evenly; before the first and after the last it is not there. `load` is a truck's.
    """

    label: str
    look: int
    way: tuple[Key, ...]
    load: str | None = None

    def at(self, seconds: float) -> Xyxy | None:
        """Its box at that time, unclipped, or None while it is not there."""
        if not self.way or not self.way[0][0] <= seconds <= self.way[-1][0]:
            return None
        for (before, box), (after, later) in zip(self.way, self.way[1:], strict=False):
            if seconds <= after:
                share = (seconds - before) / (after - before) if after > before else 1.0
                left, top, right, bottom = (low + share * (high - low) for low, high in zip(box, later, strict=True))
                return left, top, right, bottom
        return self.way[-1][1]

    @property
    def moves(self) -> tuple[Span, ...]:
        """When it moves, appears or goes: what makes a camera's packets large."""
        edges = ((self.way[0][0], self.way[0][0] + 0.5), (self.way[-1][0], self.way[-1][0] + 0.5))
        steps = zip(self.way, self.way[1:], strict=False)
        return (*((before, after) for (before, box), (after, later) in steps if box != later), *edges)


@dataclass(frozen=True, slots=True)
class TrueIncident:
    """A violation from `from_s` to `to_s`. `xyxy` is its box at rest, None for what never rests."""

    kind: str
    zone: str
    from_s: float
    to_s: float
    xyxy: Xyxy | None


@dataclass(frozen=True, slots=True)
class Scenario:
    """One camera's time. `dips`: spans in which light blinds the detector. `stories` names what was put in."""

    name: str
    kind: str
    seed: int
    duration_s: float
    zones: tuple[Mapping[str, Any], ...]
    actors: tuple[Actor, ...]
    incidents: tuple[TrueIncident, ...]
    limit_s: float
    dips: tuple[Span, ...] = ()
    stories: tuple[str, ...] = field(default=())

    def moves(self, seconds: float) -> bool:
        """Whether something moves at that time."""
        return any(begin <= seconds <= end for actor in self.actors for begin, end in actor.moves)

    def next_move(self, seconds: float) -> float | None:
        """When something next begins to move, after that time."""
        begins = [begin for actor in self.actors for begin, _end in actor.moves if begin > seconds]
        return min(begins, default=None)


def stay(box: Xyxy, since: float, until: float) -> tuple[Key, ...]:
    """Stands in one place."""
    return (since, box), (until, box)


def shifted(box: Xyxy, dx: float, dy: float = 0.0) -> Xyxy:
    """The box, moved."""
    return box[0] + dx, box[1] + dy, box[2] + dx, box[3] + dy


def visit(box: Xyxy, since: float, until: float, *, seconds: float = 4.0, far: float = 260.0) -> tuple[Key, ...]:
    """Comes from the left, stands from `since` to `until`, and leaves to the right."""
    coming, leaving = (since - seconds, shifted(box, -far)), (until + seconds, shifted(box, far))
    return coming, (since, box), (until, box), leaving


def zone(
    zone_id: str, left: float, right: float, rule: Mapping[str, Any], zone_class: str = "prohibited"
) -> dict[str, Any]:
    """A zone over the whole height of the picture, from `left` to `right` in 0..1."""
    polygon = [[left, 0.0], [right, 0.0], [right, 1.0], [left, 1.0]]
    return {"id": zone_id, "class": zone_class, "polygon": polygon, "rules": [dict(rule)]}


def crossing(actor: Actor, left: float, right: float, needed: float = 0.5) -> Span | None:
    """From when to when at least `needed` of an actor's width lies between two pixels, to a twentieth of a second."""
    begin, end = actor.way[0][0], actor.way[-1][0]
    times = [begin + step * 0.05 for step in range(int((end - begin) / 0.05) + 1)]
    inside = [seconds for seconds in times if _inside(actor.at(seconds), left, right) >= needed]
    return (inside[0], inside[-1]) if inside else None


def _inside(box: Xyxy | None, left: float, right: float) -> float:
    if box is None:
        return 0.0
    return max(0.0, min(box[2], right) - max(box[0], left)) / max(box[2] - box[0], 1e-9)


def merged(
    parts: Sequence[tuple[Sequence[Actor], Sequence[TrueIncident]]],
) -> tuple[tuple[Actor, ...], tuple[TrueIncident, ...]]:
    """Several stories' actors and incidents as one."""
    return tuple(a for actors, _ in parts for a in actors), tuple(i for _, incidents in parts for i in incidents)
