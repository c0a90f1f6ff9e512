"""The authorization code flow with PKCE (RFC 6749, RFC 7636): from our door to the provider and back."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

from api.db.models import User
from api.errors import SetupError
from api.office import Office
from api.oidc.errors import Failure, OidcError
from api.oidc.people import person_of
from api.oidc.provider import Provider
from api.oidc.tokens import Expected, check_token

CALLBACK = "/login/oidc/callback"
PATIENCE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What one browser keeps between leaving and coming back, encrypted in its cookie; `at` is ISO 8601."""

    state: str
    nonce: str
    verifier: str
    at: str


@dataclass(frozen=True, slots=True)
class Return:
    """What the provider sent the browser back with."""

    code: str | None
    state: str | None
    error: str | None
    issuer: str | None


class OidcFlow:
    """Signing in with the one provider that the settings name."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._settings = office.settings
        self._provider = Provider(self._settings.oidc_issuer, office.now)
        self._secret = read_secret(self._settings.oidc_client_secret_file)

    def close(self) -> None:
        """Give the connections back."""
        self._provider.close()

    def begin(self) -> tuple[str, str]:
        """Where to send the browser, and the cookie that it keeps; raise `OidcError` when the provider is away."""
        attempt = Attempt(_random(), _random(), _random(), self._office.now().isoformat())
        challenge = base64.urlsafe_b64encode(hashlib.sha256(attempt.verifier.encode()).digest()).rstrip(b"=")
        asked = {
            "response_type": "code",
            "client_id": self._settings.oidc_client_id,
            "redirect_uri": self._callback(),
            "scope": self._settings.oidc_scopes,
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": challenge.decode(),
            "code_challenge_method": "S256",
        }
        where = self._provider.metadata().authorization_endpoint
        cookie = self._office.cipher.encrypt(json.dumps(asdict(attempt))).decode()
        return f"{where}{'&' if '?' in where else '?'}{urlencode(asked)}", cookie

    def finish(self, told: Return, cookie: str | None) -> User:
        """Who came back; raise `OidcError`, which says what does not hold."""
        attempt = self._attempt(cookie)
        if told.state is None or not hmac.compare_digest(told.state.encode(), attempt.state.encode()):
            raise OidcError(Failure.STATE, "the state is not this browser's")
        self._check_sender(told)
        if told.error is not None:
            raise OidcError(Failure.DENIED, f"the provider says {told.error[:80]!r}")
        if not told.code:
            raise OidcError(Failure.ANSWER, "the provider sent neither a code nor an error")
        form = {
            "grant_type": "authorization_code",
            "code": told.code,
            "redirect_uri": self._callback(),
            "code_verifier": attempt.verifier,
        }
        token = self._provider.redeem(form, self._settings.oidc_client_id, self._secret)
        settings = self._settings
        expected = Expected(settings.oidc_issuer, settings.oidc_client_id, attempt.nonce, settings.oidc_algorithms)
        return person_of(self._office, check_token(token, expected, self._provider.key, self._office.now()))

    def _callback(self) -> str:
        # From the settings, never from the request: a Host header is whatever somebody sends.
        return self._settings.public_url.rstrip("/") + CALLBACK

    def _attempt(self, cookie: str | None) -> Attempt:
        try:
            attempt = Attempt(**json.loads(self._office.cipher.decrypt((cookie or "").encode())))
            begun = datetime.fromisoformat(attempt.at)
        except (SetupError, ValueError, TypeError) as error:
            raise OidcError(Failure.STATE, "this browser did not begin a sign-in") from error
        if self._office.now() - begun > PATIENCE:
            raise OidcError(Failure.STATE, "it took too long")
        return attempt

    def _check_sender(self, told: Return) -> None:
        """RFC 9207: an answer that says from whom it is must be from the one we asked."""
        named = self._provider.metadata().authorization_response_iss_parameter_supported
        if told.issuer not in ({self._settings.oidc_issuer} if named else {None, self._settings.oidc_issuer}):
            raise OidcError(Failure.ANSWER, "the answer is another provider's")


def _random() -> str:
    return secrets.token_urlsafe(32)


def read_secret(path: Path | None) -> str | None:
    """The client's secret; raise `SetupError` when its file cannot be read or is empty."""
    if path is None:
        return None
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(f"oidc_client_secret_file {path} cannot be read: {error}") from error
    if not secret:
        raise SetupError(f"oidc_client_secret_file {path} is empty")
    return secret
