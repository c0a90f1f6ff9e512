"""Decisions and packages in, a versioned YOLO data set out.

Layout: `images/{train,test}`, `labels/{train,test}`, `refuted/{train,test}` (places where nothing is, lines `cx cy w
h`), `data.yaml` (its `val` is the test split), `feedback.json` (what was taken and what was left out, with reasons) and
`dataset.json`. The folder appears whole or not at all.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2

from datasets.feedback.balance import balanced, split
from datasets.feedback.decisions import Decision, Lesson, read_decisions
from datasets.feedback.pictures import Example, examples_of
from datasets.formats.labels import Dropped, FormatError, Xyxy
from datasets.versions import write_version

REPORT_FILE = "feedback.json"
SPLITS = ("train", "test")


@dataclass(frozen=True, slots=True)
class Plan:
    """How decisions become a set: its classes in order, the share of places and days that tests, and the seed."""

    classes: tuple[str, ...]
    test_share: float = 0.2
    seed: int = 0


@dataclass(frozen=True, slots=True)
class FeedbackReport:
    """What a set holds: `examples` by split and lesson, `cameras` by split, and everything left out."""

    version: str
    examples: Mapping[str, Mapping[str, int]]
    cameras: Mapping[str, int]
    dropped: tuple[Dropped, ...]


def build(decisions_file: Path, packages: Path, target: Path, plan: Plan) -> FeedbackReport:
    """Write the set to the folder `target`, which must not exist. Raises FormatError, naming the file."""
    if target.exists():
        raise FormatError(f"{target}: already there; each version gets a folder of its own")
    decisions, dropped = read_decisions(decisions_file)
    draft = target.with_name(f".{target.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    try:
        report = _write(_examples(decisions, packages, plan, dropped), draft, plan, dropped)
        draft.replace(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return report


def _examples(decisions: Sequence[Decision], packages: Path, plan: Plan, dropped: list[Dropped]) -> list[Example]:
    examples = []
    for decision in decisions:
        for example in examples_of(decision, packages, dropped):
            unknown = sorted({box.label for box in example.boxes} - set(plan.classes))
            if unknown:
                dropped.append(Dropped(example.name, f"classes that the set does not have: {', '.join(unknown)}"))
            else:
                examples.append(example)
    kept, quieted = balanced(examples, plan.seed)
    dropped += quieted
    return kept


def _write(examples: Sequence[Example], folder: Path, plan: Plan, dropped: Sequence[Dropped]) -> FeedbackReport:
    if not examples:
        raise FormatError(f"no decision gives a picture to learn from ({len(dropped)} left out)")
    for kind in ("images", "labels", "refuted"):
        for side in SPLITS:
            (folder / kind / side).mkdir(parents=True)
    sides = split(examples, plan.test_share, plan.seed)
    for example in examples:
        _write_example(example, folder, sides[example.name], plan.classes)
    names = "".join(f"  {number}: {json.dumps(name)}\n" for number, name in enumerate(plan.classes))
    data = f"path: .\ntrain: images/train\nval: images/test\nnames:\n{names}"
    (folder / "data.yaml").write_text(data, "utf-8")
    return _report(examples, sides, dropped, folder)


def _report(
    examples: Sequence[Example], sides: Mapping[str, str], dropped: Sequence[Dropped], folder: Path
) -> FeedbackReport:
    counts = {side: {str(lesson): 0 for lesson in Lesson} for side in SPLITS}
    for example in examples:
        counts[sides[example.name]][example.lesson] += 1
    cameras = dict(sorted(Counter(example.camera_id for example in examples).items()))
    content = {"examples": counts, "cameras": cameras, "dropped": [asdict(one) for one in dropped]}
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    (folder / REPORT_FILE).write_text(text, "utf-8")
    return FeedbackReport(write_version(folder).version, counts, cameras, tuple(dropped))


def _write_example(example: Example, folder: Path, side: str, classes: Sequence[str]) -> None:
    # PNG: the pictures were JPEG once already, and a set's version must not depend on an encoder.
    cv2.imwrite(str(folder / "images" / side / f"{example.name}.png"), example.image)
    height, width = example.image.shape[:2]
    labels = [f"{classes.index(box.label)} {_line(box.xyxy, width, height)}" for box in example.boxes]
    refuted = [_line(place, width, height) for place in example.refuted]
    for kind, lines in (("labels", labels), ("refuted", refuted)):
        (folder / kind / side / f"{example.name}.txt").write_text("".join(f"{line}\n" for line in lines), "ascii")


def _line(xyxy: Xyxy, width: int, height: int) -> str:
    x1, y1, x2, y2 = xyxy
    values = (x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height
    return " ".join(f"{value:.6f}" for value in values)
