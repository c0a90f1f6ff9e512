"""Pictures as cameras give them: the demo's clips, whole, through an encoder with something wrong, and by night."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import resources
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np

from streams.fitness import Fitness
from streams.fitness.picture import PictureFitness
from streams.frame import Image
from streams.timeline import SECOND_NS

Look = tuple[Image, int]


def demo_clip(name: str) -> Path:
    """One of the clips that come with the product."""
    return Path(str(resources.files("datasets"))) / "clips" / f"{name}.mp4"


def key_frames(path: Path, begin_s: float = 0.0) -> Iterator[Look]:
    """A clip's key frames with their times, from `begin_s` on a camera's timeline."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.skip_frame = "NONKEY"
        for frame in container.decode(stream):
            assert frame.pts is not None
            assert frame.time_base is not None
            yield image_of(frame), round((begin_s + float(frame.pts * frame.time_base)) * SECOND_NS)


def pictures(path: Path, every: int, count: int) -> list[Look]:
    """Every so many of a clip's pictures with their times."""
    with av.open(str(path)) as container:
        frames = islice(container.decode(video=0), 0, every * count, every)
        return [(image_of(frame), round(float(frame.time or 0) * SECOND_NS)) for frame in frames]


def image_of(frame: av.VideoFrame) -> Image:
    """As bgr24."""
    return np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)


def watch(fitness: PictureFitness, looks: Iterable[Look]) -> list[Fitness]:
    """The states of all looks."""
    return [fitness.observe(image, pts_ns) for image, pts_ns in looks]


def still(image: Image, begin_s: float, count: int, every_s: float = 2.0) -> list[Look]:
    """One picture for so many looks."""
    return [(image, round((begin_s + number * every_s) * SECOND_NS)) for number in range(count)]


def noisy(image: Image, begin_s: float, count: int, every_s: float = 2.0, levels: float = 3.0) -> list[Look]:
    """The same scene as a real sensor sees it: with other noise in every picture."""
    return [(_with_noise(each, levels, pts_ns), pts_ns) for each, pts_ns in still(image, begin_s, count, every_s)]


def _with_noise(image: Image, levels: float, seed: int) -> Image:
    noise = np.random.default_rng(seed).normal(0, levels, image.shape).astype(np.float32)
    return np.asarray(np.clip(image + noise, 0, 255), np.uint8)


def dimmed(image: Image, share: float) -> Image:
    """By night: less light, and street lamps with their halos."""
    dark = image.astype(np.float32) * share
    height, width = image.shape[:2]
    lamps = np.zeros((height, width), np.float32)
    for place in range(4):
        cv2.circle(lamps, (width * (2 * place + 1) // 8, height // 5), height // 30, 255, -1)
    halo = cv2.GaussianBlur(lamps, (0, 0), height / 24)
    lit = dark + np.maximum(lamps, 2 * halo)[..., None] * (1 - share)
    return np.asarray(np.clip(lit, 0, 255), np.uint8)
