"""Filling a fresh service from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from api.bootstrap import create_token, create_user, import_cameras
from api.errors import SetupError
from api.office import Office, open_office
from api.settings import ApiSettings
from api.users.service import find_token
from api.users.sessions import sign_in
from api.worker.service import config

ZONE = {
    "id": "kerb",
    "class": "prohibited",
    "polygon": [[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]],
    "rules": [{"kind": "illegal_parking", "dwell_seconds": 15}],
}
CAMERA: dict[str, Any] = {"id": "c-1", "url": "rtsp://127.0.0.1:8554/c-1", "zones": [ZONE]}


@pytest.fixture
def settings(database_url: str, fast_path: Path) -> ApiSettings:
    return ApiSettings(data_dir=fast_path / "data", database_url=database_url)


def watched(settings: ApiSettings) -> Any:
    office: Office = open_office(settings)
    told = config(office).body
    office.close()
    cameras: list[dict[str, Any]] = json.loads(told)["cameras"]
    return cameras


def test_a_person_can_sign_in_with_the_password_that_was_made(settings: ApiSettings) -> None:
    login = create_user(settings, "demo", ["reviewer", "ops"])
    assert login.one_time
    office = open_office(settings)
    assert sign_in(office, "demo", login.password).principal.roles == {"reviewer", "ops"}
    office.close()


def test_a_token_is_good_for_its_role(settings: ApiSettings) -> None:
    token = create_token(settings, "edge-1")
    office = open_office(settings)
    found = find_token(office, token)
    office.close()
    assert found is not None
    assert found.roles == {"worker"}


@pytest.mark.parametrize(
    ("username", "roles", "password", "words"),
    [
        ("li", "boss", None, "unknown role 'boss': expected one of reviewer"),
        ("li", "worker", None, "A person needs one or more of these roles"),
        ("li", "reviewer", "short", "10 to 200 characters"),
        ("taken", "reviewer", None, "There is already a user 'taken'"),
    ],
)
def test_a_person_who_cannot_be_is_one_clear_line(
    settings: ApiSettings, username: str, roles: str, password: str | None, words: str
) -> None:
    create_user(settings, "taken", "reviewer")
    with pytest.raises(SetupError, match=words):
        create_user(settings, username, roles, password)


def test_cameras_come_in_with_their_zones(settings: ApiSettings) -> None:
    assert import_cameras(settings, [CAMERA]) == 1
    camera = watched(settings)[0]
    assert camera["url"] == CAMERA["url"]
    assert camera["zones"] == [{**ZONE, "version": 1, "warning_only_until": None}]


def test_the_same_cameras_again_change_nothing(settings: ApiSettings) -> None:
    import_cameras(settings, [CAMERA])
    before = watched(settings)
    assert import_cameras(settings, [CAMERA]) == 0
    assert watched(settings) == before


def test_what_differs_is_brought_up_to_date(settings: ApiSettings) -> None:
    import_cameras(settings, [CAMERA])
    zone = {**ZONE, "rules": [{"kind": "illegal_parking", "dwell_seconds": 60}]}
    assert import_cameras(settings, [{**CAMERA, "url": "rtsp://127.0.0.1:9000/c-1", "zones": [zone]}]) == 1
    camera = watched(settings)[0]
    assert camera["url"] == "rtsp://127.0.0.1:9000/c-1"
    assert [(each["version"], each["rules"][0]["dwell_seconds"]) for each in camera["zones"]] == [(2, 60)]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"url": "clip.mp4"}, r"cameras\[1\]\.url: the address must begin"),
        ({"id": "a/b"}, r"cameras\[1\]\.id"),
        ({"zones": [{**ZONE, "polygon": [[0, 0], [2, 0], [1, 1]]}]}, r"cameras\[1\]\.zones\[0\]\.polygon: point 2"),
        ({"zones": [{**ZONE, "id": "a b"}]}, r"cameras\[1\]\.zones\[0\]\.id"),
        ({"more": 1}, r"cameras\[1\]\.more"),
    ],
)
def test_a_mistake_is_one_clear_line_and_nothing_is_taken(
    settings: ApiSettings, wrong: dict[str, Any], words: str
) -> None:
    with pytest.raises(SetupError, match=words):
        import_cameras(settings, [CAMERA, {**CAMERA, "id": "c-2", **wrong}])
    assert watched(settings) == []
