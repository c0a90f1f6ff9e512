"""Reading a clip picture by picture, and writing another as H.264 that every browser plays."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, cast

import av
import numpy as np
from av.error import FFmpegError

from evidence.derivatives.errors import DerivativeError
from streams.frame import Image

_CLOCK: Final = 90_000
_QUALITY: Final = 23
# One thread, or the bytes would differ from machine to machine; pictures in order, so that each keeps its time.
_OPTIONS: Final = {"preset": "veryfast", "crf": str(_QUALITY), "threads": "1", "bf": "0"}
# In fragments, so that a browser plays it while it loads and nothing is written twice.
_CONTAINER: Final = {"movflags": "+frag_keyframe+empty_moov+default_base_moof", "fflags": "+bitexact"}
TOOL: Final = (
    f"x264 {_OPTIONS['preset']}, CRF {_QUALITY}, "
    f"FFmpeg libavcodec {'.'.join(str(part) for part in av.library_versions['libavcodec'])}"
)


@dataclass(frozen=True, slots=True)
class ClipPicture:
    """One picture: when it is shown, in seconds from the clip's first, and `image` as uint8 (H, W, 3), `bgr24`."""

    at_s: float
    image: Image


def pictures_of(data: bytes) -> Iterator[ClipPicture]:
    """The clip's pictures in the order in which they are shown; DerivativeError when it is no video."""
    try:
        with av.open(io.BytesIO(data), "r") as container:
            stream = container.streams.video[0]
            stream.codec_context.thread_count = 1
            for frame in container.decode(stream):
                yield ClipPicture(float(frame.time or 0.0), np.asarray(frame.to_ndarray(format="bgr24"), np.uint8))
    except (FFmpegError, IndexError) as error:
        raise DerivativeError(f"the clip cannot be decoded: {str(error).splitlines()[0]}") from error


def encoded(pictures: Iterable[ClipPicture]) -> bytes:
    """The pictures as H.264 in a fragmented MP4 whose first picture is at time 0; an odd row or column is left out.

    The same pictures give the same bytes with the same `TOOL`. Raises DerivativeError when there is no picture.
    """
    sink, stream, begun_s = io.BytesIO(), None, 0.0
    with av.open(sink, "w", format="mp4", options=_CONTAINER) as container:
        for picture in pictures:
            if stream is None:
                stream, begun_s = _stream(container, picture.image), picture.at_s
            shown = ClipPicture(picture.at_s - begun_s, picture.image)
            container.mux(stream.encode(_frame(shown, stream.width, stream.height)))
        if stream is not None:
            container.mux(stream.encode(None))
    if stream is None:
        raise DerivativeError("the clip has no picture that can be decoded")
    return sink.getvalue()


def _stream(container: av.container.OutputContainer, image: Image) -> Any:
    stream = cast("Any", container.add_stream("libx264", rate=25, options=dict(_OPTIONS)))
    stream.width, stream.height, stream.pix_fmt = image.shape[1] // 2 * 2, image.shape[0] // 2 * 2, "yuv420p"
    stream.codec_context.time_base = Fraction(1, _CLOCK)
    stream.codec_context.flags |= 1 << 23  # AV_CODEC_FLAG_BITEXACT: no version of the encoder in the stream
    return stream


def _frame(picture: ClipPicture, width: int, height: int) -> av.VideoFrame:
    image = picture.image
    if image.shape[:2] != (height, width):
        image = _sized(image, width, height)
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="bgr24")
    frame.pts, frame.time_base = round(picture.at_s * _CLOCK), Fraction(1, _CLOCK)
    return frame


def _sized(image: Image, width: int, height: int) -> Image:
    """The upper left part; a smaller picture (the stream changed its size) stands on black."""
    part = image[:height, :width]
    whole = np.zeros((height, width, 3), np.uint8)
    whole[: part.shape[0], : part.shape[1]] = part
    return whole
