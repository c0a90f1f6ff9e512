"""The seeded actors: every kind stands on the ground, repeats for its seed, and says which of its parts is what."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from datasets.scenes import actors, loads, materials, muck, sprites
from datasets.scenes.paths import Pose
from datasets.scenes.spec import CLASS_OF_KIND, CLASSES, ActorSpec, CameraSpec, LightSpec
from datasets.scenes.trucks import make_crops
from tests.datasets.scenes_help import FlatStage
from tests.datasets.test_scene_geometry import PLAIN

SEEDED = tuple(sorted(set(CLASS_OF_KIND) - set(PLAIN)))
# length + width and height, metres: from, to
LIMITS = {
    "dump_truck": (7.0, 14.5, 2.2, 4.8),
    "plain_truck": (7.0, 14.5, 2.1, 4.6),
    "tricycle": (2.5, 5.5, 1.0, 2.3),
    "stall": (1.5, 12.0, 0.08, 3.2),
    "bags": (0.3, 5.0, 0.1, 1.2),
    "heap": (1.0, 12.0, 0.15, 3.5),
    "litter": (0.3, 6.0, 0.01, 0.6),
    "cartons": (0.4, 6.0, 0.01, 1.6),
    "rubble": (1.0, 8.0, 0.1, 2.0),
    "trail": (4.0, 9.0, 0.03, 0.5),
    "bin": (0.8, 4.2, 0.7, 2.6),
    "bin_row": (1.5, 9.0, 0.8, 2.3),
    "thing": (0.3, 8.0, 0.3, 2.9),
}


@pytest.mark.parametrize("variant", [1, 2, 3])
@pytest.mark.parametrize("kind", SEEDED)
def test_every_seeded_kind_stands_on_the_ground_at_its_size(kind: str, variant: int) -> None:
    mesh = actors.model(ActorSpec("x", kind, variant=variant))
    size = np.ptp(mesh.vertices, axis=0)
    least, most, lowest, highest = LIMITS[kind]
    assert -0.06 < mesh.vertices[:, 2].min() < 0.12
    assert least < size[0] + size[1] < most
    assert lowest < size[2] < highest
    assert np.isfinite(mesh.vertices).all()


@pytest.mark.parametrize("kind", SEEDED)
def test_a_shape_belongs_to_its_seed(kind: str) -> None:
    one = actors.model(ActorSpec("x", kind, variant=7))
    actors._shape.cache_clear()
    again, other = (actors.model(ActorSpec("x", kind, variant=v)) for v in (7, 8))
    assert np.array_equal(one.vertices, again.vertices)
    assert one.materials == again.materials
    assert one.vertices.shape != other.vertices.shape or not np.array_equal(one.vertices, other.vertices)


@pytest.mark.parametrize("kind", SEEDED)
def test_every_material_has_a_look(kind: str) -> None:
    actor = ActorSpec("x", kind, variant=4)
    for name in actors.model(actor).materials:
        assert 0 <= materials.look_of(name, actor, LightSpec(night=1.0, wet=0.5)).roughness <= 1


def test_a_row_of_bins_is_a_box_for_every_bin() -> None:
    for variant in range(1, 6):
        parts = actors.labelled_parts(ActorSpec("row", "bin_row", variant=variant))
        assert {label for _, label, _ in parts} <= {"garbage_bin", "overflow", "garbage"}
        assert sum(label in ("garbage_bin", "overflow") for _, label, _ in parts) >= 2
        assert len({part for part, _, _ in parts}) == len(parts)


def test_an_overflowing_bin_is_of_another_class_than_a_closed_one() -> None:
    assert ActorSpec("x", "bin", state="overflow").label == "overflow"
    assert ActorSpec("x", "bin", state="full").label == "garbage_bin"
    assert {actor for actor in CLASS_OF_KIND.values() if actor} <= set(CLASSES)


def test_people_around_a_stall_are_persons_of_their_own() -> None:
    parts = actors.labelled_parts(ActorSpec("s", "stall", variant=3, state="cart+3"))
    assert [label for _, label, _ in parts] == ["stall", "person", "person", "person"]
    own = parts[0][2]
    assert own is not None
    assert not any(name.startswith("person") for name in own)


def test_spilled_soil_does_not_stretch_the_trucks_box() -> None:
    truck = ActorSpec("t", "dump_truck", variant=5, state="spilling")
    (part,) = actors.labelled_parts(truck)
    mesh = actors.model(truck)
    assert part[2] is not None
    assert np.ptp(mesh.only(part[2]).vertices[:, 0]) < np.ptp(mesh.vertices[:, 0])


@pytest.mark.parametrize("alone", [False, True])
def test_a_machine_left_alone_has_no_rider(alone: bool) -> None:
    parts = actors.labelled_parts(ActorSpec("m", "motorcycle", state="alone" if alone else ""))
    assert [label for _, label, _ in parts] == (["motorcycle"] if alone else ["motorcycle", "person"])


ABOVE = CameraSpec((-9.0, -6.0, 8.0), (0.0, 0.0, 1.5), 60.0, 320, 180)
IN_FRONT = CameraSpec((22.0, 0.0, 1.2), (0.0, 0.0, 1.2), 30.0, 320, 180)
WHOLE = (0, 0, 320, 180)


@pytest.mark.parametrize("variant", [11, 12, 13])
@pytest.mark.parametrize("state", muck.LOADS)
def test_from_above_every_load_is_told(state: str, variant: int) -> None:
    truck = actors.model(ActorSpec("t", "dump_truck", variant=variant, state=state))
    wanted = "uncovered" if state == "spilling" else state
    assert loads.label(state, loads.seen(ABOVE, truck, WHOLE)) == wanted


def test_what_the_cab_hides_is_not_visible() -> None:
    truck = ActorSpec("t", "dump_truck", variant=11, state="empty")
    assert loads.label("empty", loads.seen(IN_FRONT, actors.model(truck), WHOLE)) == "not_visible"
    turned = sprites.at(actors.model(replace(truck, state="covered")), Pose(0.0, 0.0, 0.0, 180.0))
    assert loads.label("covered", loads.LoadView(0.0, 0.005, 0.0)) == "not_visible"
    assert loads.seen(ABOVE, turned, WHOLE).cover > 0.02


def test_a_crop_keeps_inside_the_picture() -> None:
    for seed in range(20):
        box = loads.crop_box((3.0, 2.0, 318.0, 178.0), (320, 180), np.random.default_rng(seed))
        assert 0 <= box[0] < box[2] <= 320
        assert 0 <= box[1] < box[3] <= 180


def test_crops_of_loads_repeat_for_a_seed_and_lie_by_state(tmp_path: Path) -> None:
    made = [make_crops(3, 3, tmp_path / name, FlatStage, lambda _: None) for name in "ab"]
    names = [[crop.path.relative_to(tmp_path / name) for crop in crops] for name, crops in zip("ab", made, strict=True)]
    assert names[0] == names[1]
    assert len(names[0]) == 3
    for name in names[0]:
        assert name.parts[1] in loads.STATES
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
