"""What the material names of the meshes look like."""

from __future__ import annotations

from dataclasses import dataclass, replace

from datasets.scenes.spec import ActorSpec, Colour, LightSpec


@dataclass(frozen=True, slots=True)
class Look:
    """A surface: linear RGB, metalness, roughness, clear coat, grain (colour noise, 0..1) and its size in metres."""

    colour: Colour
    metallic: float = 0.0
    roughness: float = 0.7
    coat: float = 0.0
    grain: float = 0.0
    grain_m: float = 0.3
    pattern: str = ""
    glow: float = 0.0


LOOKS: dict[str, Look] = {
    "asphalt": Look((0.075, 0.076, 0.08), roughness=0.88, grain=0.35, grain_m=0.25),
    "gutter": Look((0.16, 0.155, 0.15), roughness=0.9, grain=0.4),
    "kerb": Look((0.36, 0.35, 0.33), roughness=0.85, grain=0.3),
    "paving": Look((0.27, 0.235, 0.215), roughness=0.85, grain=0.3, pattern="tiles"),
    "tactile": Look((0.42, 0.33, 0.1), roughness=0.85, grain=0.3),
    "marking": Look((0.62, 0.62, 0.6), roughness=0.7, grain=0.35, grain_m=0.5),
    "yellow": Look((0.65, 0.42, 0.05), roughness=0.7, grain=0.35, grain_m=0.5),
    "grass": Look((0.06, 0.13, 0.03), roughness=0.95, grain=0.5),
    "wall_cream": Look((0.55, 0.47, 0.35), roughness=0.9, grain=0.15, grain_m=1.5),
    "wall_brick": Look((0.28, 0.11, 0.07), roughness=0.9, grain=0.2, pattern="bricks"),
    "wall_grey": Look((0.33, 0.33, 0.34), roughness=0.9, grain=0.15, grain_m=1.5),
    "wall_white": Look((0.66, 0.65, 0.62), roughness=0.9, grain=0.12, grain_m=1.5),
    "wall_ochre": Look((0.5, 0.32, 0.14), roughness=0.9, grain=0.15, grain_m=1.5),
    "wall_teal": Look((0.2, 0.32, 0.32), roughness=0.9, grain=0.15, grain_m=1.5),
    "trim_light": Look((0.6, 0.59, 0.56), roughness=0.6),
    "trim_dark": Look((0.05, 0.05, 0.055), roughness=0.5),
    "shutter": Look((0.32, 0.34, 0.35), metallic=0.5, roughness=0.5, pattern="slats"),
    "pane": Look((0.02, 0.025, 0.03), roughness=0.06, coat=1.0),
    "pane_lit": Look((0.02, 0.025, 0.03), roughness=0.06, coat=1.0),
    "blind": Look((0.5, 0.48, 0.42), roughness=0.8),
    "sign_red": Look((0.5, 0.03, 0.03), roughness=0.4),
    "sign_blue": Look((0.03, 0.1, 0.4), roughness=0.4),
    "sign_green": Look((0.03, 0.25, 0.09), roughness=0.4),
    "sign_yellow": Look((0.6, 0.4, 0.04), roughness=0.4),
    "sign_dark": Look((0.05, 0.05, 0.06), roughness=0.4),
    "bulb": Look((0.85, 0.78, 0.6), roughness=0.3),
    "bulb_cold": Look((0.75, 0.82, 0.85), roughness=0.3),
    "bark": Look((0.1, 0.07, 0.045), roughness=0.95, grain=0.4),
    "leaf_a": Look((0.05, 0.13, 0.025), roughness=0.7),
    "leaf_b": Look((0.09, 0.18, 0.035), roughness=0.7),
    "leaf_c": Look((0.03, 0.085, 0.02), roughness=0.7),
    "pole": Look((0.3, 0.31, 0.32), metallic=0.7, roughness=0.5),
    "glass": Look((0.012, 0.015, 0.018), roughness=0.04, coat=1.0),
    "trim": Look((0.018, 0.018, 0.02), roughness=0.55),
    "seam": Look((0.01, 0.01, 0.01), roughness=0.9),
    "grille": Look((0.012, 0.012, 0.013), roughness=0.35, coat=0.5),
    "under": Look((0.006, 0.006, 0.006), roughness=0.95),
    "headlamp": Look((0.75, 0.77, 0.8), metallic=0.6, roughness=0.12, coat=1.0),
    "taillamp": Look((0.45, 0.008, 0.008), roughness=0.15, coat=1.0, glow=0.15),
    "plate": Look((0.55, 0.57, 0.6), roughness=0.5),
    "tyre": Look((0.015, 0.015, 0.016), roughness=0.9),
    "rim": Look((0.55, 0.56, 0.58), metallic=0.9, roughness=0.28),
    "hub": Look((0.05, 0.05, 0.055), metallic=0.6, roughness=0.5),
    "cargo": Look((0.62, 0.62, 0.6), roughness=0.5, grain=0.06, grain_m=1.0),
    "skin": Look((0.42, 0.24, 0.16), roughness=0.6),
    "hair": Look((0.015, 0.012, 0.01), roughness=0.6),
    "helmet": Look((0.5, 0.5, 0.52), roughness=0.2, coat=1.0),
    "shoe": Look((0.03, 0.03, 0.03), roughness=0.6),
}


_BY_NIGHT = {"headlamp": 14.0, "taillamp": 2.0, "pane_lit": 0.5, "sign_red": 0.5, "sign_blue": 0.5, "sign_yellow": 0.4}
_BY_NIGHT |= {"bulb": 22.0, "bulb_cold": 18.0}
_WET = ("asphalt", "gutter", "paving", "tactile", "marking", "yellow", "kerb")


def look_of(name: str, actor: ActorSpec | None, light: LightSpec | None = None) -> Look:
    """The look of a material; paint and clothes take the actor's colours, the ground the weather's, lamps the night's.

    `role=material` is the look of `material`; `tint:r,g,b:roughness:grain:pattern` says it all itself.
    """
    plain = name.rpartition("=")[2]
    look = _own_look(plain, actor) or _tinted(plain) or LOOKS[plain]
    if light is None:
        return look
    if light.night and plain in _BY_NIGHT:
        shine = (0.6, 0.45, 0.22) if plain == "pane_lit" else look.colour
        look = replace(look, glow=_BY_NIGHT[plain], colour=shine)
    ground = plain in _WET or name.startswith("ground=")
    return _wetted(look, light.wet) if light.wet and ground else look


def _own_look(name: str, actor: ActorSpec | None) -> Look | None:
    if actor is None:
        return None
    if name == "paint":
        return Look(actor.colour, metallic=0.25, roughness=0.32, coat=1.0)
    if name in ("shirt", "trousers"):
        return Look(actor.colour if name == "shirt" else actor.second_colour, roughness=0.9)
    if name == "box" or (name == "cargo" and actor.kind == "truck"):
        return Look(actor.second_colour, roughness=0.5, grain=0.06 if name == "cargo" else 0.16, grain_m=1.0)
    return None


def _tinted(name: str) -> Look | None:
    if not name.startswith("tint:"):
        return None
    _, colour, roughness, grain, pattern = name.split(":")
    r, g, b = (float(part) for part in colour.split(","))
    return Look((r, g, b), roughness=float(roughness), grain=float(grain), pattern=pattern)


def _wetted(look: Look, wet: float) -> Look:
    """Water makes the ground darker and smoother."""
    r, g, b = (c * (1 - 0.45 * wet) for c in look.colour)
    return replace(look, colour=(r, g, b), roughness=look.roughness * (1 - 0.8 * wet), coat=0.6 * wet)
