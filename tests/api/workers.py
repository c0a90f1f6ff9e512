"""A worker that does errands as a test tells it to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.api.conftest import Service

Answer = Callable[[dict[str, Any]], dict[str, Any] | str]


@contextmanager
def working(service: Service, answers: dict[str, Answer], asked: list[dict[str, Any]] | None = None) -> Iterator[None]:
    """A worker that answers each kind of errand as it is told to; it is connected when the block begins."""
    client, stopping, connected = service.machine(), threading.Event(), threading.Event()

    def work() -> None:
        while not stopping.is_set():
            items = client.post("/api/v1/worker/errands", json={"worker_id": "edge", "wait_s": 0.2}).json()["items"]
            connected.set()
            for errand in items:
                if asked is not None:
                    asked.append(errand)
                answer = answers[errand["kind"]](errand["body"])
                key = "error" if isinstance(answer, str) else "result"
                path = f"/api/v1/worker/errands/{errand['id']}/answer"
                client.post(path, json={"worker_id": "edge", key: answer}).raise_for_status()

    thread = threading.Thread(target=work)
    thread.start()
    assert connected.wait(20)
    try:
        yield
    finally:
        stopping.set()
        thread.join()
