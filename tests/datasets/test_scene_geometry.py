"""Where things are: projection, ways through the street, meshes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.scenes import actors, sprites
from datasets.scenes.camera import ground_polygon, project
from datasets.scenes.errors import SceneError
from datasets.scenes.mesh import Mesh
from datasets.scenes.paths import Halt, Pose, monotone, poses, stop_at_kerb
from datasets.scenes.spec import CLASS_OF_KIND, ActorSpec, CameraSpec, StreetSpec, Trip, Waypoint
from tests.datasets.scenes_help import CAMERA


def test_the_target_is_in_the_middle_of_the_picture() -> None:
    pixels, depth = project(CAMERA, np.array([CAMERA.target]))
    assert pixels[0] == pytest.approx([CAMERA.width / 2, CAMERA.height / 2])
    assert depth[0] == pytest.approx(np.linalg.norm(np.subtract(CAMERA.position, CAMERA.target)))


def test_the_field_of_view_ends_at_the_pictures_edge() -> None:
    view = CameraSpec((0.0, 0.0, 2.0), (10.0, 0.0, 2.0), 90.0, 200, 100)
    pixels, _ = project(view, np.array([[10.0, 10.0, 2.0], [10.0, -10.0, 2.0], [10.0, 0.0, 4.0]]))
    assert pixels[0][0] == pytest.approx(0.0)  # y grows to the left when looking along x
    assert pixels[1][0] == pytest.approx(200.0)
    assert pixels[2] == pytest.approx([100.0, 30.0])


def test_a_zone_behind_the_camera_is_refused() -> None:
    with pytest.raises(ValueError, match="behind"):
        ground_polygon(CAMERA, ((-30.0, -20.0), (9.0, 5.0), (12.0, 5.0)))


@given(st.lists(st.floats(-50, 50).map(lambda value: round(value, 3)), min_size=2, max_size=6))
def test_monotone_interpolation_never_overshoots(values: list[float]) -> None:
    times = np.arange(len(values), dtype=float)
    fine = monotone(times, np.array(values), np.linspace(0, len(values) - 1, 101))
    for k in range(len(values) - 1):
        part = fine[(np.linspace(0, len(values) - 1, 101) >= k) & (np.linspace(0, len(values) - 1, 101) <= k + 1)]
        assert part.min() >= min(values[k], values[k + 1]) - 1e-6
        assert part.max() <= max(values[k], values[k + 1]) + 1e-6


@pytest.mark.parametrize("way", [1.0, -1.0])
def test_a_parking_car_stands_from_its_arrival_to_its_leaving(way: float) -> None:
    halt = Halt(9.0, way * -4.5, way * -1.75, 6.0, 20.0)
    trip = Trip(ActorSpec("car", "sedan"), stop_at_kerb(halt, -60.0 * way, 60.0 * way))
    times = np.arange(0.0, 30.0, 0.08)
    found = poses(trip, StreetSpec(), times)
    still = [p for t, p in zip(times, found, strict=True) if 6.0 <= t <= 20.0]
    assert all(p is not None and abs(p.x - 9.0) < 0.02 and abs(p.y - halt.y) < 0.02 for p in still)
    xs = [p.x * way for p in found if p is not None]
    assert all(b >= a - 1e-9 for a, b in pairwise(xs))  # never backwards
    off = [abs((p.heading_deg - (0.0 if way > 0 else 180.0) + 180) % 360 - 180) for p in found if p is not None]
    assert max(off) < 35
    assert off[len(still) // 2 + int(6 / 0.08)] < 6


def test_waypoints_out_of_order_are_refused() -> None:
    trip = Trip(ActorSpec("car", "sedan"), (Waypoint(2.0, 0, 0), Waypoint(1.0, 5, 0)))
    with pytest.raises(ValueError, match="rising times"):
        poses(trip, StreetSpec(), np.array([0.0]))


def test_a_walker_swings_its_legs_and_stands_still_at_rest() -> None:
    way = (Waypoint(0.0, 0.0, 7.0), Waypoint(5.0, 7.0, 7.0), Waypoint(8.0, 7.0, 7.0))
    found = poses(Trip(ActorSpec("p", "person"), way, walks=True), StreetSpec(), np.arange(0.0, 8.0, 0.1))
    phases = [p.phase for p in found if p is not None]
    assert len({p for p in phases[:45] if p is not None}) == 8
    assert set(phases[60:]) == {None}
    assert all(p is not None and p.z > 0 for p in found)  # on the pavement


PLAIN = ("sedan", "hatchback", "suv", "van", "bus", "truck", "bicycle", "motorcycle", "person", "figure")


@pytest.mark.parametrize("kind", PLAIN)
def test_every_plain_kind_has_a_body_that_stands_on_the_ground(kind: str) -> None:
    mesh = actors.model(ActorSpec("x", kind))
    low, high = mesh.vertices.min(0), mesh.vertices.max(0)
    assert -0.02 < low[2] < 0.06
    assert abs(low[1] + high[1]) < 0.15
    assert np.isfinite(mesh.vertices).all()
    length, tall = high[0] - low[0], high[2]
    limits = {"car": (3.8, 5.2, 1.4, 2.0), "bus": (10.0, 12.0, 2.8, 3.2), "truck": (6.5, 8.0, 2.9, 3.3)}
    shortest, longest, lowest, highest = limits.get(CLASS_OF_KIND[kind], (0.2, 2.2, 1.4, 2.0))
    assert shortest < length < longest
    assert lowest < tall < highest


def test_an_unknown_kind_is_one_clear_error() -> None:
    with pytest.raises(SceneError, match="hovercraft"):
        actors.model(ActorSpec("x", "hovercraft"))


def test_warping_a_sprite_carries_it_to_the_new_pose() -> None:
    actor, old, new = ActorSpec("x", "sedan"), Pose(9.0, 4.5, 0.0, 180.0), Pose(9.6, 4.4, 0.0, 179.0)
    mesh = actors.model(actor)
    box = (0, 0, CAMERA.width, CAMERA.height)
    drawn = sprites.silhouette(CAMERA, sprites.at(mesh, old), box)
    rgba = np.repeat(drawn[..., None], 4, 2).astype(np.float32)
    sprite = sprites.cut_out(rgba, CAMERA, sprites.at(mesh, old), box)
    move, wrong = sprites.shift_between(CAMERA, sprites.hull(mesh), old, new)
    moved = sprites.warped(sprite, move, CAMERA)
    full = np.zeros_like(drawn)
    full[moved.y : moved.y + moved.body.shape[0], moved.x : moved.x + moved.body.shape[1]] = moved.body
    wanted = sprites.silhouette(CAMERA, sprites.at(mesh, new), box)
    assert wrong < 2
    assert (full & wanted).sum() / (full | wanted).sum() > 0.93


def test_a_mesh_of_the_wrong_shape_says_what_it_got() -> None:
    with pytest.raises(ValueError, match=r"vertices must be \(V, 3\), got \(4, 2\)"):
        Mesh(np.zeros((4, 2)), np.zeros((0, 4), np.int32), np.zeros(0, np.int32), ())
