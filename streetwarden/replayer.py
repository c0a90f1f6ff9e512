"""Replays for the API: a process of its own for each, one at a time and for a bounded time.

The service's threads share one interpreter: a replay among them would hold up every reviewer.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from api.errors import InvalidError, NotFoundError
from api.replay.port import ReplayCancelledError, ReplayUnavailableError, Watch
from streetwarden.processes import child_environment
from streetwarden.track_files import TrackArchive

SECONDS = 20.0
WATCHED_SECONDS = 300.0
"""For somebody who sees how far it is."""
GRACE_S = 20.0
"""For starting, reading the last hour and answering."""
LINE_S = 0.2


class LocalReplayer:
    """Replays what a worker on this machine keeps in `folder`; `api.replay.port.Replayer` says how it is called."""

    def __init__(self, folder: Path, seconds: float = SECONDS, watched_seconds: float = WATCHED_SECONDS) -> None:
        self._folder = folder
        self._seconds = seconds
        self._watched_seconds = watched_seconds
        self._turn = threading.Lock()

    def keeps(self, camera_id: str) -> bool:
        """Whether a worker of this machine has watched this camera."""
        return camera_id in TrackArchive(self._folder).camera_ids

    def __call__(
        self, camera: Mapping[str, Any], since: datetime, until: datetime, watch: Watch | None = None
    ) -> dict[str, Any]:
        if not self.keeps(str(camera["id"])):
            raise NotFoundError(f"Nothing is stored of camera {camera['id']} on this machine.")
        self._take_turn(watch)
        try:
            return self._replay(camera, since, until, watch)
        finally:
            self._turn.release()

    def _take_turn(self, watch: Watch | None) -> None:
        if watch is None:
            if not self._turn.acquire(timeout=self._seconds):
                raise ReplayUnavailableError("Another replay is under way: try again.", headers={"Retry-After": "10"})
            return
        while not self._turn.acquire(timeout=LINE_S):
            if watch.gone:
                raise ReplayCancelledError("The replay was given up.")

    def _replay(
        self, camera: Mapping[str, Any], since: datetime, until: datetime, watch: Watch | None
    ) -> dict[str, Any]:
        with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as file:
            # Whatever is JSON is YAML. No address: a replay opens no camera.
            json.dump({"cameras": [{**camera, "url": "stored"}]}, file)
            file.flush()
            options = ["--cameras", file.name, "--from", since.isoformat(), "--to", until.isoformat()]
            code, told, complaints = self._run(options, watch)
        if code != 0:
            line = (complaints or ["the replay ended without a word"])[-1]
            raise InvalidError(line.removeprefix("streetwarden: ").replace(f"{file.name}:", "").strip())
        answer: dict[str, Any] = json.loads(told)["cameras"][0]
        return answer

    def _run(self, options: Sequence[str], watch: Watch | None) -> tuple[int, str, list[str]]:
        """Exit status, what it printed, and what it complained of."""
        seconds = self._seconds if watch is None else self._watched_seconds
        verb = ["nice", "-n", "10", sys.executable, "-m", "streetwarden", "replay", "--json", "--progress"]
        bounds = ["--tracks", str(self._folder), "--seconds", str(seconds)]
        with tempfile.TemporaryFile("w+", encoding="utf-8") as answer:
            with _child([*verb, *bounds, *options], answer) as child, _killing(child, seconds + GRACE_S) as late:
                complaints = _listen(child, watch)
                child.wait()
            if late.is_set():
                raise ReplayUnavailableError("The replay took too long: choose fewer days.")
            if watch is not None and watch.gone:
                raise ReplayCancelledError("The replay was given up.")
            answer.seek(0)
            return child.returncode, answer.read(), complaints


@contextlib.contextmanager
def _child(command: Sequence[str], answer: IO[str]) -> Iterator[subprocess.Popen[str]]:
    child = subprocess.Popen(
        list(command),
        stdin=subprocess.DEVNULL,
        stdout=answer,
        stderr=subprocess.PIPE,
        text=True,
        env=child_environment(os.environ),
    )
    with child:
        try:
            yield child
        finally:
            child.kill()


@contextlib.contextmanager
def _killing(child: subprocess.Popen[str], seconds: float) -> Iterator[threading.Event]:
    """Kill the child when it takes too long; the event says that it was."""
    late = threading.Event()

    def kill() -> None:
        late.set()
        child.kill()

    timer = threading.Timer(seconds, kill)
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()
        timer.join()


def _listen(child: subprocess.Popen[str], watch: Watch | None) -> list[str]:
    """Hand on how far it is, several times a second, until it ends or nobody waits; its last complaints."""
    complaints: list[str] = []
    for line in child.stderr or ():
        share = _share(line)
        if share is None:
            complaints = [*complaints[-20:], line.strip()]
        elif watch is not None:
            watch.tell(share)
        if watch is not None and watch.gone:
            child.kill()
    return complaints


def _share(line: str) -> float | None:
    if not line.startswith('{"share"'):
        return None
    try:
        return float(json.loads(line)["share"])
    except (ValueError, TypeError, KeyError):
        return None
