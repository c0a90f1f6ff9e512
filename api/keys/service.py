"""The registry of public keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.access import Principal
from api.audit.service import Event, record
from api.db.models import SigningKey
from api.db.upsert import insert_if_missing, lock_row
from api.errors import ConflictError, InvalidError, NotFoundError
from api.office import Office
from evidence.registry import TimestampAuthority
from evidence.signing import KeyEntry, KeyRegistry


def registry(session: Session, authorities: Sequence[TimestampAuthority] = ()) -> KeyRegistry:
    """All keys that were ever registered, revoked ones included, and the time-stamp authorities that are trusted."""
    rows = session.scalars(select(SigningKey).order_by(SigningKey.key_id))
    keys = tuple(KeyEntry.model_validate(row.entry) for row in rows)
    return KeyRegistry(keys=keys, timestamp_authorities=tuple(authorities))


def register(office: Office, who: Principal, key_id: str, entry: KeyEntry) -> tuple[KeyEntry, bool]:
    """Take a public key; True when it is new. Another key under the same id, or a revoked one: `ConflictError`.

    A key that comes revoked is ended, when the same machine registered it.
    """
    if entry.key_id != key_id:
        raise InvalidError(f"The entry is of key {entry.key_id}, not {key_id}.")
    if entry.revoked_at is not None:
        return _end_own(office, who, entry), False
    with office.database.writing() as session:
        values: dict[str, Any] = {
            "key_id": key_id,
            "entry": entry.model_dump(mode="json"),
            "registered_by": who.name,
            "created_at": office.now(),
        }
        if insert_if_missing(session, SigningKey, values):
            record(session, who, office.now(), Event("key.registered", f"key:{key_id}", after=values["entry"]))
            return entry, True
        known = KeyEntry.model_validate(session.get_one(SigningKey, key_id).entry)
    if known.public_key != entry.public_key or known.revoked_at is not None:
        what = "is revoked" if known.revoked_at else "is another key"
        raise ConflictError(f"Key {key_id} {what}: make a new key.")
    return known, False


def _end_own(office: Office, who: Principal, entry: KeyEntry) -> KeyEntry:
    """End a key as its own machine tells: replaced, or stolen. Nobody can make a key good again this way."""
    with office.database.writing() as session:
        row = lock_row(session, SigningKey, entry.key_id)
        if row is None:
            raise InvalidError("A key is registered before it is revoked, not after.")
        known = KeyEntry.model_validate(row.entry)
        if known.public_key != entry.public_key or row.registered_by != who.name:
            raise ConflictError(f"Key {entry.key_id} is not yours to end: ask an administrator.")
        if known.revocation_reason in {entry.revocation_reason, "compromised"}:
            return known
        before = dict(row.entry)
        names = ("revoked_at", "revocation_reason", "compromised_from")
        ended = known.model_copy(update={name: getattr(entry, name) for name in names})
        row.entry = ended.model_dump(mode="json")
        reason = entry.revocation_reason or "revoked"
        event = Event("key.revoked", f"key:{entry.key_id}", reason=reason, before=before, after=row.entry)
        record(session, who, office.now(), event)
    return ended


def revoke(office: Office, who: Principal, key_id: str, reason: Literal["superseded", "compromised"]) -> KeyEntry:
    """End a key now; a key that is revoked stays so, and may only become compromised."""
    with office.database.writing() as session:
        row = lock_row(session, SigningKey, key_id)
        if row is None:
            raise NotFoundError(f"There is no key {key_id}.")
        before = dict(row.entry)
        if before.get("revocation_reason") in {reason, "compromised"}:
            return KeyEntry.model_validate(before)
        changed = {**before, "revoked_at": office.now().isoformat(), "revocation_reason": reason}
        entry = KeyEntry.model_validate(changed)
        row.entry = entry.model_dump(mode="json")
        event = Event("key.revoked", f"key:{key_id}", reason=reason, before=before, after=row.entry)
        record(session, who, office.now(), event)
    return entry


def read_registry(office: Office) -> KeyRegistry:
    """The registry as it is published."""
    with office.database.reading() as session:
        return registry(session, office.settings.timestamp_authorities)
