"""The cameras that a worker watches now: streams started, replaced and stopped as the configuration asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from detector.errors import DetectorError
from streams.clock import Clock
from streams.errors import StreamError
from streams.ingest import CameraStream
from streams.ring import PacketRing
from streams.sampler import SamplingPolicy
from streams.source import CameraSource
from streetwarden.cameras_file import CameraConfig
from streetwarden.frame_queue import FrameQueue
from streetwarden.loop import InferenceLoop
from streetwarden.pipeline import Pipeline


@dataclass(frozen=True, slots=True)
class LiveCamera:
    """A configured camera and its running stream."""

    config: CameraConfig
    stream: CameraStream
    ring: PacketRing


class Fleet:
    """Holds the running cameras. One thread applies configurations; health may be asked from any."""

    def __init__(
        self, queue: FrameQueue, loop: InferenceLoop, pipeline: Pipeline, policy: SamplingPolicy, clock: Clock
    ) -> None:
        self._queue = queue
        self._loop = loop
        self._pipeline = pipeline
        self._policy = policy
        self._clock = clock
        self._live: dict[str, LiveCamera] = {}

    def apply(self, cameras: Sequence[CameraConfig]) -> list[str]:
        """Make the running cameras those of the list; a camera that did not change is left alone.

        A camera that cannot be watched (a rule asks for a class that the model does not know) is left out; the answer
        says why, a line for each.
        """
        wanted = {camera.id: camera for camera in cameras}
        for camera_id, live in list(self._live.items()):
            if wanted.get(camera_id) != live.config:
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
        """One record a camera: the stream's own health and what the loop did with its frames."""
        analysed = {camera.config.id: camera.frames_analysed for camera in self._pipeline.cameras}
        return [
            {
                **live.stream.health().as_dict(),
                "frames_analysed": analysed.get(camera_id, 0),
                "frames_replaced": self._queue.replaced(camera_id),
            }
            for camera_id, live in list(self._live.items())
        ]

    def _add(self, config: CameraConfig) -> None:
        ring = PacketRing(config.id)
        source = CameraSource(config.id, config.url, transport=config.transport)
        stream = CameraStream(source, ring, self._policy, self._clock, self._queue.put)
        self._loop.call(lambda: self._watch(config, ring, stream))
        self._live[config.id] = LiveCamera(config, stream, ring)
        stream.start()

    def _watch(self, config: CameraConfig, ring: PacketRing, stream: CameraStream) -> None:
        self._pipeline.add(config, ring, stream.health)

    def _drop(self, camera_id: str) -> None:
        self._live.pop(camera_id).stream.stop()
        self._queue.forget(camera_id)
        self._loop.call(lambda: self._pipeline.remove(camera_id))
