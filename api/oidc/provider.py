"""The provider's own words: its addresses, its keys, its answer to a code."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import jwt
from pydantic import BaseModel, ValidationError

from api.addresses import is_safe_address
from api.oidc.errors import Failure, OidcError

TIMEOUT_S = 10.0
MOST_BYTES = 1024 * 1024
KEEP_METADATA = timedelta(hours=1)
# Somebody who sends unknown keys must not make us ask for the provider's again and again.
KEYS_AGAIN = timedelta(seconds=30)


class Metadata(BaseModel):
    """What discovery (OpenID Connect Discovery 1.0) says, as far as it is used."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_methods_supported: list[str] = ["client_secret_basic"]
    authorization_response_iss_parameter_supported: bool = False


class Provider:
    """Asks one provider over HTTPS (or HTTP on this machine); answers are bounded and kept for a while."""

    def __init__(self, issuer: str, now: Callable[[], datetime]) -> None:
        self._issuer = issuer
        self._now = now
        self._client: httpx.Client | None = None
        self._metadata: Metadata | None = None
        self._metadata_at: datetime | None = None
        self._keys: dict[str, jwt.PyJWK] = {}
        self._keys_at: datetime | None = None

    def close(self) -> None:
        """Give the connections back."""
        if self._client is not None:
            self._client.close()

    def metadata(self) -> Metadata:
        """The provider's addresses; raise `OidcError` when it is away, is another one, or names unsafe addresses."""
        if self._metadata is None or self._metadata_at is None or self._now() - self._metadata_at > KEEP_METADATA:
            self._metadata = self._discover()
            self._metadata_at = self._now()
        return self._metadata

    def _discover(self) -> Metadata:
        told = self._ask("GET", f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
        try:
            found = Metadata.model_validate(told)
        except ValidationError as error:
            raise OidcError(Failure.ANSWER, f"discovery: {error.errors()[0]['loc']} is missing or wrong") from error
        if found.issuer != self._issuer:
            raise OidcError(Failure.ANSWER, f"discovery names another issuer: {found.issuer[:200]}")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if not is_safe_address(str(getattr(found, name)).partition("?")[0]):
                raise OidcError(Failure.ANSWER, f"discovery: {name} is not https")
        return found

    def key(self, key_id: str | None) -> jwt.PyJWK:
        """The key of this id, asking for the set anew when it is not known; without an id, the only key."""
        found = self._pick(key_id)
        if found is None and (self._keys_at is None or self._now() - self._keys_at > KEYS_AGAIN):
            self._load_keys()
            found = self._pick(key_id)
        if found is None:
            raise OidcError(Failure.TOKEN, "it is signed with a key that the provider does not publish")
        return found

    def _pick(self, key_id: str | None) -> jwt.PyJWK | None:
        if key_id is None:
            return next(iter(self._keys.values())) if len(self._keys) == 1 else None
        return self._keys.get(key_id)

    def _load_keys(self) -> None:
        told = self._ask("GET", self.metadata().jwks_uri)
        entries = told.get("keys")
        if not isinstance(entries, list):
            raise OidcError(Failure.ANSWER, "the provider's keys are no list")
        found: dict[str, jwt.PyJWK] = {}
        for entry in entries[:50]:
            # Keys of kinds that we do not know are other clients' business.
            if isinstance(entry, dict) and entry.get("use", "sig") == "sig":
                try:
                    found[str(entry.get("kid", ""))] = jwt.PyJWK.from_dict(entry)
                except (jwt.PyJWTError, ValueError, TypeError):
                    continue
        self._keys, self._keys_at = found, self._now()

    def redeem(self, form: Mapping[str, str], client_id: str, secret: str | None) -> str:
        """Exchange a code for the ID token; raise `OidcError`."""
        metadata = self.metadata()
        fields = {**form, "client_id": client_id}
        auth = None
        if secret is not None and "client_secret_basic" in metadata.token_endpoint_auth_methods_supported:
            auth = httpx.BasicAuth(client_id, secret)
        elif secret is not None:
            fields["client_secret"] = secret
        token = self._ask("POST", metadata.token_endpoint, fields, auth).get("id_token")
        if not isinstance(token, str):
            raise OidcError(Failure.ANSWER, "the provider gave no ID token")
        return token

    def _ask(
        self, method: str, url: str, form: Mapping[str, str] | None = None, auth: httpx.Auth | None = None
    ) -> dict[str, Any]:
        where = urlsplit(url).path
        try:
            with self._reach().stream(method, url, data=form, auth=auth, timeout=TIMEOUT_S) as answer:
                content = _bounded(answer)
        except httpx.HTTPError as error:
            raise OidcError(Failure.UNREACHABLE, f"{where}: {type(error).__name__}") from error
        if not answer.is_success:
            raise OidcError(_refused(answer), f"{where} answered {answer.status_code}")
        try:
            told = json.loads(content)
        except ValueError as error:
            raise OidcError(Failure.ANSWER, f"{where} answered no JSON") from error
        if not isinstance(told, dict):
            raise OidcError(Failure.ANSWER, f"{where} answered no JSON object")
        return told

    def _reach(self) -> httpx.Client:
        if self._client is None:
            # Plain HTTP is only taken on this machine: there are no certificates to read.
            tls = ssl.create_default_context() if self._issuer.startswith("https:") else False
            self._client = httpx.Client(verify=tls, follow_redirects=False, headers={"Accept": "application/json"})
        return self._client


def _refused(answer: httpx.Response) -> Failure:
    return Failure.UNREACHABLE if answer.status_code >= 500 else Failure.ANSWER


def _bounded(answer: httpx.Response) -> bytes:
    content = b""
    for piece in answer.iter_bytes():
        content += piece
        if len(content) > MOST_BYTES:
            raise OidcError(Failure.ANSWER, f"{answer.url.path} answered more than {MOST_BYTES} bytes")
    return content
