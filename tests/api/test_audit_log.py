"""The audit log tells everything that happened, and cannot be changed unseen."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
import rfc8785
from sqlalchemy import text
from sqlalchemy.exc import DataError, DBAPIError

from api.access import SYSTEM
from api.audit.appending import canonical_parts
from api.audit.service import Event, record
from tests.api.conftest import PASSWORD, Service


def rows(service: Service) -> list[dict[str, object]]:
    items = service.person("auditor").get("/api/v1/audit?limit=500").json()["items"]
    return list(reversed(items))


def verdict(service: Service) -> dict[str, object]:
    answer: dict[str, object] = service.person("auditor").get("/api/v1/audit/verification").json()
    return answer


def tamper(service: Service, *statements: str) -> None:
    """What somebody with the database in their hands can do."""
    postgres = service.office.database.engine.dialect.name == "postgresql"
    with service.office.database.engine.execution_options(writes=True).begin() as connection:
        if postgres:
            connection.execute(text("DROP TRIGGER audit_log_append_only ON audit_log"))
        else:
            connection.execute(text("DROP TRIGGER audit_log_no_UPDATE"))
            connection.execute(text("DROP TRIGGER audit_log_no_DELETE"))
        for statement in statements:
            connection.execute(text(statement))


def test_every_step_is_written_down_with_who_why_before_and_after(service: Service) -> None:
    case_id = service.case("incident-1")
    reviewer = service.person("reviewer", username="chen")
    body = {"action": "reject", "version": 1, "reason": "other", "note": "a film set"}
    reviewer.post(f"/api/v1/cases/{case_id}/decisions", json=body)
    found = rows(service)
    actions = [row["action"] for row in found]
    assert actions == ["token.created", "key.registered", "package.accepted", "case.opened", "case.reject"]
    last = found[-1]
    assert (last["actor"], last["actor_kind"], last["subject"]) == ("chen", "person", f"case:{case_id}")
    assert last["reason"] == "other: a film set"
    assert last["before"] == {"state": "candidate", "version": 1, "reason": None}
    assert last["after"] == {"state": "rejected", "version": 2, "reason": "other"}
    assert verdict(service)["holds"]


def test_sign_ins_and_refusals_are_written_down_but_no_password_is(service: Service) -> None:
    service.person("reviewer", username="chen")
    client = service.anonymous()
    client.post("/api/v1/session", json={"username": "chen", "password": "a secret mistake"})
    client.post("/api/v1/session", json={"username": "a secret mistake", "password": "x"})
    client.post("/api/v1/session", json={"username": "chen", "password": PASSWORD})
    found = rows(service)
    assert [(row["action"], row["subject"]) for row in found] == [
        ("session.refused", "user:chen"), ("session.refused", "user:unknown"), ("session.opened", "user:chen"),
    ]  # fmt: skip
    assert "secret mistake" not in repr(found)


def test_the_parts_of_a_row_make_its_canonical_json() -> None:
    at = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)
    facts = {"reason": "因", "before": None, "after": {"名": "值", "share": 0.5}}
    row: dict[str, Any] = {
        "at": at,
        "actor": 'a "quoted" name',
        "actor_kind": "person",
        "action": "a",
        "subject": "s:1",
        "reason": "因",
    }
    opening, middle, ending = canonical_parts(row | facts)
    whole = row | facts | {"at": "2026-06-01T08:00:00.000000+00:00", "previous_hash": "ab", "sequence": 7}
    assert f"{opening}ab{middle}7{ending}".encode() == rfc8785.dumps(whole)


def write(service: Service, action: str, *, fails: bool = False) -> None:
    with service.office.database.writing() as session:
        record(session, SYSTEM, service.office.now(), Event("a", "s:1"))
        record(session, SYSTEM, service.office.now(), Event(action, "s:1"))
        if fails:
            raise RuntimeError


def test_what_does_not_commit_is_not_written_down(service: Service) -> None:
    before = len(rows(service))
    with pytest.raises(RuntimeError):
        write(service, "b", fails=True)
    if service.office.database.engine.dialect.name == "postgresql":
        # Refused together with the commit: still an error that the service has an answer for.
        with pytest.raises(DataError):
            write(service, "too long for its column" * 10)
    assert len(rows(service)) == before
    write(service, "b")
    assert len(rows(service)) == before + 2
    assert verdict(service)["holds"]


@pytest.mark.parametrize("statement", ["UPDATE audit_log SET actor = 'x'", "DELETE FROM audit_log"])
def test_the_database_refuses_to_change_or_delete_rows(service: Service, statement: str) -> None:
    service.case("incident-1")
    with (
        pytest.raises(DBAPIError, match="append-only"),
        service.office.database.engine.execution_options(writes=True).begin() as connection,
    ):
        connection.execute(text(statement))
    assert verdict(service)["holds"]


@pytest.mark.parametrize(
    ("statement", "broken_at", "problem"),
    [
        ("UPDATE audit_log SET actor = 'somebody' WHERE sequence = 2", 2, "a row was changed"),
        ("UPDATE audit_log SET after = NULL WHERE sequence = 4", 4, "a row was changed"),
        ("DELETE FROM audit_log WHERE sequence = 3", 3, "a row is missing"),
        ("DELETE FROM audit_log WHERE sequence = 4", 4, "the end of the log is missing"),
        ("DELETE FROM audit_log", 1, "the end of the log is missing"),
    ],
)
def test_tampering_is_found_and_located(service: Service, statement: str, broken_at: int, problem: str) -> None:
    service.case("incident-1")
    tamper(service, statement)
    found = verdict(service)
    assert (found["holds"], found["broken_at"], found["problem"]) == (False, broken_at, problem)


def test_many_writers_at_once_make_one_chain(service: Service) -> None:
    worker = service.worker()
    bags = [service.sealer.seal(f"incident-{number}") for number in range(8)]
    contents = [bag.zip(service.scratch) for bag in bags]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda pair: service.put(worker, *pair), zip(bags, contents, strict=True)))
    assert [answer.status_code for answer in answers] == [201] * 8
    found = verdict(service)
    assert found["holds"]
    assert found["entries"] == 2 + 2 * 8


def test_the_log_is_paged_and_found_by_subject(service: Service) -> None:
    service.case("incident-1")
    auditor = service.person("auditor")
    first = auditor.get("/api/v1/audit?limit=3").json()
    rest = auditor.get(f"/api/v1/audit?limit=3&before={first['next']}").json()
    assert [row["sequence"] for row in first["items"] + rest["items"]] == [4, 3, 2, 1]
    about = auditor.get("/api/v1/audit?subject=case:1").json()["items"]
    assert [row["action"] for row in about] == ["case.opened"]
