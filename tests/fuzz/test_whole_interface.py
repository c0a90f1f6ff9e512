"""The whole interface, asked generated questions as every role and as nobody (`python -m tests.fuzz` asks more)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from api.access import ACCESS, PUBLIC
from tests.fuzz.office import NOBODY, Town, town
from tests.fuzz.walk import name_of, operations, walk

EXAMPLES, SEED = 1, 20261122


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with town(tmp_path_factory.mktemp("town")) as built:
        yield built


def test_no_question_breaks_the_service_or_lets_anybody_past_their_role(made: Town) -> None:
    asked = list(operations(made))
    assert {name_of(each) for each in asked} <= set(ACCESS) | PUBLIC
    found = [line for each in asked for line in walk(made, each, EXAMPLES, SEED)]
    assert found == []


def test_a_hole_in_the_table_of_roles_is_found(made: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """The walk itself: an operation that is open by mistake does not get past it."""
    (cameras,) = (each for each in operations(made) if name_of(each) == "list_cameras")
    monkeypatch.setattr("api.guard.PUBLIC", PUBLIC | {"list_cameras"})
    found = list(walk(made, cameras, 1, SEED))
    assert any(line.startswith(f"list_cameras as {NOBODY}: 200 where it must be refused") for line in found)


def test_a_breakdown_is_found(made: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_office: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("api.keys.service.read_registry", broken)
    (keys,) = (each for each in operations(made) if name_of(each) == "list_keys")
    found = list(walk(made, keys, 1, SEED))
    assert any(line.startswith("list_keys as worker: ZeroDivisionError") for line in found)
