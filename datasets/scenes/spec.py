"""What a scene is: frozen values that say everything, so that the same spec gives the same pictures."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

Colour = tuple[float, float, float]  # linear RGB, 0..1

CLASSES = (
    "person",
    "bicycle",
    "motorcycle",
    "tricycle",
    "car",
    "bus",
    "truck",
    "dump_truck",
    "garbage",
    "garbage_bin",
    "overflow",
    "stall",
)
# An empty class: something that stands in the picture and is nothing to find, or only its parts are.
CLASS_OF_KIND = {
    "sedan": "car",
    "hatchback": "car",
    "suv": "car",
    "van": "car",
    "bus": "bus",
    "truck": "truck",
    "plain_truck": "truck",
    "dump_truck": "dump_truck",
    "bicycle": "bicycle",
    "motorcycle": "motorcycle",
    "tricycle": "tricycle",
    "person": "person",
    "figure": "person",
    "stall": "stall",
    "bags": "garbage",
    "heap": "garbage",
    "litter": "garbage",
    "cartons": "garbage",
    "rubble": "garbage",
    "trail": "garbage",
    "bin": "garbage_bin",
    "bin_row": "",
    "thing": "",
}


@dataclass(frozen=True, slots=True)
class CameraSpec:
    """A pinhole camera: metres, degrees, pixels."""

    position: tuple[float, float, float]
    target: tuple[float, float, float]
    hfov_deg: float = 60.0
    width: int = 1280
    height: int = 720


@dataclass(frozen=True, slots=True)
class LightSpec:
    """Sun, sky, lamps and weather. `sun` 1 is a clear day, 0 an overcast one; `warmth` shifts the white balance."""

    elevation_deg: float = 42.0
    azimuth_deg: float = 60.0
    sun: float = 1.0
    warmth: float = 0.0
    brightness: float = 1.0
    night: float = 0.0  # 0 day; above it the light of street lamps, 1 as usual
    wet: float = 0.0  # 0 dry, 1 a film of water on the road
    haze_m: float = 0.0  # how far one sees in haze, metres; 0 is clear air
    rain: float = 0.0  # 0 none, 1 a downpour


@dataclass(frozen=True, slots=True)
class StreetSpec:
    """A straight street along x. `trees` and `lamps` are (x, y) in metres; `crossing_x` the middle of a zebra."""

    seed: int = 0
    road_half_m: float = 5.6
    pavement_m: float = 4.0
    reach_m: float = 75.0
    trees: tuple[tuple[float, float], ...] = ()
    lamps: tuple[tuple[float, float], ...] = ()
    crossing_x: float | None = None
    no_stopping: tuple[float, float, float] | None = None  # from x, to x, side (+1 far, -1 near): a yellow line
    greenery: bool = False
    road: str = "asphalt"  # the materials of the ground
    paving: str = "paving"
    hoarding: str = ""  # the material of a building site's fence in place of the far side's houses


@dataclass(frozen=True, slots=True)
class ActorSpec:
    """Somebody or something on the street."""

    id: str
    kind: str
    colour: Colour = (0.6, 0.6, 0.6)
    second_colour: Colour = (0.05, 0.06, 0.1)
    scale: float = 1.0
    variant: int = 0  # the seed of its shape, where the kind has many
    state: str = ""  # what the kind's maker knows: a load, a bin's fill, a stall's style

    @property
    def label(self) -> str:
        """The class name that a detector should give; empty when only its parts, or nothing, should be found."""
        if self.kind == "bin" and self.state == "overflow":
            return "overflow"
        return CLASS_OF_KIND[self.kind]


@dataclass(frozen=True, slots=True)
class Placed:
    """An actor that never moves."""

    actor: ActorSpec
    x: float
    y: float
    heading_deg: float = 0.0
    z: float = 0.0


@dataclass(frozen=True, slots=True)
class Waypoint:
    """Where an actor is at a time of the clip."""

    t_s: float
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Trip:
    """An actor's way through the clip: it is there from the first waypoint to the last."""

    actor: ActorSpec
    waypoints: tuple[Waypoint, ...]
    facing_deg: float = 0.0  # the heading while it stands before it ever moved
    walks: bool = False


@dataclass(frozen=True, slots=True)
class Stay:
    """An incident's truth: the actor is where, or as, it must not be, from `from_s` to `to_s` of the clip.

    `detail` says what the kind alone does not: a load's state, `spilling`, the style of a stall.
    """

    actor_id: str
    from_s: float
    to_s: float
    kind: str = "illegal_parking"
    detail: str = ""


@dataclass(frozen=True, slots=True)
class SceneSpec:
    """The part of a clip that one background picture shows."""

    camera: CameraSpec
    light: LightSpec
    street: StreetSpec
    parked: tuple[Placed, ...] = ()


@dataclass(frozen=True, slots=True)
class ClipSpec:
    """A whole clip. One that `loops` is at its end as at its start: who leaves at the end comes in at the start.

    `tolerance` stretches how far a cut-out may be carried before a new one is rendered: 1 for what people look at.
    """

    name: str
    scene: SceneSpec
    trips: tuple[Trip, ...]
    duration_s: float = 48.0
    fps: float = 12.5
    gop: int = 20
    seed: int = 0
    stays: tuple[Stay, ...] = ()
    zone: tuple[tuple[float, float], ...] = ()  # ground polygon, metres
    zone_id: str = "kerb"
    noise: float = 1.2
    crf: float = 27.0
    notes: str = ""
    loops: bool = True
    tolerance: float = 1.0

    @property
    def frames(self) -> int:
        """How many pictures the clip has."""
        return round(self.duration_s * self.fps)


def fingerprint(*parts: Any) -> str:
    """A short hash of specs: the key under which renders are kept."""
    plain = [asdict(p) if hasattr(p, "__dataclass_fields__") else p for p in parts]
    return hashlib.sha256(json.dumps(plain, sort_keys=True, default=float).encode()).hexdigest()[:16]
