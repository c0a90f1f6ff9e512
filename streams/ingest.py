"""One live camera: a thread that connects, reads and keeps packets, and comes back after every interruption."""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Protocol

from streams.assemble import mended
from streams.backoff import Backoff, ReconnectPolicy
from streams.clock import Clock
from streams.container import SourcePacket
from streams.errors import SourceError
from streams.health import HealthRecorder, StreamHealth, StreamState
from streams.logs import LimitedLog
from streams.opening import open_camera
from streams.packet import EncodedPacket, StreamParameters
from streams.patience import Patience
from streams.pool import DecoderPool
from streams.reader import CameraReader
from streams.redact import redact_url
from streams.ring import PacketRing
from streams.source import CameraSource
from streams.timeline import SECOND_NS, CaptureClock, Timeline

log = logging.getLogger(__name__)

# A wait is cut into pieces so that `stop` is noticed.
_WAIT_SLICE_S = 0.1
_KEY_ASKED_EVERY_NS = 60 * SECOND_NS


class OpenedSource(Protocol):
    """What the camera's thread needs of an opened source; `streams.container.VideoInput` is one."""

    def packets(self) -> Iterator[SourcePacket]:
        """The packets until the source ends; raises SourceError when it breaks off."""
        ...

    def close(self) -> None:
        """Close the connection or file."""
        ...


Opener = Callable[[CameraSource, Clock], OpenedSource]


class CameraStream:
    """Reads one camera for ever in a thread of its own; decodes nothing.

    Every packet goes to `ring`; `reader` decodes from there what is wanted, on the thread of who asks. `on_motion` is
    called from the camera's thread when something begins to move, and when the first key frame of a connection is
    there: it must only wake whoever reads. Lost connections, silent sockets (nothing for
    `source.read_timeout_s`) and ended streams are reconnected after a growing, jittered wait. A file stands in for a
    camera: it is played at its own pace and begun again at its end.
    """

    def __init__(
        self,
        source: CameraSource,
        ring: PacketRing,
        clock: Clock,
        *,
        on_motion: Callable[[], None] | None = None,
        pool: DecoderPool | None = None,
        reconnect: ReconnectPolicy | None = None,
        opener: Opener = open_camera,
    ) -> None:
        self.reader = CameraReader(ring, pool=pool, on_motion=on_motion)
        self._source = source
        self._clock = clock
        self._opener = opener
        self._reconnect = reconnect or ReconnectPolicy()
        self._backoff = Backoff(self._reconnect, source.camera_id)
        self._patience = Patience(source)
        self._timeline = Timeline(live=source.is_network)
        self._capture_clock = CaptureClock()
        self._record = HealthRecorder(source.camera_id, clock)
        self._log = LimitedLog(log, clock)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._known: StreamParameters | None = None
        self._play_from_ns: int | None = None
        self._ask_again_ns = 0
        self._streaming = self._has_key = False

    def start(self) -> None:
        """Begin in a thread; a stream starts once."""
        if self._thread is not None:
            raise RuntimeError(f"{self._source.camera_id}: the stream was started before")
        self._thread = threading.Thread(target=self.run, name=f"camera-{self._source.camera_id}", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """End the thread and wait for it; no packet comes afterwards.

        A thread that sits in a silent socket ends by itself within the read timeout, after this returned.
        """
        self._stopping.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout_s)
        self._record.enter(StreamState.STOPPED)

    def health(self) -> StreamHealth:
        """The camera's record now."""
        counts = self.reader.counts()
        return replace(
            self._record.health(dict(counts.drops)),
            frames_decoded=counts.decoded,
            frames_emitted=counts.emitted,
            key_spacing_s=self.reader.key_spacing_s,
            decoder=self.reader.decoder,
            gate=self.reader.gate_health().as_dict(),
        )

    def run(self) -> None:
        """The thread's work, until `stop`; blocks."""
        while not self._stopping.is_set():
            wait_s = self._session()
            self._interrupt()
            self._wait(wait_s)
        self._record.enter(StreamState.STOPPED)

    def _session(self) -> float:
        """One connection from opening to its end; the seconds to wait before the next."""
        began_ns, self._streaming = self._clock.monotonic_ns(), False
        try:
            self._read(self._opener(self._patience.limits(self.reader.step_s, self.reader.key_spacing_s), self._clock))
        except SourceError as error:
            return self._failed(error, began_ns)
        except Exception as error:
            # Whatever one camera does, its thread lives.
            log.debug("%s", redact_url(traceback.format_exc()))
            return self._failed(SourceError(f"{self._source.camera_id}: {type(error).__name__}: {error}"), began_ns)
        if self._stopping.is_set() or not self._source.is_network:
            return 0.0
        return self._failed(SourceError(f"{self._shown}: the camera ended the stream"), began_ns)

    @property
    def _shown(self) -> str:
        return f"{self._source.camera_id}: {self._source.shown_url}"

    def _failed(self, error: SourceError, began_ns: int) -> float:
        if self._stopping.is_set():
            return 0.0
        if self._clock.monotonic_ns() - began_ns >= self._reconnect.settled_s * SECOND_NS and self._streaming:
            self._backoff.reset()
            self._patience.settled()
        elif error.timed_out:
            self._patience.timed_out(streaming=self._streaming)
        self._record.enter(StreamState.FAILED if error.lasting else StreamState.RECONNECTING, str(error))
        self._log.warning(str(error))
        return self._backoff.next_s(lasting=error.lasting)

    def _read(self, opened: OpenedSource) -> None:
        try:
            for packet in self._pictures(opened):
                if self._stopping.is_set():
                    return
                if not self._streaming:
                    self._begin()
                self._take(packet)
                if self.reader.needs_key and self._may_ask_for_key():
                    raise SourceError(f"{self._shown}: no key frame is kept; connecting anew brings one")
        finally:
            opened.close()
        if not self._streaming:
            raise SourceError(f"{self._shown}: no picture in it", lasting=not self._source.is_network)

    def _may_ask_for_key(self) -> bool:
        """Connecting anew is the only way to ask for a key frame, and not one to use often."""
        now_ns = self._clock.monotonic_ns()
        if not self._source.is_network or now_ns < self._ask_again_ns:
            return False
        self._ask_again_ns = now_ns + _KEY_ASKED_EVERY_NS
        return True

    def _pictures(self, opened: OpenedSource) -> Iterator[SourcePacket]:
        return mended(opened.packets()) if self._source.is_network else opened.packets()

    def _begin(self) -> None:
        self._streaming = True
        self._record.connected()
        self._record.enter(StreamState.STREAMING)
        log.info("%s: streaming from %s", self._source.camera_id, self._source.shown_url)

    def _take(self, packet: SourcePacket) -> None:
        place = self._timeline.place(packet.pts_ns, packet.dts_ns, packet.arrival_ns)
        arrival_wall_ns = packet.arrival_wall_ns
        if not self._source.is_network:
            self._pace(place.dts_ns)
            arrival_wall_ns = self._clock.wall_ns()
        if place.jumped:
            self._record.drop("timestamp_jump")
        captured_at_ns, time_source = self._capture_clock.captured_at(
            place.pts_ns, arrival_wall_ns, packet.sender_wall_ns
        )
        encoded = EncodedPacket(
            pts_ns=place.pts_ns,
            dts_ns=place.dts_ns,
            duration_ns=packet.duration_ns,
            captured_at_ns=captured_at_ns,
            is_keyframe=packet.is_keyframe,
            data=packet.data,
            time_source=time_source,
            is_corrupt=packet.is_corrupt,
        )
        self._record.packet(len(packet.data), packet.arrival_ns)
        self._keep(packet.parameters, encoded)
        self._note(packet.parameters)

    def _keep(self, parameters: StreamParameters, packet: EncodedPacket) -> None:
        """Into the ring, from the connection's first key frame on."""
        self._has_key = self._has_key or packet.is_keyframe
        if not self._has_key:
            self._record.drop("before_keyframe")
        elif not self.reader.accept(parameters, packet, self._clock.monotonic_ns()):
            self._record.drop("ring_full")

    def _note(self, parameters: StreamParameters) -> None:
        if self._capture_clock.offset_ns is not None:
            self._record.note(clock_offset_s=self._capture_clock.offset_ns / SECOND_NS)
        if parameters is not self._known:
            if self._known is not None and parameters != self._known:
                self._record.changed_format()
            self._known = parameters
            self._record.note(codec=parameters.codec, width=parameters.width, height=parameters.height)

    def _interrupt(self) -> None:
        self._has_key = False
        self.reader.interrupt()
        self._timeline.restart()
        self._capture_clock.restart()

    def _pace(self, dts_ns: int) -> None:
        """Wait until a file's packet is due."""
        now_ns = self._clock.monotonic_ns()
        if self._play_from_ns is None:
            self._play_from_ns = now_ns - dts_ns
        self._wait((self._play_from_ns + dts_ns - now_ns) / SECOND_NS)

    def _wait(self, seconds: float) -> None:
        while seconds > 0 and not self._stopping.is_set():
            self._clock.sleep(min(seconds, _WAIT_SLICE_S))
            seconds -= _WAIT_SLICE_S
