"""Reminders: numbered without gaps, served, checked after their deadline, counted, and printed."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from api.db.models import Case, Reminder
from api.reminders import paper
from api.reminders.paper import local
from tests.api.conftest import Service
from tests.api.test_life_of_a_case import done, step

DEMAND = "Remove the stall."


@pytest.fixture
def database_url(fast_path: Path, sqlite_template: Path) -> str:
    """What differs between the databases is tested in `test_papers_on_both_databases`: one is enough here."""
    return f"sqlite:///{shutil.copy(sqlite_template, fast_path / 'streetwarden.sqlite3')}"


def vending(service: Service, name: str = "incident-1", kind: str = "street_vending") -> int:
    """A filed case of a stall."""
    bag = service.sealer.seal(name, violation={"kind": kind, "codes": (), "flags": {}})
    answer = service.put(service.worker(), bag)
    assert answer.status_code == 201, answer.text
    case_id = int(answer.json()["case_id"])
    done(service.person("reviewer"), case_id, "confirm")
    return case_id


def remind(client: httpx.Client, case_id: int, **more: Any) -> httpx.Response:
    body = {"case_id": case_id, "subject": "Stall of Wang", "demand": DEMAND, **more}
    return client.post("/api/v1/reminders", json=body)


def put(client: httpx.Client, row: dict[str, Any], what: str, **more: Any) -> httpx.Response:
    return client.put(f"/api/v1/reminders/{row['id']}/{what}", json={"version": row["version"], **more})


def served(client: httpx.Client, case_id: int, **more: Any) -> dict[str, Any]:
    answer = put(client, remind(client, case_id, **more).json(), "service", how="direct")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_a_reminder_not_heeded_opens_the_penalty_that_was_closed_before(service: Service) -> None:
    service.clock.advance(minutes=-30)
    case_id, reviewer = vending(service), service.person("reviewer")
    refused = step(reviewer, case_id, "penalize")
    assert refused.status_code == 409
    assert "reminder" in refused.json()["detail"]
    row = served(reviewer, case_id, hours=1)
    assert row["number_shown"] == "城管提〔2026〕第1号"
    # 15:30 on a Monday, and one working hour: 16:30 that day.
    assert row["due_at"].startswith("2026-06-01T08:30")
    early = put(reviewer, row, "check", result="ignored", note="still there")
    assert (early.status_code, "time to correct until" in early.json()["detail"]) == (409, True)
    service.clock.advance(minutes=70)
    assert [each["id"] for each in reviewer.get("/api/v1/reminders?due=true").json()["items"]] == [row["id"]]
    checked = put(reviewer, row, "check", result="ignored", note="still there").json()
    assert (checked["state"], checked["note"]) == ("ignored", "still there")
    case = reviewer.get(f"/api/v1/cases/{case_id}").json()
    assert (case["state"], case["penalty_state"]) == ("filed", "lead")
    assert case["transitions"][-1]["details"]["document"] == row["number_shown"]


def test_a_corrected_violation_closes_the_case_and_only_a_check_does(service: Service) -> None:
    case_id, reviewer = vending(service), service.person("reviewer")
    assert step(reviewer, case_id, "close_corrected", document="x").status_code == 409
    assert "close_corrected" not in reviewer.get(f"/api/v1/cases/{case_id}").json()["blocked"]
    row = served(reviewer, case_id)
    assert put(reviewer, row, "check", result="corrected", note="gone").status_code == 200
    case = reviewer.get(f"/api/v1/cases/{case_id}").json()
    assert (case["state"], case["transitions"][-1]["action"]) == ("closed", "close_corrected")
    again = put(reviewer, row, "check", result="corrected", note="gone")
    assert again.status_code == 409


def test_only_a_confirmed_case_is_reminded_of_and_once_at_a_time(service: Service) -> None:
    candidate, reviewer = service.case("incident-2"), service.person("reviewer")
    assert "only a case that is filed" in remind(reviewer, candidate).json()["detail"]
    case_id = vending(service)
    first = remind(reviewer, case_id).json()
    assert "still open" in remind(reviewer, case_id).json()["detail"]
    assert put(reviewer, first, "void", reason="wrong stall").status_code == 403
    second = service.person("second_reviewer")
    assert put(second, first, "void", reason="wrong stall").json()["state"] == "void"
    assert remind(reviewer, case_id).json()["number"] == 2, "a void number stays taken"
    assert put(second, first, "void", reason="wrong stall").status_code == 409


def test_a_year_begins_with_one_on_the_offices_own_clock(service: Service) -> None:
    reviewer = service.person("reviewer")
    first, second = vending(service), vending(service, "incident-2")
    assert remind(reviewer, first).json()["year"] == 2026
    # 2026-12-31 17:00 UTC is the new year in Shanghai.
    service.clock.moment = service.clock.moment.replace(month=12, day=31, hour=17)
    row = remind(service.person("reviewer"), second).json()
    assert (row["year"], row["number"]) == (2027, 1)


def test_who_is_limited_to_other_districts_sees_no_reminder(service: Service) -> None:
    reviewer = service.person("reviewer")
    row = remind(reviewer, vending(service)).json()
    admin = service.person("admin")
    body = {"username": "far", "roles": ["reviewer"], "password": "correct horse battery", "districts": ["elsewhere"]}
    assert admin.post("/api/v1/users", json=body).status_code == 201
    far = service.sign_in("far")
    assert far.get("/api/v1/reminders").json()["items"] == []
    assert far.get("/api/v1/reminders/counts").json()["items"] == []
    for answer in (
        far.get(f"/api/v1/reminders/{row['id']}"),
        far.get(f"/api/v1/reminders/{row['id']}/paper.pdf"),
        put(far, row, "service", how="direct"),
        far.get(f"/reminders/{row['id']}"),
    ):
        assert answer.status_code == 404


def test_the_rules_are_data(service: Service) -> None:
    admin, reviewer = service.person("admin"), service.person("reviewer")
    told = admin.get("/api/v1/reminders/rules").json()
    told["rules"] |= {"before_penalty": [], "hours": {"street_vending": 4}, "mark": "西城管提"}
    assert admin.put("/api/v1/reminders/rules", json=told).status_code == 200
    assert admin.put("/api/v1/reminders/rules", json=told).status_code == 409
    case_id = vending(service)
    row = remind(reviewer, case_id).json()
    assert row["number_shown"].startswith("西城管提")
    # 16:00 on a Monday: two hours are left that day, the other two end at 11:00 on Tuesday.
    assert row["due_at"].startswith("2026-06-02T03:00")
    done(reviewer, case_id, "penalize")
    told["version"], told["rules"]["before_penalty"] = 1, ["nonsense"]
    refused = admin.put("/api/v1/reminders/rules", json=told)
    assert (refused.status_code, "unknown kind 'nonsense'" in refused.json()["detail"]) == (422, True)


def test_the_paper_has_its_words_and_fonts_and_each_print_is_logged(service: Service) -> None:
    service.clock.advance(minutes=-30)
    reviewer = service.person("reviewer")
    row = served(reviewer, vending(service), subject="王记烧烤 <b>&", subject_ref="91440101MA5")
    answer = reviewer.get(f"/api/v1/reminders/{row['id']}/paper.pdf")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert answer.content.startswith(b"%PDF-")
    assert b"NotoSansCJK" in answer.content
    log = service.person("auditor").get("/api/v1/audit", params={"subject": f"reminder:{row['id']}"}).json()["items"]
    assert log[0]["action"] == "paper.printed"
    with service.office.database.reading() as session:
        reminder = session.get_one(Reminder, row["id"])
        matter = paper._matter(session, session.get_one(Case, row["case_id"]))
    for language, due, name in (
        ("zh", "2026年6月1日 17:30", "无照经营游商"),
        ("en", "1 June 2026, 17:30", "Unlicensed street vending"),
    ):
        said = " ".join(text for _name, text in paper._words(reminder, matter, ZoneInfo("Asia/Shanghai"), language))
        assert all(words in said for words in ("王记烧烤 <b>&", due, name))
        assert "{" not in said


def test_times_on_paper_are_the_offices() -> None:
    at = datetime(2026, 6, 1, 16, 5, tzinfo=UTC)
    assert local(at, ZoneInfo("Asia/Shanghai"), "zh") == "2026年6月2日 00:05"
    assert local(at, ZoneInfo("Asia/Shanghai"), "en") == "2 June 2026, 00:05"
