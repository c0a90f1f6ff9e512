"""The service on SQLite, and a real browser that complains about everything that is not right."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from api.guard import COOKIE
from api.office import open_office
from api.serve import running
from api.settings import ApiSettings
from streetwarden.office_derivatives import LocalDeriver
from streetwarden.settings import Settings
from tests.api.conftest import PASSWORD, Clock, Service, fast_path, sealer, service, sqlite_template, start_service
from tests.api.scene import Sealer

__all__ = ["fast_path", "sealer", "service", "sqlite_template", "start_service"]

ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
PATIENCE_MS = 30_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """For one file of tests: playwright leaves an event loop running, and tests of other files want their own."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture
def database_url(fast_path: Path, sqlite_template: Path) -> str:
    """The pages do not care which database there is: one is enough for a browser."""
    return f"sqlite:///{shutil.copy(sqlite_template, fast_path / 'streetwarden.sqlite3')}"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Service]:
    """One service for a file of tests that do not mind each other's cases; it makes derivatives, and hides nobody."""
    folder = tmp_path_factory.mktemp("shared")
    shutil.copy(sqlite_template, folder / "streetwarden.sqlite3")
    settings = ApiSettings(data_dir=folder / "data", database_url=f"sqlite:///{folder / 'streetwarden.sqlite3'}")
    deriver, clock = LocalDeriver(Settings(data_dir=folder, model="no-such-model")), Clock()
    with ExitStack() as stack:
        url = stack.enter_context(running(settings, now=clock, deriver=deriver))
        office = open_office(settings, clock)
        stack.callback(office.close)
        service = Service(settings, clock, url, Sealer(), folder / "scratch", office)
        stack.enter_context(service.stack)
        yield service


def enter(open_page: Callable[..., Page], service: Service, person: httpx.Client, path: str, **options: object) -> Page:
    """A page as somebody who is signed in already sees it."""
    page = open_page(**options)
    page.context.add_cookies([{"name": COOKIE, "value": person.cookies[COOKIE], "url": service.url}])
    page.goto(service.url + path)
    return page


@pytest.fixture
def open_page(browser: Browser, service: Service) -> Iterator[Callable[..., Page]]:
    """A window of its own; anything that the browser complains about, or asks of other machines, fails the test."""
    contexts, complaints = [], []

    def complain(message: ConsoleMessage) -> None:
        # A refused form is a 401, a copy that cannot be made a 422, and the browser says so.
        if message.type == "error" and not message.location["url"].endswith(("/login", "/derivatives")):
            complaints.append(message.text)

    def open_(**options: object) -> Page:
        context = browser.new_context(**{"locale": "en-GB", "viewport": {"width": 1440, "height": 900}, **options})  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("console", complain)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda asked: None if asked.url.startswith(service.url) else complaints.append(asked.url))
        return page

    expect.set_options(timeout=PATIENCE_MS)
    yield open_
    for context in contexts:
        context.close()
    assert complaints == []


def sign_in(page: Page, service: Service, username: str = "chen") -> None:
    page.goto(service.url)
    page.keyboard.type(username)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")


def wait_for(page: Page, condition: str) -> None:
    """Playwright's own `wait_for_function` evaluates strings, which the pages' policy forbids."""
    for _ in range(PATIENCE_MS // 50):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    pytest.fail(f"waited in vain: {condition}")


def states(service: Service) -> dict[int, tuple[str, str | None]]:
    items = service.person("auditor").get("/api/v1/cases").json()["items"]
    return {item["id"]: (item["state"], item["decision_reason"]) for item in items}
