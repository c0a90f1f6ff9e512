"""Why an RTSP session is not this client's."""

from __future__ import annotations


class NotOurs(Exception):
    """The camera speaks something that this client leaves to FFmpeg; the message says what."""


class Refused(Exception):
    """The camera answered with a status that is no success."""

    def __init__(self, status: int, method: str) -> None:
        super().__init__(f"the camera answers {status} to {method}")
        self.status = status
