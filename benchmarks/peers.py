"""`peers`: what people assemble today against Streetwarden, on the same frames and on the same streams, in one run.

First `ultralytics` `predict` and `track` and our engine, in the worker's lanes, take turns on the same decoded frames,
after their boxes were compared.
Then a stack of `cv2.VideoCapture` threads and one `predict` loop, and our worker, watch the same simulated cameras one
after the other.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import itertools
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.errors import BenchmarkError
from benchmarks.live import LivePlan, LiveRun, run_live
from benchmarks.material import Clip, add_clip_options, key_frames, load_clips
from benchmarks.product import Product, cores_between, simulate, usage_of
from benchmarks.report import ROOT, Benchmark, Figures, Gate, Outcome, Sample, median, say
from detector.boxes import iou
from detector.detections import Detections
from detector.engine import Engine
from detector.tracking.tracker import Tracker
from models.errors import ModelsError
from models.extra import require_train_extra
from streams.frame import Image
from streetwarden.crew import lane_plan
from streetwarden.detection import model_path
from streetwarden.processes import stop
from streetwarden.settings import Settings

SCORE, IOU = 0.25, 0.7
SAME_IOU, SAME_SCORE = 0.99, 0.01
HELD_LOOKS_PER_S = 0.4
FIRST_FRAME_TIMEOUT_S = 20.0
SECOND_NS = 1_000_000_000

Predict = Callable[[Image], Detections]


def add_options(parser: argparse.ArgumentParser) -> None:
    """What this benchmark can be told."""
    parser.add_argument("--frames", type=int, default=16, metavar="N", help="frames in a turn (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=10, metavar="N", help="turns of each (default: %(default)s)")
    parser.add_argument(
        "--cameras", type=int, nargs="*", default=[2, 4], metavar="N", help="live cameras (default: 2 4)"
    )
    parser.add_argument("--seconds", type=float, default=30, metavar="S", help="length of a live run")
    parser.add_argument("--model", default="street", metavar="NAME|FILE", help="model (default: %(default)s)")
    add_clip_options(parser)


def run(options: argparse.Namespace) -> Outcome:
    """Compare on frames, then on streams. Raises BenchmarkError when ultralytics is not installed."""
    clips = load_clips(options.clips)
    model = model_path(options.model)
    lane = lane_plan(Settings())
    engine = Engine.load(model, threads=lane.threads, score_threshold=SCORE, iou_threshold=IOU)
    rect = bool(engine.describe()["rect"])
    predict = open_ultralytics(model, rect=rect)
    say("peers: the same frames")
    peer = predict, open_tracking(model, rect=rect)
    with ThreadPoolExecutor(lane.lanes) as lanes:
        figures, samples = _on_frames(options, clips[0], _Ours(engine, lanes), peer)
    for cameras in options.cameras:
        say(f"peers: {cameras} live cameras")
        with tempfile.TemporaryDirectory(prefix="streetwarden-peers-") as folder:
            stack = run_stack(clips, cameras, options.seconds, predict, Path(folder))
        with tempfile.TemporaryDirectory(prefix="streetwarden-peers-") as folder:
            plan = LivePlan(clips, cameras, options.seconds, model=options.model)
            ours = _ours(run_live(plan, Path(folder)))
        figures[f"cameras_{cameras}"] = {"stack": stack, "streetwarden": ours}
        samples += [{"cameras": cameras, "who": "stack", **stack}, {"cameras": cameras, "who": "streetwarden", **ours}]
    return Outcome(figures, samples)


def open_ultralytics(model: Path, *, rect: bool) -> Predict:
    """`YOLO(model).predict` as a user would call it, on one picture. Raises BenchmarkError when it is not here.

    `rect` pads pictures no further than the model needs; both sides do it, or neither.
    """
    yolo = _load_ultralytics(model)

    def predict(image: Image) -> Detections:
        return _boxes(yolo.predict(image, conf=SCORE, iou=IOU, rect=rect, verbose=False, device="cpu"))

    return predict


def open_tracking(model: Path, *, rect: bool) -> Predict:
    """`YOLO(model).track` with its default tracker, on one picture after the other. Raises BenchmarkError."""
    yolo = _load_ultralytics(model)

    def track(image: Image) -> Detections:
        return _boxes(yolo.track(image, persist=True, conf=SCORE, iou=IOU, rect=rect, verbose=False, device="cpu"))

    return track


def _load_ultralytics(model: Path) -> Any:
    if importlib.util.find_spec("torchvision") is None:
        # ultralytics imports torchvision for its NMS alone, and no CPU build of it stands beside our torch.
        sys.path.append(str(ROOT / "tests" / "stubs"))
    try:
        require_train_extra("comparing with ultralytics")
    except ModelsError as error:
        raise BenchmarkError(str(error)) from None
    ultralytics: Any = importlib.import_module("ultralytics")  # an extra, and slow to import
    return ultralytics.YOLO(str(model), task="detect")


def _boxes(results: Any) -> Detections:
    boxes = results[0].boxes.cpu().numpy()
    return Detections.untracked(
        boxes.xyxy.astype(np.float32), boxes.conf.astype(np.float32), boxes.cls.astype(np.int64)
    )


@dataclass(slots=True)
class _Ours:
    """The engine in the worker's lanes, and one camera's tracker behind it, whose pictures are a second apart."""

    engine: Engine
    lanes: ThreadPoolExecutor
    shown: int = 0

    def detect(self, pictures: Sequence[Image]) -> list[Detections]:
        """Boxes of every picture, in their order."""
        return list(self.lanes.map(lambda picture: self.engine.detect([picture])[0], pictures))

    def track(self, pictures: Sequence[Image]) -> None:
        """The same, and ids for them; a fresh tracker each time, as pictures begin again."""
        tracker = Tracker(self.engine.class_names)
        found = self.lanes.map(lambda picture: self.engine.detect([picture])[0], pictures)
        for second, (picture, detections) in enumerate(zip(pictures, found, strict=True)):
            tracker.update(second * SECOND_NS, picture, detections)


def _on_frames(
    options: argparse.Namespace, clip: Clip, ours: _Ours, peer: tuple[Predict, Predict]
) -> tuple[Figures, list[Sample]]:
    pictures = [frame.image for frame in key_frames(clip, limit=options.frames)[0]]
    predict, track = peer
    found = ours.detect(pictures)
    parity = min(agreement(predict(picture), seen) for picture, seen in zip(pictures, found, strict=True))
    sides: list[tuple[str, Callable[[], object]]] = [
        ("ultralytics", lambda: [predict(picture) for picture in pictures]),
        ("engine", lambda: ours.detect(pictures)),
        ("ultralytics_track", lambda: [track(picture) for picture in pictures]),
        ("engine_track", lambda: ours.track(pictures)),
    ]
    samples: list[Sample] = []
    for number in range(options.rounds):
        seconds, cpu_seconds = {}, {}
        for name, side in sides[number % len(sides) :] + sides[: number % len(sides)]:
            began_s, cpu_began_s = time.perf_counter(), time.process_time()
            side()
            seconds[name] = time.perf_counter() - began_s
            cpu_seconds[name] = time.process_time() - cpu_began_s
        samples.append({"round": number, "frames": len(pictures), "seconds": seconds, "cpu_seconds": cpu_seconds})
    return {
        "parity": parity,
        "ultralytics_frames_per_s": _rate(samples, "ultralytics"),
        "engine_frames_per_s": _rate(samples, "engine"),
        "speed_up": _ratio(samples, "ultralytics", "engine"),
        "speed_up_cpu": _ratio(samples, "ultralytics", "engine", "cpu_seconds"),
        "track_speed_up": _ratio(samples, "ultralytics_track", "engine_track"),
    }, samples


def _ratio(samples: Sequence[Sample], of: str, to: str, kind: str = "seconds") -> float | None:
    return median([row[kind][of] / row[kind][to] for row in samples])


def _rate(samples: Sequence[Sample], side: str) -> float | None:
    return median([row["frames"] / row["seconds"][side] for row in samples], 2)


def agreement(one: Detections, other: Detections) -> float:
    """Share of the boxes of both that have their like in the other: same class, place and score."""
    total = len(one) + len(other)
    if not total:
        return 1.0
    if not len(one) or not len(other):
        return 0.0
    # Ultralytics clips its boxes to the picture; the overlap is judged where both show the same thing.
    same = (iou(one.xyxy, other.xyxy) >= SAME_IOU) & (one.class_id[:, None] == other.class_id[None, :])
    same &= np.abs(one.score[:, None] - other.score[None, :]) <= SAME_SCORE
    return float((same.any(0).sum() + same.any(1).sum()) / total)


@dataclass(slots=True)
class Reader:
    """The thread that everybody writes: read a stream for ever and keep the newest frame."""

    url: str
    frames_read: int = 0
    newest: Image | None = None
    stopping: threading.Event = field(default_factory=threading.Event)

    def read(self) -> None:
        capture = cv2.VideoCapture(self.url, cv2.CAP_FFMPEG)
        while not self.stopping.is_set():
            there, image = capture.read()
            if not there:
                break
            self.newest = np.asarray(image, np.uint8)
            self.frames_read += 1
        capture.release()


def run_stack(clips: Sequence[Clip], cameras: int, seconds: float, predict: Predict, folder: Path) -> Figures:
    """The stack on simulated cameras, in this process; cores are this process's and the simulator's."""
    simulated = simulate(Product(folder), [clip.path for clip in clips], cameras)
    readers = [Reader(url) for url in simulated.urls]
    threads = [threading.Thread(target=reader.read, name=reader.url, daemon=True) for reader in readers]
    try:
        for thread in threads:
            thread.start()
        _wait_for_frames(readers)
        return _watch(readers, seconds, predict, simulated.process.pid)
    finally:
        for reader in readers:
            reader.stopping.set()
        stop(simulated.process, timeout_seconds=10)
        for thread in threads:
            thread.join(5)


def _wait_for_frames(readers: Sequence[Reader]) -> None:
    deadline = time.monotonic() + FIRST_FRAME_TIMEOUT_S
    while any(reader.newest is None for reader in readers):
        if time.monotonic() > deadline:
            raise BenchmarkError("cv2.VideoCapture gave no frame of a simulated camera")
        time.sleep(0.05)


def _watch(readers: Sequence[Reader], seconds: float, predict: Predict, simulator: int) -> Figures:
    before = [reader.frames_read for reader in readers]
    first, first_simulator = usage_of([os.getpid()]), usage_of([simulator])
    looks = 0
    end = time.monotonic() + seconds
    for reader in itertools.cycle(readers):
        if time.monotonic() >= end:
            break
        picture, reader.newest = reader.newest, None
        if picture is None:
            time.sleep(0.001)
            continue
        predict(picture)
        looks += 1
    last, last_simulator = usage_of([os.getpid()]), usage_of([simulator])
    lasted_s = last.at_s - first.at_s
    read = sum(reader.frames_read for reader in readers) - sum(before)
    looks_per_s = looks / len(readers) / lasted_s
    return {
        "frames_read_per_camera_s": round(read / len(readers) / lasted_s, 2),
        "analysed_per_camera_s": round(looks_per_s, 3),
        "held": looks_per_s >= HELD_LOOKS_PER_S,
        "cores": round(cores_between(first, last), 3),
        "cores_simulator": round(cores_between(first_simulator, last_simulator), 3),
    }


def _ours(done: LiveRun) -> Figures:
    cameras = done.health["cameras"]
    looks_per_s = [done.analysed_per_s(camera) for camera in cameras]
    return {
        "frames_read_per_camera_s": round(sum(camera["fps_read"] for camera in cameras) / len(cameras), 2),
        "analysed_per_camera_s": round(sum(looks_per_s) / len(looks_per_s), 3),
        "held": min(looks_per_s) >= HELD_LOOKS_PER_S,
        "cores": round(done.worker_cores, 3),
        "cores_simulator": round(done.simulator_cores, 3),
    }


BENCHMARK = Benchmark(
    name="peers",
    about="ultralytics and the stack that people assemble, against ours on the same frames and streams",
    run=run,
    add_options=add_options,
    smoke={"frames": 2, "rounds": 1, "cameras": [2], "seconds": 1.5},
    gates=(Gate("parity", least=0.99), Gate("speed_up", least=1.0, timed=True)),
)
