"""Signing in: passwords, lock-out and server-side sessions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from api.access import Principal, roles_of
from api.audit.service import Event, record
from api.db.models import SignInAttempts, User, UserSession
from api.db.upsert import insert_if_missing
from api.errors import LockedOutError, NotSignedInError
from api.office import Office
from api.users.passwords import fresh_secret, hash_secret, password_fits

WRONG = "The user name or the password is wrong."
# Seeing a session is written down at most this often, so that reading pages does not write to the database.
SEEN_EVERY = timedelta(minutes=1)
# So many times the wrong passwords of one name lock an address out whatever the name.
MANY_NAMES = 10


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A fresh session: `cookie` goes to the browser once, `principal` is who signed in."""

    cookie: str
    principal: Principal
    expires_at: datetime


def principal_of(user: User, session: UserSession) -> Principal:
    """A person with this session."""
    return Principal(
        name=user.username,
        kind="person",
        roles=roles_of(user.roles),
        user_id=user.id,
        display_name=user.display_name,
        csrf_token=session.csrf_token,
        session_hash=session.token_hash,
        password_is_temporary=user.password_is_temporary,
        districts=frozenset(user.districts),
        camera_ids=frozenset(user.camera_ids),
        unit=user.unit,
    )


def sign_in(office: Office, username: str, password: str, address: str = "") -> SignedIn:
    """Check a password and open a session; raise `NotSignedInError` or `LockedOutError`.

    Wrong passwords lock a name out for the address that they come from, and an address out after many of any name: a
    stranger who knows a name cannot shut its owner out.
    """
    now = office.now()
    with office.database.reading() as session:
        _refuse_locked(session, username, address, now)
        user = session.scalar(select(User).where(User.username == username))
        stored = user.password_hash if user and user.disabled_at is None else None
    # Outside any transaction: this takes a while on purpose.
    if not password_fits(stored, password) or user is None:
        _count_failure(office, username, address, now)
        raise NotSignedInError(WRONG)
    return open_session(office, user, now, address)


def open_session(office: Office, user: User, now: datetime, address: str = "") -> SignedIn:
    """Open a session for a person whose identity is proven."""
    cookie = fresh_secret()
    row = UserSession(
        token_hash=hash_secret(cookie),
        user_id=user.id,
        csrf_token=fresh_secret(),
        created_at=now,
        last_seen_at=now,
        expires_at=now + timedelta(hours=office.settings.session_hours),
    )
    principal = principal_of(user, row)
    with office.database.writing() as session:
        _refuse_locked(session, user.username, address, now)
        session.execute(delete(UserSession).where(UserSession.expires_at < now))
        session.execute(delete(SignInAttempts).where(SignInAttempts.name_hash == _key(user.username, address)))
        session.add(row)
        session.flush()
        record(session, principal, now, Event("session.opened", f"user:{user.username}"))
    return SignedIn(cookie, principal, row.expires_at)


def _key(username: str, address: str) -> str:
    return hash_secret(f"{username}\n{address}")


def _refuse_locked(session: Session, username: str, address: str, now: datetime) -> None:
    for key in (_key(username, address), _key("", address)):
        attempts = session.get(SignInAttempts, key)
        if attempts and attempts.locked_until and attempts.locked_until > now:
            seconds = int((attempts.locked_until - now).total_seconds()) + 1
            words = f"Too many wrong passwords: try again in {-(-seconds // 60)} min."
            raise LockedOutError(words, headers={"Retry-After": str(seconds)})


def _count_failure(office: Office, username: str, address: str, now: datetime) -> None:
    settings = office.settings
    with office.database.writing() as session:
        span = timedelta(minutes=settings.lockout_minutes)
        session.execute(delete(SignInAttempts).where(SignInAttempts.last_at < now - span))
        mine = _one_more(session, _key(username, address), settings.lockout_attempts, now, span)
        _one_more(session, _key("", address), settings.lockout_attempts * MANY_NAMES, now, span)
        session.flush()
        # The name as typed may be a password in the wrong field: only known names are written down.
        known = session.scalar(select(User.username).where(User.username == username))
        actor = Principal(name=known or "unknown", kind="anonymous", roles=frozenset())
        action = "session.locked_out" if mine.locked_until else "session.refused"
        facts = {"failures": mine.failures, "address": address}
        record(session, actor, now, Event(action, f"user:{known or 'unknown'}", after=facts))


def _one_more(session: Session, key: str, most: int, now: datetime, span: timedelta) -> SignInAttempts:
    insert_if_missing(session, SignInAttempts, {"name_hash": key, "failures": 0, "last_at": now, "locked_until": None})
    attempts = session.scalars(
        select(SignInAttempts)
        .where(SignInAttempts.name_hash == key)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    attempts.failures += 1
    attempts.last_at = now
    attempts.locked_until = now + span if attempts.failures >= most else None
    return attempts


def find_session(office: Office, cookie: str) -> Principal | None:
    """Who holds this cookie; None when the session is over or its owner may no longer enter."""
    now = office.now()
    with office.database.glancing() as session:
        found = session.execute(
            select(User, UserSession)
            .join(UserSession, UserSession.user_id == User.id)
            .where(UserSession.token_hash == hash_secret(cookie))
        ).one_or_none()
    if found is None:
        return None
    user, row = found
    idle_since = now - timedelta(minutes=office.settings.session_idle_minutes)
    if user.disabled_at or row.expires_at <= now or row.last_seen_at <= idle_since:
        return None
    if now - row.last_seen_at > SEEN_EVERY:
        with office.database.writing() as session:
            session.execute(
                update(UserSession).where(UserSession.token_hash == row.token_hash).values(last_seen_at=now)
            )
    return principal_of(user, row)


def close_session(office: Office, who: Principal) -> None:
    """End this person's session."""
    with office.database.writing() as session:
        session.execute(delete(UserSession).where(UserSession.token_hash == who.session_hash))
        record(session, who, office.now(), Event("session.closed", f"user:{who.name}"))
