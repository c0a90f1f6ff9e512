"""An opened camera or clip: FFmpeg's container behind errors of one line, and its packets as plain values."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from types import TracebackType
from typing import Self, cast

import av
from av.container import InputContainer
from av.stream import Discard
from av.video.stream import VideoStream

from streams.clock import Clock, SystemClock
from streams.errors import SourceError
from streams.packet import StreamParameters
from streams.parameters import ParameterTracker
from streams.redact import one_line
from streams.source import CameraSource
from streams.timeline import SECOND_NS

_MP4_BOX = slice(4, 8)
_MP4_FIRST_BOXES = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide")
_DAY_S = 86_400
# Between two of its reports the sender's clock runs as evenly as the timestamps do.
_SENDER_EVERY_NS = SECOND_NS


@dataclass(frozen=True, slots=True)
class SourcePacket:
    """One video packet with the source's own timestamps in nanoseconds (None when it has none).

    `sender_wall_ns` is the UTC capture time by the camera's own clock (RTCP sender reports), when it sends them.
    `arrival_ns` (monotonic) and `arrival_wall_ns` (UTC) say when it was read.
    """

    parameters: StreamParameters
    pts_ns: int | None
    dts_ns: int | None
    duration_ns: int
    is_keyframe: bool
    is_corrupt: bool
    data: bytes
    sender_wall_ns: int | None
    arrival_ns: int
    arrival_wall_ns: int


class VideoInput:
    """The first video stream of an opened source. Close it, or use it as a context manager."""

    def __init__(self, source: CameraSource, container: InputContainer, stream: VideoStream, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._container = container
        self._stream = stream
        context = stream.codec_context
        self._tracker = ParameterTracker(
            context.codec.canonical_name,
            (context.width, context.height),
            context.extradata or b"",
            stream.time_base or Fraction(1, SECOND_NS),
        )
        base = stream.time_base or Fraction(1, SECOND_NS)
        # Fractions cost more than all the rest of a packet: these are the ticks in nanoseconds.
        self._ticks = base.numerator * SECOND_NS, base.denominator
        self._sender: tuple[int, int] | None = None

    @property
    def parameters(self) -> StreamParameters:
        """What a decoder must know now."""
        return self._tracker.current

    @property
    def created_at_ns(self) -> int | None:
        """UTC ns at which the container says it was recorded; None when it does not say."""
        text = self._container.metadata.get("creation_time") or self._stream.metadata.get("creation_time")
        try:
            moment = datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None
        except ValueError:
            return None
        # Recorders that do not know the time write the epoch of their format.
        return (
            round(moment.timestamp()) * SECOND_NS if moment and moment.tzinfo and moment.timestamp() > _DAY_S else None
        )

    @property
    def expected_packets(self) -> int:
        """How many packets the container's index promises; 0 when it does not say."""
        return self._stream.frames

    def packets(self) -> Iterator[SourcePacket]:
        """The packets in decoding order until the source ends. Raises SourceError when it breaks off."""
        heard_ns = self._clock.monotonic_ns()
        try:
            for packet in self._container.demux():
                if packet.stream is self._stream and packet.size:
                    yield self._packet(cast("av.Packet[VideoStream]", packet))
                    heard_ns = self._clock.monotonic_ns()
                elif self._source.is_network:
                    self._check_silence(heard_ns)
        except (av.error.FFmpegError, OSError) as error:
            raise _source_error(self._source, error, f"silent for {self._source.read_timeout_s:g} s") from None

    def close(self) -> None:
        """Close the connection or file."""
        self._container.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _check_silence(self, heard_ns: int) -> None:
        """FFmpeg's own time limit does not notice pictures that stop while sound goes on."""
        if self._clock.monotonic_ns() - heard_ns > self._source.read_timeout_s * SECOND_NS:
            raise TimeoutError

    def _packet(self, packet: av.Packet[VideoStream]) -> SourcePacket:
        data, is_keyframe = bytes(packet), packet.is_keyframe
        pts_ns = self._ns(packet.pts)
        return SourcePacket(
            parameters=self._parameters(packet, data, is_keyframe=is_keyframe),
            pts_ns=pts_ns,
            dts_ns=self._ns(packet.dts),
            duration_ns=self._ns(packet.duration) or 0,
            is_keyframe=is_keyframe,
            is_corrupt=packet.is_corrupt,
            data=data,
            sender_wall_ns=self._sender_wall_ns(packet, pts_ns) if self._source.is_network else None,
            arrival_ns=self._clock.monotonic_ns(),
            arrival_wall_ns=self._clock.wall_ns(),
        )

    def _ns(self, value: int | None) -> int | None:
        if value is None:
            return None
        scale, denominator = self._ticks
        return (value * scale + denominator // 2) // denominator

    def _parameters(self, packet: av.Packet[VideoStream], data: bytes, *, is_keyframe: bool) -> StreamParameters:
        """What holds from this packet on; only a key frame can bring something new."""
        if not is_keyframe:
            return self._tracker.current
        extradata = bytes(packet.get_sidedata("new_extradata")) if packet.has_sidedata("new_extradata") else None
        return self._tracker.observe(data, is_keyframe=True, new_extradata=extradata)

    def _sender_wall_ns(self, packet: av.Packet[VideoStream], pts_ns: int | None) -> int | None:
        """UTC of the picture by the camera's clock; asked of FFmpeg about once a second, for asking is slow."""
        if pts_ns is None:
            return _sender_wall_ns(packet)
        if self._sender is None or not 0 <= pts_ns - self._sender[0] < _SENDER_EVERY_NS:
            wall_ns = _sender_wall_ns(packet)
            if wall_ns is None:
                return None
            self._sender = pts_ns, wall_ns
        return self._sender[1] + pts_ns - self._sender[0]


def open_video(source: CameraSource, clock: Clock | None = None) -> VideoInput:
    """Open a camera or clip; `clock` (default: the system's) times silences.

    Raises SourceError: one line, without credentials.
    """
    if not source.is_network:
        _check_file(source)
    try:
        container = av.open(
            source.ffmpeg_address(),
            options=source.ffmpeg_options(),
            timeout=(source.open_timeout_s, source.read_timeout_s),
            metadata_errors="replace",
        )
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise _source_error(source, error, f"no answer within {source.open_timeout_s:g} s") from None
    return _video_of(source, container, clock or SystemClock())


def _video_of(source: CameraSource, container: InputContainer, clock: Clock) -> VideoInput:
    stream = next((stream for stream in container.streams.video if not _is_cover(stream)), None)
    if stream is None:
        container.close()
        raise SourceError(f"{source.camera_id}: {source.shown_url}: no video stream in it", lasting=True)
    for other in container.streams:
        if other is not stream:
            other.discard = Discard.all
    return VideoInput(source, container, stream, clock)


def _is_cover(stream: VideoStream) -> bool:
    return bool(stream.disposition & type(stream.disposition).attached_pic)


def _check_file(source: CameraSource) -> None:
    path = source.path
    if not path.exists():
        raise SourceError(f"{source.camera_id}: {path}: no such file", lasting=True)
    if not path.is_file():
        raise SourceError(f"{source.camera_id}: {path}: not a file", lasting=True)
    try:
        size = path.stat().st_size
        with path.open("rb"):
            pass
    except OSError as error:
        raise SourceError(f"{source.camera_id}: {path}: {error.strerror}", lasting=True) from None
    if size == 0:
        raise SourceError(f"{source.camera_id}: {path}: the file is empty", lasting=True)


def _source_error(source: CameraSource, error: Exception, silence: str) -> SourceError:
    detail, lasting = _explain(source, error, silence)
    message = one_line(f"{source.camera_id}: {source.shown_url}: {detail}")
    return SourceError(message, lasting=lasting, timed_out=detail == silence)


def _explain(source: CameraSource, error: Exception, silence: str) -> tuple[str, bool]:
    if isinstance(error, (av.error.ExitError, TimeoutError)):
        return silence, False
    if isinstance(error, (av.error.HTTPUnauthorizedError, av.error.HTTPForbiddenError)):
        return "the camera refuses this user name and password", True
    if isinstance(error, av.error.HTTPNotFoundError):
        return "the camera knows no such stream (404)", True
    if isinstance(error, (av.error.InvalidDataError, av.error.ArgumentError)) and not source.is_network:
        return _explain_file(source), True
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(reason), isinstance(error, PermissionError)


def _explain_file(source: CameraSource) -> str:
    with source.path.open("rb") as file:
        head = file.read(16)
    if head[_MP4_BOX] in _MP4_FIRST_BOXES:
        return "an MP4 file without its index (moov); it was cut off or is still being written"
    return "not a video that can be read"


def _sender_wall_ns(packet: av.Packet[VideoStream]) -> int | None:
    """FFmpeg's AVProducerReferenceTime (int64 microseconds, int flags), if the packet has one."""
    if not packet.has_sidedata("prft"):
        return None
    data = bytes(packet.get_sidedata("prft"))
    return struct.unpack_from("=q", data)[0] * 1000 if len(data) >= 8 else None
