"""Twenty sealed cases of every kind, confirmed or rejected in a real browser by keyboard alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page

from benchmarks.review import Desk, Recorder, clear_queue, wait_sent
from tests.api.conftest import PASSWORD, Service
from tests.pages.conftest import states

CASES = 20
FOUR_KINDS = {"illegal_parking", "street_vending", "exposed_garbage", "uncovered_muck_truck"}
NO_MOUSE = "addEventListener('pointerdown', () => { throw new Error('somebody used a mouse'); }, true)"


def test_twenty_cases_of_every_kind_are_cleared_by_keyboard(
    service: Service, open_page: Callable[..., Page], tmp_path: Path
) -> None:
    recorder = Recorder(tmp_path)
    token = service.machine().headers["Authorization"].removeprefix("Bearer ")
    with recorder.sending(service.url, token) as outbox:
        for _ in range(CASES):
            recorder.seal()
        outbox.wake()
        wait_sent(outbox, CASES)
    service.person("reviewer", username="chen")
    page = open_page()
    page.add_init_script(NO_MOUSE)
    desk = Desk(page)
    desk.sign_in(service.url, "chen", PASSWORD)

    cleared = [sample["case"] for sample in clear_queue(desk, CASES)]

    assert len(set(cleared)) == CASES
    found = Counter(states(service).values())
    assert found == {("filed", None): 10, ("rejected", "temporary_stop"): 5, ("rejected", "other"): 5}
    items = service.person("auditor").get("/api/v1/cases").json()["items"]
    assert {item["kind"] for item in items} == FOUR_KINDS
    assert {item["decided_by"] for item in items} == {"chen"}
