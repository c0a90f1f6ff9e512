"""Who somebody is here that the provider knows: found by subject, with roles from a claim."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.access import SYSTEM, Role
from api.audit.service import Event, record
from api.db.models import User
from api.errors import ConflictError
from api.office import Office
from api.oidc.errors import Failure, OidcError
from api.settings import ApiSettings
from api.users.passwords import fresh_secret, hash_password
from api.users.service import facts_of, set_roles

_NAME = re.compile(r"[a-z0-9][a-z0-9_.@-]{1,63}")
LONGEST_SUBJECT = 255


def person_of(office: Office, claims: Mapping[str, Any]) -> User:
    """The person of this subject, brought to the provider's roles; raise `OidcError`."""
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT:
        raise OidcError(Failure.TOKEN, "its subject is empty or too long")
    roles = roles_from(office.settings, claims)
    with office.database.writing() as session:
        user = session.scalars(select(User).where(User.oidc_subject == subject).with_for_update()).one_or_none()
        if user is None:
            return _add(office, session, subject, claims, roles)
        if user.disabled_at is not None:
            raise OidcError(Failure.DISABLED, f"{user.username} is shut out")
        if roles is not None and sorted(user.roles) != roles:
            _change_roles(office, session, user, roles)
        if user.password_is_temporary:
            _let_lapse(user)
    return user


def roles_from(settings: ApiSettings, claims: Mapping[str, Any]) -> list[str] | None:
    """The roles that the claim gives; None: the settings leave roles to us. Raise `OidcError` when it gives none."""
    if not settings.oidc_roles_claim:
        return None
    value: Any = claims
    for name in settings.oidc_roles_claim.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    groups = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    roles = sorted(
        {settings.oidc_roles[each] for each in groups if isinstance(each, str) and each in settings.oidc_roles}
    )
    if not roles:
        raise OidcError(Failure.ROLE, f"no group of {settings.oidc_roles_claim} gives a role")
    return roles


def _let_lapse(user: User) -> None:
    """A one-time password ends when its owner comes another way: nobody is asked to change what they never got."""
    user.password_hash, user.password_is_temporary = hash_password(fresh_secret()), False


def _change_roles(office: Office, session: Session, user: User, roles: list[str]) -> None:
    before = facts_of(user)
    try:
        set_roles(session, user, [Role(role) for role in roles])
    except ConflictError as error:
        raise OidcError(Failure.ROLE, error.detail) from error
    session.flush()
    event = Event("user.changed", f"user:{user.username}", "OpenID provider", before, facts_of(user))
    record(session, SYSTEM, office.now(), event)


def _add(office: Office, session: Session, subject: str, claims: Mapping[str, Any], roles: list[str] | None) -> User:
    if not office.settings.oidc_create_users or roles is None:
        raise OidcError(Failure.UNKNOWN, "nobody is linked to this subject", hint=subject)
    now, username = office.now(), _free_name(session, subject, claims.get("preferred_username"))
    shown = claims.get("name")
    user = User(
        username=username,
        display_name=shown[:120] if isinstance(shown, str) and shown.isprintable() and shown else username,
        roles=roles,
        # Nobody knows it: this person comes through the provider only, until an admin resets it.
        password_hash=hash_password(fresh_secret()),
        password_is_temporary=False,
        created_at=now,
        disabled_at=None,
        oidc_subject=subject,
    )
    session.add(user)
    session.flush()
    record(session, SYSTEM, now, Event("user.created", f"user:{username}", "OpenID provider", after=facts_of(user)))
    return user


def _free_name(session: Session, subject: str, wished: object) -> str:
    """The provider's name for them, unless somebody here has it: a name alone never makes two people one."""
    name = wished.lower() if isinstance(wished, str) else ""
    taken = session.scalar(select(User.id).where(User.username == name)) is not None
    if _NAME.fullmatch(name) and not taken:
        return name
    return f"oidc-{hashlib.sha256(subject.encode()).hexdigest()[:16]}"
