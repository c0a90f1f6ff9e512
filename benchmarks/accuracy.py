"""`accuracy`: the detector's mean average precision on frames of composed clips, and on real pictures if at hand."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import cv2

from benchmarks import trackers
from benchmarks.material import SHARED_DATA, Clip, add_clip_options, key_frames, load_clips
from benchmarks.report import Benchmark, Figures, Outcome, Sample, say
from datasets.formats.labels import Box, LabelledImage, LabelSet
from datasets.formats.yolo import write_yolo
from models.evaluate import evaluate
from streetwarden.detection import model_path

REAL_SETS = {"vehicles_street_atl": ("images/vehicles_street_atl/data.yaml", "test")}
"""Its `valid` pictures are learnt from. Recall means something on these, precision little: labels are incomplete."""
SEEN_ENOUGH = 0.3


def add_options(parser: argparse.ArgumentParser) -> None:
    """What this benchmark can be told."""
    parser.add_argument("--model", default="street", metavar="NAME|FILE", help="model (default: %(default)s)")
    parser.add_argument(
        "--every", type=float, default=2.0, metavar="S", help="seconds between two frames of a clip at least"
    )
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N pictures of each set")
    parser.add_argument("--threads", type=int, metavar="N", help="threads of one inference")
    add_clip_options(parser)


def run(options: argparse.Namespace) -> Outcome:
    """Evaluate the model on every set that is here; those that are not are named, nothing takes their place."""
    model = model_path(options.model)
    rows: Figures = {}
    with tempfile.TemporaryDirectory(prefix="streetwarden-accuracy-") as folder:
        for clip in load_clips(options.clips):
            say(f"accuracy: {clip.name}")
            data = write_frames(clip, Path(folder) / clip.name, options.every, options.limit)
            result = evaluate(model, data, threads=options.threads, limit=options.limit)
            rows[f"composed/{clip.name}"] = {"real": False, **result.as_json()}
    absent = []
    for name, (path, split) in REAL_SETS.items():
        if not (SHARED_DATA / path).is_file():
            absent.append(name)
            continue
        say(f"accuracy: {name}")
        result = evaluate(model, SHARED_DATA / path, split=split, threads=options.threads, limit=options.limit)
        rows[f"real/{name}"] = {"real": True, **result.as_json()}
    figures: Figures = {"absent": absent, "rows": rows}
    if trackers.is_at_hand():
        say("accuracy: trackers")
        figures["trackers"] = trackers.rows(trackers.RATES if options.limit is None else trackers.RATES[-2:-1])
    else:
        absent.append("trackers")
    return Outcome(figures, [_sample(name, row) for name, row in rows.items()])


def write_frames(clip: Clip, folder: Path, every_s: float, limit: int | None) -> Path:
    """Key frames of a clip as a YOLO data set with the truth's boxes; gives its `data.yaml`."""
    (folder / "images").mkdir(parents=True)
    images = []
    for frame in key_frames(clip, every_s, limit)[0]:
        name = f"{frame.sequence:05d}.png"
        cv2.imwrite(str(folder / "images" / name), frame.image)
        images.append(LabelledImage(name, *frame.size_wh, _boxes(clip, frame.pts_ns)))
    write_yolo(LabelSet(_classes(clip), tuple(images)), folder)
    return folder / "data.yaml"


def _classes(clip: Clip) -> tuple[str, ...]:
    return tuple(sorted({box.label for frame in clip.truth.frames for box in frame}))


def _boxes(clip: Clip, pts_ns: int) -> tuple[Box, ...]:
    """What is seen enough of to be asked for."""
    true = clip.truth.frames[min(round(pts_ns / 1e9 * clip.fps), len(clip.truth.frames) - 1)]
    return tuple(Box(box.label, box.xyxy) for box in true if box.visible >= SEEN_ENOUGH)


def _sample(name: str, row: Figures) -> Sample:
    return {"set": name, **{key: row[key] for key in ("map50", "map50_95", "pictures", "boxes", "per_class")}}


BENCHMARK = Benchmark(
    name="accuracy",
    about="the detector's mean average precision on frames of composed clips, and on real pictures where they are",
    run=run,
    add_options=add_options,
    smoke={"limit": 3},
)
