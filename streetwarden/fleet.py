"""The cameras that a worker watches now: streams started, replaced and stopped as the configuration asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from detector.errors import DetectorError
from streams.clock import Clock
from streams.errors import StreamError
from streams.hardware import IN_SOFTWARE, Decoding
from streams.ingest import CameraStream
from streams.pool import DecoderPool
from streams.ring import PacketRing
from streams.source import CameraSource
from streetwarden.cameras_file import CameraConfig
from streetwarden.clocks import Clocks
from streetwarden.pipeline import Pipeline
from streetwarden.views import Views
from streetwarden.watched import WatchedCamera

RING_SECONDS = 32.0
"""The clip of a package, 25 s before the confirmation and 5 s after it, and the key frame before them."""
RING_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class LiveCamera:
    """A running stream and the camera that the pipeline watches through it."""

    watched: WatchedCamera
    stream: CameraStream

    def health(self, now_ns: int) -> dict[str, Any]:
        """The stream's own record, and what the loop did with its pictures up to `now_ns` (monotonic)."""
        fitness = self.watched.fitness
        return {
            **self.stream.health().as_dict(),
            "frames_analysed": self.watched.frames_analysed,
            "picture": {"state": fitness.state.value, "detail": fitness.detail},
            "wanted": self.watched.demand is not None,
            "late_s": self.watched.late_s(now_ns),
        }


class Fleet:
    """Holds the running cameras. One thread applies configurations; health may be asked from any."""

    def __init__(
        self,
        pipeline: Pipeline,
        clock: Clock,
        clocks: Clocks | None = None,
        views: Views | None = None,
        decoding: Decoding = IN_SOFTWARE,
    ) -> None:
        self._pipeline = pipeline
        self._clock = clock
        self._clocks = clocks or Clocks(clock)
        self._views = views
        # One pool for all cameras: their decoders and scalers are used by the lanes, a few at a time.
        self._pool = DecoderPool(decoding=decoding)
        self._live: dict[str, LiveCamera] = {}

    def apply(self, cameras: Sequence[CameraConfig]) -> list[str]:
        """Make the running cameras those of the list; a camera that did not change is left alone.

        A camera that cannot be watched (a rule asks for a class that the model does not know) is left out; the answer
        says why, a line for each.
        """
        wanted = {camera.id: camera for camera in cameras}
        for camera_id, live in list(self._live.items()):
            if wanted.get(camera_id) != live.watched.config:
                self._drop(camera_id)
        refused: list[str] = []
        for camera in cameras:
            try:
                if camera.id not in self._live:
                    self._add(camera)
            except (DetectorError, StreamError) as error:
                refused.append(f"camera {camera.id} is not watched: {error}")
        return refused

    def stop(self) -> None:
        """Stop every stream; all are told before any is waited for."""
        live = list(self._live.values())
        self._live.clear()
        for camera in live:
            camera.stream.stop(timeout_s=0)
        for camera in live:
            camera.stream.stop()

    def health(self) -> list[dict[str, Any]]:
        """One record a camera."""
        now_ns = self._clock.monotonic_ns()
        return [live.health(now_ns) for live in list(self._live.values())]

    def _add(self, config: CameraConfig) -> None:
        ring = PacketRing(config.id, RING_SECONDS, RING_BYTES)
        source = CameraSource(config.id, config.url, transport=config.transport)
        stream = CameraStream(source, ring, self._clock, on_motion=self._pipeline.schedule.wake, pool=self._pool)
        if self._views is not None:
            self._views.follow(config, stream.reader.fitness)
        watched = self._pipeline.add(config, ring, stream.reader, stream.health)
        watched.clock = self._clocks.follow(config.id, config.onvif_url)
        self._live[config.id] = LiveCamera(watched, stream)
        stream.start()

    def _drop(self, camera_id: str) -> None:
        self._live.pop(camera_id).stream.stop()
        self._pipeline.remove(camera_id)
        self._clocks.forget(camera_id)
        if self._views is not None:
            self._views.forget(camera_id)
