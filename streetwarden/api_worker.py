"""The worker for an API: its cameras from there, packages and incident states to it, a heartbeat with health."""

from __future__ import annotations

import argparse
import json
import logging
import platform
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from evidence.client import CaseClient
from evidence.disk import Disk, replace_file
from evidence.errors import ServiceRefused, ServiceUnreachable
from evidence.outbox import CaseService, Outbox
from streams.clock import Clock, SystemClock
from streetwarden.cameras_file import CameraConfig, CamerasFile
from streetwarden.crew import Crew, working
from streetwarden.disk_space import disk_space
from streetwarden.errands import errands
from streetwarden.machine_token import read_token
from streetwarden.recording import software_version
from streetwarden.sealing import OnSealed, Sealing, open_sealing, stamped_too, stamping
from streetwarden.settings import Settings

logger = logging.getLogger(__name__)

BEAT_SECONDS = 2.0
HAND_OVER_SECONDS = 15.0
LAST_CONFIG = "config.json"

Answer = TypeVar("Answer")


def run_for_api(options: argparse.Namespace, settings: Settings, stopping: threading.Event) -> int:
    """Watch the API's cameras until the time is over or a signal comes. Raises UsageError without a token."""
    token = read_token(options.token_file, settings)
    root = settings.data_dir / "worker"
    root.mkdir(parents=True, exist_ok=True)
    clock = SystemClock()
    sealing = open_sealing(settings, clock)
    with CaseClient(options.api, token) as client, handing_over(sealing, root, client, clock) as (outbox, on_sealed):
        with working(settings, root, clock, outbox.put_incident, on_sealed, options.looks, sealing) as crew:
            link = OfficeLink(client, crew, outbox, root / LAST_CONFIG)
            with errands(options.api, token, crew.pipeline, settings.tracks_dir, worker_id()):
                link.follow(options.seconds, stopping)
            cameras = crew.fleet.health()
        outbox.stop(drain_s=HAND_OVER_SECONDS)
        link.beat(cameras)
    return 0


def worker_id() -> str:
    """By what name the office knows this machine's worker."""
    return platform.node() or "worker"


@contextmanager
def handing_over(sealing: Sealing, root: Path, service: CaseService, clock: Clock) -> Iterator[tuple[Outbox, OnSealed]]:
    """The outbox at work, and what is to be told of each sealed package; both end with the block.

    A package waits a little for its time stamp; a stamp that comes later follows it.
    """

    def awaits_stamp(package_id: str) -> bool:
        return stamper is not None and stamper.is_waiting(package_id)

    outbox = Outbox(root, service, clock, key=sealing.keys.entry, awaits_stamp=awaits_stamp)
    outbox.tell_ended([entry for entry in sealing.keys.registry.keys if entry.revoked_at is not None])
    with stamping(sealing, root, clock, outbox.put_timestamp) as stamper:
        outbox.start()
        try:
            yield outbox, stamped_too(lambda _: outbox.wake(), stamper)
        finally:
            outbox.stop()


class OfficeLink:
    """Keeps the running cameras what the office configured, and tells the office how they are.

    The last good configuration is kept on the disk: a worker that starts while the office is away watches on.
    """

    def __init__(self, client: CaseClient, crew: Crew, outbox: Outbox, last_config: Path) -> None:
        self._client = client
        self._crew = crew
        self._outbox = outbox
        self._last_config = last_config
        self._etag: str | None = None
        self._trouble: str | None = None
        self._refused: list[str] = []
        self._started_s = time.monotonic()

    def follow(self, seconds: float | None, stopping: threading.Event) -> None:
        """Take the configuration and send heartbeats until the time is over or `stopping` is set."""
        self._apply_last()
        end = time.monotonic() + seconds if seconds else float("inf")
        while not stopping.is_set() and time.monotonic() < end:
            self._take_config()
            self.beat(self._crew.fleet.health())
            stopping.wait(min(BEAT_SECONDS, max(0.0, end - time.monotonic())))

    def beat(self, cameras: list[dict[str, Any]]) -> None:
        """Tell the office the worker's health; an office that is away is only noted."""
        outbox, report = self._outbox.status, self._crew.report()
        body = {
            "worker_id": worker_id(),
            "software": software_version(),
            "up_seconds": round(time.monotonic() - self._started_s, 1),
            **report,
            "errors": [*report["errors"], *self._refused],
            "cameras": cameras,
            "outbox": {"waiting": outbox.waiting, "sent": outbox.sent, "rejected": outbox.rejected},
            "disk": disk_space(self._last_config.parent),
        }
        self._try("heartbeat", lambda: self._client.heartbeat(body))

    def _take_config(self) -> None:
        served = self._try("configuration", lambda: self._client.get_config(self._etag))
        if served is None:
            return
        cameras = self._checked(served.value)
        if cameras is not None:
            replace_file(Disk(), self._last_config, json.dumps(served.value).encode(), 0o600)
            self._apply(cameras)
        self._etag = served.etag

    def _apply_last(self) -> None:
        if self._last_config.exists():
            cameras = self._checked(json.loads(self._last_config.read_bytes()))
            self._apply(cameras or ())

    def _apply(self, cameras: Sequence[CameraConfig]) -> None:
        self._refused = self._crew.fleet.apply(cameras)
        for line in self._refused:
            logger.error("%s", line)

    def _checked(self, value: dict[str, Any]) -> tuple[CameraConfig, ...] | None:
        """The cameras, or None with a word in the log: a configuration that is not understood changes nothing."""
        if value.get("cameras") == []:
            return ()
        try:
            return CamerasFile.model_validate(value).cameras
        except ValidationError as error:
            problem = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(str(step) for step in problem["loc"])
            logger.error("the office's configuration is not used: %s: %s", place, problem["msg"])  # noqa: TRY400
            return None

    def _try(self, what: str, ask: Callable[[], Answer]) -> Answer | None:
        """Ask the office; trouble is logged when it begins and when it is over."""
        try:
            answer = ask()
        except (ServiceUnreachable, ServiceRefused) as error:
            if self._trouble is None:
                logger.warning("%s: %s; trying again every %.0f s", what, error, BEAT_SECONDS)
            self._trouble = str(error)
            return None
        if self._trouble is not None:
            logger.info("the office answers again")
            self._trouble = None
        return answer
