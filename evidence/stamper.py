"""Asks a time-stamp authority for tokens over sealed packages: after the sealing, until it has them all."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final
from uuid import uuid4

import httpx
from pydantic import BaseModel, ConfigDict, Field

from evidence.disk import Disk
from evidence.errors import TimestampError
from evidence.layout import Layout
from evidence.manifest import MANIFEST_FILE
from evidence.problems import ProblemCode
from evidence.registry import TimestampAuthority
from evidence.signing import SIGNATURE_FILE, Signer
from evidence.text import Text
from evidence.timestamp import (
    MAX_RESPONSE_BYTES,
    TIMESTAMP_FILE,
    make_file,
    read_response,
    request_for,
    trusted_authority,
)
from streams.clock import Clock

log = logging.getLogger(__name__)

_SECOND_NS: Final = 1_000_000_000
OnStamped = Callable[[str, bytes], None]


class StampingConfig(BaseModel):
    """The authority: its published name and root certificate, and the address that takes requests over HTTP(S)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Annotated[str, Field(pattern=r"^https?://")]
    authority: TimestampAuthority
    timeout_s: float = Field(10.0, gt=0, le=60)
    first_wait_s: float = Field(2.0, gt=0)
    longest_wait_s: float = Field(600.0, gt=0)

    @property
    def name(self) -> Text:
        """What manifests say of it."""
        return self.authority.name


class Stamper:
    """Puts `timestamp.json` into every package below `root` that lacks it, from its own thread after `start`.

    A response is checked before it is kept. `on_stamped(package_id, bytes)` is told first; when it raises OSError the
    package is tried again. `put`, `is_waiting` and `waiting` may be called from any thread.
    """

    def __init__(
        self,
        root: Path,
        signer: Signer,
        config: StampingConfig,
        clock: Clock,
        *,
        on_stamped: OnStamped | None = None,
        disk: Disk | None = None,
    ) -> None:
        self._layout = Layout(root)
        self._signer = signer
        self._config = config
        self._clock = clock
        self._on_stamped = on_stamped
        self._disk = disk or Disk()
        self._lock = threading.Lock()
        self._waiting: dict[str, None] = {}
        self._failures = 0
        self._not_before_ns = 0
        self._last_error: str | None = None
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def put(self, package_id: str) -> None:
        """A package was sealed: a token is asked for it."""
        with self._lock:
            self._waiting[package_id] = None
        self._wake.set()

    def is_waiting(self, package_id: str) -> bool:
        """Whether a token is still asked for this package."""
        with self._lock:
            return package_id in self._waiting

    @property
    def waiting(self) -> int:
        """How many packages wait for a token."""
        with self._lock:
            return len(self._waiting)

    @property
    def last_error(self) -> str | None:
        """Why the latest request failed, None after a success."""
        return self._last_error

    def find_waiting(self) -> None:
        """Look once through all packages for those that an earlier process left without a token."""
        if not self._layout.packages.is_dir():
            return
        for folder in self._layout.packages.iterdir():
            if not (folder / TIMESTAMP_FILE).exists() and (folder / MANIFEST_FILE).exists():
                self.put(folder.name)

    def start(self) -> None:
        """Work from a thread until `stop`."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="stamper", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 15.0) -> None:
        """End the thread; what has no token yet is found again at the next start."""
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout_s)
            self._thread = None

    def step(self) -> None:
        """Ask for every package that waits, unless the authority is away. Never raises for what others do."""
        while not self._stopping.is_set() and self._clock.monotonic_ns() >= self._not_before_ns:
            with self._lock:
                package_id = next(iter(self._waiting), None)
            if package_id is None:
                return
            try:
                self._stamp(package_id)
            except (TimestampError, httpx.HTTPError, httpx.InvalidURL, OSError) as error:
                self._fail(package_id, error)
                return
            self._failures, self._last_error = 0, None
            self._forget(package_id)

    def _run(self) -> None:
        self.find_waiting()
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                self.step()
            except Exception:
                log.exception("stamping broke down and goes on")
            self._wake.wait(1.0)

    def _stamp(self, package_id: str) -> None:
        folder = self._layout.package(package_id)
        try:
            signature = (folder / SIGNATURE_FILE).read_bytes()
        except FileNotFoundError:
            return  # deleted by retention meanwhile
        if (folder / TIMESTAMP_FILE).exists():
            return
        response = self._ask(request_for(signature))
        stamp = read_response(response, signature)
        trusted_authority(response, signature, [self._config.authority])
        self._refuse_contradiction(stamp.at_ns)
        data = make_file(response, self._signer)
        if self._on_stamped is not None:
            self._on_stamped(package_id, data)
        self._keep(folder, data)

    def _refuse_contradiction(self, stamped_at_ns: int) -> None:
        """A token from before its own request: one of the two clocks is far off, and the package shall not say so."""
        ahead_s = (self._clock.wall_ns() - stamped_at_ns) / _SECOND_NS
        if ahead_s > 60:
            detail = f"this machine's clock is {ahead_s:.0f} s ahead of the time-stamp authority's: set the clock"
            raise TimestampError(ProblemCode.TIMESTAMP_INCONSISTENT, detail)

    def _keep(self, folder: Path, data: bytes) -> None:
        """Made aside and renamed: a package never holds half a file, nor one that no rule allows."""
        temporary = self._layout.building / f"stamp.{uuid4().hex[:8]}"
        self._disk.make_folder(self._layout.building)
        try:
            self._disk.write(temporary, data)
            self._disk.rename(temporary, folder / TIMESTAMP_FILE)
        finally:
            self._disk.remove(temporary)
        self._disk.sync_folder(folder)

    def _ask(self, request: bytes) -> bytes:
        """The authority's response, bounded in time and size; a proxy of the environment has no business here."""
        headers = {"Content-Type": "application/timestamp-query"}
        options = {"content": request, "headers": headers, "timeout": self._config.timeout_s, "trust_env": False}
        with httpx.stream("POST", self._config.url, **options) as answer:  # type: ignore[arg-type]
            answer.raise_for_status()
            data = b""
            for chunk in answer.iter_bytes():
                data += chunk
                if len(data) > MAX_RESPONSE_BYTES:
                    raise TimestampError(ProblemCode.TIMESTAMP_INVALID, "the authority's answer does not end")
        return data

    def _fail(self, package_id: str, error: Exception) -> None:
        """Wait longer each time; the next try takes another package, or one that never works would hold up all."""
        wait_s = min(self._config.longest_wait_s, self._config.first_wait_s * 2 ** min(self._failures, 20))
        self._not_before_ns = self._clock.monotonic_ns() + round(wait_s * _SECOND_NS)
        self._failures += 1
        self._last_error = f"{self._config.name}: {str(error).splitlines()[0] if str(error) else type(error).__name__}"
        if self._failures == 1:
            log.warning("no time stamp for package %s: %s; it is tried again", package_id, self._last_error)
        with self._lock:
            self._waiting[package_id] = self._waiting.pop(package_id, None)

    def _forget(self, package_id: str) -> None:
        with self._lock:
            self._waiting.pop(package_id, None)
