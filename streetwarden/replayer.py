"""Replays for the API: a process of its own for each, one at a time and for a bounded time.

The service's threads share one interpreter: a replay among them would hold up every reviewer.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from api.errors import InvalidError, NotFoundError
from api.replay.port import ReplayUnavailableError
from streetwarden.processes import child_environment
from streetwarden.track_files import TrackArchive

SECONDS = 20.0
GRACE_S = 20.0
"""For starting, reading the last hour and answering."""


class LocalReplayer:
    """Replays what a worker on this machine keeps in `folder`; `api.replay.port.Replayer` says how it is called."""

    def __init__(self, folder: Path, seconds: float = SECONDS) -> None:
        self._folder = folder
        self._seconds = seconds
        self._turn = threading.Lock()

    def __call__(self, camera: Mapping[str, Any], since: datetime, until: datetime) -> dict[str, Any]:
        if camera["id"] not in TrackArchive(self._folder).camera_ids:
            raise NotFoundError(f"Nothing is stored of camera {camera['id']} on this machine.")
        if not self._turn.acquire(timeout=self._seconds):
            raise ReplayUnavailableError("Another replay is under way: try again.", headers={"Retry-After": "10"})
        try:
            return self._replay(camera, since, until)
        finally:
            self._turn.release()

    def _replay(self, camera: Mapping[str, Any], since: datetime, until: datetime) -> dict[str, Any]:
        with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as file:
            # Whatever is JSON is YAML. No address: a replay opens no camera.
            json.dump({"cameras": [{**camera, "url": "stored"}]}, file)
            file.flush()
            done = self._run([*("--cameras", file.name), *("--from", since.isoformat()), *("--to", until.isoformat())])
        if done.returncode != 0:
            line = (done.stderr.strip().splitlines() or ["the replay ended without a word"])[-1]
            raise InvalidError(line.removeprefix("streetwarden: ").replace(f"{file.name}:", "").strip())
        answer: dict[str, Any] = json.loads(done.stdout)["cameras"][0]
        return answer

    def _run(self, options: list[str]) -> subprocess.CompletedProcess[str]:
        verb = ["nice", "-n", "10", sys.executable, "-m", "streetwarden", "replay", "--json"]
        bounds = ["--tracks", str(self._folder), "--seconds", str(self._seconds)]
        try:
            return subprocess.run(
                [*verb, *bounds, *options],
                capture_output=True,
                text=True,
                check=False,
                timeout=self._seconds + GRACE_S,
                env=child_environment(os.environ),
            )
        except subprocess.TimeoutExpired:
            raise ReplayUnavailableError("The replay took too long: choose fewer days.") from None
