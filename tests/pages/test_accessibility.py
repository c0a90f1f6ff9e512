"""Every page in a real browser: fit for screen readers and keyboards, readable in light and dark, whole on a phone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from api.guard import COOKIE
from tests.api.conftest import Service
from tests.pages.conftest import wait_for
from tests.pages.screenshots import EVERYBODY, PAGES, READY
from tests.pages.streets import add_papers, office

AXE = Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js"
SERIOUS = {"serious", "critical"}
RUN = "axe.run(document, {resultTypes: ['violations']}).then(found => found.violations)"


@pytest.fixture(scope="module")
def street_office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with office(tmp_path_factory.mktemp("office"), cases=3) as service:
        add_papers(service)
        yield service


@pytest.fixture
def service(street_office: Service) -> Service:
    """One office for all pages: nothing here changes it."""
    return street_office


@pytest.fixture(scope="module")
def session(street_office: Service) -> str:
    return str(street_office.person(*EVERYBODY, username="chen").cookies[COOKIE])


def visit(page: Page, service: Service, name: str, session: str) -> None:
    if name != "login":
        page.context.add_cookies([{"name": COOKIE, "value": session, "url": service.url}])
    page.goto(service.url + PAGES[name])
    if name in READY:
        wait_for(page, f"Boolean({READY[name]})")


def problems(page: Page) -> list[tuple[str, str, str]]:
    """What axe calls serious, by rule, element and why."""
    page.evaluate(AXE.read_text("utf-8"))
    found: list[dict[str, Any]] = page.evaluate(RUN)
    return [
        (each["id"], node["html"][:160], node["failureSummary"])
        for each in found
        if each["impact"] in SERIOUS
        for node in each["nodes"]
    ]


@pytest.mark.parametrize("name", PAGES)
def test_nothing_serious_in_light_and_dark(
    service: Service, session: str, open_page: Callable[..., Page], name: str
) -> None:
    for scheme, locale in (("light", "zh-CN"), ("dark", "en-GB")):
        page = open_page(color_scheme=scheme, locale=locale)
        visit(page, service, name, session)
        assert problems(page) == [], (scheme, locale)


@pytest.mark.parametrize("name", PAGES)
def test_a_phone_shows_the_whole_width(
    service: Service, session: str, open_page: Callable[..., Page], name: str
) -> None:
    page = open_page(viewport={"width": 390, "height": 844}, has_touch=True, locale="zh-CN")
    visit(page, service, name, session)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
