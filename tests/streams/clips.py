"""Clips made for the tests: every picture carries its number as eight black or white stripes."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import OutputContainer
from av.video.stream import VideoStream

from streams import nal
from streams.frame import Image
from streams.packet import RecordedSpan
from streams.timeline import SECOND_NS

WIDTH, HEIGHT = 128, 96
_BITS = 8


def numbered_picture(number: int, size_wh: tuple[int, int] = (WIDTH, HEIGHT)) -> Image:
    """A bgr24 picture that shows `number` (0..255) in binary, and a little noise so that packets have some size."""
    width, height = size_wh
    stripes = np.array([255 if number >> bit & 1 else 0 for bit in range(_BITS)], np.uint8)
    row = np.repeat(stripes, width // _BITS)
    image = np.broadcast_to(row[None, :, None], (height, width, 3)).copy()
    noise = np.random.default_rng(number).integers(0, 24, (height, width, 3), np.uint8)
    return np.where(image > 0, image - noise, noise)


def number_of(image: Image) -> int:
    """The number that a decoded picture shows."""
    width = image.shape[1] // _BITS
    means = [image[:, bit * width + width // 4 : (bit + 1) * width - width // 4].mean() for bit in range(_BITS)]
    return sum(1 << bit for bit, mean in enumerate(means) if mean > 127)


def make_clip(
    path: Path,
    pictures: int,
    *,
    codec: str = "libx264",
    rate: int = 10,
    gop: int = 10,
    b_frames: int = 0,
    open_gop: bool = False,
    slices: int = 1,
    smoothed: bool = False,
    size_wh: tuple[int, int] = (WIDTH, HEIGHT),
    first: int = 0,
    metadata: dict[str, str] | None = None,
) -> Path:
    """Write a clip of numbered pictures; the container follows from the name. `smoothed`: by the loop filter."""
    with av.open(str(path), "w") as container:
        container.metadata.update(metadata or {})
        stream = _stream(
            container,
            codec,
            rate,
            size_wh,
            _settings(gop, b_frames, slices, open_gop=open_gop) + ":deblock=1,1" * smoothed,
        )
        for index in range(pictures):
            frame = av.VideoFrame.from_ndarray(numbered_picture(first + index, size_wh), format="bgr24")
            frame.pts, frame.time_base = index, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def _settings(gop: int, b_frames: int, slices: int, *, open_gop: bool) -> str:
    gops = f"keyint={gop}:min-keyint={gop}:scenecut=0:bframes={b_frames}:b-adapt=0:open-gop={int(open_gop)}"
    return f"{gops}:slices={slices}"


def _stream(container: OutputContainer, codec: str, rate: int, size_wh: tuple[int, int], settings: str) -> VideoStream:
    key = "x264-params" if codec == "libx264" else "x265-params"
    quiet = "" if codec == "libx264" else ":log-level=none:pools=1"
    stream = container.add_stream(codec, rate=rate, options={key: settings + quiet, "preset": "ultrafast"})
    assert isinstance(stream, VideoStream)
    stream.width, stream.height = size_wh
    stream.pix_fmt = "yuv420p"
    return stream


def write_mp4(span: RecordedSpan, path: Path) -> Path:
    """Remux a span as evidence does: no picture is encoded again."""
    parameters, base = span.parameters, Fraction(1, 90_000)
    packets = [nal.to_annex_b(nal.split(parameters.codec, each.data, parameters.extradata)) for each in span.packets]
    head = nal.to_annex_b(nal.parameter_sets(parameters.codec, parameters.extradata)) + packets[0]
    with av.open(io.BytesIO(head), format=parameters.codec) as model, av.open(str(path), "w") as container:
        stream = container.add_stream_from_template(model.streams.video[0])
        stream.time_base = base
        for data, packet in zip(packets, span.packets, strict=True):
            native = av.Packet(data)
            native.stream, native.time_base, native.is_keyframe = stream, base, packet.is_keyframe
            native.pts = round((packet.pts_ns - span.packets[0].dts_ns) * 90_000 / SECOND_NS)
            native.dts = round((packet.dts_ns - span.packets[0].dts_ns) * 90_000 / SECOND_NS)
            container.mux(native)
    return path


def numbers_in(path: Path) -> list[int]:
    """The numbers of a clip's pictures, decoded by FFmpeg alone."""
    with av.open(str(path)) as container:
        return [
            number_of(np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)) for frame in container.decode(video=0)
        ]
