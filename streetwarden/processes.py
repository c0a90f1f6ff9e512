"""Child processes that never outlive their parent, and signals that end a command in an orderly way."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


_CHILD_VARIABLE = "STREETWARDEN_CHILD_OF"


def follow_parent() -> None:
    """In a process that `spawn` started: end when the parent dies, and leave Ctrl-C to it."""
    parent = os.environ.pop(_CHILD_VARIABLE, None)
    if parent is None:
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    # Ctrl-C reaches the whole foreground group; the parent alone decides the order in which its children end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if os.getppid() != int(parent):
        sys.exit("streetwarden: the parent process is gone")


def child_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment with which a child of this process ends when this process dies."""
    return {**environment, _CHILD_VARIABLE: str(os.getpid())}


def spawn(
    command: Sequence[str], *, log: Path, environment: Mapping[str, str], stdout: int | None = None
) -> subprocess.Popen[str]:
    """Start a child whose errors (and output, unless piped) go to `log`; it ends when its parent dies."""
    with log.open("a", encoding="utf-8") as file:
        return subprocess.Popen(  # the hook only sets a kernel flag
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=stdout if stdout is not None else file,
            stderr=file,
            env=child_environment(environment),
            text=True,
        )


def stop(process: subprocess.Popen[str], timeout_seconds: float) -> None:
    """Ask a child to end, then make it."""
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(timeout_seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def stop_event_on_signals() -> threading.Event:
    """An event that SIGINT and SIGTERM set; a child that its parent shields from SIGINT stays shielded."""
    stopping = threading.Event()

    def set_event(_signal: int, _frame: FrameType | None) -> None:
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, set_event)
    return stopping


@dataclass(slots=True)
class Child:
    """A child that is started again when it dies before its time."""

    name: str
    start: Callable[[], subprocess.Popen[str]]
    process: subprocess.Popen[str] | None = None

    def ensure(self) -> bool:
        """Start it when it does not run; True when that was a second start."""
        if self.process is not None and self.process.poll() is None:
            return False
        again = self.process is not None
        self.process = self.start()
        return again

    def is_dead(self) -> bool:
        """It was started and has ended by itself."""
        return self.process is not None and self.process.poll() is not None

    def stop(self, timeout_seconds: float) -> None:
        """End it for good; a second call does nothing."""
        if self.process is not None:
            stop(self.process, timeout_seconds)
            self.process = None
