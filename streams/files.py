"""Clips replayed as if they were cameras: synchronous, deterministic, on the clip's own clock."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from streams.container import SourcePacket, VideoInput, open_video
from streams.errors import SourceError
from streams.frame import Frame, TimeSource
from streams.packet import EncodedPacket
from streams.pipeline import FramePipeline
from streams.ring import PacketRing
from streams.sampler import SamplingPolicy
from streams.source import CameraSource
from streams.timeline import Timeline

log = logging.getLogger(__name__)


def replay(
    source: CameraSource,
    ring: PacketRing,
    policy: SamplingPolicy,
    *,
    started_at_ns: int | None = None,
) -> Iterator[Frame]:
    """The frames of a clip, as fast as they are asked for; the first packet is at 0 on the timeline.

    `started_at_ns` is the UTC time of the first picture; without it the container's creation time counts, else the
    file's modification time. When a frame comes, `ring` holds the packets up to it at least. Raises SourceError (one
    line) when the file is missing, no video, cut off before its index, without a video stream or without a single
    whole picture. A clip that breaks off later gives what is readable and a warning in the log.
    """
    with open_video(source) as video:
        clip = _Clip(source, video, ring, policy, _started_at(source, video, started_at_ns))
        yield from clip.frames()
    clip.check()


class _Clip:
    def __init__(
        self, source: CameraSource, video: VideoInput, ring: PacketRing, policy: SamplingPolicy, started_at_ns: int
    ) -> None:
        self._source = source
        self._video = video
        self._started_at_ns = started_at_ns
        self._timeline = Timeline(live=False)
        self._pipeline = FramePipeline(source.camera_id, ring, policy, threads=0)
        self._packets = 0
        self._broken: str | None = None

    def frames(self) -> Iterator[Frame]:
        for packet in self._readable_packets():
            yield from self._pipeline.push(packet.parameters, self._placed(packet), corrupt=packet.is_corrupt)
        yield from self._pipeline.interrupt()

    def check(self) -> None:
        """Raise or log what was wrong with the clip as a whole."""
        name = f"{self._source.camera_id}: {self._source.shown_url}"
        if self._pipeline.emitted == 0:
            raise SourceError(f"{name}: no whole picture in it", lasting=True)
        if self._broken is not None:
            log.warning("%s after %d packets", self._broken, self._packets)
        elif self._packets < self._video_promises:
            log.warning("%s: cut off: %d of %d packets are there", name, self._packets, self._video_promises)

    def _readable_packets(self) -> Iterator[SourcePacket]:
        self._video_promises = self._video.expected_packets
        try:
            for packet in self._video.packets():
                self._packets += 1
                yield packet
        except SourceError as error:
            self._broken = str(error)

    def _placed(self, packet: SourcePacket) -> EncodedPacket:
        place = self._timeline.place(packet.pts_ns, packet.dts_ns, 0)
        return EncodedPacket(
            pts_ns=place.pts_ns,
            dts_ns=place.dts_ns,
            duration_ns=packet.duration_ns,
            captured_at_ns=self._started_at_ns + place.pts_ns,
            is_keyframe=packet.is_keyframe,
            data=packet.data,
            time_source=TimeSource.FILE,
        )


def _started_at(source: CameraSource, video: VideoInput, started_at_ns: int | None) -> int:
    if started_at_ns is not None:
        return started_at_ns
    if video.created_at_ns is not None:
        return video.created_at_ns
    return source.path.stat().st_mtime_ns if not source.is_network else 0
