"""A small OpenID provider on loopback: real keys, real signatures, codes that work once, PKCE that is checked."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

CLIENT_ID, SECRET = "streetwarden", "a client's secret"
REDIRECT = "https://office.example/login/oidc/callback"
Claims = dict[str, Any]


@dataclass
class SigningKey:
    """A private key, its algorithm and the id under which its public half is published."""

    kid: str
    alg: str
    private: Any

    @classmethod
    def rsa(cls, kid: str, owner: str = "provider") -> SigningKey:
        return cls(kid, "RS256", _rsa_key(owner))

    @classmethod
    def ec(cls, kid: str) -> SigningKey:
        return cls(kid, "ES256", ec.generate_private_key(ec.SECP256R1()))

    def published(self) -> dict[str, Any]:
        algorithm = jwt.get_algorithm_by_name(self.alg)
        entry = json.loads(algorithm.to_jwk(self.private.public_key()))
        return {**entry, "kid": self.kid, "alg": self.alg, "use": "sig"}

    def sign(self, claims: Claims) -> str:
        return jwt.encode(claims, self.private, self.alg, headers={"kid": self.kid})


@functools.cache
def _rsa_key(_owner: str) -> rsa.RSAPrivateKey:
    """Made once for each owner: it takes a while."""
    return rsa.generate_private_key(65537, 2048)


@dataclass
class OpenIdProvider:
    """What the provider knows, and how a test lets it misbehave: `forge` makes the token."""

    now: Callable[[], datetime]
    issuer: str = ""
    keys: list[SigningKey] = field(default_factory=lambda: [SigningKey.rsa("key-1")])
    person: Claims = field(default_factory=lambda: {"sub": "subject-1"})
    forge: Callable[[Claims], str] | None = None
    metadata: Claims = field(default_factory=dict)
    token_answer: tuple[int, bytes] | None = None
    denied: str | None = None
    asked: list[Claims] = field(default_factory=list)
    key_requests: int = 0
    _codes: dict[str, Claims] = field(default_factory=dict)

    def discovery(self) -> Claims:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "authorization_response_iss_parameter_supported": True,
            **self.metadata,
        }

    def authorize(self, asked: Claims) -> str:
        """Where the browser goes after somebody has signed in here."""
        assert (asked["client_id"], asked["redirect_uri"], asked["response_type"]) == (CLIENT_ID, REDIRECT, "code")
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        self.asked.append(asked)
        told = {"state": asked["state"], "iss": self.issuer}
        if self.denied is not None:
            return f"{REDIRECT}?{urlencode({**told, 'error': self.denied})}"
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        return f"{REDIRECT}?{urlencode({**told, 'code': code})}"

    def redeem(self, form: Claims, authorization: str) -> tuple[int, bytes]:
        """The ID token for a code: once, for the client with its secret, with the verifier of its challenge."""
        if self.token_answer is not None:
            return self.token_answer
        asked = self._codes.pop(form.get("code", ""), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        credentials = base64.b64encode(f"{CLIENT_ID}:{SECRET}".encode()).decode()
        fits = (
            asked is not None
            and challenge.rstrip(b"=").decode() == asked["code_challenge"]
            and form.get("redirect_uri") == REDIRECT
            and authorization == f"Basic {credentials}"
        )
        if not fits or asked is None:
            return 400, b'{"error": "invalid_grant"}'
        claims = self.claims(asked["nonce"])
        token = self.forge(claims) if self.forge else self.keys[-1].sign(claims)
        return 200, json.dumps({"id_token": token, "access_token": "x", "token_type": "Bearer"}).encode()

    def claims(self, nonce: str) -> Claims:
        at = int(self.now().timestamp())
        return {"iss": self.issuer, "aud": CLIENT_ID, "iat": at, "exp": at + 300, "nonce": nonce, **self.person}


@contextmanager
def running_provider(now: Callable[[], datetime]) -> Iterator[OpenIdProvider]:
    """The provider on a free port for the length of the block."""
    provider = OpenIdProvider(now)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path == "/.well-known/openid-configuration":
                self.answer(200, json.dumps(provider.discovery()).encode())
            elif parts.path == "/jwks":
                provider.key_requests += 1
                self.answer(200, json.dumps({"keys": [key.published() for key in provider.keys]}).encode())
            else:
                asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
                self.answer(303, b"", provider.authorize(asked))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self.answer(*provider.redeem(form, self.headers.get("Authorization", "")))

        def answer(self, status: int, body: bytes, location: str | None = None) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if location is not None:
                self.send_header("Location", location)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
