"""Clips from a bank: the same renders for any times and speeds, and truth as exact as ever."""

from __future__ import annotations

import numpy as np
import pytest

from datasets.scenes import generated
from datasets.scenes.bank import ROOM_PX, Bank, grid_keys, grid_pose, roomy
from datasets.scenes.camera import project
from datasets.scenes.compose import Composer
from datasets.scenes.errors import SceneError
from datasets.scenes.paths import Pose
from datasets.scenes.spec import ActorSpec, SceneSpec, Trip, Waypoint
from tests.datasets.scenes_help import CAMERA, FlatStage, small_clip

KINDS = tuple(generated.STORIES)
SMALL = (160, 90)
FIRST = generated.BANK_SEEDS[0]
RED = ActorSpec("red", "sedan", (0.9, 0.0, 0.0))


def bank_of(scene: SceneSpec) -> Bank:
    return Bank(FlatStage(scene), FlatStage(roomy(scene)))


def test_the_roomy_camera_sees_the_same_pixels_further_in() -> None:
    points = np.array([[5.0, 2.0, 0.0], [9.0, -1.0, 1.5], [30.0, 4.0, 3.0]])
    plain, depth = project(CAMERA, points)
    wide, same = project(roomy(small_clip().scene).camera, points)
    assert wide == pytest.approx(plain + ROOM_PX)
    assert same == pytest.approx(depth)


@pytest.mark.parametrize("speed", [4.0, 9.0])
def test_a_way_at_another_speed_needs_no_other_renders(speed: float) -> None:
    poses = [Pose(x, 1.75, 0.0, 180.0) for x in np.arange(50.0, -5.0, -speed / 12)]
    grid = {grid_pose(CAMERA, RED, pose) for pose in poses}
    finest = {grid_pose(CAMERA, RED, Pose(float(x), 1.75, 0.0, 180.0)) for x in np.arange(51.0, -6.0, -0.05)}
    assert grid <= finest
    assert len(finest) < 25


def test_what_never_moves_is_rendered_where_it_stands() -> None:
    pose = Pose(7.3, 6.1, 0.14, 33.0)
    assert grid_keys(small_clip(), RED, [None, pose, pose]) == [None, pose, pose]


@pytest.mark.parametrize("number", [4, 7, 10])
def test_the_true_box_holds_the_pixels_of_a_cut_out_that_was_carried(number: int) -> None:
    trip = Trip(RED, (Waypoint(0.2, 40.0, 3.0), Waypoint(3.0, 6.3, 3.0)))
    spec = small_clip(trips=(trip,), stays=())
    picture, boxes = list(Composer(spec, bank_of(spec.scene), grid_keys).frames())[number]
    rows, columns = np.nonzero((picture[..., 2].astype(int) - picture[..., 0]) > 60)
    assert boxes[0].xyxy == pytest.approx((columns.min(), rows.min(), columns.max() + 1, rows.max() + 1), abs=4.0)


def test_who_is_half_outside_the_picture_is_shown_as_far_as_it_is_inside() -> None:
    spec = small_clip(trips=(Trip(RED, (Waypoint(0.0, -1.2, 2.0), Waypoint(4.0, 0.2, 2.0))),), stays=())
    seen = [
        (boxes[0].xyxy, np.flatnonzero((picture[..., 2].astype(int) - picture[..., 0] > 60).any(0)))
        for picture, boxes in Composer(spec, bank_of(spec.scene), grid_keys).frames()
        if boxes
    ]
    assert seen
    for (left, _, right, _), columns in seen:
        assert left == 0.0
        assert columns[0] == 0
        assert columns[-1] + 1 == pytest.approx(right, abs=4.0)


@pytest.mark.parametrize("kind", KINDS)
def test_clips_of_a_place_differ_and_share_actors(kind: str) -> None:
    stride = 4 * generated.BANK_PLACES[kind] * generated.BANK_TURNS
    (one, scene), *others = (generated.bank_clip(kind, FIRST + 1 + n * stride, SMALL) for n in range(9))
    assert all(same == scene for _, same in others)
    assert all(one.stays != other.stays and one.trips != other.trips for other, _ in others)
    assert {trip.actor for trip in one.trips} & {trip.actor for other, _ in others for trip in other.trips}


def test_a_place_of_a_bank_is_no_place_of_other_clips() -> None:
    _, scene = generated.bank_clip("exposed_garbage", FIRST, SMALL)
    assert scene != generated.generated_clip("exposed_garbage", FIRST, SMALL).scene
    assert scene.street.seed not in {100_000 + number for number in range(75_000)}


@pytest.mark.parametrize(("kind", "seed"), [("jaywalking", FIRST), ("exposed_garbage", 7)])
def test_a_kind_or_a_seed_that_a_bank_does_not_know_is_one_clear_error(kind: str, seed: int) -> None:
    with pytest.raises(SceneError, match="no clip of a bank"):
        generated.bank_clip(kind, seed)
