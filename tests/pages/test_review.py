"""A reviewer at work in a real browser, with no mouse."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.api.conftest import Service
from tests.pages.conftest import sign_in, states, wait_for


def test_a_reviewer_clears_the_queue_by_keyboard(service: Service, open_page: Callable[..., Page]) -> None:
    worker = service.worker()
    one, two, three = (service.case(f"incident-{number}", worker) for number in range(3))
    service.person("reviewer", username="chen")
    page = open_page()
    sign_in(page, service)
    stage, waiting = page.locator("#stage"), page.locator("#waiting")

    expect(waiting).to_have_text("3")
    expect(stage).to_have_attribute("data-case-id", str(one))
    expect(page.locator("#stage img")).to_have_count(3)
    wait_for(page, "[...document.querySelectorAll('#stage img')].every(image => image.naturalWidth > 0)")
    wait_for(page, "document.querySelector('#stage video').readyState >= 2")
    expect(page.locator("#stage .overlay .box")).to_have_count(3)
    expect(page.locator("#side")).to_contain_text("Verified")

    page.keyboard.press("c")
    expect(stage).to_have_attribute("data-case-id", str(two))
    expect(waiting).to_have_text("2")
    assert states(service)[one] == ("filed", None)

    page.keyboard.press("r")
    expect(page.locator("#step")).to_be_visible()
    page.keyboard.press("2")
    expect(stage).to_have_attribute("data-case-id", str(three))
    expect(page.locator("#queue li")).to_have_count(1)
    assert states(service)[two] == ("rejected", "temporary_stop")

    page.keyboard.press("r")
    page.keyboard.press("9")
    page.keyboard.type("a film set")
    page.keyboard.press("Enter")
    expect(page.locator("#stage")).to_contain_text("Nothing to review")
    assert states(service)[three] == ("rejected", "other")

    page.keyboard.press("u")
    expect(stage).to_have_attribute("data-case-id", str(three))
    expect(waiting).to_have_text("1")
    assert states(service)[three] == ("candidate", None)


def test_new_cases_come_and_decided_ones_go_without_a_reload(service: Service, open_page: Callable[..., Page]) -> None:
    service.person("reviewer", username="chen")
    page = open_page()
    sign_in(page, service)
    expect(page.locator("#stage")).to_contain_text("Nothing to review")
    worker = service.worker()
    one, two = service.case("incident-1", worker), service.case("incident-2", worker)
    expect(page.locator("#queue li")).to_have_count(2)
    expect(page.locator("#stage")).to_have_attribute("data-case-id", str(one))
    other, body = service.person("reviewer"), {"action": "confirm", "version": 1}
    assert other.post(f"/api/v1/cases/{two}/decisions", json=body).status_code == 200
    expect(page.locator("#queue li")).to_have_count(1)
    assert other.post(f"/api/v1/cases/{one}/decisions", json=body).status_code == 409  # it is in front of somebody
    expect(page.locator("#stage")).to_have_attribute("data-case-id", str(one))


def test_moving_skipping_boxes_and_help_have_their_keys(service: Service, open_page: Callable[..., Page]) -> None:
    worker = service.worker()
    one, two = service.case("incident-1", worker), service.case("incident-2", worker)
    service.person("reviewer", username="chen")
    page = open_page()
    sign_in(page, service)
    stage = page.locator("#stage")
    expect(stage).to_have_attribute("data-case-id", str(one))
    for key, expected in (("j", two), ("k", one), ("ArrowDown", two), ("ArrowUp", one), ("s", two)):
        expect(page.locator("#queue li")).to_have_count(2)
        page.keyboard.press(key)
        expect(stage).to_have_attribute("data-case-id", str(expected))
    expect(page.locator("#queue li").last).to_have_attribute("data-id", str(one))
    page.keyboard.press("b")
    expect(page.locator("#stage .overlay").first).to_be_hidden()
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("c")
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden()
    page.keyboard.press("z")
    expect(page.locator("#zoom img")).to_be_visible()
    page.keyboard.press("Escape")
    assert set(states(service).values()) == {("candidate", None)}


def test_the_language_is_chosen_by_the_browser_and_can_be_changed(
    service: Service, open_page: Callable[..., Page]
) -> None:
    service.case("incident-1")
    service.person("reviewer", username="chen")
    page = open_page(locale="zh-CN", color_scheme="dark")
    sign_in(page, service)
    expect(page.get_by_role("button", name="不予立案")).to_be_visible()
    page.get_by_role("link", name="English").press("Enter")
    expect(page.get_by_role("button", name="Reject")).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Reject")).to_be_visible()
    assert page.evaluate("document.documentElement.lang") == "en"


def test_ops_add_a_camera_and_draw_a_zone(service: Service, open_page: Callable[..., Page]) -> None:
    ops = service.person("ops", username="wang")
    service.case("incident-1")  # its picture is what the zone is drawn on
    page = open_page()
    sign_in(page, service, "wang")
    page.get_by_label("Id", exact=True).fill("north-gate")
    page.get_by_label("Address").fill("rtsp://u:pw@10.0.0.1/x")
    page.get_by_role("button", name="Add", exact=True).press("Enter")
    expect(page.locator("#wall")).to_contain_text("north-gate")
    page.get_by_role("link", name="Zones", exact=True).press("Enter")
    page.get_by_label("Zone", exact=True).fill("kerb")
    page.locator("polygon-editor img").wait_for()
    page.locator("polygon-editor").scroll_into_view_if_needed()
    area = page.locator("polygon-editor svg").bounding_box()
    assert area is not None
    for x, y in ((0.2, 0.5), (0.8, 0.5), (0.9, 0.9), (0.1, 0.9)):
        page.mouse.click(area["x"] + x * area["width"], area["y"] + y * area["height"])
    page.get_by_role("button", name="Save").press("Enter")
    expect(page.locator("table")).to_contain_text("kerb")
    zone = ops.get("/api/v1/zones").json()["items"][0]
    assert zone["rules"] == [{"kind": "illegal_parking", "dwell_seconds": 180}]
    assert [[round(x, 1), round(y, 1)] for x, y in zone["polygon"]] == [[0.2, 0.5], [0.8, 0.5], [0.9, 0.9], [0.1, 0.9]]


def test_a_wrong_password_is_said_on_the_form(service: Service, open_page: Callable[..., Page]) -> None:
    service.person("reviewer", username="chen")
    page = open_page()
    page.goto(service.url)
    page.get_by_label("User name").fill("chen")
    page.get_by_label("Password").fill("wrong")
    with page.expect_response(lambda answer: answer.url.endswith("/login") and answer.status == 401):
        page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("The user name or the password is wrong.")
