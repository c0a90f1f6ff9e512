"""Trusted time stamps that come after their package: checked, then put beside it, once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from api.access import Principal
from api.audit.service import Event, record
from api.db.models import Package
from api.errors import InvalidError, NotFoundError
from api.files import sync_folder, write_durably
from api.keys.service import registry
from api.office import Office
from evidence.authenticity import TimestampFinding, check_timestamp
from evidence.manifest import MANIFEST_FILE, parse
from evidence.package import PackageFacts
from evidence.problems import Problem
from evidence.signing import SIGNATURE_FILE, KeyRegistry
from evidence.timestamp import TIMESTAMP_FILE


@dataclass(frozen=True, slots=True)
class Stamped:
    """What the package's stamp proves; `created` is False when it had one before."""

    finding: TimestampFinding
    created: bool


def take(office: Office, who: Principal, package_id: str, data: bytes) -> Stamped:
    """Put a time stamp beside its package; the first one stays.

    Raises `NotFoundError` for a package that is not here, `InvalidError` for a stamp that does not hold.
    """
    with office.database.reading() as session:
        package = session.get(Package, package_id)
        if package is None or package.deleted_at is not None:
            raise NotFoundError(f"There is no package {package_id}.")
        keys = registry(session, office.settings.timestamp_authorities)
    place = office.store.path(package_id)
    finding = _checked(place, keys, data)
    with office.store.holding(package_id):
        if (place / TIMESTAMP_FILE).exists():
            return Stamped(finding, created=False)
        _keep(office, place, data)
    with office.database.writing() as session:
        event = Event("package.stamped", f"package:{package_id}", after=dict(finding.to_json()))
        record(session, who, office.now(), event)
    return Stamped(finding, created=True)


def _checked(place: Path, keys: KeyRegistry, data: bytes) -> TimestampFinding:
    signature = (place / SIGNATURE_FILE).read_bytes()
    facts = PackageFacts({}, {TIMESTAMP_FILE: data, SIGNATURE_FILE: signature})
    problems: list[Problem] = []
    finding = check_timestamp(facts, parse((place / MANIFEST_FILE).read_bytes()), keys, problems)
    if problems:
        first = problems[0]
        told = {"code": first.code.value, "where": first.where, "detail": first.detail}
        raise InvalidError(f"The time stamp does not hold: {first.detail}", problems=[told])
    return finding


def _keep(office: Office, place: Path, data: bytes) -> None:
    """Made aside and renamed: a package never holds half a file."""
    with office.store.receiving() as arrival:
        aside = arrival.folder / TIMESTAMP_FILE
        write_durably(aside, data)
        aside.rename(place / TIMESTAMP_FILE)
        sync_folder(place)
