"""Pictures of several moments out of one record, each group of pictures decoded once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from streams.decode import PIXEL_FORMAT, ImageConverter, Picture, PictureDecoder, decode_span
from streams.frame import Frame
from streams.packet import RecordedSpan


def pictures_at(span: RecordedSpan, times: Sequence[int]) -> dict[int, Frame]:
    """The whole, undamaged pictures of those times (pts, nanoseconds) by the time that was asked for.

    A single time gives the picture shown then, also when it began earlier; of several, those that begin just then.
    """
    if len(times) == 1:
        frames = decode_span(span, times[0])
        return {times[0]: frames[0]} if frames else {}
    found: dict[int, Frame] = {}
    for first, group in _by_group(span, times).items():
        last = max(index for index, packet in enumerate(span.packets) if packet.pts_ns in group)
        stretch = RecordedSpan(span.camera_id, span.parameters, span.packets[first : last + 1])
        found |= {frame.pts_ns: frame for frame in _decoded(stretch, frozenset(group))}
    return found


def _by_group(span: RecordedSpan, times: Iterable[int]) -> dict[int, list[int]]:
    """The times that the span holds, by the index of the key frame that their decoding begins with."""
    keys = [(packet.pts_ns, index) for index, packet in enumerate(span.packets) if packet.is_keyframe]
    held = {packet.pts_ns for packet in span.packets}
    groups: dict[int, list[int]] = defaultdict(list)
    for time_ns in times:
        if time_ns in held:
            groups[max((index for pts_ns, index in keys if pts_ns <= time_ns), default=0)].append(time_ns)
    return groups


def _decoded(span: RecordedSpan, times: frozenset[int]) -> Iterator[Frame]:
    decoder, converter = PictureDecoder(span.parameters), ImageConverter()
    for packet in span.packets:
        yield from _framed(span, decoder.decode(packet), times, converter)
    yield from _framed(span, decoder.drain(), times, converter)


def _framed(
    span: RecordedSpan, pictures: Iterable[Picture], times: frozenset[int], converter: ImageConverter
) -> Iterator[Frame]:
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
                image=converter.image(picture),
                is_keyframe=picture.is_keyframe,
            )
