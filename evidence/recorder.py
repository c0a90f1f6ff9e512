"""The recorder: keeps what a package needs while an incident ripens, and seals it once the record is long enough."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from detector.incident import Incident, IncidentState
from evidence.chain import next_place
from evidence.clip import shorten, shows
from evidence.compose import Draft, Material, compose, with_later_state
from evidence.context import CameraContext, RecorderContext
from evidence.disk import Disk
from evidence.errors import EvidenceError
from evidence.first_sights import FirstSights
from evidence.manifest import MANIFEST_FILE, package_id_for
from evidence.package import SealedPackage, bag_files, fact_of
from evidence.signing import Signer
from evidence.store import PackageStore
from streams.clock import Clock
from streams.ring import PacketRing

log = logging.getLogger(__name__)

__all__ = ["CameraContext", "Recorder", "RecorderContext", "RecorderSettings", "RecorderStats"]

_SECOND_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class RecorderSettings:
    """The clip's length around the confirmation, and the bounds of memory and patience.

    A seal that fails for want of disk is tried `attempts` times, after `first_retry_s`, then twice that, and so on,
    while at most `max_waiting_bytes` wait. A camera that falls silent delays its packages by `overdue_s` at most.
    """

    clip_s: float = 25.0
    post_roll_s: float = 5.0
    max_clip_bytes: int = 32 << 20
    max_first_sight_bytes: int = 64 << 20
    max_pending: int = 2000
    attempts: int = 8
    first_retry_s: float = 2.0
    max_waiting_bytes: int = 128 << 20
    overdue_s: float = 15.0


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
class _Confirmed:
    """A confirmed incident whose post-roll is still being recorded."""

    material: Material
    ring: PacketRing
    due_pts_ns: int
    overdue_at_ns: int


@dataclass(slots=True)
class _Job:
    """One package to seal. `draft` once made replaces `material`; times are monotonic."""

    incident_id: str
    camera_id: str
    material: Material | None
    draft: Draft | None = None
    attempts: int = 0
    not_before_ns: int = 0

    @property
    def size_bytes(self) -> int:
        return 0 if self.draft is None else sum(len(data) for data in self.draft.files.values())


class Recorder:
    """Seals one package for each confirmed incident, in order, into `root/packages`.

    `observe`, `tick`, `release` and `flush` belong to one thread, the loop's. With an `executor` (one worker is enough)
    sealing, and `on_sealed` with it, happens there; without one inside the call. An incident that was ever sealed
    here is never sealed again.

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
        self._sealer = _Sealer(PackageStore(root, disk), signer, clock, context, self._settings, on_sealed)
        self._executor = executor
        self._first_sights = FirstSights(self._settings.max_first_sight_bytes)
        self._pending: dict[str, str] = {}
        self._confirmed: dict[str, _Confirmed] = {}
        self._handled: dict[str, str] = {}
        self._running: list[Future[None]] = []
        self._pending_refused = 0

    def observe(self, changes: Sequence[Incident], ring: PacketRing, now_pts_ns: int, camera: CameraContext) -> None:
        """Take the changed incidents of one camera's frame, and seal what its ring has passed by now.

        To be called for every analysed frame, also without changes. Sealing errors never come out of it.
        """
        for incident in changes:
            self._take(incident, ring, camera)
        passed_ns = max(now_pts_ns, ring.latest_pts_ns or now_pts_ns)
        for waiting in self._of_camera(camera.camera_id):
            if passed_ns >= waiting.due_pts_ns:
                self._hand_over(waiting)
        self._retry()

    def tick(self) -> None:
        """Seal for cameras that fell silent, and try again what failed. To be called about once a second when live."""
        now_ns = self._clock.monotonic_ns()
        for waiting in list(self._confirmed.values()):
            if now_ns >= waiting.overdue_at_ns:
                self._hand_over(waiting)
        self._retry()

    def release(self, camera_id: str) -> None:
        """Forget a camera; what it has confirmed is sealed with what is recorded so far."""
        for waiting in self._of_camera(camera_id):
            self._hand_over(waiting)
        for incident_id in [key for key, camera in self._pending.items() if camera == camera_id]:
            self._drop_pending(incident_id)
        self._handled = {key: camera for key, camera in self._handled.items() if camera != camera_id}

    def flush(self) -> None:
        """End of a clip or of the process: seal every confirmed incident now, and wait until that is done."""
        for waiting in list(self._confirmed.values()):
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
            waiting=len(self._confirmed) + sealer.waiting,
            pending=len(self._pending),
            first_sights_refused=self._first_sights.refused,
            pending_refused=self._pending_refused,
        )

    def _of_camera(self, camera_id: str) -> list[_Confirmed]:
        return [waiting for waiting in self._confirmed.values() if waiting.material.camera.camera_id == camera_id]

    def _take(self, incident: Incident, ring: PacketRing, camera: CameraContext) -> None:
        known = self._confirmed.get(incident.incident_id)
        if known is not None:
            known.material = with_later_state(known.material, incident)
        elif incident.state is IncidentState.PENDING:
            self._add_pending(incident, ring)
        elif incident.confirmed_pts_ns is None:
            self._drop_pending(incident.incident_id)
        elif incident.incident_id not in self._handled:
            self._add_confirmed(incident, incident.confirmed_pts_ns, ring, camera)
        elif incident.state is IncidentState.ENDED:
            del self._handled[incident.incident_id]

    def _add_pending(self, incident: Incident, ring: PacketRing) -> None:
        if incident.incident_id in self._pending:
            return
        if len(self._pending) >= self._settings.max_pending:
            self._pending_refused += 1
            return
        self._pending[incident.incident_id] = incident.camera_id
        span = ring.gop_at(incident.started_pts_ns)
        if span is not None:
            self._first_sights.keep(incident.incident_id, span)

    def _drop_pending(self, incident_id: str) -> None:
        self._pending.pop(incident_id, None)
        self._first_sights.take(incident_id)

    def _add_confirmed(self, incident: Incident, confirmed_ns: int, ring: PacketRing, camera: CameraContext) -> None:
        """Keep the confirming picture at once: whatever happens to the ring, the package will show it."""
        first = self._first_sights.take(incident.incident_id) or ring.gop_at(incident.started_pts_ns)
        self._pending.pop(incident.incident_id, None)
        material = Material(incident, camera, None, first, ring.gop_at(confirmed_ns))
        post_roll_ns = round(self._settings.post_roll_s * _SECOND_NS)
        patience_ns = post_roll_ns + round(self._settings.overdue_s * _SECOND_NS)
        self._confirmed[incident.incident_id] = _Confirmed(
            material, ring, confirmed_ns + post_roll_ns, self._clock.monotonic_ns() + patience_ns
        )

    def _hand_over(self, waiting: _Confirmed) -> None:
        incident = waiting.material.incident
        del self._confirmed[incident.incident_id]
        if incident.state is not IncidentState.ENDED:
            self._handled[incident.incident_id] = incident.camera_id
        self._submit(_Job(incident.incident_id, incident.camera_id, self._with_clip(waiting)))

    def _with_clip(self, waiting: _Confirmed) -> Material:
        material = waiting.material
        confirmed_ns = material.incident.confirmed_pts_ns
        assert confirmed_ns is not None  # noqa: S101 - only confirmed incidents wait
        span = waiting.ring.span(confirmed_ns - round(self._settings.clip_s * _SECOND_NS), waiting.due_pts_ns)
        # A stretch after a change of the stream's parameters does not show the violation: it is no clip of it.
        if span is None or not shows(span, confirmed_ns):
            return material
        clip = shorten(span, confirmed_ns, self._settings.max_clip_bytes)
        return Material(material.incident, material.camera, clip, material.first, material.confirmed)

    def _submit(self, job: _Job) -> None:
        if self._executor is None:
            self._sealer.attempt(job)
            return
        self._running = [future for future in self._running if not future.done()]
        self._running.append(self._executor.submit(self._sealer.attempt, job))

    def _retry(self) -> None:
        for job in self._sealer.take_due():
            self._submit(job)


class _Sealer:
    """Makes packages of jobs, one at a time; knows what failed and when to try again. Thread-safe."""

    def __init__(
        self,
        store: PackageStore,
        signer: Signer,
        clock: Clock,
        context: RecorderContext,
        settings: RecorderSettings,
        on_sealed: Callable[[SealedPackage], None] | None,
    ) -> None:
        self.store = store
        self._signer = signer
        self._clock = clock
        self._context = context
        self._settings = settings
        self._on_sealed = on_sealed
        # Two locks: the loop asks for what failed, and must not wait for a seal to end.
        self._sealing = threading.Lock()
        self._lock = threading.Lock()
        self._failed: list[_Job] = []
        self.sealed = 0
        self.already_sealed = 0
        self.failed_attempts = 0
        self.lost = 0

    @property
    def waiting(self) -> int:
        """Jobs that failed and will be tried again."""
        with self._lock:
            return len(self._failed)

    def attempt(self, job: _Job) -> None:
        """Try to seal; never raises, since neither a full disk nor a strange stream may stop the worker."""
        with self._sealing:
            try:
                package = self._seal(job)
            except OSError as error:
                self._put_back(job, error)
                return
            except (EvidenceError, ValidationError) as error:
                self._give_up(job, str(error).splitlines()[0])
                return
            except Exception:
                log.exception("camera %s: sealing incident %s broke down", job.camera_id, job.incident_id)
                self.lost += 1
                return
        if package is not None:
            self._tell(package)

    def take_due(self) -> list[_Job]:
        """The failed jobs whose time has come, no longer held here."""
        now_ns = self._clock.monotonic_ns()
        with self._lock:
            due = [job for job in self._failed if now_ns >= job.not_before_ns]
            self._failed = [job for job in self._failed if now_ns < job.not_before_ns]
        return due

    def give_last_try(self) -> None:
        """Try every failed job once more, now; what fails again is lost."""
        with self._lock:
            jobs, self._failed = self._failed, []
        for job in jobs:
            job.attempts = self._settings.attempts - 1
            self.attempt(job)

    def _seal(self, job: _Job) -> SealedPackage | None:
        package_id = package_id_for(job.incident_id)
        if self.store.knows(package_id):
            self.already_sealed += 1
            return None
        draft = _composed(job, self._context)
        place = next_place(self.store.head(job.camera_id))
        manifest = draft.manifest(place, self._clock.wall_ns(), self._signer.key_id)
        files = bag_files(manifest, draft.files, self._signer, draft.facts)
        path = self.store.commit(manifest, files)
        self.sealed += 1
        digest = fact_of(files[MANIFEST_FILE]).sha256
        return SealedPackage(
            package_id, job.incident_id, job.camera_id, place.sequence, path, digest, manifest.grade, manifest.reasons
        )

    def _put_back(self, job: _Job, error: OSError) -> None:
        self.failed_attempts += 1
        job.attempts += 1
        if job.attempts >= self._settings.attempts:
            self._give_up(job, f"{error.strerror or error}, after {job.attempts} attempts")
            return
        if job.attempts == 1:
            log.error(
                "camera %s: incident %s cannot be sealed into %s: %s; it will be tried again: make room on the disk",
                *(job.camera_id, job.incident_id, self.store.layout.root, error.strerror or error),
            )
        delay_s = self._settings.first_retry_s * 2 ** (job.attempts - 1)
        job.not_before_ns = self._clock.monotonic_ns() + round(delay_s * _SECOND_NS)
        with self._lock:
            self._failed.append(job)
            crowded = list(self._crowded_out())
        for crowded_out in crowded:
            self._give_up(crowded_out, "too many packages wait for room on the disk")

    def _crowded_out(self) -> Iterator[_Job]:
        while len(self._failed) > 1 and sum(job.size_bytes for job in self._failed) > self._settings.max_waiting_bytes:
            yield self._failed.pop(0)

    def _give_up(self, job: _Job, why: str) -> None:
        self.lost += 1
        log.error("camera %s: incident %s has no package: %s", job.camera_id, job.incident_id, why)

    def _tell(self, package: SealedPackage) -> None:
        if self._on_sealed is None:
            return
        try:
            self._on_sealed(package)
        except Exception:
            log.exception("package %s is sealed, but telling about it failed", package.package_id)


def _composed(job: _Job, context: RecorderContext) -> Draft:
    """The job's draft, made at the first attempt; the packets are let go then."""
    if job.draft is None:
        assert job.material is not None  # noqa: S101 - a job has one or the other
        job.draft = compose(job.material, context)
        job.material = None
    return job.draft
