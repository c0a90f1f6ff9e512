"""Pages speak in words: nothing that only a program reads, and nothing of the other language but what people typed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import get_args

import pytest
from playwright.sync_api import Browser

from api.cases.lifecycle import APPEND, STEPS
from api.guard import COOKIE
from api.office_data.service import NAMES
from api.pages.audit_words import did, reason
from api.pages.i18n import LANGUAGES, TAGS
from api.reminders.schemas import CheckIn
from api.work_orders.states import OrderState
from tests.api.conftest import Service
from tests.pages.conftest import wait_for
from tests.pages.screenshots import EVERYBODY, PAGES, READY, Look, open_context
from tests.pages.streets import add_papers, office

CODE = re.compile(r"[a-z]+_[a-z_]+|\b[a-z]+\.[a-z_]+\b|\bNone\b|\bundefined\b|\bNaN\b|\[object|\bnull\b")
CHINESE = re.compile("[\u4e00-\u9fff]")
# Three words on end are a sentence, not a name, a unit or an address; after a Chinese colon a value is to be read.
ENGLISH = re.compile(r"[A-Za-z]+ [A-Za-z]+ [A-Za-z]+|：[a-z]")
TEXTS = """() => {
  const found = [document.title];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode;
    if (!["SCRIPT", "STYLE", "TEMPLATE"].includes(node.parentElement.tagName)) found.push(node.textContent.trim());
  }
  for (const name of ["aria-label", "placeholder", "alt"])
    for (const element of document.querySelectorAll(`[${name}]`)) found.push(element.getAttribute(name));
  return found.filter(Boolean);
}"""
# What people typed into the book of these tests, and what a camera says of its picture.
TYPED = (
    "集市街 12 号",
    "学堂巷北口",
    "港湾路",
    "王记烧烤",
    "夜市",
    "李女士",
    "王某",
    "城管提",
    "立即停止",
    "中文",
    "占道经营",
    "无照经营",
    "the picture is dark and flat",
)


@dataclass(frozen=True, slots=True)
class Book:
    service: Service
    session: str


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    """An office with cases, reminders, work orders and alarms, and somebody who may see all of it."""
    with office(tmp_path_factory.mktemp("book")) as service:
        add_papers(service)
        yield Book(service, service.person(*EVERYBODY, username="chen").cookies[COOKIE])


def texts(browser: Browser, book: Book, language: str, name: str) -> list[str]:
    found: list[str] = []
    for page in open_context(browser, book.service, Look(language), "" if name == "login" else book.session):
        page.goto(book.service.url + PAGES[name])
        if name in READY:
            wait_for(page, f"Boolean({READY[name]})")
        found = page.evaluate(TEXTS)
    return found


@pytest.mark.parametrize("language", TAGS)
def test_no_page_shows_a_code_or_the_other_language(browser: Browser, book: Book, language: str) -> None:
    other = ENGLISH if language == "zh" else CHINESE
    wrong = {
        (name, text)
        for name in PAGES
        for text in texts(browser, book, language, name)
        if CODE.search(text) or (other.search(text) and not any(typed in text for typed in TYPED))
    }
    assert not wrong


def written_actions() -> set[str]:
    """Every action that the service writes into the audit log."""
    api = Path(__file__).resolve().parents[2] / "api"
    source = "\n".join(path.read_text(encoding="utf-8") for path in sorted(api.rglob("*.py")))
    actions = set(re.findall(r'Event\(\s*"([a-z_.]+)"', source))
    # Some are chosen between before they are written.
    actions |= set(re.findall(r'"((?:session|zone|case)\.[a-z_]+)"', source))
    steps = {str(step.action) for step in STEPS} | {APPEND}
    actions |= {f"case.{step}" for step in steps} | {"case.deadline_near", "case.deadline_overdue"}
    actions |= {f"office.{name}_changed" for name in NAMES.values()}
    results = get_args(CheckIn.model_fields["result"].annotation)
    actions |= {f"reminder.{what}" for what in ("issued", "served", "void", "due", *results)}
    actions |= {f"work_order.{what}" for what in ("received", "sent", "linked", *map(str, OrderState))}
    return actions - {""}


def test_every_action_of_the_audit_log_has_its_words() -> None:
    actions = written_actions()
    assert {"session.locked_out", "zone.retired", "package.deleted", "case.hold_released"} <= actions
    missing = {
        (language, action) for language, action in product(LANGUAGES, actions) if did(language, action) == action
    }
    assert not missing


def test_a_reason_that_somebody_wrote_stays_as_it_was_written() -> None:
    assert reason("zh", "same_place") == "同一地点、同一违法行为"
    assert reason("en", "The stall is gone.") == "The stall is gone."
