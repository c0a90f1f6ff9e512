"""Generated clips: the same for a seed, their truth where the zone is, read back as they were written."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from datasets.scenes import compose, generated, paths, places, story_trucks
from datasets.scenes.camera import ground_polygon
from datasets.scenes.clips import make_clip
from datasets.scenes.errors import SceneError
from datasets.scenes.spec import ClipSpec, SceneSpec
from tests.datasets.scenes_help import FlatStage

KINDS = tuple(generated.STORIES)
SMALL = (160, 90)
each_kind = pytest.mark.parametrize("kind", KINDS)


@each_kind
def test_a_clip_belongs_to_its_seed(kind: str) -> None:
    one, again, other = (generated.generated_clip(kind, seed, SMALL) for seed in (5, 5, 9))
    assert one == again
    assert one.scene != other.scene


@each_kind
def test_four_seeds_share_a_place_and_the_next_four_do_not(kind: str) -> None:
    scenes = [places.place(kind, seed, SMALL).scene for seed in (4, 7, 8)]
    assert scenes[0] == scenes[1]
    assert scenes[0] != scenes[2]


def test_no_seed_is_both_for_training_and_for_measuring() -> None:
    assert not set(places.TRAINING_SEEDS[:: places.SEEDS_PER_PLACE]) & set(places.TEST_SEEDS[:: places.SEEDS_PER_PLACE])
    assert places.TRAINING_SEEDS.stop % places.SEEDS_PER_PLACE == 0
    assert places.place("street_vending", 0, SMALL).scene != places.place("street_vending", 100_000, SMALL).scene


@pytest.mark.parametrize("number", range(4))
@each_kind
def test_every_fourth_clip_has_nothing_to_find(kind: str, number: int) -> None:
    clip = generated.generated_clip(kind, 100 + number, SMALL)
    assert bool(clip.stays) == (number != 3)
    for stay in clip.stays:
        assert 0 <= stay.from_s < stay.to_s <= clip.duration_s
        assert stay.kind == kind
        dwell_s = float(generated.RULES[kind].get("dwell_seconds", 0.6))
        assert stay.to_s - stay.from_s > dwell_s + 1.0
    for trip in clip.trips:
        assert all(a.t_s < b.t_s for a, b in pairwise(trip.waypoints))


def _foot(clip: ClipSpec, actor_id: str, at_s: float) -> tuple[float, float]:
    """The middle of the lower edge of an actor's box at a time, as shares of the picture."""
    for trip in clip.trips:
        pose = paths.poses(trip, clip.scene.street, np.array([at_s]))[0]
        if trip.actor.id == actor_id and pose is not None:
            item = compose.shown(clip.scene.camera, trip.actor, pose, pose)
            assert item is not None
            x1, _, x2, y2 = item.parts[0][2]
            return (x1 + x2) / 2 / clip.scene.camera.width, (y2 - 1) / clip.scene.camera.height
    raise AssertionError(f"{actor_id} is nowhere at {at_s} s")


@pytest.mark.parametrize("seed", [0, 1, 2, 4, 5, 6])
@each_kind
def test_what_violates_stands_in_the_zone(kind: str, seed: int) -> None:
    clip = generated.generated_clip(kind, seed, SMALL)
    polygon = ground_polygon(clip.scene.camera, clip.zone).astype(np.float32)
    for stay in clip.stays:
        foot = _foot(clip, stay.actor_id, (stay.from_s + stay.to_s) / 2)
        assert cv2.pointPolygonTest(polygon, foot, True) > -0.03


@pytest.mark.parametrize("seed", [0, 4, 8])
def test_the_camera_can_tell_the_load_of_every_truck_of_a_place(seed: int) -> None:
    here = places.place(story_trucks.KIND, seed, SMALL)
    for name, state, watched in story_trucks.CAST:
        seen = story_trucks.state_seen(here, story_trucks.actor_of(here, name), watched=watched)
        assert seen == ("uncovered" if state == "spilling" else state)


def test_trucks_of_one_clip_are_different_trucks() -> None:
    clip = generated.generated_clip(story_trucks.KIND, 1, SMALL)
    names = [trip.actor.id for trip in clip.trips]
    assert len(set(names)) == len(names) >= 4


def _brief(kind: str, seed: int) -> ClipSpec:
    """A clip at one picture every four seconds: its story, not its looks."""
    return replace(generated.generated_clip(kind, seed, SMALL), fps=0.25, gop=1, noise=0.0, scene=_clear(kind, seed))


def _clear(kind: str, seed: int) -> SceneSpec:
    scene = generated.generated_clip(kind, seed, SMALL).scene
    return replace(scene, light=replace(scene.light, night=0.0, wet=0.0, rain=0.0, haze_m=0.0))


def test_a_folder_of_clips_is_read_back_with_kind_truth_and_camera(tmp_path: Path) -> None:
    kind = "exposed_garbage"
    clip = _brief(kind, 0)
    truth = make_clip(clip, FlatStage(clip.scene), tmp_path / kind)
    generated.write_cameras([generated.camera_entry(clip, kind)], tmp_path / kind / generated.CAMERAS_FILE)
    (back,) = generated.read_generated(tmp_path)
    assert back.kind == kind
    assert back.incidents == truth.incidents
    assert back.path == (tmp_path / kind / f"{clip.name}.mp4").resolve()
    assert back.camera["zones"][0]["rules"][0] == {"kind": kind, **generated.RULES[kind]}
    (heap,) = back.incidents
    assert heap.detail == "heap"
    grown = [back.truth.box_at("heap", at) for at in (16.0, 50.0)]
    assert all(box is not None and box.label == "garbage" for box in grown)
    assert back.truth.box_at("heap", 4.0) is None
    assert back.truth.box_at("heap", 75.0) is None


def test_a_folder_without_clips_says_how_to_make_some(tmp_path: Path) -> None:
    with pytest.raises(SceneError, match="clips --kind KIND --seeds"):
        generated.read_generated(tmp_path)


def test_a_clip_that_is_listed_but_missing_is_named(tmp_path: Path) -> None:
    (tmp_path / "street_vending").mkdir()
    generated.write_cameras([{"id": "x", "url": "x.mp4"}], tmp_path / "street_vending" / generated.CAMERAS_FILE)
    with pytest.raises(SceneError, match=r"x\.mp4: no such clip"):
        generated.read_generated(tmp_path)


def test_a_kind_without_a_story_is_one_clear_error() -> None:
    with pytest.raises(SceneError, match="jaywalking"):
        generated.generated_clip("jaywalking", 1)


@pytest.mark.parametrize(
    ("kind", "seed", "actor"), [("illegal_parking", 4, "car-a"), ("exposed_garbage", 6, "heap-old")]
)
def test_what_stands_before_it_hides_it_for_a_while(kind: str, seed: int, actor: str) -> None:
    clip = replace(_brief(kind, seed), fps=0.5)
    frames = [boxes for _, boxes in compose.Composer(clip, FlatStage(clip.scene)).frames()]
    (stay,) = clip.stays
    seen = [
        box.visible
        for boxes in frames[int(stay.from_s / 2) + 1 : int(stay.to_s / 2)]
        for box in boxes
        if box.actor == actor
    ]
    assert min(seen) < 0.4
    assert sum(share > 0.9 for share in seen) > 8
