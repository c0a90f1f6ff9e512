"""A camera opened by our own RTSP client, in the shape that `streams.container.VideoInput` has."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from urllib.parse import unquote, urlsplit, urlunsplit

from streams.clock import Clock
from streams.container import SourcePacket
from streams.errors import SourceError
from streams.packet import StreamParameters
from streams.parameters import ParameterTracker, picture_size
from streams.redact import one_line
from streams.rtsp.authorize import Credentials
from streams.rtsp.conversation import Answer, Conversation
from streams.rtsp.depacketise import Depacketiser, Picture
from streams.rtsp.description import VideoDescription, describe_video
from streams.rtsp.errors import NotOurs, Refused
from streams.rtsp.order import DecodingOrder
from streams.source import CameraSource
from streams.timeline import SECOND_NS

_REFUSED_LOGIN = (401, 403)
_NOT_FOUND = (404, 454)
_RECEIVE_BUFFER_BYTES = 1 << 20
_SENDER_REPORT = 200
# Seconds from 1900 (NTP) to 1970 (Unix).
_NTP_OFFSET_S = 2_208_988_800
_DEFAULT_SESSION_S = 60
_NAP_S = 0.08
"""Between two reads: one waking serves several pictures, which a hundred cameras feel, and no look does."""


class RtspInput:
    """A playing camera: H.264 or H.265 over the RTSP connection itself (RTP/AVP/TCP).

    Raises NotOurs for what FFmpeg is to be asked for instead, SourceError (one line, without credentials) otherwise.
    """

    def __init__(self, source: CameraSource, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._talk = _connected(source)
        try:
            self._video = self._set_up()
        except BaseException:
            self._talk.close()
            raise
        self._tracker = self._track((0, 0))
        self._depacketiser = Depacketiser(self._video.codec)
        self._order = DecodingOrder()
        self._origin: int | None = None
        self._report: tuple[int, int] | None = None
        self._heard_ns = self._alive_ns = clock.monotonic_ns()
        self._talk.be_patient(source.read_timeout_s)

    def packets(self) -> Iterator[SourcePacket]:
        """The pictures in decoding order until the camera ends the stream. Raises SourceError when it breaks off."""
        try:
            for channel, packet in self._talk.interleaved(self._between):
                if channel == 1:
                    self._take_report(packet)
                elif channel == 0:
                    for picture in self._depacketiser.feed(packet):
                        yield self._packet(picture)
        except (TimeoutError, NotOurs, OSError) as error:
            raise self._broken(error) from None

    def close(self) -> None:
        """Say good-bye and close the connection."""
        with suppress(OSError):
            self._talk.send("TEARDOWN", self._url)
        self._talk.close()

    def _set_up(self) -> VideoDescription:
        try:
            return self._play()
        except Refused as refused:
            raise _refusal(self._source, refused) from None
        except TimeoutError:
            raise self._error(f"no answer within {self._source.open_timeout_s:g} s", timed_out=True) from None
        except OSError as error:
            raise self._error(error.strerror or str(error)) from None

    def _play(self) -> VideoDescription:
        self._url, talk = plain_url(self._source.url), self._talk
        options = talk.ask("OPTIONS", self._url)
        self._keep_alive = "GET_PARAMETER" if "GET_PARAMETER" in (options.header("public") or "") else "OPTIONS"
        answer = talk.ask("DESCRIBE", self._url, Accept="application/sdp")
        base = answer.header("content-base") or answer.header("content-location") or self._url
        video = describe_video(answer.body, base)
        self._take_session(talk.ask("SETUP", video.control_url, Transport="RTP/AVP/TCP;unicast;interleaved=0-1"))
        talk.ask("PLAY", base, Range="npt=0.000-")
        return video

    def _take_session(self, answer: Answer) -> None:
        if "interleaved=0-1" not in (answer.header("transport") or "").replace(" ", "").lower():
            raise NotOurs("it sets up another transport")
        session, _, rest = (answer.header("session") or "").partition(";")
        self._talk.session = session.strip() or None
        timeout = rest.strip().removeprefix("timeout=")
        seconds = int(timeout) if timeout.isdigit() and int(timeout) else _DEFAULT_SESSION_S
        self._alive_every_ns = seconds * SECOND_NS // 2

    def _between(self) -> None:
        """Between two reads: notice silence, tell the camera that somebody listens, and let pictures gather."""
        now_ns = self._clock.monotonic_ns()
        if now_ns - self._heard_ns > self._source.read_timeout_s * SECOND_NS:
            raise TimeoutError
        if now_ns - self._alive_ns > self._alive_every_ns:
            self._alive_ns = now_ns
            self._talk.send(self._keep_alive, self._url)
        self._clock.sleep(_NAP_S)

    def _packet(self, picture: Picture) -> SourcePacket:
        self._heard_ns = self._clock.monotonic_ns()
        if self._origin is None:
            self._origin = picture.timestamp
        pts_ns = self._ns(picture.timestamp - self._origin)
        return SourcePacket(
            parameters=self._parameters(picture),
            pts_ns=pts_ns,
            dts_ns=self._order.decode_at(pts_ns),
            duration_ns=0,
            is_keyframe=picture.is_keyframe,
            is_corrupt=picture.is_corrupt,
            data=picture.data,
            sender_wall_ns=self._sender_wall_ns(picture.timestamp),
            arrival_ns=self._heard_ns,
            arrival_wall_ns=self._clock.wall_ns(),
        )

    def _track(self, size_wh: tuple[int, int]) -> ParameterTracker:
        base = Fraction(1, self._video.clock_hz)
        return ParameterTracker(self._video.codec, size_wh, self._video.extradata, base)

    def _parameters(self, picture: Picture) -> StreamParameters:
        """What holds from this picture on; only a key picture can bring something new."""
        if not picture.is_keyframe:
            return self._tracker.current
        if not self._tracker.current.width:
            # The description does not say the size: the first key picture's parameter sets do.
            size_wh = picture_size(self._video.codec, self._video.extradata, picture.data)
            self._tracker = self._track(size_wh or (0, 0))
        return self._tracker.observe(picture.data, is_keyframe=True)

    def _ns(self, ticks: int) -> int:
        return (ticks * SECOND_NS + self._video.clock_hz // 2) // self._video.clock_hz

    def _take_report(self, packet: bytes) -> None:
        """Learn from a sender report (RFC 3550, 6.4.1) what time the camera's clock shows."""
        if len(packet) < 20 or packet[1] != _SENDER_REPORT:
            return
        seconds, fraction, timestamp = struct.unpack_from(">III", packet, 8)
        if seconds:
            wall_ns = (seconds - _NTP_OFFSET_S) * SECOND_NS + (fraction * SECOND_NS >> 32)
            self._report = timestamp, wall_ns

    def _sender_wall_ns(self, timestamp: int) -> int | None:
        if self._report is None:
            return None
        at, wall_ns = self._report
        ticks = (timestamp - at + 0x80000000) % 0x100000000 - 0x80000000
        return wall_ns + self._ns(ticks)

    def _broken(self, error: Exception) -> SourceError:
        if isinstance(error, TimeoutError):
            return self._error(f"silent for {self._source.read_timeout_s:g} s", timed_out=True)
        return self._error(getattr(error, "strerror", None) or str(error))

    def _error(self, text: str, *, timed_out: bool = False) -> SourceError:
        return _error(self._source, text, timed_out=timed_out)


def plain_url(url: str) -> str:
    """The address without user name, password and fragment, as requests name it."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    place = f"{shown}:{parts.port}" if parts.port else shown
    return urlunsplit((parts.scheme, place, parts.path or "/", parts.query, ""))


def _connected(source: CameraSource) -> Conversation:
    address = source.tcp_address
    if address is None:
        raise _error(source, "the address names no host", lasting=True)
    try:
        connection = socket.create_connection(address, timeout=source.open_timeout_s)
    except TimeoutError:
        raise _error(source, f"no answer within {source.open_timeout_s:g} s", timed_out=True) from None
    except OSError as error:
        raise _error(source, error.strerror or str(error)) from None
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
    parts = urlsplit(source.url)
    user = Credentials(unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    return Conversation(connection, user)


def _refusal(source: CameraSource, refused: Refused) -> SourceError:
    if refused.status in _REFUSED_LOGIN:
        return _error(source, "the camera refuses this user name and password", lasting=True)
    if refused.status in _NOT_FOUND:
        return _error(source, f"the camera knows no such stream ({refused.status})", lasting=True)
    if refused.status >= 500:
        return _error(source, str(refused))
    raise NotOurs(str(refused))


def _error(source: CameraSource, text: str, *, lasting: bool = False, timed_out: bool = False) -> SourceError:
    message = one_line(f"{source.camera_id}: {source.shown_url}: {text}")
    return SourceError(message, lasting=lasting, timed_out=timed_out)
