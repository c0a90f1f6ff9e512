"""Does at once what the API asks for: probes, finds, replays and live views; and brings it last pictures."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from api.errors import ApiError
from evidence.errors import ServiceRefused, ServiceUnreachable
from streetwarden.desk_client import WAIT_S, DeskClient
from streetwarden.device_streams import device_streams
from streetwarden.find_cameras import find_cameras
from streetwarden.live_eye import LiveEye, live_jpeg, still_jpeg
from streetwarden.pipeline import Pipeline
from streetwarden.probe import probe
from streetwarden.replayer import LocalReplayer
from streetwarden.watched import WatchedCamera

logger = logging.getLogger(__name__)

AT_ONCE = 8
AGAIN_S = 5.0
LIVE_EVERY_S = 0.5
LIVE_SILENT = 24
"""So many looks in turn without a picture (12 s), and there is no live view."""
STILLS_EVERY_S = 60.0
STILL_PAUSE_S = 0.2
STOPPED = "the worker is stopping"
Result = dict[str, Any]


class ErrandError(Exception):
    """It cannot be done; the message is one line."""


class Waiting:
    """Whoever waits for an errand, as `api.replay.port.Watch` wants it; the API is told at most once a second."""

    def __init__(self, client: DeskClient, errand_id: str, stopping: threading.Event) -> None:
        self._client, self._errand_id, self._stopping = client, errand_id, stopping
        self._told = -1.0
        self._gone = False

    def tell(self, share: float) -> None:
        """Tell how far it is when it has moved by a hundredth."""
        if share - self._told >= 0.01:
            self._told = share
            try:
                self._gone = not self._client.tell(self._errand_id, min(1.0, share))
            except (ServiceUnreachable, ServiceRefused):
                self._gone = True

    @property
    def gone(self) -> bool:
        """Whether nobody waits any more."""
        return self._gone or self._stopping.is_set()


class Errands:
    """Asks the API for errands and does them, several at once, each in a thread of a pool."""

    def __init__(self, client: DeskClient, pipeline: Pipeline, tracks: Path, worker_id: str) -> None:
        self._client = client
        self._pipeline = pipeline
        self._worker_id = worker_id
        self._replayer = LocalReplayer(tracks)
        self._stopping = threading.Event()
        self._kinds: Mapping[str, Callable[[Result, Waiting], Result]] = {
            "probe": self._probe,
            "discover": self._discover,
            "streams": self._streams,
            "replay": self._replay,
            "live": self._live,
        }
        self._stills: dict[str, int] = {}

    @contextmanager
    def working(self) -> Iterator[None]:
        """Everything for the length of the block; errands under way are given up at its end."""
        threads = [
            threading.Thread(target=self._ask, name="errands", daemon=True),
            threading.Thread(target=self._bring_stills, name="stills", daemon=True),
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            for thread in threads:
                thread.join(timeout=2 * WAIT_S)

    def _ask(self) -> None:
        pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="errand")
        try:
            while not self._stopping.is_set():
                try:
                    for errand in self._client.take():
                        pool.submit(self._do, errand)
                except (ServiceUnreachable, ServiceRefused, KeyError, ValueError) as error:
                    logger.debug("errands: %s", error)
                    self._stopping.wait(AGAIN_S)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _do(self, errand: Mapping[str, Any]) -> None:
        """One errand; whatever happens, whoever waits is told."""
        result, problem = None, None
        try:
            do = self._kinds.get(errand["kind"])
            if do is None:
                raise ErrandError(f"this worker does not know how to {errand['kind']}")  # noqa: TRY301
            result = do(errand["body"], Waiting(self._client, errand["id"], self._stopping))
        except (ErrandError, ApiError) as error:
            problem = str(error)
        except Exception as error:
            logger.exception("errand %s failed", errand.get("kind"))
            problem = f"{type(error).__name__} in the worker; see its log"
        try:
            self._client.answer(errand["id"], result, problem)
        except (ServiceUnreachable, ServiceRefused) as error:
            logger.debug("errand %s: nobody took the answer: %s", errand.get("kind"), error)

    def _probe(self, body: Result, _waiting: Waiting) -> Result:
        masks = [tuple((x, y) for x, y in mask) for mask in body.get("masks", ())]
        report = probe(body["url"], body["transport"], masks)
        return {**report.as_dict(), "worker_id": self._worker_id}

    def _discover(self, _body: Result, _waiting: Waiting) -> Result:
        try:
            found = find_cameras()
        except OSError as error:
            raise ErrandError(f"this machine's net takes no multicast: {error.strerror}") from None
        return {"items": [device.as_dict() for device in found], "worker_id": self._worker_id}

    def _streams(self, body: Result, _waiting: Waiting) -> Result:
        return device_streams(body["onvif_url"], body["username"], body["password"])

    def _replay(self, body: Result, waiting: Waiting) -> Result:
        since, until = (datetime.fromisoformat(body[name]) for name in ("since", "until"))
        return self._replayer(body["camera"], since, until, waiting)

    def _live(self, body: Result, waiting: Waiting) -> Result:
        """Show a camera until nobody watches any more."""
        camera_id = body["camera_id"]
        camera, eye, silent = self._camera(camera_id), None, 0
        while silent < LIVE_SILENT and not self._stopping.wait(LIVE_EVERY_S):
            current = self._camera(camera_id)
            if eye is None or current is not camera:
                camera, eye = current, LiveEye(current)
            frame = eye.newest()
            silent = 0 if frame is not None else silent + 1
            if frame is not None and not self._client.put_live(camera_id, live_jpeg(frame)):
                return {}
            if waiting.gone:
                return {}
        raise ErrandError(STOPPED if self._stopping.is_set() else "the camera gives no picture now")

    def _camera(self, camera_id: str) -> WatchedCamera:
        camera = next((each for each in self._pipeline.cameras if each.camera_id == camera_id), None)
        if camera is None:
            raise ErrandError(f"this worker does not watch camera {camera_id}")
        return camera

    def _bring_stills(self) -> None:
        """One camera after the other, so that all have had their turn in a minute; at first, as soon as they can."""
        while not self._stopping.wait(STILL_PAUSE_S):
            cameras = list(self._pipeline.cameras)
            for camera in cameras:
                pause_s = STILLS_EVERY_S / len(cameras) if camera.camera_id in self._stills else STILL_PAUSE_S
                self._bring_still(camera)
                if self._stopping.wait(pause_s):
                    return

    def _bring_still(self, camera: WatchedCamera) -> None:
        newest = camera.ring.newest_key()
        if newest is None or self._stills.get(camera.camera_id) == newest[1].pts_ns:
            return
        self._stills[camera.camera_id] = newest[1].pts_ns
        try:
            picture = still_jpeg(camera, *newest)
            if picture is not None:
                self._client.put_still(camera.camera_id, picture)
        except (ServiceUnreachable, ServiceRefused) as error:
            logger.debug("camera %s: its last picture was not taken: %s", camera.camera_id, error)
        except Exception:
            logger.exception("camera %s: no last picture", camera.camera_id)


@contextmanager
def errands(url: str, token: str, pipeline: Pipeline, tracks: Path, worker_id: str) -> Iterator[None]:
    """A worker's errands for an API, for the length of the block."""
    with ExitStack() as stack:
        client = stack.enter_context(DeskClient(url, token, worker_id))
        stack.enter_context(Errands(client, pipeline, tracks, worker_id).working())
        yield
