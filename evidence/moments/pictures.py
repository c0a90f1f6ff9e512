"""Pictures of several moments out of one record: each decoded once, by a decoder that serves the whole package."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from av.video.reformatter import VideoReformatter

from streams.decode import PIXEL_FORMAT, Picture, PictureDecoder, decode_span
from streams.frame import Frame, Image
from streams.packet import RecordedSpan, StreamParameters
from streams.pool import DecoderPool


class Pictures:
    """The pictures of one package. Not thread-safe; holds every picture that it ever gave, so it ends with its package.

    A decoder that begins anew has to find its memory again, which costs a fifth of a key frame. `shown`: a key frame
    that somebody decoded before, to the last bit as it is decoded here. `pool` lends decoders until `give_back`.
    """

    def __init__(self, shown: Frame | None = None, pool: DecoderPool | None = None) -> None:
        self._shown = shown
        self._pool = pool or DecoderPool()
        self._decoders: dict[StreamParameters, PictureDecoder] = {}
        self._reformatter = VideoReformatter()
        # The span is kept with its pictures: its id is that of no other as long as it lives.
        self._known: dict[int, tuple[RecordedSpan, dict[int, Frame]]] = {}

    def at(self, span: RecordedSpan, times: Sequence[int]) -> dict[int, Frame]:
        """The whole, undamaged pictures of those times (pts, nanoseconds) by the time that was asked for.

        A single time gives the picture shown then, also when it began earlier; of several, those that begin just then.
        """
        _span, known = self._known.setdefault(id(span), (span, self._given(span)))
        for first, group in _by_group(span, [time_ns for time_ns in times if time_ns not in known]).items():
            last = max(index for index, packet in enumerate(span.packets) if packet.pts_ns in group)
            stretch = RecordedSpan(span.camera_id, span.parameters, span.packets[first : last + 1])
            known |= {frame.pts_ns: frame for frame in self._decoded(stretch, frozenset(group))}
        if len(times) == 1 and times[0] not in known:
            for frame in decode_span(span, times[0]):
                known[times[0]] = frame
        return {time_ns: known[time_ns] for time_ns in times if time_ns in known}

    def give_back(self) -> None:
        """Let other packages have the decoders."""
        for parameters, decoder in self._decoders.items():
            self._pool.give_back(parameters, decoder, exact=True)
        self._decoders = {}

    def _given(self, span: RecordedSpan) -> dict[int, Frame]:
        """The picture that was there before, when it is one of the span's key frames."""
        shown = self._shown
        if shown is None or not shown.is_exact or shown.camera_id != span.camera_id:
            return {}
        is_held = any(packet.is_keyframe and packet.pts_ns == shown.pts_ns for packet in span.packets)
        return {shown.pts_ns: shown} if is_held else {}

    def _decoded(self, span: RecordedSpan, times: frozenset[int]) -> Iterator[Frame]:
        if span.parameters not in self._decoders:
            self._decoders[span.parameters] = self._pool.decoder(span.parameters, exact=True)
        decoder = self._decoders[span.parameters]
        for packet in span.packets:
            yield from self._framed(span, decoder.decode(packet), times)
        yield from self._framed(span, decoder.drain(), times)

    def _framed(self, span: RecordedSpan, pictures: Iterable[Picture], times: frozenset[int]) -> Iterator[Frame]:
        for picture in pictures:
            if picture.intact and picture.pts_ns in times:
                packet = next(packet for packet in span.packets if packet.pts_ns == picture.pts_ns)
                yield Frame(
                    camera_id=span.camera_id,
                    sequence=0,
                    pts_ns=picture.pts_ns,
                    captured_at_ns=packet.captured_at_ns,
                    time_source=packet.time_source,
                    pixel_format=PIXEL_FORMAT,
                    image=self._image(picture),
                    is_keyframe=picture.is_keyframe,
                )

    def _image(self, picture: Picture) -> Image:
        """The picture as `bgr24`, uint8 (H, W, 3), in the very memory that the conversion wrote."""
        frame = self._reformatter.reformat(picture.raw, format=PIXEL_FORMAT)
        plane = frame.planes[0]
        shape = (frame.height, frame.width, 3)
        return np.ndarray(shape, np.uint8, buffer=memoryview(plane), strides=(plane.line_size, 3, 1))


def _by_group(span: RecordedSpan, times: Iterable[int]) -> dict[int, list[int]]:
    """The times that the span holds, by the index of the key frame that their decoding begins with."""
    keys = [(packet.pts_ns, index) for index, packet in enumerate(span.packets) if packet.is_keyframe]
    held = {packet.pts_ns for packet in span.packets}
    groups: dict[int, list[int]] = defaultdict(list)
    for time_ns in times:
        if time_ns in held:
            groups[max((index for pts_ns, index in keys if pts_ns <= time_ns), default=0)].append(time_ns)
    return groups
