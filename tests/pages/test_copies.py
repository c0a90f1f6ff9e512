"""What a case page shows of its packages: copies that are made, each look logged, and what stands for deleted ones."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from api.packages.retention import OfficeRetention
from evidence.chain import Head
from evidence.retention import RetentionPolicy
from tests.api.conftest import Service
from tests.api.scene import signer
from tests.pages.conftest import enter

POLICY = RetentionPolicy.model_validate({"name": "office 2026", "keep_days": {"raw": 30}})


@pytest.fixture
def service(shared: Service) -> Service:
    return shared


@pytest.fixture(scope="module")
def reviewer(shared: Service) -> httpx.Client:
    return shared.person("reviewer", "auditor", username="chen")


def looks(reviewer: httpx.Client) -> list[tuple[str, str]]:
    rows = reviewer.get("/api/v1/audit?limit=50").json()["items"]
    return [(row["reason"], row["after"]["file"]) for row in rows if row["action"] == "evidence.viewed"]


def test_copies_are_made_by_key_named_as_derived_and_each_look_is_logged_with_its_purpose(
    service: Service, reviewer: httpx.Client, open_page: Callable[..., Page]
) -> None:
    case = service.case("copied")
    page = enter(open_page, service, reviewer, f"/cases/{case}")
    copies = page.locator(".derived")
    page.locator("#stage img").first.wait_for()
    page.keyboard.press("v")
    expect(copies.locator("select").first).to_be_focused()
    sheet = copies.locator("[data-kind=sheet]")
    sheet.get_by_role("button").press("Enter")
    expect(sheet).to_contain_text("Ready: 1")
    expect(sheet.locator("[data-name='sheet-en.jpg'] .badge")).to_have_text("Derived")
    copies.get_by_label("Purpose").select_option("appeal")
    with page.context.expect_page() as opened:
        sheet.get_by_role("link", name="sheet-en.jpg").press("Enter")
    opened.value.wait_for_load_state()
    assert opened.value.evaluate("document.images[0].naturalWidth") > 500
    assert ("appeal", "derivatives/sheet-en.jpg") in looks(reviewer)
    share = copies.locator("[data-kind=share]")
    share.get_by_role("button").press("Enter")
    expect(share.locator(".problem")).to_contain_text("people and plates cannot be hidden")
    page.reload()
    page.locator("#stage img").first.wait_for()
    page.keyboard.press("v")
    expect(copies.locator("[data-name='sheet-en.jpg']")).to_be_visible()


def test_a_clip_that_the_browser_cannot_play_has_its_copy_offered(
    service: Service, reviewer: httpx.Client, open_page: Callable[..., Page]
) -> None:
    case = service.case("unplayable")
    page = open_page(locale="zh-CN")
    page.route("**/clip.mp4", lambda route: route.fulfill(body=b"no clip", content_type="video/mp4"))
    page.route("**/derivatives", answer_with_a_copy)
    page = enter(lambda: page, service, reviewer, f"/cases/{case}")
    page.get_by_role("button", name="制作 H.264 副本并播放").click()
    expect(page.locator(".tile-view.clip figcaption .badge")).to_have_text("派生 · H.264")
    expect(page.locator("#stage video")).to_have_attribute("src", "/static/icon.svg?purpose=review")


def answer_with_a_copy(route: Route) -> None:
    """As the service answers for a clip in H.265, which no encoder here makes in a test's time."""
    route.fulfill(json={"items": [{"url": "/static/icon.svg", "kind": "h264", "name": "h264-clip.mp4"}]})


def test_nobody_is_offered_to_make_copies_where_nobody_makes_them(
    service: Service, reviewer: httpx.Client, open_page: Callable[..., Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.packages.derivatives.DerivativeShop.open", property(lambda _: False))
    case = service.case("alone")
    page = enter(open_page, service, reviewer, f"/cases/{case}")
    page.locator(".derived summary").click()
    expect(page.locator(".derived [data-kind]")).to_have_count(5)
    expect(page.locator(".derived button")).to_have_count(0)


def test_a_deleted_package_shows_its_tombstone_checked(
    service: Service, reviewer: httpx.Client, open_page: Callable[..., Page]
) -> None:
    worker, bags = service.worker(), []
    head: Head | None = None
    for number in range(2):
        bags.append(service.sealer.seal(f"chained-{number}", camera_id="south-gate", head=head))
        head = Head(number + 1, hashlib.sha256(bags[-1].files["manifest.json"]).hexdigest())
    case, _other = (int(service.put(worker, bag).json()["case_id"]) for bag in bags)
    service.clock.advance(days=40)
    OfficeRetention(service.office, POLICY, signer(), "root").run()
    person = service.person("auditor")
    page = enter(open_page, service, person, f"/cases/{case}")
    stone = page.locator(".tombstone")
    expect(stone).to_contain_text("office 2026")
    expect(stone).to_contain_text("rule raw: 30 days")
    expect(stone).to_contain_text("Tombstone signed, chain whole")
    expect(stone).to_contain_text("number 1 of the camera's chain, and fits numbers 2 beside it")
    expect(page.locator("#stage")).to_contain_text("Deleted by retention on Jul")
    expect(page.locator(".derived")).to_have_count(0)
