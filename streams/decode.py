"""Pictures out of packets, with the damaged ones found out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from streams.frame import Frame, Image
from streams.hardware import IN_SOFTWARE, Decoding, accelerator
from streams.luma import Luma
from streams.packet import EncodedPacket, RecordedSpan, StreamParameters
from streams.parameters import decoder_context
from streams.timeline import SECOND_NS

PIXEL_FORMAT = "bgr24"
# Formats whose first plane is luma, eight bits a pixel.
_LUMA_FIRST = frozenset(("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "nv12", "gray"))
_TIMELINE_BASE = Fraction(1, SECOND_NS)


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture still in the decoder's own format. `intact` is False when the decoder had to guess parts."""

    pts_ns: int
    is_keyframe: bool
    intact: bool
    raw: VideoFrame


class PictureDecoder:
    """A decoder of one stream, in software unless `decoding` names a device.

    `threads` 1 keeps memory small for many live cameras, 0 lets FFmpeg use every core. Broken input is never an
    exception: it gives no picture, and `errors` counts it. `loop_filter` False leaves out the smoothing of block edges,
    a seventh of the work; only for key frames by themselves, since other pictures are predicted from smoothed ones.
    """

    def __init__(
        self,
        parameters: StreamParameters,
        threads: int = 1,
        *,
        loop_filter: bool = True,
        decoding: Decoding = IN_SOFTWARE,
    ) -> None:
        self._context = decoder_context(parameters.codec, parameters.extradata, accelerator(decoding))
        if not loop_filter:
            self._context.options = {"skip_loop_filter": "all"}
        self._context.thread_count = threads
        self._context.thread_type = "AUTO" if threads != 1 else "SLICE"
        self.errors = 0

    def decode(self, packet: EncodedPacket) -> list[Picture]:
        """The pictures, in presentation order, that become ready with this packet."""
        return self._pictures(_for_decoder(packet))

    def decode_alone(self, packet: EncodedPacket) -> list[Picture]:
        """The picture of a key frame by itself, at once, whatever came before.

        Only key frames reach the decoder this way, which costs less than `skip_frame="NONKEY"` (every other packet
        would still be parsed) and keeps both fields of an interlaced one.
        """
        self._context.flush_buffers()
        return self.decode(packet) + self.drain()

    def drain(self) -> list[Picture]:
        """The pictures still held for reordering; afterwards the decoder is as new."""
        pictures = self._pictures(None)
        self._context.flush_buffers()
        return pictures

    def _pictures(self, packet: av.Packet | None) -> list[Picture]:  # type: ignore[type-arg]
        try:
            frames = self._context.decode(packet)
        except av.error.FFmpegError:
            self.errors += 1
            return []
        return [_picture(frame) for frame in frames if frame.pts is not None]


class ImageConverter:
    """Turns pictures into arrays; keeps its scaler between calls and follows a changing picture size."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()

    def luma(self, picture: Picture) -> Luma:
        """How bright the picture is, uint8 (H, W); a view into it where its format keeps that by itself."""
        raw = picture.raw
        if raw.format.name not in _LUMA_FIRST:
            raw = self._reformatter.reformat(raw, format="gray")
        plane = raw.planes[0]
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        return rows[: raw.height, : raw.width]

    def image(self, picture: Picture) -> Image:
        """The picture as `bgr24`, uint8 (H, W, 3)."""
        return cast("Image", self._reformatter.reformat(picture.raw, format=PIXEL_FORMAT).to_ndarray())


def decode_span(span: RecordedSpan, at_pts_ns: int | None = None) -> list[Frame]:
    """Decode the span's pictures; with `at_pts_ns` only the one shown then (nearest at or before, else the first).

    Damaged pictures are left out. `sequence` counts from 0 within the span.
    """
    if at_pts_ns is not None:
        span = _shortened(span, at_pts_ns)
    # Shown before the first key frame means predicted from pictures that the span does not hold.
    from_ns = span.packets[0].pts_ns
    pictures = [picture for picture in _decode_all(span) if picture.intact and picture.pts_ns >= from_ns]
    if at_pts_ns is not None:
        pictures = _shown_at(pictures, at_pts_ns)
    converter, packets = ImageConverter(), {packet.pts_ns: packet for packet in span.packets}
    return [
        _frame(span.camera_id, sequence, packets.get(picture.pts_ns, span.packets[0]), picture, converter)
        for sequence, picture in enumerate(pictures)
    ]


def _decode_all(span: RecordedSpan) -> Iterable[Picture]:
    decoder = PictureDecoder(span.parameters)
    for packet in span.packets:
        yield from decoder.decode(packet)
    yield from decoder.drain()


def _shortened(span: RecordedSpan, at_pts_ns: int) -> RecordedSpan:
    """From the last key frame at or before the moment to the last packet needed for it."""
    ends = [index for index, packet in enumerate(span.packets, 1) if packet.pts_ns <= at_pts_ns]
    end = max(ends, default=1)
    keys = [
        index for index, packet in enumerate(span.packets[:end]) if packet.is_keyframe and packet.pts_ns <= at_pts_ns
    ]
    return RecordedSpan(span.camera_id, span.parameters, span.packets[max(keys, default=0) : end])


def _shown_at(pictures: Sequence[Picture], at_pts_ns: int) -> list[Picture]:
    before = [picture for picture in pictures if picture.pts_ns <= at_pts_ns]
    return [max(before, key=lambda picture: picture.pts_ns)] if before else list(pictures[:1])


def _frame(camera_id: str, sequence: int, packet: EncodedPacket, picture: Picture, converter: ImageConverter) -> Frame:
    return Frame(
        camera_id=camera_id,
        sequence=sequence,
        pts_ns=picture.pts_ns,
        captured_at_ns=packet.captured_at_ns + picture.pts_ns - packet.pts_ns,
        time_source=packet.time_source,
        pixel_format=PIXEL_FORMAT,
        image=converter.image(picture),
        is_keyframe=picture.is_keyframe,
    )


def _picture(frame: VideoFrame) -> Picture:
    assert frame.pts is not None  # noqa: S101 - the caller chose these
    return Picture(frame.pts, frame.key_frame, not frame.is_corrupt, frame)


def _for_decoder(packet: EncodedPacket) -> av.Packet:  # type: ignore[type-arg]
    # A packet that borrows Python's bytes takes the GIL when a decoder thread lets go of it; a decoder that is freed
    # meanwhile holds the GIL and waits for that thread. One with memory of its own cannot lock up.
    native = av.Packet(len(packet.data))
    native.update(packet.data)
    native.pts, native.dts, native.time_base = packet.pts_ns, packet.dts_ns, _TIMELINE_BASE
    return native
