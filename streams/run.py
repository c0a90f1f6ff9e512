"""Decoding a stream's pictures one after the other, the damaged ones and all that is predicted from them left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from streams.decode import Picture, PictureDecoder
from streams.h264 import PictureNumbers
from streams.packet import EncodedPacket, StreamParameters
from streams.ring import RingPlace, Stretch

Lend = Callable[[StreamParameters], PictureDecoder]


@dataclass(frozen=True, slots=True)
class Shown:
    """A whole picture and the packet with which it became ready; what ties the one's time to the other's."""

    picture: Picture
    packet: EncodedPacket


class DecodingRun:
    """Takes packets in decoding order from `place` on and gives whole pictures in the order of the timeline.

    `drops` is the camera's own count, by reason: `corrupt`, `picture_lost`, `after_corrupt`, `before_keyframe`,
    `decode_error` (see docs/reference/streams.md). Never raises on bad data.
    """

    def __init__(self, place: RingPlace, lend: Lend, drops: Counter[str]) -> None:
        self.place = place
        self.position_ns: int | None = None
        self.decoded = 0
        self._lend = lend
        self._drops = drops
        self._parameters: StreamParameters | None = None
        self._decoder: PictureDecoder | None = None
        self._numbers: PictureNumbers | None = None
        self._latest: EncodedPacket | None = None
        self._damaged = False
        self._cut = True
        self._chosen = False
        self._whole_from_ns = 0

    def jump(self, place: RingPlace) -> list[Shown]:
        """Go on from a later key frame; the pictures still in the decoder come out."""
        shown = self.drain()
        self.place, self._cut = place, True
        return shown

    def take(self, stretch: Stretch) -> list[Shown]:
        """Decode these packets; they begin at `place` or at a later key frame."""
        shown = [] if self._goes_on(stretch) else self._begin(stretch)
        for packet in stretch.packets:
            shown += self._feed(packet)
            self.position_ns = max(self.position_ns or packet.pts_ns, packet.pts_ns)
        self.place = stretch.following
        return shown

    def drain(self) -> list[Shown]:
        """The pictures that the decoder holds; the next packet must be a key frame."""
        if self._decoder is None or self._latest is None:
            return []
        return self._whole(self._decoder.drain(), self._latest)

    def _goes_on(self, stretch: Stretch) -> bool:
        """Whether the decoder can go on with these packets as it is."""
        if self._cut or stretch.parameters != self._parameters:
            return False
        if stretch.place == self.place:
            return stretch.place.index > 0
        return stretch.joined and stretch.place == RingPlace(self.place.gop + 1, 0)

    def _begin(self, stretch: Stretch) -> list[Shown]:
        """Start at a key frame as if nothing had been before."""
        shown = self.drain()
        if self._decoder is None or stretch.parameters != self._parameters:
            self._parameters, self._decoder = stretch.parameters, self._lend(stretch.parameters)
        codec, extradata = stretch.parameters.codec, stretch.parameters.extradata
        self._numbers = PictureNumbers(extradata) if codec == "h264" else None
        self._damaged, self._whole_from_ns = False, stretch.packets[0].pts_ns
        self._cut, self._chosen = False, stretch.joined
        return shown

    def _feed(self, packet: EncodedPacket) -> list[Shown]:
        assert self._decoder is not None  # noqa: S101 - set by `_begin`
        shown: list[Shown] = []
        lost = self._numbers is not None and self._numbers.observe(packet.data, is_keyframe=packet.is_keyframe)
        if packet.is_keyframe and self._damaged:
            # What is shown before this key frame may be predicted from what is missing.
            self._drops["after_corrupt"] += len(self._decoder.drain())
            self._damaged, self._whole_from_ns, self._chosen = False, packet.pts_ns, False
        if lost or packet.is_corrupt:
            shown = self._damage("corrupt" if packet.is_corrupt else "picture_lost")
        if self._damaged:
            self._drops["after_corrupt"] += not packet.is_corrupt
            return shown
        self._latest = packet
        return shown + self._whole(self._decoder.decode(packet), packet)

    def _damage(self, reason: str) -> list[Shown]:
        """Something is missing from here on; the pictures that the decoder still holds are from before it."""
        shown = self.drain() if not self._damaged else []
        self._drops[reason] += reason == "corrupt" or not self._damaged
        self._damaged = True
        return shown

    def _whole(self, pictures: list[Picture], packet: EncodedPacket) -> list[Shown]:
        assert self._decoder is not None  # noqa: S101 - it made them
        if self._decoder.errors:
            self._drops["decode_error"] += self._decoder.errors
            self._decoder.errors, self._damaged = 0, True
        return [Shown(picture, packet) for picture in pictures if self._is_whole(picture)]

    def _is_whole(self, picture: Picture) -> bool:
        self.decoded += 1
        if not picture.intact:
            self._damaged = True
            self._drops["corrupt"] += 1
            return False
        if self._damaged or picture.pts_ns < self._whole_from_ns:
            # What was left out on purpose is no loss.
            self._drops["after_corrupt" if self._damaged else "before_keyframe"] += self._damaged or not self._chosen
            return False
        return True
