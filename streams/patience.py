"""How long a camera is waited for: a few seconds, longer for one that has shown to be slower."""

from __future__ import annotations

import socket
from dataclasses import replace

from streams.errors import SourceError
from streams.source import CameraSource

_LONGEST_S = 60.0
_GROWTH = 2.0
# Silence is no news before so many pictures should have come.
_STEPS = 8.0
# A server may wait for its next key frame before it sends anything.
_KEY_SPACINGS = 1.5
# Whether a host answers at all is known long before FFmpeg's patience is over.
_KNOCK_S = 2.0


class Patience:
    """The time limits of one camera's connections, learnt from those before."""

    def __init__(self, source: CameraSource) -> None:
        self._source = source
        self._open_s = source.open_timeout_s
        self._read_s = source.read_timeout_s

    def limits(self, step_s: float, key_spacing_s: float | None) -> CameraSource:
        """The source with the limits for the next connection; both arguments as learnt so far."""
        read_s = max(self._read_s, _STEPS * step_s)
        open_s = max(self._open_s, self._source.open_timeout_s + _KEY_SPACINGS * (key_spacing_s or 0.0))
        return replace(self._source, open_timeout_s=min(open_s, _LONGEST_S), read_timeout_s=min(read_s, _LONGEST_S))

    def timed_out(self, *, streaming: bool) -> None:
        """Nothing came in time. What never streamed may need longer to begin, what did may have long pauses."""
        if streaming:
            self._read_s = min(_LONGEST_S, self._read_s * _GROWTH)
        else:
            self._open_s = min(_LONGEST_S, self._open_s * _GROWTH)

    def settled(self) -> None:
        """The connection held: as quick to notice silence as at first."""
        self._read_s = self._source.read_timeout_s


def knock(source: CameraSource) -> None:
    """Raise SourceError when nobody listens at an RTSP source's address, within 2 s.

    FFmpeg would wait for an absent host as long as for a slow picture.
    """
    address = source.tcp_address
    if address is None:
        return
    try:
        socket.create_connection(address, timeout=min(_KNOCK_S, source.open_timeout_s)).close()
    except OSError as error:
        reason = "no answer" if isinstance(error, TimeoutError) else (error.strerror or str(error))
        raise SourceError(f"{source.camera_id}: {source.shown_url}: {reason}") from None
