"""The door: finds out who asks and refuses everything that the access table does not allow."""

from __future__ import annotations

import hmac
from urllib.parse import urlsplit

from fastapi import Request

from api.access import ACCESS, ANONYMOUS, BEFORE_CHANGE, PUBLIC, WHOLE_CITY, Principal
from api.deps import get_office
from api.errors import NotAllowedError, NotSignedInError, OneTimePasswordError
from api.users.service import find_token
from api.users.sessions import find_session

COOKIE = "streetwarden_session"
CSRF_HEADER = "x-csrf-token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def guard(request: Request) -> None:
    """Run before every endpoint: 401 without valid credentials, 403 for the wrong role or a forged request."""
    operation = getattr(request.scope.get("route"), "name", "")
    principal = identify(request)
    request.state.principal = principal or ANONYMOUS
    if request.method not in SAFE_METHODS:
        refuse_foreign_origin(request)
    if operation in PUBLIC:
        return
    if principal is None:
        raise NotSignedInError("Sign in, or send a valid token.", headers={"WWW-Authenticate": "Bearer"})
    if principal.password_is_temporary and operation not in BEFORE_CHANGE:
        raise OneTimePasswordError("You signed in with a one-time password: set your own first.")
    if not principal.has(*ACCESS.get(operation, ())):
        raise NotAllowedError("Your role does not allow this.")
    if principal.limited and operation in WHOLE_CITY:
        raise NotAllowedError("You are limited to a part of the city: this concerns all of it.")
    if request.method not in SAFE_METHODS:
        refuse_forged(request, principal)


def identify(request: Request) -> Principal | None:
    """The machine of the bearer token, else the person of the session cookie."""
    office = get_office(request)
    header = request.headers.get("authorization")
    if header is not None:
        scheme, _, token = header.partition(" ")
        return find_token(office, token.strip()) if scheme.lower() == "bearer" else None
    cookie = request.cookies.get(COOKIE)
    return find_session(office, cookie) if cookie else None


def refuse_foreign_origin(request: Request) -> None:
    """Refuse a request that a browser says another site started."""
    origin = request.headers.get("origin")
    foreign_site = request.headers.get("sec-fetch-site") in {"cross-site", "same-site"}
    if foreign_site or (origin is not None and urlsplit(origin).netloc != request.headers.get("host")):
        raise NotAllowedError("This request came from another site.")


def refuse_forged(request: Request, principal: Principal) -> None:
    """Refuse a browser's request without the token that only our own pages know."""
    if principal.csrf_token is None:
        return
    given = request.headers.get(CSRF_HEADER, "")
    if not hmac.compare_digest(given.encode(), principal.csrf_token.encode()):
        raise NotAllowedError("The page is out of date: reload it and try again.")
