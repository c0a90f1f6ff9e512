"""Sealing: drafts become packages one at a time, and what fails for want of disk is tried again."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pydantic import ValidationError

from evidence.chain import next_place
from evidence.compose import Draft, compose
from evidence.context import RecorderContext
from evidence.errors import EvidenceError
from evidence.manifest import MANIFEST_FILE, package_id_for
from evidence.material import Appendix, Material
from evidence.package import SealedPackage, bag_files, fact_of
from evidence.signing import Signer
from evidence.store import PackageStore
from streams.clock import Clock
from streams.pool import DecoderPool

log = logging.getLogger(__name__)

_SECOND_NS = 1_000_000_000
_MOST_PARTS = 1000
# Cameras of one make and setting share a decoder; an idle one holds some 10 MB at 1080p.
_DECODERS_KEPT = 2


@dataclass(frozen=True, slots=True)
class RecorderSettings:
    """The clip's length around the confirmation, and the bounds of memory and patience.

    Of the first sight the `lead_in_s` before it are kept too; a clip of what comes later shows `appendix_s` before it.
    `max_shown_bytes` are for confirming pictures that need not be decoded again, until their package is made.

    A seal that fails for want of disk is tried `attempts` times, after `first_retry_s`, then twice that, and so on,
    while at most `max_waiting_bytes` wait. A camera that falls silent delays its packages by `overdue_s` at most.
    """

    clip_s: float = 25.0
    post_roll_s: float = 5.0
    lead_in_s: float = 2.0
    appendix_s: float = 5.0
    max_clip_bytes: int = 32 << 20
    max_first_sight_bytes: int = 64 << 20
    max_middle_bytes: int = 32 << 20
    max_shown_bytes: int = 64 << 20
    max_pending: int = 2000
    attempts: int = 8
    first_retry_s: float = 2.0
    max_waiting_bytes: int = 128 << 20
    overdue_s: float = 15.0


@dataclass(slots=True)
class SealingJob:
    """One package to seal. `draft` once made replaces `material`; times are monotonic."""

    incident_id: str
    camera_id: str
    material: Material | None
    appendix: Appendix | None = None
    draft: Draft | None = None
    attempts: int = 0
    not_before_ns: int = 0

    @property
    def size_bytes(self) -> int:
        return 0 if self.draft is None else sum(len(data) for data in self.draft.files.values())


class Sealer:
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
        self._pool = DecoderPool(idle=_DECODERS_KEPT)
        self._on_sealed = on_sealed
        # Two locks: the loop asks for what failed, and must not wait for a seal to end.
        self._sealing = threading.Lock()
        self._lock = threading.Lock()
        self._failed: list[SealingJob] = []
        self.sealed = 0
        self.already_sealed = 0
        self.failed_attempts = 0
        self.lost = 0

    @property
    def waiting(self) -> int:
        """Jobs that failed and will be tried again."""
        with self._lock:
            return len(self._failed)

    def attempt(self, job: SealingJob) -> None:
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

    def take_due(self) -> list[SealingJob]:
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

    def _seal(self, job: SealingJob) -> SealedPackage | None:
        part = 1 if job.appendix is None else self._next_part(job.incident_id)
        if self.store.knows(package_id_for(job.incident_id, part)):
            self.already_sealed += 1
            return None
        draft = _composed(job, self._context, self._pool)
        place = next_place(self.store.head(job.camera_id))
        manifest = draft.manifest(place, self._clock.wall_ns(), self._signer.key_id, part)
        files = bag_files(manifest, draft.files, self._signer, draft.facts)
        path = self.store.commit(manifest, files)
        self.sealed += 1
        digest = fact_of(files[MANIFEST_FILE]).sha256
        return SealedPackage(
            package_id=manifest.package_id,
            incident_id=job.incident_id,
            camera_id=job.camera_id,
            sequence=place.sequence,
            path=path,
            manifest_sha256=digest,
            grade=manifest.grade,
            reasons=manifest.reasons,
            part=part,
        )

    def _next_part(self, incident_id: str) -> int:
        """The first part after the incident's own that is not sealed yet."""
        part = 2
        while part < _MOST_PARTS and self.store.knows(package_id_for(incident_id, part)):
            part += 1
        return part

    def _put_back(self, job: SealingJob, error: OSError) -> None:
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

    def _crowded_out(self) -> Iterator[SealingJob]:
        while len(self._failed) > 1 and sum(job.size_bytes for job in self._failed) > self._settings.max_waiting_bytes:
            yield self._failed.pop(0)

    def _give_up(self, job: SealingJob, why: str) -> None:
        self.lost += 1
        log.error("camera %s: incident %s has no package: %s", job.camera_id, job.incident_id, why)

    def _tell(self, package: SealedPackage) -> None:
        if self._on_sealed is None:
            return
        try:
            self._on_sealed(package)
        except Exception:
            log.exception("package %s is sealed, but telling about it failed", package.package_id)


def _composed(job: SealingJob, context: RecorderContext, pool: DecoderPool) -> Draft:
    """The job's draft, made at the first attempt; the packets are let go then."""
    if job.draft is None:
        assert job.material is not None  # noqa: S101 - a job has one or the other
        job.draft = compose(job.material, context, pool)
        job.material = None
    return job.draft
