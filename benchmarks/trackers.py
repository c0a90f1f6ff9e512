"""The tracker against those of the package `trackers`, on the TUD sequences' public detections.

`python -m benchmarks.trackers` prints the table; `accuracy` reports the same figures. The other trackers run where
their package is installed beside this environment (it wants another OpenCV); elsewhere the figures of its version
2.6.1 with its own settings stand here, measured on the same detections and frames.
"""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.material import SHARED_DATA
from benchmarks.report import Figures
from detector.boxes import iou
from detector.detections import Detections
from detector.tracking.tracker import Tracker, TrackerOptions

TUD = SHARED_DATA / "mot/tud"
SEQUENCES = ("TUD-Campus", "TUD-Stadtmitte")
RATES = ("every", "1 in 5", "1 in 10", "irregular")
FPS = 25
STEPS = {"every": 1, "1 in 5": 5, "1 in 10": 10}
IRREGULAR_STEPS = (1, 1, 2, 3, 5, 8, 12)
IRREGULAR_SEEDS = range(20)
BLANK = np.zeros((480, 640, 3), np.uint8)
"""The sequences come without pictures: the tracker has only boxes to go by."""
OPTIONS = TrackerOptions(spawn=0.9)
"""The public detections of people begin at 0.5, and the doubtful of them are mostly wrong. 0.85 and 0.9 serve about
alike; the choice was made with these sequences in view. The other trackers have their own settings."""

Table = npt.NDArray[np.float64]
Tracked = tuple[npt.NDArray[np.floating], npt.NDArray[np.integer]]
"""Boxes (N, 4) that got an id, and their ids (N,)."""
Update = Callable[[int, npt.NDArray[np.float32], npt.NDArray[np.float32]], Tracked]
"""One tracker at work: number of the frame, boxes (N, 4), scores (N,)."""

PEERS: Mapping[str, Mapping[str, Sequence[tuple[float, float]]]] = {
    "SORT": {
        "TUD-Campus": ((0.563, 0.553), (0.410, 0.567), (0.028, 0.060), (0.290, 0.408)),
        "TUD-Stadtmitte": ((0.705, 0.758), (0.624, 0.747), (0.493, 0.656), (0.591, 0.677)),
    },
    "ByteTrack": {
        "TUD-Campus": ((0.579, 0.603), (0.490, 0.619), (0.341, 0.474), (0.422, 0.506)),
        "TUD-Stadtmitte": ((0.706, 0.760), (0.660, 0.775), (0.597, 0.733), (0.650, 0.718)),
    },
    "OCSORT": {
        "TUD-Campus": ((0.571, 0.680), (0.368, 0.522), (0.080, 0.161), (0.278, 0.399)),
        "TUD-Stadtmitte": ((0.686, 0.737), (0.615, 0.731), (0.480, 0.630), (0.576, 0.652)),
    },
    "CBIoU": {
        "TUD-Campus": ((0.624, 0.744), (0.522, 0.560), (0.411, 0.451), (0.506, 0.524)),
        "TUD-Stadtmitte": ((0.714, 0.794), (0.677, 0.707), (0.633, 0.716), (0.669, 0.679)),
    },
}
"""MOTA and IDF1 at each of `RATES`, means as `scored` makes them."""


@dataclass(frozen=True, slots=True)
class Footage:
    """Truth and public detections of one sequence, rows as in the MOT challenge's files."""

    truth: Table
    public: Table

    def frames(self, rate: str, seed: int = 0) -> list[int]:
        """The numbers of the frames that are looked at; at regular rates `seed` is how many are passed over first."""
        last = int(self.truth[:, 0].max())
        if rate != "irregular":
            return list(range(1 + seed, last + 1, STEPS[rate]))
        rng, number, numbers = np.random.default_rng(seed), 1, []
        while number <= last:
            numbers.append(number)
            number += int(rng.choice(IRREGULAR_STEPS))
        return numbers


def load(folder: Path) -> Footage:
    """Read `gt.txt` and `det.txt`."""
    return Footage(*(np.loadtxt(folder / name, delimiter=",", ndmin=2) for name in ("gt.txt", "det.txt")))


def ours() -> Update:
    """A fresh tracker of the product."""
    tracker = Tracker(("person",), OPTIONS)

    def update(number: int, boxes: npt.NDArray[np.float32], scores: npt.NDArray[np.float32]) -> Tracked:
        people = Detections.untracked(boxes, scores, np.zeros(len(boxes), np.int64))
        tracked = tracker.update(round(number / FPS * 1e9), BLANK, people)
        found = tracked.select(tracked.track_id >= 0)
        return found.xyxy, found.track_id

    return update


def peer(name: str) -> Callable[[], Update] | None:
    """The makers of a tracker of the package `trackers`; None where it is not installed."""
    try:
        package, supervision = importlib.import_module("trackers"), importlib.import_module("supervision")
    except ImportError:
        return None

    def make() -> Update:
        tracker: Any = getattr(package, f"{name}Tracker")()

        def update(_number: int, boxes: npt.NDArray[np.float32], scores: npt.NDArray[np.float32]) -> Tracked:
            class_id = np.zeros(len(boxes), np.int64)
            found = tracker.update(supervision.Detections(xyxy=boxes, confidence=scores, class_id=class_id))
            ids = np.full(len(found), -1) if found.tracker_id is None else np.asarray(found.tracker_id)
            return found.xyxy[ids >= 0], ids[ids >= 0]

        return update

    return make


def score(sequence: Footage, frames: Sequence[int], update: Update) -> tuple[float, float]:
    """MOTA and IDF1 at an IoU of 0.5, on the frames that were looked at."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns while it loads, and while it sums
        metrics = importlib.import_module("motmetrics")
        account = metrics.MOTAccumulator(auto_id=True)
        for number in frames:
            found = sequence.public[sequence.public[:, 0] == number]
            real = sequence.truth[(sequence.truth[:, 0] == number) & (sequence.truth[:, 6] == 1)]
            boxes, ids = update(number, _corners(found).astype(np.float32), found[:, 6].astype(np.float32))
            distance = 1 - iou(_corners(real), boxes)
            distance[distance > 0.5] = np.nan
            account.update(real[:, 1].astype(int), ids, distance)
        result = metrics.metrics.create().compute(account, metrics=["mota", "idf1"]).iloc[0]
    return float(result.mota), float(result.idf1)


def _corners(rows: Table) -> Table:
    corners: Table = np.concatenate([rows[:, 2:4], rows[:, 2:4] + rows[:, 4:6]], axis=1)
    return corners


def scored(sequence: Footage, rate: str, make: Callable[[], Update]) -> tuple[float, float]:
    """MOTA and IDF1 at one rate: the mean over every frame that it may begin with, or over the seeds.

    One in ten of 71 frames are seven looks: where they begin decides more than the tracker does.
    """
    seeds = IRREGULAR_SEEDS if rate == "irregular" else range(STEPS[rate])
    values = [score(sequence, sequence.frames(rate, seed), make()) for seed in seeds]
    mota, idf1 = np.mean(values, axis=0).tolist()
    return mota, idf1


def rows(rates: Sequence[str] = RATES) -> Figures:
    """For each sequence and rate: ours, the others', and whether theirs were run now or stand in this file."""
    figures: Figures = {}
    for name in SEQUENCES:
        sequence = load(TUD / name)
        for rate in rates:
            one = {"streetwarden": _figure(*scored(sequence, rate, ours))}
            for other, known in PEERS.items():
                make = peer(other)
                run_now = make is not None
                value = scored(sequence, rate, make) if make is not None else known[name][RATES.index(rate)]
                one[other] = {**_figure(*value), "run_now": run_now}
            figures[f"{name}, {rate}"] = one
    return figures


def is_at_hand() -> bool:
    """Whether the sequences and the package that scores them are here."""
    return TUD.is_dir() and importlib.util.find_spec("motmetrics") is not None


def _figure(mota: float, idf1: float) -> Figures:
    return {"mota": round(mota, 3), "idf1": round(idf1, 3)}


def main() -> None:
    """Print the table, as Markdown."""
    figures = rows()
    names = ("streetwarden", *PEERS)
    print("MOTA / IDF1 | " + " | ".join(names))
    print(" | ".join(["---"] * (len(names) + 1)))
    for key, one in figures.items():
        print(f"{key} | " + " | ".join(f"{one[name]['mota']:.3f} / {one[name]['idf1']:.3f}" for name in names))


if __name__ == "__main__":
    main()
