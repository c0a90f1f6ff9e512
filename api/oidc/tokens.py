"""Checking an ID token (OpenID Connect Core 1.0, section 3.1.3.7)."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import jwt

from api.oidc.errors import Failure, OidcError

LEEWAY_S = 60
OLDEST_S = 600
REQUIRED = ("iss", "sub", "aud", "exp", "iat")


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token must say."""

    issuer: str
    client_id: str
    nonce: str
    algorithms: Sequence[str]


def check_token(
    token: str, expected: Expected, key_of: Callable[[str | None], jwt.PyJWK], now: datetime
) -> dict[str, Any]:
    """The claims of a token that holds; raise `OidcError`, which says what does not."""
    try:
        header = jwt.get_unverified_header(token)
        if header.get("alg") not in expected.algorithms:
            raise OidcError(Failure.TOKEN, f"it is signed with {header.get('alg')!r}, which is not accepted")
        claims: dict[str, Any] = jwt.decode(
            token,
            key_of(header.get("kid")),
            algorithms=list(expected.algorithms),
            audience=expected.client_id,
            issuer=expected.issuer,
            # Times are compared below, with the clock that this service was given.
            options={"require": list(REQUIRED), "verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )
    except jwt.PyJWTError as error:
        raise OidcError(Failure.TOKEN, str(error) or type(error).__name__) from error
    for problem in (_time_problem(claims, now), _party_problem(claims, expected), _nonce_problem(claims, expected)):
        if problem is not None:
            raise OidcError(Failure.TOKEN, problem)
    return claims


def _time_problem(claims: dict[str, Any], now: datetime) -> str | None:
    at = now.timestamp()
    found = {name: claims.get(name, at) for name in ("exp", "iat", "nbf")}
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in found.values()):
        return "a time is no number"
    if found["exp"] <= at - LEEWAY_S:
        return "it has expired"
    if found["iat"] > at + LEEWAY_S or found["nbf"] > at + LEEWAY_S:
        return "it is from the future: compare the clocks"
    return "it was made too long ago" if found["iat"] < at - OLDEST_S else None


def _party_problem(claims: dict[str, Any], expected: Expected) -> str | None:
    audience = claims["aud"]
    party = claims.get("azp")
    if isinstance(audience, list) and len(audience) > 1 and party is None:
        return "it is for several clients and does not say for which"
    return "it is for another client" if party not in {None, expected.client_id} else None


def _nonce_problem(claims: dict[str, Any], expected: Expected) -> str | None:
    nonce = claims.get("nonce")
    fits = isinstance(nonce, str) and hmac.compare_digest(nonce.encode(), expected.nonce.encode())
    return None if fits else "it answers another sign-in (nonce)"
