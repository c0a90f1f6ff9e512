"""What a decoder must know of the stream now, also when the camera changes it in the middle."""

from __future__ import annotations

from fractions import Fraction
from typing import cast

import av
from av.codec.hwaccel import HWAccel
from av.video.codeccontext import VideoCodecContext

from streams import nal
from streams.packet import StreamParameters


def decoder_context(codec: str, extradata: bytes, hwaccel: HWAccel | None = None) -> VideoCodecContext:
    """A fresh decoder for `codec` (FFmpeg's name), not yet opened; in software without `hwaccel`."""
    context = cast("VideoCodecContext", av.CodecContext.create(codec, "r", hwaccel))
    if extradata:
        context.extradata = extradata
    return context


class ParameterTracker:
    """The stream's parameters, renewed when a key frame brings other parameter sets or the container other extradata.

    The same object is returned as long as nothing changes. `codec` is FFmpeg's name; `extradata` is either a
    configuration record or Annex B parameter sets, and may be empty for a live stream.
    """

    def __init__(self, codec: str, size_wh: tuple[int, int], extradata: bytes, time_base: Fraction) -> None:
        self.current = StreamParameters(codec, size_wh[0], size_wh[1], extradata, time_base)
        self._sets = frozenset(nal.parameter_sets(codec, extradata)) if nal.carries_nal_units(codec) else frozenset()

    def observe(self, data: bytes, *, is_keyframe: bool, new_extradata: bytes | None = None) -> StreamParameters:
        """The parameters that hold from this packet on."""
        codec = self.current.codec
        if not nal.carries_nal_units(codec):
            return self.current
        if new_extradata is not None and new_extradata != self.current.extradata:
            self._renew(new_extradata, data)
        elif is_keyframe and nal.length_size(codec, self.current.extradata) is None:
            self._observe_sets(nal.sorted_sets(codec, nal.split(codec, data, b"")), data)
        return self.current

    def _observe_sets(self, found: list[bytes], data: bytes) -> None:
        if not self._sets.issuperset(found):
            self._renew(nal.to_annex_b(self._merged(found)), data)

    def _merged(self, found: list[bytes]) -> list[bytes]:
        """The sets found, and of the kinds that were not repeated the old ones."""
        codec = self.current.codec
        kinds = {nal.nal_type(codec, unit) for unit in found}
        kept = [unit for unit in self._sets if nal.nal_type(codec, unit) not in kinds]
        return nal.sorted_sets(codec, kept + found)

    def _renew(self, extradata: bytes, data: bytes) -> None:
        codec = self.current.codec
        width, height = picture_size(codec, extradata, data) or (self.current.width, self.current.height)
        self.current = StreamParameters(codec, width, height, extradata, self.current.time_base)
        self._sets = frozenset(nal.parameter_sets(codec, extradata))


def picture_size(codec: str, extradata: bytes, key_packet: bytes) -> tuple[int, int] | None:
    """Width and height in pixels that the parameter sets state, read by FFmpeg's own parser; None if they do not."""
    units = nal.parameter_sets(codec, extradata) + nal.split(codec, key_packet, extradata)
    context = cast("VideoCodecContext", av.CodecContext.create(codec, "r"))
    context.parse(nal.to_annex_b(units))
    context.parse(None)
    return (context.width, context.height) if context.width and context.height else None
