"""Signing in: passwords, lock-out and server-side sessions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from api.access import Principal, roles_of
from api.audit.service import Event, record
from api.db.models import SignInAttempts, User, UserSession
from api.errors import LockedOutError, NotSignedInError
from api.office import Office
from api.users.passwords import fresh_secret, hash_secret, password_fits

WRONG = "The user name or the password is wrong."
# Seeing a session is written down at most this often, so that reading pages does not write to the database.
SEEN_EVERY = timedelta(minutes=1)


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
    )


def sign_in(office: Office, username: str, password: str) -> SignedIn:
    """Check a password and open a session; raise `NotSignedInError` or `LockedOutError`."""
    now = office.now()
    with office.database.reading() as session:
        _refuse_locked(session, username, now)
        user = session.scalar(select(User).where(User.username == username))
        stored = user.password_hash if user and user.disabled_at is None else None
    # Outside any transaction: this takes a while on purpose.
    if not password_fits(stored, password) or user is None:
        _count_failure(office, username, now)
        raise NotSignedInError(WRONG)
    return _open(office, user, now)


def _open(office: Office, user: User, now: datetime) -> SignedIn:
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
        _refuse_locked(session, user.username, now)
        session.execute(delete(UserSession).where(UserSession.expires_at < now))
        session.execute(delete(SignInAttempts).where(SignInAttempts.name_hash == hash_secret(user.username)))
        session.add(row)
        session.flush()
        record(session, principal, now, Event("session.opened", f"user:{user.username}"))
    return SignedIn(cookie, principal, row.expires_at)


def _refuse_locked(session: Session, username: str, now: datetime) -> None:
    attempts = session.get(SignInAttempts, hash_secret(username))
    if attempts and attempts.locked_until and attempts.locked_until > now:
        seconds = int((attempts.locked_until - now).total_seconds()) + 1
        raise LockedOutError(
            f"Too many wrong passwords: try again in {-(-seconds // 60)} min.", headers={"Retry-After": str(seconds)}
        )


def _count_failure(office: Office, username: str, now: datetime) -> None:
    settings = office.settings
    span = timedelta(minutes=settings.lockout_minutes)
    with office.database.writing() as session:
        session.execute(delete(SignInAttempts).where(SignInAttempts.last_at < now - span))
        attempts = session.get(SignInAttempts, hash_secret(username), with_for_update=True)
        if attempts is None:
            attempts = SignInAttempts(name_hash=hash_secret(username), failures=0, last_at=now, locked_until=None)
            session.add(attempts)
        attempts.failures += 1
        attempts.last_at = now
        locked = attempts.failures >= settings.lockout_attempts
        attempts.locked_until = now + span if locked else None
        session.flush()
        # The name as typed may be a password in the wrong field: only known names are written down.
        known = session.scalar(select(User.username).where(User.username == username))
        actor = Principal(name=known or "unknown", kind="anonymous", roles=frozenset())
        action = "session.locked_out" if locked else "session.refused"
        record(session, actor, now, Event(action, f"user:{known or 'unknown'}", after={"failures": attempts.failures}))


def find_session(office: Office, cookie: str) -> Principal | None:
    """Who holds this cookie; None when the session is over or its owner may no longer enter."""
    now = office.now()
    with office.database.reading() as session:
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
