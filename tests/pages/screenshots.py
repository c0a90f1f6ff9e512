"""Pictures of every page in both languages for the guide: `make screenshots`.

`--look FOLDER` takes them in light and dark, on a desk and on a phone instead, for somebody who checks a change.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from api.guard import COOKIE
from api.pages.i18n import TAGS
from tests.api.conftest import Service
from tests.pages.conftest import ARGUMENTS, CHROMIUM, wait_for
from tests.pages.streets import add_papers, office

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guide" / "images"
EVERYBODY = ("reviewer", "second_reviewer", "ops", "admin", "auditor")
PAGES = {
    "review": "/review",
    "case": "/cases/1",
    "cases": "/cases",
    "map": "/map",
    "cameras": "/cameras",
    "zones": "/zones",
    "alarms": "/alarms",
    "health": "/health",
    "reminders": "/reminders",
    "reminder": "/reminders/1",
    "orders": "/work-orders",
    "order": "/work-orders/1",
    "report": "/report?month=2026-05",
    "people": "/people",
    "systems": "/systems",
    "audit": "/audit",
    "account": "/account",
    "login": "/login",
}
DESK = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}
READY = {
    "review": "document.querySelectorAll('#stage img').length === 3",
    "case": "document.querySelectorAll('#stage img').length === 3",
    "map": "document.querySelector('#map .mark')",
    "zones": "document.querySelector('polygon-editor canvas, polygon-editor img')",
}
PICTURES = "[...document.images].every(one => one.loading === 'lazy' || one.hidden || one.complete && one.naturalWidth)"


@dataclass(frozen=True, slots=True)
class Look:
    """How a page is seen."""

    language: str
    theme: str = "light"
    phone: bool = False

    def name(self, page: str) -> str:
        return f"{page}-{self.language}{'-dark' * (self.theme == 'dark')}{'-phone' * self.phone}"


def looks(*, all_of_them: bool) -> list[Look]:
    """Light on a desk for the guide; everything for somebody who checks."""
    if not all_of_them:
        return [Look(language) for language in TAGS]
    return [Look(*parts) for parts in product(TAGS, ("light", "dark"), (False, True))]


def open_context(browser: Browser, service: Service, look: Look, session: str) -> Iterator[Page]:
    context = browser.new_context(
        locale=TAGS[look.language],
        viewport=PHONE if look.phone else DESK,  # type: ignore[arg-type]
        color_scheme=look.theme,  # type: ignore[arg-type]
        has_touch=look.phone,
        timezone_id="Asia/Shanghai",
    )
    if session:
        context.add_cookies([{"name": COOKIE, "value": session, "url": service.url}])
    yield context.new_page()
    context.close()


def take(page: Page, service: Service, name: str, path: Path, *, whole: bool) -> None:
    """One page, when its pictures are there."""
    page.goto(service.url + PAGES[name])
    if name in READY:
        wait_for(page, f"Boolean({READY[name]})")
    wait_for(page, PICTURES)
    page.wait_for_timeout(400)
    if whole:
        page.screenshot(path=path, full_page=True)
    else:
        page.screenshot(path=path, type="jpeg", quality=76)


def main(arguments: Sequence[str] | None = None) -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--look", type=Path, help="light, dark, desk and phone into this folder")
    parser.add_argument("--pages", nargs="*", default=list(PAGES), choices=list(PAGES))
    told = parser.parse_args(arguments)
    out: Path = told.look or GUIDE
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, office(Path(folder)) as service, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        add_papers(service)
        session = service.person(*EVERYBODY, username="chen").cookies[COOKIE]
        for look in looks(all_of_them=told.look is not None):
            for name in told.pages:
                for page in open_context(browser, service, look, "" if name == "login" else session):
                    take(
                        page,
                        service,
                        name,
                        out / f"{look.name(name)}.{'png' if told.look else 'jpg'}",
                        whole=told.look is not None,
                    )
        browser.close()


if __name__ == "__main__":
    main()
