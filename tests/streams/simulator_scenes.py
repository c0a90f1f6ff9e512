"""A simulator of test clips, and looking at what comes over the wire."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator

from streams.clock import SystemClock
from streams.container import SourcePacket, open_video
from streams.errors import SourceError
from streams.source import CameraSource

PATIENCE_S = 20.0


def read(url: str, transport: str = "tcp", timeout_s: float = 1.0) -> Iterator[SourcePacket]:
    """A camera's packets; ends or raises SourceError as the connection does."""
    source = CameraSource("cam", url, transport, open_timeout_s=timeout_s, read_timeout_s=timeout_s)  # type: ignore[arg-type]
    with open_video(source, SystemClock()) as video:
        yield from video.packets()


def until(packets: Iterator[SourcePacket], holds: Callable[[SourcePacket], bool]) -> SourcePacket:
    """The first packet for which it holds."""
    deadline = time.monotonic() + PATIENCE_S
    for packet in packets:
        if holds(packet):
            return packet
        assert time.monotonic() < deadline, "it never came"
    raise AssertionError("the stream ended")


def next_few(packets: Iterator[SourcePacket], count: int) -> list[SourcePacket]:
    """So many packets."""
    return list(itertools.islice(packets, count))


def opens(url: str) -> str:
    """Empty when the camera sends a packet, else why not."""
    try:
        next(read(url))
    except SourceError as error:
        return str(error)
    return ""
