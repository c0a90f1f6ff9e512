"""A clip's other encodings, which faults of the picture show: made once, kept in a cache folder."""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import platformdirs
from av.container import OutputContainer
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream

from streams.errors import SimulatorError
from streams.simulator import views
from streams.simulator.clip import Clip, ClipPicture, load_clip
from streams.simulator.faults import Fault, FaultKind
from streams.timeline import SECOND_NS

# What is encoded again is thinned out to so many pictures, so that preparing a clip stays a matter of seconds.
_MOST_PICTURES = 600
# Pictures are numbered modulo this (H.264 frame_num as x264 writes it, H.265's order count as we ask for it): after so
# many, a key frame may stand for a predicted picture, and a clip that lasts a multiple of it loops without one.
_NUMBERS = 16
_KEY_EVERY_S = 1
_STILL_S = 4
# A frozen camera shows the picture of the moment; so many moments of a clip are prepared.
_MOMENTS = 16
_FROZEN_GOP_S = 2
_CLOCK = Fraction(1, 90_000)
_RECIPES_VERSION = 2
_OTHER = {"h264": "hevc", "hevc": "h264"}
_ENCODERS = {"h264": "libx264", "hevc": "libx265"}

Timed = tuple[int, VideoFrame]


@dataclass(frozen=True, slots=True)
class _Recipe:
    """How a variant is made: from which pictures, in which codec and size; `key_every_s` 0: only the first is a key."""

    pictures: Callable[[Path, Clip], Iterator[Timed]]
    codec: str
    size_wh: tuple[int, int] | None = None
    key_every_s: float = _KEY_EVERY_S
    view: views.View | None = None


class Variants:
    """Makes and keeps them; `folder` None means the user's cache folder. Safe for several threads, one at work."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or Path(platformdirs.user_cache_dir("streetwarden", appauthor=False)) / "simulator"
        self._lock = threading.Lock()
        self._digests: dict[Path, str] = {}
        self._made: dict[tuple[Path, str], Clip] = {}

    def of(self, path: Path, clip: Clip, fault: Fault, position_ns: int = 0) -> Clip:
        """The clip to show under this fault of the picture; encodes it if it is not there. Raises SimulatorError."""
        with self._lock:
            made = self._prepared(path, clip, fault)
            if fault.kind is not FaultKind.FREEZE:
                return made
            key = (path, f"{fault} at {_moment(made, clip, position_ns)}")
            if key not in self._made:
                self._made[key] = _frozen_at(made, _moment(made, clip, position_ns))
            return self._made[key]

    def prepare(self, path: Path, clip: Clip, fault: Fault) -> None:
        """Have it ready before it is needed."""
        self.of(path, clip, fault)

    def _prepared(self, path: Path, clip: Clip, fault: Fault) -> Clip:
        key = (path, str(fault))
        if key not in self._made:
            self._made[key] = self._from_cache(path, clip, fault)
        return self._made[key]

    def _from_cache(self, path: Path, clip: Clip, fault: Fault) -> Clip:
        recipe = _recipe(clip, fault)
        file = self._folder / f"{self._digest(path)}-{str(fault).replace('%', 'pc')}-{_RECIPES_VERSION}.mp4"
        try:
            if not file.is_file():
                self._folder.mkdir(parents=True, exist_ok=True)
                _write(recipe, path, clip, file)
        except (OSError, av.error.FFmpegError) as error:
            raise SimulatorError(f"{path}: cannot prepare {fault}: {error}") from None
        made = load_clip(file)
        if fault.kind is FaultKind.NO_KEYFRAME:
            return _endless(made, clip)
        return _aligned(made, clip, as_long=fault.kind in _AS_LONG_AS_THE_CLIP)

    def _digest(self, path: Path) -> str:
        if path not in self._digests:
            self._digests[path] = hashlib.sha256(path.read_bytes()).hexdigest()[:20]
        return self._digests[path]


_AS_LONG_AS_THE_CLIP = frozenset(
    (
        FaultKind.RESOLUTION,
        FaultKind.CODEC,
        FaultKind.MOVED,
        FaultKind.OVEREXPOSED,
        FaultKind.SMEAR_ENCODED,
    )
)


def _recipe(clip: Clip, fault: Fault) -> _Recipe:
    kind, codec = fault.kind, clip.codec
    if kind is FaultKind.FREEZE:
        return _Recipe(_moments, codec, key_every_s=0)
    if kind is FaultKind.NO_KEYFRAME:
        return _Recipe(_without_keys, codec, key_every_s=0)
    if kind is FaultKind.SMEAR_ENCODED:
        return _Recipe(_smeared, codec)
    if kind is FaultKind.CODEC:
        return _Recipe(_one_round, _OTHER[codec])
    if kind is FaultKind.RESOLUTION:
        return _Recipe(_one_round, codec, size_wh=fault.size_wh or (0, 0))
    if kind in (FaultKind.BLACK, FaultKind.COVERED):
        return _Recipe(_still, codec, view=views.black if kind is FaultKind.BLACK else views.covered)
    view = views.overexposed if kind is FaultKind.OVEREXPOSED else views.moved_by(fault.amount or 0.0)
    return _Recipe(_one_round, codec, view=view)


def _one_round(path: Path, clip: Clip) -> Iterator[Timed]:
    step = -(-len(clip.pictures) // _MOST_PICTURES)
    for number, timed in enumerate(_decoded(path)):
        if number % step == 0:
            yield timed


def _still(path: Path, clip: Clip) -> Iterator[Timed]:
    for pts_ns, frame in _decoded(path):
        if pts_ns >= _STILL_S * SECOND_NS:
            return
        yield pts_ns, frame


def _without_keys(path: Path, clip: Clip) -> Iterator[Timed]:
    """Two rounds of which only the first begins with a key frame, then every sixteenth picture as a key frame."""
    places = _places(clip)
    duration_ns = clip.duration_ns
    for turn in range(3):
        for place, (pts_ns, frame) in _chosen(path, places):
            if turn == 2 and place % _NUMBERS:
                continue
            frame.pict_type = PictureType.I if turn == 2 or turn == place == 0 else PictureType.NONE
            yield turn * duration_ns + pts_ns, frame


def _places(clip: Clip) -> list[int]:
    """Which pictures of a round are kept: evenly, a multiple of `_NUMBERS`."""
    pictures = len(clip.pictures)
    kept = min(pictures, _MOST_PICTURES) // _NUMBERS * _NUMBERS
    if not kept:
        raise SimulatorError(f"{FaultKind.NO_KEYFRAME}: the clip has only {pictures} pictures; it needs {_NUMBERS}")
    return [place * pictures // kept for place in range(kept)]


def _chosen(path: Path, places: list[int]) -> Iterator[tuple[int, Timed]]:
    wanted = {number: place for place, number in enumerate(places)}
    for number, timed in enumerate(_decoded(path)):
        if number in wanted:
            yield wanted[number], timed


def _moments(path: Path, clip: Clip) -> Iterator[Timed]:
    """Pictures of some moments, each shown for a while; each begins with a key frame."""
    apart_ns = clip.duration_ns // _MOMENTS
    step_ns, moment = _step_ns(clip), 0
    pictures = _FROZEN_GOP_S * SECOND_NS // step_ns
    for pts_ns, frame in _decoded(path):
        if pts_ns < moment * apart_ns or moment == _MOMENTS:
            continue
        for number in range(pictures):
            frame.pict_type = PictureType.I if number == 0 else PictureType.NONE
            yield (moment * pictures + number) * step_ns, frame
        moment += 1


def _smeared(path: Path, clip: Clip) -> Iterator[Timed]:
    """What a decoder makes of a stream with holes, as a transcoder on the way would."""
    for number, timed in enumerate(_decoded(path, drop=lambda number: number % 4 == 2)):
        if number % -(-len(clip.pictures) // _MOST_PICTURES) == 0:
            yield timed


def _decoded(path: Path, drop: Callable[[int], bool] = lambda _: False) -> Iterator[Timed]:
    """The pictures from the first key frame on, with their times from there; `drop` loses packets but key frames."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        first_ns, number = None, 0
        for packet in container.demux(stream):
            number = 0 if packet.is_keyframe else number + 1
            if packet.size and not packet.is_keyframe and drop(number):
                continue
            for frame in packet.decode():
                if frame.pts is None or frame.time_base is None or (first_ns is None and not frame.key_frame):
                    continue
                at_ns = round(frame.pts * frame.time_base * SECOND_NS)
                first_ns = at_ns if first_ns is None else first_ns
                frame.pict_type = PictureType.NONE
                yield at_ns - first_ns, frame


def _write(recipe: _Recipe, path: Path, clip: Clip, file: Path) -> None:
    handle, name = tempfile.mkstemp(suffix=".mp4", dir=file.parent)
    os.close(handle)
    try:
        with av.open(name, "w", format="mp4") as container:
            _encode(recipe, recipe.pictures(path, clip), container)
        Path(name).replace(file)
    finally:
        Path(name).unlink(missing_ok=True)


def _encode(recipe: _Recipe, pictures: Iterator[Timed], container: OutputContainer) -> None:
    stream: VideoStream | None = None
    key_ns = 0
    for pts_ns, frame in pictures:
        kind = frame.pict_type
        picture = _seen(recipe, frame)
        if stream is None:
            stream = _stream(recipe, container, (picture.width, picture.height))
        if recipe.key_every_s and pts_ns >= key_ns:
            kind, key_ns = PictureType.I, pts_ns + round(recipe.key_every_s * SECOND_NS)
        picture.pict_type = kind
        picture.pts, picture.time_base = round(pts_ns / SECOND_NS / _CLOCK), _CLOCK
        container.mux(stream.encode(picture))
    if stream is not None:
        container.mux(stream.encode(None))


def _seen(recipe: _Recipe, frame: VideoFrame) -> VideoFrame:
    if recipe.size_wh is not None:
        width, height = recipe.size_wh
        return frame.reformat(
            width or frame.width // 4 * 2, height or frame.height // 4 * 2, format="yuv420p", interpolation="AREA"
        )
    if recipe.view is not None:
        frame = VideoFrame.from_ndarray(recipe.view(frame.to_ndarray(format="bgr24")), format="bgr24")
    return frame.reformat(format="yuv420p")


def _stream(recipe: _Recipe, container: OutputContainer, size_wh: tuple[int, int]) -> VideoStream:
    shared = "keyint=100000:min-keyint=1:scenecut=0:bframes=0"
    if recipe.codec == "h264":
        options = {"x264-params": f"{shared}:threads=1:crf=30:deblock=0,0", "preset": "ultrafast"}
    else:
        options = {
            "x265-params": f"{shared}:pools=1:frame-threads=1:log2-max-poc-lsb=4:log-level=none:crf=32",
            "preset": "ultrafast",
        }
    stream = container.add_stream(_ENCODERS[recipe.codec], rate=25, options={**options, "forced-idr": "1"})
    assert isinstance(stream, VideoStream)  # noqa: S101 - the encoders are of video
    stream.width, stream.height = size_wh
    stream.pix_fmt, stream.time_base = "yuv420p", _CLOCK
    stream.codec_context.time_base = _CLOCK
    return stream


def _aligned(made: Clip, clip: Clip, *, as_long: bool) -> Clip:
    """On the clip's own timeline: pictures leave as late after their capture as the clip's, rounds take as long."""
    wait_ns = _wait_ns(clip) - _wait_ns(made)
    pictures = [
        ClipPicture(each.send_ns + wait_ns, each.pts_ns, each.is_keyframe, each.units) for each in made.pictures
    ]
    return Clip(made.codec, made.parameter_sets, pictures, clip.duration_ns if as_long else None)


def _endless(made: Clip, clip: Clip) -> Clip:
    """The second round for ever, and the key frames with which a client may begin it."""
    kept = len(_places(clip))
    wait_ns = _wait_ns(clip) - clip.duration_ns
    pictures = [
        ClipPicture(each.send_ns + wait_ns, each.pts_ns - clip.duration_ns, each.is_keyframe, each.units)
        for each in made.pictures[kept : 2 * kept]
    ]
    entries = {place * _NUMBERS: each.units for place, each in enumerate(made.pictures[2 * kept :])}
    return Clip(made.codec, made.parameter_sets, pictures, clip.duration_ns, entries)


def _wait_ns(clip: Clip) -> int:
    return clip.pictures[0].send_ns - clip.pictures[0].pts_ns


def _moment(made: Clip, clip: Clip, position_ns: int) -> int:
    moments = sum(picture.is_keyframe for picture in made.pictures)
    return min(moments - 1, position_ns % clip.duration_ns * moments // clip.duration_ns)


def _frozen_at(made: Clip, moment: int) -> Clip:
    """The pictures of one moment, as a clip of its own."""
    starts = [index for index, picture in enumerate(made.pictures) if picture.is_keyframe] + [len(made.pictures)]
    pictures = made.pictures[starts[moment] : starts[moment + 1]]
    origin_ns = pictures[0].pts_ns
    moved = [
        ClipPicture(each.send_ns - origin_ns, each.pts_ns - origin_ns, each.is_keyframe, each.units)
        for each in pictures
    ]
    return Clip(made.codec, made.parameter_sets, moved)


def _step_ns(clip: Clip) -> int:
    times = sorted(picture.pts_ns for picture in clip.pictures)
    return min((later - earlier for earlier, later in pairwise(times) if later > earlier), default=SECOND_NS // 25)
