"""Decodes of one camera what is wanted now, on the thread of who asks; nothing is decoded in vain."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass

from streams.activity import PacketActivity
from streams.decode import PIXEL_FORMAT, Picture
from streams.demand import Demand
from streams.fitness.picture import PictureFitness
from streams.frame import Frame, Image
from streams.gate import GateHealth, MotionGate
from streams.packet import EncodedPacket, StreamParameters
from streams.pool import DecoderPool
from streams.pulse import Pulse
from streams.ring import PacketRing
from streams.run import DecodingRun, Shown
from streams.slice_qp import PictureCost
from streams.timeline import SECOND_NS

# Key frames up to this many intervals apart are often enough.
_SPARSE_FACTOR = 1.5
# A look may come this share of its interval early or late, so that key frames every 0.998 or 1.002 s serve 1 s.
_EARLY_SHARE = 0.1
# One call decodes no more than this, so that a caller with many cameras is soon free for the others.
_PACKETS_A_READ = 128
# A reader that is further behind goes on with the newest key frame.
_LONGEST_LAG_NS = 10 * SECOND_NS
# So many key frames in turn that give no picture, and they are no pictures by themselves (gradual refresh).
_LONE_FAILURES = 3


@dataclass(frozen=True, slots=True)
class ReaderCounts:
    """What a reader did since it was made; `drops` by reason (docs/reference/streams.md)."""

    decoded: int
    emitted: int
    drops: Counter[str]


class CameraReader:
    """The pictures of one camera as its `Demand` wants them, out of its packet ring.

    At rest the newest key frame is decoded once an interval, and no other packet. While something moves pictures come
    in order, `active_interval_s` apart, from `look_back_s` before the motion on. Where key frames are too rare for the
    interval wanted, the stream is decoded through. The camera's thread hands packets in with `accept`; `read` decodes
    on its caller's thread, one caller at a time; the rest may be called from any thread and is cheap.
    """

    def __init__(
        self,
        ring: PacketRing,
        *,
        pool: DecoderPool | None = None,
        on_motion: Callable[[], None] | None = None,
        packets_a_read: int = _PACKETS_A_READ,
    ) -> None:
        self._ring = ring
        self._pool = pool or DecoderPool()
        self._on_motion = on_motion
        self._packets_a_read = packets_a_read
        self._activity = PacketActivity()
        self._gate = MotionGate(self._activity)
        self._cost: tuple[StreamParameters, PictureCost] | None = None
        self._pulse = Pulse()
        self._fitness = PictureFitness(ring.camera_id)
        self._turn = threading.Lock()
        self._demand: Demand | None = None
        self._run: DecodingRun | None = None
        self._ready: deque[Shown] = deque()
        self._taken_ns: int | None = None
        self._tried_key_ns: int | None = None
        self._lone_failures = 0
        # A picture from here on is due at once: the first one, and the first after an interruption.
        self._fresh_from_ns: int | None = 0
        self._exhausted = False
        self._sequence = self._decoded = 0
        self._drops: Counter[str] = Counter()
        self.needs_key = False

    def set_demand(self, demand: Demand | None) -> None:
        """What is wanted from now on; None: nothing, packets go to the ring all the same."""
        self._demand = demand
        self._exhausted = False
        # A decoder in the middle of a motion is let go at once, unless it is being used: then `read` does it.
        if demand is None and self._turn.acquire(blocking=False):
            self._let_go()
            self._turn.release()

    def accept(self, parameters: StreamParameters, packet: EncodedPacket, arrival_ns: int) -> bool:
        """The camera's next packet, arrived at `arrival_ns` (monotonic); False when the ring cannot use it."""
        kept = self._ring.append(parameters, packet)
        if packet.is_keyframe:
            self.needs_key = False
        self._pulse.take(packet.pts_ns, packet.dts_ns, arrival_ns, is_keyframe=packet.is_keyframe)
        self._exhausted = False
        cost = 0.0 if packet.is_keyframe else self._cost_of(parameters).of(packet.data)
        began = self._activity.take(packet.pts_ns, packet.dts_ns, cost, is_keyframe=packet.is_keyframe)
        if began:
            self._gate.announced += 1
        if began or (self._fresh_from_ns is not None and packet.is_keyframe):
            self._wake()
        return kept

    def _cost_of(self, parameters: StreamParameters) -> PictureCost:
        if self._cost is None or self._cost[0] is not parameters:
            self._cost = (parameters, PictureCost(parameters.codec, parameters.extradata))
        return self._cost[1]

    def interrupt(self) -> None:
        """The stream broke off: what comes next has nothing to do with what was."""
        self._ring.interrupt()
        self._pulse.interrupt()
        self._activity.interrupt()
        self._gate.interrupt()
        self._fresh_from_ns = (self._pulse.latest_ns or 0) + 1

    def due_at_ns(self, now_ns: int) -> int | None:
        """Monotonic ns when the next look is due, at or before `now_ns` when it is now; None: never as things are."""
        demand, pulse = self._demand, self._pulse
        if demand is None or pulse.latest_ns is None or pulse.newest_key_ns is None:
            return None
        if self._ready:
            return min(now_ns, pulse.arrival_of(self._ready[0].picture.pts_ns))
        if self._runs(demand):
            return self._run_due_ns(demand, now_ns)
        return self._key_due_ns(demand, now_ns)

    def read(self, now_ns: int, limit: int) -> list[Frame]:
        """The pictures that are due, at most `limit`, in the order of the timeline. Never raises on bad data."""
        with self._turn:
            demand = self._demand
            if demand is None:
                self._let_go()
                return []
            if limit <= 0 or self._pulse.latest_ns is None:
                return []
            if self._ready or self._runs(demand):
                return self._read_on(demand, limit)
            self._end_run()
            frames = self._look_at_keys(demand, now_ns, limit)
            # A key frame may have shown that something moves: then what came before it is wanted first.
            return frames or (self._read_on(demand, limit) if self._runs(demand) else [])

    def finish(self, limit: int = 1_000_000) -> list[Frame]:
        """The stream has ended for good: the pictures still held that are due."""
        with self._turn:
            demand = self._demand
            if demand is None or self._run is None:
                return []
            self._ready.extend(self._run.drain())
            return self._emit_ready(demand, limit)

    def counts(self) -> ReaderCounts:
        """What was decoded, handed on and lost so far."""
        run = self._run
        return ReaderCounts(self._decoded + (run.decoded if run else 0), self._sequence, +Counter(dict(self._drops)))

    @property
    def fitness(self) -> PictureFitness:
        """What judges the pictures; its references may be kept and restored, before the first picture."""
        return self._fitness

    def gate_health(self) -> GateHealth:
        """What the gates did so far."""
        return self._gate.health()

    @property
    def decoder(self) -> str:
        """What decodes: `software`, or a device by FFmpeg's name."""
        return self._pool.decoding.shown

    @property
    def step_s(self) -> float:
        """Seconds between pictures, as last seen."""
        return self._pulse.step_ns / SECOND_NS

    @property
    def key_spacing_s(self) -> float | None:
        """Seconds between key frames, learnt; None before the second one."""
        spacing_ns = self._pulse.key_spacing_ns
        return None if spacing_ns is None else round(spacing_ns / SECOND_NS, 3)

    def _wake(self) -> None:
        demand = self._demand
        if self._on_motion is None or demand is None:
            return
        if self._fresh_from_ns is not None or demand.active_interval_s < demand.rest_interval_s:
            self._on_motion()

    def _is_fresh(self, pts_ns: int) -> bool:
        """Whether this would be the first picture after an interruption."""
        return self._fresh_from_ns is not None and pts_ns >= self._fresh_from_ns

    def _follows(self, demand: Demand) -> bool:
        """Whether something moves and more is wanted for that."""
        return self._gate.moving and demand.active_interval_s < demand.rest_interval_s

    def _wanted_ns(self, demand: Demand, at_ns: int | None = None) -> int:
        """The interval that holds now, or at a moment of the timeline that may lie behind."""
        moving = self._gate.moving
        if at_ns is not None:
            until_ns = self._gate.until_ns
            moving = at_ns >= self._motion_start_ns(demand) and (moving or (until_ns is not None and at_ns < until_ns))
        return round((demand.active_interval_s if moving else demand.rest_interval_s) * SECOND_NS)

    def _motion_start_ns(self, demand: Demand) -> int:
        """From when on the newest motion wants pictures."""
        return (self._gate.began_ns or 0) - round(demand.look_back_s * SECOND_NS)

    def _keys_serve(self, demand: Demand) -> bool:
        """Whether key frames alone come often enough for what is wanted now."""
        if self._lone_failures >= _LONE_FAILURES:
            return False
        longest_ns = max(self._wanted_ns(demand) * _SPARSE_FACTOR, demand.key_patience_s * SECOND_NS)
        pulse = self._pulse
        if pulse.latest_ns is None or pulse.newest_key_ns is None:
            return True
        silent_ns = pulse.latest_ns - pulse.newest_key_ns
        return max(pulse.key_spacing_ns or 0, silent_ns) <= longest_ns

    def _key_due_ns(self, demand: Demand, now_ns: int) -> int | None:
        pulse = self._pulse
        key_ns, taken_ns = pulse.newest_key_ns, self._taken_ns
        assert key_ns is not None  # noqa: S101 - asked before
        new = key_ns > max(taken_ns if taken_ns is not None else -1, self._tried_key_ns or -1)
        if new and (taken_ns is None or self._is_fresh(key_ns)):
            return pulse.arrival_of(key_ns)
        if taken_ns is None:
            return None
        since_ns, want_ns = self._last_and_wanted(demand, taken_ns)
        if new and self._is_last_chance(key_ns, since_ns, want_ns):
            return pulse.arrival_of(key_ns)
        # The last key frame that still comes in time, by the pace so far; it may be a moment late.
        spacing_ns = max(pulse.key_spacing_ns or want_ns, 1)
        more = max(1, int((since_ns + want_ns * (1 + _EARLY_SHARE) - key_ns) / spacing_ns))
        return max(pulse.arrival_of(key_ns + more * spacing_ns), now_ns + pulse.step_ns)

    def _last_and_wanted(self, demand: Demand, taken_ns: int) -> tuple[int, int]:
        """When the last look or peek was and how long after it the next one is wanted."""
        want_ns = self._wanted_ns(demand)
        if demand.peek_interval_s == 0 or self._gate.moving:
            return taken_ns, want_ns
        return max(taken_ns, self._tried_key_ns or 0), min(want_ns, round(demand.peek_interval_s * SECOND_NS))

    def _is_last_chance(self, key_ns: int, since_ns: int, want_ns: int) -> bool:
        """Whether a look that waits for the key frame after this one would come too late."""
        pulse = self._pulse
        latest_ns = pulse.latest_ns or 0
        following_ns = key_ns + (pulse.key_spacing_ns or 0)
        return max(following_ns, latest_ns) > since_ns + want_ns * (1 + _EARLY_SHARE) or (
            latest_ns >= since_ns + want_ns
        )

    def _is_only_a_peek(self, demand: Demand, pts_ns: int) -> bool:
        """Whether a key frame was decoded for the gate alone."""
        if demand.peek_interval_s == 0 or self._taken_ns is None or self._gate.moving or self._is_fresh(pts_ns):
            return False
        return not self._is_last_chance(pts_ns, self._taken_ns, self._wanted_ns(demand))

    def _look_at_keys(self, demand: Demand, now_ns: int, limit: int) -> list[Frame]:
        due_ns = self._key_due_ns(demand, now_ns)
        if due_ns is None or due_ns > now_ns:
            return []
        frames: list[Frame] = []
        for parameters, packet in self._keys_to_look_at(demand)[:limit]:
            frame = self._look_alone(demand, parameters, packet)
            if frame is not None:
                frames.append(frame)
        return frames

    def _keys_to_look_at(self, demand: Demand) -> list[tuple[StreamParameters, EncodedPacket]]:
        """At rest the newest; while something moves those from where the last look was, as far apart as wanted."""
        newest = self._ring.newest_key()
        if newest is None:
            self.needs_key = True
            return []
        if not self._follows(demand) or self._taken_ns is None:
            return [newest]
        want_ns, spacing_ns = self._wanted_ns(demand), self._pulse.key_spacing_ns or 0
        chosen: list[tuple[StreamParameters, EncodedPacket]] = []
        last_ns = self._taken_ns
        for key in self._ring.keys_after(max(last_ns, self._tried_key_ns or 0, newest[1].pts_ns - _LONGEST_LAG_NS)):
            at_ns = key[1].pts_ns
            if at_ns + spacing_ns > last_ns + want_ns * (1 + _EARLY_SHARE) or self._is_fresh(at_ns):
                chosen.append(key)
                last_ns = at_ns
        return chosen

    def _look_alone(self, demand: Demand, parameters: StreamParameters, packet: EncodedPacket) -> Frame | None:
        self._tried_key_ns = packet.pts_ns
        exact = self._is_exact(demand, packet.pts_ns)
        decoder = self._pool.decoder(parameters, exact=exact)
        pictures = [] if packet.is_corrupt else decoder.decode_alone(packet)
        self._drops["decode_error"] += decoder.errors
        self._pool.give_back(parameters, decoder, exact=exact)
        self._decoded += len(pictures)
        whole = [picture for picture in pictures if picture.intact]
        self._drops["corrupt"] += packet.is_corrupt + len(pictures) - len(whole)
        if not whole:
            self._lone_failures += not packet.is_corrupt
            return None
        self._lone_failures = 0
        picture, at_rest = whole[-1], not self._gate.moving
        self._compare(demand, picture)
        if at_rest and self._gate.moving and demand.look_back_s > 0 and self._runs(demand):
            return None
        if self._is_only_a_peek(demand, picture.pts_ns):
            return None
        return self._frame(Shown(picture, packet), exact=exact)

    def _is_exact(self, demand: Demand, pts_ns: int) -> bool:
        """Whether a key frame is decoded to the last bit; what a device makes of it need not be what software makes."""
        is_wanted = demand.exact_from_ns is not None and pts_ns >= demand.exact_from_ns
        return is_wanted and self._pool.decoding.device is None

    def _run_due_ns(self, demand: Demand, now_ns: int) -> int:
        pulse = self._pulse
        due_ns = pulse.arrival_of(self._target_ns(demand))
        return max(due_ns, now_ns + pulse.step_ns) if self._exhausted else due_ns

    def _target_ns(self, demand: Demand) -> int:
        """The moment of the timeline of which the next picture is wanted."""
        key_ns = self._pulse.newest_key_ns or 0
        if self._taken_ns is None or self._is_fresh(key_ns):
            return key_ns
        target_ns = self._taken_ns + self._wanted_ns(demand, self._taken_ns)
        if self._gate.moving:
            soonest_ns = self._taken_ns + round(demand.active_interval_s * SECOND_NS)
            target_ns = min(target_ns, max(soonest_ns, self._motion_start_ns(demand)))
        return target_ns

    def _read_on(self, demand: Demand, limit: int) -> list[Frame]:
        frames = self._emit_ready(demand, limit)
        if self._run is None and not self._ready:
            self._begin_run(demand)
        budget = self._packets_a_read
        while self._run is not None and len(frames) < limit and budget > 0:
            self._skip_to_due(demand, self._run)
            stretch = self._ring.after(self._run.place, min(budget, 4))
            if stretch is None:
                self._run_dry(self._run)
                break
            budget -= len(stretch.packets)
            self._ready.extend(self._run.take(stretch))
            frames += self._emit_ready(demand, limit - len(frames))
        if self._run is not None and not self._runs(demand):
            self._ready.extend(self._run.drain())
            self._end_run()
        return frames

    def _run_dry(self, run: DecodingRun) -> None:
        """Every packet was taken; unless the ring dropped what comes next, more will come."""
        self._exhausted = True
        if not self._ring.holds(run.place):
            self._drops["overrun"] += 1
            self.needs_key = True
            self._end_run()

    def _begin_run(self, demand: Demand) -> None:
        place = self._ring.place_of_key(self._target_ns(demand))
        if place is None:
            self.needs_key, self._exhausted = True, True
            return
        self._run = DecodingRun(place, self._pool.run_decoder, self._drops)

    def _skip_to_due(self, demand: Demand, run: DecodingRun) -> None:
        """Leave out whole groups of pictures of which none is wanted, or that are too long ago."""
        pulse, position_ns = self._pulse, run.position_ns
        if position_ns is None or pulse.latest_ns is None or self._taken_ns is None:
            return
        want_ns = self._wanted_ns(demand, position_ns)
        target_ns = max(self._target_ns(demand), position_ns)
        late = pulse.latest_ns - target_ns > max(_LONGEST_LAG_NS, want_ns)
        if not late and want_ns <= 2 * pulse.step_ns:
            return
        place = self._ring.place_of_key((pulse.newest_key_ns or 0) if late else target_ns)
        if place is None or place.gop <= run.place.gop:
            return
        if late:
            self._drops["overrun"] += max(1, (pulse.latest_ns - target_ns) // max(want_ns, pulse.step_ns))
        self._ready.extend(run.jump(place))

    def _runs(self, demand: Demand) -> bool:
        """Whether every packet is to be decoded: key frames are too rare, or the run has not come to rest yet."""
        if not self._keys_serve(demand):
            return True
        run = self._run
        if run is None or demand.active_interval_s >= demand.rest_interval_s:
            return False
        until_ns = self._gate.until_ns
        return self._gate.moving or (until_ns is not None and (run.position_ns or 0) < until_ns and not self._exhausted)

    def _let_go(self) -> None:
        self._end_run()
        self._ready.clear()

    def _end_run(self) -> None:
        if self._run is not None:
            self._decoded += self._run.decoded
            self._run = None

    def _emit_ready(self, demand: Demand, limit: int) -> list[Frame]:
        frames: list[Frame] = []
        while self._ready and len(frames) < limit:
            shown = self._ready.popleft()
            if self._is_due(demand, shown.picture.pts_ns):
                self._compare(demand, shown.picture)
                frames.append(self._frame(shown))
        return frames

    def _is_due(self, demand: Demand, pts_ns: int) -> bool:
        if self._taken_ns is None:
            return True
        if pts_ns <= self._taken_ns or self._is_fresh(pts_ns):
            return pts_ns > self._taken_ns
        want_ns = self._wanted_ns(demand, pts_ns)
        return pts_ns - self._taken_ns >= want_ns - min(self._pulse.step_ns / 2, want_ns * _EARLY_SHARE)

    def _image(self, picture: Picture) -> Image:
        converter = self._pool.converter()
        image = converter.image(picture)
        self._pool.give_back_converter(converter)
        return image

    def _compare(self, demand: Demand, picture: Picture) -> None:
        """Show a picture to the gate, where anything hangs on what it says."""
        if demand.active_interval_s >= demand.rest_interval_s:
            return
        active_ns = max(round(demand.active_interval_s * SECOND_NS), self._pulse.step_ns)
        converter = self._pool.converter()
        self._gate.look(converter.luma(picture), picture.pts_ns, active_ns, at_rest=not self._gate.moving)
        self._pool.give_back_converter(converter)

    def _frame(self, shown: Shown, *, exact: bool = False) -> Frame:
        picture, packet = shown.picture, shown.packet
        image = self._image(picture)
        frame = Frame(
            camera_id=self._ring.camera_id,
            sequence=self._sequence,
            pts_ns=picture.pts_ns,
            captured_at_ns=packet.captured_at_ns + picture.pts_ns - packet.pts_ns,
            time_source=packet.time_source,
            pixel_format=PIXEL_FORMAT,
            image=image,
            is_keyframe=picture.is_keyframe,
            fitness=self._fitness.observe(image, picture.pts_ns, active=self._gate.moving),
            is_exact=exact,
        )
        if self._is_fresh(picture.pts_ns):
            self._fresh_from_ns = None
        self._taken_ns = picture.pts_ns
        self._sequence += 1
        return frame
