"""A worker that starts again knows where its cameras looked."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from streams.fitness.picture import PictureFitness
from streams.frame import Image
from streams.simulator import views as faults
from streetwarden.cameras_file import CameraConfig
from streetwarden.views import Views
from tests.streams.fitness_scenes import demo_clip, key_frames, noisy, watch


@pytest.fixture(scope="module")
def street() -> Image:
    """A picture of a street, small enough to be quick."""
    return np.asarray(cv2.resize(next(key_frames(demo_clip("market-street")))[0], (640, 360)), np.uint8)


def camera(corner: float = 0.9) -> CameraConfig:
    rule = {"kind": "illegal_parking", "dwell_seconds": 60}
    zone = {"id": "kerb", "class": "prohibited", "polygon": [[0.1, 0.1], [corner, 0.1], [0.5, 0.9]], "rules": [rule]}
    return CameraConfig.model_validate({"id": "gate", "url": "rtsp://127.0.0.1/gate", "zones": [zone]})


def state_of(fitness: PictureFitness, picture: Image, looks: int = 5) -> str:
    """The last of some looks at it."""
    return watch(fitness, noisy(picture, 0.0, looks))[-1].state.value


@pytest.fixture(scope="module")
def watched_a_minute(street: Image) -> PictureFitness:
    fitness = PictureFitness("gate")
    assert state_of(fitness, street, 35) == "fit"
    return fitness


@pytest.fixture
def learnt(tmp_path: Path, watched_a_minute: PictureFitness) -> Path:
    """The folder of a worker that watched a camera for a minute."""
    views = Views(tmp_path)
    views.follow(camera(), watched_a_minute)
    views.write()
    return tmp_path


def restarted(folder: Path, config: CameraConfig) -> PictureFitness:
    fitness = PictureFitness("gate")
    Views(folder).follow(config, fitness)
    return fitness


def test_a_camera_turned_while_nobody_watched_has_moved(learnt: Path, street: Image) -> None:
    assert state_of(restarted(learnt, camera()), street) == "fit"
    assert state_of(restarted(learnt, camera()), faults.moved_by(0.2)(street)) == "moved"


def test_zones_drawn_anew_belong_to_what_the_camera_shows_then(learnt: Path, street: Image) -> None:
    assert state_of(restarted(learnt, camera(corner=0.8)), faults.moved_by(0.2)(street)) == "fit"


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"zones": 1, "pictures": {"DAY": "AAAA"}}', '{"zones": 1}'])
def test_a_file_that_cannot_be_read_is_learnt_anew(learnt: Path, text: str) -> None:
    digest = learnt.joinpath("gate.json").read_text().split('"')[3]
    learnt.joinpath("gate.json").write_text(text.replace("1,", f'"{digest}",'))
    assert restarted(learnt, camera()).references == {}
