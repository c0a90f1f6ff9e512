"""One SNTP question (RFC 4330, RFC 5905): how far this machine's clock is off a time server's."""

from __future__ import annotations

import secrets
import socket
import struct
from typing import Final

from evidence.clock_reading import ClockSample
from evidence.errors import ClockError
from streams.clock import Clock

PORT: Final = 123
_PACKET: Final = struct.Struct("!BBbb11I")
_ERA_OFFSET_S: Final = 2_208_988_800
_ERA_S: Final = 1 << 32
_CLIENT: Final = 0x23  # leap 0, version 4, mode 3
_SERVER_MODE: Final = 4
_UNSYNCHRONISED: Final = 3
_MAX_STRATUM: Final = 15


def query(server: str, clock: Clock, timeout_s: float = 2.0) -> ClockSample:
    """Ask `HOST` or `HOST:PORT` once; the sample says how far the host's clock is ahead of it.

    The uncertainty is half the way there and back plus what the server says of its own distance to the source.
    Raises ClockError, one line, for no answer in time and for one that cannot be believed. Blocks at most `timeout_s`
    and the time of a name's resolution.
    """
    host, port = _address(server)
    # A random time in the request comes back in the answer: nobody off the path can answer in the server's place.
    token = secrets.token_bytes(8)
    try:
        with _connected(host, port, timeout_s) as channel:
            sent_ns, begun_ns = clock.wall_ns(), clock.monotonic_ns()
            channel.send(_PACKET.pack(_CLIENT, 0, 0, 0, *[0] * 9, *struct.unpack("!2I", token)))
            answer = channel.recv(512)
            took_ns = clock.monotonic_ns() - begun_ns
    except (OSError, UnicodeError) as error:
        raise ClockError(f"{server}: no answer: {error}") from error
    return _sample(server, answer, token, sent_ns, took_ns)


def _connected(host: str, port: int, timeout_s: float) -> socket.socket:
    """A UDP socket that takes answers from that address alone."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    channel = socket.socket(family, kind, protocol)
    try:
        channel.settimeout(timeout_s)
        channel.connect(address)
    except OSError:
        channel.close()
        raise
    return channel


def _address(server: str) -> tuple[str, int]:
    host, colon, port = server.rpartition(":")
    if colon and ":" not in host and port.isdigit():
        return host, int(port)
    return server.strip("[]"), PORT


def _sample(server: str, answer: bytes, token: bytes, sent_ns: int, took_ns: int) -> ClockSample:
    if len(answer) < _PACKET.size:
        raise ClockError(f"{server}: {len(answer)} bytes are no answer of a time server")
    first, stratum, _, _, root_delay, root_dispersion, *times = _PACKET.unpack(answer[: _PACKET.size])
    if first & 7 != _SERVER_MODE or answer[24:32] != token:
        raise ClockError(f"{server}: the answer is to another question")
    if first >> 6 == _UNSYNCHRONISED or not 1 <= stratum <= _MAX_STRATUM:
        raise ClockError(f"{server}: the server itself has no time (stratum {stratum})")
    received_ns, answered_ns = _unix_ns(times[5], times[6], sent_ns), _unix_ns(times[7], times[8], sent_ns)
    there_and_back_ns = max(0, took_ns - max(0, answered_ns - received_ns))
    # Half the way after the question the host's clock read `sent_ns + took_ns / 2`, the server's the mean of its two.
    offset_ns = sent_ns + took_ns // 2 - (received_ns + answered_ns) // 2
    distance_ns = _fixed_ns(root_delay) // 2 + _fixed_ns(root_dispersion)
    return ClockSample(offset_ns, there_and_back_ns // 2 + distance_ns, f"SNTP {server}", sent_ns - offset_ns)


def _unix_ns(seconds: int, fraction: int, near_ns: int) -> int:
    """Nanoseconds since 1970 of an NTP time, in the era that lies nearest to `near_ns` (the first ended in 2036)."""
    unix_s = seconds - _ERA_OFFSET_S
    unix_s += round((near_ns / 1e9 - unix_s) / _ERA_S) * _ERA_S
    return unix_s * 1_000_000_000 + (fraction * 1_000_000_000 >> 32)


def _fixed_ns(value: int) -> int:
    """Nanoseconds of NTP's short format: seconds in 16.16 bits."""
    return value * 1_000_000_000 >> 16
