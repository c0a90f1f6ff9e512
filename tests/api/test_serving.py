"""The service as a process: it starts, says clearly why it cannot, and stops when told."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from api.errors import SetupError
from api.serve import _bind, run
from api.settings import ApiSettings

SERVE = """
import sys
from pathlib import Path
from api.serve import run
from api.settings import ApiSettings
run(ApiSettings(data_dir=Path(sys.argv[1])), "127.0.0.1", 0, on_ready=lambda url: print(url, flush=True))
"""


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_when_told_and_says_nothing(tmp_path: Path, told: signal.Signals) -> None:
    command = [sys.executable, "-c", SERVE, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            assert httpx.get(f"{url}/healthz", trust_env=False).json() == {"status": "ok"}
            process.send_signal(told)
            _out, errors = process.communicate(timeout=20)
        finally:
            process.kill()
    assert errors == ""
    assert process.returncode == 0


def test_small_answers_are_sent_at_once() -> None:
    """Otherwise every answer on a kept connection takes 40 ms more (Nagle's delay): asyncio turns that off for TCP."""
    with contextlib.closing(_bind("127.0.0.1", 0)) as listener:
        assert listener.proto == socket.IPPROTO_TCP


def test_a_busy_port_is_one_clear_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SetupError, match=rf"cannot listen on 127.0.0.1:{port}: Address already in use"):
            run(ApiSettings(data_dir=tmp_path), "127.0.0.1", port)


def test_a_data_folder_that_cannot_be_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="cannot be used"):
        run(ApiSettings(data_dir=tmp_path / "file" / "data", database_url="sqlite://"), "127.0.0.1", 0)


def test_a_broken_secret_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_text("not a key")
    with pytest.raises(SetupError, match="is not a secret file"):
        run(ApiSettings(data_dir=tmp_path), "127.0.0.1", 0)
