"""What a reviewer's page does beside deciding: locks, queues of others, duplicates, closer looks. By keyboard alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
from playwright.sync_api import Page, expect

from tests.api.conftest import Service
from tests.pages.conftest import sign_in, states, wait_for


def test_a_case_in_front_of_somebody_is_passed_over_and_freed_when_they_leave(
    service: Service, open_page: Callable[..., Page]
) -> None:
    worker = service.worker()
    one, two = (service.case(f"incident-{number}", worker) for number in range(2))
    other = service.person("reviewer", username="zhao")
    other.put(f"/api/v1/cases/{one}/lock").raise_for_status()
    service.person("reviewer", username="chen")
    page = open_page()
    sign_in(page, service)
    expect(page.locator("#stage")).to_have_attribute("data-case-id", str(two))
    assert lock(other, two) == 409
    page.goto(f"{service.url}/account")
    for _ in range(100):
        if lock(other, two) == 200:
            break
        page.wait_for_timeout(50)
    assert lock(other, two) == 200


def lock(client: httpx.Client, case_id: int) -> int:
    return client.put(f"/api/v1/cases/{case_id}/lock").status_code


def test_a_second_opinion_waits_in_a_queue_of_its_own(service: Service, open_page: Callable[..., Page]) -> None:
    case = service.case("incident-1")
    service.person("reviewer", username="chen")
    page = open_page()
    sign_in(page, service)
    expect(page.locator("#stage")).to_have_attribute("data-case-id", str(case))
    assert page.locator(".queue .tabs a").count() == 2
    page.keyboard.press("e")
    page.keyboard.type("a school bus?")
    page.keyboard.press("Enter")
    expect(page.locator("#stage")).to_contain_text("Nothing to review")
    assert states(service)[case][0] == "opinion"

    service.person("second_reviewer", username="li")
    second = open_page(locale="zh-CN")
    sign_in(second, service, "li")
    expect(second.locator("#stage")).to_contain_text("没有待审核的案件")
    second.get_by_role("link", name="请求复核").press("Enter")
    expect(second.locator("#stage")).to_have_attribute("data-case-id", str(case))
    expect(second.locator("#side")).to_contain_text("a school bus?")
    second.keyboard.press("c")
    expect(second.locator("#stage")).to_contain_text("没有待审核的案件")
    assert states(service)[case][0] == "filed"


def test_duplicates_are_offered_together_and_the_pictures_looked_into(
    service: Service, open_page: Callable[..., Page]
) -> None:
    worker, subject = service.worker(), service.sealer.fields["subject"]
    cases = [
        service.put(
            worker, service.sealer.seal(f"twin-{number}", zone_id="kerb", subject=moved(subject, 200.0 * number))
        )
        for number in range(2)
    ]
    one, two = (int(answer.json()["case_id"]) for answer in cases)
    service.person("reviewer", username="chen")
    page = open_page()
    sign_in(page, service)
    expect(page.locator("#stage")).to_have_attribute("data-case-id", str(one))
    expect(page.locator(".duplicates img")).to_have_count(1)
    look_closely(page)
    page.keyboard.press("d")
    expect(page.locator(".duplicates")).to_have_count(0)
    assert states(service) == {one: ("candidate", None), two: ("rejected", "duplicate")}


def moved(subject: dict[str, Any], by: float) -> dict[str, Any]:
    left, top, right, bottom = subject["box_xyxy"]
    return {**subject, "box_xyxy": (left - by, top, right - by, bottom)}


def look_closely(page: Page) -> None:
    """Enlarge, go closer, move; then the clip frame by frame and the time of the case."""
    page.keyboard.press("z")
    for key, scale in (("+", "1.5"), ("+", "2.25"), ("-", "1.5"), ("0", "1")):
        page.keyboard.press(key)
        expect(page.locator("#zoom .frame")).to_have_attribute("data-scale", scale)
    page.keyboard.press("Escape")
    wait_for(page, "document.querySelector('#stage video').readyState >= 2")
    page.keyboard.press(".")
    wait_for(page, "document.querySelector('#stage video').paused")
    before = page.evaluate("document.querySelector('#stage video').currentTime")
    page.keyboard.press(",")
    assert page.evaluate("document.querySelector('#stage video').currentTime") <= before
    line = page.locator(".timeline input")
    at = float(line.input_value())
    page.keyboard.press("]")
    assert float(line.input_value()) != at
