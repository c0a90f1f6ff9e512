"""RTSP 1.0 messages (RFC 2326): bytes in, requests out; no sockets here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

_LARGEST_HEAD_BYTES = 16_384
_LARGEST_BODY_BYTES = 65_536
_INTERLEAVED = 0x24
_REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
    454: "Session Not Found",
    455: "Method Not Valid in This State",
    461: "Unsupported Transport",
    505: "RTSP Version Not Supported",
}


class RtspError(Exception):
    """The peer speaks no RTSP or asks for too much; the connection is to be closed."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request; header names are lower case."""

    method: str
    url: str
    headers: Mapping[str, str]

    @property
    def path(self) -> str:
        """The URL's path without slashes at its ends, percent-decoded; empty for `*`."""
        return "" if self.url == "*" else unquote(urlsplit(self.url).path).strip("/")


class RequestReader:
    """Cuts a connection's bytes into requests; interleaved packets from the client (receiver reports) are skipped."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Request]:
        """The requests completed by `data`. Raises RtspError on anything that is not RTSP."""
        self._buffer += data
        requests: list[Request] = []
        while (taken := self._next()) is not None:
            requests.extend(taken)
        return requests

    def _next(self) -> list[Request] | None:
        buffer = self._buffer
        while buffer[:2] == b"\r\n":
            del buffer[:2]
        if not buffer:
            return None
        if buffer[0] == _INTERLEAVED:
            return self._skip_interleaved()
        end = buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(buffer) > _LARGEST_HEAD_BYTES:
                raise RtspError("the request's head is too long")
            return None
        return self._request(end)

    def _skip_interleaved(self) -> list[Request] | None:
        size = 4 + int.from_bytes(self._buffer[2:4], "big")
        if len(self._buffer) < 4 or len(self._buffer) < size:
            return None
        del self._buffer[:size]
        return []

    def _request(self, end: int) -> list[Request] | None:
        request = _parse_head(bytes(self._buffer[:end]))
        try:
            body_bytes = int(request.headers.get("content-length", "0"))
        except ValueError:
            raise RtspError("the Content-Length is no number") from None
        if not 0 <= body_bytes <= _LARGEST_BODY_BYTES:
            raise RtspError("the request's body is too long")
        if len(self._buffer) < end + 4 + body_bytes:
            return None
        del self._buffer[: end + 4 + body_bytes]
        return [request]


def response(status: int, cseq: str, headers: Mapping[str, str] | None = None, body: str = "") -> bytes:
    """One response, ready to send."""
    lines = [f"RTSP/1.0 {status} {_REASONS[status]}", f"CSeq: {cseq}", "Server: streetwarden"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body:
        lines.append(f"Content-Length: {len(body.encode())}")
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


@dataclass(frozen=True, slots=True)
class Transport:
    """What a client offers in SETUP: `channels` in the connection, or UDP `client_ports`; (RTP, RTCP) each."""

    channels: tuple[int, int] | None = None
    client_ports: tuple[int, int] | None = None


def parse_transport(header: str) -> Transport | None:
    """The first offer that can be served (unicast, RTP over TCP or UDP); None when there is none."""
    for offer in header.split(","):
        fields = [part.strip() for part in offer.split(";")]
        values = dict(part.split("=", 1) for part in fields if "=" in part)
        if not fields[0].upper().startswith("RTP/AVP") or "multicast" in fields:
            continue
        if fields[0].upper() == "RTP/AVP/TCP":
            return Transport(channels=_pair(values.get("interleaved", "0-1"), 255))
        ports = _pair(values.get("client_port", ""), 65535)
        if ports is not None:
            return Transport(client_ports=ports)
    return None


def _pair(text: str, largest: int) -> tuple[int, int] | None:
    first, _, second = text.partition("-")
    if not first.isdigit() or (second and not second.isdigit()):
        return None
    pair = int(first), int(second) if second else int(first) + 1
    return pair if max(pair) <= largest else None


def _parse_head(head: bytes) -> Request:
    lines = head.decode("utf-8", "replace").split("\r\n")
    parts = lines[0].split()
    if len(parts) != 3 or not parts[2].startswith("RTSP/"):
        raise RtspError("this is no RTSP request")
    pairs = (line.partition(":") for line in lines[1:])
    headers = {name.strip().lower(): value.strip() for name, separator, value in pairs if separator}
    return Request(parts[0], parts[1], headers)
