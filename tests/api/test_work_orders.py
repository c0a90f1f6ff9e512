"""Work orders come in and go out once, follow their cases, and keep who reported them to themselves."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.db.models import WorkOrder
from api.webhooks.cursors import follow
from api.webhooks.outbox import read
from api.work_orders import follow as orders
from api.work_orders.states import STEPS, OrderState, Side
from tests.api.conftest import Service
from tests.api.test_life_of_a_case import done

PHONE = "13800000000"
ORDER: dict[str, Any] = {
    "title": "占道经营",
    "content": "夜市摊位占用人行道",
    "address": "北京路 12 号",
    "code": "09001",
    "urgency": "urgent",
    "reporter": {"name": "李女士", "phone": PHONE},
    "accepted_at": "2026-06-01T07:30:00+08:00",
    "due_at": "2026-06-03T18:00:00+08:00",
}
PLACE = "/api/v1/work-orders/received/12345/GZ-0001"


@pytest.fixture
def database_url(fast_path: Path, sqlite_template: Path) -> str:
    """What differs between the databases is tested in `test_papers_on_both_databases`: one is enough here."""
    return f"sqlite:///{shutil.copy(sqlite_template, fast_path / 'streetwarden.sqlite3')}"


def hand_over(service: Service) -> tuple[httpx.Client, int]:
    """An order of the hotline; gives the hotline's client and the order's number."""
    hotline = service.machine("exchange", "12345")
    answer = hotline.put(PLACE, json=ORDER)
    assert answer.status_code == 201, answer.text
    return hotline, int(service.person("auditor").get("/api/v1/work-orders").json()["items"][0]["id"])


def say(client: httpx.Client, order_id: int, state: str, note: str | None = None) -> httpx.Response:
    version = client.get(f"/api/v1/work-orders/{order_id}").json()["version"]
    return client.post(
        f"/api/v1/work-orders/{order_id}/updates", json={"version": version, "state": state, "note": note}
    )


def told(service: Service) -> list[tuple[str, dict[str, Any]]]:
    """What the outbox holds about work orders."""
    with service.office.database.reading() as session:
        events = read(session, 0, 1000).events
    return [(event.action, event.data) for event in events if event.action.startswith("work_order.")]


def test_who_reported_it_is_encrypted_and_shown_to_handlers_only(service: Service) -> None:
    hotline, order_id = hand_over(service)
    path = f"/api/v1/work-orders/{order_id}"
    assert service.person("reviewer").get(path).json()["reporter"]["phone"] == PHONE
    assert service.person("auditor").get(path).json()["reporter"] is None
    assert PHONE not in hotline.get(PLACE).text
    assert PHONE not in str(told(service))
    assert PHONE not in service.person("auditor").get("/api/v1/audit").text
    with service.office.database.reading() as session:
        assert PHONE.encode() not in (session.get_one(WorkOrder, order_id).reporter_encrypted or b"")


def catch_up(service: Service) -> None:
    """Follow to the end of the log; the service's own thread does the same, and each event counts once."""
    while follow(service.office, orders.CURSOR, orders.take, orders.before_all):
        pass


def test_a_rejected_case_returns_the_order_with_the_reason(service: Service) -> None:
    hotline, order_id = hand_over(service)
    case_id, reviewer = service.case("incident-1"), service.person("reviewer")
    reviewer.put(f"/api/v1/work-orders/{order_id}/case", json={"version": 1, "case_id": case_id})
    done(reviewer, case_id, "reject", reason="permitted")
    catch_up(service)
    assert hotline.get(PLACE).json()["result"] == f"Case {case_id} is rejected: permitted."


def test_a_filed_case_goes_out_dispatched_and_its_answer_comes_back(service: Service) -> None:
    case_id, reviewer = service.case("incident-1"), service.person("reviewer")
    body = {"case_id": case_id, "target": "12319", "unit": "Sanitation", "content": "clear it"}
    early = reviewer.post("/api/v1/work-orders", json=body)
    assert (early.status_code, "only a filed case" in early.json()["detail"]) == (409, True)
    done(reviewer, case_id, "confirm")
    order = reviewer.post("/api/v1/work-orders", json=body).json()
    assert (order["number"], order["state"]) == ("SW2026-000001", "waiting")
    case = reviewer.get(f"/api/v1/cases/{case_id}").json()
    assert (case["state"], case["unit"], case["due_at"]) == ("dispatched", "Sanitation", order["due_at"])
    assert reviewer.post("/api/v1/work-orders", json=body).status_code == 409
    city = service.machine("exchange", "12319")
    place = f"/api/v1/work-orders/sent/12319/{order['number']}"
    assert city.put(f"{place}/updates/1", json={"state": "accepted", "number": "CITY-77"}).status_code == 200
    missing = city.put(f"{place}/updates/2", json={"state": "done"})
    assert (missing.status_code, "note" in missing.json()["detail"]) == (422, True)
    assert city.put(f"{place}/updates/2", json={"state": "done", "note": "cleared"}).json()["their_number"] == "CITY-77"
    ours = city.put(f"{place}/updates/3", json={"state": "closed"})
    assert (ours.status_code, "cannot make it closed" in ours.json()["detail"]) == (409, True)
    assert say(reviewer, order["id"], "closed").json()["state"] == "closed"
    assert told(service)[0][1]["content"] == "clear it"


def test_an_undone_transaction_leaves_no_order_and_no_number(service: Service) -> None:
    case_id, reviewer = service.case("incident-1"), service.person("reviewer")
    done(reviewer, case_id, "confirm")
    holder = service.person("reviewer")
    assert holder.put(f"/api/v1/cases/{case_id}/lock").status_code == 200
    body = {"case_id": case_id, "target": "12319", "unit": "Sanitation", "content": "clear it"}
    assert reviewer.post("/api/v1/work-orders", json=body).status_code == 409
    assert reviewer.get("/api/v1/work-orders").json()["items"] == []
    assert holder.post("/api/v1/work-orders", json=body).json()["number"] == "SW2026-000001"


def test_an_exchange_sees_its_orders_and_nothing_else(service: Service) -> None:
    hotline, _order_id = hand_over(service)
    for path in ("/api/v1/cases", "/api/v1/work-orders", "/api/v1/cameras", "/api/v1/audit", "/api/v1/users"):
        assert hotline.get(path).status_code == 403, path
    assert hotline.get("/api/v1/work-orders/received/12345/other").status_code == 404
    assert service.person("reviewer").get(PLACE).status_code == 403
    stranger = service.machine("exchange", "12319")
    for answer in (
        stranger.get(PLACE),
        stranger.put(PLACE, json=ORDER),
        stranger.put(f"{PLACE}/updates/1", json={"state": "cancelled", "note": "x"}),
    ):
        assert (answer.status_code, "named '12319'" in answer.json()["detail"]) == (404, True)


def test_what_is_not_an_order_is_refused_with_its_field(service: Service) -> None:
    hotline = service.machine("exchange", "12345")
    wrong: tuple[dict[str, Any], ...] = ({"title": ""}, {"urgency": "soon"}, {"surprise": 1}, {"code": "x"})
    times = ({"due_at": "2026-06-03T18:00:00"}, {"due_at": "9999-12-31T23:59:59-12:00"})
    for each in (*wrong, *times):
        answer = hotline.put(PLACE, json=ORDER | each)
        assert (answer.status_code, answer.json()["errors"][0]["where"]) == (422, next(iter(each)))


def test_the_table_of_steps_leaves_no_state_without_a_way(service: Service) -> None:
    assert {each.source for each in STEPS} | {OrderState.CLOSED, OrderState.CANCELLED} == set(OrderState)
    assert {each.side for each in STEPS} == set(Side)
    _hotline, order_id = hand_over(service)
    reviewer = service.person("reviewer")
    assert say(reviewer, order_id, "closed").status_code == 409
