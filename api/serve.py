"""Running the case service: for good, or for the length of a test."""

from __future__ import annotations

import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from types import FrameType

import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.errors import SetupError
from api.office import utc_now
from api.packages.deriver import Deriver
from api.pages.render import warm_up
from api.replay.port import Replayer
from api.settings import ApiSettings

GRACE_S = 5


def _bind(host: str, port: int) -> socket.socket:
    """Take the port before anything else happens, so that a busy one is one clear line."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named TCP, so that asyncio sends small answers at once: without it each waits 40 ms for the other side's word.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise SetupError(f"cannot listen on {host}:{port}: {error.strerror}: choose another port") from error
    return listener


class _Server(uvicorn.Server):
    """Ends the streams of open pages before it waits for what is under way."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        app = self.config.app
        assert isinstance(app, FastAPI)  # noqa: S101 - _server gives it one
        app.state.feed.close()
        app.state.live.close()
        app.state.replays.close()
        await app.state.desk.close()
        await super().shutdown(sockets)


def _server(app: FastAPI) -> uvicorn.Server:
    return _Server(
        uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_S,
            timeout_keep_alive=30,
            lifespan="on",
        )
    )


def run(
    settings: ApiSettings,
    host: str,
    port: int,
    on_ready: Callable[[str], None] | None = None,
    replayer: Replayer | None = None,
    deriver: Deriver | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM. `on_ready` is told the URL once the port (0: any free one) is taken.

    `replayer`, `deriver`: see `create_app`.

    Raises `SetupError`, one line, when the port is busy or the data folder or database cannot be used: exit code 2.
    """
    listener = _bind(host, port)
    try:
        with _ending_on_terminate():
            app = create_app(settings, replayer=replayer, deriver=deriver)
            threading.Thread(target=warm_up, args=(app,), name="warm-up", daemon=True).start()
            if on_ready is not None:
                on_ready(url_of(listener))
            _server(app).run(sockets=[listener])
    except (KeyboardInterrupt, _Terminated):
        # uvicorn raises the signal again after it has stopped gracefully.
        logging.getLogger(__name__).debug("stopped by a signal")
    finally:
        listener.close()


class _Terminated(BaseException):
    """SIGTERM, as SIGINT is KeyboardInterrupt."""


@contextmanager
def _ending_on_terminate() -> Iterator[None]:
    """Let SIGTERM end the block as Ctrl-C does, at any moment; only the main thread can."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def terminate(_number: int, _frame: FrameType | None) -> None:
        raise _Terminated

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def url_of(listener: socket.socket) -> str:
    """The address at which a listening socket is reached."""
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}"


@contextmanager
def running(
    settings: ApiSettings,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    now: Callable[[], datetime] = utc_now,
    replayer: Replayer | None = None,
    deriver: Deriver | None = None,
) -> Iterator[str]:
    """Serve from a thread of this process for the length of the block; gives the URL."""
    listener = _bind(host, port)
    server = _server(create_app(settings, now, replayer, deriver))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="api-server")
    thread.start()
    try:
        yield url_of(listener)
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
