"""Tries a camera's address as a worker would watch it: what it sends, a first still, or why it does not work."""

from __future__ import annotations

import base64
import socket
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from streams.assemble import mended
from streams.clock import Clock, SystemClock
from streams.container import SourcePacket
from streams.decode import decode_span
from streams.errors import SourceError, StreamError
from streams.frame import Frame
from streams.ingest import OpenedSource
from streams.opening import open_camera
from streams.packet import EncodedPacket, RecordedSpan
from streams.redact import one_line
from streams.source import CameraSource
from streetwarden.masks import Outline, PrivacyMasks
from streetwarden.small_picture import jpeg

SECOND_NS: Final = 1_000_000_000
ID: Final = "probe"
KNOCK_S = 4.0
MOST_BYTES = 64 << 20
ENOUGH_PICTURES = 8
RARE_S = 4.0
SLOW_FPS = 4.0
SMALL_PX = 480
CLOCK_OFF_S = 5.0
PORTS: Final = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}
# What the openers say, and what it means; whatever is not here broke off for a reason of its own.
WORDS: Final = (
    ("refuses this user name and password", "auth"),
    ("unauthorized", "auth"),
    ("knows no such stream", "not_found"),
    ("not found", "not_found"),
    ("no video stream in it", "no_video"),
    ("it describes no video", "no_video"),
    ("no picture in it", "no_video"),
    ("invalid data", "protocol"),
    ("protocol not", "protocol"),
    ("its answer is no rtsp", "protocol"),
)


class ProbeError(Exception):
    """It does not work: `reason` is one of `api.probe.schemas.Reason`, the message one line without credentials."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(one_line(detail).removeprefix(f"{ID}: ")[:500])
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited: for an answer, for a first key picture, and for a second one."""

    answer_s: float = 5.0
    key_s: float = 12.0
    watch_s: float = 5.0


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """`api.probe.schemas.ProbeOut` says what the fields are."""

    ok: bool
    took_s: float
    reason: str | None = None
    detail: str = ""
    warnings: tuple[str, ...] = ()
    codec: str | None = None
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    key_spacing_s: float | None = None
    clock_offset_s: float | None = None
    still: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self) | {"warnings": list(self.warnings)}


def probe(
    url: str,
    transport: Literal["tcp", "udp"] = "tcp",
    masks: Sequence[Outline] = (),
    clock: Clock | None = None,
    patience: Patience | None = None,
) -> ProbeReport:
    """Try a camera's address; blocks for some 10 s, 30 s at worst."""
    clock = clock or SystemClock()
    began_ns = clock.monotonic_ns()
    try:
        patience = patience or Patience()
        source = _source(url, transport, patience)
        _knock(source)
        report = _look(source, masks, clock, patience)
    except ProbeError as error:
        report = ProbeReport(ok=False, took_s=0.0, reason=error.reason, detail=str(error))
    return replace(report, took_s=round((clock.monotonic_ns() - began_ns) / SECOND_NS, 2))


def _source(url: str, transport: Literal["tcp", "udp"], patience: Patience) -> CameraSource:
    try:
        source = CameraSource(ID, url, transport, patience.answer_s, patience.answer_s)
    except SourceError as error:
        raise ProbeError("protocol", str(error)) from None
    # A path would be a file of this machine, which is nobody's camera.
    if source.scheme not in PORTS:
        raise ProbeError("protocol", "the address must begin with rtsp://, rtsps://, http:// or https://")
    return source


def _knock(source: CameraSource) -> None:
    """Whether anybody listens at all, in words that FFmpeg does not have."""
    parts = urlsplit(source.url)
    host, port = parts.hostname or "", parts.port or PORTS[source.scheme]
    try:
        socket.create_connection((host, port), timeout=KNOCK_S).close()
    except socket.gaierror as error:
        raise ProbeError("unknown_host", f"{host}: {error.strerror}") from None
    except ConnectionRefusedError:
        raise ProbeError("refused", f"{host}:{port}: nobody listens there") from None
    except TimeoutError:
        raise ProbeError("unreachable", f"{host}:{port}: no answer within {KNOCK_S:g} s") from None
    except (OSError, UnicodeError) as error:
        raise ProbeError("unreachable", f"{host}:{port}: {getattr(error, 'strerror', None) or error}") from None


def _look(source: CameraSource, masks: Sequence[Outline], clock: Clock, patience: Patience) -> ProbeReport:
    try:
        opened = open_camera(source, clock)
    except StreamError as error:
        raise ProbeError(_reason(error), str(error)) from None
    try:
        packets = list(_watched(opened, clock, patience))
    finally:
        opened.close()
    if not packets:
        raise ProbeError("no_picture", f"{source.shown_url}: no key picture within {patience.key_s:g} s")
    frame = _decoded(source, packets)
    return _report(source, packets, PrivacyMasks(masks).hide(frame))


def _watched(opened: OpenedSource, clock: Clock, patience: Patience) -> Iterator[SourcePacket]:
    """The packets from the first key picture to the second, or for a while."""
    until_ns = clock.monotonic_ns() + round(patience.key_s * SECOND_NS)
    began, size, count = False, 0, 0
    try:
        for packet in mended(opened.packets()):
            if packet.is_keyframe and not began:
                began, until_ns = True, clock.monotonic_ns() + round(patience.watch_s * SECOND_NS)
            if began:
                size, count = size + len(packet.data), count + 1
                yield packet
            # Where every picture is a key picture a few more tell how fast they come.
            enough = packet.is_keyframe and count > ENOUGH_PICTURES
            if enough or clock.monotonic_ns() > until_ns or size > MOST_BYTES:
                return
    except StreamError as error:
        # What came before it broke off is enough for a still.
        if not began:
            raise ProbeError(_reason(error), str(error)) from None


def _decoded(source: CameraSource, packets: Sequence[SourcePacket]) -> Frame:
    parameters = packets[0].parameters
    some = tuple(_encoded(packet, index) for index, packet in enumerate(packets) if packet.parameters == parameters)
    span = RecordedSpan(ID, parameters, some)
    try:
        # The last one where a key picture alone gives none.
        frames = decode_span(span, span.start_pts_ns) or decode_span(span, span.end_pts_ns)
    except (StreamError, ValueError, LookupError) as error:
        raise ProbeError("codec", f"{source.shown_url}: {parameters.codec}: {error}") from None
    if not frames:
        raise ProbeError("codec", f"{source.shown_url}: no picture can be decoded from its {parameters.codec}")
    return frames[-1]


def _encoded(packet: SourcePacket, index: int) -> EncodedPacket:
    pts_ns = index if packet.pts_ns is None else packet.pts_ns
    dts_ns = pts_ns if packet.dts_ns is None else packet.dts_ns
    return EncodedPacket(pts_ns, dts_ns, packet.duration_ns, packet.arrival_wall_ns, packet.is_keyframe, packet.data)


def _report(source: CameraSource, packets: Sequence[SourcePacket], frame: Frame) -> ProbeReport:
    width, height = frame.size_wh
    fps, spacing_s = _rate(packets), _key_spacing_s(packets)
    last = packets[-1]
    offset_s = None if last.sender_wall_ns is None else (last.sender_wall_ns - last.arrival_wall_ns) / SECOND_NS
    watched_s = (last.arrival_ns - packets[0].arrival_ns) / SECOND_NS
    found = {
        "keys_rare": (spacing_s or watched_s) > RARE_S,
        "slow": fps is not None and fps < SLOW_FPS,
        "small": height < SMALL_PX,
        "clock_off": offset_s is not None and abs(offset_s) > CLOCK_OFF_S,
        "no_sender_clock": offset_s is None and source.scheme in ("rtsp", "rtsps"),
    }
    return ProbeReport(
        ok=True,
        took_s=0.0,
        warnings=tuple(name for name, holds in found.items() if holds),
        codec=packets[0].parameters.codec,
        width=width,
        height=height,
        fps=fps,
        key_spacing_s=spacing_s,
        clock_offset_s=None if offset_s is None else round(offset_s, 3),
        still=base64.b64encode(jpeg(frame.image, 1280, 80)).decode("ascii"),
    )


def _rate(packets: Sequence[SourcePacket]) -> float | None:
    """Pictures a second, by their own timestamps."""
    times = sorted(packet.pts_ns for packet in packets if packet.pts_ns is not None)
    span_ns = times[-1] - times[0] if times else 0
    return round((len(times) - 1) * SECOND_NS / span_ns, 1) if span_ns > 0 else None


def _key_spacing_s(packets: Sequence[SourcePacket]) -> float | None:
    keys = [packet.pts_ns for packet in packets if packet.is_keyframe and packet.pts_ns is not None]
    return round((keys[1] - keys[0]) / SECOND_NS, 2) if len(keys) > 1 else None


def _reason(error: StreamError) -> str:
    text = str(error).lower()
    if isinstance(error, SourceError) and error.timed_out:
        return "timeout"
    return next((reason for words, reason in WORDS if words in text), "broken_off")
