"""The street model's classes and where they come from in COCO's list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

STREET_CLASSES = (
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

COCO_IDS: Mapping[str, int] = {"person": 0, "bicycle": 1, "car": 2, "motorcycle": 3, "bus": 5, "truck": 7}

# Classes that COCO does not have start from the COCO class whose looks come nearest (ids of COCO's list: 24 backpack,
# 25 umbrella, 26 handbag, 28 suitcase).
COUSIN_IDS: Mapping[str, int] = {
    "tricycle": 3,
    "dump_truck": 7,
    "garbage": 26,
    "garbage_bin": 28,
    "overflow": 24,
    "stall": 25,
}

SYNONYMS: Mapping[str, str] = {"bike": "bicycle", "motorbike": "motorcycle", "pedestrian": "person", "lorry": "truck"}


def street_name(name: str) -> str:
    """The street model's word for a class that another set calls `name`; the same word when it has no other."""
    plain = name.strip().lower().replace("-", "_").replace(" ", "_")
    return SYNONYMS.get(plain, plain)


def class_mapping(source: Sequence[str], target: Sequence[str]) -> dict[int, int]:
    """Index in `source` -> index in `target`, matched by name; classes that `target` lacks are left out."""
    index = {street_name(name): position for position, name in enumerate(target)}
    return {position: index[street_name(name)] for position, name in enumerate(source) if street_name(name) in index}
