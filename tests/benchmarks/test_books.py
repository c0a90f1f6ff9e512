"""The books of a drill: every way in which a package can go wrong is counted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.books import OfficeBooks, WorkerBooks, balance

WORKER = WorkerBooks({"p1": "aa", "p2": "bb"}, (), {}, frozenset({"p1", "p2"}), rejected=0, waiting=0)
OFFICE = OfficeBooks((("p1", "i1", 1, "aa"), ("p2", "i2", 2, "bb")), {1: "i1", 2: "i2"}, quarantined=0)
FINE = {"sealed": 2, "cases": 2}


def wrong(worker: WorkerBooks, office: OfficeBooks, seen: dict[str, str] | None = None) -> dict[str, int]:
    """What is not 0, without the two that should not be."""
    counts = balance(worker, office, seen or {})
    return {name: count for name, count in counts.items() if count and name not in FINE}


def test_books_that_agree() -> None:
    assert wrong(WORKER, OFFICE, {"p1": "aa"}) == {}
    assert FINE.items() <= balance(WORKER, OFFICE, {}).items()


@pytest.mark.parametrize(
    ("office", "counts"),
    [
        (replace(OFFICE, packages=OFFICE.packages[:1], cases={1: "i1"}), {"lost": 1}),
        (replace(OFFICE, cases={1: "i1"}), {"lost": 1, "twice": 1}),
        (replace(OFFICE, cases={1: "i1", 2: "i1"}), {"lost": 1, "twice": 1}),
        (replace(OFFICE, cases={1: "i1", 2: "i2", 3: "i2"}), {"twice": 2}),
        (
            replace(OFFICE, packages=(*OFFICE.packages, ("p3", "i3", 3, "cc")), cases={**OFFICE.cases, 3: "i3"}),
            {"strangers": 1},
        ),
        (replace(OFFICE, packages=(OFFICE.packages[0], ("p2", "i2", 2, "xx"))), {"altered": 1}),
        (replace(OFFICE, quarantined=1), {"quarantined": 1}),
    ],
)
def test_what_the_office_has_wrong(office: OfficeBooks, counts: dict[str, int]) -> None:
    assert wrong(WORKER, office) == counts


def test_what_the_worker_has_wrong() -> None:
    assert wrong(WORKER, OFFICE, {"p3": "cc"}) == {"lost": 1, "vanished": 1}
    assert wrong(replace(WORKER, rejected=1, waiting=2), OFFICE) == {"rejected": 1, "left_waiting": 2}
