"""Passwords (argon2id) and random secrets."""

from __future__ import annotations

import hashlib
import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_LENGTH = 10
MAX_LENGTH = 200
FEWEST_CHARACTERS = 5
"""Different ones: fewer are a pattern that is tried first."""
SHORTEST_NAME = 4
"""Characters of a name that gives a password away: shorter ones are in many a word."""
# Without letters and digits that look alike.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _nobodys_hash() -> str:
    return _hasher().hash(secrets.token_urlsafe(16))


def hash_password(password: str) -> str:
    """An argon2id hash with its parameters and salt."""
    return _hasher().hash(password)


def password_fits(stored_hash: str | None, password: str) -> bool:
    """Check a password; without a stored hash it takes as long and fails."""
    try:
        _hasher().verify(stored_hash or _nobodys_hash(), password)
    except (VerificationError, InvalidHashError):
        return False
    return stored_hash is not None


def one_time_password() -> str:
    """A password that can be read out: four groups of four, 79 bits."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))


def fresh_secret() -> str:
    """256 random bits for a cookie or a token."""
    return secrets.token_urlsafe(32)


def hash_secret(secret: str) -> str:
    """What is stored of a cookie or a token: such long random texts need no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()
