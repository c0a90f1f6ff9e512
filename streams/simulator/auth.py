"""RTSP digest authentication, server side (RFC 2617; MD5 because that is what cameras and players speak)."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field

REALM = "streetwarden simulator"
_FIELD = re.compile(r'(\w+)\s*=\s*(?:"([^"]*)"|([^\s,]+))')


@dataclass(frozen=True, slots=True)
class DigestGate:
    """Checks one connection's requests against one user name and password."""

    username: str
    password: str
    nonce: str = field(default_factory=lambda: secrets.token_hex(16))

    def challenge(self) -> str:
        """The value of `WWW-Authenticate`."""
        return f'Digest realm="{REALM}", nonce="{self.nonce}", algorithm=MD5'

    def admits(self, method: str, authorization: str | None) -> bool:
        """Whether the request's `Authorization` proves that the password is known."""
        if authorization is None or not authorization.lower().startswith("digest "):
            return False
        given = {name.lower(): quoted or plain for name, quoted, plain in _FIELD.findall(authorization)}
        if given.get("username") != self.username or given.get("nonce") != self.nonce:
            return False
        expected = self._response(method, given)
        return hmac.compare_digest(expected.encode(), given.get("response", "").lower().encode())

    def _response(self, method: str, given: dict[str, str]) -> str:
        secret = _md5(f"{self.username}:{REALM}:{self.password}")
        request = _md5(f"{method}:{given.get('uri', '')}")
        if given.get("qop"):
            middle = f"{self.nonce}:{given.get('nc', '')}:{given.get('cnonce', '')}:{given['qop']}"
        else:
            middle = self.nonce
        return _md5(f"{secret}:{middle}:{request}")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
