"""The pages: in both languages, for the right people, and with nothing inline or from elsewhere."""

from __future__ import annotations

import json
import re
from pathlib import Path

import httpx
import pytest

from api.access import PEOPLE, Role
from api.cases.lifecycle import REJECT_REASONS, STEPS, UNDO, CaseState
from api.kinds import KINDS
from api.pages import i18n, render
from api.pages.i18n import LANGUAGES, catalogue, choose
from detector.zones import ZoneClass
from evidence import grade
from streams.health import StreamState
from tests.api.conftest import Service

PAGES = Path(render.__file__).parent
SCRIPTS = sorted((PAGES / "static").glob("*.js"))
EVERY_PAGE = (
    "/review", "/cases", "/cameras", "/zones", "/alarms", "/health", "/people", "/account", "/audit", "/cases/1",
    "/reminders", "/reminders?case_id=1", "/reminders/1", "/work-orders", "/work-orders?case_id=1", "/work-orders/1",
    "/report", "/report?month=2026-05", "/systems", "/map", "/map?days=365&kind=illegal_parking&stage=waiting",
    "/cases?camera_id=c",
)  # fmt: skip


def papers(service: Service, person: httpx.Client) -> None:
    """A reminder, and a work order that came in."""
    person.post("/api/v1/cases/1/decisions", json={"action": "confirm", "version": 1})
    told = {"case_id": 1, "subject": "Stall <b>", "demand": "Remove it."}
    assert person.post("/api/v1/reminders", json=told).status_code == 201
    order = {"title": "Stall <b>", "content": "It is back.", "address": "Road 1"}
    place = "/api/v1/work-orders/received/12345/A-1"
    assert service.machine("exchange", "12345").put(place, json=order).status_code == 201


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_renders_in_every_language(service: Service, language: str) -> None:
    service.case("incident-1")
    person = service.person(*PEOPLE)
    person.post("/api/v1/cameras", json={"id": "c", "url": "rtsp://h/x"})
    zone = {"class": "guided", "polygon": [[0, 0], [1, 0], [1, 1]], "base_version": 0, "rules": []}
    person.put("/api/v1/cameras/c/zones/z", json=zone)
    beat = {"worker_id": "w", "software": "s", "cameras": [{"camera_id": "c", "state": "streaming"}]}
    service.machine().post("/api/v1/worker/heartbeat", json=beat)
    papers(service, person)
    for page in EVERY_PAGE:
        answer = person.get(page, params={"lang": language})
        assert answer.status_code == 200, page
        assert f'<html lang="{i18n.TAGS[language]}"' in answer.text
        # A key without words shows itself.
        shown = re.sub(r"<script.*?</script>|<td class=\"mono.*?</td>", "", answer.text, flags=re.DOTALL)
        assert not re.search(r">[a-z_]+\.[a-z_]+<", shown), page


def test_the_catalogues_have_the_same_keys_and_places() -> None:
    words = {language: catalogue(language) for language in LANGUAGES}
    assert set(words["en"]) == set(words["zh"])
    for key, text in words["en"].items():
        assert set(re.findall(r"\{(\w+)\}", text)) == set(re.findall(r"\{(\w+)\}", words["zh"][key])), key


def test_every_word_that_is_used_is_in_the_catalogues() -> None:
    sources = [*SCRIPTS, *(PAGES / "templates").glob("*.html")]
    used = {key for path in sources for key in re.findall(r"""\bt\(\s*["']([\w.]+)["']""", path.read_text("utf-8"))}
    assert len(used) > 100
    assert {key for key in used if not key.endswith(".")} <= set(catalogue("en"))


def test_everything_with_a_code_has_words() -> None:
    wanted = {
        *(f"state.{state}" for state in CaseState),
        *(f"reason.{code}" for code in REJECT_REASONS),
        *(f"action.{step.action}" for step in STEPS),
        f"action.{UNDO}",
        *(f"kind.{kind}" for kind in KINDS),
        *(f"zone_class.{each}" for each in ZoneClass),
        *(f"role.{role}" for role in Role),
        *(f"stream.{state}" for state in StreamState),
        *(f"grade_reason.{value}" for name, value in vars(grade).items() if name.isupper() and isinstance(value, str)),
    }
    assert wanted <= set(catalogue("en"))


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"), ("en-GB,en;q=0.9", "en"), ("de,zh;q=0.3,en;q=0.2", "zh"), ("de", "en"),
        ("", "en"), ("zh;q=0,en", "en"), ("zh;q=x", "en"),
    ],
)  # fmt: skip
def test_the_browser_chooses_the_language_at_first(header: str, language: str) -> None:
    assert choose(header) == language


def test_a_chosen_language_is_remembered(service: Service) -> None:
    client = service.anonymous()
    assert "登录" in client.get("/login", params={"lang": "zh"}).text
    assert "登录" in client.get("/login").text
    assert "Sign in" in client.get("/login", params={"lang": "en"}).text


def test_nothing_is_inline_and_nothing_comes_from_elsewhere(service: Service) -> None:
    service.case("incident-1")
    person = service.person(*PEOPLE)
    papers(service, person)
    for page in ("/login", *EVERY_PAGE):
        text = (service.anonymous() if page == "/login" else person).get(page).text
        for script in re.findall(r"<script\b[^>]*>", text):
            assert 'src="/static/' in script or 'type="application/json"' in script
        assert not re.search(r"\s(style|on\w+)=", text), page
        assert not re.search(r"(src|href|action)=.(https?:)?//", text), page


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_never_turn_text_into_markup_or_code(script: Path) -> None:
    text = script.read_text("utf-8")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text)
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text)


def test_data_in_pages_cannot_break_out(service: Service) -> None:
    admin = service.person("admin", username="chen")
    name = "</script><script>alert(1)</script><b onclick=x>"
    admin.post("/api/v1/cameras", json={"id": "c", "url": "rtsp://h/x", "name": name})
    admin.post("/api/v1/tokens", json={"name": name, "role": "worker"})
    for page in ("/cameras", "/zones", "/people"):
        text = admin.get(page).text
        assert "<script>alert" not in text
        assert "<b onclick" not in text


@pytest.mark.parametrize(
    ("role", "first", "menu"),
    [
        ("reviewer", "/review", {"/review", "/cases", "/map", "/reminders", "/work-orders"}),
        ("ops", "/cameras", {"/cameras", "/zones", "/alarms", "/health"}),
        (
            "auditor",
            "/review",
            {
                *("/review", "/cases", "/map", "/cameras", "/zones", "/alarms", "/health"),
                *("/audit", "/reminders", "/work-orders", "/report"),
            },
        ),
    ],
)
def test_everybody_starts_at_their_work_and_sees_only_it(
    service: Service, role: str, first: str, menu: set[str]
) -> None:
    person = service.person(role)
    assert person.get("/").headers["location"] == first
    text = person.get(first).text
    assert set(re.findall(r'href="(/[\w-]+)"', text.split("</nav>")[0])) == menu


def test_a_refusal_is_a_page_for_people_and_json_for_programs(service: Service) -> None:
    ops = service.person("ops")
    page = ops.get("/review", headers={"Accept": "text/html"})
    assert (page.status_code, page.headers["content-type"]) == (403, "text/html; charset=utf-8")
    assert "Your role does not allow this." in page.text
    missing = service.person("reviewer").get("/cases/99", headers={"Accept": "text/html"})
    assert missing.status_code == 404
    assert ops.get("/review").headers["content-type"] == "application/problem+json"


def test_the_words_reach_the_scripts_as_data(service: Service) -> None:
    text = service.person("reviewer").get("/review", params={"lang": "zh"}).text
    found = re.search(r'<script type="application/json" id="page-data">(.*?)</script>', text, flags=re.DOTALL)
    assert found is not None
    data = json.loads(found[1])
    assert data["words"]["action.confirm"] == "立案"
    assert data["csrf"]
