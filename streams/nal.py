"""NAL units of H.264 (ISO 14496-10) and H.265 (ISO 23008-2), in the two ways that streams carry them.

Annex B puts a start code before each unit (RTSP, MPEG-TS); MP4 and Matroska put its length before it and keep the
parameter sets in a configuration record (`avcC`, `hvcC`, ISO 14496-15).
"""

from __future__ import annotations

from collections.abc import Iterator

START_CODE = b"\x00\x00\x00\x01"
_SHORT_START_CODE = b"\x00\x00\x01"
# Parameter sets in the order in which a decoder wants them.
_PARAMETER_SET_TYPES = {"h264": (7, 8), "hevc": (32, 33, 34)}
_SPS_TYPE = {"h264": 7, "hevc": 33}


def carries_nal_units(codec: str) -> bool:
    """Whether this codec's packets are made of NAL units that this module knows."""
    return codec in _PARAMETER_SET_TYPES


def nal_type(codec: str, unit: bytes) -> int:
    """The unit's type number; `unit` begins with its header."""
    return unit[0] & 0x1F if codec == "h264" else (unit[0] >> 1) & 0x3F


def parameter_set_rank(codec: str, unit: bytes) -> int | None:
    """0 for the first kind of parameter set, 1 for the next ...; None for any other unit."""
    kind = nal_type(codec, unit)
    kinds = _PARAMETER_SET_TYPES[codec]
    return kinds.index(kind) if kind in kinds else None


def split_annex_b(data: bytes) -> Iterator[bytes]:
    """The units between the start codes, without trailing zero bytes."""
    start = data.find(_SHORT_START_CODE)
    while start >= 0:
        begin = start + len(_SHORT_START_CODE)
        start = data.find(_SHORT_START_CODE, begin)
        unit = data[begin : start if start >= 0 else len(data)].rstrip(b"\x00")
        if unit:
            yield unit


def split_length_prefixed(data: bytes, length_size: int) -> Iterator[bytes]:
    """The units behind big-endian lengths of `length_size` bytes; stops at one that runs over the end."""
    position = 0
    while position + length_size <= len(data):
        begin = position + length_size
        position = begin + int.from_bytes(data[position:begin], "big")
        if position > len(data):
            return
        if position > begin:
            yield data[begin:position]


def length_size(codec: str, extradata: bytes) -> int | None:
    """Bytes of each length prefix when `extradata` is a configuration record; None for Annex B."""
    if len(extradata) < 7 or extradata[0] != 1:
        return None
    if codec == "h264":
        return (extradata[4] & 3) + 1
    return (extradata[21] & 3) + 1 if codec == "hevc" and len(extradata) >= 23 else None


def split(codec: str, data: bytes, extradata: bytes) -> list[bytes]:
    """The units of one packet, whichever way the stream carries them."""
    return list(iterate(codec, data, extradata))


def iterate(codec: str, data: bytes, extradata: bytes) -> Iterator[bytes]:
    """The same one by one, for who needs only the first ones."""
    size = length_size(codec, extradata)
    return split_annex_b(data) if size is None else split_length_prefixed(data, size)


def parameter_sets(codec: str, extradata: bytes) -> list[bytes]:
    """The parameter sets that `extradata` holds, in decoder order; empty when it holds none."""
    if length_size(codec, extradata) is None:
        units: list[bytes] = list(split_annex_b(extradata))
    else:
        units = list(_avcc_sets(extradata) if codec == "h264" else _hvcc_sets(extradata))
    return sorted_sets(codec, units)


def sorted_sets(codec: str, units: list[bytes]) -> list[bytes]:
    """Those of `units` that are parameter sets, each once, in decoder order."""
    ranked = [(rank, unit) for unit in dict.fromkeys(units) if (rank := parameter_set_rank(codec, unit)) is not None]
    return [unit for _, unit in sorted(ranked, key=lambda pair: pair[0])]


def is_slice(codec: str, unit: bytes) -> bool:
    """Whether the unit holds picture data."""
    kind = nal_type(codec, unit)
    return 1 <= kind <= 5 if codec == "h264" else kind <= 31


def begins_picture(codec: str, unit: bytes) -> bool:
    """Whether a slice is the first of its picture.

    H.264 begins a slice with first_mb_in_slice, where 0 is written as a single 1 bit; H.265 with
    first_slice_segment_in_pic_flag.
    """
    header_bytes = 1 if codec == "h264" else 2
    return len(unit) > header_bytes and bool(unit[header_bytes] & 0x80)


def has_sps(codec: str, units: list[bytes]) -> bool:
    """Whether a sequence parameter set, which says the picture size, is among `units`."""
    return any(nal_type(codec, unit) == _SPS_TYPE[codec] for unit in units)


def to_annex_b(units: list[bytes]) -> bytes:
    """The units with a start code before each."""
    return b"".join(START_CODE + unit for unit in units)


def _avcc_sets(record: bytes) -> Iterator[bytes]:
    position = 5
    for mask in (0x1F, 0xFF):
        if position >= len(record):
            return
        count, position = record[position] & mask, position + 1
        for _ in range(count):
            unit, position = _sized_unit(record, position)
            yield from [unit] if unit else []


def _hvcc_sets(record: bytes) -> Iterator[bytes]:
    position = 23
    for _ in range(record[22]):
        count = int.from_bytes(record[position + 1 : position + 3], "big")
        position += 3
        for _ in range(count):
            unit, position = _sized_unit(record, position)
            yield from [unit] if unit else []


def _sized_unit(record: bytes, position: int) -> tuple[bytes, int]:
    begin = position + 2
    end = begin + int.from_bytes(record[position:begin], "big")
    return record[begin:end], end
