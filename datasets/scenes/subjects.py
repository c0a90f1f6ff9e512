"""What a set of training stills is about: its kinds of streets, who stands in them, and by which light."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from datasets.scenes import scenery, stalls
from datasets.scenes.shapes import Rng
from datasets.scenes.spec import ActorSpec, LightSpec, SceneSpec

PLACES = 10_000  # places of a seed, at most
_FIRST_PLACE = 2_000_000_000  # far from the numbers of clips' places
Shares = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Subject:
    """`themes` of `scenery`, `kinds` of actors and `states` of bins by their shares; `night` is the share of nights."""

    name: str
    number: int
    themes: Shares
    kinds: Shares
    night: float = 0.25
    bins: Shares = field(default_factory=lambda: {"closed": 0.34, "open": 0.1, "full": 0.24, "overflow": 0.32})


_TRAFFIC = {"sedan": 0.05, "hatchback": 0.04, "suv": 0.04, "van": 0.05, "motorcycle": 0.05, "bicycle": 0.05}
_WALKERS = {"figure": 0.13, "person": 0.04}
SUBJECTS: Mapping[str, Subject] = {
    subject.name: subject
    for subject in (
        Subject(
            "vending",
            1,
            {"watch": 0.4, "street": 0.15, "alley": 0.12, "market": 0.15, "close": 0.18},
            _TRAFFIC
            | _WALKERS
            | {"stall": 0.42, "tricycle": 0.1, "thing": 0.08, "bus": 0.01, "cartons": 0.015, "bin": 0.03},
            night=0.4,
        ),
        Subject(
            "muck",
            2,
            {"watch": 0.35, "street": 0.2, "site": 0.2, "gantry": 0.25},
            _TRAFFIC
            | {"dump_truck": 0.42, "plain_truck": 0.14, "truck": 0.06, "bus": 0.05, "figure": 0.04}
            | {"tricycle": 0.04, "rubble": 0.03, "trail": 0.02, "thing": 0.03},
        ),
        Subject(
            "garbage",
            3,
            {"watch": 0.35, "street": 0.15, "alley": 0.2, "close": 0.3},
            _TRAFFIC
            | _WALKERS
            | {"bags": 0.13, "heap": 0.12, "litter": 0.04, "cartons": 0.05, "rubble": 0.04}
            | {"bin": 0.24, "bin_row": 0.08, "thing": 0.12, "tricycle": 0.06, "stall": 0.03},
        ),
        Subject(
            "plain",
            4,
            {"watch": 0.3, "street": 0.25, "alley": 0.15, "market": 0.1, "close": 0.2},
            {key: 2 * share for key, share in (_TRAFFIC | _WALKERS).items()}
            | {"thing": 0.5, "bus": 0.06, "truck": 0.03, "plain_truck": 0.05, "tricycle": 0.1},
            night=0.3,
        ),
    )
}


def place_seed(subject: Subject, seed: int, number: int) -> int:
    """The seed of a place: no two subjects, and no clip, share one."""
    return _FIRST_PLACE + (seed * PLACES + number) * 10 + subject.number


def scene(subject: Subject, seed: int) -> tuple[SceneSpec, str]:
    """A street of the subject and the name of its theme."""
    rng = np.random.default_rng([seed, 29])
    theme = _choice(rng, subject.themes)
    plain = scenery.random_scene(seed, theme)
    return replace(plain, light=_light(rng, subject)), theme


def _light(rng: Rng, subject: Subject) -> LightSpec:
    """Night as often as the subject wants; one day in five is a dawn or dusk."""
    night = bool(rng.random() < subject.night)
    light = next(light for light in iter(lambda: scenery.random_light(rng), None) if bool(light.night) == night)
    if night or rng.random() > 0.2:
        return light
    low = float(rng.uniform(1.0, 9.0))
    return replace(
        light, elevation_deg=low, warmth=float(rng.uniform(0.1, 0.5)), brightness=float(rng.uniform(0.35, 0.8))
    )


def fitted(rng: Rng, subject: Subject, actor: ActorSpec, light: LightSpec) -> ActorSpec:
    """The actor with a state that the subject wants."""
    if actor.kind == "stall":
        return replace(actor, state=_stall_state(rng, light))
    if actor.kind == "bin":
        return replace(actor, state=_choice(rng, subject.bins))
    if actor.kind == "thing" and rng.random() < 0.6:
        return replace(actor, state="alike")
    return actor


def _stall_state(rng: Rng, light: LightSpec) -> str:
    """Every other stall is of the usual styles; most are lit by night and have people."""
    styles = sorted(stalls.USUAL if rng.random() < 0.55 else stalls.STYLES)
    style = str(rng.choice(styles))
    lit = stalls.LAMPS if light.night and rng.random() < 0.55 else ""
    people = "" if rng.random() < 0.35 else f"+{int(rng.integers(1, 5))}"
    return f"{style}{lit}{people}"


def _choice(rng: Rng, shares: Shares) -> str:
    names = list(shares)
    weights = np.array([shares[name] for name in names])
    return str(rng.choice(names, p=weights / weights.sum()))
