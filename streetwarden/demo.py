"""`streetwarden demo`: simulated cameras, the worker, the API and its pages, supervised in one process tree."""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

from api.bootstrap import Login
from evidence.verify import verify_packages
from streetwarden.cameras_file import CameraConfig, load_cameras
from streetwarden.demo_office import DemoOffice, prepare_office
from streetwarden.errors import UsageError
from streetwarden.processes import Child, spawn, stop, stop_event_on_signals
from streetwarden.settings import Settings, settings_from
from streetwarden.verify import read_registry

START_TIMEOUT_SECONDS = 60.0
FLUSH_TIMEOUT_SECONDS = 30.0
LOOK_SECONDS = 0.5
OFFICE_VARIABLES = frozenset({"STREETWARDEN_DATABASE_URL", "STREETWARDEN_TOKEN"})


def run(options: argparse.Namespace) -> int:
    """Run until the time is over or Ctrl-C; the last line is a JSON summary."""
    stopping = stop_event_on_signals()
    print("streetwarden demo: simulated cameras, real RTSP, real inference", flush=True)
    with ExitStack() as stack:
        data = options.data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="streetwarden-demo-")))
        data.mkdir(parents=True, exist_ok=True)
        # A demo keeps to its own folder: an office's database in the environment is none of its business.
        settings = settings_from(argparse.Namespace(data=data.resolve())).model_copy(update={"database_url": None})
        demo = Demo(settings, stopping, stack)
        cameras = clip_cameras(options.cameras or demo_file())
        summary = demo.run(cameras, options.port or free_port(), options.seconds)
    print(json.dumps(summary), flush=True)
    return int(bool(summary["errors"]))


def say(text: str) -> None:
    """One line of progress for the person who watches."""
    print(f"  {text}", flush=True)


def free_port() -> int:
    """A TCP port of loopback that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Demo:
    """Starts everything in order, looks after it, and ends it in reverse order."""

    def __init__(self, settings: Settings, stopping: threading.Event, stack: ExitStack) -> None:
        self._settings = settings
        self._stopping = stopping
        self._stack = stack
        self._log = settings.data_dir / "demo.log"

    def run(self, clips: Sequence[CameraConfig], port: int, seconds: float | None) -> dict[str, Any]:
        """The whole demo with these clips as cameras; gives the summary."""
        cameras = self._stack.enter_context(self._simulated_cameras(clips))
        login, monitor, token = prepare_office(self._settings, cameras)
        url = f"http://127.0.0.1:{port}"
        api = self._child("the API", ("serve", "--port", str(port)), {}, timeout_seconds=10.0)
        office = self._stack.enter_context(DemoOffice(url))
        worker = self._child(
            "the worker", ("worker", "--api", url), {"STREETWARDEN_TOKEN": token}, FLUSH_TIMEOUT_SECONDS
        )
        children = [api, worker]
        api.ensure()
        self._wait_until("the API answers", office.answers, children[:1])
        office.sign_in(monitor)
        worker.ensure()
        self._wait_until("the worker looks at its cameras", lambda: _looks(office), children)
        _print_welcome(url, login)
        self._watch(office, children, seconds)
        return self._wind_up(office, children, len(cameras))

    def _child(self, name: str, verb: Sequence[str], environment: dict[str, str], timeout_seconds: float) -> Child:
        child = Child(name, lambda: self._spawn(verb, environment))
        self._stack.callback(child.stop, timeout_seconds)
        return child

    def _spawn(
        self, verb: Sequence[str], environment: dict[str, str], stdout: int | None = None
    ) -> subprocess.Popen[str]:
        inherited = {name: value for name, value in os.environ.items() if name not in OFFICE_VARIABLES}
        everything = {**inherited, **environment, "STREETWARDEN_DATA_DIR": str(self._settings.data_dir)}
        command = [sys.executable, "-m", "streetwarden", *verb]
        return spawn(command, log=self._log, environment=everything, stdout=stdout)

    @contextmanager
    def _simulated_cameras(self, cameras: Sequence[CameraConfig]) -> Iterator[tuple[CameraConfig, ...]]:
        clips = [camera.url for camera in cameras]
        simulator = self._spawn(("simulate", *clips, "--port", "0", "--json"), {}, stdout=subprocess.PIPE)
        try:
            line = simulator.stdout.readline() if simulator.stdout else ""
            if not line:
                raise UsageError(f"the camera simulator did not start: {_last_line(self._log)}")
            urls = json.loads(line)["urls"]
            say(f"{len(urls)} cameras speak RTSP on loopback")
            yield tuple(camera.model_copy(update={"url": url}) for camera, url in zip(cameras, urls, strict=True))
        finally:
            stop(simulator, timeout_seconds=5.0)

    def _wait_until(self, what: str, ready: Callable[[], bool], children: Sequence[Child]) -> None:
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while not ready():
            if self._stopping.wait(0.2):
                raise KeyboardInterrupt
            if any(child.is_dead() for child in children) or time.monotonic() > deadline:
                raise UsageError(f"waited in vain until {what}: {_last_line(self._log)}")
        say(what)

    def _watch(self, office: DemoOffice, children: Sequence[Child], seconds: float | None) -> None:
        """Until the end: children that died start again, new cases are announced."""
        end = time.monotonic() + seconds if seconds else float("inf")
        announced = 0
        while time.monotonic() < end and not self._stopping.wait(LOOK_SECONDS):
            for child in children:
                if child.ensure():
                    say(f"{child.name} had ended; it is started again")
            office.refresh()
            if office.cases > announced:
                announced = office.cases
                say(f"{announced} cases in the queue, {office.frames_analysed} frames analysed")

    def _wind_up(self, office: DemoOffice, children: Sequence[Child], cameras: int) -> dict[str, Any]:
        """End the worker (it hands over what it has), count, and check every package as a stranger would."""
        api, worker = children
        say("ending: the worker hands over what it has sealed")
        worker.stop(FLUSH_TIMEOUT_SECONDS)
        office.refresh()
        api.stop(10.0)
        stored = self._settings.data_dir / "api" / "packages"
        packages = sorted(manifest.parent for manifest in stored.rglob("manifest.json"))
        report = verify_packages(packages, read_registry(self._settings.keys_dir / "registry.json"))
        problems = [problem for package in report.packages for problem in package.problems]
        return {
            "cameras": cameras,
            "frames_analysed": office.frames_analysed,
            "cases": office.cases,
            "packages_verified": sum(package.ok for package in report.packages),
            "errors": office.worker_errors
            + [f"{each.where}: {each.detail}" for each in (*problems, *report.chain_problems)],
        }


def _looks(office: DemoOffice) -> bool:
    office.refresh()
    return office.frames_analysed > 0


def demo_file() -> Path:
    """The cameras file of the clips that come with the product."""
    return Path(str(resources.files("datasets"))) / "clips" / "demo.yaml"


def clip_cameras(file: Path) -> tuple[CameraConfig, ...]:
    """Cameras whose `url` is a clip; relative ones lie beside the file. Raises UsageError."""
    cameras = load_cameras(file)
    return tuple(camera.model_copy(update={"url": str(file.parent / camera.url)}) for camera in cameras)


def _print_welcome(url: str, login: Login) -> None:
    print(f"\n  open     {url}\n  sign in  {login.username}  {login.password}\n  end      Ctrl-C\n", flush=True)


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() if log.exists() else []
    return lines[-1] if lines else "no word from it"
