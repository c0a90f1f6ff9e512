"""The whole chain from decoded key frames to incidents on real streets, with the COCO model."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import pytest

from detector.boxes import iou
from detector.detections import Detections
from detector.engine import Engine
from detector.incident import Incident, IncidentState
from detector.watch import MIN_SCORE, CameraWatch
from detector.zones import Zone
from streams.frame import Frame, TimeSource
from streetwarden.detection import model_path

pytestmark = pytest.mark.shared_data

WIDTH, HEIGHT = 640, 360
EPOCH_NS = 1_767_600_000 * 10**9
WHOLE = ((0, 0), (WIDTH, 0), (WIDTH, HEIGHT), (0, HEIGHT))
FAR_KERB = ((70, 100), (300, 70), (305, 135), (225, 145), (70, 158))
NEAR_KERB = ((0, 230), (150, 225), (480, 230), (480, 325), (0, 300))
CARRIAGEWAY = ((0, 165), (225, 150), (420, 120), (500, 160), (300, 205), (100, 215), (0, 215))

Look = tuple[Frame, Detections]


@dataclass(frozen=True)
class Street:
    """The looks at one clip, and the class names of the model that made them."""

    looks: tuple[Look, ...]
    class_names: tuple[str, ...]

    def watch(self, pixels: Sequence[tuple[float, float]], dwell_seconds: float, **rule: object) -> list[Incident]:
        """Every change of every incident with one zone, given in pixels."""
        watch = self._watch(pixels, dwell_seconds, rule)
        return [change for frame, detections in self.looks for change in watch.observe(frame, detections)]

    def led_by_demand(self, pixels: Sequence[tuple[float, float]], dwell_seconds: float, first: int) -> list[Incident]:
        """The same, but only with the looks that the watch wants of a street where no gate tells of motion."""
        watch, changes, due_ns = self._watch(pixels, dwell_seconds, {}), [], 0
        for frame, detections in self.looks[first:]:
            if frame.pts_ns < due_ns:
                continue
            changes += watch.observe(frame, detections)
            wanted = watch.demand(frame.captured_at_ns, frame.pts_ns)
            assert wanted is not None
            due_ns = frame.pts_ns + round(wanted.rest_interval_s * 1e9)
        return changes

    def _watch(
        self, pixels: Sequence[tuple[float, float]], dwell_seconds: float, rule: dict[str, object]
    ) -> CameraWatch:
        zone = Zone.model_validate(
            {
                "id": "z",
                "class": "prohibited",
                "polygon": [[x / WIDTH, y / HEIGHT] for x, y in pixels],
                "rules": [{"kind": "illegal_parking", "dwell_seconds": dwell_seconds, **rule}],
            }
        )
        return CameraWatch("cam", [zone], self.class_names)

    def every(self, step: int) -> Street:
        return Street(self.looks[::step], self.class_names)


def _frames(clip: Path, step: int) -> Iterator[Frame]:
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        assert stream.time_base is not None
        for sequence, picture in enumerate(container.decode(stream)):
            if sequence % step == 0 and picture.pts is not None:
                pts_ns = round(picture.pts * stream.time_base * 10**9)
                image = np.asarray(picture.to_ndarray(format="bgr24"), np.uint8)
                captured_at_ns = EPOCH_NS + pts_ns
                yield Frame("cam", sequence, pts_ns, captured_at_ns, TimeSource.FILE, "bgr24", image, picture.key_frame)


def _street(engine: Engine, clip: Path, step: int) -> Street:
    return Street(tuple((frame, engine.detect([frame.image])[0]) for frame in _frames(clip, step)), engine.class_names)


@pytest.fixture(scope="module")
def engine(shared_data: Path) -> Engine:
    return Engine.load(shared_data / "models" / "yolo11n_coco.onnx", score_threshold=MIN_SCORE)


@pytest.fixture(scope="module")
def parked(engine: Engine, shared_data: Path) -> Street:
    """One look a second: the clip's key frames."""
    return _street(engine, shared_data / "videos/cvtrafficcam_parked_street/traffic_000-279.mp4", 10)


@pytest.fixture(scope="module")
def parked_as_shipped(shared_data: Path) -> Street:
    """The same looks with the model that the product comes with."""
    engine = Engine.load(model_path("street"), score_threshold=MIN_SCORE)
    return _street(engine, shared_data / "videos/cvtrafficcam_parked_street/traffic_000-279.mp4", 10)


@pytest.fixture(scope="module")
def junction(engine: Engine, shared_data: Path) -> Street:
    """Five looks a second."""
    return _street(engine, shared_data / "videos/opendatacam_city_street/city_street_000-299.mp4", 6)


@pytest.fixture(scope="module")
def truth(shared_data: Path) -> dict[str, tuple[float, float, float, float]]:
    data = json.loads((shared_data / "videos/cvtrafficcam_parked_street/gt_parked.json").read_text())
    boxes = {item["id"]: item["box"] for item in data["parked_whole_clip"]}
    return {name: (x, y, x + width, y + height) for name, (x, y, width, height) in boxes.items()}


def confirmed(changes: Sequence[Incident]) -> list[Incident]:
    return [change for change in changes if change.state is IncidentState.CONFIRMED]


def found(incidents: Sequence[Incident], truth: dict[str, tuple[float, float, float, float]]) -> list[str]:
    """The parked vehicle that each incident is, by an IoU over 0.5; `?` for none."""
    names = list(truth)
    if not incidents:
        return []
    overlap = iou(np.array([incident.box_xyxy for incident in incidents]), np.array([truth[name] for name in names]))
    return sorted(names[row.argmax()] if row.max() > 0.5 else "?" for row in overlap)


def test_the_far_kerb_has_its_three_parked_cars(
    parked: Street, truth: dict[str, tuple[float, float, float, float]]
) -> None:
    incidents = confirmed(parked.watch(FAR_KERB, 15))
    assert found(incidents, truth) == ["P1", "P2", "P3"]
    for incident in incidents:
        assert incident.confirmed_pts_ns is not None
        assert incident.started_pts_ns < 3 * 10**9
        assert 15 <= (incident.confirmed_pts_ns - incident.started_pts_ns) / 1e9 <= 18


@pytest.mark.parametrize(
    ("zone", "names"),
    [(NEAR_KERB, ["P4", "P5", "P6"]), (WHOLE, ["P1", "P2", "P3", "P4", "P5", "P6"]), (CARRIAGEWAY, [])],
    ids=["near kerb", "whole picture", "carriageway"],
)
@pytest.mark.parametrize("step", [1, 2])
def test_every_parked_vehicle_and_nothing_else(
    parked: Street,
    truth: dict[str, tuple[float, float, float, float]],
    zone: Sequence[tuple[float, float]],
    names: list[str],
    step: int,
) -> None:
    assert found(confirmed(parked.every(step).watch(zone, 15)), truth) == names


@pytest.mark.parametrize(
    ("zone", "names"),
    [(FAR_KERB, ["P1", "P2", "P3"]), (NEAR_KERB, ["P4", "P5", "P6"]), (CARRIAGEWAY, [])],
    ids=["far kerb", "near kerb", "carriageway"],
)
@pytest.mark.parametrize("first", [0, 2, 4])
def test_looks_at_rest_and_those_that_the_rules_ask_for_find_the_same(
    parked_as_shipped: Street,
    truth: dict[str, tuple[float, float, float, float]],
    zone: Sequence[tuple[float, float]],
    names: list[str],
    first: int,
) -> None:
    incidents = confirmed(parked_as_shipped.led_by_demand(zone, 15, first))
    assert found(incidents, truth) == names
    for incident in incidents:
        assert 15 <= ((incident.confirmed_pts_ns or 0) - incident.started_pts_ns) / 1e9 <= 18


@pytest.mark.parametrize("step", [1, 2, 5, 10])
@pytest.mark.parametrize("dwell_seconds", [5, 8])
def test_nobody_parks_at_the_junction(junction: Street, step: int, dwell_seconds: float) -> None:
    assert not confirmed(junction.every(step).watch(WHOLE, dwell_seconds))


def test_the_cars_in_the_far_distance_do_stand_there(junction: Street) -> None:
    """The junction's silence is no deafness: told to look at the smallest, the watch finds the one on the pavement."""
    incidents = confirmed(junction.watch(WHOLE, 5, min_size=0.0, min_score=0.2))
    pavement = np.array([[417.0, 113.0, 439.0, 131.0]])
    assert any(iou(np.array([incident.box_xyxy]), pavement)[0, 0] > 0.5 for incident in incidents)
    assert all(incident.box_xyxy[2] - incident.box_xyxy[0] < 40 for incident in incidents)


def test_the_same_clip_gives_the_same_incidents(parked: Street) -> None:
    assert parked.watch(FAR_KERB, 15) == parked.watch(FAR_KERB, 15)
