"""Pictures confirm or deny what packets announce, and what packets keep quiet about is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from streams.activity import PacketActivity
from streams.demand import Demand
from streams.frame import Image
from streams.gate import MotionGate
from streams.luma import Luma, differs, small_grey
from streams.timeline import SECOND_NS
from tests.streams.scenes import LiveCamera, Packet, Scene, make_scene, packets_of

FOLLOWING = Demand(4.0, 0.5, look_back_s=1.0)
PLACE = Scene(1.0)


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> list[Packet]:
    """A minute in which nothing moves."""
    return packets_of(make_scene(tmp_path_factory.mktemp("gate") / "still.mp4", Scene(60.0)))


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> list[Packet]:
    """A minute in which something moves all the time: no packet is ever smaller than the others."""
    return packets_of(make_scene(tmp_path_factory.mktemp("gate") / "busy.mp4", Scene(60.0, 0.0, 60.0)))


def luma(image: Image) -> Luma:
    """Of a grey picture any channel is its luma."""
    return image[..., 1]


def with_vehicle(left: int) -> Image:
    image = PLACE.picture(0.0, 1).copy()
    image[50:70, left : left + 30] = 235
    return image


def test_a_place_with_something_in_it_differs_from_the_place_without() -> None:
    empty, other = small_grey(luma(PLACE.picture(0.0, 1))), small_grey(luma(PLACE.picture(0.0, 2)))
    assert not differs(empty, other)
    assert differs(empty, small_grey(luma(with_vehicle(40))))
    assert differs(small_grey(luma(with_vehicle(40))), small_grey(luma(with_vehicle(80))))


@pytest.mark.parametrize("light", [0.7, 1.15])
def test_light_alone_is_no_difference(light: float) -> None:
    # Light adds about the same to a picture whose contrast is small beside the step allowed.
    image = (PLACE.picture(0.0, 1) // 4 + 90).astype(np.uint8)
    lit = np.clip(image * light, 0, 255).astype(np.uint8)
    assert not differs(small_grey(luma(image)), small_grey(luma(lit)))


def test_pictures_of_another_size_differ_and_tiny_ones_are_no_error() -> None:
    assert differs(small_grey(np.zeros((96, 128), np.uint8)), small_grey(np.zeros((48, 64), np.uint8)))
    assert not differs(small_grey(np.zeros((2, 2), np.uint8)), small_grey(np.zeros((2, 2), np.uint8)))


def test_nothing_moves_and_the_looks_saved_are_counted(still: list[Packet]) -> None:
    gate = LiveCamera(FOLLOWING).play(still).reader.gate_health()
    assert (gate.announced, gate.missed, gate.suspect, gate.moving) == (0, 0, False, False)
    assert gate.looks_skipped >= 14 * 6
    assert gate.moving_share == 0.0


def test_motion_that_the_pictures_do_not_show_is_denied_and_costs_no_more_looks(still: list[Packet]) -> None:
    padded = [
        (parameters, replace(packet, data=packet.data + bytes(3_000)) if index >= 300 and index % 20 else packet)
        for index, (parameters, packet) in enumerate(still)
    ]
    camera = LiveCamera(FOLLOWING).play(padded)
    gate = camera.reader.gate_health()
    assert (gate.announced, gate.denied) == (1, 1)
    assert not gate.moving
    assert len([time for time in camera.times_s if time > 40]) <= 6


def test_a_busy_street_that_packets_do_not_tell_is_followed_by_its_pictures_and_the_gate_is_suspect(
    busy: list[Packet],
) -> None:
    camera = LiveCamera(FOLLOWING).play(busy)
    gate = camera.reader.gate_health()
    assert gate.missed >= 1
    assert len(camera.frames) >= 60
    assert all(later - earlier <= 4.01 for earlier, later in zip(camera.times_s, camera.times_s[1:], strict=False))


def test_the_gate_is_suspect_when_looks_at_rest_keep_finding_what_was_not_announced() -> None:
    gate, activity_free = MotionGate(PacketActivity()), PLACE.picture(0.0, 1)
    for number in range(12):
        image = with_vehicle(40) if number % 2 else activity_free
        gate.look(luma(image), number * 5 * SECOND_NS, SECOND_NS // 2, at_rest=True)
    assert gate.health().suspect
    for number in range(12, 30):
        gate.look(luma(activity_free), number * 5 * SECOND_NS, SECOND_NS // 2, at_rest=True)
    assert not gate.health().suspect


def test_a_real_street_that_is_never_quiet_is_not_slept_through(shared_data: Path) -> None:
    clip = shared_data / "videos" / "opendatacam_city_street" / "city_street_000-299.mp4"
    camera = LiveCamera(Demand(2.0, 0.5)).play(packets_of(clip))
    seconds = camera.now_ns / SECOND_NS
    assert len(camera.frames) >= seconds
