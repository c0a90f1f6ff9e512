"""Key frames of a moment ago, out of the packet ring, for who wants to know what happened between two looks."""

from __future__ import annotations

from streams.decode import Picture
from streams.frame import Image
from streams.packet import EncodedPacket, StreamParameters
from streams.pool import DecoderPool
from streams.ring import PacketRing
from streams.timeline import SECOND_NS

MOST = 8
"""Key frames of one recall: the decoding of one 1080p key frame takes about 10 ms."""
SPACING_NS = int(0.9 * SECOND_NS)


class KeyRecall:
    """The key frames of one camera that its ring still holds. Any thread may call it; the pool is shared."""

    def __init__(self, ring: PacketRing, pool: DecoderPool) -> None:
        self._ring = ring
        self._pool = pool

    def __call__(self, after_ns: int, before_ns: int) -> list[tuple[int, Image]]:
        """Pts and picture (H, W, 3) bgr24 of the key frames strictly between two moments, oldest first.

        At most `MOST`, the newest, about a second apart at least. What cannot be decoded is left out.
        """
        shown = []
        for parameters, packet in self._chosen(after_ns, before_ns):
            picture = self._decoded(parameters, packet)
            if picture is not None:
                shown.append((picture.pts_ns, self._image(picture)))
        return shown

    def _chosen(self, after_ns: int, before_ns: int) -> list[tuple[StreamParameters, EncodedPacket]]:
        chosen: list[tuple[StreamParameters, EncodedPacket]] = []
        for key in self._ring.keys_after(after_ns):
            packet = key[1]
            if packet.pts_ns >= before_ns or packet.is_corrupt:
                continue
            if not chosen or packet.pts_ns - chosen[-1][1].pts_ns >= SPACING_NS:
                chosen.append(key)
        return chosen[-MOST:]

    def _decoded(self, parameters: StreamParameters, packet: EncodedPacket) -> Picture | None:
        decoder = self._pool.decoder(parameters)
        pictures = decoder.decode_alone(packet)
        self._pool.give_back(parameters, decoder)
        return next((picture for picture in reversed(pictures) if picture.intact), None)

    def _image(self, picture: Picture) -> Image:
        converter = self._pool.converter()
        image = converter.image(picture)
        self._pool.give_back_converter(converter)
        return image
