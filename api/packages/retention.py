"""Retention in the office's own store: packages whose time is over go, each with a signed tombstone in its place.

The tombstone is on the disk first, then the package leaves its place in one step, then the books say so: whatever a
dead process left half done, the next run ends. A case that is held back, or decided meanwhile, is looked at again in
the very transaction that deletes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import delete, select, tuple_
from sqlalchemy.orm import Session

from api.access import SYSTEM
from api.audit.service import Event, record
from api.cases.holds import state_of
from api.db.models import Case, Package, PackageFile
from api.db.upsert import lock_row
from api.office import Office
from api.packages.service import TOMBSTONE_FILE, TOMBSTONE_ROLE
from evidence.chain import Link
from evidence.encoding import to_ns
from evidence.index import Indexed
from evidence.manifest import ChainPlace
from evidence.retention import Deletion, RetentionPolicy, RetentionReport, due, tombstone_of
from evidence.signing import Signer
from evidence.tombstone import seal_tombstone

AT_ONCE = 200
_DAY_NS = 86_400 * 1_000_000_000


@dataclass(frozen=True, slots=True)
class OfficeRetention:
    """Deletes packages of `office` by `policy`; `signer` signs the tombstones, `deleted_by` says who ran it.

    May run beside the service, in its process or another. Raises OSError when the disk fails or the key is away.
    """

    office: Office
    policy: RetentionPolicy
    signer: Signer
    deleted_by: str

    def run(self, *, dry: bool = False) -> RetentionReport:
        """Delete every package whose time is over; `dry` only counts, and `kept` leaves out young ones."""
        gone: list[str] = []
        kept = held = 0
        for packages in self._old_enough():
            deletions, held_back = self._due(packages)
            done = [each.entry.link.package_id for each in deletions if dry or self._delete(each)]
            gone += done
            held += held_back
            kept += len(packages) - len(done)
        return RetentionReport(tuple(gone), kept, held)

    def _old_enough(self) -> Iterator[list[tuple[Package, Case]]]:
        """What is older than the shortest time, oldest first, some at once."""
        days = [kept for kept in self.policy.keep_days.values() if kept is not None]
        if not days:
            return
        before_ns, after = to_ns(self.office.now()) - min(days) * _DAY_NS, (-1, "")
        order = Package.sealed_at_ns, Package.package_id
        wanted = select(Package, Case).join(Case, Case.id == Package.case_id)
        wanted = wanted.where(Package.deleted_at.is_(None), Package.sealed_at_ns <= before_ns)
        while True:
            with self.office.database.reading() as session:
                rows = session.execute(wanted.where(tuple_(*order) > after).order_by(*order).limit(AT_ONCE)).all()
            if not rows:
                return
            after = rows[-1][0].sealed_at_ns, rows[-1][0].package_id
            yield [(package, case) for package, case in rows]

    def _due(self, packages: list[tuple[Package, Case]]) -> tuple[list[Deletion], int]:
        states = {package.package_id: state_of(case) for package, case in packages}
        entries = [_entry(package) for package, _ in packages]
        return due(entries, states.__getitem__, self.policy, to_ns(self.office.now()))

    def _delete(self, deletion: Deletion) -> bool:
        """Delete one package unless its case has changed in a way that keeps it."""
        package_id, store = deletion.entry.link.package_id, self.office.store
        with store.holding(package_id), self.office.database.writing() as session:
            package = session.get_one(Package, package_id)
            case = lock_row(session, Case, package.case_id)
            if case is None or package.deleted_at is not None or not self._due([(package, case)])[0]:
                return False
            words = tombstone_of(deletion, self.policy.name, to_ns(self.office.now()), self.deleted_by)
            tombstone = store.keep_tombstone(package_id, seal_tombstone(words, self.signer))
            store.bury(package_id)
            self._note(session, package, deletion, tombstone)
        return True

    def _note(self, session: Session, package: Package, deletion: Deletion, tombstone: bytes) -> None:
        """The books: the package is gone, its tombstone is served in its place, and the log knows."""
        digest = hashlib.sha256(tombstone).hexdigest()
        package.deleted_at, package.deleted_by_rule = self.office.now(), f"{self.policy.name}, {deletion.rule}"
        session.execute(delete(PackageFile).where(PackageFile.package_id == package.package_id))
        session.add(
            PackageFile(
                package_id=package.package_id,
                path=TOMBSTONE_FILE,
                media_type="application/json",
                role=TOMBSTONE_ROLE,
                size_bytes=len(tombstone),
                sha256=digest,
            )
        )
        session.flush()
        after = {"class": deletion.retention_class, "case_id": package.case_id, "tombstone_sha256": digest}
        event = Event("package.deleted", f"package:{package.package_id}", package.deleted_by_rule, after=after)
        record(session, SYSTEM, self.office.now(), event)


def _entry(package: Package) -> Indexed:
    place = ChainPlace.model_validate_json(json.dumps(package.manifest["chain"]))
    link = Link(package.camera_id, package.package_id, package.manifest_sha256, place)
    return Indexed(link, package.sealed_at_ns)
