"""People and machine tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from api.access import MACHINES, PEOPLE, Principal, Role
from api.audit.service import Event, record
from api.db.models import Token, User, UserSession
from api.errors import ConflictError, InvalidError, NotAllowedError, NotFoundError
from api.office import Office
from api.users.passwords import (
    FEWEST_CHARACTERS,
    MAX_LENGTH,
    MIN_LENGTH,
    SHORTEST_NAME,
    fresh_secret,
    hash_password,
    hash_secret,
    one_time_password,
    password_fits,
)

TOKEN_PREFIX = "swt_"  # noqa: S105 - a mark by which leaked tokens are found, not a secret
USED_EVERY = timedelta(minutes=1)


def check_password(password: str, username: str) -> None:
    """Refuse a password that is too short, too long or the first that others would try.

    As NIST SP 800-63B (5.1.1.2): a length, no rules of composition, and nothing that the name or the place gives away.
    """
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise InvalidError(f"A password has {MIN_LENGTH} to {MAX_LENGTH} characters.")
    plain = password.casefold()
    given_away = [name for name in (username.casefold(), "streetwarden") if len(name) >= SHORTEST_NAME]
    if len(set(plain)) < FEWEST_CHARACTERS or any(name in plain for name in given_away):
        raise InvalidError("This password is easily guessed: it repeats few characters, or holds your name or ours.")


def check_roles(roles: Sequence[Role]) -> list[str]:
    """Refuse an empty list and roles that people cannot have; give them sorted."""
    wrong = set(roles) - PEOPLE
    if wrong or not roles:
        names = ", ".join(sorted(PEOPLE))
        raise InvalidError(f"A person needs one or more of these roles: {names}.")
    return sorted({role.value for role in roles})


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody works: which districts and cameras they see (none: the whole city), for which unit. None: as
    it was."""

    districts: Sequence[str] | None = None
    camera_ids: Sequence[str] | None = None
    unit: str | None = None

    def write(self, user: User) -> None:
        """Bring a person's row to it."""
        if self.districts is not None:
            user.districts = sorted(set(self.districts))
        if self.camera_ids is not None:
            user.camera_ids = sorted(set(self.camera_ids))
        if self.unit is not None:
            user.unit = self.unit


ANYWHERE = Place([], [], "")
UNCHANGED = Place()


def create_user(
    office: Office,
    who: Principal,
    username: str,
    roles: Sequence[Role],
    password: str | None,
    display_name: str = "",
    place: Place = ANYWHERE,
    oidc_subject: str | None = None,
) -> tuple[User, str | None]:
    """Add a person; without a password one is made up, returned once, and to be changed by its owner."""
    made_up = one_time_password() if password is None else None
    if password is not None:
        check_password(password, username)
    user = User(
        username=username,
        display_name=display_name or username,
        roles=check_roles(roles),
        password_hash=hash_password(password or made_up or ""),
        password_is_temporary=made_up is not None,
        created_at=office.now(),
        disabled_at=None,
        oidc_subject=oidc_subject or None,
    )
    place.write(user)
    try:
        with office.database.writing() as session:
            session.add(user)
            session.flush()
            record(session, who, office.now(), Event("user.created", f"user:{username}", after=facts_of(user)))
    except IntegrityError as error:
        raise ConflictError(_taken(username, oidc_subject)) from error
    return user, made_up


def _taken(username: str, oidc_subject: str | None) -> str:
    subject = " or somebody with this subject of the provider" if oidc_subject else ""
    return f"There is already a user {username!r}{subject}."


def facts_of(user: User) -> dict[str, Any]:
    """What the log says about a person."""
    facts = {"display_name": user.display_name, "roles": user.roles, "disabled": user.disabled_at is not None}
    limits = {
        "districts": user.districts,
        "camera_ids": user.camera_ids,
        "unit": user.unit,
        "oidc_subject": user.oidc_subject,
    }
    return facts | {name: value for name, value in limits.items() if value}


def list_users(office: Office) -> list[User]:
    """All people by name."""
    with office.database.reading() as session:
        return list(session.scalars(select(User).order_by(User.username)))


def update_user(
    office: Office,
    who: Principal,
    user_id: int,
    *,
    roles: Sequence[Role] | None,
    disabled: bool | None,
    reset_password: bool,
    place: Place = UNCHANGED,
    oidc_subject: str | None = None,
) -> tuple[User, str | None]:
    """Change roles, shut out or let back in, make a one-time password, link to a subject of the provider (empty: no
    more); sessions end when rights shrink."""
    now = office.now()
    made_up = one_time_password() if reset_password else None
    with office.database.writing() as session:
        user = session.get(User, user_id, with_for_update=True)
        if user is None:
            raise NotFoundError(f"There is no user {user_id}.")
        before = facts_of(user)
        if oidc_subject is not None:
            _link(session, user, oidc_subject)
        if roles is not None:
            user.roles = check_roles(roles)
        if disabled is not None:
            user.disabled_at = (user.disabled_at or now) if disabled else None
        if made_up:
            user.password_hash, user.password_is_temporary = hash_password(made_up), True
        place.write(user)
        _keep_an_admin(session, user)
        if user.id != who.user_id:
            session.execute(delete(UserSession).where(UserSession.user_id == user.id))
        after = facts_of(user) | ({"password": "reset"} if made_up else {})
        record(session, who, now, Event("user.changed", f"user:{user.username}", before=before, after=after))
    return user, made_up


def _link(session: Session, user: User, oidc_subject: str) -> None:
    wanted = User.oidc_subject == oidc_subject, User.id != user.id
    if oidc_subject and (other := session.scalar(select(User.username).where(*wanted))) is not None:
        raise ConflictError(f"{other} is linked to this subject of the provider already.")
    user.oidc_subject = oidc_subject or None


def set_roles(session: Session, user: User, roles: Sequence[Role]) -> None:
    """Give a person these roles; raise `ConflictError` when nobody could administer any more."""
    user.roles = check_roles(roles)
    _keep_an_admin(session, user)


def _keep_an_admin(session: Session, changed: User) -> None:
    others = session.scalars(select(User).where(User.disabled_at.is_(None), User.id != changed.id))
    if changed.disabled_at is None and Role.ADMIN in changed.roles:
        return
    if not any(Role.ADMIN in user.roles for user in others):
        raise ConflictError("This would leave nobody who may administer.")


def change_password(office: Office, who: Principal, old: str, new: str) -> None:
    """Set one's own password; every other session of this person ends."""
    check_password(new, who.name)
    if new == old:
        raise InvalidError("The new password is the old one.")
    with office.database.reading() as session:
        stored = session.get_one(User, who.user_id).password_hash
    if not password_fits(stored, old):
        raise NotAllowedError("The present password is wrong.")
    fresh = hash_password(new)
    with office.database.writing() as session:
        user = session.get_one(User, who.user_id, with_for_update=True)
        user.password_hash, user.password_is_temporary = fresh, False
        others = UserSession.user_id == user.id, UserSession.token_hash != who.session_hash
        session.execute(delete(UserSession).where(*others))
        record(session, who, office.now(), Event("user.password_changed", f"user:{user.username}"))


def create_token(office: Office, who: Principal, name: str, role: Role) -> tuple[Token, str]:
    """Make a machine token; the plain text is returned once and never stored."""
    if role not in MACHINES:
        raise InvalidError(f"A token is for one of: {', '.join(sorted(MACHINES))}.")
    plain = TOKEN_PREFIX + fresh_secret()
    token = Token(
        name=name,
        role=role.value,
        token_hash=hash_secret(plain),
        created_at=office.now(),
        last_used_at=None,
        revoked_at=None,
    )
    with office.database.writing() as session:
        session.add(token)
        session.flush()
        facts = {"name": name, "role": role.value}
        record(session, who, office.now(), Event("token.created", f"token:{token.id}", after=facts))
    return token, plain


def list_tokens(office: Office) -> list[Token]:
    """All machine tokens, newest first."""
    with office.database.reading() as session:
        return list(session.scalars(select(Token).order_by(Token.id.desc())))


def revoke_token(office: Office, who: Principal, token_id: int) -> Token:
    """Make a token worthless from now on."""
    now = office.now()
    with office.database.writing() as session:
        token = session.get(Token, token_id, with_for_update=True)
        if token is None:
            raise NotFoundError(f"There is no token {token_id}.")
        if token.revoked_at is None:
            token.revoked_at = now
            record(session, who, now, Event("token.revoked", f"token:{token.id}", after={"name": token.name}))
    return token


def find_token(office: Office, plain: str) -> Principal | None:
    """Which machine holds this token; None when unknown or revoked."""
    now = office.now()
    with office.database.glancing() as session:
        token = session.scalar(select(Token).where(Token.token_hash == hash_secret(plain)))
    if token is None or token.revoked_at is not None:
        return None
    if token.last_used_at is None or now - token.last_used_at > USED_EVERY:
        with office.database.writing() as session:
            session.execute(update(Token).where(Token.id == token.id).values(last_used_at=now))
    return Principal(name=f"token:{token.id}:{token.name}"[:120], kind="machine", roles=frozenset({Role(token.role)}))
