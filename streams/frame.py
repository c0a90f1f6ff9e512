"""One picture of one camera, with the times and the pixel format that belong to it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from streams.fitness.state import FIT, Fitness

Image = npt.NDArray[np.uint8]


class TimeSource(StrEnum):
    """Where a capture time comes from, best first."""

    RTCP_SR = "rtcp_sr"
    ONVIF = "onvif"
    HOST = "host"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Frame:
    """A decoded picture.

    `image` is uint8 (H, W, 3) in the channel order that `pixel_format` names (`bgr24` everywhere today).
    `pts_ns` is the camera's own timeline in nanoseconds: it never runs backwards within one `CameraStream`, also
    across reconnects, and durations come from it alone. `captured_at_ns` is UTC, nanoseconds since the epoch.
    `fitness` says whether rules may judge by it; `is_exact`, that it is to the last bit what its packet decodes to.
    """

    camera_id: str
    sequence: int
    pts_ns: int
    captured_at_ns: int
    time_source: TimeSource
    pixel_format: str
    image: Image
    is_keyframe: bool = False
    fitness: Fitness = FIT
    is_exact: bool = False

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return int(self.image.shape[1]), int(self.image.shape[0])
