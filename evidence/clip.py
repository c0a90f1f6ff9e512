"""Originals: the camera's compressed pictures in an MP4 container, not one of them encoded anew."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise

import av
from av.error import FFmpegError
from av.video.stream import VideoStream

from evidence.errors import SealError
from streams import nal
from streams.packet import EncodedPacket, RecordedSpan, StreamParameters

REMUX_TOOL = f"remux, FFmpeg libavformat {'.'.join(str(part) for part in av.library_versions['libavformat'])}"
# RTP's own video clock: a frame time of any camera is exact on it, or off by at most 6 microseconds.
_TIMESCALE = 90_000
_SECOND_NS = 1_000_000_000
# The muxer wants the size and profile of the stream: the parameter sets tell both, no picture need be decoded.
_WITHOUT_DECODING = {"skip_frame": "all"}
_WRITE_BYTES = 1 << 20
# What the index may need: time, offset, size, place and key-frame entries of every packet, and the fixed boxes.
_INDEX_BYTES = 4096
_INDEX_BYTES_PER_PACKET = 48


def to_mp4(span: RecordedSpan) -> bytes:
    """The span as an MP4 whose index comes first, so that a browser plays it while it loads.

    The first picture shown is at time 0. The same span always gives the same bytes. Raises SealError when the packets
    cannot be put into MP4.
    """
    sink = io.BytesIO()
    index_bytes = _INDEX_BYTES + _INDEX_BYTES_PER_PACKET * len(span.packets)
    options = {"moov_size": str(index_bytes), "fflags": "+bitexact"}
    try:
        with av.open(sink, "w", format="mp4", options=options, buffer_size=_WRITE_BYTES) as container:
            stream = _add_stream(container, span)
            for packet in _placed(span):
                packet.stream = stream
                container.mux_one(packet)
    except (FFmpegError, ValueError) as error:
        detail = str(error).splitlines()[0]
        raise SealError(f"{span.camera_id}: {len(span.packets)} packets do not fit into MP4: {detail}") from error
    return sink.getvalue()


def shorten(span: RecordedSpan, moment_pts_ns: int, max_bytes: int) -> RecordedSpan:
    """The span within `max_bytes`: leading GOPs go first, then the end; the GOP of the moment stays up to it."""
    packets = span.packets
    for start in _gop_starts(packets, moment_pts_ns):
        packets = span.packets[start:]
        if _size(packets) <= max_bytes:
            return RecordedSpan(span.camera_id, span.parameters, packets)
    needed = until(RecordedSpan(span.camera_id, span.parameters, packets), moment_pts_ns).packets
    count, size = len(needed), _size(needed)
    for packet in packets[len(needed) :]:
        size += len(packet.data)
        if size > max_bytes:
            break
        count += 1
    return RecordedSpan(span.camera_id, span.parameters, packets[:count])


def until(span: RecordedSpan, pts_ns: int) -> RecordedSpan:
    """The packets up to the last one, in decoding order, that is shown at or before `pts_ns` (at least the first)."""
    count = max((index for index, packet in enumerate(span.packets, 1) if packet.pts_ns <= pts_ns), default=1)
    return RecordedSpan(span.camera_id, span.parameters, span.packets[:count])


def shows(span: RecordedSpan | None, pts_ns: int) -> bool:
    """Whether the span holds the very picture shown at `pts_ns`, behind its key frame."""
    return span is not None and any(packet.pts_ns == pts_ns for packet in span.packets)


def gaps_of(span: RecordedSpan, longest_ns: int) -> list[tuple[int, int]]:
    """The stretches (from, to; nanoseconds of the timeline) longer than `longest_ns` in which no picture came."""
    times = sorted(packet.pts_ns for packet in span.packets)
    return [(before, after) for before, after in pairwise(times) if after - before > longest_ns]


def _size(packets: Sequence[EncodedPacket]) -> int:
    return sum(len(packet.data) for packet in packets)


def _gop_starts(packets: Sequence[EncodedPacket], moment_pts_ns: int) -> list[int]:
    """Where the GOPs begin that are not after the moment; the first packet always counts."""
    return [0] + [i for i, packet in enumerate(packets) if i and packet.is_keyframe and packet.pts_ns <= moment_pts_ns]


def _add_stream(container: av.container.OutputContainer, span: RecordedSpan) -> VideoStream:
    parameters = span.parameters
    if not nal.carries_nal_units(parameters.codec):
        plain = container.add_mux_stream(parameters.codec, width=parameters.width, height=parameters.height)
        plain.time_base = Fraction(1, _TIMESCALE)
        return plain  # type: ignore[return-value]
    elementary = io.BytesIO(_elementary(parameters, span.packets[0]))
    with av.open(elementary, format=parameters.codec, options=_WITHOUT_DECODING) as template:
        stream = container.add_stream_from_template(template.streams.video[0])
    stream.time_base = Fraction(1, _TIMESCALE)
    return stream


def _elementary(parameters: StreamParameters, key_packet: EncodedPacket) -> bytes:
    """Parameter sets and the first key frame as an elementary stream: what the muxer learns the stream from."""
    sets = nal.parameter_sets(parameters.codec, parameters.extradata)
    picture = _annex_b(parameters, key_packet.data) if _is_length_prefixed(parameters) else key_packet.data
    return nal.to_annex_b(sets) + picture


def _annex_b(parameters: StreamParameters, data: bytes) -> bytes:
    """The packet with start codes, which the muxer turns into lengths; the units themselves stay as they are."""
    return nal.to_annex_b(nal.split(parameters.codec, data, parameters.extradata))


def _placed(span: RecordedSpan) -> Iterator[av.Packet]:  # type: ignore[type-arg]
    """The packets on the container's clock, with decoding times that rise strictly."""
    parameters = span.parameters
    prefixed = nal.carries_nal_units(parameters.codec) and _is_length_prefixed(parameters)
    origin_ns, last_dts, base = span.start_pts_ns, None, Fraction(1, _TIMESCALE)
    for packet in span.packets:
        native = av.Packet(_annex_b(parameters, packet.data) if prefixed else packet.data)
        dts = _ticks(packet.dts_ns - origin_ns)
        dts = dts if last_dts is None else max(dts, last_dts + 1)
        native.pts, native.dts = max(_ticks(packet.pts_ns - origin_ns), dts), dts
        native.time_base = base
        native.is_keyframe = packet.is_keyframe
        yield native
        last_dts = dts


def _is_length_prefixed(parameters: StreamParameters) -> bool:
    return nal.length_size(parameters.codec, parameters.extradata) is not None


def _ticks(nanoseconds: int) -> int:
    """The nearest tick; 90 kHz are 9 ticks in 100 microseconds."""
    return (nanoseconds * 9 + 50_000) // 100_000
