"""Stills: pictures decoded from original packets at full resolution, whole or cut out, as JPEG."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import av
import cv2

from evidence.errors import SealError
from streams.decode import decode_span
from streams.frame import Frame, Image
from streams.packet import RecordedSpan

JPEG_QUALITY = 92
STILL_TOOL = (
    f"decode, FFmpeg libavcodec {'.'.join(str(part) for part in av.library_versions['libavcodec'])}; "
    f"JPEG quality {JPEG_QUALITY}, OpenCV {cv2.__version__}"
)
_MARGIN = 0.15
_MIN_SIDE_PIXELS = 16

PixelBox = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Still:
    """A JPEG and where in the record it comes from; `crop_xyxy` in pixels of the whole picture, None for all of it."""

    data: bytes
    pts_ns: int
    at_ns: int
    size_wh: tuple[int, int]
    crop_xyxy: PixelBox | None


def picture_at(span: RecordedSpan, pts_ns: int) -> Frame | None:
    """The whole, undamaged picture shown at `pts_ns` (the nearest before it); None when there is none."""
    frames = decode_span(span, pts_ns)
    return frames[0] if frames else None


def panorama(frame: Frame) -> Still:
    """The whole picture."""
    return Still(_jpeg(frame.image), frame.pts_ns, frame.captured_at_ns, frame.size_wh, None)


def close_up(frame: Frame, box_xyxy: tuple[float, float, float, float], frame_size_wh: tuple[int, int]) -> Still | None:
    """The subject with a margin, in the picture's own pixels; None when the box is not in the picture.

    `box_xyxy` are pixels of a picture of `frame_size_wh`, unclipped.
    """
    crop = crop_box(box_xyxy, frame_size_wh, frame.size_wh)
    if crop is None:
        return None
    left, top, right, bottom = crop
    image = frame.image[top:bottom, left:right]
    return Still(_jpeg(image), frame.pts_ns, frame.captured_at_ns, (right - left, bottom - top), crop)


def crop_box(
    box_xyxy: tuple[float, float, float, float], of_size_wh: tuple[int, int], size_wh: tuple[int, int]
) -> PixelBox | None:
    """The box with its margin as whole pixels of a picture of `size_wh`, clipped to it; None when under 16 a side."""
    left, top, right, bottom = box_xyxy
    margin_x, margin_y = _MARGIN * (right - left), _MARGIN * (bottom - top)
    scale_x, scale_y = size_wh[0] / of_size_wh[0], size_wh[1] / of_size_wh[1]
    x_from, x_to = (_clipped(x * scale_x, size_wh[0]) for x in (left - margin_x, right + margin_x))
    y_from, y_to = (_clipped(y * scale_y, size_wh[1]) for y in (top - margin_y, bottom + margin_y))
    if x_to - x_from < _MIN_SIDE_PIXELS or y_to - y_from < _MIN_SIDE_PIXELS:
        return None
    return x_from, y_from, x_to, y_to


def _clipped(value: float, limit: int) -> int:
    return min(max(round(value), 0), limit)


def _jpeg(image: Image) -> bytes:
    encoded: tuple[bool, Any] = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not encoded[0]:
        raise SealError(f"a picture of shape {image.shape} cannot be written as JPEG")
    return bytes(encoded[1].tobytes())
