"""A candidate beside the live model: it writes down what both saw, costs little, and whatever it does harms nobody."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from detector.detections import Detections
from detector.engine import Engine
from detector.incident import Incident
from models.catalogue import resolve
from models.shadow_looks import compare_looks
from streams.clock import SystemClock
from streams.files import replay
from streams.fitness.state import FIT, Fitness, PictureState
from streams.frame import Frame, Image, TimeSource
from streams.ring import PacketRing
from streams.source import CameraSource
from streetwarden.cameras_file import load_cameras
from streetwarden.crew import open_shadow
from streetwarden.errors import UsageError
from streetwarden.pipeline import Equipment, Pipeline
from streetwarden.settings import Settings
from streetwarden.shadow import LOOKS, OLD_LOOKS, SHADOW, NamedEngine, ShadowLooks, ShadowPlan
from tests.house.imports import ROOT

QUICK = ShadowPlan(busy_share=1)
SEEN = Detections.untracked(
    np.array([[1, 2, 3, 4], [5, 6, 7, 8]], np.float32), np.array([0.9, 0.1], np.float32), np.array([0, 0])
)


class Scripted(Engine):
    """Sees one car, and something that is hardly there, when the test lets it."""

    def __init__(self, act: Callable[[], object] = lambda: None) -> None:
        self._act = act

    @property
    def class_names(self) -> tuple[str, ...]:
        return ("car",)

    def describe(self) -> dict[str, str | int]:
        return {}

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        self._act()
        return [SEEN for _ in images]


def frame(number: int, image: Image | None = None, fitness: Fitness | None = None) -> Frame:
    picture = np.zeros((8, 8, 3), np.uint8) if image is None else image
    fit = fitness or FIT
    return Frame("kerb", number, number, number, TimeSource.HOST, "bgr24", picture, fitness=fit)


def shadow(folder: Path, engine: Engine, plan: ShadowPlan = QUICK) -> ShadowLooks:
    return ShadowLooks(NamedEngine("live", Scripted()), NamedEngine("new", engine), folder, SystemClock(), plan)


def offer_until(looks: ShadowLooks, what: str, count: int) -> None:
    for number in range(1_000_000):
        looks.offer(frame(number), SEEN)
        if looks.describe()[what] >= count:
            return
        threading.Event().wait(0.001)


def test_what_two_real_models_saw_is_compared_by_the_report(shared_data: Path, tmp_path: Path) -> None:
    image = cv2.imread(str(next((shared_data / "images/sample_images").rglob("*.jpg"))))
    assert image is not None
    live, candidate = (Engine.load(resolve(name), threads=1) for name in ("street", "street12"))
    picture = frame(7, np.asarray(image, np.uint8))
    with ShadowLooks(
        NamedEngine("street", live), NamedEngine("street12", candidate), tmp_path, SystemClock(), QUICK
    ) as looks:
        seen = live.detect([picture.image])[0]
        while looks.describe()["looks"] < 1:
            looks.offer(picture, seen)
            threading.Event().wait(0.01)

    (trial,) = compare_looks(tmp_path)

    assert (trial.live, trial.candidate) == ("street", "street12")
    assert trial.report.by_class["person"].both >= 3
    assert trial.took_ms > 0
    assert "stall" in trial.report.only_candidate_classes


def test_a_lane_never_waits_for_the_candidate_and_what_it_cannot_take_is_dropped(tmp_path: Path) -> None:
    busy, go_on = threading.Event(), threading.Event()

    def hang() -> None:
        busy.set()
        go_on.wait(10)

    with shadow(tmp_path, Scripted(hang)) as looks:
        while not busy.is_set():
            looks.offer(frame(0), SEEN)
            busy.wait(0.001)
        for number in range(1, 100):
            looks.offer(frame(number), SEEN)
        go_on.set()

    assert looks.describe()["looks"] <= 1
    assert compare_looks(tmp_path)[0].report.frames <= 1


def test_a_candidate_that_fails_is_counted_and_goes_on(tmp_path: Path) -> None:
    outcomes = iter([True, False])

    def fail_first() -> None:
        if next(outcomes, False):
            raise ZeroDivisionError

    with shadow(tmp_path, Scripted(fail_first)) as looks:
        offer_until(looks, "looks", 1)

    assert looks.describe()["failed"] == 1


def test_the_files_stay_within_their_bound(tmp_path: Path) -> None:
    with shadow(tmp_path, Scripted(), ShadowPlan(busy_share=1, max_bytes=2000)) as looks:
        offer_until(looks, "looks", 30)

    assert sum((tmp_path / name).stat().st_size for name in (LOOKS, OLD_LOOKS)) < 2500
    assert 0 < compare_looks(tmp_path)[0].report.frames < 30


def test_the_candidate_rests_three_times_as_long_as_it_works() -> None:
    assert ShadowPlan().rest_s(0.2) == pytest.approx(0.6)


def test_pictures_that_are_unfit_and_boxes_that_are_hardly_there_are_left_out(tmp_path: Path) -> None:
    with shadow(tmp_path, Scripted()) as looks:
        looks.offer(frame(1, fitness=Fitness(PictureState.BLACK)), SEEN)
        offer_until(looks, "looks", 1)

    (trial,) = compare_looks(tmp_path)
    assert trial.report.total.both == trial.report.frames
    assert not trial.report.total.only_live


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"looks\.jsonl"):
        shadow(tmp_path / "file", Scripted())


class NoRecorder:
    """Nothing is sealed here."""

    def observe(self, *_: object) -> None:
        """Nothing is recorded."""


class Blind(Scripted):
    """Knows what `street` knows, and sees nothing at all."""

    @property
    def class_names(self) -> tuple[str, ...]:
        return ("person", "bicycle", "motorcycle", "car", "bus", "truck")

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        return [Detections.empty() for _ in images]


def test_a_worker_offers_its_pictures_and_no_rule_hears_of_the_candidates_boxes(tmp_path: Path) -> None:
    folder = ROOT / "datasets/clips"
    config = next(one for one in load_cameras(folder / "demo.yaml") if one.id == "market-street")
    incidents: list[Incident] = []
    live = Blind()
    settings = Settings(data_dir=tmp_path, model="street", shadow="street12-int8")
    beside = open_shadow(settings, live, tmp_path, SystemClock())
    assert beside is not None
    with beside as looks:
        had = Equipment(interval_s=1.0, on_seen=looks.offer)
        pipeline = Pipeline(live.class_names, NoRecorder(), incidents.append, SystemClock(), had)  # type: ignore[arg-type]
        camera = pipeline.add(config, PacketRing(config.id))
        pictures = replay(CameraSource(config.id, str(folder / config.url)), camera.ring, camera.wanted_of_clip)
        for picture in pictures:
            pipeline.look(live, [camera.look_at(picture)])
            if looks.describe()["looks"] >= 2:
                break

    (trial,) = compare_looks(tmp_path / SHADOW)
    assert (trial.live, trial.candidate) == ("street", "street12-int8")
    assert trial.report.frames >= 1
    assert not incidents


def test_without_a_candidate_nothing_runs_beside(tmp_path: Path) -> None:
    assert open_shadow(Settings(data_dir=tmp_path), Scripted(), tmp_path, SystemClock()) is None
    assert not list(tmp_path.iterdir())
