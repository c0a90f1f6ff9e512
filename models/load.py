"""The load classifier: what lies on a truck, told from its picture.

    python -m models.load EXAMPLES.csv ... --start COCO.safetensors --where pictures=DIR --out load.onnx

COCO's backbone is tuned on every example whose group `--leave-one-out` does not name; then it stays as it is, and one
linear layer on its features is fitted to all examples, each seen many times with other crops, light and blur. So
leaving a group out is honest (the backbone never saw any of them) and costs a second instead of a training run.

An examples file has the columns `where, image, x1, y1, x2, y2, state, group`: the box in 0..1 of the picture, and a
group that is left out as a whole. `--crops FOLDER` adds rendered trucks: one folder a state, as `python -m
datasets.scenes loads` makes them.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from models.errors import ModelsError, TrainingError
from models.load_states import LOAD_STATES
from models.prepare import PICTURE_SUFFIXES
from streams.frame import Image

SIDE = 224
MARGIN = 0.06  # of the box on each side: a heap stands over the edge that a detector draws
VIEWS = 24  # varied views of a real example
CROP_VIEWS = 3  # of a rendered one, of which there are many
TUNE_VIEWS = 3
TUNE_BATCH = 16
COLUMNS = ("where", "image", "x1", "y1", "x2", "y2", "state", "group")

Features = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class LoadExample:
    """One truck: its picture, its box in 0..1 of it, what lies on it, and the group it is left out with."""

    picture: Path
    box: tuple[float, float, float, float]
    state: str
    group: str
    views: int = VIEWS


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a classifier that never saw an example's group said of it: one probability a state."""

    example: LoadExample
    scores: npt.NDArray[np.float32]

    @property
    def state(self) -> str:
        """The likeliest state."""
        return LOAD_STATES[int(self.scores.argmax())]


def read_examples(path: Path, places: Mapping[str, Path]) -> list[LoadExample]:
    """The examples of one CSV file. Raises TrainingError, naming the line."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            if tuple(reader.fieldnames or ()) != COLUMNS:
                raise TrainingError(f"{path}: expected the columns {', '.join(COLUMNS)}")
            return [_example(f"{path}:{number}", row, places) for number, row in enumerate(reader, 2)]
    except OSError as problem:
        raise TrainingError(f"{path}: cannot be read: {problem.strerror}") from problem


def read_crops(folder: Path) -> list[LoadExample]:
    """The crops below a folder with one folder a state; crops of one street (`NAME-STREET-...`) are one group."""
    found = sorted(path for path in folder.glob("*/*") if path.suffix.lower() in PICTURE_SUFFIXES)
    unknown = sorted({path.parent.name for path in found} - set(LOAD_STATES))
    if unknown or not found:
        said = f"not states of a load: {', '.join(unknown)}" if unknown else "no crops in folders of states"
        raise TrainingError(f"{folder}: {said}")
    whole = (0.0, 0.0, 1.0, 1.0)
    return [LoadExample(path, whole, path.parent.name, f"rendered/{_street(path)}", CROP_VIEWS) for path in found]


def _street(path: Path) -> str:
    return "-".join(path.stem.split("-")[:2])


def _example(line: str, row: Mapping[str, str], places: Mapping[str, Path]) -> LoadExample:
    if row["where"] not in places:
        raise TrainingError(f"{line}: say where {row['where']!r} is: --where {row['where']}=FOLDER")
    if row["state"] not in LOAD_STATES:
        raise TrainingError(f"{line}: state: expected one of {', '.join(LOAD_STATES)}, got {row['state']!r}")
    try:
        x1, y1, x2, y2 = (float(row[key]) for key in ("x1", "y1", "x2", "y2"))
    except ValueError as problem:
        raise TrainingError(f"{line}: a box is four numbers in 0..1") from problem
    return LoadExample(places[row["where"]] / row["image"], (x1, y1, x2, y2), row["state"], row["group"])


def crop(image: Image, box: Sequence[float], margin: float = MARGIN) -> Image:
    """The truck in a BGR picture, `box` in 0..1, widened by `margin` and squashed to a square of `SIDE`."""
    height, width = image.shape[:2]
    x1, y1, x2, y2 = np.array(box) * [width, height, width, height]
    grow_x, grow_y = (x2 - x1) * margin, (y2 - y1) * margin
    left, top = max(int(x1 - grow_x), 0), max(int(y1 - grow_y), 0)
    right, bottom = min(int(x2 + grow_x) + 1, width), min(int(y2 + grow_y) + 1, height)
    if right <= left or bottom <= top:
        raise TrainingError(f"a box of no area in a picture of {width}x{height}: {tuple(box)}")
    return np.asarray(cv2.resize(image[top:bottom, left:right], (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def vary(image: Image, box: Sequence[float], random: np.random.Generator) -> Image:
    """The same truck as another camera would show it: box off by some percent, mirrored, darker, paler, softer."""
    x1, y1, x2, y2 = box
    size = np.array([x2 - x1, y2 - y1, x2 - x1, y2 - y1])
    moved = np.clip(np.array(box) + random.uniform(-0.06, 0.06, 4) * size, 0, 1)
    seen: npt.NDArray[np.floating] = crop(image, moved).astype(np.float32)
    if random.random() < 0.5:
        seen = seen[:, ::-1]
    seen = 255 * (seen / 255) ** random.uniform(0.6, 1.7) * random.uniform(0.7, 1.15)
    grey = seen.mean(axis=2, keepdims=True)
    seen = grey + (seen - grey) * random.uniform(0.3, 1.3)
    if random.random() < 0.3:
        seen = np.asarray(cv2.GaussianBlur(np.ascontiguousarray(seen), (0, 0), random.uniform(0.5, 2.0)), np.float32)
    seen = seen + random.normal(0, random.uniform(0, 8), seen.shape)
    return np.asarray(np.clip(seen, 0, 255), np.uint8)


class LoadClassifier:
    """Backbone, pooled features and a linear layer over them."""

    def __init__(self, start: Path) -> None:
        """Raise ModelsError when `start` holds no COCO weights of YOLO11n."""
        from models.load_net import load_net  # noqa: PLC0415  # extra `train`

        self.net = load_net(start)

    def tune(self, examples: Sequence[LoadExample], seed: int, epochs: int, say: Callable[[str], None]) -> None:
        """Tune backbone and layer together on these examples, each seen anew `TUNE_VIEWS` times an epoch."""
        random = np.random.default_rng(seed)
        pictures = [_open(example) for example in examples]
        order = np.repeat(np.arange(len(examples)), TUNE_VIEWS)
        steps = epochs * -(-len(order) // TUNE_BATCH)
        tuner = self.net.tuner(steps, [LOAD_STATES.index(example.state) for example in examples])
        for epoch in range(1, epochs + 1):
            random.shuffle(order)
            losses = []
            for first in range(0, len(order), TUNE_BATCH):
                chosen = order[first : first + TUNE_BATCH]
                crops = np.stack([vary(pictures[index], examples[index].box, random) for index in chosen])
                losses.append(tuner.step(crops, chosen))
            say(f"tuning: epoch {epoch} of {epochs}, loss {np.mean(losses):.3f}")

    def views(self, examples: Sequence[LoadExample], seed: int) -> list[Features]:
        """Features (1 + views, F) of each example: first the plain crop, then the varied ones."""
        random = np.random.default_rng(seed)
        return [self._features(example, random) for example in examples]

    def _features(self, example: LoadExample, random: np.random.Generator) -> Features:
        picture = _open(example)
        crops = [crop(picture, example.box), *(vary(picture, example.box, random) for _ in range(example.views))]
        features: Features = self.net.features_of(np.stack(crops))
        return features

    def fit(self, features: Sequence[Features], states: Sequence[str]) -> None:
        """Fit the linear layer to the features of examples in these states."""
        labels = [LOAD_STATES.index(state) for state in states]
        self.net.fit(np.concatenate(features), np.repeat(labels, [len(rows) for rows in features]))

    def scores(self, features: Features) -> Features:
        """Probabilities (N, 5), in the order of `LOAD_STATES`, of features (N, F)."""
        scores: Features = self.net.scores_of(features)
        return scores


def _open(example: LoadExample) -> Image:
    image = cv2.imread(str(example.picture), cv2.IMREAD_COLOR)
    if image is None:
        raise TrainingError(f"{example.picture}: not a picture")
    return np.asarray(image, np.uint8)


def leave_one_out(
    classifier: LoadClassifier, examples: Sequence[LoadExample], features: Sequence[Features], groups: Sequence[str]
) -> list[Verdict]:
    """Verdicts on the examples of `groups`, each by a fit that saw nothing of its group."""
    verdicts = []
    for group in groups:
        held = [index for index, example in enumerate(examples) if example.group == group]
        rest = [index for index, example in enumerate(examples) if example.group != group]
        classifier.fit([features[index] for index in rest], [examples[index].state for index in rest])
        scores = classifier.scores(np.stack([features[index][0] for index in held]))
        verdicts += [Verdict(examples[index], row) for index, row in zip(held, scores, strict=True)]
    return verdicts


def wilson(hits: int, total: int, z: float = 1.96) -> tuple[float, float]:
    """The 95 % interval of a share (E. B. Wilson, JASA 22, 1927): honest for few pictures and for shares near 1."""
    if not total:
        return 0.0, 1.0
    share = hits / total
    centre = share + z * z / (2 * total)
    spread = z * float(np.sqrt(share * (1 - share) / total + z * z / (4 * total * total)))
    scale = 1 + z * z / total
    return max((centre - spread) / scale, 0.0), min((centre + spread) / scale, 1.0)


def report(verdicts: Sequence[Verdict]) -> list[str]:
    """Lines: covered against not covered with its interval, the five states, and every miss."""
    covered = [(one.state == "covered") == (one.example.state == "covered") for one in verdicts]
    exact = [one.state == one.example.state for one in verdicts]
    lines = []
    for what, hits in (("covered against not covered", covered), ("state", exact)):
        low, high = wilson(sum(hits), len(hits))
        lines.append(f"{what}: {sum(hits)} of {len(hits)} right (95 % interval {low:.2f} to {high:.2f})")
    for one, is_right in zip(verdicts, exact, strict=True):
        if not is_right:
            sure = float(one.scores.max())
            lines.append(f"missed: {one.example.picture.name}: {one.example.state}, taken for {one.state} ({sure:.2f})")
    return lines


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit to the examples, measure by leaving out, export."""
    parser = argparse.ArgumentParser(prog="python -m models.load", description="make the load classifier")
    parser.add_argument("examples", type=Path, nargs="+", help="CSV files of examples")
    parser.add_argument("--start", type=Path, required=True, help="COCO weights of YOLO11n (safetensors)")
    parser.add_argument("--where", action="append", default=[], metavar="NAME=FOLDER")
    parser.add_argument("--out", type=Path, required=True, help="the .onnx file to write")
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--tune-epochs", type=int, default=0, help="tune the backbone so long (0: leave it as it is)")
    parser.add_argument("--crops", type=Path, action="append", default=[], help="folder of rendered crops, by state")
    parser.add_argument(
        "--leave-one-out", action="append", default=[], metavar="PREFIX", help="measure on the groups that begin so"
    )
    try:
        return _run(parser.parse_args(arguments))
    except ModelsError as problem:
        print(f"streetwarden: {problem}", file=sys.stderr)  # noqa: T201  # a command's output
        return 2


def _run(parsed: argparse.Namespace) -> int:
    from models.cli import places_of  # noqa: PLC0415  # the other verbs' parser

    examples = [one for path in parsed.examples for one in read_examples(path, places_of(parsed.where))]
    examples += [one for folder in parsed.crops for one in read_crops(folder)]
    classifier = LoadClassifier(parsed.start)
    unseen = [one for one in examples if not one.group.startswith(tuple(parsed.leave_one_out))]
    classifier.tune(unseen, parsed.seed, parsed.tune_epochs, print)
    features = classifier.views(examples, parsed.seed)
    for prefix in parsed.leave_one_out:
        groups = sorted({one.group for one in examples if one.group.startswith(prefix)})
        print(f"left out one after the other: {len(groups)} groups {prefix}")  # noqa: T201  # a command's output
        for line in report(leave_one_out(classifier, examples, features, groups)):
            print(line)  # noqa: T201  # a command's output
    classifier.fit(features, [one.state for one in examples])
    export: Any = classifier.net.export
    export(parsed.out)
    print(f"{parsed.out}: {parsed.out.stat().st_size / 1e6:.1f} MB, {len(examples)} examples")  # noqa: T201
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
