"""Lorries that cross in three seconds while the other cameras rest: how many pictures of each pass are looked at."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np

from benchmarks.encode import CameraFormat, Picture, encode
from benchmarks.errors import BenchmarkError
from benchmarks.live import LivePlan, LiveRun, run_live
from benchmarks.material import Clip, load_clips
from benchmarks.report import Benchmark, Figures, Gate, Outcome, Sample, median, say
from streetwarden.cameras_file import CameraConfig

SCENE = "haul-road"
KIND = "uncovered_muck_truck"
PASS_S = (26.0, 29.0)
"""Of the scene: one lorry crosses."""
ENOUGH_PER_S = 4.0
NOISE = 2.0
SEED = 11


def add_options(parser: argparse.ArgumentParser) -> None:
    """What this benchmark can be told."""
    parser.add_argument("--cameras", type=int, default=100, metavar="N", help="cameras in all (default: %(default)s)")
    parser.add_argument("--lorries", type=int, default=2, metavar="N", help="of them with lorries (default: 2)")
    parser.add_argument("--passes", type=int, default=50, metavar="N", help="passes in all (default: %(default)s)")
    parser.add_argument("--rest", type=float, default=7.0, metavar="S", help="seconds between passes (default: 7)")
    parser.add_argument("--native", action="store_true", help="the scene's own size (default: 1080p25, 2 Mbit/s)")
    parser.add_argument("--model", metavar="NAME|FILE", help="detection model (default: the product's own)")
    parser.add_argument("--classes", nargs="+", default=["truck"], metavar="CLASS", help="the rule's (default: truck)")


def run(options: argparse.Namespace) -> Outcome:
    """One run, long enough for so many passes."""
    with tempfile.TemporaryDirectory(prefix="streetwarden-passes-") as name:
        folder = Path(name)
        form = CameraFormat(640, 360, 10, 500_000) if options.native else CameraFormat()
        crossing, resting = _clips(folder, form, options.rest)
        crossing = _watched_for(crossing, options.classes)
        resting = replace(resting, camera=crossing.camera)
        clips = [crossing] * options.lorries + [resting] * (options.cameras - options.lorries)
        seconds = crossing.duration_s * (options.passes / options.lorries + 1.5)
        looks = folder / "looks.jsonl"
        say(f"passes: {options.cameras} cameras for {seconds:.0f} s")
        plan = LivePlan(clips, options.cameras, seconds, None, options.model, stagger_s=3.1, looks=looks)
        done = run_live(plan, folder)
        samples = passes_of(done, _looks(looks), options.lorries, options.rest)[: options.passes]
    return Outcome(figures_of(samples, done), samples)


def passes_of(done: LiveRun, looks: dict[str, list[float]], lorries: int, rest_s: float) -> list[Sample]:
    """A row for each whole pass of the measured stretch, looks counted by the pictures' own times."""
    rows: list[Sample] = []
    began_s, ended_s = ((at_ns - done.simulated.started_ns) / 1e9 for at_ns in (done.began_ns, done.ended_ns))
    for placed in done.placed[:lorries]:
        seen = [at_s - done.simulated.started_ns / 1e9 for at_s in looks.get(placed.camera.id, ())]
        for from_s in _beginnings(placed.clip.duration_s, rest_s - placed.offset_s, began_s, ended_s):
            to_s = from_s + PASS_S[1] - PASS_S[0]
            count = sum(from_s <= at_s < to_s for at_s in seen)
            rows.append({"camera": placed.camera.id, "from_s": round(from_s, 2), "looks": count})
    return sorted(rows, key=lambda row: row["from_s"])


def _beginnings(duration_s: float, at_s: float, began_s: float, ended_s: float) -> Iterator[float]:
    """When passes begin that are wholly watched; one of them begins at `at_s`."""
    while at_s < ended_s - duration_s:
        if at_s >= began_s + 2:
            yield at_s
        at_s += duration_s


def figures_of(samples: Sequence[Sample], done: LiveRun) -> Figures:
    """How many passes were seen often enough."""
    seconds = PASS_S[1] - PASS_S[0]
    rates = [sample["looks"] / seconds for sample in samples]
    enough = sum(rate >= ENOUGH_PER_S for rate in rates)
    return {
        "cameras": len(done.placed),
        "passes": len(samples),
        "passes_seen": enough,
        "share_seen": round(enough / len(samples), 4) if samples else None,
        "looks_per_s_median": median(rates),
        "looks_per_s_worst": round(min(rates), 2) if rates else None,
        "cores_worker": round(done.worker_cores, 3),
        "late_s": done.health["late_s"],
        "drops": done.drops,
    }


def _looks(path: Path) -> dict[str, list[float]]:
    """UTC seconds of the pictures that were looked at, by camera."""
    found: dict[str, list[float]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        row: dict[str, Any] = json.loads(line)
        found.setdefault(row["camera_id"], []).append(row["captured_at_s"])
    return found


def _clips(folder: Path, form: CameraFormat, rest_s: float) -> tuple[Clip, Clip]:
    """The lorry's loop, a rest and a pass; and the same place at rest."""
    scene = next((clip for clip in load_clips(None, "all-kinds.yaml") if clip.name == SCENE), None)
    if scene is None:
        raise BenchmarkError(f"{SCENE}: no such clip among the product's own")
    pictures = _decoded(scene.path)
    empty = np.median(np.stack(pictures[:: max(1, len(pictures) // 25)]), axis=0).astype(np.uint8)
    begin, end = (round(at_s * scene.fps) for at_s in PASS_S)
    rest = [empty] * round(rest_s * scene.fps)
    crossing = _made(scene, [*rest, *pictures[begin:end]], folder / "crossing.mp4", form)
    return crossing, _made(scene, rest, folder / "resting.mp4", form)


def _made(scene: Clip, pictures: Sequence[Picture], path: Path, form: CameraFormat) -> Clip:
    """A clip of these pictures with a camera's noise, encoded as cameras send."""
    noise = np.random.default_rng(SEED)
    count = round(len(pictures) / scene.fps * form.fps)
    chosen = (pictures[min(len(pictures) - 1, int(number * scene.fps / form.fps))] for number in range(count))
    encode((_noisy(picture, noise) for picture in chosen), form, path)
    truth = replace(scene.truth, fps=float(form.fps), frames=((),) * count, incidents=())
    return replace(scene, path=path, truth=truth)


def _noisy(picture: Picture, noise: np.random.Generator) -> Picture:
    grain = noise.normal(0, NOISE, picture.shape[:2])[..., None]
    return np.clip(picture + grain, 0, 255).astype(np.uint8)


def _decoded(path: Path) -> list[Picture]:
    with av.open(str(path)) as source:
        return [np.asarray(frame.to_ndarray(format="bgr24"), np.uint8) for frame in source.decode(video=0)]


def _watched_for(clip: Clip, classes: Sequence[str]) -> Clip:
    """The clip's camera with the rule that wants fast looks in each of its zones."""
    values = clip.camera.model_dump(mode="json", by_alias=True, exclude_unset=True)
    rule: dict[str, Any] = {"kind": KIND, "classes": list(classes), "spill_classes": []}
    zones = [{**zone, "rules": [rule]} for zone in values["zones"]]
    return replace(clip, camera=CameraConfig.model_validate({**values, "zones": zones}))


BENCHMARK = Benchmark(
    name="passes",
    about="lorries that cross in three seconds while the other cameras rest: pictures looked at of each pass",
    run=run,
    add_options=add_options,
    smoke={"cameras": 2, "lorries": 1, "passes": 1, "rest": 1.0, "native": True},
    gates=(Gate("share_seen", least=0.98, timed=True),),
)
