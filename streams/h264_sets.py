"""What H.264's parameter sets say of the slices (ISO 14496-10, 7.3.2)."""

from __future__ import annotations

from dataclasses import dataclass

from streams.bits import Bits

SPS, PPS = 7, 8
# Profiles whose parameter sets carry chroma format, bit depths and scaling lists (7.3.2.1.1).
_HIGH_PROFILES = frozenset((100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135))


@dataclass(frozen=True, slots=True)
class SequenceSet:
    """The fields of a sequence parameter set that slice headers hang on; widths in bits."""

    frame_number_bits: int
    chroma_format: int
    colour_planes: bool
    gaps_allowed: bool
    order_kind: int
    order_bits: int
    order_always_zero: bool
    frames_only: bool


@dataclass(frozen=True, slots=True)
class PictureSet:
    """The fields of a picture parameter set that slice headers hang on; `qp` is what a slice's difference adds to."""

    number: int
    cabac: bool
    order_in_frame: bool
    references: tuple[int, int]
    weighted: bool
    weighted_both: bool
    qp: int
    redundant: bool


def read_sps(unit: bytes) -> SequenceSet:
    """A sequence parameter set (7.3.2.1.1); `unit` begins with its NAL header. Raises EOFError when cut off."""
    reader = Bits(unit[1:])
    profile = reader.read(8)
    reader.read(16)
    reader.golomb()
    chroma_format, colour_planes = _read_high_fields(reader) if profile in _HIGH_PROFILES else (1, False)
    frame_number_bits = reader.golomb() + 4
    order_kind, order_bits, always_zero = _read_order_count(reader)
    reader.golomb()
    gaps_allowed = bool(reader.read(1))
    reader.golomb()
    reader.golomb()
    frames_only = bool(reader.read(1))
    return SequenceSet(
        frame_number_bits, chroma_format, colour_planes, gaps_allowed, order_kind, order_bits, always_zero, frames_only
    )


def read_pps(unit: bytes) -> PictureSet | None:
    """A picture parameter set (7.3.2.2); None with slice groups, which no camera uses. Raises EOFError."""
    reader = Bits(unit[1:])
    number = reader.golomb()
    reader.golomb()
    cabac, order_in_frame = bool(reader.read(1)), bool(reader.read(1))
    if reader.golomb():
        return None
    references = (reader.golomb() + 1, reader.golomb() + 1)
    weighted, weighted_both = bool(reader.read(1)), reader.read(2) == 1
    qp = 26 + reader.signed_golomb()
    reader.signed_golomb()
    reader.signed_golomb()
    reader.read(2)
    return PictureSet(
        number, cabac, order_in_frame, references, weighted, weighted_both, qp, redundant=bool(reader.read(1))
    )


def _read_high_fields(reader: Bits) -> tuple[int, bool]:
    chroma_format = reader.golomb()
    colour_planes = bool(reader.read(1)) if chroma_format == 3 else False
    reader.golomb()
    reader.golomb()
    reader.read(1)
    if reader.read(1):
        for index in range(8 if chroma_format != 3 else 12):
            if reader.read(1):
                _skip_scaling_list(reader, 16 if index < 6 else 64)
    return chroma_format, colour_planes


def _skip_scaling_list(reader: Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + reader.signed_golomb()) % 256
        last = following or last


def _read_order_count(reader: Bits) -> tuple[int, int, bool]:
    """pic_order_cnt_type, bits of pic_order_cnt_lsb, delta_pic_order_always_zero_flag."""
    kind, bits, always_zero = reader.golomb(), 0, False
    if kind == 0:
        bits = reader.golomb() + 4
    elif kind == 1:
        always_zero = bool(reader.read(1))
        reader.golomb()
        reader.golomb()
        for _ in range(min(reader.golomb(), 255)):
            reader.golomb()
    return kind, bits, always_zero
