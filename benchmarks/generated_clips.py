"""Rows of `events` for generated clips: many of a kind through one `streetwarden analyze`, with the model it needs."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from benchmarks.errors import BenchmarkError
from benchmarks.live import LONGER_S
from benchmarks.material import Clip, write_cameras_file
from benchmarks.product import Product
from benchmarks.report import Figures, Sample, say
from benchmarks.scenarios import incident_figures
from benchmarks.scoring import Found, Planted, Score, score
from datasets.scenes.errors import SceneError
from datasets.scenes.generated import GeneratedClip, read_generated
from streetwarden.cameras_file import CameraConfig

MODELS: Mapping[str, str] = {"illegal_parking": "street"}
OTHER_MODEL = "street12"
"""For what `street` has no class."""
MOVING = frozenset({"uncovered_muck_truck"})
"""Kinds whose subject has no one box: their incidents are told apart by time alone."""
AT_ONCE = 10
THREADS = "1"


def measure(
    folder: Path, model: str | None, only: Collection[str] | None = None, first: int | None = None
) -> tuple[Figures, list[Sample]]:
    """A row for each kind that lies in a folder, and what became of each clip. Raises BenchmarkError."""
    rows: Figures = {}
    samples: list[Sample] = []
    for kind, clips in _by_kind(folder, only).items():
        chosen = clips[:first]
        name = model or MODELS.get(kind, OTHER_MODEL)
        began_s = time.perf_counter()
        parts = [chosen[begin : begin + AT_ONCE] for begin in range(0, len(chosen), AT_ONCE)]
        scores = [result for part in parts for result in _scores(kind, part, name)]
        took_s = (time.perf_counter() - began_s) / len(chosen)
        figures = incident_figures(kind, scores)
        rows[kind] = {"real": False, "clips": len(chosen), "model": name, **figures, "seconds_a_clip": round(took_s, 1)}
        samples += [one for clip, result in zip(chosen, scores, strict=True) for one in _samples(kind, clip, result)]
    return rows, samples


def _by_kind(folder: Path, only: Collection[str] | None) -> dict[str, list[Clip]]:
    found: dict[str, list[Clip]] = {}
    try:
        for generated in read_generated(folder):
            if not only or generated.path.stem in only:
                found.setdefault(generated.kind, []).append(_with_camera(generated))
    except (SceneError, ValidationError) as error:
        raise BenchmarkError(str(error).replace("\n", "; ")) from None
    return found


def _with_camera(clip: GeneratedClip) -> Clip:
    return Clip(clip.path, CameraConfig.model_validate(clip.camera), clip.truth)


def _scores(kind: str, clips: Sequence[Clip], model: str) -> list[Score]:
    """The scores of some clips, in their order, from one run of the product."""
    say(f"events: {kind} {clips[0].name} to {clips[-1].name}")
    with tempfile.TemporaryDirectory(prefix="streetwarden-events-") as name:
        folder = Path(name)
        cameras = [clip.camera.model_copy(update={"url": str(clip.path)}) for clip in clips]
        listed = write_cameras_file(folder / "cameras.yaml", cameras)
        about = ("--cameras", listed, "--out", folder / "out", "--model", model, "--threads", THREADS)
        Product(folder).run("analyze", *(clip.path for clip in clips), *about)
        found = found_in(folder / "out")
    return [score([one for one in found if one.camera == clip.camera.id], planted_in(clip)) for clip in clips]


def planted_in(clip: Clip) -> tuple[Planted, ...]:
    """What truly happens in a clip and its camera watches for."""
    planted = []
    for truth in clip.incidents:
        dwell_s = clip.dwell_s(truth)
        if dwell_s is None:
            continue
        long_enough = truth.from_s + dwell_s + (0.0 if truth.kind in MOVING else LONGER_S) <= truth.to_s
        box = None if truth.kind in MOVING else truth.xyxy
        times = (truth.from_s, truth.to_s, dwell_s)
        planted.append(Planted(clip.camera.id, truth.zone, truth.kind, *times, box, long_enough))
    return tuple(planted)


def found_in(folder: Path) -> list[Found]:
    """The incidents that `streetwarden analyze --out FOLDER` wrote."""
    lines = map(json.loads, (folder / "incidents.jsonl").read_text(encoding="utf-8").splitlines())
    return [
        Found(
            *(line["camera_id"], line["zone_id"], line["kind"], line["started_at_s"], line["confirmed_at_s"]),
            ended_s=line["ended_at_s"],
            xyxy=tuple(line["box_xyxy"]),
        )
        for line in lines
    ]


def _samples(kind: str, clip: Clip, result: Score) -> Iterator[Sample]:
    """What was missed, and what was found with its errors."""
    details = {one.from_s: one.detail for one in clip.incidents}
    for missed in result.missed:
        yield {"clip": clip.name, "kind": kind, "verdict": "missed", "detail": details[missed.from_s]}
    for pair in result.pairs:
        yield {
            "clip": clip.name,
            "kind": kind,
            "verdict": "false alarm" if pair.truth is None else "true",
            "detail": "" if pair.truth is None else details[pair.truth.from_s],
            "started_s": pair.found.started_s,
            "ended_s": pair.found.ended_s,
            "start_error_s": pair.start_error_s,
            "end_error_s": pair.end_error_s,
        }
