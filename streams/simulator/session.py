"""One client's media session: paces the pictures, numbers the packets, and drops for a client that is too slow."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from streams.simulator import rtp
from streams.simulator.camera import DuePicture, Player
from streams.simulator.clip import Clip
from streams.simulator.feed import Feed
from streams.simulator.wire import CLEAR, Pace, survivors
from streams.timeline import SECOND_NS

_REPORT_INTERVAL_NS = 5 * SECOND_NS
# What may wait in the server for one client; beyond it pictures are dropped up to a key frame.
_LARGEST_BACKLOG_BYTES = 2 << 20
_RESUME_BACKLOG_BYTES = _LARGEST_BACKLOG_BYTES // 4
_GIVE_UP_NS = 20 * SECOND_NS
# So many pictures are sent in one go before the other clients have their turn.
_PICTURES_PER_TURN = 32


@dataclass(slots=True)
class Traffic:
    """What a simulator has sent, over all clients; `pictures_skipped` were dropped for slow ones.

    `packets_lost`: RTP packets that were lost on order.
    """

    pictures_sent: int = 0
    pictures_skipped: int = 0
    packets_lost: int = 0
    bytes_sent: int = 0


class MediaSink(Protocol):
    """Where a session's packets go: the RTSP connection itself or a pair of UDP ports."""

    def send_rtp(self, payloads: list[rtp.Payload], sequence: int, timestamp: int, ssrc: int) -> int:
        """Send one picture; the bytes put on the wire."""
        ...

    def send_rtcp(self, data: bytes) -> None:
        """Send one RTCP packet."""
        ...

    def payloads(self, clip: Clip) -> list[list[rtp.Payload]]:
        """The clip, cut as this way of sending needs it."""
        ...

    def entry(self, clip: Clip, index: int) -> list[rtp.Payload]:
        """The key frame with which a client begins at this picture."""
        ...

    @property
    def backlog_bytes(self) -> int:
        """What waits to be sent."""
        ...

    @property
    def shows_gaps(self) -> bool:
        """Whether the receiver sees by the numbers that packets are missing; over TCP they were lost before."""
        ...


@dataclass(slots=True)
class LiveClock:
    """The clock that all of a simulator's cameras run on."""

    loop: asyncio.AbstractEventLoop
    started_s: float
    started_wall_ns: int

    @classmethod
    def start(cls, loop: asyncio.AbstractEventLoop) -> LiveClock:
        """A clock that shows 0 now."""
        return cls(loop, loop.time(), time.time_ns())

    def now_ns(self) -> int:
        """Nanoseconds since the simulator started."""
        return round((self.loop.time() - self.started_s) * SECOND_NS)

    def call_at(self, at_ns: int, callback: Callable[[], None]) -> asyncio.TimerHandle:
        """Call back when the clock shows `at_ns`."""
        return self.loop.call_at(self.started_s + at_ns / SECOND_NS, callback)


@dataclass(slots=True)
class _Numbers:
    """RTP's random beginnings (RFC 3550, 5.1) and its counters."""

    ssrc: int = field(default_factory=lambda: secrets.randbits(32))
    sequence: int = field(default_factory=lambda: secrets.randbits(16))
    base: int = field(default_factory=lambda: secrets.randbits(31))
    packets: int = 0
    octets: int = 0

    def timestamp(self, pts_ns: int) -> int:
        return (self.base + pts_ns * rtp.CLOCK_HZ // SECOND_NS) & 0xFFFFFFFF


class MediaSession:
    """From SETUP to TEARDOWN. Everything runs on the event loop's thread."""

    def __init__(
        self, feed: Feed, clock: LiveClock, sink: MediaSink, traffic: Traffic, give_up: Callable[[], None]
    ) -> None:
        self.id = secrets.token_hex(8)
        self._feed = feed
        self._clip = feed.showing
        self._clock = clock
        self._sink = sink
        self._traffic = traffic
        self._give_up = give_up
        self._payloads = sink.payloads(self._clip)
        self._numbers = _Numbers()
        self._pace = Pace(feed.chance)
        self._player: Player | None = None
        self._coming: tuple[Clip, Player] | None = None
        self._timer: asyncio.Handle | None = None
        self._report_ns = 0
        self._skipping_since_ns: int | None = None
        self.heard_ns = clock.now_ns()

    def play(self) -> tuple[int, int]:
        """Begin at a key frame near the live position; sequence number and RTP timestamp of the first packet."""
        if self._player is None:
            self._clip, self._payloads = self._feed.showing, self._sink.payloads(self._feed.showing)
            self._player = Player(self._clip, self._position_ns())
            self._report_ns = self._position_ns()
            self._timer = self._clock.loop.call_soon(self._turn)
        return self._numbers.sequence & 0xFFFF, self._numbers.timestamp(self._player.due.pts_ns)

    def stop(self) -> None:
        """Send nothing more."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._player = None

    def _position_ns(self) -> int:
        return self._clock.now_ns() + self._feed.offset_ns

    def _turn(self) -> None:
        if self._player is None:
            return
        position_ns = self._position_ns()
        for _ in range(_PICTURES_PER_TURN):
            due = self._next(position_ns)
            leaves_ns = due.send_ns if self._feed.wire is CLEAR else self._pace.release_ns(self._feed.wire, due)
            if leaves_ns > position_ns:
                break
            self._serve(due, position_ns)
            if self._player is None:
                return
            self._player.advance()
        self._timer = self._clock.call_at(leaves_ns - self._feed.offset_ns, self._turn)

    def _next(self, position_ns: int) -> DuePicture:
        """The next picture; when the camera shows another clip now, that clip's from its next key frame on."""
        assert self._player is not None  # noqa: S101 - asked while playing
        showing = self._feed.showing
        if showing is self._clip:
            self._coming = None
        elif self._coming is None or self._coming[0] is not showing:
            self._coming = (showing, Player.following(showing, max(position_ns, self._player.due.send_ns)))
        if self._coming is not None and self._player.due.send_ns >= self._coming[1].due.send_ns:
            self._clip, self._player = self._coming
            self._payloads, self._coming = self._sink.payloads(self._clip), None
        return self._player.due

    def _serve(self, due: DuePicture, position_ns: int) -> None:
        if self._must_skip(due, position_ns):
            self._traffic.pictures_skipped += 1
            return
        if position_ns >= self._report_ns:
            self._report(position_ns)
        begins = self._player is not None and self._player.begins
        payloads = self._sink.entry(self._clip, due.index) if begins else self._payloads[due.index]
        self._traffic.bytes_sent += self._send(due, payloads) if self._feed.wire is CLEAR else self._lose(due, payloads)
        self._traffic.pictures_sent += 1

    def _send(self, due: DuePicture, payloads: list[rtp.Payload]) -> int:
        numbers = self._numbers
        sent = self._sink.send_rtp(payloads, numbers.sequence, numbers.timestamp(due.pts_ns), numbers.ssrc)
        numbers.sequence += len(payloads)
        numbers.packets += len(payloads)
        numbers.octets += sent - rtp.HEADER_BYTES * len(payloads)
        return sent

    def _lose(self, due: DuePicture, payloads: list[rtp.Payload]) -> int:
        """Send what survives of a picture; key frames are whole under `smear`, what follows them is not."""
        feed, numbers = self._feed, self._numbers
        smear = 0.0 if self._clip.pictures[due.index].is_keyframe else feed.wire.smear
        loss = 1.0 if feed.chance.random() < smear else feed.wire.loss
        places = survivors(payloads, loss, feed.chance, whole=not self._sink.shows_gaps or loss == 1.0)
        self._traffic.packets_lost += len(payloads) - len(places)
        if self._sink.shows_gaps and loss < 1.0:
            first, sent = numbers.sequence, 0
            for place in places:
                numbers.sequence = first + place
                sent += self._send(due, [payloads[place]])
            numbers.sequence = first + len(payloads)
        else:
            sent = self._send(due, [payloads[place] for place in places]) if places else 0
        self._pace.sent(feed.wire, due, sent, feed.clip.bytes_per_s)
        return sent

    def _must_skip(self, due: DuePicture, position_ns: int) -> bool:
        is_keyframe = self._clip.pictures[due.index].is_keyframe
        if self._feed.wire is not CLEAR and not self._pace.takes(due, position_ns, is_keyframe=is_keyframe):
            return True
        backlog = self._sink.backlog_bytes
        if self._skipping_since_ns is None:
            if backlog <= _LARGEST_BACKLOG_BYTES:
                return False
            self._skipping_since_ns = position_ns
        elif backlog <= _RESUME_BACKLOG_BYTES and is_keyframe:
            self._skipping_since_ns = None
            return False
        elif position_ns - self._skipping_since_ns > _GIVE_UP_NS:
            self._give_up()
        return True

    def _report(self, position_ns: int) -> None:
        """Tell which RTP timestamp a picture captured now would have."""
        self._report_ns = position_ns + _REPORT_INTERVAL_NS
        wall_ns = self._clock.started_wall_ns + self._clock.now_ns() + self._feed.clock_ns
        numbers = self._numbers
        timestamp = numbers.timestamp(position_ns)
        self._sink.send_rtcp(rtp.sender_report(numbers.ssrc, wall_ns, timestamp, numbers.packets, numbers.octets))
