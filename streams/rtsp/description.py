"""What a camera describes (SDP, RFC 8866): its first H.264 or H.265 video."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from streams import nal
from streams.rtsp.errors import NotOurs

_CODECS = {"H264": "h264", "H265": "hevc"}
_SET_KEYS = {"h264": ("sprop-parameter-sets",), "hevc": ("sprop-vps", "sprop-sps", "sprop-pps")}


@dataclass(frozen=True, slots=True)
class VideoDescription:
    """One video: FFmpeg's codec name, RTP clock in hertz, parameter sets (Annex B), and the address to set it up."""

    codec: str
    clock_hz: int
    extradata: bytes
    control_url: str


def describe_video(sdp: str, base_url: str) -> VideoDescription:
    """The first video of the description. Raises NotOurs when it is none that this client reads."""
    session, *media = _sections(sdp)
    base = _control(base_url, _attribute(session, "control") or "")
    for lines in media:
        if lines[0].startswith("m=video"):
            return _video(lines, base)
    raise NotOurs("it describes no video")


def _video(lines: list[str], base_url: str) -> VideoDescription:
    words = lines[0].split()
    payload_type = words[3] if len(words) > 3 else ""
    encoding = _of_type(lines, "rtpmap", payload_type)
    name, _, rest = encoding.partition("/")
    codec = _CODECS.get(name.upper())
    clock = rest.partition("/")[0]
    if codec is None or not clock.isdigit() or int(clock) == 0:
        raise NotOurs(f"its video is {encoding or 'of an unknown kind'}")
    formats = dict(_parameters(_of_type(lines, "fmtp", payload_type)))
    if codec == "hevc" and formats.get("sprop-max-don-diff", "0") != "0":
        raise NotOurs("it sends H.265 units in another order than they are decoded")
    if codec == "h264" and formats.get("packetization-mode") == "2":
        raise NotOurs("it sends H.264 units in another order than they are decoded")
    return VideoDescription(
        codec, int(clock), _parameter_sets(codec, formats), _control(base_url, _attribute(lines, "control") or "")
    )


def _parameter_sets(codec: str, formats: dict[str, str]) -> bytes:
    units: list[bytes] = []
    for key in _SET_KEYS[codec]:
        for text in formats.get(key, "").split(","):
            try:
                units += [base64.b64decode(text)] if text else []
            except binascii.Error:
                return b""
    return nal.to_annex_b(nal.sorted_sets(codec, [unit for unit in units if unit]))


def _sections(sdp: str) -> list[list[str]]:
    """The lines of the session, then of each medium."""
    sections: list[list[str]] = [[]]
    for line in sdp.replace("\r", "\n").split("\n"):
        if line.startswith("m="):
            sections.append([])
        if line:
            sections[-1].append(line)
    return sections


def _attribute(lines: list[str], name: str) -> str | None:
    head = f"a={name}:"
    return next((line[len(head) :].strip() for line in lines if line.startswith(head)), None)


def _of_type(lines: list[str], name: str, payload_type: str) -> str:
    head = f"a={name}:{payload_type} "
    return next((line[len(head) :].strip() for line in lines if line.startswith(head)), "")


def _parameters(text: str) -> Iterator[tuple[str, str]]:
    for part in text.split(";"):
        key, _, value = part.strip().partition("=")
        yield key.lower(), value


def _control(base_url: str, control: str) -> str:
    """The address of a control attribute: absolute, or appended to the base as cameras mean it."""
    if control in ("", "*"):
        return base_url
    if urlsplit(control).scheme:
        return control
    # RFC 2326 asks for the rules of RFC 1808, but cameras append, and their bases often lack the last slash.
    return urljoin(base_url if base_url.endswith("/") else base_url + "/", control)
