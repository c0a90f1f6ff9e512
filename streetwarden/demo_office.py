"""The demo's side of the case service: its accounts, and what it asks while it runs."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

import httpx

from api.bootstrap import Login, create_token, create_user, import_cameras
from api.errors import SetupError
from streetwarden.cameras_file import CameraConfig
from streetwarden.errors import UsageError
from streetwarden.serve import api_settings
from streetwarden.settings import Settings

PERSON = "demo"
MONITOR = "demo-monitor"


def place_of(number: int) -> dict[str, Any]:
    """Where a rendered street is said to stand, in a made-up quarter: the map has something to show."""
    row, column = divmod(number, 3)
    return {"latitude": round(23.106 + 0.0035 * row, 4), "longitude": round(113.254 + 0.0045 * column, 4)}


def prepare_office(settings: Settings, cameras: Sequence[CameraConfig]) -> tuple[Login, Login, str]:
    """A fresh office: the person's login, the monitor's own, and the worker's token. Raises UsageError."""
    office = api_settings(settings)
    try:
        person = create_user(office, PERSON, ["reviewer", "second_reviewer", "ops", "admin"], secrets.token_urlsafe(12))
        monitor = create_user(office, MONITOR, "auditor", secrets.token_urlsafe(24))
        # What nobody said stays unsaid, so that the worker's own defaults hold.
        stated = [camera.model_dump(mode="json", by_alias=True, exclude_unset=True) for camera in cameras]
        import_cameras(office, [place_of(number) | camera for number, camera in enumerate(stated)])
        return person, monitor, create_token(office, "demo worker")
    except SetupError as error:
        raise UsageError(f"--data: {error}; name a new folder") from None


class DemoOffice:
    """Asks the API as the monitor. While the API is away (it may be killed on purpose) the last answers hold."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=5.0)
        self._health: dict[str, Any] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def answers(self) -> bool:
        """Whether the API is up."""
        try:
            return self._http.get("/healthz").is_success
        except httpx.HTTPError:
            return False

    def sign_in(self, login: Login) -> None:
        """Sign in; the session lasts as long as the demo."""
        body = {"username": login.username, "password": login.password}
        self._http.post("/api/v1/session", json=body).raise_for_status()

    def refresh(self) -> None:
        """Ask for the state of everything."""
        try:
            answer = self._http.get("/api/v1/health")
        except httpx.HTTPError:
            return
        if answer.is_success:
            self._health = answer.json()

    @property
    def frames_analysed(self) -> int:
        """What the workers say they have looked at."""
        return sum(int(worker["body"].get("frames_analysed", 0)) for worker in self._health.get("workers", []))

    @property
    def cases(self) -> int:
        """Cases in every state."""
        return sum(self._health.get("cases", {}).values())

    @property
    def worker_errors(self) -> list[str]:
        """What went wrong in the workers, in their own words."""
        return [str(error) for worker in self._health.get("workers", []) for error in worker["body"].get("errors", [])]
