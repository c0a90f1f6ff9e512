"""The figures of a card, measured again with one command, each beside what the start weights reach.

    python -m models.figures CARD.json --start COCO.onnx --parked CLIP.mp4 --truth PARKED.json \
        --clip CLIP.mp4 ... --pictures FOLDER ... --set NAME:KIND=DATA.yaml ...
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from detector.engine import Engine
from models.card import write_card
from models.catalogue import Figure, check_hash, read_card
from models.classes import class_mapping
from models.errors import EvaluationError, ModelsError
from models.evaluate import Evaluation, agreement, evaluate, open_data_set
from models.measure import Parked, clip_pictures, read_parked, sightings
from streams.frame import Image

FIRM = 0.5
THREADS = 2


@dataclass(frozen=True, slots=True)
class Contest:
    """The weights of the card and those they started from, opened and by path."""

    model: Path
    start: Path

    def engines(self) -> tuple[Engine, Engine]:
        """The model's engine and the start's."""
        return Engine.load(self.model, threads=THREADS), Engine.load(self.start, threads=THREADS)


def parked_figures(contest: Contest, clip: Path, parked: tuple[Parked, ...]) -> Iterator[Figure]:
    """Share of seconds in which each parked vehicle is found, at the engine's threshold and above `FIRM`."""
    model, start = contest.engines()
    threshold = model.describe()["score_threshold"]
    for ours, theirs in zip(sightings(model, clip, parked), sightings(start, clip, parked), strict=True):
        for score in (float(threshold), FIRM):
            yield Figure(
                what=f"share of seconds in which the parked vehicle {ours.name} is found above {score}",
                value=round(ours.share_above(score), 3),
                start=round(theirs.share_above(score), 3),
                on=clip.parent.name,
                pictures=len(ours.scores),
                kind="real",
            )


def agreement_figures(contest: Contest, name: str, pictures: Sequence[Image]) -> Iterator[Figure]:
    """Share of the start's sure finds that the model has too: as the same class, and as any of its classes."""
    model, start = contest.engines()
    for any_class in (False, True):
        found = agreement(start, model, iter(pictures), any_class=any_class)
        as_what = "as any class" if any_class else "as the same class"
        yield Figure(
            what=f"share of the {sum(found.sought.values())} boxes the start finds above {FIRM} found {as_what}",
            value=round(found.recall, 4),
            start=1.0,
            on=name,
            pictures=len(pictures),
            kind="real",
        )


def precision_figures(
    contest: Contest, name: str, kind: Literal["real", "rendered"], data_yaml: Path
) -> Iterator[Figure]:
    """Mean average precision on the `val` split of a YOLO data set."""
    ours, theirs = evaluate(contest.model, data_yaml, threads=THREADS), _start_precision(contest, data_yaml)
    means = {"mAP50": (ours.map50, theirs.map50 if theirs else None)}
    means["mAP50-95"] = (ours.map50_95, theirs.map50_95 if theirs else None)
    for what, (value, before) in means.items():
        rounded = None if before is None else round(before, 3)
        yield Figure(what=what, value=round(value, 3), start=rounded, on=name, pictures=ours.pictures, kind=kind)
    for class_name, figures in ours.per_class.items():
        what = f"mAP50 of {class_name}, {figures.boxes} boxes"
        yield Figure(what=what, value=round(figures.map50, 3), on=name, pictures=ours.pictures, kind=kind)


def _start_precision(contest: Contest, data_yaml: Path) -> Evaluation | None:
    """The start's figures; None when it knows no class of the set."""
    known = Engine.load(contest.start, threads=THREADS).class_names
    names = open_data_set(data_yaml).names
    return evaluate(contest.start, data_yaml, threads=THREADS) if class_mapping(known, names) else None


def _pictures_in(folder: Path) -> list[Image]:
    pictures = [cv2.imread(str(path)) for path in sorted(folder.iterdir())]
    found = [np.asarray(picture, np.uint8) for picture in pictures if picture is not None]
    if not found:
        raise EvaluationError(f"{folder}: no pictures")
    return found


def _figures(arguments: argparse.Namespace, contest: Contest) -> Iterator[Figure]:
    if arguments.parked:
        if not arguments.truth:
            raise EvaluationError("--parked needs --truth: the boxes of the parked vehicles")
        yield from parked_figures(contest, arguments.parked, read_parked(arguments.truth))
    for clip in arguments.clip:
        yield from agreement_figures(contest, clip.parent.name, list(clip_pictures(clip)))
    for entry in arguments.pictures:
        name, _, folder = entry.rpartition("=")
        yield from agreement_figures(contest, name or Path(folder).name, _pictures_in(Path(folder)))
    for entry in arguments.set:
        name, kind, data = _set(entry)
        yield from precision_figures(contest, name, kind, data)


def _set(entry: str) -> tuple[str, Literal["real", "rendered"], Path]:
    head, _, path = entry.partition("=")
    name, _, kind = head.partition(":")
    if not path or kind not in {"real", "rendered"}:
        raise EvaluationError(f"--set {entry}: expected NAME:real=DATA.yaml or NAME:rendered=DATA.yaml")
    return name, "real" if kind == "real" else "rendered", Path(path)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and write the figures into the card."""
    parser = argparse.ArgumentParser(prog="python -m models.figures", description="measure a card's figures again")
    parser.add_argument("card", type=Path)
    parser.add_argument("--start", type=Path, required=True, help="the start weights as ONNX")
    parser.add_argument("--parked", type=Path, help="clip with vehicles that stand the whole time")
    parser.add_argument("--truth", type=Path, help="their boxes")
    parser.add_argument("--clip", type=Path, action="append", default=[], help="clip to compare both models on")
    parser.add_argument("--pictures", action="append", default=[], metavar="NAME=FOLDER", help="the same on pictures")
    parser.add_argument("--set", action="append", default=[], metavar="NAME:KIND=DATA.yaml")
    parsed = parser.parse_args(arguments)
    try:
        card = read_card(parsed.card)
        contest = Contest(check_hash(parsed.card.with_name(card.file), card), parsed.start)
        write_card(card, parsed.card, tuple(_figures(parsed, contest)))
    except ModelsError as problem:
        print(f"streetwarden: {problem}", file=sys.stderr)  # noqa: T201  # a command's output
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
