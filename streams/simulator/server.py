"""The simulator: cameras made of clips, served as real RTSP."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from urllib.parse import quote

from streams.errors import SimulatorError
from streams.simulator.camera import SimulatedCamera
from streams.simulator.clip import Clip, load_clip
from streams.simulator.connection import RtspConnection, Stage, UdpPorts
from streams.simulator.session import LiveClock, Traffic

log = logging.getLogger(__name__)

_LARGEST_CONNECTIONS = 2_000
_PORT_PAIR_ATTEMPTS = 50
_SWEEP_S = 5.0
_START_TIMEOUT_S = 60.0


class Simulator:
    """Serves `cameras` at `rtsp://HOST:PORT/NAME`, over TCP and UDP; port 0 takes a free one.

    Every clip runs in an endless loop from the moment of the start, the same for all its clients, as a camera would. A
    client that reads too slowly loses pictures up to a key frame; others do not notice. Use `start` and `stop` (a
    thread of its own, also as a context manager), or `serve` in an event loop of yours.
    """

    def __init__(self, cameras: Sequence[SimulatedCamera], host: str = "127.0.0.1", port: int = 0) -> None:
        names = [camera.name for camera in cameras]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise SimulatorError(f"two simulated cameras are called {twice[0]!r}; names must differ")
        if not cameras:
            raise SimulatorError("no camera to simulate; give at least one clip")
        self._cameras = {camera.name: camera for camera in cameras}
        self._host = host
        self._port = port
        self._traffic = Traffic()
        self._stage: Stage | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._done: asyncio.Event | None = None
        self._started = threading.Event()
        self._error: BaseException | None = None

    @property
    def port(self) -> int:
        """The port that is served; before the start, the one asked for."""
        return self._port

    @property
    def traffic(self) -> Traffic:
        """What was sent and skipped so far."""
        return self._traffic

    @property
    def clients(self) -> int:
        """How many connections are open now."""
        return len(self._stage.connections) if self._stage is not None else 0

    def url(self, name: str) -> str:
        """The camera's URL, with its user name and password when it asks for them."""
        camera = self._cameras[name]
        user = ""
        if camera.username is not None and camera.password is not None:
            user = f"{quote(camera.username, safe='')}:{quote(camera.password, safe='')}@"
        return f"rtsp://{user}{self._host}:{self._port}/{quote(name)}"

    def start(self) -> None:
        """Serve from a thread of its own; returns when clients can connect.

        Raises SimulatorError when a clip cannot be served or the port is refused.
        """
        self._started.clear()
        self._error = None
        self._thread = threading.Thread(target=self._run, name="camera-simulator", daemon=True)
        self._thread.start()
        self._started.wait(_START_TIMEOUT_S)
        if self._error is not None:
            self._thread.join()
            raise self._error

    def stop(self, timeout_s: float = 5.0) -> None:
        """Cut every client off and end the thread."""
        loop, done = self._loop, self._done
        if loop is not None and done is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended by itself
                loop.call_soon_threadsafe(done.set)
        if self._thread is not None:
            self._thread.join(timeout_s)
        self._thread = None

    def __enter__(self) -> Simulator:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def serve(self) -> None:
        """Serve until cancelled. Raises SimulatorError as `start` does."""
        async with self._open() as stage:
            self._started.set()
            while True:
                await asyncio.sleep(_SWEEP_S)
                for connection in list(stage.connections):
                    connection.drop_if_silent()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve_until_stopped())
        except BaseException as error:  # handed to the caller of `start`
            self._error = error
            if self._started.is_set():
                log.exception("simulator: ended")
        finally:
            self._started.set()

    async def _serve_until_stopped(self) -> None:
        self._loop, self._done = asyncio.get_running_loop(), asyncio.Event()
        serving = asyncio.create_task(self.serve())
        stopping = asyncio.create_task(self._done.wait())
        await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not serving.done():
            serving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await serving

    @contextlib.asynccontextmanager
    async def _open(self) -> AsyncIterator[Stage]:
        loop = asyncio.get_running_loop()
        clips = await asyncio.to_thread(self._load_clips)
        cameras = {name: (camera, clips[camera.clip]) for name, camera in self._cameras.items()}
        udp = await _udp_ports(loop, self._host)
        stage = Stage(cameras, LiveClock.start(loop), udp, self._traffic, set(), _LARGEST_CONNECTIONS)
        try:
            server = await self._listen(loop, stage)
        except BaseException:
            udp.close()
            raise
        self._port = server.sockets[0].getsockname()[1]
        self._stage = stage
        try:
            yield stage
        finally:
            server.close()
            for connection in list(stage.connections):
                connection.abort()
            udp.close()
            await server.wait_closed()

    async def _listen(self, loop: asyncio.AbstractEventLoop, stage: Stage) -> asyncio.Server:
        try:
            return await loop.create_server(lambda: RtspConnection(stage), self._host, self._port)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise SimulatorError(
                f"cannot listen on {self._host}:{self._port}: {reason}; choose another port, or 0"
            ) from None

    def _load_clips(self) -> dict[Path, Clip]:
        paths = dict.fromkeys(camera.clip for camera in self._cameras.values())
        return {path: load_clip(path) for path in paths}


async def _udp_ports(loop: asyncio.AbstractEventLoop, host: str) -> UdpPorts:
    """An even port and the odd one after it, as RTP has them."""
    for _ in range(_PORT_PAIR_ATTEMPTS):
        first = await _udp_port(loop, host, 0)
        number = first.get_extra_info("sockname")[1]
        if number % 2 == 0:
            with contextlib.suppress(OSError):
                return UdpPorts(first, await _udp_port(loop, host, number + 1))
        first.close()
    raise SimulatorError(f"no pair of UDP ports is free on {host}")


async def _udp_port(loop: asyncio.AbstractEventLoop, host: str, port: int) -> asyncio.DatagramTransport:
    transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=(host, port))
    return transport
