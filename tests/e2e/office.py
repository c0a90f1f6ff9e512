"""A running office for tests: API, worker and cameras as processes of their own, each of which can be killed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

from api.bootstrap import create_token, create_user, import_cameras
from api.settings import ApiSettings
from streetwarden.demo import free_port
from tests.e2e.commands import environment

PASSWORD = "a long password for the tests"


def wait_until(what: str, ready: Callable[[], bool], timeout_seconds: float = 60.0) -> None:
    """Wait for something to become true; fails by its name when it does not."""
    deadline = time.monotonic() + timeout_seconds
    while not ready():
        assert time.monotonic() < deadline, f"waited {timeout_seconds:.0f} s in vain: {what}"
        time.sleep(0.1)


@contextmanager
def process(*arguments: str | Path, data_dir: Path, **more: str) -> Iterator[subprocess.Popen[str]]:
    """A `streetwarden` command that runs in the background and is killed at the end."""
    log = data_dir / f"{arguments[0]}.log"
    data_dir.mkdir(parents=True, exist_ok=True)
    with log.open("a") as errors:
        child = subprocess.Popen(
            [sys.executable, "-m", "streetwarden", *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=environment(data_dir, **more),
        )
    try:
        yield child
    finally:
        child.kill()
        child.wait()
        assert child.stdout is not None
        child.stdout.close()


@contextmanager
def simulated(clips: Sequence[Path], data_dir: Path) -> Iterator[list[str]]:
    """Simulated cameras; gives their addresses."""
    with process("simulate", *clips, "--port", "0", "--json", data_dir=data_dir) as child:
        assert child.stdout is not None
        yield json.loads(child.stdout.readline())["urls"]


@dataclass
class RunningOffice:
    """An office in a folder, with the handles of its processes."""

    folder: Path
    port: int = field(default_factory=free_port)
    api: subprocess.Popen[str] | None = None
    worker: subprocess.Popen[str] | None = None

    def __post_init__(self) -> None:
        self.settings = ApiSettings(data_dir=self.folder / "api")
        create_user(self.settings, "auditor", "auditor", PASSWORD)
        self.token = create_token(self.settings, "worker")

    @property
    def url(self) -> str:
        """Where the API is."""
        return f"http://127.0.0.1:{self.port}"

    def configure(self, cameras_yaml: str) -> None:
        """Take cameras as they stand in a cameras file."""
        import_cameras(self.settings, yaml.safe_load(cameras_yaml)["cameras"])

    def start_api(self) -> None:
        """Start the API and wait until it answers."""
        self.api = self._start("serve", "--port", str(self.port))
        wait_until("the API answers", self._answers)

    def start_worker(self) -> None:
        """Start the worker."""
        self.worker = self._start("worker", "--api", self.url, STREETWARDEN_TOKEN=self.token)

    def kill(self, child: subprocess.Popen[str] | None) -> None:
        """Kill without a warning, as a power cut does."""
        assert child is not None
        child.send_signal(signal.SIGKILL)
        child.wait()

    def close(self) -> None:
        """End everything."""
        for child in (self.worker, self.api):
            if child is not None and child.poll() is None:
                child.terminate()
                child.wait(30)

    def cases(self) -> list[dict[str, Any]]:
        """Every case, asked as an auditor."""
        with httpx.Client(base_url=self.url, timeout=10) as http:
            http.post("/api/v1/session", json={"username": "auditor", "password": PASSWORD}).raise_for_status()
            answer = http.get("/api/v1/cases", params={"limit": 200}).raise_for_status()
            return list(answer.json()["items"])

    def sealed(self) -> list[Path]:
        """The packages that the worker has sealed."""
        folder = self.folder / "worker" / "packages"
        return [path for path in folder.iterdir() if not path.name.startswith(".")] if folder.exists() else []

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/healthz").is_success
        except httpx.HTTPError:
            return False

    def _start(self, *arguments: str, **more: str) -> subprocess.Popen[str]:
        log = (self.folder / f"{arguments[0]}.log").open("a")
        with log:
            return subprocess.Popen(
                [sys.executable, "-m", "streetwarden", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                text=True,
                env=environment(self.folder, **more),
            )


@contextmanager
def running_office(folder: Path) -> Iterator[RunningOffice]:
    """An office whose processes are gone when the block ends."""
    office = RunningOffice(folder)
    try:
        yield office
    finally:
        office.close()
