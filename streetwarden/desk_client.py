"""The worker's side of the API's desk: errands, last pictures and live pictures."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx

from evidence.errors import ServiceRefused, ServiceUnreachable

PREFIX = "/api/v1/worker"
WAIT_S = 2.0
"""An answer comes as soon as there is something to do; a worker that ends waits no longer than this."""
TIMEOUT_S = 10.0
JPEG = {"Content-Type": "image/jpeg"}


class DeskClient:
    """Talks to one API with a worker's token; thread-safe.

    Every method may raise ServiceUnreachable or ServiceRefused.
    """

    def __init__(self, base_url: str, token: str, worker_id: str) -> None:
        self._worker_id = worker_id
        self._http = httpx.Client(
            base_url=base_url.rstrip("/"),
            headers={"Authorization": f"Bearer {token}"},
            timeout=TIMEOUT_S,
            # A proxy from the environment has no business between a worker and its service.
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def take(self, wait_s: float = WAIT_S) -> list[dict[str, Any]]:
        """What there is to do: `id`, `kind` and `body` of each; blocks up to `wait_s`."""
        body = {"worker_id": self._worker_id, "wait_s": wait_s}
        answer = self._send("POST", f"{PREFIX}/errands", json=body, timeout=wait_s + TIMEOUT_S)
        items: list[dict[str, Any]] = answer["items"]
        return items

    def tell(self, errand_id: str, share: float) -> bool:
        """How far it is; whether anybody still waits."""
        body = {"worker_id": self._worker_id, "share": share}
        return bool(self._send("POST", f"{PREFIX}/errands/{errand_id}/share", json=body)["go_on"])

    def answer(self, errand_id: str, result: dict[str, Any] | None, error: str | None = None) -> None:
        """What came of it."""
        body = {"worker_id": self._worker_id, "result": result, "error": error}
        self._send("POST", f"{PREFIX}/errands/{errand_id}/answer", json=body)

    def put_still(self, camera_id: str, picture: bytes) -> None:
        """The last picture of a camera."""
        self._send("PUT", f"{PREFIX}/stills/{quote(camera_id)}", content=picture, headers=JPEG)

    def put_live(self, camera_id: str, picture: bytes) -> bool:
        """The newest picture of a camera that somebody watches; whether anybody still does."""
        return bool(self._send("POST", f"{PREFIX}/live/{quote(camera_id)}", content=picture, headers=JPEG)["go_on"])

    def _send(self, method: str, url: str, **parts: Any) -> dict[str, Any]:
        try:
            answer = self._http.request(method, url, **parts)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ServiceUnreachable(str(error) or type(error).__name__) from error
        if not answer.is_success:
            raise ServiceRefused(answer.status_code, " ".join(answer.text.split())[:300])
        value: dict[str, Any] = answer.json() if answer.content else {}
        return value
