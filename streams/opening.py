"""Which client opens a camera: our own where it can, FFmpeg for everything else."""

from __future__ import annotations

import logging

from streams.clock import Clock
from streams.container import VideoInput, open_video
from streams.patience import knock
from streams.rtsp.errors import NotOurs
from streams.rtsp.input import RtspInput
from streams.source import CameraSource

log = logging.getLogger(__name__)


def open_camera(source: CameraSource, clock: Clock) -> VideoInput | RtspInput:
    """Open a source. Raises SourceError: one line, without credentials."""
    if source.scheme == "rtsp" and source.transport == "tcp":
        try:
            return RtspInput(source, clock)
        except NotOurs as reason:
            log.info("%s: %s; FFmpeg reads it", source.camera_id, reason)
    knock(source)
    return open_video(source, clock)
