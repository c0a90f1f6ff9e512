"""How coarsely an H.264 picture was quantised: the QP of its first slice, read from the slice header alone (7.3.3).

An encoder that keeps a constant bit rate answers motion with a coarser picture instead of with more bytes. Bytes and
QP together say how much there was to say: six steps of QP halve the bytes of the same picture.
"""

from __future__ import annotations

from itertools import islice

from streams import nal
from streams.bits import Bits
from streams.h264_sets import PPS, SPS, PictureSet, SequenceSet, read_pps, read_sps

_QP_RANGE = range(52)
_HEADER_BYTES = 64
_P, _B, _I, _SP, _SI = range(5)
_MOST_UNITS = 16
_MOST_COMMANDS = 70
_STEPS_A_HALF = 6.0
_MIDDLE_QP = 26


class PictureCost:
    """Bytes that a stream's pictures would have at one and the same QP; of other codecs than H.264 as they are."""

    def __init__(self, codec: str, extradata: bytes) -> None:
        self._extradata = extradata
        self._sequence: SequenceSet | None = None
        self._pictures: dict[int, PictureSet] = {}
        self._reads = codec == "h264"
        for unit in nal.parameter_sets(codec, extradata) if self._reads else ():
            self._read_set(unit)

    def of(self, data: bytes) -> float:
        """The packet's bytes at QP 26."""
        qp = self.qp(data) if self._reads else None
        return len(data) if qp is None else len(data) * 2.0 ** ((qp - _MIDDLE_QP) / _STEPS_A_HALF)

    def qp(self, data: bytes) -> int | None:
        """SliceQP of the packet's first slice; None when it cannot be read."""
        try:
            for unit in islice(nal.iterate("h264", data, self._extradata), _MOST_UNITS):
                kind = unit[0] & 0x1F
                if kind in (1, 5):
                    return self._slice_qp(unit, is_idr=kind == 5)
                self._read_set(unit)
        except EOFError:
            return None
        return None

    def _read_set(self, unit: bytes) -> None:
        kind = unit[0] & 0x1F
        if kind == SPS:
            self._sequence = read_sps(unit)
        elif kind == PPS and (picture := read_pps(unit)) is not None:
            self._pictures[picture.number % 256] = picture

    def _slice_qp(self, unit: bytes, *, is_idr: bool) -> int | None:
        sequence, reader = self._sequence, Bits(unit[1:_HEADER_BYTES])
        reader.golomb()
        kind = reader.golomb() % 5
        picture = self._pictures.get(reader.golomb())
        if sequence is None or picture is None or kind in (_SP, _SI):
            return None
        _skip_numbers(reader, sequence, picture, is_idr=is_idr)
        if kind != _I:
            references = _read_references(reader, picture, both=kind == _B)
            if (picture.weighted and kind == _P) or (picture.weighted_both and kind == _B):
                _skip_weights(reader, sequence, references)
        if unit[0] & 0x60:
            _skip_marking(reader, is_idr=is_idr)
        if picture.cabac and kind != _I:
            reader.golomb()
        qp = picture.qp + reader.signed_golomb()
        return qp if qp in _QP_RANGE else None


def _skip_numbers(reader: Bits, sequence: SequenceSet, picture: PictureSet, *, is_idr: bool) -> None:
    """From colour_plane_id to redundant_pic_cnt."""
    reader.read((2 if sequence.colour_planes else 0) + sequence.frame_number_bits)
    field = not sequence.frames_only and bool(reader.read(1))
    if field:
        reader.read(1)
    if is_idr:
        reader.golomb()
    whole = picture.order_in_frame and not field
    if sequence.order_kind == 0:
        reader.read(sequence.order_bits)
        if whole:
            reader.signed_golomb()
    elif sequence.order_kind == 1 and not sequence.order_always_zero:
        for _ in range(2 if whole else 1):
            reader.signed_golomb()
    if picture.redundant:
        reader.golomb()


def _read_references(reader: Bits, picture: PictureSet, *, both: bool) -> tuple[int, ...]:
    """The lengths of the reference lists, their changed order skipped (7.3.3.1)."""
    lists = 2 if both else 1
    if both:
        reader.read(1)
    counts = picture.references[:lists]
    if reader.read(1):
        counts = tuple(reader.golomb() + 1 for _ in range(lists))
    for _ in range(lists):
        if reader.read(1):
            _skip_commands(reader, last=3, arguments={0: 1, 1: 1, 2: 1, 4: 1, 5: 1})
    return counts


def _skip_weights(reader: Bits, sequence: SequenceSet, references: tuple[int, ...]) -> None:
    """pred_weight_table (7.3.3.2)."""
    chroma = sequence.chroma_format != 0 and not sequence.colour_planes
    for _ in range(2 if chroma else 1):
        reader.golomb()
    for _ in range(min(sum(references), 64)):
        for values in (2, 4) if chroma else (2,):
            if reader.read(1):
                for _ in range(values):
                    reader.signed_golomb()


def _skip_marking(reader: Bits, *, is_idr: bool) -> None:
    """dec_ref_pic_marking (7.3.3.3)."""
    if is_idr:
        reader.read(2)
    elif reader.read(1):
        _skip_commands(reader, last=0, arguments={1: 1, 2: 1, 3: 2, 4: 1, 5: 0, 6: 1})


def _skip_commands(reader: Bits, *, last: int, arguments: dict[int, int]) -> None:
    for _ in range(_MOST_COMMANDS):
        command = reader.golomb()
        if command == last:
            return
        for _ in range(arguments.get(command, 0)):
            reader.golomb()
    raise EOFError
