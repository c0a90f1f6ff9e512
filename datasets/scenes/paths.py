"""Where an actor is at every moment: smooth curves through waypoints, and ready-made ways through a street."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from datasets.scenes.spec import StreetSpec, Trip, Waypoint

Array = npt.NDArray[np.float64]
KERB_M = 0.14
WALK_M_PER_TURN = 1.44  # two steps of 0.72 m


@dataclass(frozen=True, slots=True)
class Pose:
    """An actor at a moment: metres, degrees, and the phase of its walk (None for what does not walk)."""

    x: float
    y: float
    z: float
    heading_deg: float
    phase: float | None = None


def monotone(times: Array, values: Array, at: Array) -> Array:
    """Monotone cubic interpolation (Fritsch and Carlson, 1980): no overshoot, flat where the waypoints are flat."""
    step = np.diff(times)
    slope = np.diff(values) / step
    inner = np.zeros(len(values))
    if len(slope) > 1:
        same = slope[:-1] * slope[1:] > 0
        w1, w2 = 2 * step[1:] + step[:-1], step[1:] + 2 * step[:-1]
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = (w1 + w2) / (w1 / slope[:-1] + w2 / slope[1:])
        inner[1:-1] = np.where(same, mean, 0.0)
    inner[0], inner[-1] = slope[0], slope[-1]
    k = np.clip(np.searchsorted(times, at, side="right") - 1, 0, len(slope) - 1)
    t = (at - times[k]) / step[k]
    h00, h10 = 2 * t**3 - 3 * t**2 + 1, t**3 - 2 * t**2 + t
    h01, h11 = -2 * t**3 + 3 * t**2, t**3 - t**2
    return h00 * values[k] + h10 * step[k] * inner[k] + h01 * values[k + 1] + h11 * step[k] * inner[k + 1]


def poses(trip: Trip, street: StreetSpec, times: Array) -> list[Pose | None]:
    """The trip's pose at each time (seconds), None where the actor is not there."""
    way = trip.waypoints
    t = np.array([w.t_s for w in way])
    if len(way) < 2 or (np.diff(t) <= 0).any():
        raise ValueError(f"trip of {trip.actor.id}: waypoints need rising times, got {t.tolist()}")
    x, y = np.array([w.x for w in way]), np.array([w.y for w in way])
    heading = trip.facing_deg
    found: list[Pose | None] = []
    for now in times:
        if not t[0] <= now <= t[-1]:
            found.append(None)
            continue
        near = np.clip(np.array([now - 0.04, now, now + 0.04]), t[0], t[-1])
        px, py = monotone(t, x, near), monotone(t, y, near)
        move = np.array([px[2] - px[0], py[2] - py[0]])
        if np.hypot(*move) > 0.012:
            heading = float(np.degrees(np.arctan2(move[1], move[0])))
        found.append(
            Pose(float(px[1]), float(py[1]), _height(py[1], street), heading, _phase(trip, t, x, y, float(now)))
        )
    return found


def _height(y: float, street: StreetSpec) -> float:
    return KERB_M if abs(y) > street.road_half_m else 0.0


def _phase(trip: Trip, t: Array, x: Array, y: Array, now: float) -> float | None:
    """The walk's phase in eighths of a turn, from the way walked so far; None while standing."""
    if not trip.walks:
        return None
    fine = np.linspace(t[0], now, 200)
    fx, fy = monotone(t, x, fine), monotone(t, y, fine)
    steps = np.hypot(np.diff(fx), np.diff(fy))
    if now > t[0] and steps[-1] / (fine[-1] - fine[-2]) < 0.15:
        return None
    return round(float(steps.sum()) / WALK_M_PER_TURN * 8) % 8 / 8


def through(start: Waypoint, to_x: float, speed: float) -> tuple[Waypoint, ...]:
    """Straight along the street at a steady speed (m/s)."""
    return start, Waypoint(start.t_s + abs(to_x - start.x) / speed, to_x, start.y)


@dataclass(frozen=True, slots=True)
class Halt:
    """A stop at the kerb: arrive at `x`, `y` at `from_s`, leave at `to_s`; the lane runs at `lane_y`."""

    x: float
    y: float
    lane_y: float
    from_s: float
    to_s: float


def stop_at_kerb(halt: Halt, enter_x: float, leave_x: float, speed: float = 8.0) -> tuple[Waypoint, ...]:
    """From the lane to the kerb, stand, and back into the lane: waypoints of a car that drives from `enter_x` on."""
    way = 1.0 if leave_x > enter_x else -1.0
    brake, pull, half = 14.0, 12.0, halt.lane_y + (halt.y - halt.lane_y) * 0.5
    t_brake = halt.from_s - 2 * brake / speed * 0.95
    t_enter = t_brake - abs(halt.x - way * brake - enter_x) / speed
    gone = halt.to_s + 2 * pull / speed * 1.15
    return (
        Waypoint(t_enter, enter_x, halt.lane_y),
        Waypoint(t_brake, halt.x - way * brake, halt.lane_y),
        Waypoint(t_brake + brake * 0.55 / speed, halt.x - way * brake * 0.5, half),
        Waypoint(t_brake + brake * 1.15 / speed, halt.x - way * brake * 0.12, halt.y - (halt.y - halt.lane_y) * 0.03),
        Waypoint(halt.from_s, halt.x, halt.y),
        Waypoint(halt.to_s, halt.x, halt.y),
        Waypoint(halt.to_s + pull * 0.9 / speed, halt.x + way * pull * 0.3, halt.y - (halt.y - halt.lane_y) * 0.25),
        Waypoint(gone, halt.x + way * pull, halt.lane_y),
        Waypoint(gone + abs(leave_x - halt.x - way * pull) / speed, leave_x, halt.lane_y),
    )
