"""Finds lost pictures in H.264 (ISO 14496-10) by their numbers; FFmpeg conceals them without a word.

Reference pictures are counted in the slice headers (frame_num). A jump in that count means that a picture others are
predicted from never arrived. (H.265 needs none of this: FFmpeg gives no picture there whose references are missing.)
"""

from __future__ import annotations

from itertools import islice

from streams import nal

_SLICES = range(1, 6)
_IDR = 5
_SPS = 7
# Profiles whose parameter sets carry chroma format, bit depths and scaling lists (7.3.2.1.1).
_HIGH_PROFILES = frozenset((100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135))
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
        reader = _Bits(unit[1:_SLICE_HEAD_BYTES])
        try:
            for _ in range(3):  # first_mb_in_slice, slice_type, pic_parameter_set_id
                reader.golomb()
            reader.read(2 if self._colour_planes else 0)
            return reader.read(bits)
        except EOFError:
            return None

    def _read_sps(self, unit: bytes) -> None:
        if unit[0] & 0x1F != _SPS:
            return
        try:
            bits, self._colour_planes, gaps_allowed = _sps_fields(unit)
        except EOFError:
            return
        # With temporal layers a stream may leave numbers out on purpose; then nothing can be told.
        self._bits = None if gaps_allowed else bits


def _sps_fields(unit: bytes) -> tuple[int, bool, bool]:
    """Width of frame_num in bits, separate_colour_plane_flag, gaps_in_frame_num_value_allowed_flag."""
    reader = _Bits(unit[1:])
    profile = reader.read(8)
    reader.read(16)
    reader.golomb()
    colour_planes = _skip_high_fields(reader) if profile in _HIGH_PROFILES else False
    bits = reader.golomb() + 4
    _skip_order_count(reader)
    reader.golomb()
    return bits, colour_planes, bool(reader.read(1))


def _skip_high_fields(reader: _Bits) -> bool:
    chroma_format = reader.golomb()
    colour_planes = bool(reader.read(1)) if chroma_format == 3 else False
    reader.golomb()
    reader.golomb()
    reader.read(1)
    if reader.read(1):
        for index in range(8 if chroma_format != 3 else 12):
            if reader.read(1):
                _skip_scaling_list(reader, 16 if index < 6 else 64)
    return colour_planes


def _skip_scaling_list(reader: _Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + reader.signed_golomb()) % 256
        last = following or last


def _skip_order_count(reader: _Bits) -> None:
    kind = reader.golomb()
    if kind == 0:
        reader.golomb()
    elif kind == 1:
        reader.read(1)
        reader.golomb()
        reader.golomb()
        for _ in range(reader.golomb()):
            reader.golomb()


class _Bits:
    """Reads bits of a NAL unit's payload, without the escape bytes. Raises EOFError at its end."""

    def __init__(self, escaped: bytes) -> None:
        data = escaped.replace(b"\x00\x00\x03", b"\x00\x00")
        self._value = int.from_bytes(data, "big")
        self._left = len(data) * 8

    def read(self, count: int) -> int:
        """The next `count` bits as a number."""
        if count > self._left:
            raise EOFError
        self._left -= count
        return (self._value >> self._left) & ((1 << count) - 1)

    def golomb(self) -> int:
        """An unsigned Exp-Golomb code, ue(v) in 9.1."""
        zeros = 0
        while not self.read(1):
            zeros += 1
        return (1 << zeros) - 1 + self.read(zeros)

    def signed_golomb(self) -> int:
        """A signed Exp-Golomb code, se(v) in 9.1.1."""
        code = self.golomb()
        return (code + 1) // 2 if code % 2 else -(code // 2)
