"""Where a camera's pictures come from, and how FFmpeg is to be asked for them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from streams.errors import SourceError
from streams.redact import redact_url

_NETWORK_SCHEMES = ("rtsp", "rtsps", "http", "https")
# FFmpeg guesses formats and follows references: only real video containers, only the protocols that the scheme needs.
_FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,avi,flv,live_flv,"
    "h264,hevc,mpeg,mpegvideo,m4v,mjpeg,mpjpeg,asf,ogg,mxf"
)
_RTSP_PROTOCOLS = "rtsp,rtsps,rtp,srtp,tcp,udp,tls,crypto"
_HTTP_PROTOCOLS = "http,https,httpproxy,tcp,tls,crypto"


@dataclass(frozen=True, slots=True)
class CameraSource:
    """One camera: `url` is `rtsp://`, `rtsps://`, `http(s)://`, `file://` or a plain path.

    `transport` is how RTSP carries the media. `open_timeout_s` bounds connecting and the wait for the first picture,
    `read_timeout_s` the silence between two packets; a live stream waits longer for a camera that turns out slower.
    `repr` hides the credentials.
    Raises SourceError for an unknown scheme or transport, or a time that is not positive.
    """

    camera_id: str
    url: str
    transport: Literal["tcp", "udp"] = "tcp"
    open_timeout_s: float = 5.0
    read_timeout_s: float = 4.0

    def __post_init__(self) -> None:
        if not self.camera_id:
            raise SourceError("a camera needs an id")
        if self.is_network and self.scheme not in _NETWORK_SCHEMES:
            schemes = ", ".join(_NETWORK_SCHEMES)
            raise SourceError(f"{self.camera_id}: unknown scheme {self.scheme}://; use one of {schemes} or a file path")
        if self.transport not in ("tcp", "udp"):
            raise SourceError(f"{self.camera_id}: transport is {self.transport!r}; use tcp or udp")
        if self.open_timeout_s <= 0 or self.read_timeout_s <= 0:
            raise SourceError(f"{self.camera_id}: timeouts must be positive seconds")

    def __repr__(self) -> str:
        return f"CameraSource(camera_id={self.camera_id!r}, url={self.shown_url!r}, transport={self.transport!r})"

    @property
    def scheme(self) -> str:
        """The URL's scheme, lower case; empty for a plain path."""
        head, separator, _ = self.url.partition("://")
        return head.lower() if separator else ""

    @property
    def is_network(self) -> bool:
        """Whether this is a live address and not a file."""
        return self.scheme not in ("", "file")

    @property
    def shown_url(self) -> str:
        """The address without credentials."""
        return redact_url(self.url)

    @property
    def path(self) -> Path:
        """The file of a source that is not live."""
        return Path(unquote(urlsplit(self.url).path)) if self.scheme == "file" else Path(self.url)

    @property
    def tcp_address(self) -> tuple[str, int] | None:
        """Host and port that an RTSP connection goes to; None for everything else."""
        if self.scheme not in ("rtsp", "rtsps"):
            return None
        parts = urlsplit(self.url)
        try:
            return (parts.hostname, parts.port or (322 if self.scheme == "rtsps" else 554)) if parts.hostname else None
        except ValueError:
            return None

    def ffmpeg_address(self) -> str:
        """What FFmpeg opens; a path is prefixed so that no name can be taken for a protocol."""
        return self.url if self.is_network else f"file:{self.path}"

    def ffmpeg_options(self) -> dict[str, str]:
        """FFmpeg's demuxer options for this source."""
        if self.scheme in ("rtsp", "rtsps"):
            return self._rtsp_options()
        protocols = _HTTP_PROTOCOLS if self.is_network else "file"
        return {"format_whitelist": _FORMATS, "protocol_whitelist": protocols}

    def _rtsp_options(self) -> dict[str, str]:
        return {
            "rtsp_transport": self.transport,
            "allowed_media_types": "video",
            "protocol_whitelist": _RTSP_PROTOCOLS,
            # Of the socket; while reading, the shorter one of the container counts.
            "timeout": str(round(max(self.open_timeout_s, self.read_timeout_s) * 1e6)),
            # No analysis beyond the first packet: what the SDP leaves open is read from the first key frame, and
            # pictures held back by an analysis would seem to arrive late.
            "probesize": "32",
            # One jittery path is reordered for this long before a packet is given up for lost.
            "max_delay": "300000",
            # The default receive buffer loses bursts of key frames over UDP.
            "buffer_size": "1048576",
        }
