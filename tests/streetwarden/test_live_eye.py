"""Live pictures out of the packets that are there anyway: new ones only, masked, by key pictures or decoded through."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import pytest

from streams.demand import Demand
from streams.files import replay
from streams.frame import Image
from streams.ring import PacketRing
from streams.source import CameraSource
from streetwarden.live_eye import LiveEye, live_jpeg, still_jpeg
from streetwarden.masks import GREY, PrivacyMasks
from streetwarden.watched import WatchedCamera
from tests.streams.clips import make_clip, number_of

LEFT = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))


@dataclass
class Camera:
    """What an eye needs of a watched camera."""

    ring: PacketRing
    key_spacing_s: float
    masks: PrivacyMasks
    camera_id: str = "cam"

    @property
    def reader(self) -> Camera:
        return self


Fill = Callable[..., Camera]


@pytest.fixture
def filled(tmp_path: Path) -> Fill:
    """A camera whose ring holds a clip of so many pictures."""

    def fill(pictures: int = 21, gop: int = 10, masks: Any = ()) -> Camera:
        clip = make_clip(tmp_path / f"{pictures}-{gop}.mp4", pictures, rate=10, gop=gop)
        ring = PacketRing("cam")
        for _ in replay(CameraSource("cam", str(clip)), ring, Demand(1e6, 1e6), started_at_ns=1_800_000_000 * 10**9):
            pass
        return Camera(ring, gop / 10, PrivacyMasks(masks))

    return fill


def eye_of(camera: Camera) -> LiveEye:
    return LiveEye(cast("WatchedCamera", camera))


def read(data: bytes) -> Image:
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return cast("Image", image)


def test_frequent_key_pictures_are_enough(filled: Fill) -> None:
    eye = eye_of(filled(pictures=25, gop=10))
    frame = eye.newest()
    assert frame is not None
    assert number_of(frame.image) == 20
    assert eye.newest() is None


def test_rare_key_pictures_are_decoded_through_to_the_newest(filled: Fill) -> None:
    eye = eye_of(filled(pictures=25, gop=100))
    frame = eye.newest()
    assert frame is not None
    assert number_of(frame.image) >= 22
    assert eye.newest() is None


def test_an_empty_ring_gives_nothing() -> None:
    camera = Camera(PacketRing("cam"), 1.0, PrivacyMasks(()))
    assert eye_of(camera).newest() is None


@pytest.mark.parametrize("gop", [10, 100])
def test_nobody_sees_what_the_masks_hide(filled: Fill, gop: int) -> None:
    camera = filled(gop=gop, masks=[LEFT])
    frame = eye_of(camera).newest()
    assert frame is not None
    newest = camera.ring.newest_key()
    assert newest is not None
    still = still_jpeg(cast("WatchedCamera", camera), *newest)
    for image in (frame.image, read(still or b"")):
        left = image[:, : image.shape[1] // 2 - 16].astype(int)
        assert np.abs(left - GREY).max() < 12


def test_a_live_picture_is_small_and_says_its_time(filled: Fill) -> None:
    frame = eye_of(filled()).newest()
    assert frame is not None
    with_time = read(live_jpeg(frame))
    assert max(with_time.shape[:2]) <= 960
    assert np.abs(with_time.astype(int) - frame.image.astype(int)).max() > 60
