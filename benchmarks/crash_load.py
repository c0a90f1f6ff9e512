"""Work that goes on while the office is killed again and again, and a ledger of every answer that was given."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from benchmarks.filling import CAMERAS
from benchmarks.packages import PackageMaker
from evidence.client import CaseClient
from evidence.errors import ServiceRefused, ServiceUnreachable

API = "/api/v1"
PAUSE_S = 0.02


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision that was sent; `note` is no other's."""

    case_id: int
    action: str
    note: str


@dataclass
class Ledger:
    """What was acknowledged, and what was sent without an answer: that may have been done or not, but once at most."""

    packages: dict[str, int] = field(default_factory=dict)
    decisions: list[Decision] = field(default_factory=list)
    looks: list[str] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass
class Load:
    """Where the office is, when to end, and the ledger."""

    url: str
    maker: PackageMaker
    folder: Path
    ledger: Ledger
    ending: threading.Event = field(default_factory=threading.Event)

    def push(self, name: str, token: str) -> None:
        """A worker: package after package, each until it is acknowledged, as the outbox does."""
        number = 0
        with CaseClient(self.url, token, timeout_s=10) as client:
            while not self.ending.is_set():
                incident = f"{name}-{number}"
                package = self.maker.seal(self.folder / name, incident, f"camera-{number % CAMERAS}", time.time_ns())
                case_id = self._until_taken(client, package.package_id, package.folder)
                with self.ledger.lock:
                    self.ledger.packages[package.package_id] = case_id
                number += 1
                time.sleep(PAUSE_S)

    def _until_taken(self, client: CaseClient, package_id: str, folder: Path) -> int:
        while True:
            try:
                return int(client.put_package(package_id, folder)["case_id"])
            except (ServiceUnreachable, ServiceRefused) as error:
                if isinstance(error, ServiceRefused) and error.status < 500:
                    self._refuse(f"package {package_id}: {error}")
                time.sleep(PAUSE_S * 5)

    def review(self, name: str, password: str) -> None:
        """A reviewer: the next case, a look at its first picture, a decision."""
        with httpx.Client(base_url=self.url, timeout=10) as http:
            while not self.ending.is_set():
                try:
                    self._sign_in(http, name, password)
                    while not self.ending.is_set():
                        self._one_case(http)
                except httpx.HTTPError:
                    time.sleep(PAUSE_S * 5)

    @staticmethod
    def _sign_in(http: httpx.Client, name: str, password: str) -> None:
        if http.cookies and http.get(f"{API}/session").is_success:
            return
        answer = http.post(f"{API}/session", json={"username": name, "password": password})
        answer.raise_for_status()
        http.headers["X-CSRF-Token"] = answer.json()["csrf_token"]

    def _one_case(self, http: httpx.Client) -> None:
        answer = http.get(f"{API}/cases/next")
        answer.raise_for_status()
        case = answer.json()["case"]
        if case is None:
            time.sleep(PAUSE_S)
            return
        self._look(http, case["packages"][0]["files"][0]["url"])
        action = "confirm" if case["id"] % 2 else "reject"
        decision = Decision(case["id"], action, uuid.uuid4().hex)
        body = {"action": action, "version": case["version"], "note": decision.note}
        if action == "reject":
            body["reason"] = "no_violation"
        url = f"{API}/cases/{case['id']}/decisions"
        if self._answered(decision.note, lambda: http.post(url, json=body)):
            with self.ledger.lock:
                self.ledger.decisions.append(decision)
        time.sleep(PAUSE_S)

    def _look(self, http: httpx.Client, url: str) -> None:
        purpose = uuid.uuid4().hex
        if self._answered(purpose, lambda: http.get(url, params={"purpose": purpose})):
            with self.ledger.lock:
                self.ledger.looks.append(purpose)

    def _answered(self, mark: str, ask: Callable[[], httpx.Response]) -> bool:
        """Whether it was done, as far as anybody was told; a lost answer is raised after it is noted."""
        try:
            answer = ask()
        except httpx.HTTPError:
            with self.ledger.lock:
                self.ledger.unanswered.append(mark)
            raise
        if answer.status_code >= 500:
            with self.ledger.lock:
                self.ledger.unanswered.append(mark)
        elif not answer.is_success and answer.status_code != httpx.codes.CONFLICT:
            self._refuse(f"{answer.request.url}: {answer.status_code} {answer.text[:200]}")
        return answer.is_success

    def _refuse(self, words: str) -> None:
        with self.ledger.lock:
            self.ledger.refused.append(words)
