"""Any number of clips with incidents and truth, by kind and seed, and the way to read a folder of them back.

A folder holds `KIND/NAME.mp4`, `KIND/NAME.json` (the truth) and `KIND/cameras.yaml` (one camera for each clip, with the
limits that fit the clips' compressed time).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from datasets.scenes import places, scenery, story_garbage, story_parking, story_trucks, story_vending
from datasets.scenes.camera import ground_polygon
from datasets.scenes.errors import SceneError
from datasets.scenes.places import Place
from datasets.scenes.spec import ClipSpec, SceneSpec
from datasets.scenes.truth import TrueIncident, Truth

CAMERAS_FILE = "cameras.yaml"
# Words of the command line for the kinds, and where their stories are told.
KIND_OF_WORD = {
    "parking": story_parking.KIND,
    "vending": story_vending.KIND,
    "garbage": story_garbage.KIND,
    "trucks": story_trucks.KIND,
}
Story = Callable[[Place, int, str], ClipSpec]
STORIES: Mapping[str, Story] = {
    story_parking.KIND: story_parking.story,
    story_vending.KIND: story_vending.story,
    story_garbage.KIND: story_garbage.story,
    story_trucks.KIND: story_trucks.story,
}
# Minutes are seconds in these clips, and so are the limits of the rules that watch them.
RULES: Mapping[str, Mapping[str, Any]] = {
    story_parking.KIND: {"dwell_seconds": story_parking.DWELL_S},
    story_vending.KIND: {"dwell_seconds": story_vending.DWELL_S, "gap_seconds": 15, "clear_seconds": 6},
    story_garbage.KIND: {"dwell_seconds": story_garbage.DWELL_S, "gap_seconds": 15, "clear_seconds": 6},
    story_trucks.KIND: {},
}
SIZE_WH = (640, 360)


@dataclass(frozen=True, slots=True)
class GeneratedClip:
    """A clip on disk: its video, its truth, and its camera as an entry of a cameras file (`url` is absolute)."""

    kind: str
    path: Path
    truth: Truth
    camera: Mapping[str, Any]

    @property
    def incidents(self) -> tuple[TrueIncident, ...]:
        """What truly happens in it; empty in every fourth clip."""
        return self.truth.incidents


def generated_clip(kind: str, seed: int, size_wh: tuple[int, int] = SIZE_WH) -> ClipSpec:
    """The clip of a kind and a seed. Raises SceneError for a kind that has no story."""
    if kind not in STORIES:
        raise SceneError(f"no clips of kind {kind!r}; there are {', '.join(STORIES)}")
    spec = STORIES[kind](places.place(kind, seed, size_wh), seed, f"{kind.replace('_', '-')}-{seed:06d}")
    night = spec.scene.light.night > 0
    small = size_wh[0] < 1000
    return replace(spec, tolerance=2.0, noise=2.4 if night else 1.0, crf=28.0 if small else 32.0)


BANK_PLACES = {story_parking.KIND: 4, story_vending.KIND: 4, story_garbage.KIND: 4, story_trucks.KIND: 4}
# Pictures a second, and from one key frame to the next: two seconds where starts and ends are wanted within 15.
BANK_RHYTHM = {
    story_parking.KIND: (2.0, 2),
    story_vending.KIND: (2.0, 4),
    story_garbage.KIND: (2.0, 4),
    story_trucks.KIND: (8.0, 8),
}
BANK_TURNS = 6  # how many sets of things that stand still a place has: stalls, heaps, bins
BANK_SEEDS = range(200_000, 300_000)
"""Clips from a bank. Their places are none of those that any other clip or still shows; nothing may learn from them."""
_FIRST_BANK_PLACE = 50_000_000


def bank_clip(kind: str, seed: int, size_wh: tuple[int, int] = SIZE_WH) -> tuple[ClipSpec, SceneSpec]:
    """A clip whose cut-outs come from a bank, and the scene that its bank renders: the same but for the weather.

    Raises SceneError for a kind that has no story, and for a seed that belongs to other clips.
    """
    if kind not in STORIES or seed not in BANK_SEEDS:
        raise SceneError(
            f"no clip of a bank for {kind!r} and seed {seed}: seeds are {BANK_SEEDS[0]} to {BANK_SEEDS[-1]}"
        )
    again, number = divmod(seed // places.SEEDS_PER_PLACE, BANK_PLACES[kind])
    here = replace(
        places.place(kind, _FIRST_BANK_PLACE + number * places.SEEDS_PER_PLACE, size_wh), turn=again % BANK_TURNS
    )
    clip = STORIES[kind](here, seed, f"{kind.replace('_', '-')}-{seed:06d}")
    rng = here.rng(seed, 23)
    fps, gop = BANK_RHYTHM[kind]
    light = scenery.other_weather(rng, here.scene.light)
    noise = float(rng.uniform(0.6, 1.8)) * (2.0 if light.night else 1.0)
    shown = replace(clip, scene=replace(here.scene, light=light), fps=fps, gop=gop, noise=noise, crf=27.0)
    return shown, here.scene


# The clips of the demo beside the four of illegal parking: name, kind and seed.
SHOWN = (
    ("vendor-corner", story_vending.KIND, 0),
    ("bag-lane", story_garbage.KIND, 4),
    ("haul-road", story_trucks.KIND, 1),
)
SHOWN_CRF = 32.0  # they lie in the repository


def shown_clips() -> tuple[tuple[str, ClipSpec], ...]:
    """(kind, clip) of the demo's further cameras, one for each kind but parking."""
    made = ((kind, name, generated_clip(kind, seed)) for name, kind, seed in SHOWN)
    return tuple((kind, replace(clip, name=name, crf=SHOWN_CRF, noise=0.8)) for kind, name, clip in made)


def camera_entry(clip: ClipSpec, kind: str) -> dict[str, Any]:
    """The clip's camera for a cameras file; `url` is relative to that file."""
    polygon = [[round(float(x), 4), round(float(y), 4)] for x, y in ground_polygon(clip.scene.camera, clip.zone)]
    rule = {"kind": kind, **RULES[kind]}
    zone = {"id": clip.zone_id, "class": "prohibited", "polygon": polygon, "rules": [rule]}
    return {"id": clip.name, "url": f"{clip.name}.mp4", "zones": [zone]}


def write_cameras(entries: Sequence[Mapping[str, Any]], path: Path, head: str = "") -> None:
    """Write a cameras file whole or not at all."""
    fresh = path.with_suffix(".part")
    plain = {"cameras": [dict(entry) for entry in entries]}
    fresh.write_text(head + yaml.safe_dump(plain, sort_keys=False, default_flow_style=None, width=110), "utf-8")
    fresh.replace(path)


def read_generated(folder: Path) -> tuple[GeneratedClip, ...]:
    """All clips below a folder that `clips --kind` wrote, by kind and name. Raises SceneError when there are none."""
    found = [clip for kind in STORIES for clip in _read_kind(folder / kind, kind)]
    if not found:
        raise SceneError(
            f"{folder}: no generated clips; make some with "
            "`python -m datasets.scenes clips --kind KIND --seeds A..B --out DIR`"
        )
    return tuple(found)


def read_cameras(path: Path) -> list[dict[str, Any]]:
    """The entries of a cameras file that `write_cameras` wrote; none when there is no such file."""
    if not path.is_file():
        return []
    try:
        return [dict(entry) for entry in yaml.safe_load(path.read_text("utf-8"))["cameras"]]
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise SceneError(f"{path}: no cameras file: {error}") from error


def _read_kind(folder: Path, kind: str) -> list[GeneratedClip]:
    return [_read_clip(folder, kind, entry) for entry in read_cameras(folder / CAMERAS_FILE)]


def _read_clip(folder: Path, kind: str, entry: Mapping[str, Any]) -> GeneratedClip:
    path = (folder / entry["url"]).resolve()
    if not path.is_file():
        raise SceneError(f"{path}: no such clip, but {folder / CAMERAS_FILE} lists it")
    return GeneratedClip(kind, path, Truth.read(path.with_suffix(".json")), {**entry, "url": str(path)})
