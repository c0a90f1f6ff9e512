"""The inference lanes: threads that take the most overdue camera, decode what is due, detect, and let its watch judge.

A lane decodes just what it looks at, so no queue of pictures exists, and nothing is decoded in vain. On a CPU one lane
a core, each with one thread, does more looks a second than one lane with all cores; an accelerator wants one lane and
batches of several cameras. Pictures of one camera may be in two lanes at once; turns keep their order.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import asdict, dataclass, field
from typing import Any

from detector.engine import Engine
from streams.clock import Clock
from streetwarden.pipeline import Pipeline
from streetwarden.watched import Look

logger = logging.getLogger(__name__)

WAIT_SECONDS = 0.2
MOST_ERRORS = 100

Errand = Callable[[Engine], None]


@dataclass(frozen=True, slots=True)
class LanePlan:
    """How many lanes there are, with how many threads each, and how many pictures one run of the model may take.

    `batch_wait_s` bounds how long a picture waits for those of other cameras to fill the batch.
    """

    lanes: int = 1
    threads: int = 1
    batch: int = 1
    batch_wait_s: float = 0.01

    def __post_init__(self) -> None:
        if min(self.lanes, self.threads, self.batch) < 1 or self.batch_wait_s < 0:
            raise ValueError(f"LanePlan: expected 1 or more of each and no negative wait, got {self}")


@dataclass(slots=True)
class _Lane:
    """One thread's state, as the watchdog reads it. `busy_since_ns`: monotonic, of the work that runs now."""

    engine: Engine
    busy_since_ns: int | None = None
    looks: list[Look] = field(default_factory=list)
    left: bool = False
    thread: threading.Thread | None = None


class InferenceLanes:
    """Starts, supervises and stops the lanes.

    `check` is to be called about once a second: it replaces lanes that died, and, when one run of the model takes
    longer than `stall_s`, leaves the stuck lanes behind and starts new ones with a freshly loaded engine.
    """

    def __init__(
        self,
        load: Callable[[], Engine],
        pipeline: Pipeline,
        clock: Clock,
        plan: LanePlan | None = None,
        *,
        engine: Engine | None = None,
        stall_s: float = 10.0,
    ) -> None:
        self._load = load
        self._pipeline = pipeline
        self._clock = clock
        self._plan = plan or LanePlan()
        self._stall_ns = round(stall_s * 1e9)
        self._engine = engine or load()
        self._lanes: list[_Lane] = []
        self._lock = threading.Lock()
        self._errands: list[tuple[Errand, Future[None]]] = []
        self._stopping = threading.Event()
        self.restarts = 0
        self.errors: list[str] = []

    @property
    def engine(self) -> Engine:
        """The engine that looks now."""
        return self._engine

    def start(self) -> None:
        """Begin looking."""
        self._lanes = [self._begin() for _ in range(self._plan.lanes)]

    def stop(self, timeout_s: float = 10.0) -> None:
        """Finish the looks that run now and end; a stuck lane is left behind."""
        self._stopping.set()
        self._pipeline.schedule.close()
        for lane in self._lanes:
            if lane.thread is not None:
                lane.thread.join(timeout_s)
        for _, done in self._take_errands(everything=True):
            done.cancel()

    def errand(self, work: Errand) -> Future[None]:
        """Have a lane do some work with the engine between two looks; the future tells how it went."""
        done: Future[None] = Future()
        with self._lock:
            self._errands.append((work, done))
        self._pipeline.schedule.wake()
        return done

    def check(self) -> None:
        """Replace what died or got stuck. To be called from one thread, about once a second."""
        if self._stopping.is_set():
            return
        now_ns = self._clock.monotonic_ns()
        if any(self._is_stuck(lane, now_ns) for lane in self._lanes):
            self.renew(f"the engine gave no answer for {self._stall_ns / 1e9:.0f} s")
        for index, lane in enumerate(self._lanes):
            if lane.thread is None or not lane.thread.is_alive():
                self._leave(lane)
                self._note("an inference lane died; a new one takes its place")
                self._lanes[index] = self._begin()

    def describe(self) -> dict[str, Any]:
        """Lanes, their threads and batch, and how often the engine was loaded anew."""
        return {**asdict(self._plan), "restarts": self.restarts}

    def _is_stuck(self, lane: _Lane, now_ns: int) -> bool:
        since_ns = lane.busy_since_ns
        return since_ns is not None and now_ns - since_ns > self._stall_ns

    def renew(self, why: str) -> None:
        """Leave the lanes behind and start new ones with a freshly loaded engine."""
        self._note(f"{why}; the engine is loaded anew")
        for lane in self._lanes:
            self._leave(lane)
        self.restarts += 1
        self._engine = self._load()
        self.start()

    def _leave(self, lane: _Lane) -> None:
        """Give up a lane and what it holds; should it ever come back, it ends."""
        lane.left = True
        for look in list(lane.looks):
            look.void()

    def _begin(self) -> _Lane:
        lane = _Lane(self._engine)
        lane.thread = threading.Thread(target=self._run, args=(lane,), name="inference", daemon=True)
        lane.thread.start()
        return lane

    def _run(self, lane: _Lane) -> None:
        while not self._stopping.is_set() and not lane.left:
            for errand, done in self._take_errands():
                self._do(lane, errand, done)
            lane.looks = self._gather()
            if lane.looks:
                self._look(lane)

    def _look(self, lane: _Lane) -> None:
        lane.busy_since_ns = self._clock.monotonic_ns()
        try:
            self._pipeline.look(lane.engine, lane.looks)
        except Exception as error:  # one bad picture must not blind all cameras
            logger.exception("a look failed; its pictures are dropped")
            self._note(f"{type(error).__name__}: {error}")
        finally:
            lane.busy_since_ns = None

    def _gather(self) -> list[Look]:
        """The due pictures of the most overdue camera; for a batch, of others too that come in time."""
        looks = self._pipeline.take(self._plan.batch, WAIT_SECONDS)
        end_ns = self._clock.monotonic_ns() + round(self._plan.batch_wait_s * 1e9)
        while 0 < len(looks) < self._plan.batch and (left_ns := end_ns - self._clock.monotonic_ns()) > 0:
            looks += self._pipeline.take(self._plan.batch - len(looks), left_ns / 1e9)
        return looks

    def _take_errands(self, *, everything: bool = False) -> list[tuple[Errand, Future[None]]]:
        with self._lock:
            count = len(self._errands) if everything else min(1, len(self._errands))
            taken, self._errands = self._errands[:count], self._errands[count:]
        return taken

    def _do(self, lane: _Lane, errand: Errand, done: Future[None]) -> None:
        lane.busy_since_ns = self._clock.monotonic_ns()
        try:
            errand(lane.engine)
        except Exception as error:  # handed to whoever asked
            done.set_exception(error)
        else:
            done.set_result(None)
        finally:
            lane.busy_since_ns = None
            done.cancel()  # does nothing once it is done

    def _note(self, text: str) -> None:
        logger.error("%s", text)
        if len(self.errors) < MOST_ERRORS:
            self.errors.append(text)
