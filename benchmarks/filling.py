"""Filling the books of an office: cases with their incidents, steps, packages and rows of the audit log, in bulk."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from sqlalchemy import func, insert, select, text
from sqlalchemy.orm import Session

from api.audit.appending import HEAD_ID
from api.audit.service import GENESIS
from api.cases.lifecycle import OPEN, OPEN_STATES
from api.db.models import (
    AuditEntry,
    AuditHead,
    Base,
    Camera,
    Case,
    CaseCount,
    CaseTransition,
    IncidentRecord,
    Package,
    PackageFile,
    ZoneVersion,
)
from api.office import Office
from evidence.manifest import package_id_for

CAMERAS, PIECE = 500, 20_000
APART = timedelta(seconds=20)
KINDS = ("illegal_parking", "street_vending", "exposed_garbage", "uncovered_muck_truck")
# Of a hundred cases: how a city's books look, most of them long done.
STATES = ("candidate",) * 5 + ("filed",) * 3 + ("dispatched",) * 2 + ("rejected",) * 40 + ("answered",) * 50
LIMIT = timedelta(days=5)
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Books:
    """What the books are filled with: so many cases, the last of them begun at `until`; each open one has a package
    with this manifest."""

    cases: int
    until: datetime
    manifest: Row

    def begun(self, number: int) -> datetime:
        """When the case of that number began."""
        return self.until - APART * (self.cases - number)


def fill(office: Office, books: Books) -> None:
    """Write all of it; the database has its schema and nothing else."""
    with office.database.writing() as session:
        session.execute(insert(Camera), [camera_row(office, number) for number in range(CAMERAS)])
        session.execute(insert(ZoneVersion), [zone_row(number) for number in range(CAMERAS)])
    audit = Audit(office)
    for begin in range(0, books.cases, PIECE):
        numbers = range(begin, min(begin + PIECE, books.cases))
        with office.database.writing() as session:
            for model, rows in rows_of(books, numbers).items():
                write_rows(session, model, rows)
            audit.write(session, books, numbers)
    with office.database.writing() as session:
        _count(session)
        session.execute(text("ANALYZE"))


def write_rows(session: Session, model: type[Base], rows: Sequence[Row]) -> None:
    """Write rows of one shape; PostgreSQL takes them several times faster as one copy."""
    if not rows:
        return
    if session.get_bind().dialect.name != "postgresql":
        session.execute(insert(model), rows)
        return
    names = list(rows[0])
    columns = psycopg.sql.SQL(", ").join(map(psycopg.sql.Identifier, names))
    table = psycopg.sql.Identifier(model.__tablename__)
    statement = psycopg.sql.SQL("COPY {} ({}) FROM STDIN").format(table, columns)
    driver: Any = session.connection().connection.driver_connection
    with driver.cursor().copy(statement) as copy:
        for row in rows:
            copy.write_row([_as_column(row[name]) for name in names])


def _as_column(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict | list) else value


def rows_of(books: Books, numbers: Sequence[int]) -> dict[type[Base], list[Row]]:
    """The rows of these cases by table, parents first. Case numbers are row numbers, from 1."""
    cases = [case_row(books, number) for number in numbers]
    with_package = [case for case in cases if case["still_package_id"]]
    return {
        IncidentRecord: [incident_row(case) for case in cases],
        Case: cases,
        CaseTransition: [step_row(case) for case in cases],
        Package: [package_row(books, case) for case in with_package],
        PackageFile: [row for case in with_package for row in file_rows(books, case)],
    }


def case_row(books: Books, number: int) -> Row:
    """The case of that number, the same in every run."""
    at, camera, state = books.begun(number), number % CAMERAS, STATES[number * 37 % 100]
    is_open, due = state in OPEN_STATES, at + LIMIT
    package = package_id_for(f"incident-{number}") if is_open else None
    return {
        "id": number + 1, "incident_id": f"incident-{number}", "camera_id": f"camera-{camera}", "zone_id": "kerb",
        "zone_version": 1, "kind": KINDS[number // 7 % len(KINDS)], "state": state, "version": 1, "grade": "lead",
        "grade_reasons": ["camera_file_incomplete"], "started_at": at, "created_at": at, "last_seen_at": at,
        "box": [10.0, 10.0, 90.0, 90.0], "district": f"district-{camera % 10}", "code": "09009",
        "due_at": due if is_open else None, "next_due_at": due if is_open else None,
        "alarm_at": due if is_open and due > books.until else None,
        "escalation": "overdue" if is_open and due <= books.until else "none",
        "unit": f"unit-{camera % 7}" if state == "dispatched" else None, "packages_count": 1,
        "still_package_id": package, "still_path": "data/stills/panorama_confirmed.jpg" if is_open else None,
    }  # fmt: skip


def incident_row(case: Row) -> Row:
    """The incident that opened a case."""
    same = ("incident_id", "camera_id", "zone_id", "zone_version", "kind", "started_at", "grade")
    later = case["started_at"] + timedelta(minutes=5)
    return {name: case[name] for name in same} | {
        "state": "ended", "confirmed_at": later, "ended_at": later, "score": 0.8, "box_xyxy": case["box"],
        "frame_size_wh": [1920, 1080], "reasons": case["grade_reasons"], "updated_at": later,
    }  # fmt: skip


def step_row(case: Row) -> Row:
    """A case's first step."""
    return {
        "case_id": case["id"], "version": 1, "action": OPEN, "from_state": None, "to_state": "candidate",
        "actor": "token:1:filling", "at": case["created_at"],
    }  # fmt: skip


def package_row(books: Books, case: Row) -> Row:
    """The package of a case: the pattern's manifest under the case's own names."""
    camera = {**books.manifest["camera"], "id": case["camera_id"]}
    manifest = books.manifest | {
        "package_id": case["still_package_id"],
        "incident_id": case["incident_id"],
        "camera": camera,
    }
    return {
        "package_id": case["still_package_id"], "case_id": case["id"], "incident_id": case["incident_id"],
        "camera_id": case["camera_id"], "sequence": case["id"], "key_id": manifest["key_id"],
        "manifest_sha256": "ab" * 32, "manifest": manifest, "received_at": case["created_at"], "part": 1,
    }  # fmt: skip


def file_rows(books: Books, case: Row) -> Iterator[Row]:
    """The files that a package's manifest lists."""
    for entry in books.manifest["files"]:
        yield {
            "package_id": case["still_package_id"], "path": entry["path"], "media_type": entry["media_type"],
            "role": entry["role"], "size_bytes": entry["bytes"], "sha256": entry["sha256"],
        }  # fmt: skip


def camera_row(office: Office, number: int) -> Row:
    """A camera."""
    return {
        "id": f"camera-{number}", "name": f"Camera {number}", "url_encrypted": office.cipher.encrypt("rtsp://host/1"),
        "url_shown": "rtsp://host/1", "transport": "tcp", "timezone": "Asia/Shanghai", "enabled": True, "version": 1,
        "created_at": office.now(), "updated_at": office.now(), "district": f"district-{number % 10}",
        "latitude": 23.1 + number % 25 * 0.004, "longitude": 113.2 + number // 25 * 0.004,
    }  # fmt: skip


def zone_row(number: int) -> Row:
    """The zone of a camera."""
    return {
        "camera_id": f"camera-{number}", "zone_id": "kerb", "version": 1, "zone_class": "prohibited",
        "polygon": [[0.1, 0.5], [0.9, 0.5], [0.9, 0.9], [0.1, 0.9]], "retired": False, "author": "filling",
        "rules": [{"kind": kind, "dwell_seconds": 300.0} for kind in KINDS], "reason": "",
        "created_at": datetime(2026, 1, 1, tzinfo=UTC),
    }  # fmt: skip


class Audit:
    """The chain of the audit log, continued in bulk: what `audit.service.record` writes one by one."""

    def __init__(self, office: Office) -> None:
        with office.database.reading() as session:
            head = session.get_one(AuditHead, HEAD_ID)
        self._sequence, self._hash = head.sequence, head.entry_hash or GENESIS

    def write(self, session: Session, books: Books, numbers: Sequence[int]) -> None:
        """A row that opens each of these cases."""
        write_rows(session, AuditEntry, [self._row(books, number) for number in numbers])
        values = {"sequence": self._sequence, "entry_hash": self._hash}
        session.execute(AuditHead.__table__.update().values(**values))  # type: ignore[attr-defined]

    def _row(self, books: Books, number: int) -> Row:
        self._sequence += 1
        row: Row = {
            "sequence": self._sequence, "at": books.begun(number), "actor": "token:1:filling", "actor_kind": "machine",
            "action": "case.opened", "subject": f"case:{number + 1}", "reason": None, "before": None,
            "after": {"state": "candidate", "incident_id": f"incident-{number}", "grade": "lead"},
            "previous_hash": self._hash,
        }  # fmt: skip
        # For plain words and whole numbers this is RFC 8785 too, and many times faster.
        told = row | {"at": row["at"].isoformat(timespec="microseconds")}
        canonical = json.dumps(told, sort_keys=True, separators=(",", ":"))
        row["entry_hash"] = self._hash = hashlib.sha256(canonical.encode()).hexdigest()
        return row


def _count(session: Session) -> None:
    grouped = select(Case.camera_id, Case.state, func.count()).group_by(Case.camera_id, Case.state)
    session.execute(insert(CaseCount).from_select(["camera_id", "state", "cases"], grouped))
    if session.get_bind().dialect.name == "postgresql":
        # The rows came with their numbers: the next one that the database gives must be higher.
        wanted = "SELECT setval(pg_get_serial_sequence('cases', 'id'), (SELECT max(id) FROM cases))"
        session.execute(text(wanted))
