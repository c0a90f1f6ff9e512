"""Whole pictures stay fit, whatever the street does; each thing that is wrong with a picture gets its own name."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from streams.fitness import PictureState
from streams.fitness.freeze import NOISY_S, UNKNOWN_S
from streams.fitness.glance import glance
from streams.fitness.hold import Hold
from streams.fitness.picture import PictureFitness
from streams.fitness.place import Place
from streams.frame import Image
from streams.simulator import Fault, FaultKind, views
from streams.simulator.clip import load_clip
from streams.simulator.variants import Variants
from streams.timeline import SECOND_NS
from tests.streams.fitness_scenes import demo_clip, dimmed, key_frames, noisy, pictures, still, watch

CLIPS = ("harbour-road", "market-street", "school-lane", "station-road")


@pytest.fixture(scope="module")
def street() -> Image:
    """A picture of a street, small enough to be quick."""
    return np.asarray(cv2.resize(next(key_frames(demo_clip("market-street")))[0], (640, 360)), np.uint8)


def states(fitness: PictureFitness, looks: list[tuple[Image, int]]) -> set[str]:
    return {each.state.value for each in watch(fitness, looks)}


@pytest.mark.parametrize("name", CLIPS)
def test_the_demo_s_streets_are_fit(name: str) -> None:
    assert states(PictureFitness("cam"), list(key_frames(demo_clip(name)))) == {"fit"}


@pytest.mark.shared_data
@pytest.mark.parametrize(
    "clip",
    ["cvtrafficcam_parked_street/traffic_000-279.mp4", "opendatacam_city_street/city_street_000-299.mp4"],
)
def test_real_streets_are_fit(shared_data: Path, clip: str) -> None:
    assert states(PictureFitness("cam"), pictures(shared_data / "videos" / clip, every=5, count=56)) == {"fit"}


@pytest.mark.parametrize(
    ("kind", "state"),
    [(FaultKind.BLACK, "black"), (FaultKind.COVERED, "covered")],
)
def test_what_an_encoder_sends_of_a_blind_camera_is_named(kind: FaultKind, state: str, tmp_path: Path) -> None:
    clip = demo_clip("school-lane")
    Variants(tmp_path).of(clip, load_clip(clip), Fault(kind))
    fitness = PictureFitness("cam")
    assert states(fitness, list(key_frames(clip))) == {"fit"}
    blind = next(key_frames(next(tmp_path.glob("*.mp4"))))[0]
    during = watch(fitness, still(blind, 60.0, 10))
    assert during[-1].state == state
    assert during[-1].since_pts_ns == 60 * SECOND_NS
    after = watch(fitness, list(key_frames(clip, 100.0)))
    assert {each.state for each in after[3:]} == {PictureState.FIT}


def test_overexposure_is_named_and_headlights_are_not(street: Image) -> None:
    fitness = PictureFitness("cam")
    assert states(fitness, noisy(views.overexposed(street), 0.0, 6)) == {"fit", "overexposed"}
    night = dimmed(street, 0.15)
    cv2.circle(night, (200, 200), 90, (255, 255, 255), -1)
    cv2.circle(night, (420, 200), 90, (255, 255, 255), -1)
    assert states(PictureFitness("cam"), noisy(night, 0.0, 6)) == {"fit"}


def test_a_bus_that_fills_the_picture_is_no_cover(street: Image) -> None:
    fitness = PictureFitness("cam")
    watch(fitness, noisy(street, 0.0, 10))
    bus = np.full_like(street, (40, 60, 170))
    for place in range(6):
        cv2.rectangle(bus, (20 + 105 * place, 60), (105 + 105 * place, 190), (60, 50, 45), -1)
    cv2.line(bus, (0, 250), (640, 250), (230, 230, 230), 6)
    assert states(fitness, noisy(bus, 20.0, 8)) == {"fit"}


def test_day_turns_into_night_and_back(street: Image) -> None:
    fitness = PictureFitness("cam")
    watch(fitness, noisy(street, 0.0, 40))
    shares = [*np.linspace(1.0, 0.12, 30), *[0.12] * 10, *np.linspace(0.12, 1.0, 30)]
    ramp = [look for step, share in enumerate(shares) for look in noisy(dimmed(street, share), 80 + 30.0 * step, 1)]
    assert states(fitness, ramp) == {"fit"}


def test_a_noisy_camera_that_repeats_one_picture_is_frozen_in_seconds(street: Image) -> None:
    fitness = PictureFitness("cam")
    looks = noisy(street, 0.0, 10)
    assert states(fitness, looks) == {"fit"}
    during = watch(fitness, still(looks[-1][0], 20.0, 20))
    frozen = [each for each in during if each.state is PictureState.FROZEN]
    assert len(frozen) == 20 - NOISY_S / 2
    assert frozen[0].since_pts_ns == 20 * SECOND_NS
    assert states(fitness, noisy(street, 60.0, 3)) == {"fit"}


def test_a_still_street_without_noise_is_not_frozen_too_early(street: Image) -> None:
    fitness = PictureFitness("cam")
    empty = dimmed(street, 0.3)
    visited = empty.copy()
    cv2.rectangle(visited, (300, 200), (380, 250), (90, 90, 90), -1)
    assert states(fitness, still(empty, 0.0, 50)) == {"fit"}
    assert states(fitness, still(visited, 100.0, 2)) == {"fit"}
    # A hundred still seconds were a street, so two hundred may be one.
    assert states(fitness, still(empty, 104.0, int(UNKNOWN_S / 2) + 30)) == {"fit"}
    assert "frozen" in states(fitness, still(empty, 104.0 + UNKNOWN_S + 60, 500))


@pytest.mark.parametrize("share", [0.06, 0.2, -0.3])
def test_a_turned_camera_is_moved_and_says_how_far(street: Image, share: float) -> None:
    fitness = PictureFitness("cam", reference=street)
    assert states(fitness, noisy(street, 0.0, 5)) == {"fit"}
    turned = noisy(views.moved_by(share)(street), 70.0, 5)
    found = watch(fitness, turned)[-1]
    assert found.state is PictureState.MOVED
    told = float(found.detail.split("%")[0].rsplit(" ", 1)[1])
    assert told == pytest.approx(100 * abs(share), abs=2)
    assert watch(fitness, noisy(street, 90.0, 5))[-1].is_fit


def test_without_a_reference_the_first_minute_is_one(street: Image) -> None:
    fitness = PictureFitness("cam")
    watch(fitness, noisy(street, 0.0, 40))
    assert watch(fitness, noisy(views.moved_by(0.2)(street), 90.0, 5))[-1].state is PictureState.MOVED


@pytest.mark.parametrize("share", [0.5, 0.25])
def test_a_street_by_night_lies_where_it_lay_by_day(street: Image, share: float) -> None:
    found = Place(glance(street).small).displacement(glance(dimmed(street, share)).small)
    assert found is not None
    assert found.share < 0.01


def test_a_zoom_is_seen_by_corners(street: Image) -> None:
    larger = cv2.resize(street, None, fx=1.3, fy=1.3)[54:414, 96:736]
    found = Place(glance(street).small).displacement(glance(np.asarray(larger, np.uint8)).small)
    assert found is not None
    assert found.scale == pytest.approx(1.3, abs=0.05)


def test_damage_is_named_by_the_decoder_by_its_grey_and_by_torn_blocks(street: Image) -> None:
    fitness = PictureFitness("cam")
    watch(fitness, noisy(street, 0.0, 40))
    assert fitness.observe(street, 80 * SECOND_NS, corrupt=True).state is PictureState.SMEARED
    grey = street.copy()
    grey[120:] = 130
    assert fitness.observe(grey, 84 * SECOND_NS).state is PictureState.SMEARED
    torn = street.copy()
    rng = np.random.default_rng(1)
    for x, y in ((x, y) for x in range(200, 360, 8) for y in range(160, 240, 8)):
        torn[y : y + 8, x : x + 8] = street[y : y + 8, (at := int(rng.integers(0, 600))) : at + 8]
    assert fitness.observe(torn, 88 * SECOND_NS).state is PictureState.SMEARED
    assert watch(fitness, noisy(street, 92.0, 2))[-1].is_fit


def test_another_shape_is_changed_and_another_size_of_the_same_is_not(street: Image) -> None:
    fitness = PictureFitness("cam", reference_wh=(1920, 1080))
    assert states(fitness, noisy(street, 0.0, 3)) == {"fit"}
    narrow = np.asarray(cv2.resize(street, (704, 576)), np.uint8)
    found = watch(fitness, noisy(narrow, 10.0, 2))[-1]
    assert found.state is PictureState.CHANGED
    assert "704x576" in found.detail
    assert "1920x1080" in found.detail


def test_a_state_needs_seconds_not_pictures() -> None:
    hold = Hold(enter_s=3.0, leave_s=2.0)
    assert not any(hold.see(round(at_s * SECOND_NS), "so") for at_s in np.linspace(0, 2.9, 100))
    assert hold.see(round(3.0 * SECOND_NS), "so")
    assert all(hold.see(round(at_s * SECOND_NS), None) for at_s in np.linspace(3.1, 4.9, 100))
    assert not hold.see(5 * SECOND_NS, None)
    assert not hold.see(60 * SECOND_NS, "so")
    assert hold.see(63 * SECOND_NS, "so")
