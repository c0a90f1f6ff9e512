"""Stills about one subject: their stalls and look-alikes, their places, and what a training run may read meanwhile."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from datasets.scenes import actors, look, lookalikes, materials, places, placing, stalls, stills, subjects
from datasets.scenes.generated import STORIES
from datasets.scenes.spec import ActorSpec, LightSpec
from datasets.scenes.subjects import SUBJECTS, Subject
from tests.datasets.scenes_help import FlatStage

SUBJECT_NAMES = tuple(SUBJECTS)


@pytest.mark.parametrize("style", sorted(stalls.STYLES))
def test_every_style_of_stall_stands_on_the_ground_with_and_without_lamps(style: str) -> None:
    for state in (style, f"{style}*+2"):
        actor = ActorSpec("x", "stall", variant=5, state=state)
        mesh = actors.model(actor)
        assert -0.06 < mesh.vertices[:, 2].min() < 0.06
        assert 0.1 < np.ptp(mesh.vertices[:, 2]) < 3.2
        assert np.ptp(mesh.vertices[:, :2], axis=0).max() < 6.0
        assert all(materials.look_of(name, actor, LightSpec(night=1.0)) for name in mesh.materials)


def test_lamps_of_a_stall_shine_by_night_alone() -> None:
    names = actors.model(ActorSpec("x", "stall", variant=5, state="table*")).materials
    bulbs = [name for name in names if name.startswith("bulb")]
    assert bulbs
    assert all(materials.look_of(name, None, LightSpec(night=1.0)).glow > 10 for name in bulbs)
    assert all(materials.look_of(name, None, LightSpec()).glow == 0 for name in bulbs)


@pytest.mark.parametrize("number", range(len(lookalikes.MAKERS)))
def test_a_look_alike_has_a_size_and_looks(number: int) -> None:
    mesh = lookalikes.MAKERS[number](np.random.default_rng(3))
    assert -0.06 < mesh.vertices[:, 2].min() < 0.2
    assert 0.8 < mesh.vertices[:, 2].max() < 3.0
    assert all(materials.look_of(name, None) for name in mesh.materials)


def test_a_look_alike_is_nothing_to_find() -> None:
    assert actors.labelled_parts(ActorSpec("x", "thing", variant=3, state="alike")) == ()


def test_no_two_subjects_and_no_clip_share_a_place() -> None:
    seeds = [subjects.place_seed(about, seed, n) for about in SUBJECTS.values() for seed in (1, 2) for n in (0, 9999)]
    assert len(set(seeds)) == len(seeds)
    clips = {places.place(kind, seed, (64, 36)).scene.street.seed for kind in STORIES for seed in (0, 200_000_000)}
    assert min(seeds) > max(clips)


@pytest.mark.parametrize("name", SUBJECT_NAMES)
def test_a_street_of_a_subject_has_its_kinds_and_repeats(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stills, "SUBJECT_POOL", 7)
    seed = subjects.place_seed(SUBJECTS[name], 3, 1)
    street = stills.subject_street(SUBJECTS[name], seed)
    assert street == stills.subject_street(SUBJECTS[name], seed)
    assert {actor.kind for actor, _ in street.pool} <= set(SUBJECTS[name].kinds)
    assert len(street.pool) == 7


def test_bins_are_closed_or_full_as_often_as_they_run_over() -> None:
    rng = np.random.default_rng(1)
    actor, about = ActorSpec("bin-1", "bin"), SUBJECTS["garbage"]
    states = [subjects.fitted(rng, about, actor, LightSpec()).state for _ in range(200)]
    assert {"closed", "full", "open", "overflow"} == set(states)
    assert states.count("overflow") < 100


def test_stills_of_a_subject_are_listed_when_they_are_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stills, "SUBJECT_STILLS", 1)
    monkeypatch.setattr(stills, "SUBJECT_POOL", 1)
    made = stills.make_stills(2, 3, tmp_path, FlatStage, lambda _: None, SUBJECTS["vending"])
    names = (tmp_path / stills.COMPLETE).read_text().split()
    assert names == ["vending3-0000-0", "vending3-0001-0"]
    assert [image.name for image in made.images] == [f"{name}.jpg" for name in names]
    assert all((tmp_path / "images" / f"{name}.jpg").exists() for name in names)
    assert all((tmp_path / "labels" / f"{name}.txt").exists() for name in names)


def test_a_picture_takes_of_the_pool_only_what_does_not_touch(tmp_path: Path) -> None:
    about: Subject = SUBJECTS["vending"]
    street = stills.subject_street(about, subjects.place_seed(about, 3, 0))
    made = stills.StreetStills(street, "x", tmp_path, FlatStage)
    picks = made._picks(6)
    assert len(picks) == 6
    assert all(placing.apart(one, other) for k, one in enumerate(picks) for other in picks[:k])


def test_noise_is_another_in_every_picture_and_of_the_wanted_size() -> None:
    rng, grey = np.random.default_rng(2), np.full((60, 80, 3), 128.0, np.float32)
    pictures = [look.noisy(grey, 4.0, rng).astype(int) for _ in range(6)]
    assert all((one != other).mean() > 0.5 for one, other in pairwise(pictures))
    assert np.std(pictures) == pytest.approx(4.0, rel=0.15)
