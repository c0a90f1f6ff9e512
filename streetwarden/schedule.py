"""Which camera is looked at next: always the one that is most overdue."""

from __future__ import annotations

import threading
from typing import Generic, Protocol, TypeVar

from streams.clock import Clock

LATENESS_WEIGHT = 0.05
"""Of the newest look in the running mean of lateness."""
SECOND_NS = 1_000_000_000


class Watchable(Protocol):
    """What the schedule needs of a camera."""

    @property
    def camera_id(self) -> str:
        """Its id."""
        ...

    def due_at_ns(self, now_ns: int) -> int | None:
        """Monotonic ns when its next look is due; None: nothing is wanted of it."""
        ...


Camera = TypeVar("Camera", bound=Watchable)


class LookSchedule(Generic[Camera]):
    """The cameras that no lane works on, by due time. Thread-safe.

    Earliest due time first is fair: whoever waits becomes the most overdue. `late_s`: a running mean of how long after
    its due time a camera was taken; when it grows, the machine has too many cameras.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._condition = threading.Condition()
        self._free: dict[str, Camera] = {}
        self._taken: dict[str, Camera] = {}
        self._closed = False
        self.late_s = 0.0
        self.worst_late_s = 0.0

    def add(self, camera: Camera) -> None:
        """From now on the camera is served."""
        with self._condition:
            self._free[camera.camera_id] = camera
            self._condition.notify()

    def remove(self, camera_id: str) -> None:
        """It is served no more; a lane that has it may finish."""
        with self._condition:
            self._free.pop(camera_id, None)
            self._taken.pop(camera_id, None)

    def wake(self) -> None:
        """A camera may have become due before its time."""
        with self._condition:
            self._condition.notify()

    def close(self) -> None:
        """Let everybody who waits go home."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    def take(self, timeout_s: float) -> Camera | None:
        """The most overdue camera, for this lane alone until `give_back`; None when none is due in time."""
        end_ns = self._clock.monotonic_ns() + round(timeout_s * SECOND_NS)
        with self._condition:
            while not self._closed:
                now_ns = self._clock.monotonic_ns()
                due_ns, camera = self._first(now_ns)
                if camera is not None and due_ns <= now_ns:
                    self._note(now_ns - due_ns)
                    return self._check_out(camera)
                if now_ns >= end_ns:
                    return None
                self._condition.wait((min(due_ns, end_ns) - now_ns) / SECOND_NS)
        return None

    def give_back(self, camera: Camera) -> None:
        """The lane has taken its pictures; another lane may take the next ones."""
        with self._condition:
            if self._taken.get(camera.camera_id) is camera:
                del self._taken[camera.camera_id]
                self._free[camera.camera_id] = camera
                self._condition.notify()

    def _first(self, now_ns: int) -> tuple[int, Camera | None]:
        first_ns, first = 2**63, None
        for camera in self._free.values():
            due_ns = camera.due_at_ns(now_ns)
            if due_ns is not None and due_ns < first_ns:
                first_ns, first = due_ns, camera
        return first_ns, first

    def _check_out(self, camera: Camera) -> Camera:
        del self._free[camera.camera_id]
        self._taken[camera.camera_id] = camera
        return camera

    def _note(self, late_ns: int) -> None:
        late_s = late_ns / SECOND_NS
        self.late_s += (late_s - self.late_s) * LATENESS_WEIGHT
        self.worst_late_s = max(self.worst_late_s, late_s)
