"""Reminders and work orders in a real browser: made from a case, printed, served, checked again, answered."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.api.conftest import Service
from tests.pages.conftest import enter

STALL = {"kind": "street_vending", "codes": (), "flags": {}}


@pytest.fixture
def service(shared: Service) -> Service:
    return shared


@pytest.fixture(scope="module")
def reviewer(shared: Service) -> httpx.Client:
    return shared.person("reviewer", username="li")


def filed(service: Service, reviewer: httpx.Client, name: str) -> int:
    bag = service.sealer.seal(name, violation=STALL)
    case = int(service.put(service.worker(), bag).json()["case_id"])
    decision = {"action": "confirm", "version": 1}
    reviewer.post(f"/api/v1/cases/{case}/decisions", json=decision).raise_for_status()
    return case


def test_a_reminder_is_made_printed_served_and_checked_again(
    service: Service, reviewer: httpx.Client, open_page: Callable[..., Page]
) -> None:
    case = filed(service, reviewer, "stall")
    page = enter(open_page, service, reviewer, f"/cases/{case}")
    page.locator("#side").get_by_role("link", name="Reminders").click()
    form = page.locator("#issue")
    expect(form.locator("[name=case_id]")).to_have_value(str(case))
    form.locator("[name=subject]").fill("Wang's barbecue")
    form.locator("[name=hours]").fill("0.5")
    form.locator("button[type=submit]").click()
    expect(page.locator("h1")).to_contain_text("2026")
    printed = reviewer.get(str(page.locator(".head-end a[lang=en]").get_attribute("href")))
    assert printed.content.startswith(b"%PDF-")
    page.locator("[name=to]").fill("Mr Wang")
    page.locator("form[data-api$=service] button[type=submit]").click()
    expect(page.locator(".page-head .badge")).to_have_class("badge paper-served")
    service.clock.advance(hours=20)
    page = enter(open_page, service, service.person("reviewer"), page.url.removeprefix(service.url))
    page.locator("[name=result]").select_option("ignored")
    page.locator("[name=note]").fill("the stall is back")
    page.locator("form[data-api$=check] button[type=submit]").click()
    expect(page.locator(".page-head .badge")).to_have_class("badge paper-ignored")


def test_a_work_order_is_handed_on_and_a_received_one_answered(
    service: Service, open_page: Callable[..., Page]
) -> None:
    reviewer = service.person("reviewer")
    case = filed(service, reviewer, "order")
    page = enter(open_page, service, reviewer, f"/work-orders?case_id={case}", locale="zh-CN")
    form = page.locator("#send")
    form.locator("[name=target]").fill("12319")
    form.locator("[name=unit]").fill("环卫所")
    form.locator("[name=content]").fill("请清理路面。")
    form.locator("button[type=submit]").click()
    expect(page.locator("h1")).to_contain_text("12319")
    expect(page.locator("main")).to_contain_text("请清理路面。")
    order = {"title": "夜市占道", "content": "行人无法通行。", "address": "集市街 12 号"}
    service.machine("exchange", "12345").put("/api/v1/work-orders/received/12345/GZ-1", json=order).raise_for_status()
    page.goto(f"{service.url}/work-orders?direction=received")
    page.get_by_role("link", name="GZ-1").click()
    page.locator("[name=state]").select_option("accepted")
    page.locator("form[data-api$=updates] button[type=submit]").click()
    expect(page.locator(".page-head .badge")).to_have_class("badge order-accepted")
