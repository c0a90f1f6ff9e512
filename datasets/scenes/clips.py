"""Whole clips on disk: the video, its truth, and the cameras file that watches them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from datasets.scenes.compose import Composer, Keys, Stage, key_poses, truth_of
from datasets.scenes.encode import write_clip
from datasets.scenes.spec import ClipSpec
from datasets.scenes.truth import TrueBox, Truth

Image = npt.NDArray[np.uint8]
Progress = Callable[[int, int], None]


def make_clip(
    spec: ClipSpec, stage: Stage, folder: Path, progress: Progress | None = None, keys: Keys = key_poses
) -> Truth:
    """Write `folder`/NAME.mp4 and NAME.json; returns the truth.

    `keys` tells which renders serve for a way. Other than the actor's own, as a bank's, are for many clips: those are
    encoded quickly, in larger files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    boxes: list[tuple[TrueBox, ...]] = []

    def pictures() -> Iterator[Image]:
        for number, (picture, true) in enumerate(Composer(spec, stage, keys).frames()):
            boxes.append(true)
            if progress is not None:
                progress(number + 1, spec.frames)
            yield picture

    preset = "slow" if keys is key_poses else "veryfast"
    write_clip(folder / f"{spec.name}.mp4", pictures(), spec.fps, spec.gop, spec.crf, preset)
    truth = truth_of(spec, boxes)
    truth.write(folder / f"{spec.name}.json")
    return truth
