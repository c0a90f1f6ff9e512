"""Who is trained on and who is tested: whole places and days on one side, and no camera louder than the others."""

from __future__ import annotations

import hashlib
import statistics
from collections import defaultdict
from collections.abc import Sequence
from typing import Protocol, TypeVar

from datasets.formats.labels import Dropped

LOUDEST = 2.0  # examples of one camera, in those of the median camera
FEWEST = 20  # a camera may always have so many


class Sortable(Protocol):
    """What is split and balanced: an example's name, its camera, and the place and day that stay together."""

    @property
    def name(self) -> str: ...
    @property
    def camera_id(self) -> str: ...
    @property
    def place(self) -> str: ...
    @property
    def day(self) -> str: ...


One = TypeVar("One", bound=Sortable)


def split(examples: Sequence[Sortable], test_share: float, seed: int) -> dict[str, str]:
    """`train` or `test` for each example's name; all of one place and one day are on the same side.

    The side follows from the place, the day and the seed alone: what was tested on once is never trained on later, when
    there are more examples.
    """
    return {one.name: _side(f"{one.place}\n{one.day}", test_share, seed) for one in examples}


def _side(group: str, test_share: float, seed: int) -> str:
    return "test" if _draw(group, seed) < test_share else "train"


def _draw(text: str, seed: int) -> float:
    digest = hashlib.sha256(f"{seed}\n{text}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def balanced(examples: Sequence[One], seed: int) -> tuple[list[One], list[Dropped]]:
    """The examples without those of cameras that have more than `LOUDEST` times the median camera's."""
    by_camera: dict[str, list[One]] = defaultdict(list)
    for one in examples:
        by_camera[one.camera_id].append(one)
    if not by_camera:
        return [], []
    most = max(int(LOUDEST * statistics.median(map(len, by_camera.values()))), FEWEST)
    kept, dropped = [], []
    for camera, members in sorted(by_camera.items()):
        drawn = sorted(members, key=lambda one: _draw(one.name, seed))
        kept += drawn[:most]
        dropped += [Dropped(one.name, f"camera {camera} has more than {most} examples") for one in drawn[most:]]
    return sorted(kept, key=lambda one: one.name), dropped
