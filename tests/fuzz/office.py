"""An office in one process, with something in it, and a caller for every role."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import update

from api.access import PEOPLE, Role
from api.app import build
from api.db.migrate import migrate
from api.db.models import User
from api.guard import COOKIE
from api.office import open_office
from api.settings import ApiSettings
from tests.api.conftest import Clock, Service
from tests.api.scene import Sealer, key_entry

HOST = "http://office"
NORTH, SOUTH = "north-gate", "south-gate"
# The name of a camera outside one caller's limits, and a camera's password: in no answer to who must not know them.
SECRET_PLACE, CAMERA_PASSWORD = "Hermitage of the south", "never-to-be-shown"
NOBODY, LIMITED = "nobody", "limited"
_numbers = itertools.count(1)


@dataclass(slots=True)
class Caller:
    """Who asks: the roles they have and what their requests carry."""

    name: str
    roles: frozenset[Role]
    headers: dict[str, str]

    @property
    def limited(self) -> bool:
        return self.name == LIMITED


@dataclass(slots=True)
class Town:
    """The app, its callers by name, and values for places in paths that name something that is there."""

    app: FastAPI
    service: Service
    runner: asyncio.Runner
    client: httpx.AsyncClient
    callers: dict[str, Caller] = field(default_factory=dict)
    known: dict[str, list[Any]] = field(default_factory=dict)

    def ask(self, caller: Caller, method: str, url: str, **options: Any) -> httpx.Response:
        """One request in this process; an exception that the app lets out comes out here."""
        headers = {**options.pop("headers", {}), **caller.headers}
        self.client.cookies.clear()
        return self.runner.run(self.client.request(method, url, headers=headers, **options))

    def anew(self, caller: Caller) -> None:
        """Fresh credentials: a request may have ended a session or revoked a token."""
        caller.headers = self._credentials(caller.name, caller.roles)

    def _credentials(self, name: str, roles: frozenset[Role]) -> dict[str, str]:
        if not roles:
            return {}
        if roles == {Role.WORKER}:
            return dict(_authorisation(self.service.machine()))
        client = self.service.person(*roles, username=f"{name}-{next(_numbers)}")
        if name == LIMITED:
            with self.service.office.database.writing() as session:
                newest = update(User).where(User.username.like(f"{LIMITED}-%"))
                session.execute(newest.values(districts=["north"], unit="North office"))
        return {"Cookie": f"{COOKIE}={client.cookies[COOKIE]}", "X-CSRF-Token": client.headers["X-CSRF-Token"]}

    def add_callers(self) -> None:
        everybody: Mapping[str, frozenset[Role]] = {
            NOBODY: frozenset(),
            **{role.value: frozenset({role}) for role in Role},
            LIMITED: PEOPLE,
        }
        for name, roles in everybody.items():
            self.callers[name] = Caller(name, roles, self._credentials(name, roles))


def _authorisation(client: httpx.Client) -> Iterator[tuple[str, str]]:
    yield "Authorization", client.headers["Authorization"]


@contextmanager
def town(folder: Path, database_url: str = "") -> Iterator[Town]:
    """An office in an empty folder (SQLite unless told otherwise)."""
    settings = ApiSettings(data_dir=folder / "data", database_url=database_url)
    migrate(settings.database_url)
    clock = Clock()
    office = open_office(settings, clock)
    try:
        service = Service(settings, clock, HOST, Sealer(), folder / "scratch", office)
        app = build(office)
        app.state.replayer = None
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=HOST, trust_env=False)
        with service.stack, asyncio.Runner() as runner:
            made = Town(app, service, runner, client)
            made.add_callers()
            _fill(made)
            yield made
            runner.run(client.aclose())
    finally:
        office.close()


def _fill(made: Town) -> None:
    ask, callers, sealer = made.ask, made.callers, made.service.sealer
    ops, worker, admin = callers["ops"], callers["worker"], callers["admin"]
    for camera_id, district, name in ((NORTH, "north", "North gate"), (SOUTH, "south", SECRET_PLACE)):
        url = f"rtsp://viewer:{CAMERA_PASSWORD}@10.8.0.1/{district}"
        body = {"id": camera_id, "name": name, "url": url, "district": district}
        ask(ops, "POST", "/api/v1/cameras", json=body).raise_for_status()
        zone = {
            "class": "prohibited",
            "polygon": [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9]],
            "rules": [{"kind": "illegal_parking", "dwell_seconds": 180}],
            "base_version": 0,
            "reason": "first",
        }
        ask(ops, "PUT", f"/api/v1/cameras/{camera_id}/zones/kerb", json=zone).raise_for_status()
    entry = key_entry()
    ask(worker, "PUT", f"/api/v1/keys/{entry.key_id}", json=entry.model_dump(mode="json")).raise_for_status()
    bags = [sealer.seal(f"incident-{number}", camera_id=(NORTH, SOUTH)[number % 2]) for number in range(4)]
    accepted = []
    for bag in bags:
        path, headers = f"/api/v1/packages/{bag.package_id}", {"Content-Type": "application/zip"}
        accepted.append(ask(worker, "PUT", path, content=bag.zip(made.service.scratch), headers=headers))
    user = ask(admin, "POST", "/api/v1/users", json={"username": "victim", "roles": ["reviewer"]}).json()
    token = ask(admin, "POST", "/api/v1/tokens", json={"name": "victim", "role": "worker"}).json()
    files = ask(callers["reviewer"], "GET", f"/api/v1/packages/{bags[0].package_id}").json()["files"]
    made.known = {
        "case_id": [answer.json()["case_id"] for answer in accepted],
        "camera_id": [NORTH, SOUTH],
        "zone_id": ["kerb"],
        "package_id": [bag.package_id for bag in bags],
        "incident_id": [bag.incident_id for bag in bags],
        "path": [file["path"] for file in files],
        "user_id": [user["id"]],
        "token_id": [token["id"]],
        "form": ["csv", "xlsx", "json"],
        "code": ["09009"],
    }
