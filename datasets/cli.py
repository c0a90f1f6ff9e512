"""The verbs of `streetwarden datasets`: convert, version, feedback.

`add_parsers` hangs them on the composition root's parser; each sets `run`, a function of the parsed arguments that
returns the exit code. `python -m datasets.cli` runs them alone.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from datasets.formats import (
    Dropped,
    FormatError,
    LabelSet,
    read_coco,
    read_voc,
    read_yolo,
    write_coco,
    write_voc,
    write_yolo,
)
from datasets.versions import check_version, write_version

FORMATS = ("yolo", "coco", "voc")
BAD_INPUT = 2


def add_parsers(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add every verb to `streetwarden datasets`."""
    _add_convert(subparsers)
    _add_version(subparsers)
    _add_feedback(subparsers)


def main(arguments: Sequence[str] | None = None) -> int:
    """A verb without the root of the command line."""
    parser = argparse.ArgumentParser(prog="python -m datasets.cli")
    add_parsers(parser.add_subparsers(required=True))
    parsed = parser.parse_args(arguments)
    try:
        return int(parsed.run(parsed))
    except FormatError as problem:
        print(f"streetwarden: {problem}", file=sys.stderr)  # noqa: T201  # a command's output
        return BAD_INPUT


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201  # a command's output


def _add_convert(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("convert", help="labels from one format into another; says what it leaves out")
    parser.add_argument(
        "source", type=Path, help="YOLO: folder of label files; COCO: the JSON; VOC: folder of XML files"
    )
    parser.add_argument("target", type=Path, help="YOLO and VOC: a folder; COCO: a JSON file")
    parser.add_argument("--from", dest="before", choices=FORMATS, required=True)
    parser.add_argument("--to", dest="after", choices=FORMATS, required=True)
    parser.add_argument("--images", type=Path, help="folder of the pictures (YOLO labels need their sizes)")
    parser.add_argument("--classes", nargs="+", default=[], metavar="NAME", help="classes in order (from YOLO and VOC)")
    parser.set_defaults(run=_convert)


def _convert(arguments: argparse.Namespace) -> int:
    labels, dropped = _read(arguments)
    if arguments.after == "coco":
        write_coco(labels, arguments.target)
    elif arguments.after == "voc":
        write_voc(labels, arguments.target)
    else:
        write_yolo(labels, arguments.target)
    boxes = sum(len(image.boxes) for image in labels.images)
    _say(f"{arguments.target}: {len(labels.images)} pictures, {boxes} boxes, {len(dropped)} left out")
    _say_dropped(dropped)
    return 0


def _read(arguments: argparse.Namespace) -> tuple[LabelSet, tuple[Dropped, ...]]:
    if arguments.before == "coco":
        return read_coco(arguments.source)
    if not arguments.classes:
        raise FormatError(
            f"{arguments.source}: {arguments.before} labels do not name their classes: --classes NAME ..."
        )
    if arguments.before == "voc":
        return read_voc(arguments.source, arguments.classes)
    if arguments.images is None:
        raise FormatError(f"{arguments.source}: YOLO labels need the sizes of their pictures: --images FOLDER")
    return read_yolo(arguments.images, arguments.source, arguments.classes)


def _say_dropped(dropped: Sequence[Dropped]) -> None:
    for one in dropped:
        _say(f"left out: {one.where}: {one.why}")


def _add_version(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("version", help="a data set's version by its content, written to dataset.json")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--check", action="store_true", help="compare with dataset.json; exit 1 when they differ")
    parser.set_defaults(run=_version)


def _version(arguments: argparse.Namespace) -> int:
    if not arguments.check:
        _say(f"{arguments.folder}: {write_version(arguments.folder).version}")
        return 0
    change = check_version(arguments.folder)
    for what, names in (("added", change.added), ("removed", change.removed), ("changed", change.changed)):
        for name in names:
            _say(f"{what}: {name}")
    _say(f"{arguments.folder}: {'as dataset.json says' if change.is_none else 'not as dataset.json says'}")
    return 0 if change.is_none else 1


def _add_feedback(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("feedback", help="reviewers' decisions as labelled pictures, for `models train`")
    parser.add_argument("decisions", type=Path, help="JSON of decided cases, as the API gives them")
    parser.add_argument("--packages", type=Path, required=True, help="folder with one folder a package")
    parser.add_argument("--out", type=Path, required=True, help="folder to make")
    parser.add_argument("--classes", nargs="+", required=True, metavar="NAME", help="the model's classes, in order")
    parser.add_argument(
        "--test-share", type=float, default=0.2, help="share of places and days that test (default 0.2)"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.set_defaults(run=_feedback)


def _feedback(arguments: argparse.Namespace) -> int:
    from datasets.feedback.build import Plan, build  # noqa: PLC0415  # decodes pictures, which the other verbs do not

    if not 0 <= arguments.test_share < 1:
        raise FormatError(f"--test-share {arguments.test_share}: expected a share from 0 to below 1")
    plan = Plan(tuple(arguments.classes), arguments.test_share, arguments.seed)
    report = build(arguments.decisions, arguments.packages, arguments.out, plan)
    for side, lessons in report.examples.items():
        _say(f"{side}: {', '.join(f'{count} {lesson}' for lesson, count in lessons.items())}")
    _say(f"{arguments.out}: version {report.version}, {len(report.cameras)} cameras, {len(report.dropped)} left out")
    _say_dropped(report.dropped)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
