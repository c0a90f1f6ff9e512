"""`loop`: the loop from decoded frame to incidents against the bare ONNX Runtime session on the same tensors.

Both run in this process and take turns, so that a busy machine slows both. The loop is the worker's own `Pipeline`:
engine, tracker, zones, rules, recorder. The session is what anybody would write, ONNX Runtime's defaults and the
tensors ready in memory; beside it runs one with the engine's own session options.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from benchmarks.material import Clip, add_clip_options, key_frames, load_clips, with_dwell
from benchmarks.probes import Span, Spans, probed
from benchmarks.report import Benchmark, Figures, Gate, Outcome, Sample, median, quantiles, say
from detector.backends.onnxruntime import OnnxRuntimeBackend
from detector.engine import Engine
from detector.watch import CameraWatch
from evidence.recorder import Recorder
from streams.clock import SystemClock
from streams.frame import Frame
from streetwarden.detection import load_engine, model_path
from streetwarden.loop import FRAMES_A_BATCH
from streetwarden.pipeline import Pipeline
from streetwarden.recording import make_recorder
from streetwarden.settings import Settings

Tensor = npt.NDArray[np.float32]
Run = Callable[[Tensor], object]

STAGES: dict[str, tuple[type, str]] = {
    "detect": (Engine, "detect"),
    "session": (OnnxRuntimeBackend, "run"),
    "watch": (CameraWatch, "observe"),
    "record": (Recorder, "observe"),
}
NEVER_S = 7 * 86400.0
SECOND_NS = 1_000_000_000


def add_options(parser: argparse.ArgumentParser) -> None:
    """What this benchmark can be told."""
    parser.add_argument("--cameras", type=int, nargs="+", default=[1, 16], metavar="N", help="cameras (default: 1 16)")
    parser.add_argument("--frames", type=int, default=32, metavar="N", help="frames in a turn (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=15, metavar="N", help="turns of each (default: %(default)s)")
    parser.add_argument("--model", default="street", metavar="NAME|FILE", help="model (default: %(default)s)")
    parser.add_argument("--threads", type=int, metavar="N", help="threads of one inference, for all sides")
    add_clip_options(parser)


def run(options: argparse.Namespace) -> Outcome:
    """Measure each number of cameras; the smallest ratio is the figure."""
    clips = load_clips(options.clips)
    figures: Figures = {}
    samples: list[Sample] = []
    for cameras in options.cameras:
        say(f"loop: {cameras} cameras")
        with tempfile.TemporaryDirectory(prefix="streetwarden-loop-") as folder:
            rows, stages = _measure(options, clips[0], cameras, Path(folder))
        samples += rows
        figures[f"cameras_{cameras}"] = _figures(rows, stages)
    ratios = [figures[f"cameras_{cameras}"]["ratio_to_session"] for cameras in options.cameras]
    return Outcome({"ratio_to_session": min(ratios), **figures}, samples)


def _measure(
    options: argparse.Namespace, clip: Clip, cameras: int, folder: Path
) -> tuple[list[Sample], dict[str, list[float]]]:
    """The seconds of every turn, and of every stage of every look of the loop."""
    spans = Spans()
    rows: list[Sample] = []
    stages: dict[str, list[float]] = {}
    with _bench(options, clip, cameras, folder) as bench, probed(spans, STAGES):
        tensors = bench.capture_tensors(spans)
        default = _default_session(options)
        same = OnnxRuntimeBackend(model_path(options.model), options.threads)
        sides: list[tuple[str, Callable[[], object]]] = [
            ("loop", bench.turn),
            ("session", lambda: [default(tensor) for tensor in tensors]),
            ("session_same_options", lambda: [same.run(tensor) for tensor in tensors]),
        ]
        for number in range(options.rounds):
            seconds: dict[str, float] = {}
            for side, work in sides[number % 3 :] + sides[: number % 3]:
                spans.take()
                seconds[side] = _seconds_of(work)
                if side == "loop":
                    _add_stages(stages, bench.looks, spans.take())
            rows.append({"cameras": cameras, "round": number, "frames": options.frames, "seconds": seconds})
    return rows, stages


@dataclass(slots=True)
class _Bench:
    """A pipeline with its cameras, and the pictures that each turn shows to them in turn, `batch` at a time."""

    pipeline: Pipeline
    pictures: Sequence[Frame]
    cameras: Sequence[str]
    batch: int
    shown: int = 0
    looks: tuple[tuple[float, float], ...] = ()

    def turn(self) -> None:
        """Show every picture once; `looks` then says when each look began and ended."""
        looks = []
        for start in range(0, len(self.pictures), self.batch):
            frames = [self._next(picture) for picture in self.pictures[start : start + self.batch]]
            began_s = time.perf_counter()
            self.pipeline.look(frames)
            self.pipeline.tick()
            looks.append((began_s, time.perf_counter()))
        self.looks = tuple(looks)

    def capture_tensors(self, spans: Spans) -> list[Tensor]:
        """The model's inputs of one turn, which also warms everything up."""
        tensors: list[Tensor] = []

        def keep(stage: str, arguments: Sequence[Any]) -> None:
            if stage == "session":
                tensors.append(arguments[1].copy())

        spans.on_call = keep
        self.turn()
        spans.on_call = None
        return tensors

    def _next(self, picture: Frame) -> Frame:
        """The picture as the next frame of the next camera, which looks once a second."""
        seconds, place = divmod(self.shown, len(self.cameras))
        self.shown += 1
        return replace(
            picture,
            camera_id=self.cameras[place],
            sequence=seconds,
            pts_ns=seconds * SECOND_NS,
            captured_at_ns=picture.captured_at_ns + seconds * SECOND_NS,
        )


@contextmanager
def _bench(options: argparse.Namespace, clip: Clip, cameras: int, folder: Path) -> Iterator[_Bench]:
    """The product's pipeline around the clip's pictures. No stay is ever confirmed: sealing is the disk's business."""
    settings = Settings(data_dir=folder, model=options.model, threads=options.threads)
    camera = with_dwell(clip, NEVER_S).camera
    frames, ring = key_frames(clip, limit=options.frames)
    # Again from the start when the clip has too few.
    pictures = list(itertools.islice(itertools.cycle(frames), options.frames))
    engine = load_engine(settings)
    with make_recorder(settings, folder, engine, SystemClock(), lambda _: None) as recorder:
        pipeline = Pipeline(engine, recorder, lambda _: None)
        names = [f"cam-{number}" for number in range(1, cameras + 1)]
        for name in names:
            pipeline.add(camera.model_copy(update={"id": name}), ring)
        yield _Bench(pipeline, pictures, names, min(cameras, FRAMES_A_BATCH))


def _default_session(options: argparse.Namespace) -> Run:
    """What anybody would write: ONNX Runtime with its defaults, on the CPU."""
    session_options = ort.SessionOptions()
    if options.threads is not None:
        session_options.intra_op_num_threads = options.threads
    path = str(model_path(options.model))
    session = ort.InferenceSession(path, session_options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda tensor: session.run(None, {name: tensor})


def _seconds_of(work: Callable[[], object]) -> float:
    began_s = time.perf_counter()
    work()
    return time.perf_counter() - began_s


def _add_stages(stages: dict[str, list[float]], looks: Sequence[tuple[float, float]], spans: Sequence[Span]) -> None:
    for began_s, ended_s in looks:
        inside = [span for span in spans if began_s <= span.began_s and span.ended_s <= ended_s]
        for stage, seconds in stages_of(ended_s - began_s, inside).items():
            stages.setdefault(stage, []).append(seconds * 1e3)


def stages_of(look_s: float, spans: Sequence[Span]) -> dict[str, float]:
    """Seconds of each stage of one look. `around_session` is letterbox before and decoding and suppression after it."""
    total = {stage: sum(span.seconds for span in spans if span.stage == stage) for stage in STAGES}
    return {
        "around_session": total["detect"] - total["session"],
        "session": total["session"],
        "watch": total["watch"],
        "record": total["record"],
        "rest": look_s - total["detect"] - total["watch"] - total["record"],
        "look": look_s,
    }


def _figures(rows: Sequence[Sample], stages: dict[str, list[float]]) -> Figures:
    def ratio(side: str) -> float | None:
        return median([row["seconds"][side] / row["seconds"]["loop"] for row in rows], 4)

    def rate(side: str) -> float | None:
        return median([row["frames"] / row["seconds"][side] for row in rows], 2)

    return {
        "ratio_to_session": ratio("session"),
        "ratio_to_session_same_options": ratio("session_same_options"),
        "frames_per_s": rate("loop"),
        "session_frames_per_s": rate("session"),
        "stages_ms": {stage: quantiles(values) for stage, values in stages.items()},
    }


BENCHMARK = Benchmark(
    name="loop",
    about="the loop from decoded frame to incidents against the bare session on the same tensors",
    run=run,
    add_options=add_options,
    smoke={"cameras": [1, 4], "frames": 4, "rounds": 2},
    gates=(Gate("ratio_to_session", least=0.95, timed=True),),
)
