"""A reviewer at the keyboard of a real browser: sealed cases of every kind, confirmed or rejected one after the other.

`case_s` is from the moment at which a case's three stills and its clip are there to the same moment of the next one:
the keys, the decision, the next case. The reviewer's own thinking is not in it: keys are pressed as soon as there is
something to see. `shown_s` is from the sealing of a package on a worker's disk to its pictures in an open, empty page.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api.access import SYSTEM, Role
from api.bootstrap import create_user
from api.db.migrate import migrate
from api.office import open_office
from api.settings import ApiSettings
from api.users.service import create_token
from benchmarks.errors import BenchmarkError
from benchmarks.product import Product
from benchmarks.report import Benchmark, Gate, Outcome, Sample, median, quantiles
from benchmarks.streets import read_streets, sealed_files
from evidence.client import CaseClient
from evidence.compose import Draft
from evidence.layout import Layout
from evidence.outbox import Outbox
from evidence.signing import Ed25519Signer
from streams.clock import SystemClock
from streetwarden.processes import stop

if TYPE_CHECKING:
    from playwright.sync_api import Page

PASSWORD = "correct horse battery"  # noqa: S105 - of people who live a minute
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
STREETS = {"market-street": "集市街", "vendor-corner": "街角", "bag-lane": "后巷", "haul-road": "运输路"}
PATIENCE_S = 60.0
ADDRESS = " serving at "
# What a reviewer types: confirm, reject with a reason, reject with a reason and a word.
DECISIONS: tuple[tuple[str, ...], ...] = (("c",), ("r", "2"), ("c",), ("r", "9", "text:a film set", "Enter"))
SHOWN = """(() => {
  const stage = document.getElementById("stage");
  const pictures = [...stage.querySelectorAll("img")];
  const there = pictures.length === 3 && pictures.every((each) => each.complete && each.naturalWidth > 0);
  return there && stage.querySelector("video")?.readyState >= 2 ? Number(stage.dataset.caseId) : 0;
})()"""
EMPTY = "Number(!document.getElementById('stage').dataset.caseId)"


@dataclass(frozen=True, slots=True)
class Desk:
    """A browser's page with the review queue, and its keyboard; there is no mouse."""

    page: Page

    def sign_in(self, url: str, name: str, password: str) -> None:
        """Through the front door, to the queue."""
        self.page.goto(url)
        for text in (name, password):
            self.page.keyboard.type(text)
            self.page.keyboard.press("Tab")
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def shown(self, other_than: int = 0) -> int:
        """Wait until the stills and the clip of a case (another one) are there; its number."""
        return self._wait(SHOWN, other_than)

    def empty(self) -> int:
        """Wait until no case is on the stage: 0."""
        return self._wait(EMPTY, 0) - 1

    def press(self, keys: Sequence[str]) -> None:
        """Keys one after the other; `text:WORDS` is typed."""
        for key in keys:
            if key.startswith("text:"):
                self.page.keyboard.type(key.removeprefix("text:"))
            else:
                self.page.keyboard.press(key)

    def _wait(self, question: str, other_than: int) -> int:
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            if (found := int(self.page.evaluate(question))) not in {0, other_than}:
                return found
        seen = self.page.inner_text("body")[:200]
        raise BenchmarkError(f"the review page did not come so far in {PATIENCE_S:g} s: {seen}")


def clear_queue(desk: Desk, cases: int) -> Iterator[Sample]:
    """Decide so many waiting cases by keyboard, each as soon as it can be seen."""
    case = desk.shown()
    for left, keys in zip(reversed(range(cases)), cycle(DECISIONS), strict=False):
        begun = time.perf_counter()
        desk.press(keys)
        following = desk.shown(other_than=case) if left else desk.empty()
        yield {"case": case, "keys": " ".join(keys), "case_s": round(time.perf_counter() - begun, 4)}
        case = following


class Recorder:
    """Seals packages of the streets as a worker's recorder does, and hands them over through its outbox."""

    def __init__(self, folder: Path) -> None:
        self._layout = Layout(folder)
        self._signer = Ed25519Signer(Ed25519PrivateKey.generate())
        begun_ns = time.time_ns() - 300 * 1_000_000_000
        self._drafts: list[Draft] = [street.draft() for street in read_streets(STREETS, begun_ns)]
        self._sealed = 0

    @contextmanager
    def sending(self, url: str, token: str) -> Iterator[Outbox]:
        """While its outbox sends."""
        key = self._signer.entry(datetime(2026, 1, 1, tzinfo=UTC), "benchmark")
        with CaseClient(url, token, timeout_s=60) as client:
            outbox = Outbox(self._layout.root, client, SystemClock(), key=key)
            outbox.start()
            try:
                yield outbox
            finally:
                outbox.stop(timeout_s=30, drain_s=30)

    def seal(self) -> None:
        """One more package, of the next kind, at a place of its own; there in one moment."""
        self._sealed += 1
        draft = self._drafts[self._sealed % len(self._drafts)]
        name = f"{self._sealed:032x}"
        package_id, files = sealed_files(draft, name, f"place-{self._sealed}", time.time_ns(), self._signer)
        building, target = self._layout.building / package_id, self._layout.packages / package_id
        for path, data in files.items():
            (building / path).parent.mkdir(parents=True, exist_ok=True)
            (building / path).write_bytes(data)
        target.parent.mkdir(parents=True, exist_ok=True)
        building.rename(target)


def watch_arrivals(desk: Desk, recorder: Recorder, outbox: Outbox, packages: int) -> Iterator[Sample]:
    """From sealed to seen, one package after the other; each is confirmed, so that the page is empty again."""
    for _ in range(packages):
        recorder.seal()
        begun = time.perf_counter()
        outbox.wake()
        case = desk.shown()
        yield {"case": case, "shown_s": round(time.perf_counter() - begun, 4)}
        desk.press(("c",))
        desk.empty()


def run(options: argparse.Namespace) -> Outcome:
    """Fill the queue, clear it by keyboard, then watch packages arrive."""
    with tempfile.TemporaryDirectory(prefix="sw-review-") as name:
        folder = Path(name)
        token = _let_in(ApiSettings(data_dir=folder / "api"))
        recorder = Recorder(folder / "worker")
        with _served(Product(folder)) as url, recorder.sending(url, token) as outbox, _browser() as page:
            for _ in range(options.cases):
                recorder.seal()
            outbox.wake()
            wait_sent(outbox, options.cases)
            desk = Desk(page)
            desk.sign_in(url, "chen", PASSWORD)
            samples = [*clear_queue(desk, options.cases), *watch_arrivals(desk, recorder, outbox, options.packages)]
    return Outcome(_figures(samples), samples)


def _figures(samples: Sequence[Sample]) -> dict[str, float | int | None]:
    figures: dict[str, float | int | None] = {}
    for name in ("case_s", "shown_s"):
        values = [float(sample[name]) for sample in samples if name in sample]
        figures[f"{name}_median"] = median(values)
        figures[f"{name}_p95"] = (quantiles(values) or {}).get("p95")
    return {"cases": sum("case_s" in sample for sample in samples), **figures}


def _let_in(settings: ApiSettings) -> str:
    """A reviewer, and a worker's token."""
    migrate(settings.database_url)
    create_user(settings, "chen", "reviewer", PASSWORD)
    office = open_office(settings)
    try:
        _row, token = create_token(office, SYSTEM, "benchmark", Role.WORKER)
    finally:
        office.close()
    return token


@contextmanager
def _served(product: Product) -> Iterator[str]:
    """`streetwarden serve`, once it has said where."""
    process = product.spawn("serve", "--port", "0")
    until = time.monotonic() + PATIENCE_S
    try:
        while ADDRESS not in (said := product.last_words()):
            if process.poll() is not None or time.monotonic() > until:
                raise BenchmarkError(f"the case service did not start: {said}")
            time.sleep(0.05)
        yield said.partition(ADDRESS)[2].strip()
    finally:
        stop(process, 20)


@contextmanager
def _browser() -> Iterator[Page]:
    # Only this benchmark needs it.
    from playwright.sync_api import Error as BrowserError  # noqa: PLC0415
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    path = os.environ.get("CHROMIUM", CHROMIUM)
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
            yield browser.new_page(viewport={"width": 1440, "height": 900})
            browser.close()
    except BrowserError as error:
        raise BenchmarkError(f"{path}: {str(error).splitlines()[0]}") from None


def wait_sent(outbox: Outbox, packages: int) -> None:
    """Until so many packages have been taken. Raises BenchmarkError when that takes too long."""
    until = time.monotonic() + PATIENCE_S
    while outbox.status.sent < packages:
        if time.monotonic() > until:
            raise BenchmarkError(f"packages did not arrive: {outbox.status.last_error}")
        time.sleep(0.05)


def add_options(parser: argparse.ArgumentParser) -> None:
    """How much there is to do."""
    parser.add_argument("--cases", type=int, default=20, help="waiting when the reviewer comes")
    parser.add_argument("--packages", type=int, default=20, help="sealed while the reviewer waits")


BENCHMARK = Benchmark(
    name="review",
    about="a reviewer's keyboard in a real browser: seconds per case, and from a sealed package to its pictures",
    run=run,
    add_options=add_options,
    gates=(Gate("case_s_p95", most=3, timed=True), Gate("shown_s_p95", most=2, timed=True)),
    smoke={"cases": 3, "packages": 1},
)
