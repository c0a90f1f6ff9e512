"""Finds lost pictures in H.264 (ISO 14496-10) by their numbers; FFmpeg conceals them without a word.

Reference pictures are counted in the slice headers (frame_num). A jump in that count means that a picture others are
predicted from never arrived. (H.265 needs none of this: FFmpeg gives no picture there whose references are missing.)
"""

from __future__ import annotations

from itertools import islice

from streams import nal
from streams.bits import Bits
from streams.h264_sets import SPS, read_sps

_SLICES = range(1, 6)
_IDR = 5
# As much of a slice as its first four fields can take, escapes included.
_SLICE_HEAD_BYTES = 40


class PictureNumbers:
    """Follows one stream's reference pictures; `observe` says when one is missing."""

    def __init__(self, extradata: bytes) -> None:
        self._extradata = extradata
        self._bits: int | None = None
        self._colour_planes = False
        self._previous: int | None = None
        for unit in nal.parameter_sets("h264", extradata):
            self._read_sps(unit)

    def observe(self, data: bytes, *, is_keyframe: bool) -> bool:
        """Whether a picture before this packet is missing. A key frame starts the count anew."""
        for unit in islice(nal.iterate("h264", data, self._extradata), 16):
            self._read_sps(unit)
            if unit[0] & 0x1F in _SLICES:
                return self._follow(unit, is_keyframe=is_keyframe)
        return False

    def _follow(self, unit: bytes, *, is_keyframe: bool) -> bool:
        if self._bits is None:
            return False
        number = self._frame_number(unit, self._bits)
        previous, is_reference = self._previous, bool(unit[0] & 0x60)
        if is_reference or is_keyframe:
            self._previous = number
        if is_keyframe or previous is None or number is None:
            return False
        return number not in (previous, (previous + 1) % (1 << self._bits))

    def _frame_number(self, unit: bytes, bits: int) -> int | None:
        reader = Bits(unit[1:_SLICE_HEAD_BYTES])
        try:
            for _ in range(3):  # first_mb_in_slice, slice_type, pic_parameter_set_id
                reader.golomb()
            reader.read(2 if self._colour_planes else 0)
            return reader.read(bits)
        except EOFError:
            return None

    def _read_sps(self, unit: bytes) -> None:
        if unit[0] & 0x1F != SPS:
            return
        try:
            fields = read_sps(unit)
        except EOFError:
            return
        self._colour_planes = fields.colour_planes
        # With temporal layers a stream may leave numbers out on purpose; then nothing can be told.
        self._bits = None if fields.gaps_allowed else fields.frame_number_bits
