"""Small clips of a still place with a little noise, in which something moves for a while; and a live camera of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
from av.video.stream import VideoStream

from streams.container import open_video
from streams.demand import Demand
from streams.frame import Frame, Image
from streams.packet import EncodedPacket, StreamParameters
from streams.reader import CameraReader
from streams.ring import MEBIBYTE, PacketRing
from streams.source import CameraSource
from streams.timeline import SECOND_NS, Timeline

WIDTH, HEIGHT = 160, 120
MILLISECOND_NS = SECOND_NS // 1000
Packet = tuple[StreamParameters, EncodedPacket]


@dataclass(frozen=True, slots=True)
class Scene:
    """What a clip shows: something moves from `begins_s` to `ends_s`, every `jump_s` it is somewhere else."""

    seconds: float
    begins_s: float = 1e9
    ends_s: float = 1e9

    def picture(self, at_s: float, number: int) -> Image:
        """The place at that moment, bgr24."""
        rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
        ground = 110 + 40 * np.sin(rows / 9) + 40 * np.cos(columns / 7)
        noise = np.random.default_rng(number).normal(0, 1.2, (HEIGHT, WIDTH))
        image = np.repeat(np.clip(ground + noise, 0, 255)[..., None], 3, axis=2).astype(np.uint8)
        along_s = min(max(at_s - self.begins_s, 0.0), self.ends_s - self.begins_s)
        left = round(along_s * 53) % (WIDTH - 40)
        if at_s >= self.begins_s:
            image[40:80, left : left + 40] = (
                20 + 200 * ((rows[40:80, :40] // 5 + columns[40:80, :40] // 5) % 2)[..., None]
            )
        return image


def make_scene(
    path: Path,
    scene: Scene,
    *,
    codec: str = "libx264",
    rate: int = 10,
    gop: int = 20,
    settings: str = "bframes=0",
    times_ms: Callable[[int], int] | None = None,
) -> Path:
    """Encode a scene; `settings` are the encoder's own, `times_ms` says when picture n is shown."""
    key = "x264-params" if codec == "libx264" else "x265-params"
    quiet = "" if codec == "libx264" else ":log-level=none:pools=1"
    options = {key: f"keyint={gop}:min-keyint={gop}:scenecut=0:{settings}{quiet}", "preset": "ultrafast", "crf": "26"}
    when_ms = times_ms or (lambda number: number * 1000 // rate)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, options=options)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        number = 0
        while when_ms(number) < scene.seconds * 1000:
            frame = av.VideoFrame.from_ndarray(scene.picture(when_ms(number) / 1000, number), format="bgr24")
            frame.pts, frame.time_base = when_ms(number), Fraction(1, 1000)
            container.mux(stream.encode(frame))
            number += 1
        container.mux(stream.encode(None))
    return path


def packets_of(clip: Path) -> list[Packet]:
    """The clip's packets as a camera's thread hands them on."""
    timeline, packets = Timeline(live=False), list[Packet]()
    with open_video(CameraSource("gate", str(clip))) as video:
        for read in video.packets():
            place = timeline.place(read.pts_ns, read.dts_ns, 0)
            packet = EncodedPacket(
                place.pts_ns, place.dts_ns, read.duration_ns, place.pts_ns, read.is_keyframe, read.data
            )
            packets.append((read.parameters, packet))
    return packets


@dataclass(slots=True)
class LiveCamera:
    """A reader that is handed a clip's packets on a clock of its own, and asked for what is due after each."""

    demand: Demand | None
    ring: PacketRing = field(default_factory=lambda: PacketRing("gate", 30.0, 8 * MEBIBYTE))
    frames: list[Frame] = field(default_factory=list)
    woken: int = 0
    reader: CameraReader = field(init=False)
    now_ns: int = 0

    def __post_init__(self) -> None:
        self.reader = CameraReader(self.ring, on_motion=self._wake)
        self.reader.set_demand(self.demand)

    def play(self, packets: Sequence[Packet], *, read: bool = True) -> LiveCamera:
        for parameters, packet in packets:
            self.take(parameters, packet)
            if read:
                self.look()
        return self

    def take(self, parameters: StreamParameters, packet: EncodedPacket) -> None:
        self.now_ns = max(self.now_ns, packet.pts_ns)
        self.reader.accept(parameters, packet, self.now_ns)

    def look(self, limit: int = 64) -> list[Frame]:
        """Everything that is due now."""
        came: list[Frame] = []
        while (due_ns := self.reader.due_at_ns(self.now_ns)) is not None and due_ns <= self.now_ns:
            frames = self.reader.read(self.now_ns, limit)
            came += frames
            if not frames:
                break
        self.frames += came
        return came

    @property
    def times_s(self) -> list[float]:
        return [round(frame.pts_ns / SECOND_NS, 3) for frame in self.frames]

    def _wake(self) -> None:
        self.woken += 1


def steps_of(times_s: Sequence[float]) -> Iterator[float]:
    """The distances between the times."""
    return (round(later - earlier, 3) for earlier, later in pairwise(times_s))
