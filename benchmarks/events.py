"""`events`: incidents found in clips with truth, by `streetwarden analyze` as a user runs it, and in scripted truth."""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import generated_clips, scenarios
from benchmarks.generated_clips import found_in, planted_in
from benchmarks.material import SHARED_DATA, Clip, add_clip_options, load_clips, write_cameras_file
from benchmarks.product import Product
from benchmarks.report import Benchmark, Figures, Gate, Outcome, Sample, median, say
from benchmarks.scoring import Box, Found, Pair, Planted, Score, score
from datasets.scenarios.kinds import SCENARIOS
from detector.zones import Zone
from streetwarden.cameras_file import CameraConfig

PARKED_STREET = Path("videos/cvtrafficcam_parked_street/traffic_000-279.mp4")
PARKED_STREET_S = 28.0
FAR_KERB = ((0.11, 0.33), (0.22, 0.24), (0.47, 0.22), (0.47, 0.40), (0.36, 0.42), (0.12, 0.45))
FAR_KERB_CARS = ("P1", "P2", "P3")
JUNCTION = Path("videos/opendatacam_city_street/city_street_000-299.mp4")
WHOLE_PICTURE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


@dataclass(frozen=True, slots=True)
class Row:
    """One clip with its camera and its true incidents; `real` tells filmed from composed."""

    name: str
    path: Path
    camera: CameraConfig
    planted: tuple[Planted, ...]
    duration_s: float
    real: bool


def add_options(parser: argparse.ArgumentParser) -> None:
    """What this benchmark can be told."""
    parser.add_argument("--only", nargs="+", metavar="CLIP", help="only these rows (default: every clip)")
    parser.add_argument("--first", type=int, metavar="N", help="only the first N rows")
    parser.add_argument(
        "--scenarios", type=int, default=200, metavar="N", help="scripted scenarios of each kind (default: %(default)s)"
    )
    parser.add_argument(
        "--generated",
        type=Path,
        metavar="DIR",
        help="clips that `python -m datasets.scenes clips --out DIR` made: a row for each kind",
    )
    parser.add_argument("--model", metavar="NAME|FILE", help="with --generated: one for all kinds, not each its own")
    add_clip_options(parser)


def run(options: argparse.Namespace) -> Outcome:
    """Analyse every clip. Raises BenchmarkError when one cannot be."""
    rows = [row for row in all_rows(options.clips) if not options.only or row.name in options.only][: options.first]
    figures: Figures = {}
    samples: list[Sample] = []
    scores: list[Score] = []
    for row in rows:
        say(f"events: {row.name}")
        with tempfile.TemporaryDirectory(prefix="streetwarden-events-") as folder:
            found, took_s = analyze(row, Path(folder))
        result = score(found, row.planted)
        scores.append(result)
        figures[row.name] = _figures(row, result, took_s)
        samples += [_sample(row, pair) for pair in result.pairs]
        samples += [{"clip": row.name, "verdict": "missed", "from_s": one.from_s} for one in result.missed]
    others, more = _others(options)
    return Outcome({**_over_all(scores), **others, "absent": absent(), "rows": figures}, [*samples, *more])


def _others(options: argparse.Namespace) -> tuple[Figures, list[Sample]]:
    """Figures by kind: of scripted scenarios, and of generated clips where there are some."""
    figures, samples = _noise(options.scenarios)
    if options.generated is not None:
        kinds, more = generated_clips.measure(options.generated, options.model, options.only, options.first)
        figures, samples = {**figures, "generated": kinds}, [*samples, *more]
    return figures, samples


def _noise(count: int) -> tuple[Figures, list[Sample]]:
    """Truth with noise instead of a detector: one row a kind, and the worst of them for the gates."""
    rows: Figures = {}
    samples: list[Sample] = []
    for kind in SCENARIOS if count else ():
        say(f"events: {count} scenarios of {kind}")
        played = scenarios.play_kind(kind, count)
        rows[kind] = scenarios.figures(kind, played)
        samples += scenarios.samples(played)
    worst = {
        f"noise_{name}": min((row[name] for row in rows.values() if row[name] is not None), default=None)
        for name in ("recall", "precision")
    }
    return {**worst, "noise": rows}, samples


def all_rows(clips: Path | None) -> list[Row]:
    """The clips that come with the product, then real ones where they are beside the checkout."""
    return [_composed(clip) for clip in load_clips(clips)] + _real()


def absent() -> list[str]:
    """The rows that are left out because their data is not here; nothing takes their place."""
    return [path.stem for path in (PARKED_STREET, JUNCTION) if not (SHARED_DATA / path).is_file()]


def _composed(clip: Clip) -> Row:
    return Row(clip.name, clip.path, clip.camera, planted_in(clip), clip.duration_s, real=False)


def _real() -> list[Row]:
    rows = []
    if (SHARED_DATA / PARKED_STREET).is_file():
        boxes = _parked_boxes(SHARED_DATA / PARKED_STREET.parent / "gt_parked.json")
        planted = tuple(
            Planted("street", "zone", "illegal_parking", 0.0, PARKED_STREET_S, 15.0, boxes[car])
            for car in FAR_KERB_CARS
        )
        path = SHARED_DATA / PARKED_STREET
        rows.append(Row(path.stem, path, _camera(FAR_KERB, 15.0), planted, PARKED_STREET_S, real=True))
    if (SHARED_DATA / JUNCTION).is_file():
        path = SHARED_DATA / JUNCTION
        rows.append(Row(path.stem, path, _camera(WHOLE_PICTURE, 5.0), (), 10.0, real=True))
    return rows


def _parked_boxes(path: Path) -> dict[str, Box]:
    cars = json.loads(path.read_text(encoding="utf-8"))["parked_whole_clip"]
    return {car["id"]: (x, y, x + width, y + height) for car in cars for x, y, width, height in [car["box"]]}


def _camera(polygon: Sequence[tuple[float, float]], dwell_s: float) -> CameraConfig:
    rules = [{"kind": "illegal_parking", "dwell_seconds": dwell_s}]
    zone = Zone.model_validate({"id": "zone", "class": "prohibited", "polygon": polygon, "rules": rules})
    return CameraConfig(id="street", url="any", zones=(zone,))


def analyze(row: Row, folder: Path) -> tuple[list[Found], float]:
    """The incidents that `streetwarden analyze` writes for a clip, and the seconds it took."""
    product = Product(folder)
    cameras = write_cameras_file(folder / "cameras.yaml", [row.camera.model_copy(update={"url": str(row.path)})])
    began_s = time.perf_counter()
    product.run("analyze", row.path, "--cameras", cameras, "--out", folder / "out")
    took_s = time.perf_counter() - began_s
    return found_in(folder / "out"), took_s


def _figures(row: Row, result: Score, took_s: float) -> Figures:
    return {
        "real": row.real,
        "expected": result.expected,
        "found": len(result.pairs),
        "recall": result.recall,
        "precision": result.precision,
        "false_alarms": result.false_alarms,
        "start_error_s": _middle([pair.start_error_s for pair in result.pairs]),
        "end_error_s": _middle([pair.end_error_s for pair in result.pairs]),
        "confirm_delay_s": _middle([pair.confirm_delay_s for pair in result.pairs]),
        "times_real_time": round(row.duration_s / took_s, 2),
    }


def _middle(values: Sequence[float | None]) -> float | None:
    return median([value for value in values if value is not None])


def _over_all(scores: Sequence[Score]) -> Figures:
    expected = sum(result.expected for result in scores)
    found = sum(len(result.pairs) for result in scores)
    false_alarms = sum(result.false_alarms for result in scores)
    missed = sum(len(result.missed) for result in scores)
    return {
        "recall": round(1 - missed / expected, 4) if expected else None,
        "precision": round(1 - false_alarms / found, 4) if found else None,
        "false_alarms": false_alarms,
        "expected": expected,
    }


def _sample(row: Row, pair: Pair) -> Sample:
    return {
        "clip": row.name,
        "verdict": "false alarm" if pair.truth is None else "true",
        "started_s": pair.found.started_s,
        "confirmed_s": pair.found.confirmed_s,
        "ended_s": pair.found.ended_s,
        "start_error_s": pair.start_error_s,
        "end_error_s": pair.end_error_s,
        "confirm_delay_s": pair.confirm_delay_s,
        "box_xyxy": list(pair.found.xyxy),
    }


BENCHMARK = Benchmark(
    name="events",
    about="incidents in clips with truth, by `analyze`: recall, precision, errors of start and end",
    run=run,
    add_options=add_options,
    smoke={"first": 1, "scenarios": 2},
    gates=(
        Gate("recall", least=1),
        Gate("precision", least=1),
        Gate("noise_recall", least=0.98),
        Gate("noise_precision", least=0.99),
    ),
)
