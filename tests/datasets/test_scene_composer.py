"""Pictures are composed, and their truth told, without Blender."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from datasets.scenes.air import layer
from datasets.scenes.clips import make_clip
from datasets.scenes.compose import Composer, key_poses
from datasets.scenes.paths import Pose
from datasets.scenes.spec import ActorSpec, Placed, SceneSpec, Trip, Waypoint
from datasets.scenes.sprites import Sprite, feathered
from datasets.scenes.stills import make_stills
from datasets.scenes.truth import Truth
from tests.datasets.scenes_help import CAMERA, FlatStage, small_clip


def test_the_true_box_holds_exactly_the_actors_pixels() -> None:
    spec = small_clip(trips=small_clip().trips[:1])
    pictures = list(Composer(spec, FlatStage(spec.scene)).frames())
    picture, boxes = pictures[10]
    red = (picture[..., 2].astype(int) - picture[..., 0]) > 60
    rows, columns = np.nonzero(red)
    assert boxes[0].xyxy == pytest.approx((columns.min(), rows.min(), columns.max() + 1, rows.max() + 1), abs=2.0)
    assert boxes[0].visible > 0.97


def test_the_nearer_actor_hides_the_farther_one() -> None:
    spec = small_clip()
    pictures = [boxes for _, boxes in Composer(spec, FlatStage(spec.scene)).frames()]
    seen = [box.visible for boxes in pictures for box in boxes if box.actor == "parker"]
    passing = [box.visible for boxes in pictures for box in boxes if box.actor == "passer"]
    assert min(seen) < 0.8
    assert max(seen) > 0.97
    assert min(passing) > 0.97


def test_the_clip_ends_as_it_begins() -> None:
    spec = small_clip()
    pictures = [picture for picture, _ in Composer(spec, FlatStage(spec.scene)).frames()]
    assert np.array_equal(pictures[0], pictures[-1])
    assert not np.array_equal(pictures[0], pictures[10])


def test_a_trip_that_began_before_the_clip_goes_on_at_its_end() -> None:
    early = Trip(ActorSpec("early", "sedan"), (Waypoint(-1.0, 9.0, 1.0), Waypoint(1.0, 12.0, 1.0)))
    spec = small_clip(trips=(early,), stays=())
    times = [i for i, (_, boxes) in enumerate(Composer(spec, FlatStage(spec.scene)).frames()) if boxes]
    assert times == [0, 1, 2, 3, 4, 5, 15, 16, 17, 18, 19]


def test_one_render_serves_a_standing_actor() -> None:
    spec = small_clip()
    standing = [Pose(9.0, 4.5, 0.0, 180.0)] * 50
    assert len(set(key_poses(spec, spec.trips[0].actor, standing))) == 1
    moving = [Pose(9.0 + 3 * i, 4.5, 0.0, 180.0) for i in range(8)]
    assert len(set(key_poses(spec, spec.trips[0].actor, moving))) > 3


def test_a_rider_and_a_bicycle_are_two_true_boxes() -> None:
    ride = Trip(ActorSpec("bike", "bicycle"), (Waypoint(0.0, 4.0, 0.0), Waypoint(3.9, 20.0, 0.0)))
    spec = small_clip(trips=(ride,), stays=())
    _, boxes = next(iter(Composer(spec, FlatStage(spec.scene)).frames()))
    assert [(box.actor, box.label) for box in boxes] == [("bike", "bicycle"), ("bike/rider", "person")]
    assert boxes[1].xyxy[1] < boxes[0].xyxy[1]  # the head is above the handlebar


def test_parked_actors_of_the_background_are_true_in_every_frame() -> None:
    parked = Placed(ActorSpec("old", "suv"), 15.0, 4.4, 180.0)
    scene = SceneSpec(CAMERA, small_clip().scene.light, small_clip().scene.street, (parked,))
    spec = small_clip(scene=scene)
    assert all("old" in {box.actor for box in boxes} for _, boxes in Composer(spec, FlatStage(scene)).frames())


def test_a_shadow_darkens_and_never_counts_as_body() -> None:
    picture = np.full((4, 4, 3), 0.5, np.float32)
    shadow = np.zeros((2, 2, 4), np.float32)
    shadow[..., 3] = 0.5
    layer(picture, Sprite(shadow, 1, 1, np.zeros((2, 2), bool), 1))
    assert picture[1, 1].tolist() == [0.25] * 3
    assert picture[0, 0].tolist() == [0.5] * 3


def test_a_shadow_runs_out_before_its_cut_out_ends() -> None:
    rgba = np.zeros((60, 80, 4), np.float32)
    rgba[..., 3] = 0.3
    rgba[20:40, 30:50] = 1.0
    body = rgba[..., 0] > 0.5
    soft = feathered(Sprite(rgba, 100, 100, body, int(body.sum())), CAMERA)
    edges = np.concatenate([soft.rgba[0], soft.rgba[-1], soft.rgba[:, 0], soft.rgba[:, -1]])
    assert edges[:, 3].max() < 0.05
    assert soft.rgba[20:40, 30:50].min() == pytest.approx(1.0)
    assert soft.rgba[44, 40, 3] > 0.2
    at_the_border = feathered(Sprite(rgba, 0, 100, body, 1), CAMERA)
    assert at_the_border.rgba[30, 0, 3] > 0.2  # the picture's own edge needs no end


def test_a_clip_on_disk_has_its_rhythm_and_its_truth(tmp_path: Path) -> None:
    spec = small_clip()
    truth = make_clip(spec, FlatStage(spec.scene), tmp_path)
    assert Truth.read(tmp_path / "small.json").incidents == truth.incidents
    assert [(i.actor, i.from_s, i.to_s) for i in truth.incidents] == [("parker", 1.0, 3.0)]
    with av.open(str(tmp_path / "small.mp4")) as clip:
        packets = [packet for packet in clip.demux(video=0) if packet.size]
    assert [i for i, packet in enumerate(packets) if packet.is_keyframe] == [0, 5, 10, 15]
    assert [packet.pts for packet in packets] == [packet.dts for packet in packets]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["small.json", "small.mp4"]


def test_the_same_spec_gives_the_same_pictures() -> None:
    spec = small_clip(noise=2.0)
    one, two = (next(iter(Composer(spec, FlatStage(spec.scene)).frames()))[0] for _ in range(2))
    assert np.array_equal(one, two)


def test_stills_come_with_labels_and_repeat_for_a_seed(tmp_path: Path) -> None:
    for name in ("a", "b"):
        made = make_stills(2, 9, tmp_path / name, FlatStage, lambda _: None)
    assert len(made.images) == 2
    assert made.images[0].boxes == ()
    assert sum(len(image.boxes) for image in made.images) > 2
    files = sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*.*"))
    assert len(files) == 7
    assert all((tmp_path / "a" / f).read_bytes() == (tmp_path / "b" / f).read_bytes() for f in files)
