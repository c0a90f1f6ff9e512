"""One RTSP connection of the simulator: answers requests and owns the client's media sessions."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from streams.simulator import rtp
from streams.simulator.auth import DigestGate
from streams.simulator.clip import Clip
from streams.simulator.faults import FaultKind
from streams.simulator.feed import Feed
from streams.simulator.rtsp import Request, RequestReader, RtspError, parse_transport, response
from streams.simulator.session import LiveClock, MediaSession, MediaSink, Traffic
from streams.timeline import SECOND_NS

log = logging.getLogger(__name__)

SESSION_TIMEOUT_S = 60
_METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER, SET_PARAMETER"
_TRACK = "/track0"


class UdpPorts:
    """The simulator's pair of UDP ports, shared by all its UDP clients."""

    def __init__(self, rtp_transport: asyncio.DatagramTransport, rtcp_transport: asyncio.DatagramTransport) -> None:
        self.rtp = rtp_transport
        self.rtcp = rtcp_transport

    @property
    def numbers(self) -> tuple[int, int]:
        """The port numbers, RTP and RTCP."""
        return self.rtp.get_extra_info("sockname")[1], self.rtcp.get_extra_info("sockname")[1]

    def close(self) -> None:
        """Close both."""
        self.rtp.close()
        self.rtcp.close()


@dataclass(slots=True)
class Stage:
    """What all connections share."""

    feeds: Mapping[str, Feed]
    clock: LiveClock
    udp: UdpPorts
    traffic: Traffic
    connections: set[RtspConnection]
    largest_connections: int


class _InterleavedSink:
    def __init__(self, transport: asyncio.Transport, channels: tuple[int, int]) -> None:
        self._transport = transport
        self._channels = channels

    def payloads(self, clip: Clip) -> list[list[rtp.Payload]]:
        return clip.tcp_payloads

    def entry(self, clip: Clip, index: int) -> list[rtp.Payload]:
        return clip.tcp_entry(index)

    def send_rtp(self, payloads: list[rtp.Payload], sequence: int, timestamp: int, ssrc: int) -> int:
        parts = []
        for number, payload in enumerate(payloads, sequence):
            parts.append(rtp.interleaved_header(self._channels[0], payload, number, timestamp, ssrc))
            parts.append(payload.data)
        joined = b"".join(parts)
        self._transport.write(joined)
        return len(joined)

    def send_rtcp(self, data: bytes) -> None:
        self._transport.write(rtp.interleaved(self._channels[1], data))

    @property
    def shows_gaps(self) -> bool:
        return False

    @property
    def backlog_bytes(self) -> int:
        return self._transport.get_write_buffer_size()


class _UdpSink:
    def __init__(self, ports: UdpPorts, host: str, client_ports: tuple[int, int]) -> None:
        self._ports = ports
        self._rtp_address = (host, client_ports[0])
        self._rtcp_address = (host, client_ports[1])

    def payloads(self, clip: Clip) -> list[list[rtp.Payload]]:
        return clip.udp_payloads

    def entry(self, clip: Clip, index: int) -> list[rtp.Payload]:
        return clip.udp_entry(index)

    def send_rtp(self, payloads: list[rtp.Payload], sequence: int, timestamp: int, ssrc: int) -> int:
        sent = 0
        for number, payload in enumerate(payloads, sequence):
            datagram = rtp.rtp_header(payload.marker_type, number, timestamp, ssrc) + payload.data
            self._ports.rtp.sendto(datagram, self._rtp_address)
            sent += len(datagram)
        return sent

    def send_rtcp(self, data: bytes) -> None:
        self._ports.rtcp.sendto(data, self._rtcp_address)

    @property
    def shows_gaps(self) -> bool:
        return True

    @property
    def backlog_bytes(self) -> int:
        # The method is there (3.11), the type stubs do not know it.
        return int(self._ports.rtp.get_write_buffer_size())  # type: ignore[attr-defined]


class RtspConnection(asyncio.Protocol):
    """Requests in, responses and media out; never more than one session for a camera has one track."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._reader = RequestReader()
        self._gates: dict[str, DigestGate] = {}
        self._session: MediaSession | None = None
        self._over_udp = self._muted = False
        self._feeds: set[Feed] = set()
        self._transport: asyncio.Transport | None = None
        self._handlers: dict[str, Callable[[Request], tuple[int, dict[str, str], str]]] = {
            "DESCRIBE": self._describe,
            "SETUP": self._setup,
            "PLAY": self._play,
            "TEARDOWN": self._teardown,
            "GET_PARAMETER": self._keep_alive,
            "SET_PARAMETER": self._keep_alive,
        }

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a stream server makes no other
        self._transport = transport
        if len(self._stage.connections) >= self._stage.largest_connections:
            log.warning("simulator: more than %d clients, one refused", self._stage.largest_connections)
            transport.abort()
            return
        self._stage.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stage.connections.discard(self)
        for feed in self._feeds:
            feed.watchers.discard(self)
        self._end_session()

    def data_received(self, data: bytes) -> None:
        if self._session is not None:
            self._session.heard_ns = self._stage.clock.now_ns()
        if self._muted:
            return
        try:
            for request in self._reader.feed(data):
                self._answer(request)
        except RtspError as error:
            log.debug("simulator: a client was cut off: %s", error)
            self._write(response(400, "0"))
            self.close()

    def close(self) -> None:
        """End the sessions and the connection."""
        self._end_session()
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """The same at once, whatever is still to be sent."""
        self._end_session()
        if self._transport is not None:
            self._transport.abort()

    def mute(self) -> None:
        """Stay connected and say nothing any more, as a camera that lost its power does."""
        self._end_session()
        self._muted = True

    def drop_if_silent(self) -> None:
        """End a UDP session whose client shows no sign of life; a TCP client's connection shows it."""
        session = self._session
        if session is None or not self._over_udp:
            return
        if self._stage.clock.now_ns() - session.heard_ns > SESSION_TIMEOUT_S * SECOND_NS:
            self.close()

    def _end_session(self) -> None:
        if self._session is not None:
            self._session.stop()
        self._session = None

    def _answer(self, request: Request) -> None:
        cseq = request.headers.get("cseq", "0")
        if self._is_down(request):
            return
        if request.method == "OPTIONS":
            self._write(response(200, cseq, {"Public": _METHODS}))
            return
        handler = self._handlers.get(request.method)
        if handler is None:
            self._write(response(405, cseq, {"Allow": _METHODS}))
            return
        refusal = self._refusal(request)
        status, headers, body = refusal or handler(request)
        self._write(response(status, cseq, headers, body))

    def _refusal(self, request: Request) -> tuple[int, dict[str, str], str] | None:
        """The answer to a request for no known camera or without the right password."""
        feed = self._feed(request)
        if feed is None:
            return 404, {}, ""
        camera = feed.camera
        if feed.has(FaultKind.AUTH):
            return 401, {"WWW-Authenticate": DigestGate("nobody", "nothing").challenge()}, ""
        if camera.username is None or camera.password is None:
            return None
        gate = self._gates.setdefault(camera.name, DigestGate(camera.username, camera.password))
        if gate.admits(request.method, request.headers.get("authorization")):
            return None
        return 401, {"WWW-Authenticate": gate.challenge()}, ""

    def _feed(self, request: Request) -> Feed | None:
        return self._stage.feeds.get(request.path.removesuffix(_TRACK))

    def _is_down(self, request: Request) -> bool:
        """Whether the camera cannot answer: then the connection is closed, or goes silent."""
        feed = self._feed(request)
        if self._muted or feed is None:
            return self._muted
        self._feeds.add(feed)
        feed.watchers.add(self)
        if feed.has(FaultKind.CUT):
            self.abort()
        elif feed.has(FaultKind.HALF_OPEN):
            self.mute()
        return feed.has(FaultKind.CUT) or self._muted

    def _describe(self, request: Request) -> tuple[int, dict[str, str], str]:
        feed = self._feed(request)
        assert feed is not None  # noqa: S101 - refused before
        base = request.url.removesuffix("/").removesuffix(_TRACK)
        body = _sdp(feed.camera.name, feed.showing)
        return 200, {"Content-Base": f"{base}/", "Content-Type": "application/sdp"}, body

    def _setup(self, request: Request) -> tuple[int, dict[str, str], str]:
        offer = parse_transport(request.headers.get("transport", ""))
        feed = self._feed(request)
        if offer is None or feed is None or self._transport is None:
            return 461, {}, ""
        if self._session is not None:
            return 455, {}, ""
        sink: MediaSink
        if offer.channels is not None:
            sink = _InterleavedSink(self._transport, offer.channels)
            answer = "RTP/AVP/TCP;unicast;interleaved={}-{}".format(*offer.channels)
        else:
            assert offer.client_ports is not None  # noqa: S101 - one of the two is set
            sink = _UdpSink(self._stage.udp, self._transport.get_extra_info("peername")[0], offer.client_ports)
            ports = (*offer.client_ports, *self._stage.udp.numbers)
            answer = "RTP/AVP;unicast;client_port={}-{};server_port={}-{}".format(*ports)
        self._over_udp = offer.channels is None
        self._session = MediaSession(feed, self._stage.clock, sink, self._stage.traffic, self.abort)
        return 200, {"Transport": answer, "Session": f"{self._session.id};timeout={SESSION_TIMEOUT_S}"}, ""

    def _play(self, request: Request) -> tuple[int, dict[str, str], str]:
        session = self._asked_session(request)
        if session is None:
            return 454, {}, ""
        sequence, timestamp = session.play()
        base = request.url.removesuffix("/").removesuffix(_TRACK)
        info = f"url={base}{_TRACK};seq={sequence};rtptime={timestamp}"
        return 200, {"Session": session.id, "Range": "npt=now-", "RTP-Info": info}, ""

    def _teardown(self, request: Request) -> tuple[int, dict[str, str], str]:
        session = self._asked_session(request)
        if session is None:
            return 454, {}, ""
        self._end_session()
        return 200, {"Session": session.id}, ""

    def _keep_alive(self, request: Request) -> tuple[int, dict[str, str], str]:
        session = self._session
        return 200, {"Session": session.id} if session is not None else {}, ""

    def _asked_session(self, request: Request) -> MediaSession | None:
        asked = request.headers.get("session", "").partition(";")[0].strip()
        return self._session if self._session is not None and self._session.id == asked else None

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)


def _sdp(name: str, clip: Clip) -> str:
    lines = [
        "v=0",
        "o=- 1 1 IN IP4 0.0.0.0",
        f"s={quote(name)}",
        "c=IN IP4 0.0.0.0",
        "t=0 0",
        "a=tool:streetwarden",
        "a=control:*",
        "a=range:npt=now-",
        f"m=video 0 RTP/AVP {rtp.PAYLOAD_TYPE}",
        *clip.sdp_lines(),
        f"a=control:{_TRACK.removeprefix('/')}",
    ]
    return "\r\n".join(lines) + "\r\n"
