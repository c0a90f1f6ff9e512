"""Turns keep the order in which pictures were taken, whatever lane finishes first."""

from __future__ import annotations

import threading

import pytest

from streetwarden.turns import Turns


def test_work_is_done_in_the_order_of_drawing() -> None:
    turns = Turns()
    tickets = [turns.draw() for _ in range(20)]
    done: list[int] = []

    def work(ticket: int) -> None:
        with turns.turn(ticket) as mine:
            assert mine
            done.append(ticket)

    threads = [threading.Thread(target=work, args=(ticket,)) for ticket in reversed(tickets)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert done == tickets


def test_a_voided_ticket_holds_nobody_up_and_does_no_work() -> None:
    turns = Turns()
    lost, later = turns.draw(), turns.draw()

    turns.void(lost)

    with turns.turn(later) as mine:
        assert mine
    with turns.turn(lost) as mine:
        assert not mine


def test_voiding_what_is_done_changes_nothing() -> None:
    turns = Turns()
    first = turns.draw()
    with turns.turn(first):
        pass

    turns.void(first)

    with turns.turn(turns.draw()) as mine:
        assert mine


def test_an_error_inside_a_turn_lets_the_next_go_on() -> None:
    turns = Turns()
    first, second = turns.draw(), turns.draw()
    with pytest.raises(ZeroDivisionError), turns.turn(first):
        _ = 1 / 0

    with turns.turn(second) as mine:
        assert mine
