"""`python -m datasets.scenes stills|loads|clips`: make training stills, crops of loads, or clips."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from datasets.scenes import cameras_file
from datasets.scenes.bank import Bank, grid_keys, roomy
from datasets.scenes.clips import Progress, make_clip
from datasets.scenes.demo import demo_clips
from datasets.scenes.errors import SceneError
from datasets.scenes.generated import (
    CAMERAS_FILE,
    KIND_OF_WORD,
    SIZE_WH,
    bank_clip,
    camera_entry,
    generated_clip,
    read_cameras,
    shown_clips,
    write_cameras,
)
from datasets.scenes.render import Quality
from datasets.scenes.spec import ClipSpec, SceneSpec
from datasets.scenes.stage import RenderStage
from datasets.scenes.stills import make_stills
from datasets.scenes.subjects import SUBJECTS
from datasets.scenes.trucks import make_crops


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one of the commands; 2 and one line on standard error when it cannot."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except (SceneError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m datasets.scenes", description=__doc__)
    verbs = parser.add_subparsers(required=True, metavar="COMMAND")
    stills = verbs.add_parser("stills", help="labelled stills for training, as YOLO data")
    stills.add_argument("--count", type=int, required=True)
    stills.add_argument("--seed", type=int, default=1)
    stills.add_argument(
        "--about", choices=tuple(SUBJECTS), help="places of one subject, with more of it than streets have by chance"
    )
    stills.add_argument("--night", type=_share, metavar="SHARE", help="with --about: how many of its places by night")
    stills.add_argument("--out", type=Path, required=True)
    stills.set_defaults(run=_stills)
    crops = verbs.add_parser("loads", help="crops of muck trucks by load state, for the classifier")
    crops.add_argument("--count", type=int, required=True)
    crops.add_argument("--seed", type=int, default=1)
    crops.add_argument("--out", type=Path, required=True)
    crops.set_defaults(run=_loads)
    clips = verbs.add_parser("clips", help="the demo's clips, or any number of one kind with --kind and --seeds")
    clips.add_argument("--kind", choices=tuple(KIND_OF_WORD), help="clips with incidents of this kind, not the demo's")
    clips.add_argument(
        "--seeds", type=_seeds, metavar="A..B", help="with --kind: the first seed and the one after the last"
    )
    clips.add_argument("--size", type=_size, default=SIZE_WH, metavar="WxH", help="with --kind: of the pictures")
    clips.add_argument(
        "--bank", action="store_true", help="with --kind: few places, whose actors are rendered once for all clips"
    )
    clips.add_argument("--only", action="append", metavar="NAME", help="one clip of the demo; may be given again")
    clips.add_argument("--out", type=Path, default=Path("datasets/clips"))
    clips.set_defaults(run=_clips)
    for verb in (stills, crops, clips):
        verb.add_argument("--store", type=Path, default=Path("var/scenes"), help="keeps renders; may be deleted")
        verb.add_argument("--background-samples", type=int, help="rays per pixel of a background")
        verb.add_argument("--actor-samples", type=int, help="rays per pixel of an actor")
        verb.add_argument("--threads", type=int, default=1)
    return parser


def _quality(options: argparse.Namespace) -> Quality:
    fine = "kind" in options and not options.kind
    background, actor = (32, 8) if fine else (6, 4)
    return Quality(options.background_samples or background, options.actor_samples or actor, options.threads)


def _stills(options: argparse.Namespace) -> int:
    subject = SUBJECTS[options.about] if options.about else None
    if options.night is not None:
        if subject is None:
            raise SceneError("--night belongs to --about: --about muck --night 1")
        subject = replace(subject, night=options.night)

    def progress(made: int) -> None:
        sys.stderr.write(f"{made}/{options.count} stills\n")

    make_stills(
        options.count,
        options.seed,
        options.out,
        partial(_stage, options),
        progress,
        subject,
    )
    return 0


def _loads(options: argparse.Namespace) -> int:
    def progress(made: int) -> None:
        sys.stderr.write(f"{made}/{options.count} crops\n")

    stage_for = partial(_stage, options)
    make_crops(options.count, options.seed, options.out, stage_for, progress)
    return 0


def _stage(options: argparse.Namespace, scene: SceneSpec) -> RenderStage:
    return RenderStage(scene, options.store, _quality(options))


def _seeds(text: str) -> range:
    """`A..B` as a range: the first seed, and the one after the last."""
    first, _, end = text.partition("..")
    try:
        seeds = range(int(first), int(end))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no range of seeds such as 0..8") from None
    if not seeds or seeds[0] < 0:
        raise argparse.ArgumentTypeError(f"{text!r} holds no seed: write the first and the one after the last, 0..8")
    return seeds


def _share(text: str) -> float:
    """A number from 0 to 1."""
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no share from 0 to 1")
    return share


def _size(text: str) -> tuple[int, int]:
    """`640x360` as (640, 360)."""
    try:
        width, height = (int(part) for part in text.split("x"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no size such as 1280x720") from None
    return width, height


def _clips(options: argparse.Namespace) -> int:
    if bool(options.kind) != bool(options.seeds):
        raise SceneError("--kind and --seeds belong together: --kind vending --seeds 0..8")
    return _generated(options) if options.kind else _demo(options)


def _generated(options: argparse.Namespace) -> int:
    """Clips of one kind; one that is there already is not made again."""
    kind = KIND_OF_WORD[options.kind]
    folder = options.out / kind
    if options.bank:
        return _from_bank(options, kind, folder)
    specs = [generated_clip(kind, seed, options.size) for seed in options.seeds]
    for spec in specs:
        if not (folder / f"{spec.name}.json").exists():
            stage = RenderStage(spec.scene, options.store, _quality(options))
            make_clip(spec, stage, folder, _reporter(spec.name))
    _list(specs, kind, folder)
    return 0


def _from_bank(options: argparse.Namespace, kind: str, folder: Path) -> int:
    """Clips of one kind whose cut-outs come from a bank, place by place."""
    made = [bank_clip(kind, seed, options.size) for seed in options.seeds]
    for scene in dict.fromkeys(scene for _, scene in made):
        wide = _stage(options, roomy(scene))
        bank = Bank(_stage(options, scene), wide)
        for spec in (spec for spec, of in made if of == scene):
            if not (folder / f"{spec.name}.json").exists():
                began_s, before = time.process_time(), wide.rendered
                make_clip(spec, bank, folder, keys=grid_keys)
                took_s, fresh = time.process_time() - began_s, wide.rendered - before
                sys.stderr.write(f"{spec.name}: {spec.frames} pictures, {fresh} renders, {took_s:.1f} s\n")
            _list([spec], kind, folder)
    return 0


def _list(specs: Sequence[ClipSpec], kind: str, folder: Path) -> None:
    """Their cameras, beside those that the folder's file knows."""
    kept = {entry["id"]: entry for entry in read_cameras(folder / CAMERAS_FILE)}
    kept |= {spec.name: camera_entry(spec, kind) for spec in specs}
    write_cameras([kept[name] for name in sorted(kept)], folder / CAMERAS_FILE)


def _demo(options: argparse.Namespace) -> int:
    further = shown_clips()
    clips = {clip.name: clip for clip in (*demo_clips(), *(clip for _, clip in further))}
    for name in options.only or clips:
        if name not in clips:
            raise SceneError(f"no clip {name!r} in the demo; there are {', '.join(clips)}")
        stage = RenderStage(clips[name].scene, options.store, _quality(options))
        make_clip(clips[name], stage, options.out, _reporter(name))
    cameras_file.write(demo_clips(), options.out / "demo.yaml")
    cameras_file.write_all(demo_clips(), further, options.out / "all-kinds.yaml")
    return 0


def _reporter(name: str) -> Progress:
    def progress(done: int, of: int) -> None:
        if done % 25 == 0 or done == of:
            sys.stderr.write(f"{name}: {done}/{of} pictures\n")

    return progress


if __name__ == "__main__":
    sys.exit(main())
