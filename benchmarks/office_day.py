"""Those who are at work in an office: reviewers with an open page, workers with cameras and packages. All over HTTP."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from benchmarks.packages import Package, PackageMaker
from evidence.client import CaseClient
from evidence.layout import Layout
from evidence.outbox import Outbox
from streams.clock import SystemClock

API = "/api/v1"
BEAT_S = 2.0
"""As often a worker tells that it lives and asks for its configuration."""
PAGES = (
    "/cases",
    "/cases?state=candidate",
    "/cases?state=answered&kind=street_vending",
    f"{API}/cases?camera_id=camera-7&limit=100",
    f"{API}/cases?district=district-3&state=filed&limit=100",
    f"{API}/cases?escalation=overdue&unit=unit-3&limit=100&newest_first=true",
    f"{API}/cases?kind=exposed_garbage&since={{week}}&limit=100&newest_first=true",
    f"{API}/cases/counts",
    f"{API}/cases?limit=200&newest_first=true",
    "/map?days=30",
    "/map?days=365&kind=street_vending",
)


@dataclass(frozen=True, slots=True)
class Look:
    """One thing that somebody waited for: what it was, how long it took, and when."""

    name: str
    ms: float
    at_s: float


@dataclass(frozen=True, slots=True)
class Day:
    """Where the office is, when its day begins and ends, and how long a reviewer looks at a case.

    People come before it begins: signing in takes a while on purpose, and nobody signs in before every case. They begin
    one after the other, as people do.
    """

    url: str
    begin_s: float
    until_s: float
    think_s: float
    packages: Path
    week: str


class Notes:
    """What everybody saw, from all threads: looks, when packages were sealed, when open pages had their cases."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.looks: list[Look] = []
        self.sealed_s: dict[str, float] = {}
        self.shown_s: dict[str, float] = {}

    def timed(self, name: str, ask: Callable[..., httpx.Response]) -> httpx.Response:
        """Ask, and note how long it took. Raises httpx.HTTPStatusError for a refusal."""
        begun = time.perf_counter()
        answer = ask()
        self.add(name, (time.perf_counter() - begun) * 1000)
        answer.raise_for_status()
        return answer

    def add(self, name: str, ms: float) -> None:
        """Note a look that ends now."""
        with self._lock:
            self.looks.append(Look(name, ms, time.monotonic()))

    def seal(self, incident_id: str) -> None:
        """A package of this incident is sealed now."""
        with self._lock:
            self.sealed_s[incident_id] = time.monotonic()

    def show(self, incident_id: str) -> None:
        """An open page has the case of this incident now."""
        with self._lock:
            self.shown_s.setdefault(incident_id, time.monotonic())


def wait_until(moment_s: float) -> None:
    """Sleep until the monotonic clock shows it."""
    time.sleep(max(0.0, moment_s - time.monotonic()))


@dataclass
class Reviewer:
    """Takes the next case, looks at its pictures, decides; now and then opens a list."""

    name: str
    password: str
    day: Day
    notes: Notes
    pattern: Package
    late_s: float = 0.0
    turn: int = 0
    _http: httpx.Client = field(init=False)

    def work(self) -> None:
        """Until the day is over, but at least one case."""
        with httpx.Client(base_url=self.day.url, timeout=60) as self._http:
            answer = self._http.post(f"{API}/session", json={"username": self.name, "password": self.password})
            answer.raise_for_status()
            self._http.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
            # A service that has been running: what it makes once is made.
            for path in ("/cases", f"{API}/cases/next"):
                self._http.get(path).raise_for_status()
            wait_until(self.day.begin_s + self.late_s)
            first = True
            while first or time.monotonic() < self.day.until_s:
                first = False
                self._review()

    def _review(self) -> None:
        """One case. The pictures of the case that comes next are asked for with it, as the page does."""
        begun = time.perf_counter()
        case = self.notes.timed("next", lambda: self._http.get(f"{API}/cases/next")).json()["case"]
        self._look(case, begun)
        number = case["id"]
        self.notes.timed("related", lambda: self._http.get(f"{API}/cases/{number}/related"))
        time.sleep(self.day.think_s)
        decision = {"action": "reject", "reason": "no_violation", "version": case["version"]}
        self.notes.timed("decide", lambda: self._http.post(f"{API}/cases/{number}/decisions", json=decision))
        page = PAGES[self.turn % len(PAGES)].format(week=self.day.week)
        self.notes.timed(f"page {page}", lambda: self._http.get(page))
        self.turn += 1

    def _look(self, case: dict[str, Any], begun: float) -> None:
        package = case["packages"][0]
        self._place(package["package_id"])
        stills = [file["url"] for file in package["files"] if file["media_type"] == "image/jpeg"]
        for url in stills:
            self.notes.timed("picture", lambda place=url: self._http.get(place))
            if url == stills[0]:
                self.notes.add("on screen", (time.perf_counter() - begun) * 1000)

    def _place(self, package_id: str) -> None:
        """The books were filled with rows alone: let this package's pictures be those of the pattern."""
        place = self.day.packages / package_id[:2] / package_id
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(self.pattern.folder, target_is_directory=True)


@dataclass
class OpenPage:
    """A page that listens for new cases and fetches each, as the review page does."""

    name: str
    password: str
    day: Day
    notes: Notes

    def work(self) -> None:
        """Listen until the day is over."""
        with httpx.Client(base_url=self.day.url, timeout=20) as http:
            http.post(f"{API}/session", json={"username": self.name, "password": self.password}).raise_for_status()
            with http.stream("GET", f"{API}/events") as stream:
                self._listen(http, stream)

    def _listen(self, http: httpx.Client, stream: httpx.Response) -> None:
        event = ""
        for line in stream.iter_lines():
            if line.startswith("event: "):
                event = line.removeprefix("event: ")
            if line.startswith("data: ") and event == "case.opened":
                number = json.loads(line.removeprefix("data: "))["case_id"]
                case = http.get(f"{API}/cases/{number}").json()
                self.notes.show(case["incident_id"])
            if time.monotonic() > self.day.until_s:
                return


@dataclass
class Worker:
    """Tells how its cameras are, asks for its configuration, and hands over packages through the product's outbox."""

    name: str
    token: str
    cameras: list[str]
    per_s: float
    day: Day
    notes: Notes
    maker: PackageMaker
    folder: Path
    late_s: float = 0.0

    def work(self) -> None:
        """Until the day is over; then the outbox may empty itself."""
        reports = [self._report(camera) for camera in self.cameras]
        beat = {"worker_id": self.name, "software": "benchmark", "cameras": reports}
        with CaseClient(self.day.url, self.token, timeout_s=60) as client:
            outbox = Outbox(self.folder, client, SystemClock(), key=self.maker.key)
            outbox.start()
            try:
                self._live(client, outbox, beat)
            finally:
                outbox.stop(timeout_s=30, drain_s=30)

    def _live(self, client: CaseClient, outbox: Outbox, beat: dict[str, Any]) -> None:
        first = client.get_config()
        etag = first.etag if first is not None else None
        wait_until(self.day.begin_s + self.late_s)
        next_beat = next_package = time.monotonic()
        number = 0
        while (now := time.monotonic()) < self.day.until_s:
            if self.per_s and now >= next_package:
                next_package += 1 / self.per_s
                self._seal(number)
                outbox.wake()
                number += 1
            if now >= next_beat:
                next_beat += BEAT_S
                served = self._timed("config", lambda tag=etag: client.get_config(tag))
                etag = served.etag if served is not None else etag
                self._timed("heartbeat", lambda: client.heartbeat(beat))
            time.sleep(0.01)

    def _seal(self, number: int) -> None:
        incident = f"{self.name}-{number}"
        camera = self.cameras[number % len(self.cameras)]
        self.maker.seal(Layout(self.folder).packages, incident, camera, time.time_ns())
        self.notes.seal(incident)

    def _timed(self, name: str, ask: Callable[..., Any]) -> Any:
        begun = time.perf_counter()
        answer = ask()
        self.notes.add(name, (time.perf_counter() - begun) * 1000)
        return answer

    @staticmethod
    def _report(camera: str) -> dict[str, Any]:
        """As long as a real one."""
        return {
            "camera_id": camera, "state": "streaming", "fps_read": 25.0, "packets_read": 123456, "frames_analysed": 999,
            "last_packet_age_s": 0.04, "late_s": 0.2, "clock_offset_s": 0.1, "reconnects": 1, "last_error": None,
            "gate": {"moving_share": 0.12, "looks": 77}, "picture": {"state": "fit", "detail": ""},
            "drops": {"late": 0, "full": 0}, "codec": "h264", "size_wh": [1920, 1080], "key_frame_every_s": 2.0,
        }  # fmt: skip
