"""Reminders, work orders and the report on SQLite and on PostgreSQL: numbers, counts, followers, months."""

from __future__ import annotations

import csv
import io
import zipfile
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from api.access import Principal, Role
from api.cases.timers import escalate
from api.chores import Chores
from api.errors import ConflictError
from api.reminders.schemas import ReminderIn
from api.reminders.service import issue, subject_key, tell_due
from api.reports import facts
from api.webhooks.cursors import follow
from tests.api.conftest import Service
from tests.api.test_life_of_a_case import done
from tests.api.test_reminders import DEMAND, put, remind, served, vending
from tests.api.test_work_orders import ORDER, PLACE, catch_up, hand_over, told


def test_numbers_have_no_gaps_when_many_issue_at_once_and_some_fail(service: Service) -> None:
    cases = [vending(service, f"incident-{number}") for number in range(1, 7)]
    reviewer = Principal(name="chen", kind="person", roles=frozenset({Role.REVIEWER}), unit="First squad")

    def one(case_id: int) -> int | str:
        try:
            told = ReminderIn(case_id=case_id, subject="s", demand=DEMAND)
            return issue(service.office, reviewer, told).number
        except ConflictError as error:
            return type(error).__name__

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(one, [*cases, *cases]))
    assert sorted(each for each in found if isinstance(each, int)) == [1, 2, 3, 4, 5, 6]
    assert [each for each in found if isinstance(each, str)] == ["ConflictError"] * 6
    other = Principal(name="li", kind="person", roles=frozenset({Role.REVIEWER}), unit="Second squad")
    fresh = vending(service, "incident-9")
    assert issue(service.office, other, ReminderIn(case_id=fresh, subject="s", demand=DEMAND)).number == 1


def test_whom_and_where_is_counted_without_void_ones(service: Service) -> None:
    reviewer, second = service.person("reviewer"), service.person("second_reviewer")
    for number, name in enumerate(("Wang's stall", "wang's  STALL", "Li"), 1):
        row = remind(reviewer, vending(service, f"incident-{number}"), subject=name).json()
    put(second, row, "void", reason="wrong")
    counts = reviewer.get("/api/v1/reminders/counts?by=subject").json()["items"]
    assert [(each["key"], each["reminders"]) for each in counts] == [("wang'sstall", 2)]
    places = reviewer.get("/api/v1/reminders/counts?by=place").json()["items"]
    assert [each["key"] for each in places] == ["north-gate/kerb", "north-gate/kerb-incident-2"]
    mine = reviewer.get("/api/v1/reminders", params={"subject": "wang'sstall"}).json()["items"]
    assert len(mine) == 2
    assert subject_key("Wang", "91 44 a") == "9144a"


def test_that_a_deadline_is_over_is_told_once(service: Service) -> None:
    reviewer = service.person("reviewer")
    row = served(reviewer, vending(service), hours=1)
    service.clock.advance(minutes=70)
    assert [tell_due(service.office), tell_due(service.office)] in ([1, 0], [0, 0])
    log = service.person("auditor").get("/api/v1/audit", params={"subject": f"reminder:{row['id']}"}).json()["items"]
    assert [entry["action"] for entry in reversed(log)] == ["reminder.issued", "reminder.served", "reminder.due"]


def test_an_order_handed_over_twice_is_one_order_and_other_content_is_refused(service: Service) -> None:
    hotline, order_id = hand_over(service)
    again = hotline.put(PLACE, json=ORDER)
    assert (again.status_code, again.json()["state"]) == (200, "waiting")
    other = hotline.put(PLACE, json=ORDER | {"title": "another"})
    assert (other.status_code, "known with other content" in other.json()["detail"]) == (409, True)
    assert [action for action, _data in told(service)] == ["work_order.received"]
    order = service.person("reviewer").get(f"/api/v1/work-orders/{order_id}").json()
    assert (order["title"], order["urgency"], order["next"]) == ("占道经营", "urgent", ["accepted", "returned"])


def test_an_order_follows_its_case_and_the_hotline_hears_it(service: Service) -> None:
    hotline, order_id = hand_over(service)
    case_id, reviewer = service.case("incident-1"), service.person("reviewer")
    other = service.person("reviewer")
    link = {"version": 1, "case_id": case_id}
    linked = reviewer.put(f"/api/v1/work-orders/{order_id}/case", json=link).json()
    assert (linked["case_id"], linked["state"]) == (case_id, "accepted"), "the case waits for a reviewer"
    done(reviewer, case_id, "confirm")
    done(reviewer, case_id, "dispatch", unit="First squad")
    catch_up(service)
    assert hotline.get(PLACE).json()["state"] == "handling"
    done(reviewer, case_id, "handle", note="cleared")
    done(other, case_id, "verify")
    done(other, case_id, "close")
    catch_up(service)
    found = hotline.get(PLACE).json()
    assert (found["state"], found["result"]) == ("done", f"Case {case_id} is closed.")
    assert [action for action, _ in told(service)] == [
        f"work_order.{what}" for what in ("received", "linked", "accepted", "handling", "done")
    ]
    # Whoever reported it is not content: the hotline opens it again, and says so only once.
    word = {"state": "handling", "note": "they are back"}
    for _ in range(2):
        assert hotline.put(f"{PLACE}/updates/visit-1", json=word).json()["state"] == "handling"
    changed = hotline.put(f"{PLACE}/updates/visit-1", json=word | {"note": "other"})
    assert changed.status_code == 409
    assert [each["update_id"] for each in hotline.get(PLACE).json()["updates"]].count("visit-1") == 1


def test_who_is_limited_sees_the_orders_of_their_district(service: Service) -> None:
    hotline, order_id = hand_over(service)
    hotline.put("/api/v1/work-orders/received/12345/GZ-0002", json=ORDER | {"district": "440105"})
    body = {"username": "near", "roles": ["reviewer"], "password": "correct horse battery", "districts": ["440105"]}
    assert service.person("admin").post("/api/v1/users", json=body).status_code == 201
    near = service.sign_in("near")
    assert [each["number"] for each in near.get("/api/v1/work-orders").json()["items"]] == ["GZ-0002"]
    assert near.get(f"/api/v1/work-orders/{order_id}").status_code == 404
    case_id = service.case("incident-1")
    hidden = near.put(f"/api/v1/work-orders/{order_id + 1}/case", json={"version": 1, "case_id": case_id})
    assert hidden.status_code == 404


def test_the_month_says_what_was_late_and_how_long_reviewers_took(service: Service) -> None:
    first, second = vending(service), service.case("incident-2")
    reviewer, other = service.person("reviewer", username="chen"), service.person("reviewer", username="li")
    service.clock.advance(minutes=5)
    done(reviewer, second, "reject", reason="no_violation")
    done(reviewer, first, "dispatch", unit="First squad")
    # 14 working hours from Monday 16:05: two days later it is late.
    service.clock.advance(days=4)
    escalate(service.office)
    while follow(service.office, facts.CURSOR, facts.take, facts.before_all):
        pass
    reviewer, other = service.sign_in("chen"), service.sign_in("li")
    done(reviewer, first, "handle", note="cleared")
    done(other, first, "verify")
    done(other, first, "close")
    report = service.person("auditor").get("/api/v1/reports/monthly?month=2026-06").json()
    totals = report["totals"]
    assert (totals["closed"], totals["missed"], totals["due"], totals["on_time"]) == (1, 1, 1, 0)
    assert totals["on_time_share"] == 0
    assert report["missed"] == [{"state": "dispatched", "cases": 1}]
    assert report["units"] == [{"unit": "First squad", "closed": 1, "on_time": 0, "missed": 1}]
    chen = next(row for row in report["reviewers"] if row["reviewer"] == "chen")
    assert (chen["decisions"], chen["rejected"]) == (1, 1)
    assert 300 <= chen["wait_median_s"] < 301
    # The scene was filmed in the last days of May: its cases began then.
    before = service.person("auditor").get("/api/v1/reports/monthly?month=2026-05").json()
    assert {row["kind"]: row["opened"] for row in before["kinds"]} == {"street_vending": 1, "illegal_parking": 1}
    assert {row["state"]: row["cases"] for row in before["states"]} == {"closed": 1, "rejected": 1}
    assert [(row["zone_id"], row["cases"]) for row in before["places"]] == [("kerb", 1), ("kerb-incident-2", 1)]
    # 20:25 UTC is 04:25 in Shanghai.
    assert [row["hour"] for row in before["hours"] if row["cases"]] == [4]


def test_the_month_leaves_as_tables_in_both_languages_and_the_log_says_so(service: Service) -> None:
    service.case("incident-1")
    auditor = service.person("auditor")
    path = "/api/v1/reports/monthly"
    text = auditor.get(f"{path}.csv?month=2026-05&language=zh").text
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert rows[0] == ["月报", "2026-05"]
    assert ["违法停车", "1", "1", "0", "0", "0", "0"] in rows
    book = zipfile.ZipFile(io.BytesIO(auditor.get(f"{path}.xlsx?month=2026-05&language=en").content))
    assert b'name="By kind"' in book.read("xl/workbook.xml")
    assert "xl/worksheets/sheet9.xml" in book.namelist()
    assert len(auditor.get("/api/v1/audit?subject=report:2026-05").json()["items"]) == 2
    for wrong in ("2026-13", "2026-1", "1969-01", "x"):
        assert auditor.get(f"{path}?month={wrong}").status_code == 422
    assert service.person("reviewer").get(path).status_code == 403
    body = {"username": "far", "roles": ["auditor"], "password": "correct horse battery", "districts": ["elsewhere"]}
    assert service.person("admin").post("/api/v1/users", json=body).status_code == 201
    assert service.sign_in("far").get(f"{path}?month=2026-05").json()["totals"]["opened"] == 0


def test_followers_that_run_together_count_each_event_once(service: Service) -> None:
    hotline, order_id = hand_over(service)
    case_id, reviewer = service.case("incident-1"), service.person("reviewer")
    reviewer.put(f"/api/v1/work-orders/{order_id}/case", json={"version": 1, "case_id": case_id})
    done(reviewer, case_id, "confirm")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: Chores(service.office)._follow(), range(8)))
    states: list[Any] = [each["state"] for each in hotline.get(PLACE).json()["updates"]]
    assert states == ["waiting", "accepted", "handling"]
