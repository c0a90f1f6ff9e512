"""Clips replayed as if they were cameras: synchronous, deterministic, on the clip's own clock."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

from streams.container import SourcePacket, VideoInput, open_video
from streams.demand import Demand
from streams.errors import SourceError
from streams.frame import Frame, TimeSource
from streams.packet import EncodedPacket
from streams.pool import DecoderPool
from streams.reader import CameraReader
from streams.ring import PacketRing
from streams.source import CameraSource
from streams.timeline import Timeline

log = logging.getLogger(__name__)

# Nobody else waits for the thread that reads a clip.
_EVERY_PACKET = 1_000_000


Wanted = Demand | Callable[[], Demand | None]


def replay(
    source: CameraSource,
    ring: PacketRing,
    wanted: Wanted,
    *,
    started_at_ns: int | None = None,
) -> Iterator[Frame]:
    """The frames of a clip, as fast as they are asked for; the first packet is at 0 on the timeline.

    `wanted` is one demand for the whole clip, or is asked after each packet, so that it may follow from the frames
    before; the same `CameraReader` that live cameras have chooses the pictures, with the clip's own time as its clock.
    `started_at_ns` is the UTC time of the first picture; without it the container's creation time counts, else the
    file's modification time. When a frame comes, `ring` holds the packets up to it at least. Raises SourceError (one
    line) when the file is missing, no video, cut off before its index, without a video stream or without a single
    whole picture. A clip that breaks off later gives what is readable and a warning in the log.
    """
    with open_video(source) as video:
        clip = _Clip(source, video, _started_at(source, video, started_at_ns))
        yield from clip.frames(ring, wanted)
    clip.check()


class _Clip:
    def __init__(self, source: CameraSource, video: VideoInput, started_at_ns: int) -> None:
        self._source = source
        self._video = video
        self._started_at_ns = started_at_ns
        self._timeline = Timeline(live=False)
        self._packets = self._emitted = 0
        # Whether pictures were wanted, packet by packet: out of hours none are, and that is no fault of the clip.
        self._wanted: set[bool] = set()
        self._broken: str | None = None

    def frames(self, ring: PacketRing, wanted: Wanted) -> Iterator[Frame]:
        """The frames that the reader chooses."""
        reader = CameraReader(ring, pool=DecoderPool(threads=0), packets_a_read=_EVERY_PACKET)
        ask = (lambda: wanted) if isinstance(wanted, Demand) else wanted
        has_key, now_ns = False, 0
        for packet in self._readable_packets():
            has_key = has_key or packet.is_keyframe
            if not has_key:
                continue
            placed = self._placed(packet)
            now_ns = max(now_ns, placed.pts_ns)
            reader.accept(packet.parameters, placed, now_ns)
            demand = ask()
            reader.set_demand(demand)
            self._wanted.add(demand is not None)
            for frame in _due(reader, now_ns):
                self._emitted += 1
                yield frame
                reader.set_demand(ask())
        for frame in reader.finish():
            self._emitted += 1
            yield frame

    def check(self) -> None:
        """Raise or log what was wrong with the clip as a whole."""
        name = f"{self._source.camera_id}: {self._source.shown_url}"
        if self._emitted == 0 and self._wanted != {False}:
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
            is_corrupt=packet.is_corrupt,
        )


def _due(reader: CameraReader, now_ns: int) -> Iterator[Frame]:
    """What is due now, one picture at a time, so that the demand may change between two."""
    while (due_ns := reader.due_at_ns(now_ns)) is not None and due_ns <= now_ns:
        frames = reader.read(now_ns, 1)
        yield from frames
        if not frames:
            return


def _started_at(source: CameraSource, video: VideoInput, started_at_ns: int | None) -> int:
    if started_at_ns is not None:
        return started_at_ns
    if video.created_at_ns is not None:
        return video.created_at_ns
    return source.path.stat().st_mtime_ns if not source.is_network else 0
