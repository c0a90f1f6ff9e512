"""Clips as a street camera would send them: 1080p25, 2 Mbit/s, a key frame every two seconds."""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from benchmarks.material import Clip, add_clip_options, load_clips, with_rules
from benchmarks.report import say
from datasets.scenes.truth import TrueIncident, Truth

LONGEST_HIDDEN_S = 10.0
"""A clip that begins anew brings the same car back to the same place some 14 s after it left. By the default of 45 s a
camera that never saw the place empty rightly takes that for one stay of a car that was hidden."""
Picture = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class CameraFormat:
    """What the camera's encoder is set to; `gop_s` seconds between two key frames."""

    width: int = 1920
    height: int = 1080
    fps: int = 25
    bits_per_s: int = 2_000_000
    gop_s: float = 2.0


def add_live_options(parser: argparse.ArgumentParser) -> None:
    """The options of every benchmark with live cameras."""
    add_clip_options(parser)
    parser.add_argument("--native", action="store_true", help="send the clips as they are (default: 1080p25, 2 Mbit/s)")
    parser.add_argument("--encoded", type=Path, metavar="DIR", help="keep the encoded clips here for the next run")
    parser.add_argument("--interval", type=float, metavar="S", help="a look at least so often (default: as rules ask)")
    parser.add_argument("--model", metavar="NAME|FILE", help="detection model (default: the product's own)")
    parser.add_argument(
        "--stagger", type=float, default=7.7, metavar="S", help="seconds between the cameras' clips (default: 7.7)"
    )


def live_clips(options: argparse.Namespace, folder: Path) -> tuple[Clip, ...]:
    """The clips as the cameras of this run send them; encoded ones are put into `folder`."""
    clips = tuple(with_rules(clip, gap_seconds=LONGEST_HIDDEN_S) for clip in load_clips(options.clips))
    kept = options.encoded or folder
    kept.mkdir(parents=True, exist_ok=True)
    return clips if options.native else tuple(as_camera_sends(clip, CameraFormat(), kept) for clip in clips)


def as_camera_sends(clip: Clip, form: CameraFormat, folder: Path) -> Clip:
    """The clip encoded anew in `form`, with its truth; made once and kept in `folder`.

    Pictures between two of the clip's own are mixed of both, so that every packet carries some motion.
    """
    path = folder / f"{clip.name}-{_digest(clip, form)}.mp4"
    truth = _scaled(clip.truth, form)
    if not path.exists():
        say(f"encoding {clip.name} at {form.width}x{form.height}, {form.fps} a second")
        part = path.with_suffix(".part.mp4")
        encode(_pictures(clip, form), form, part)
        part.replace(path)
    return replace(clip, path=path, truth=truth)


def _digest(clip: Clip, form: CameraFormat) -> str:
    facts = json.dumps(asdict(form), sort_keys=True).encode()
    return hashlib.sha256(clip.path.read_bytes() + facts).hexdigest()[:16]


def encode(pictures: Iterable[Picture], form: CameraFormat, path: Path) -> None:
    """Pictures (bgr24, of any size) as an MP4 of that format."""
    with av.open(str(path), "w") as target:
        stream = target.add_stream("libx264", rate=form.fps)
        stream.width, stream.height, stream.pix_fmt = form.width, form.height, "yuv420p"
        stream.bit_rate = form.bits_per_s
        kbits = form.bits_per_s // 1000
        stream.options = {
            "preset": "veryfast",
            "g": str(round(form.gop_s * form.fps)),
            "bf": "0",
            "maxrate": f"{kbits}k",
            "bufsize": f"{2 * kbits}k",
            "x264-params": "scenecut=0",
        }
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, "bgr24").reformat(form.width, form.height, "yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, form.fps)
            target.mux(stream.encode(frame))
        target.mux(stream.encode())


def _pictures(clip: Clip, form: CameraFormat) -> Iterator[Picture]:
    """The clip's pictures at the camera's rate, for as long as the clip lasts."""
    with av.open(str(clip.path)) as source:
        ahead = (np.asarray(frame.to_ndarray(format="bgr24"), np.uint8) for frame in source.decode(video=0))
        here = next(ahead)
        after, index = next(ahead, here), 0
        for number in range(round(clip.duration_s * form.fps)):
            at = number * clip.fps / form.fps
            while index + 1 <= at:
                here, after, index = after, next(ahead, after), index + 1
            share = at - index
            yield here if share == 0 else _mixed(here, after, share)


def _mixed(here: Picture, after: Picture, share: float) -> Picture:
    mixed = here.astype(np.float32) * (1 - share) + after.astype(np.float32) * share
    return mixed.round().astype(np.uint8)


def _scaled(truth: Truth, form: CameraFormat) -> Truth:
    """The same truth in the pixels of the new size; boxes frame by frame are left out: nobody asks for them live."""
    across, down = form.width / truth.width, form.height / truth.height
    incidents = tuple(_scaled_incident(incident, across, down) for incident in truth.incidents)
    spec = {**truth.spec, "gop": form.gop_s * form.fps}
    frames: tuple[tuple[()], ...] = ((),) * round(len(truth.frames) / truth.fps * form.fps)
    return replace(
        truth, fps=float(form.fps), width=form.width, height=form.height, incidents=incidents, spec=spec, frames=frames
    )


def _scaled_incident(incident: TrueIncident, across: float, down: float) -> TrueIncident:
    left, top, right, bottom = incident.xyxy
    return replace(incident, xyxy=(left * across, top * down, right * across, bottom * down))
