"""The recorder: keeps what a package needs while an incident ripens, and seals it once the record is long enough."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass, replace
from pathlib import Path
from weakref import WeakValueDictionary

from detector.incident import Incident, IncidentState
from evidence.clip import shorten, shows
from evidence.context import CameraContext, RecorderContext
from evidence.disk import Disk
from evidence.first_sights import FirstSights
from evidence.material import Appendix, Material, with_later_state
from evidence.moments.middles import Middles
from evidence.moments.plan import plan_of
from evidence.package import SealedPackage
from evidence.sealer import RecorderSettings, Sealer, SealingJob
from evidence.signing import Signer
from evidence.store import PackageStore
from streams.clock import Clock
from streams.frame import Frame, Image
from streams.packet import RecordedSpan
from streams.ring import PacketRing

__all__ = ["CameraContext", "Recorder", "RecorderContext", "RecorderSettings", "RecorderStats"]

_SECOND_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class RecorderStats:
    """Counters since the start, and what is held now."""

    sealed: int
    already_sealed: int
    failed_attempts: int
    lost: int
    waiting: int
    pending: int
    first_sights_refused: int
    pending_refused: int


@dataclass(slots=True)
class _Waiting:
    """A confirmed incident, or what is appended to one, whose post-roll is still being recorded."""

    material: Material
    ring: PacketRing
    due_pts_ns: int
    overdue_at_ns: int


class Recorder:
    """Seals one package for each confirmed incident, in order, into `root/packages`.

    Kinds whose plan asks for it get a further part when they end (what was cleared away), any kind one for a second
    look (`recheck`). `observe`, `recheck`, `tick`, `release` and `flush` belong to one thread, the loop's. With an
    `executor` (one worker is enough) sealing, and `on_sealed` with it, happens there; without one inside the call. An
    incident that was ever sealed here is never sealed again.

    Raises StoreError when another process seals into `root` or its chain contradicts itself.
    """

    def __init__(
        self,
        root: Path,
        signer: Signer,
        clock: Clock,
        context: RecorderContext,
        *,
        settings: RecorderSettings | None = None,
        on_sealed: Callable[[SealedPackage], None] | None = None,
        executor: Executor | None = None,
        disk: Disk | None = None,
    ) -> None:
        self._settings = settings or RecorderSettings()
        self._clock = clock
        self._sealer = Sealer(PackageStore(root, disk), signer, clock, context, self._settings, on_sealed)
        self._executor = executor
        self._first_sights = FirstSights(self._settings.max_first_sight_bytes)
        self._middles = Middles(self._settings.max_middle_bytes)
        self._pending: dict[str, str] = {}
        self._confirmed: dict[str, _Waiting] = {}
        self._appended: list[_Waiting] = []
        self._handled: dict[str, Incident] = {}
        self._running: list[Future[None]] = []
        self._pending_refused = 0
        # They live as long as what waits to be sealed with them.
        self._shown: WeakValueDictionary[tuple[str, int], Image] = WeakValueDictionary()

    def observe(
        self,
        changes: Sequence[Incident],
        ring: PacketRing,
        now_pts_ns: int,
        camera: CameraContext,
        shown: Frame | None = None,
    ) -> None:
        """Take the changed incidents of one camera's frame, and seal what its ring has passed by now.

        To be called for every analysed frame, also without changes. Sealing errors never come out of it. `shown`: that
        frame, unmasked; what it confirms need not be decoded again when it is exact.
        """
        for incident in changes:
            self._take(incident, ring, camera, now_pts_ns)
            self._hold(incident, shown)
        self._middles.keep_due(camera.camera_id, ring, now_pts_ns)
        passed_ns = max(now_pts_ns, ring.latest_pts_ns or now_pts_ns)
        for waiting in self._of_camera(camera.camera_id):
            if passed_ns >= waiting.due_pts_ns:
                self._hand_over(waiting)
        self._retry()

    def recheck(self, incident_id: str, ring: PacketRing, now_pts_ns: int, camera: CameraContext) -> bool:
        """Append what the camera sees now to an incident that goes on, say after a reminder's time is over.

        False when no such incident goes on: nothing to show, or the worker was started anew since.
        """
        incident = self._handled.get(incident_id)
        if incident is None:
            return False
        self._append(incident, "recheck", ring, now_pts_ns, camera)
        return True

    def tick(self) -> None:
        """Seal for cameras that fell silent, and try again what failed. To be called about once a second when live."""
        now_ns = self._clock.monotonic_ns()
        for waiting in self._all_waiting():
            if now_ns >= waiting.overdue_at_ns:
                self._hand_over(waiting)
        self._retry()

    def release(self, camera_id: str) -> None:
        """Forget a camera; what it has confirmed is sealed with what is recorded so far."""
        for waiting in self._of_camera(camera_id):
            self._hand_over(waiting)
        for incident_id in [key for key, camera in self._pending.items() if camera == camera_id]:
            self._drop_pending(incident_id)
        self._handled = {key: known for key, known in self._handled.items() if known.camera_id != camera_id}

    def flush(self) -> None:
        """End of a clip or of the process: seal every confirmed incident now, and wait until that is done."""
        for waiting in self._all_waiting():
            self._hand_over(waiting)
        for incident_id in list(self._pending):
            self._drop_pending(incident_id)
        wait(self._running)
        self._sealer.give_last_try()

    def close(self) -> None:
        """Let another process seal into this folder. Call `flush` before."""
        self._sealer.store.close()

    @property
    def stats(self) -> RecorderStats:
        """Counters and what is held."""
        sealer = self._sealer
        return RecorderStats(
            sealed=sealer.sealed,
            already_sealed=sealer.already_sealed,
            failed_attempts=sealer.failed_attempts,
            lost=sealer.lost,
            waiting=len(self._all_waiting()) + sealer.waiting,
            pending=len(self._pending),
            first_sights_refused=self._first_sights.refused,
            pending_refused=self._pending_refused,
        )

    def _all_waiting(self) -> list[_Waiting]:
        return [*self._confirmed.values(), *self._appended]

    def _of_camera(self, camera_id: str) -> list[_Waiting]:
        return [waiting for waiting in self._all_waiting() if waiting.material.camera.camera_id == camera_id]

    def _take(self, incident: Incident, ring: PacketRing, camera: CameraContext, now_pts_ns: int) -> None:
        if incident.state is IncidentState.PENDING:
            if incident.incident_id not in self._confirmed:
                self._add_pending(incident, ring)
        elif incident.confirmed_pts_ns is None:
            self._drop_pending(incident.incident_id)
        else:
            self._take_confirmed(incident, incident.confirmed_pts_ns, ring, camera)
            if incident.state is IncidentState.ENDED:
                self._take_end(incident, ring, camera, now_pts_ns)

    def _take_confirmed(self, incident: Incident, confirmed_ns: int, ring: PacketRing, camera: CameraContext) -> None:
        known = self._confirmed.get(incident.incident_id)
        if known is not None:
            known.material = with_later_state(known.material, incident)
        elif incident.incident_id in self._handled:
            self._handled[incident.incident_id] = incident
        else:
            self._add_confirmed(incident, confirmed_ns, ring, camera)

    def _take_end(self, incident: Incident, ring: PacketRing, camera: CameraContext, now_pts_ns: int) -> None:
        self._handled.pop(incident.incident_id, None)
        if plan_of(incident.kind).end_appended:
            self._append(incident, "cleared", ring, now_pts_ns, camera)

    def _append(
        self, incident: Incident, appendix: Appendix, ring: PacketRing, now_pts_ns: int, camera: CameraContext
    ) -> None:
        seen = ring.gop_at(now_pts_ns)
        if seen is None:
            return
        material = Material(incident, camera, None, None, seen, appendix=appendix, seen_pts_ns=now_pts_ns)
        self._appended.append(self._waiting(material, ring, now_pts_ns))

    def _add_pending(self, incident: Incident, ring: PacketRing) -> None:
        if incident.incident_id in self._pending:
            return
        if len(self._pending) >= self._settings.max_pending:
            self._pending_refused += 1
            return
        self._pending[incident.incident_id] = incident.camera_id
        self._middles.want(incident)
        span = self._first_sight(incident, ring)
        if span is not None:
            self._first_sights.keep(incident.incident_id, span)

    def _first_sight(self, incident: Incident, ring: PacketRing) -> RecordedSpan | None:
        """The picture of the start and what came shortly before; the picture alone when the stream changed between."""
        begun_ns = incident.started_pts_ns
        span = ring.span(begun_ns - round(self._settings.lead_in_s * _SECOND_NS), begun_ns)
        return span if shows(span, begun_ns) else ring.gop_at(begun_ns)

    def _drop_pending(self, incident_id: str) -> None:
        self._pending.pop(incident_id, None)
        self._first_sights.take(incident_id)
        self._middles.take(incident_id)

    def _add_confirmed(self, incident: Incident, confirmed_ns: int, ring: PacketRing, camera: CameraContext) -> None:
        """Keep the confirming picture at once: whatever happens to the ring, the package will show it."""
        first = self._first_sights.take(incident.incident_id) or self._first_sight(incident, ring)
        middle = self._middles.take(incident.incident_id)
        self._pending.pop(incident.incident_id, None)
        material = Material(incident, camera, None, first, ring.gop_at(confirmed_ns), middle)
        self._confirmed[incident.incident_id] = self._waiting(material, ring, confirmed_ns)

    def _hold(self, incident: Incident, shown: Frame | None) -> None:
        """Keep the picture that confirmed it, while there is room; without it, it is decoded out of its packet."""
        waiting = self._confirmed.get(incident.incident_id)
        if waiting is None or shown is None or not shown.is_exact or shown.pts_ns != incident.confirmed_pts_ns:
            return
        key = (shown.camera_id, shown.pts_ns)
        others = sum(image.nbytes for held, image in list(self._shown.items()) if held != key)
        if others + shown.image.nbytes <= self._settings.max_shown_bytes:
            self._shown[key] = shown.image
            waiting.material = replace(waiting.material, shown=shown)

    def _waiting(self, material: Material, ring: PacketRing, seen_ns: int) -> _Waiting:
        post_roll_ns = round(self._settings.post_roll_s * _SECOND_NS)
        patience_ns = post_roll_ns + round(self._settings.overdue_s * _SECOND_NS)
        return _Waiting(material, ring, seen_ns + post_roll_ns, self._clock.monotonic_ns() + patience_ns)

    def _hand_over(self, waiting: _Waiting) -> None:
        incident, appendix = waiting.material.incident, waiting.material.appendix
        if appendix is not None:
            self._appended.remove(waiting)
        else:
            del self._confirmed[incident.incident_id]
            if incident.state is not IncidentState.ENDED:
                self._handled[incident.incident_id] = incident
        self._submit(SealingJob(incident.incident_id, incident.camera_id, self._with_clip(waiting), appendix))

    def _with_clip(self, waiting: _Waiting) -> Material:
        """The material with the clip around its moment.

        A stretch after a change of the stream's parameters does not show the violation: it is no clip of it.
        """
        material, settings = waiting.material, self._settings
        moment_ns, before_s = material.incident.confirmed_pts_ns, settings.clip_s
        if material.appendix is not None or moment_ns is None:
            moment_ns, before_s = material.seen_pts_ns, settings.appendix_s
        span = waiting.ring.span(moment_ns - round(before_s * _SECOND_NS), waiting.due_pts_ns)
        if span is None or not shows(span, moment_ns):
            return material
        return replace(material, clip=shorten(span, moment_ns, settings.max_clip_bytes))

    def _submit(self, job: SealingJob) -> None:
        if self._executor is None:
            self._sealer.attempt(job)
            return
        self._running = [future for future in self._running if not future.done()]
        self._running.append(self._executor.submit(self._sealer.attempt, job))

    def _retry(self) -> None:
        for job in self._sealer.take_due():
            self._submit(job)
