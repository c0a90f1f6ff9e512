"""A case goes through its two tables, step by step, and no step goes where a check stands in its way."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import httpx
import pytest

from api.cases.lifecycle import STEPS, CaseState, Flow, PenaltyState
from api.cases.lifecycle_guards import GUARDS
from api.cases.timers import escalate
from api.worktime.calendar import Span, WorkCalendar
from tests.api.conftest import Service

FILE = {
    "legal_review_no": "L-1",
    "legal_review_date": "2026-01-01",
    "technical_review_no": "T-1",
    "technical_review_date": "2026-01-01",
    "published_where": "the district's page",
    "published_date": "2026-01-02",
    "sign_photo_ref": "signs/1.jpg",
    "maintenance_valid_until": "2027-01-01",
    "verification_valid_until": "2027-01-01",
}


def step(client: httpx.Client, case_id: int, action: str, **more: Any) -> httpx.Response:
    version = client.get(f"/api/v1/cases/{case_id}").json()["version"]
    return client.post(f"/api/v1/cases/{case_id}/decisions", json={"action": action, "version": version, **more})


def done(client: httpx.Client, case_id: int, action: str, **more: Any) -> dict[str, Any]:
    answer = step(client, case_id, action, **more)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def camera(service: Service, file: dict[str, str] | None = None, **more: Any) -> None:
    body = {"id": "north-gate", "url": "rtsp://127.0.0.1/1", "file": file or {}, **more}
    answer = service.person("ops").post("/api/v1/cameras", json=body)
    assert answer.status_code == 201, answer.text


def evidence(service: Service) -> int:
    """A case whose record has nothing against it but the camera's file."""
    bag = service.sealer.seal("incident-1", grade="lead", reasons=("camera_file_incomplete",))
    answer = service.put(service.worker(), bag)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["case_id"])


def test_the_tables_only_name_states_and_checks_that_exist() -> None:
    states: dict[Flow, set[str]] = {Flow.MANAGEMENT: set(CaseState), Flow.PENALTY: set(PenaltyState)}
    for each in STEPS:
        assert {each.source, each.target} <= states[each.flow], each.action
        assert set(each.guards) <= set(GUARDS), each.action
        assert each.roles
    assert len({(each.action, each.source) for each in STEPS}) == len(STEPS)


@pytest.mark.parametrize("flow", list(Flow))
def test_every_state_can_be_reached(flow: Flow) -> None:
    begin: set[str] = {"candidate"} if flow is Flow.MANAGEMENT else {"none"}
    for _ in range(20):
        begin |= {each.target for each in STEPS if each.flow is flow and each.source in begin}
    assert begin == set(CaseState if flow is Flow.MANAGEMENT else PenaltyState)


def test_a_case_is_managed_from_the_lead_to_the_answer(service: Service) -> None:
    case_id, one, two = service.case("incident-1"), service.person("reviewer"), service.person("reviewer")
    done(one, case_id, "confirm")
    assert step(one, case_id, "dispatch").status_code == 422
    assert done(one, case_id, "dispatch", unit="north brigade")["unit"] == "north brigade"
    done(one, case_id, "handle", note="towed")
    refused = step(one, case_id, "verify")
    assert (refused.status_code, "does not check" in refused.json()["detail"]) == (409, True)
    done(two, case_id, "rework", note="it came back")
    done(one, case_id, "handle", note="towed again")
    done(two, case_id, "verify")
    done(two, case_id, "close")
    case = done(one, case_id, "answer", note="told 12345")
    assert (case["state"], case["transitions"][2]["details"]) == ("answered", {"unit": "north brigade"})
    counts = one.get("/api/v1/cases/counts").json()["counts"]
    assert {name: number for name, number in counts.items() if number} == {"answered": 1}


def test_a_second_opinion_is_another_persons(service: Service) -> None:
    case_id = service.case("incident-1")
    both = service.person("reviewer", "second_reviewer")
    done(both, case_id, "ask_opinion", note="is that a stall?")
    assert step(both, case_id, "confirm").status_code == 409
    assert step(service.person("reviewer"), case_id, "confirm").status_code == 403
    assert done(service.person("second_reviewer"), case_id, "confirm")["state"] == "filed"


def test_a_deadline_is_only_put_off_and_a_void_case_names_a_reason_of_the_list(service: Service) -> None:
    case_id, one, second = service.case("incident-1"), service.person("reviewer"), service.person("second_reviewer")
    done(one, case_id, "confirm")
    due = datetime.fromisoformat(done(one, case_id, "dispatch", unit="north brigade")["due_at"])
    sooner, later = (due - timedelta(hours=1)).isoformat(), (due + timedelta(days=2)).isoformat()
    assert step(second, case_id, "extend", until=sooner, note="no crane").status_code == 409
    assert datetime.fromisoformat(done(second, case_id, "extend", until=later, note="no crane")["due_at"]) == due + (
        timedelta(days=2)
    )
    assert step(second, case_id, "void", reason="no_violation").status_code == 422
    assert done(second, case_id, "void", reason="plate_wrong")["decision_reason"] == "plate_wrong"


def test_a_penalty_needs_two_people_a_complete_camera_file_and_a_notice(service: Service) -> None:
    camera(service)
    case_id, both = evidence(service), service.person("reviewer", "second_reviewer")
    assert step(both, case_id, "penalize").status_code == 409
    done(both, case_id, "confirm")
    done(both, case_id, "penalize")
    done(both, case_id, "screen")
    second = service.person("second_reviewer", "reviewer")
    assert "another person" in step(both, case_id, "review").json()["detail"]
    refused = step(second, case_id, "review").json()["detail"]
    assert "incomplete: legal_review_no" in refused
    assert second.get(f"/api/v1/cases/{case_id}").json()["blocked"]["review"] == refused
    answer = service.person("ops").patch("/api/v1/cameras/north-gate", json={"version": 1, "file": FILE})
    assert answer.json()["file_state"]["complete"], answer.text
    assert done(second, case_id, "review")["grade"] == "evidence"
    assert step(second, case_id, "decide", document="D-1").status_code == 409
    done(both, case_id, "notify", document="N-1")
    assert "may speak until" in step(second, case_id, "decide", document="D-1").json()["detail"]
    done(both, case_id, "hear", note="was unloading")
    done(second, case_id, "recheck", note="the sign forbids it")
    done(second, case_id, "decide", document="D-1")
    for action, more in (("serve", {"document": "S-1"}), ("execute", {"note": "paid"}), ("archive", {})):
        done(both, case_id, action, **more)
    case = both.get(f"/api/v1/cases/{case_id}").json()
    assert (case["penalty_state"], case["state"]) == ("archived", "filed")


def test_a_record_with_faults_of_its_own_never_becomes_evidence(service: Service) -> None:
    camera(service, FILE)
    bag = service.sealer.seal("incident-1", grade="lead", reasons=("clock_off", "camera_file_incomplete"))
    case_id = int(service.put(service.worker(), bag).json()["case_id"])
    one, second = service.person("reviewer"), service.person("second_reviewer")
    for action in ("confirm", "penalize", "screen"):
        done(one, case_id, action)
    assert step(second, case_id, "review").json()["detail"] == "The record stays a lead: clock_off."


def test_after_90_days_nothing_is_decided_any_more(service: Service) -> None:
    camera(service, FILE)
    case_id = evidence(service)
    for action in ("confirm", "penalize", "screen"):
        done(service.person("reviewer"), case_id, action)
    done(service.person("second_reviewer"), case_id, "review")
    service.clock.advance(days=90, minutes=1)
    refused = step(service.person("reviewer"), case_id, "notify", document="N-1")
    assert (refused.status_code, "90 days" in refused.json()["detail"]) == (409, True)
    assert done(service.person("second_reviewer"), case_id, "drop", reason="not_proven")["penalty_state"] == "dropped"


def test_a_deadline_is_told_when_it_nears_and_when_it_is_over(service: Service) -> None:
    case_id, reviewer = service.case("incident-1"), service.person("reviewer")
    done(reviewer, case_id, "confirm")
    # Monday 16:00 in Shanghai: four working hours end on Tuesday at 11:00 there.
    assert reviewer.get(f"/api/v1/cases/{case_id}").json()["due_at"].startswith("2026-06-02T03:00")
    assert escalate(service.office) == 0
    service.clock.advance(hours=17.5)
    assert (escalate(service.office), escalate(service.office)) == (1, 0)
    reviewer = service.person("reviewer")
    assert reviewer.get("/api/v1/cases?escalation=near").json()["items"][0]["id"] == case_id
    service.clock.advance(hours=1.6)
    assert (escalate(service.office), escalate(service.office)) == (1, 0)
    assert reviewer.get("/api/v1/cases?escalation=overdue").json()["items"][0]["id"] == case_id
    assert done(reviewer, case_id, "dispatch", unit="north brigade")["escalation"] == "none"


def test_the_handling_time_of_the_matter_code_counts(service: Service) -> None:
    admin, reviewer = service.person("admin"), service.person("reviewer")
    code = {"standard_ref": "local", "name_zh": "机动车乱停放", "name_en": "Parking", "handling_hours": 1.5}
    answer = admin.put("/api/v1/codes/09009/2026-01-01", json={**code, "kind": "illegal_parking"})
    assert answer.status_code == 201, answer.text
    case_id = service.case("incident-1")
    done(reviewer, case_id, "confirm")
    case = done(reviewer, case_id, "dispatch", unit="north brigade")
    assert (case["code"], case["due_at"][:16]) == ("09009", "2026-06-01T09:30")


@pytest.mark.parametrize(
    ("begins", "hours", "ends"),
    [
        ("2026-06-01T01:00", 3, "2026-06-01T04:00"),
        ("2026-06-01T01:00", 4, "2026-06-01T07:00"),
        ("2026-06-05T09:30", 1, "2026-06-08T01:30"),
        ("2026-06-18T09:30", 1, "2026-06-20T01:30"),
    ],
)
def test_working_hours_pass_over_nights_weekends_and_holidays(begins: str, hours: float, ends: str) -> None:
    calendar = WorkCalendar(holidays=[date(2026, 6, 19)], working_days=[date(2026, 6, 20)])
    found = calendar.add(datetime.fromisoformat(begins).replace(tzinfo=UTC), hours)
    assert found == datetime.fromisoformat(ends).replace(tzinfo=UTC)


def test_a_week_without_hours_and_a_span_that_ends_before_it_begins_are_refused(service: Service) -> None:
    admin = service.person("admin")
    told = admin.get("/api/v1/office/calendar").json()
    told["calendar"]["week"] = {}
    assert admin.put("/api/v1/office/calendar", json=told).status_code == 422
    with pytest.raises(ValueError, match="later"):
        Span(begins=time(12), ends=time(9))
    told["calendar"]["week"] = {"0": [{"begins": "08:00", "ends": "12:00"}]}
    saved = admin.put("/api/v1/office/calendar", json=told).json()
    assert saved["version"] == 1
    assert admin.put("/api/v1/office/calendar", json=told).status_code == 409


def test_a_held_case_says_so_to_retention(service: Service) -> None:
    from api.cases.holds import retention_states  # noqa: PLC0415

    case_id, second = service.case("incident-1"), service.person("second_reviewer")
    package = second.get(f"/api/v1/cases/{case_id}").json()["packages"][0]["package_id"]
    state = retention_states(service.office)
    assert (state(package).retention_class, state(package).held) == ("raw", False)
    assert second.put(f"/api/v1/cases/{case_id}/hold", json={"reason": "appeal 7"}).status_code == 204
    done(service.person("reviewer"), case_id, "confirm")
    assert (state(package).retention_class, state(package).held) == ("evidence", True)
    assert second.delete(f"/api/v1/cases/{case_id}/hold").status_code == 204
    assert not state(package).held
    assert state("unknown").held
