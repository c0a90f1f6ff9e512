"""What stands for a package that retention deleted: its tombstone, checked as a third party would check it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime

from pydantic import BaseModel
from sqlalchemy import select

from api.access import Principal
from api.db.models import Package
from api.errors import NotFoundError
from api.keys.service import read_registry
from api.office import Office
from api.packages.registration import at
from api.packages.service import TOMBSTONE_FILE, find_package, url_of
from evidence.chain import Link, verify_chains
from evidence.manifest import ChainPlace
from evidence.tombstone import Tombstone, parse_tombstone, signature_problem


class TombstoneView(BaseModel):
    """Which package was deleted, when, by which rule and by whom.

    `problems` is empty when its signature holds by the published keys, it speaks of this very package, and the chain
    of its camera holds from the package before it to the one after it; `neighbours` are those in this store.
    """

    package_id: str
    camera_id: str
    sequence: int
    manifest_sha256: str
    sealed_at: datetime | None
    deleted_at: datetime | None
    deleted_by: str
    policy: str
    rule: str
    retention_class: str
    key_id: str
    url: str
    problems: list[str]
    neighbours: list[int]


def check(office: Office, who: Principal, package_id: str) -> TombstoneView:
    """The tombstone of a package, checked now; NotFoundError when there is none."""
    package, place = find_package(office, who, package_id), office.store.tombstone(package_id)
    if package.deleted_at is None or not place.is_file():
        raise NotFoundError(f"Package {package_id} has no tombstone: it was not deleted.")
    file = parse_tombstone(place.read_bytes(), TOMBSTONE_FILE)
    told = file.tombstone
    signed = signature_problem(file, read_registry(office), TOMBSTONE_FILE)
    around = list(_around(office, package))
    links = [link for link in around if link.package_id != package_id] + [_link_of(told)]
    return TombstoneView(
        **told.model_dump(include={"package_id", "camera_id", "manifest_sha256", "policy", "rule", "retention_class"}),
        sequence=told.chain.sequence,
        sealed_at=at(told.sealed_at_ns),
        deleted_at=at(told.deleted_at_ns),
        deleted_by=told.deleted_by,
        key_id=file.signatures[0].key_id,
        url=url_of(package_id, TOMBSTONE_FILE),
        problems=[
            *([signed.detail] if signed else []),
            *_differences(told, package),
            *(each.detail for each in verify_chains(links)),
        ],
        neighbours=sorted(link.place.sequence for link in around if link.package_id != package_id),
    )


def _differences(told: Tombstone, package: Package) -> Iterator[str]:
    """Where the tombstone says something else than the books do."""
    for name in ("package_id", "camera_id", "manifest_sha256"):
        if getattr(told, name) != getattr(package, name):
            yield f"its {name} is not that of the package in the books"


def _around(office: Office, package: Package) -> Iterator[Link]:
    """A package and its neighbours in the chain, as far as the office has them."""
    if package.sequence is None:
        return
    wanted = [package.sequence + step for step in (-1, 0, 1)]
    statement = select(Package.package_id, Package.manifest_sha256, Package.manifest["chain"])
    statement = statement.where(Package.camera_id == package.camera_id, Package.sequence.in_(wanted))
    with office.database.reading() as session:
        rows = session.execute(statement).all()
    for package_id, digest, place in rows:
        yield Link(package.camera_id, package_id, digest, ChainPlace.model_validate_json(json.dumps(place)))


def _link_of(told: Tombstone) -> Link:
    return Link(told.camera_id, told.package_id, told.manifest_sha256, told.chain, deleted=told.told)
