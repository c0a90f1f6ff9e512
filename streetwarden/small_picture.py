"""Pictures for people: made small, and JPEG."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt


def jpeg(image: npt.NDArray[np.uint8], most_px: int, quality: int, caption: str = "") -> bytes:
    """A BGR picture (H, W, 3) as JPEG, at most `most_px` on its longer side, with `caption` (ASCII) in a corner."""
    height, width = image.shape[:2]
    scale = min(1.0, most_px / max(height, width))
    if scale < 1.0:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    if caption:
        image = _captioned(image.copy(), caption)
    done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError("the picture cannot be written as JPEG")
    return data.tobytes()


def _captioned(image: npt.NDArray[np.uint8], text: str) -> npt.NDArray[np.uint8]:
    size = max(0.4, image.shape[1] / 1600)
    place = 8, image.shape[0] - 10
    for colour, thickness in (((0, 0, 0), 3), ((255, 255, 255), 1)):
        cv2.putText(image, text, place, cv2.FONT_HERSHEY_SIMPLEX, size, colour, thickness, cv2.LINE_AA)
    return image
