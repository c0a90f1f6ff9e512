"""Children are started again when they die, and end when their parent dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from streetwarden.processes import Child, spawn, stop
from tests.e2e.office import wait_until

FOLLOWER = "import time; from streetwarden.processes import follow_parent; follow_parent(); print('up', flush=True)"
SLEEPER = [sys.executable, "-c", f"{FOLLOWER}; time.sleep(600)"]
PARENT = """
import os, sys, time
from pathlib import Path
from streetwarden.processes import spawn
child = spawn({command!r}, log=Path({log!r}), environment=os.environ)
print(child.pid, flush=True)
time.sleep(600)
"""


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_a_dead_child_is_started_again(tmp_path: Path) -> None:
    child = Child("sleeper", lambda: spawn(SLEEPER, log=tmp_path / "log", environment=os.environ))
    try:
        assert not child.ensure()
        assert child.process is not None
        child.process.kill()
        child.process.wait()
        assert child.is_dead()
        assert child.ensure()
        assert not child.is_dead()
    finally:
        child.stop(5)


def test_stopping_twice_does_nothing_the_second_time(tmp_path: Path) -> None:
    child = Child("sleeper", lambda: spawn(SLEEPER, log=tmp_path / "log", environment=os.environ))
    child.ensure()
    child.stop(5)
    child.stop(5)
    assert child.process is None


def test_a_child_that_will_not_end_is_killed(tmp_path: Path) -> None:
    stubborn = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(600)"
    )
    process = spawn(
        [sys.executable, "-c", stubborn], log=tmp_path / "log", environment=os.environ, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    stop(process, timeout_seconds=0.2)
    assert process.returncode == -signal.SIGKILL


def test_children_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    code = PARENT.format(command=SLEEPER, log=str(log))
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    wait_until("the child is up", lambda: log.exists() and "up" in log.read_text())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    wait_until("the child is gone", lambda: not is_alive(pid), 10)


def test_a_child_leaves_the_keyboards_signal_to_its_parent(tmp_path: Path) -> None:
    process = spawn(SLEEPER, log=tmp_path / "log", environment=os.environ, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        assert process.poll() is None
    finally:
        stop(process, 5)
