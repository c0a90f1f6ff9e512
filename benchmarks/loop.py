"""`loop`: the loop from decoded frame to incidents against the bare ONNX Runtime session on the same tensors.

Both run in this process and take turns, so that a busy machine slows both. The loop is the worker's own: lanes, engine,
tracker, zones, rules, recorder; only the decoder is left out. The session is what anybody would write at its best, ONNX
Runtime's defaults with all cores and the tensors ready in memory. Other models and backends (`--against`) run in the
same loop.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from benchmarks.errors import BenchmarkError
from benchmarks.material import Clip, add_clip_options, key_frames, load_clips, with_dwell
from benchmarks.probes import Span, Spans, probed
from benchmarks.report import Benchmark, Figures, Gate, Outcome, Sample, median, quantiles, say
from detector.backends.onnxruntime import OnnxRuntimeBackend
from detector.backends.openvino import OpenVinoBackend
from detector.engine import Engine
from detector.errors import ModelError
from detector.watch import MIN_SCORE, CameraWatch
from evidence.recorder import Recorder
from streams.clock import SystemClock
from streams.demand import Demand
from streams.frame import Frame
from streams.reader import CameraReader
from streams.ring import PacketRing
from streetwarden.crew import lane_plan
from streetwarden.detection import model_path
from streetwarden.lanes import InferenceLanes, LanePlan
from streetwarden.pipeline import Pipeline
from streetwarden.recording import make_recorder
from streetwarden.settings import Settings

Tensor = npt.NDArray[np.float32]

STAGES: Mapping[str, tuple[type, str]] = {
    "look": (Pipeline, "look"),
    "detect": (Engine, "detect"),
    "watch": (CameraWatch, "observe"),
    "record": (Recorder, "observe"),
}
SESSIONS: Mapping[str, tuple[type, str]] = {
    "onnxruntime": (OnnxRuntimeBackend, "run"),
    "openvino": (OpenVinoBackend, "run"),
}
NEVER_S = 7 * 86400.0
SECOND_NS = 1_000_000_000
TURN_TIMEOUT_S = 600.0


def add_options(parser: argparse.ArgumentParser) -> None:
    """What this benchmark can be told."""
    parser.add_argument("--cameras", type=int, nargs="+", default=[1, 16], metavar="N", help="cameras (default: 1 16)")
    parser.add_argument("--frames", type=int, default=32, metavar="N", help="frames in a turn (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=15, metavar="N", help="turns of each (default: %(default)s)")
    parser.add_argument("--model", default="street", metavar="NAME|FILE", help="model (default: %(default)s)")
    parser.add_argument(
        "--against",
        nargs="*",
        default=[],
        metavar="MODEL@BACKEND",
        help="other models or backends in the same loop, as street-int8@onnxruntime or street@openvino",
    )
    parser.add_argument("--threads", type=int, metavar="N", help="threads of one inference of the loop (default: 1)")
    add_clip_options(parser)


@dataclass(frozen=True, slots=True)
class Side:
    """A model and what runs it."""

    model: str
    backend: str

    @classmethod
    def parse(cls, text: str) -> Side:
        """From MODEL@BACKEND. Raises BenchmarkError."""
        model, _, backend = text.rpartition("@")
        if not model or backend not in SESSIONS:
            raise BenchmarkError(f"--against {text}: expected MODEL@BACKEND with one of {', '.join(SESSIONS)}")
        return cls(model, backend)

    def __str__(self) -> str:
        return f"{Path(self.model).stem}@{self.backend}"

    def load(self, threads: int) -> Engine:
        """The engine as a worker loads it. Raises BenchmarkError."""
        try:
            return Engine.load(model_path(self.model), backend=self.backend, threads=threads, score_threshold=MIN_SCORE)
        except ModelError as error:
            raise BenchmarkError(str(error)) from None


def run(options: argparse.Namespace) -> Outcome:
    """Measure each number of cameras; the smallest ratio is the figure."""
    clips = load_clips(options.clips)
    sides = [Side(options.model, "onnxruntime"), *(Side.parse(text) for text in options.against)]
    figures: Figures = {}
    samples: list[Sample] = []
    for cameras in options.cameras:
        say(f"loop: {cameras} cameras")
        with tempfile.TemporaryDirectory(prefix="streetwarden-loop-") as folder:
            rows, stages = _measure(options, sides, clips[0], cameras, Path(folder))
        samples += rows
        figures[f"cameras_{cameras}"] = _figures(rows, stages, [str(side) for side in sides])
    ratios = [figures[f"cameras_{cameras}"]["ratio_to_session"] for cameras in options.cameras]
    return Outcome({"ratio_to_session": min(ratios), **figures}, samples)


Stages = dict[str, dict[str, list[float]]]


def _measure(
    options: argparse.Namespace, sides: Sequence[Side], clip: Clip, cameras: int, folder: Path
) -> tuple[list[Sample], Stages]:
    """Seconds, by the wall and of the processor, of every turn, and of every stage of every look of the loops."""
    plan = lane_plan(Settings(data_dir=folder, model=options.model, threads=options.threads))
    frames, ring = key_frames(clip, limit=options.frames)
    # Again from the start when the clip has too few.
    pictures = list(itertools.islice(itertools.cycle(frames), options.frames))
    rows: list[Sample] = []
    stages: Stages = {str(side): {} for side in sides}
    show = _Show(clip, cameras, pictures, ring, plan)
    with ExitStack() as stack:
        loops = [stack.enter_context(_looping(side, show, folder)) for side in sides]
        for loop in loops[1:]:
            loop.tensors()
        tensors = loops[0].tensors()
        session = _default_session(options.model)
        works: dict[str, Callable[[], object]] = {str(loop.side): loop.turn for loop in loops}
        works["session"] = lambda: [session(tensor) for tensor in tensors]
        for number in range(options.rounds):
            rows.append({"cameras": cameras, "round": number, "frames": options.frames, **_round(works, number)})
            for loop in loops:
                _add_stages(stages[str(loop.side)], loop.spans.take())
    return rows, stages


def _round(works: Mapping[str, Callable[[], object]], number: int) -> dict[str, Any]:
    """One turn of each, another one first every time."""
    seconds: dict[str, float] = {}
    cpu_seconds: dict[str, float] = {}
    order = [*works][number % len(works) :] + [*works][: number % len(works)]
    for name in order:
        began_s, cpu_began_s = time.perf_counter(), time.process_time()
        works[name]()
        seconds[name] = time.perf_counter() - began_s
        cpu_seconds[name] = time.process_time() - cpu_began_s
    return {"seconds": seconds, "cpu_seconds": cpu_seconds}


class FedReader(CameraReader):
    """A camera whose pictures are decoded already and are due at once, as many as it is fed."""

    def __init__(self, ring: PacketRing, camera_id: str, pictures: Iterator[Frame]) -> None:
        super().__init__(ring)
        self._camera_id = camera_id
        self._pictures = pictures
        self._left = 0
        self._shown = 0

    def feed(self, count: int) -> None:
        """Let that many more pictures be due."""
        self._left += count

    def set_demand(self, demand: Demand | None) -> None:
        """Nothing is decoded, so nothing need be demanded."""

    def due_at_ns(self, now_ns: int) -> int | None:  # the reader's own signature
        """Who was served least is the most overdue."""
        return self._shown if self._left else None

    def read(self, now_ns: int, limit: int) -> list[Frame]:
        """The next pictures, a second apart."""
        count = min(limit, self._left)
        self._left -= count
        return [self._next() for _ in range(count)]

    def _next(self) -> Frame:
        picture = next(self._pictures)
        self._shown += 1
        return replace(
            picture,
            camera_id=self._camera_id,
            sequence=self._shown,
            pts_ns=self._shown * SECOND_NS,
            captured_at_ns=picture.captured_at_ns + self._shown * SECOND_NS,
        )


@dataclass(slots=True)
class _Loop:
    """The worker's pipeline and lanes around fed cameras."""

    side: Side
    pipeline: Pipeline
    readers: Sequence[FedReader]
    frames: int
    lanes: int
    spans: Spans = field(default_factory=Spans)

    def turn(self) -> None:
        """Show every picture once, and wait until the recorder has seen the last one. Raises BenchmarkError."""
        with probed(self.spans, {**STAGES, "session": SESSIONS[self.side.backend]}):
            recorded = threading.Semaphore(0)
            self.spans.on_return = lambda stage: recorded.release() if stage == "record" else None
            for index, reader in enumerate(self.readers):
                reader.feed(len(range(index, self.frames, len(self.readers))))
            for _ in range(self.lanes):
                self.pipeline.schedule.wake()
            for _ in range(self.frames):
                if not recorded.acquire(timeout=TURN_TIMEOUT_S):
                    raise BenchmarkError(f"{self.side}: a turn of {self.frames} frames did not end")

    def tensors(self) -> list[Tensor]:
        """The model's inputs of one turn, which also warms everything up."""
        tensors: list[Tensor] = []

        def keep(stage: str, arguments: Sequence[Any]) -> None:
            if stage == "session":
                tensors.append(arguments[1].copy())

        self.spans.on_call = keep
        self.turn()
        self.spans.on_call = None
        self.spans.take()
        return tensors


@dataclass(frozen=True, slots=True)
class _Show:
    """What every loop of a run shows: pictures of one clip, to so many cameras, in so many lanes."""

    clip: Clip
    cameras: int
    pictures: Sequence[Frame]
    ring: PacketRing
    plan: LanePlan


@contextmanager
def _looping(side: Side, show: _Show, folder: Path) -> Iterator[_Loop]:
    """The product's lanes at work. No stay is ever confirmed: sealing is the disk's business."""
    folder = folder / str(side)
    folder.mkdir()
    settings = Settings(data_dir=folder, model=side.model)
    camera = with_dwell(show.clip, NEVER_S).camera
    clock = SystemClock()
    engine = side.load(show.plan.threads)
    with make_recorder(settings, folder, engine, clock, lambda _: None) as recorder:
        pipeline = Pipeline(engine.class_names, recorder, lambda _: None, clock)
        pictures = itertools.cycle(show.pictures)
        names = [f"cam-{number}" for number in range(1, show.cameras + 1)]
        readers = [FedReader(show.ring, name, pictures) for name in names]
        for name, reader in zip(names, readers, strict=True):
            pipeline.add(camera.model_copy(update={"id": name}), show.ring, reader)
        lanes = InferenceLanes(lambda: engine, pipeline, clock, show.plan, engine=engine)
        lanes.start()
        try:
            loop = _Loop(side, pipeline, readers, len(show.pictures), show.plan.lanes)
            yield loop
        finally:
            lanes.stop()


def _default_session(model: str) -> Callable[[Tensor], object]:
    """What anybody would write: ONNX Runtime with its defaults, on every core."""
    session = ort.InferenceSession(str(model_path(model)), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda tensor: session.run(None, {name: tensor})


def _add_stages(stages: dict[str, list[float]], spans: Sequence[Span]) -> None:
    for look in (span for span in spans if span.stage == "look"):
        inside = [span for span in spans if span.is_inside(look)]
        if not any(span.stage == "session" for span in inside):
            continue  # a lane that found nothing due
        for stage, seconds in stages_of(look.seconds, inside).items():
            stages.setdefault(stage, []).append(seconds * 1e3)


def stages_of(look_s: float, spans: Sequence[Span]) -> dict[str, float]:
    """Seconds of each stage of one look. `around_session` is letterbox before and decoding and suppression after it."""
    total = {
        stage: sum(span.seconds for span in spans if span.stage == stage)
        for stage in ("detect", "session", "watch", "record")
    }
    return {
        "around_session": total["detect"] - total["session"],
        "session": total["session"],
        "watch": total["watch"],
        "record": total["record"],
        "rest": look_s - total["detect"] - total["watch"] - total["record"],
        "look": look_s,
    }


def _figures(rows: Sequence[Sample], stages: Stages, sides: Sequence[str]) -> Figures:
    def ratio(of: str, to: str, kind: str = "seconds") -> float | None:
        return median([row[kind][of] / row[kind][to] for row in rows], 4)

    def rate(side: str) -> float | None:
        return median([row["frames"] / row["seconds"][side] for row in rows], 2)

    ours = sides[0]
    return {
        "ratio_to_session": ratio("session", ours),
        "ratio_to_session_cpu": ratio("session", ours, "cpu_seconds"),
        "frames_per_s": rate(ours),
        "session_frames_per_s": rate("session"),
        "stages_ms": _quantiles(stages[ours]),
        "against": {
            side: {
                "frames_per_s": rate(side),
                "speed_up": ratio(ours, side),
                "speed_up_cpu": ratio(ours, side, "cpu_seconds"),
                "ratio_to_session": ratio("session", side),
                "stages_ms": _quantiles(stages[side]),
            }
            for side in sides[1:]
        },
    }


def _quantiles(stages: Mapping[str, Sequence[float]]) -> Figures:
    return {stage: quantiles(values) for stage, values in stages.items()}


BENCHMARK = Benchmark(
    name="loop",
    about="the loop from decoded frame to incidents against the bare session on the same tensors",
    run=run,
    add_options=add_options,
    smoke={"cameras": [1, 4], "frames": 4, "rounds": 2},
    gates=(Gate("ratio_to_session", least=0.95, timed=True),),
)
