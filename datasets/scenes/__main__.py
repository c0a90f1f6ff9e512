"""`python -m datasets.scenes stills|clips`: make training stills, or the demo's clips."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from datasets.scenes import cameras_file
from datasets.scenes.clips import Progress, make_clip
from datasets.scenes.demo import demo_clips
from datasets.scenes.errors import SceneError
from datasets.scenes.render import Quality
from datasets.scenes.spec import SceneSpec
from datasets.scenes.stage import RenderStage
from datasets.scenes.stills import make_stills
from datasets.scenes.trucks import make_crops


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one of the two commands; 2 and one line on standard error when it cannot."""
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
    stills.add_argument("--out", type=Path, required=True)
    stills.set_defaults(run=_stills, background_samples=6, actor_samples=4)
    crops = verbs.add_parser("loads", help="crops of muck trucks by load state, for the classifier")
    crops.add_argument("--count", type=int, required=True)
    crops.add_argument("--seed", type=int, default=1)
    crops.add_argument("--out", type=Path, required=True)
    crops.set_defaults(run=_loads, background_samples=6, actor_samples=4)
    clips = verbs.add_parser("clips", help="the demo's clips with their truth and cameras file")
    clips.add_argument("--only", action="append", metavar="NAME", help="one clip of the demo; may be given again")
    clips.add_argument("--out", type=Path, default=Path("datasets/clips"))
    clips.set_defaults(run=_clips, background_samples=32, actor_samples=8)
    for verb in (stills, crops, clips):
        verb.add_argument("--store", type=Path, default=Path("var/scenes"), help="keeps renders; may be deleted")
        verb.add_argument("--background-samples", type=int, help="rays per pixel of a background")
        verb.add_argument("--actor-samples", type=int, help="rays per pixel of an actor")
        verb.add_argument("--threads", type=int, default=1)
    return parser


def _quality(options: argparse.Namespace) -> Quality:
    return Quality(options.background_samples, options.actor_samples, options.threads)


def _stills(options: argparse.Namespace) -> int:
    def progress(made: int) -> None:
        sys.stderr.write(f"{made}/{options.count} stills\n")

    make_stills(
        options.count,
        options.seed,
        options.out,
        partial(_stage, options),
        progress,
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


def _clips(options: argparse.Namespace) -> int:
    clips = {clip.name: clip for clip in demo_clips()}
    for name in options.only or clips:
        if name not in clips:
            raise SceneError(f"no clip {name!r} in the demo; there are {', '.join(clips)}")
        stage = RenderStage(clips[name].scene, options.store, _quality(options))
        make_clip(clips[name], stage, options.out, _reporter(name))
    cameras_file.write(tuple(clips.values()), options.out / "demo.yaml")
    return 0


def _reporter(name: str) -> Progress:
    def progress(done: int, of: int) -> None:
        if done % 25 == 0 or done == of:
            sys.stderr.write(f"{name}: {done}/{of} pictures\n")

    return progress


if __name__ == "__main__":
    sys.exit(main())
