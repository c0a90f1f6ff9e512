"""One RTSP connection (RFC 2326): requests and answers, and between them the interleaved packets of the video."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from streams.rtsp.authorize import Credentials
from streams.rtsp.errors import NotOurs, Refused

_DOLLAR = 0x24
_READ_BYTES = 1 << 18
_MOST_HEAD_BYTES = 1 << 16
_MOST_BODY_BYTES = 1 << 20
_OK, _UNAUTHORISED = 200, 401


@dataclass(frozen=True, slots=True)
class Answer:
    """A response; header names are lower case, repeated ones are kept all."""

    status: int
    headers: dict[str, list[str]]
    body: str

    def header(self, name: str) -> str | None:
        """The first value of a header."""
        return next(iter(self.headers.get(name, ())), None)


Interleaved = tuple[int, bytes]
"""Channel and packet."""


class Conversation:
    """Asks and reads; not to be shared by threads. Every method may raise OSError or TimeoutError."""

    def __init__(self, connection: socket.socket, credentials: Credentials | None) -> None:
        self._connection = connection
        self._credentials = credentials
        self._number = 0
        self._rest = b""
        self._early: list[Interleaved] = []
        self.session: str | None = None

    def ask(self, method: str, url: str, **headers: str) -> Answer:
        """Send a request and wait for its answer; once more with credentials when the camera asks for them.

        Raises Refused for any status but 200.
        """
        answer = self._exchange(method, url, headers)
        if answer.status == _UNAUTHORISED and self._credentials is not None:
            if not self._credentials.take_challenge(answer.headers.get("www-authenticate", [])):
                raise NotOurs("it asks for an unknown kind of authentication")
            answer = self._exchange(method, url, headers)
        if answer.status != _OK:
            raise Refused(answer.status, method)
        return answer

    def send(self, method: str, url: str) -> None:
        """Send a request whose answer nobody waits for."""
        self._send(method, url, {})

    def interleaved(self, idle: Callable[[], None]) -> Iterator[Interleaved]:
        """Packets as they come, until the camera closes; answers in between are passed over.

        `idle` is called whenever everything that has come is handed out.
        """
        yield from self._early
        self._early = []
        while True:
            packets, used = _cut(self._rest)
            yield from packets
            self._rest = self._rest[used:]
            idle()
            data = self._connection.recv(_READ_BYTES)
            if not data:
                return
            self._rest += data

    def be_patient(self, seconds: float) -> None:
        """How long one read or write may take from now on."""
        self._connection.settimeout(seconds)

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def _exchange(self, method: str, url: str, headers: dict[str, str]) -> Answer:
        self._send(method, url, headers)
        while True:
            answer = self._read_answer()
            if answer.header("cseq") in (None, str(self._number)):
                return answer

    def _send(self, method: str, url: str, headers: dict[str, str]) -> None:
        self._number += 1
        said = {"CSeq": str(self._number), "User-Agent": "streetwarden"}
        if self.session is not None:
            said["Session"] = self.session
        proof = self._credentials.answer(method, url) if self._credentials is not None else None
        if proof is not None:
            said["Authorization"] = proof
        lines = [f"{method} {url} RTSP/1.0", *(f"{name}: {value}" for name, value in {**said, **headers}.items())]
        self._connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())

    def _read_answer(self) -> Answer:
        """The next answer; video that comes before it is kept."""
        while True:
            if self._rest[:1] == bytes([_DOLLAR]):
                if self._keep_first():
                    continue
            elif (end := self._rest.find(b"\r\n\r\n")) >= 0:
                return self._take_answer(end)
            elif len(self._rest) > _MOST_HEAD_BYTES:
                raise NotOurs("its answer is no RTSP")
            data = self._connection.recv(_READ_BYTES)
            if not data:
                raise ConnectionResetError("the camera closed the connection")
            self._rest += data

    def _keep_first(self) -> bool:
        """Put the packet at the beginning aside; False while it is not whole."""
        stop = 4 + int.from_bytes(self._rest[2:4], "big")
        if len(self._rest) < max(stop, 4):
            return False
        self._early.append((self._rest[1], self._rest[4:stop]))
        self._rest = self._rest[stop:]
        return True

    def _take_answer(self, end: int) -> Answer:
        status, headers = parse_head(self._rest[:end])
        length = headers.get("content-length", ["0"])[0]
        if not length.isdigit() or int(length) > _MOST_BODY_BYTES:
            raise NotOurs(f"its answer is {length[:20]} bytes long")
        stop = end + 4 + int(length)
        while len(self._rest) < stop:
            data = self._connection.recv(_READ_BYTES)
            if not data:
                raise ConnectionResetError("the camera closed the connection")
            self._rest += data
        body, self._rest = self._rest[end + 4 : stop], self._rest[stop:]
        return Answer(status, headers, body.decode("utf-8", "replace"))


def parse_head(head: bytes) -> tuple[int, dict[str, list[str]]]:
    """Status and headers of an answer. Raises NotOurs when it is none."""
    first, *lines = head.decode("utf-8", "replace").lstrip("\r\n").split("\r\n")
    words = first.split(None, 2)
    if len(words) < 2 or not words[0].startswith("RTSP/") or not words[1].isdigit():
        raise NotOurs("its answer is no RTSP")
    headers: dict[str, list[str]] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if colon:
            headers.setdefault(name.strip().lower(), []).append(value.strip())
    return int(words[1]), headers


def _cut(data: bytes) -> tuple[list[Interleaved], int]:
    """The whole packets at the beginning of `data`, answers between them left out, and how many bytes they took."""
    packets: list[Interleaved] = []
    place, end = 0, len(data)
    while place + 4 <= end:
        if data[place] == _DOLLAR:
            stop = place + 4 + (data[place + 2] << 8 | data[place + 3])
            if stop > end:
                break
            packets.append((data[place + 1], data[place + 4 : stop]))
        else:
            behind = _behind_answer(data, place)
            if behind is None:
                break
            stop = behind
        place = stop
    return packets, place


def _behind_answer(data: bytes, place: int) -> int | None:
    """Where the answer that begins at `place` ends; None when it is not all there."""
    head_end = data.find(b"\r\n\r\n", place)
    if head_end < 0:
        if len(data) - place > _MOST_HEAD_BYTES:
            raise ConnectionResetError("the camera sends neither packets nor answers")
        return None
    _, headers = parse_head(data[place:head_end])
    length = headers.get("content-length", ["0"])[0]
    stop = head_end + 4 + (int(length) if length.isdigit() else 0)
    return stop if stop <= len(data) else None
