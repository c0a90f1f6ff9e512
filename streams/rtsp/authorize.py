"""Proving a user name and a password: Basic (RFC 7617) and Digest (RFC 2617, RFC 7616)."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass, field

_FIELD = re.compile(r'(\w+)\s*=\s*(?:"([^"]*)"|([^\s,]+))')
_HASHES = {"MD5": "md5", "SHA-256": "sha256"}


@dataclass(slots=True)
class Credentials:
    """What a camera may ask for; `answer` makes the `Authorization` of a request. `repr` hides the password."""

    username: str
    password: str = field(repr=False)
    _challenge: dict[str, str] | None = field(default=None, repr=False)
    _basic: bool = False
    _count: int = 0

    def take_challenge(self, headers: list[str]) -> bool:
        """Learn what the camera wants from its `WWW-Authenticate` headers; False when it is nothing known."""
        digests = [header for header in headers if header.lower().startswith("digest ")]
        for header in digests:
            fields = {name.lower(): quoted or plain for name, quoted, plain in _FIELD.findall(header[7:])}
            if fields.get("algorithm", "MD5").upper() in _HASHES and "nonce" in fields:
                self._challenge, self._count = fields, 0
                return True
        self._basic = any(header.lower().startswith("basic") for header in headers)
        return self._basic

    def answer(self, method: str, uri: str) -> str | None:
        """The value of `Authorization` for this request; None as long as nothing was asked."""
        if self._challenge is not None:
            return self._digest(self._challenge, method, uri)
        if self._basic:
            return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        return None

    def _digest(self, challenge: dict[str, str], method: str, uri: str) -> str:
        name = challenge.get("algorithm", "MD5").upper()
        realm, nonce = challenge.get("realm", ""), challenge["nonce"]
        secret = _hex(name, f"{self.username}:{realm}:{self.password}")
        request = _hex(name, f"{method}:{uri}")
        said = {"username": self.username, "realm": realm, "nonce": nonce, "uri": uri}
        extra = ""
        if "auth" in challenge.get("qop", "").replace(" ", "").split(","):
            self._count += 1
            count, own = f"{self._count:08x}", secrets.token_hex(8)
            proof = _hex(name, f"{secret}:{nonce}:{count}:{own}:auth:{request}")
            extra = f', qop=auth, nc={count}, cnonce="{own}"'
        else:
            proof = _hex(name, f"{secret}:{nonce}:{request}")
        quoted = ", ".join(f'{key}="{value}"' for key, value in {**said, "response": proof}.items())
        opaque = f', opaque="{challenge["opaque"]}"' if "opaque" in challenge else ""
        algorithm = f", algorithm={name}" if "algorithm" in challenge else ""
        return f"Digest {quoted}{algorithm}{opaque}{extra}"


def _hex(name: str, text: str) -> str:
    return hashlib.new(_HASHES[name], text.encode(), usedforsecurity=False).hexdigest()
