"""The worker's side of the case service's HTTP interface (version 1)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx
from pydantic import TypeAdapter, ValidationError

from evidence.errors import ServiceRefused, ServiceUnreachable
from evidence.retention import RetentionClass, RetentionState
from evidence.signing import KeyEntry
from evidence.transport import MEDIA_TYPE, pack_bag

_PREFIX = "/api/v1"
_LONGEST_DETAIL = 300
_MOST_ASKED = 500
_CLASSES: TypeAdapter[RetentionClass] = TypeAdapter(RetentionClass)


@dataclass(frozen=True, slots=True)
class ServedConfig:
    """The worker's configuration as the service gives it, and its entity tag."""

    value: dict[str, Any]
    etag: str | None


class CaseClient:
    """Talks to one case service with a worker's token. Thread-safe; use as a context manager or `close` it.

    Every method raises ServiceUnreachable when no answer comes, and ServiceRefused (`status`, `detail`) for any
    answer but success. The token stands in no message.
    """

    def __init__(
        self, base_url: str, token: str, *, timeout_s: float = 10.0, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._http = httpx.Client(
            base_url=self._base_url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=timeout_s,
            transport=transport,
            # A proxy from the environment has no business between a worker and its service.
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def put_package(self, package_id: str, folder: Path) -> dict[str, Any]:
        """Push a sealed bag; the same bag any number of times is one case. `case_id` and more in the answer."""
        url = f"{_PREFIX}/packages/{quote(package_id, safe='')}"
        return _json(self._send("PUT", url, content=pack_bag(folder), headers={"Content-Type": MEDIA_TYPE}))

    def put_timestamp(self, package_id: str, data: bytes) -> None:
        """Push the time stamp of a package that was pushed before it had one."""
        url = f"{_PREFIX}/packages/{quote(package_id, safe='')}/timestamp"
        self._send("PUT", url, content=data, headers={"Content-Type": "application/json"})

    def put_incident(self, incident_id: str, body: Mapping[str, Any]) -> None:
        """Push the state of an incident; a later state wins over an earlier one."""
        self._send("PUT", f"{_PREFIX}/incidents/{quote(incident_id, safe='')}", json=dict(body))

    def put_key(self, entry: KeyEntry) -> None:
        """Register this worker's public key."""
        self._send("PUT", f"{_PREFIX}/keys/{entry.key_id}", json=entry.model_dump(mode="json"))

    def ask_retention(self, package_ids: Sequence[str]) -> dict[str, RetentionState]:
        """What the service knows of these packages, by id: their class, and whether somebody holds them back."""
        known: dict[str, RetentionState] = {}
        for begin in range(0, len(package_ids), _MOST_ASKED):
            body = {"package_ids": list(package_ids[begin : begin + _MOST_ASKED])}
            answer = self._send("POST", f"{_PREFIX}/packages/retention", json=body)
            known |= _retention_states(answer)
        return known

    def get_config(self, etag: str | None = None) -> ServedConfig | None:
        """The cameras and zones to watch; None when nothing changed since `etag`."""
        headers = {} if etag is None else {"If-None-Match": etag}
        answer = self._send("GET", f"{_PREFIX}/worker/config", headers=headers)
        if answer.status_code == httpx.codes.NOT_MODIFIED:
            return None
        return ServedConfig(_json(answer), answer.headers.get("ETag"))

    def heartbeat(self, body: Mapping[str, Any]) -> str | None:
        """Tell that the worker lives and how its cameras are; the tag of the configuration that holds now."""
        answer = _json(self._send("POST", f"{_PREFIX}/worker/heartbeat", json=dict(body)))
        etag = answer.get("config_etag")
        return None if etag is None else str(etag)

    def is_up(self) -> bool:
        """Whether the service answers at all."""
        try:
            self._send("GET", "/healthz")
        except (ServiceUnreachable, ServiceRefused):
            return False
        return True

    def _send(self, method: str, url: str, **parts: Any) -> httpx.Response:
        try:
            answer = self._http.request(method, url, **parts)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ServiceUnreachable(f"{self._base_url}: {_one_line(str(error) or type(error).__name__)}") from error
        if not answer.is_success and answer.status_code != httpx.codes.NOT_MODIFIED:
            raise ServiceRefused(answer.status_code, _detail(answer))
        return answer


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        value = answer.json()
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise ServiceRefused(
            answer.status_code, "the answer is not the JSON object of a case service: check the address"
        )
    return value


def _retention_states(answer: httpx.Response) -> dict[str, RetentionState]:
    """Whatever is not understood is not believed: the packages stay."""
    try:
        rows = _json(answer)["items"]
        return {
            str(row["package_id"]): RetentionState(
                _CLASSES.validate_python(row["retention_class"]), held=bool(row["held"])
            )
            for row in rows
        }
    except (KeyError, TypeError, ValidationError) as error:
        raise ServiceRefused(answer.status_code, "the answer says no states of packages: check the address") from error


def _detail(answer: httpx.Response) -> str:
    """The server's reason, in one bounded line."""
    try:
        detail = answer.json()["detail"]
    except (ValueError, KeyError, TypeError):
        detail = answer.text
    return _one_line(detail if isinstance(detail, str) else json.dumps(detail))


def _one_line(text: str) -> str:
    return " ".join(text.split())[:_LONGEST_DETAIL]
