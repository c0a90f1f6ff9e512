"""Derivatives of packages in the store: made once when somebody asks, kept beside the package, gone with it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from api.access import SYSTEM, Principal
from api.audit.service import Event, record
from api.db.models import Package
from api.errors import InvalidError, NotFoundError
from api.files import sync_tree
from api.keys.service import register
from api.office import Office
from api.packages.deriver import Deriver, DeriverUnavailableError
from api.packages.service import find_package
from evidence.derivatives.errors import DerivativeError
from evidence.derivatives.make import Kind
from evidence.derivatives.statement import StatementFile, parse_statement
from evidence.derivatives.words import Language

STATEMENT = ".statement.json"
# A share copy of half a minute takes some ten seconds; who waits longer is told so.
PATIENCE_S = 60.0


class DerivativeView(BaseModel):
    """A derived file; the statement beside it is signed, and names what it was made from and how."""

    name: str
    kind: str
    language: str | None
    media_type: str
    size_bytes: int
    sha256: str
    url: str
    statement_url: str


class DerivativeList(BaseModel):
    """What was derived from a package so far, or just now."""

    items: list[DerivativeView]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which derivative of which package."""

    package_id: str
    kind: Kind
    language: Language


class DerivativeShop:
    """Makes derivatives one after the other: each takes a core and the memory of some pictures."""

    def __init__(self, office: Office, deriver: Deriver | None) -> None:
        self._office = office
        self._deriver = deriver
        self._turn = threading.Lock()

    @property
    def open(self) -> bool:
        """Whether somebody makes derivatives here."""
        return self._deriver is not None

    def make(self, who: Principal, wanted: Wanted) -> DerivativeList:
        """The files of a kind, made now unless they are there; none where there is nothing to make (`h264`).

        Raises NotFoundError, DeriverUnavailableError, and InvalidError when they cannot be made.
        """
        package = _here(self._office, who, wanted.package_id)
        if self._deriver is None:
            raise DeriverUnavailableError("Nobody makes derivatives here: `streetwarden serve` does.")
        if not self._turn.acquire(timeout=PATIENCE_S):
            raise DeriverUnavailableError("Other derivatives are being made: try again in a minute.")
        try:
            target = self._folder(wanted)
            if not target.is_dir():
                self._make(who, package, wanted, target, self._deriver)
        finally:
            self._turn.release()
        return DerivativeList(items=_listed(package.package_id, target))

    def _folder(self, wanted: Wanted) -> Path:
        worded = wanted.kind in {"overlay", "sheet", "pdf"}
        name = f"{wanted.kind}-{wanted.language}" if worded else wanted.kind
        return self._office.store.derivatives(wanted.package_id) / name

    def _make(self, who: Principal, package: Package, wanted: Wanted, target: Path, deriver: Deriver) -> None:
        """Aside first, and into their place when all are there: a share copy is there whole or not at all."""
        store = self._office.store
        with store.receiving() as arrival:
            arrival.bag.mkdir()
            try:
                deriver(store.path(wanted.package_id), wanted.kind, wanted.language, arrival.bag)
            except DerivativeError as error:
                raise InvalidError(f"This cannot be made of package {wanted.package_id}: {error}") from error
            sync_tree(arrival.bag)
            register(self._office, SYSTEM, deriver.key.key_id, deriver.key)
            with store.holding(wanted.package_id):
                # Retention may have been here meanwhile.
                _here(self._office, who, wanted.package_id)
                target.parent.mkdir(parents=True, exist_ok=True)
                arrival.bag.rename(target)
        facts = {"kind": wanted.kind, "files": sorted(path.name for path in target.iterdir())}
        with self._office.database.writing() as session:
            event = Event("package.derived", f"package:{package.package_id}", after=facts)
            record(session, who, self._office.now(), event)


def list_all(office: Office, who: Principal, package_id: str) -> DerivativeList:
    """What was derived from a package so far."""
    _here(office, who, package_id)
    folders = sorted(office.store.derivatives(package_id).glob("*"))
    return DerivativeList(items=[each for folder in folders for each in _listed(package_id, folder)])


def find(office: Office, who: Principal, package_id: str, name: str) -> tuple[Path, str]:
    """A derived file or its statement, and its media type; raise `NotFoundError` for any other name."""
    for view in list_all(office, who, package_id).items:
        for known, media_type in ((view.name, view.media_type), (view.name + STATEMENT, "application/json")):
            if name == known:
                return next(office.store.derivatives(package_id).glob(f"*/{known}")), media_type
    raise NotFoundError(f"Package {package_id} has no derivative {name}.")


def _here(office: Office, who: Principal, package_id: str) -> Package:
    package = find_package(office, who, package_id)
    if package.deleted_at is not None:
        raise NotFoundError(f"Package {package_id} was deleted: nothing can be made of it any more.")
    return package


def _listed(package_id: str, folder: Path) -> list[DerivativeView]:
    statements = sorted(folder.glob(f"*{STATEMENT}"))
    return [_view(package_id, parse_statement(path.read_bytes(), path.name)) for path in statements]


def _view(package_id: str, file: StatementFile) -> DerivativeView:
    told, url = file.statement, f"/api/v1/packages/{package_id}/derivatives/{file.statement.name}"
    return DerivativeView(
        name=told.name,
        kind=told.kind,
        language=told.language,
        media_type=told.media_type,
        size_bytes=told.size,
        sha256=told.sha256,
        url=url,
        statement_url=url + STATEMENT,
    )
