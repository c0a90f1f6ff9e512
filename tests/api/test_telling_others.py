"""Other systems are told what happens, signed and in order; tables leave the service whole and harmless."""

from __future__ import annotations

import csv
import hashlib
import hmac
import io
import json
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.exports.tables import csv_lines
from api.exports.xlsx import workbook
from api.openapi import described
from api.roles import table
from api.webhooks.service import deliver
from tests.api.conftest import NO_TLS, Service

SECRET = "a secret of sixteen"


@dataclass
class Receiver:
    """A real server that takes posts, or refuses them."""

    url: str = ""
    status: int = 200
    posts: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if found.status == 200:
                found.posts.append((dict(self.headers), body))
            self.send_response(found.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Silent."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_port}/hook"
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


def hook(service: Service, receiver: Receiver, **more: Any) -> httpx.Client:
    admin = service.person("admin")
    body = {"name": "city", "url": receiver.url, "secret": SECRET, **more}
    answer = admin.post("/api/v1/webhooks", json=body)
    assert answer.status_code == 201, answer.text
    assert SECRET not in answer.text
    return admin


def test_a_webhook_is_told_in_order_signed_and_once(service: Service, receiver: Receiver) -> None:
    receiver.status = 500
    admin = hook(service, receiver, actions=["case.opened", "case.confirm"])
    case_id, reviewer = service.case("incident-1"), service.person("reviewer")
    decision = {"action": "confirm", "version": 1}
    assert reviewer.post(f"/api/v1/cases/{case_id}/decisions", json=decision).status_code == 200
    with httpx.Client(verify=NO_TLS) as client:
        service.clock.advance(minutes=1)
        assert deliver(service.office, lambda: client) == 0
        told = admin.get("/api/v1/webhooks").json()["items"][0]
        assert told["failures"] > 0
        assert told["last_error"] == "answered 500"
        receiver.status = 200
        # The service itself may be faster: what counts is what arrived.
        service.clock.advance(minutes=60)
        deliver(service.office, lambda: client)
    events = {event["id"]: event for event in (json.loads(body) for _headers, body in receiver.posts)}
    assert [event["type"] for _, event in sorted(events.items(), key=lambda pair: int(pair[0]))] == [
        "streetwarden.case.opened",
        "streetwarden.case.confirm",
    ]
    headers, body = receiver.posts[0]
    at, given = (part.partition("=")[2] for part in headers["Streetwarden-Signature"].split(","))
    assert hmac.new(SECRET.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest() == given


@pytest.mark.parametrize("url", ["file:///etc/passwd", "http://u:p@host/", "gopher://host", "http://"])
def test_only_web_addresses_are_told(service: Service, url: str) -> None:
    body = {"name": "city", "url": url, "secret": SECRET}
    assert service.person("admin").post("/api/v1/webhooks", json=body).status_code == 422


def test_cases_leave_as_csv_xlsx_and_json_and_the_log_says_so(service: Service) -> None:
    case_id, reviewer = service.case("incident-1"), service.person("reviewer")
    rows = list(csv.DictReader(io.StringIO(reviewer.get("/api/v1/exports/cases.csv").text.removeprefix("\ufeff"))))
    assert [(row["id"], row["code"]) for row in rows] == [(str(case_id), "09009")]
    found = reviewer.get("/api/v1/exports/cases.json?state=candidate").json()
    assert found[0]["kind"] == "illegal_parking"
    assert reviewer.get("/api/v1/exports/cases.json?state=filed").json() == []
    book = zipfile.ZipFile(io.BytesIO(reviewer.get("/api/v1/exports/cases.xlsx").content))
    assert b"illegal_parking" in book.read("xl/worksheets/sheet1.xml")
    log = service.person("auditor").get("/api/v1/audit?subject=cases").json()["items"]
    assert {entry["after"]["form"] for entry in log} == {"csv", "json", "xlsx"}


def test_a_cell_that_looks_like_a_formula_or_like_xml_stays_a_text() -> None:
    assert "".join(csv_lines([["=1+1", "a,b", None, 3]])) == '\ufeff\'=1+1,"a,b",,3\r\n'
    sheet = zipfile.ZipFile(io.BytesIO(workbook([["<b>\x00&", 1.5]]))).read("xl/worksheets/sheet1.xml").decode()
    assert "&lt;b&gt;&amp;</t>" in sheet
    assert "<v>1.5</v>" in sheet


def test_the_published_table_of_roles_is_the_services_own() -> None:
    published = Path(__file__).parents[2] / "docs" / "reference" / "roles.md"
    with described() as app:
        assert published.read_text(encoding="utf-8") == table(app), "run: python -m api.roles docs/reference/roles.md"
