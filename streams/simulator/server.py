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
from streams.simulator.faults import PICTURE_FAULTS, Fault, FaultKind, FaultPlan
from streams.simulator.feed import Feed
from streams.simulator.schedule import follow
from streams.simulator.session import LiveClock, Traffic
from streams.simulator.variants import Variants
from streams.timeline import SECOND_NS

log = logging.getLogger(__name__)

_LARGEST_CONNECTIONS = 2_000
_PORT_PAIR_ATTEMPTS = 50
_SWEEP_S = 5.0
# Encoding what faults show takes its time, once.
_START_TIMEOUT_S = 600.0


class Simulator:
    """Serves `cameras` at `rtsp://HOST:PORT/NAME`, over TCP and UDP; port 0 takes a free one.

    Every clip runs in an endless loop from the moment of the start, the same for all its clients, as a camera would. A
    client that reads too slowly loses pictures up to a key frame; others do not notice. Use `start` and `stop` (a
    thread of its own, also as a context manager), or `serve` in an event loop of yours.

    `faults` come and go by themselves; `inject` and `clear` order them at run time. Other encodings that they show are
    made once, before the start or at the first `inject`, and kept in `cache` (None: the user's cache folder).
    """

    def __init__(
        self,
        cameras: Sequence[SimulatedCamera],
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        faults: Sequence[FaultPlan] = (),
        cache: Path | None = None,
    ) -> None:
        names = [camera.name for camera in cameras]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise SimulatorError(f"two simulated cameras are called {twice[0]!r}; names must differ")
        if not cameras:
            raise SimulatorError("no camera to simulate; give at least one clip")
        for plan in faults:
            if not any(plan.concerns(name) for name in names):
                raise SimulatorError(f"--fault {plan.fault}: no camera is called {'+'.join(plan.cameras)}")
        self._cameras = {camera.name: camera for camera in cameras}
        self._plans = tuple(faults)
        self._variants = Variants(cache)
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
    def started_at_ns(self) -> int:
        """UTC ns at which all cameras' timelines began. Raises SimulatorError before the start."""
        return self._running().clock.started_wall_ns

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

    def duration_s(self, name: str) -> float:
        """The length of one round of the camera's clip, seconds. Raises SimulatorError before the start."""
        return self._feed(name).clip.duration_ns / SECOND_NS

    def faults(self, name: str) -> tuple[Fault, ...]:
        """What is wrong with a camera now, the latest last."""
        return self._feed(name).faults

    def inject(self, name: str, fault: Fault) -> None:
        """Let this be wrong with the camera, besides what is wrong already; returns when it is in force.

        For other threads than the event loop's. A fault of the picture begins and ends at a key frame. Raises
        SimulatorError when the camera is unknown, the simulator does not run, or the clip cannot be encoded.
        """
        self._feed(name)
        assert self._loop is not None  # noqa: S101 - it runs
        asyncio.run_coroutine_threadsafe(self._begin(name, fault), self._loop).result()

    def clear(self, name: str, kind: FaultKind | None = None) -> None:
        """End this fault, or all of them; for other threads than the event loop's. Raises SimulatorError."""
        feed = self._feed(name)
        assert self._loop is not None  # noqa: S101 - it runs
        kinds = [kind] if kind is not None else [fault.kind for fault in feed.faults]

        async def end() -> None:
            for each in kinds:
                feed.end(each)

        asyncio.run_coroutine_threadsafe(end(), self._loop).result()

    def prepare(self, name: str, *kinds: FaultKind) -> None:
        """Encode now what these faults show, so that `inject` need not; any thread. Raises SimulatorError."""
        feed = self._feed(name)
        for kind in PICTURE_FAULTS.intersection(kinds):
            self._variants.prepare(feed.camera.clip, feed.clip, Fault(kind))

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
        self._loop = asyncio.get_running_loop()
        async with self._open() as stage:
            self._started.set()
            names = list(stage.feeds)
            tasks = [follow(plan, names, stage.clock.started_s, self._begin, self._end) for plan in self._plans]
            await asyncio.gather(self._sweep(stage), *tasks)

    async def _sweep(self, stage: Stage) -> None:
        while True:
            await asyncio.sleep(_SWEEP_S)
            for connection in list(stage.connections):
                connection.drop_if_silent()

    def _running(self) -> Stage:
        if self._stage is None:
            raise SimulatorError("the simulator is not running; start it first")
        return self._stage

    def _feed(self, name: str) -> Feed:
        feed = self._running().feeds.get(name)
        if feed is None:
            raise SimulatorError(f"no simulated camera is called {name!r}")
        return feed

    async def _begin(self, name: str, fault: Fault) -> None:
        stage, feed, variant = self._running(), self._feed(name), None
        if fault.kind in PICTURE_FAULTS:
            position_ns = stage.clock.now_ns() + feed.offset_ns
            variant = await asyncio.to_thread(self._variants.of, feed.camera.clip, feed.clip, fault, position_ns)
        feed.begin(fault, variant)

    def _end(self, name: str, kind: FaultKind) -> None:
        self._feed(name).end(kind)

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
        feeds = {name: Feed(camera, clips[camera.clip]) for name, camera in self._cameras.items()}
        udp = await _udp_ports(loop, self._host)
        stage = Stage(feeds, LiveClock.start(loop), udp, self._traffic, set(), _LARGEST_CONNECTIONS)
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
            self._stage = None
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
        """The clips, and the other encodings of them that the plans will ask for."""
        clips = {path: load_clip(path) for path in dict.fromkeys(camera.clip for camera in self._cameras.values())}
        for plan in self._plans:
            concerned = {camera.clip for camera in self._cameras.values() if plan.concerns(camera.name)}
            for path in concerned if plan.fault.kind in PICTURE_FAULTS else ():
                self._variants.prepare(path, clips[path], plan.fault)
        return clips


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
