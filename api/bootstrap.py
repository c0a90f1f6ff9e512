"""Filling a fresh service from the command line: people, tokens, cameras."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from sqlalchemy.orm import Session

from api.access import SYSTEM, Role
from api.audit.service import AuditVerdict, Event, record, verify_log
from api.cameras import service as cameras
from api.cameras.schemas import CameraIn
from api.db.migrate import migrate
from api.errors import ApiError, SetupError
from api.office import Office, open_office
from api.settings import ApiSettings
from api.text import ID_PATTERN
from api.users import service as users
from api.zones.schemas import ZoneIn
from api.zones.service import add_version, current_zones, values_of

__all__ = ["Login", "create_token", "create_user", "import_cameras", "migrate", "verify_audit"]
IMPORT = "import"


@dataclass(frozen=True, slots=True)
class Login:
    """A user name and its password; `one_time` when it was made up here and should be changed by its owner."""

    username: str
    password: str
    one_time: bool


@contextmanager
def _opened(settings: ApiSettings) -> Iterator[Office]:
    office = open_office(settings)
    try:
        migrate(settings.database_url)
        yield office
    except ApiError as error:
        raise SetupError(error.detail) from error
    finally:
        office.close()


def create_user(
    settings: ApiSettings,
    username: str,
    roles: str | Sequence[str],
    password: str | None = None,
    display_name: str = "",
) -> Login:
    """Add a person with one role or more; without a password a one-time password is made.

    Raises `SetupError` when the name is taken, a role is unknown or the password too short.
    """
    names = [roles] if isinstance(roles, str) else list(roles)
    wanted = [_role(name) for name in names]
    with _opened(settings) as office:
        _user, made_up = users.create_user(office, SYSTEM, username, wanted, password, display_name)
    return Login(username, password or made_up or "", one_time=made_up is not None)


def create_token(settings: ApiSettings, name: str, role: str = "worker") -> str:
    """Make a machine token and give its text, which is stored nowhere."""
    with _opened(settings) as office:
        _token, plain = users.create_token(office, SYSTEM, name, _role(role))
    return plain


def verify_audit(settings: ApiSettings) -> AuditVerdict:
    """Walk the whole audit log; raises `SetupError` when the database cannot be used."""
    with _opened(settings) as office, office.database.reading() as session:
        return verify_log(session)


def _role(name: str) -> Role:
    try:
        return Role(name)
    except ValueError as error:
        raise SetupError(f"unknown role {name!r}: expected one of {', '.join(Role)}") from error


def import_cameras(settings: ApiSettings, configs: Sequence[Mapping[str, Any]]) -> int:
    """Bring cameras and their zones to what a cameras file says, all or nothing.

    Cameras and zones that the file does not name stay as they are; a zone that differs gets a new version. Gives the
    number of cameras that were new or changed. Raises `SetupError` with the place of the first mistake.
    """
    with _opened(settings) as office, office.database.writing() as session:
        events: list[Event] = []
        changed = sum(
            _import_camera(office, session, config, f"cameras[{index}]", events) for index, config in enumerate(configs)
        )
        session.flush()
        for event in events:
            record(session, SYSTEM, office.now(), event)
    return changed


def _import_camera(
    office: Office, session: Session, config: Mapping[str, Any], where: str, events: list[Event]
) -> bool:
    before = len(events)
    camera = _parse(CameraIn, {key: value for key, value in config.items() if key != "zones"}, where)
    if cameras.add(office, session, camera) is not None:
        events.append(Event("camera.created", f"camera:{camera.id}", reason=IMPORT))
    elif cameras.overwrite(office, session, camera):
        events.append(Event("camera.changed", f"camera:{camera.id}", reason=IMPORT))
    known = {zone.zone_id: zone for zone in current_zones(session, camera.id)}
    for number, zone in enumerate(config.get("zones") or []):
        zone_id, told = _zone(zone, f"{where}.zones[{number}]")
        values = values_of(told)
        old = known.get(zone_id)
        if old is not None and {name: getattr(old, name) for name in values} == values:
            continue
        row = add_version(office, session, SYSTEM, (camera.id, zone_id, old.version if old else 0), values, IMPORT)
        events.append(Event("zone.saved", f"zone:{camera.id}/{zone_id}", reason=IMPORT, after={"version": row.version}))
    return len(events) > before


def _zone(config: Mapping[str, Any], where: str) -> tuple[str, ZoneIn]:
    told = {"class": "prohibited", "rules": [], **config, "base_version": 0}
    body = {key: value for key, value in told.items() if key not in {"id", "version"}}
    zone_id = config.get("id")
    if not isinstance(zone_id, str) or not ID_PATTERN.fullmatch(zone_id):
        raise SetupError(f"{where}.id: expected a name of up to 64 letters, digits, '_', '.' and '-'")
    return zone_id, _parse(ZoneIn, body, where)


Model = TypeVar("Model", bound=BaseModel)


def _parse(model: type[Model], values: Mapping[str, Any], where: str) -> Model:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        raise SetupError(f"{where}.{field}: {message}") from error
