"""Packages that arrive together are pushed to the disk together."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from api.files import SharedFlush


class CountedFlush(SharedFlush):
    """Counts pushes, and holds the first one back until told."""

    def __init__(self, folder: Path, error: OSError | None = None) -> None:
        super().__init__(folder)
        self.pushes = 0
        self.begun, self.go_on = threading.Event(), threading.Event()
        self._error = error

    def _push(self) -> None:
        self.pushes += 1
        self.begun.set()
        assert self.go_on.wait(10)
        if self._error is not None:
            raise self._error
        super()._push()


def waiting(flush: CountedFlush, pool: ThreadPoolExecutor) -> list[Future[None]]:
    """One whose push is under way, and five who come meanwhile."""
    first = pool.submit(flush.wait)
    assert flush.begun.wait(10)
    others = [pool.submit(flush.wait) for _ in range(5)]
    while flush._next is None or pool._work_queue.qsize():
        pass
    return [first, *others]


@pytest.mark.skipif(not SharedFlush(Path("/")).possible, reason="this system has no syncfs")
def test_who_comes_while_a_push_is_under_way_shares_the_next_one(tmp_path: Path) -> None:
    flush = CountedFlush(tmp_path)
    with ThreadPoolExecutor(6) as pool:
        waits = waiting(flush, pool)
        assert not any(wait.done() for wait in waits)
        flush.go_on.set()
        for wait in waits:
            wait.result(10)
    assert flush.pushes <= 3


@pytest.mark.skipif(not SharedFlush(Path("/")).possible, reason="this system has no syncfs")
def test_a_disk_that_refuses_fails_everybody_who_waited_for_it(tmp_path: Path) -> None:
    flush = CountedFlush(tmp_path, OSError(5, "the disk is broken"))
    with ThreadPoolExecutor(6) as pool:
        waits = waiting(flush, pool)
        flush.go_on.set()
        assert all(isinstance(wait.exception(10), OSError) for wait in waits)
