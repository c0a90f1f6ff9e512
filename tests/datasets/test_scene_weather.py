"""Haze, wet ground, lamps and rain, and stills' parts that hide each other: without Blender."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from datasets.formats import Box, LabelledImage
from datasets.scenes import actors, compose, look, partial, placing, scenery, sprites, stills, weather
from datasets.scenes.air import Air
from datasets.scenes.camera import ground_at, project
from datasets.scenes.paths import Pose
from datasets.scenes.spec import ActorSpec, LightSpec, SceneSpec, StreetSpec
from tests.datasets.scenes_help import CAMERA, FlatStage

SCENE = SceneSpec(CAMERA, LightSpec(), StreetSpec(1))


def test_haze_hides_what_is_far_and_the_veil_is_left() -> None:
    scene = replace(SCENE, light=LightSpec(haze_m=60.0))
    street = np.full((CAMERA.height, CAMERA.width, 3), 0.05, np.float32)
    street[100:] = 0.4
    seen = weather.hazed(street, scene)
    far = np.unravel_index(weather.distances(scene).argmax(), seen.shape[:2])
    assert seen[far] == pytest.approx(weather.veil(street, scene.light), rel=0.1)
    assert abs(seen[-1, 200, 0] - 0.4) < abs(seen[far][0] - 0.05)
    assert weather.hazed(street, SCENE) is street


def test_the_distance_of_the_ground_is_the_distance_of_the_point_there() -> None:
    spot = ground_at(CAMERA, (160.0, 150.0))
    assert spot is not None
    there = np.linalg.norm(np.array([*spot, 0.0]) - CAMERA.position)
    assert weather.distances(SCENE)[149, 160] == pytest.approx(there, rel=0.03)
    assert project(CAMERA, np.array([[*spot, 0.0]]))[0][0] == pytest.approx([160.0, 150.0], abs=0.01)
    assert ground_at(CAMERA, (160.0, -500.0)) is None


def test_headlights_fall_in_front_of_the_car() -> None:
    picture = np.full((CAMERA.height, CAMERA.width, 3), 0.01, np.float32)
    weather.headlights(picture, CAMERA, Pose(9.0, 1.7, 0.0, 0.0), 4.6, 0.1)
    (ahead, behind), _ = project(CAMERA, np.array([[14.0, 1.7, 0.0], [4.0, 1.7, 0.0]]))
    assert picture[int(ahead[1]), int(ahead[0])].mean() > 0.03
    assert picture[int(behind[1]), int(behind[0])].mean() == pytest.approx(0.01, abs=0.002)


def test_only_what_is_brighter_than_white_glares() -> None:
    dull = np.full((40, 60, 3), 0.5, np.float32)
    assert weather.bloom(dull, 1.0) is dull
    lamp = dull.copy()
    lamp[20, 30] = 30.0
    assert weather.bloom(lamp, 1.0)[20, 26, 0] > 0.5


def test_rain_repeats_for_its_seed_and_none_changes_nothing() -> None:
    shown = np.full((60, 80, 3), 90.0, np.float32)
    one, two = (weather.streaks(shown, 1.0, np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(one, two)
    assert one.max() > 95
    assert weather.streaks(shown, 0.0, np.random.default_rng(3)) is shown


def test_a_clear_day_is_only_background_and_cut_outs() -> None:
    stage = FlatStage(SCENE)
    item = compose.shown(
        CAMERA, ActorSpec("car", "sedan", (0.9, 0.0, 0.0)), Pose(9.0, 2.0, 0.0, 0.0), Pose(9.0, 2.0, 0.0, 0.0)
    )
    assert item is not None
    cut = compose.cut_outs(stage, CAMERA, [item])
    clear, wet = (
        Air(replace(SCENE, light=light), stage.background(), 1.0, look.Developer(1.0))
        for light in (LightSpec(), LightSpec(wet=1.0, haze_m=50.0))
    )
    assert clear.is_clear
    assert not wet.is_clear
    sprite = cut[0][1]
    inside = clear.linear(cut)[sprite.y : sprite.y + sprite.body.shape[0], sprite.x : sprite.x + sprite.body.shape[1]]
    assert inside[sprite.body] == pytest.approx(np.tile([0.9, 0.0, 0.0], (int(sprite.body.sum()), 1)), abs=1e-5)
    assert wet.linear(cut)[..., 1].max() > 0


def test_of_two_parts_the_nearer_hides_the_farther() -> None:
    stall = ActorSpec("s", "stall", variant=3, state="cart+2")
    mesh = sprites.at(actors.model(stall), Pose(9.0, 2.0, 0.0, 180.0))
    groups = [names or mesh.materials for _, _, names in actors.labelled_parts(stall)]
    whole = (0, 0, CAMERA.width, CAMERA.height)
    ids = partial.part_ids(CAMERA, mesh, groups, whole)
    alone = [sprites.silhouette(CAMERA, mesh.only(names), whole).sum() for names in groups]
    seen = [(ids == k + 1).sum() for k in range(len(groups))]
    assert all(count > 0 for count in seen)
    assert sum(seen) < sum(alone)
    assert sum(seen) == pytest.approx(sprites.silhouette(CAMERA, mesh, whole).sum(), rel=0.08)


@pytest.mark.parametrize("theme", scenery.THEMES)
def test_a_pool_is_in_view_apart_and_of_its_seed(theme: str) -> None:
    scene = scenery.random_scene(5, theme)
    one, two = (placing.pool(np.random.default_rng(2), scene, theme, 5) for _ in range(2))
    assert one == two
    assert len(one) == 5
    assert all(placing.in_view(scene, actor, pose) for actor, pose in one)


def test_labels_are_shares_of_the_picture() -> None:
    image = LabelledImage("a.jpg", 200, 100, (Box("stall", (20.0, 10.0, 60.0, 50.0)),))
    assert stills.yolo_lines(image) == "11 0.200000 0.300000 0.200000 0.400000\n"
    assert not stills.worth_a_label(stills.Seen("garbage", (1.0, 1.0, 30.0, 4.0), 1.0))
    assert not stills.worth_a_label(stills.Seen("garbage", (1.0, 1.0, 30.0, 40.0), 0.2))
