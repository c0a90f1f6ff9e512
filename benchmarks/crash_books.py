"""After the kills: the ledger of what was acknowledged against what the office has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.audit.service import verify_log
from api.db.models import AuditEntry, Case, CaseCount, CaseTransition, Package, QuarantinedPackage
from api.keys.service import registry
from api.office import Office
from benchmarks.crash_load import Ledger
from evidence.verify import verify_package


def balance(office: Office, ledger: Ledger) -> dict[str, int]:
    """Every way in which something may be lost, doubled or left half done, counted.

    `lost_*`: acknowledged, and not there. `twice_*`: there more than once, acknowledged or not.
    """
    with office.database.reading() as session:
        found = {
            **_packages(session, ledger),
            **_decisions(session, ledger),
            **_audit(session, ledger),
            **_sums(session),
            "quarantined": session.scalar(select(func.count()).select_from(QuarantinedPackage)) or 0,
        }
    return found | {"bad_on_disk": _bad_on_disk(office), "left_in_incoming": len(list(office.store.incoming.iterdir()))}


def _packages(session: Session, ledger: Ledger) -> dict[str, int]:
    there = {row.package_id: row.case_id for row in session.execute(select(Package.package_id, Package.case_id))}
    incidents = session.scalars(select(Case.incident_id)).all()
    return {
        "acked_packages": len(ledger.packages),
        "lost_packages": sum(there.get(name) != case_id for name, case_id in ledger.packages.items()),
        "twice_cases": _too_many(incidents) + abs(len(incidents) - len(there)),
    }


def _decisions(session: Session, ledger: Ledger) -> dict[str, int]:
    steps = session.execute(select(CaseTransition.case_id, CaseTransition.action, CaseTransition.note)).all()
    done = {(row.case_id, row.action, row.note) for row in steps if row.note}
    acked = {(each.case_id, each.action, each.note) for each in ledger.decisions}
    return {
        "acked_decisions": len(acked),
        "lost_decisions": len(acked - done),
        "twice_decisions": _too_many(row.note for row in steps if row.note),
        "twice_decided": _too_many(row.case_id for row in steps if row.note),
    }


def _audit(session: Session, ledger: Ledger) -> dict[str, int]:
    rows = session.execute(select(AuditEntry.action, AuditEntry.subject, AuditEntry.reason)).all()
    marks = Counter(str(row.reason).rpartition(": ")[2] for row in rows if row.reason)
    opened = Counter(row.subject for row in rows if row.action in {"package.accepted", "case.opened"})
    wanted = [*(each.note for each in ledger.decisions), *ledger.looks]
    packages = [f"package:{name}" for name in ledger.packages]
    cases = [f"case:{case_id}" for case_id in ledger.packages.values()]
    return {
        "audit_rows": len(rows),
        "acked_looks": len(ledger.looks),
        "lost_audit_rows": sum(not marks[mark] for mark in wanted) + sum(not opened[each] for each in packages + cases),
        "twice_audit_rows": sum(marks[mark] > 1 for mark in [*wanted, *ledger.unanswered])
        + sum(count > 1 for count in opened.values()),
        "broken_chain": int(not verify_log(session).holds),
    }


def _sums(session: Session) -> dict[str, int]:
    """What is kept beside the cases, against the cases."""
    states = {
        (row[0], row[1]): row[2]
        for row in session.execute(
            select(Case.camera_id, Case.state, func.count()).group_by(Case.camera_id, Case.state)
        ).all()
    }
    kept = {(row.camera_id, row.state): row.cases for row in session.scalars(select(CaseCount)) if row.cases}
    versions = dict(session.execute(select(Case.id, Case.version)).tuples().all())
    steps = Counter(session.scalars(select(CaseTransition.case_id)))
    return {
        "wrong_counts": len(set(states.items()) ^ set(kept.items())),
        "wrong_versions": sum(steps[number] != version for number, version in versions.items()),
    }


def _bad_on_disk(office: Office) -> int:
    """Rows whose package does not verify, and verified packages without a row."""
    with office.database.reading() as session:
        keys, known = registry(session), set(session.scalars(select(Package.package_id)))
    on_disk = {path.name for path in office.store.packages.glob("??/*") if path.is_dir()}
    return sum(not verify_package(office.store.path(name), keys).ok for name in known) + len(on_disk ^ known)


def _too_many(values: Iterable[object]) -> int:
    return sum(count - 1 for count in Counter(values).values())
