"""Finds cameras by ONVIF WS-Discovery (WS-Discovery 2005/04, ONVIF Core 7): one question, and who answers in time."""

from __future__ import annotations

import re
import socket
import time
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any, Final
from urllib.parse import unquote, urlsplit

GROUP: Final = ("239.255.255.250", 3702)
SECONDS = 4.0
MOST_BYTES = 65_535
MOST_DEVICES = 512
DISCOVERY: Final = "{http://schemas.xmlsoap.org/ws/2005/04/discovery}"
SCOPE: Final = "onvif://www.onvif.org/"
QUESTION = """<?xml version="1.0" encoding="UTF-8"?>
<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" xmlns:w="http://schemas.xmlsoap.org/ws/2004/08/addressing"
 xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" xmlns:dn="http://www.onvif.org/ver10/network/wsdl"><e:Header>
<w:MessageID>uuid:{number}</w:MessageID><w:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</w:To>
<w:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</w:Action></e:Header>
<e:Body><d:Probe><d:Types>dn:NetworkVideoTransmitter</d:Types></d:Probe></e:Body></e:Envelope>"""


@dataclass(frozen=True, slots=True)
class Device:
    """A device that answered: the address of its device service, and what it says of itself."""

    host: str
    onvif_url: str
    name: str = ""
    hardware: str = ""
    location: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)


def find_cameras(group: tuple[str, int] = GROUP, seconds: float = SECONDS) -> list[Device]:
    """The devices that answer within `seconds`, by host. Raises OSError when nothing can be sent."""
    found: dict[str, Device] = {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 2)
        asking.sendto(QUESTION.format(number=uuid.uuid4()).encode(), group)
        for data, host in _answers(asking, time.monotonic() + seconds):
            for device in read_answer(data, host):
                found.setdefault(device.onvif_url, device)
            if len(found) >= MOST_DEVICES:
                break
    return sorted(found.values(), key=lambda device: (device.host, device.onvif_url))


def _answers(asking: socket.socket, until: float) -> Iterator[tuple[bytes, str]]:
    while (left := until - time.monotonic()) > 0:
        asking.settimeout(left)
        with suppress(TimeoutError, ConnectionRefusedError):
            data, (host, _port) = asking.recvfrom(MOST_BYTES)
            yield data, host


def read_answer(data: bytes, host: str) -> list[Device]:
    """The devices of one ProbeMatches from `host`; whatever else comes is no device.

    Only addresses at the sender's own host are believed: an answer must not lead somebody elsewhere.
    """
    # No honest answer declares a document type, and without one XML cannot grow or reach out.
    if re.search(rb"<!\s*(DOCTYPE|ENTITY)", data, re.IGNORECASE) or b"\x00" in data:
        return []
    try:
        root = ET.fromstring(data)  # noqa: S314 - bounded, and without a document type
    except ET.ParseError:
        return []
    return [device for match in root.iter(f"{DISCOVERY}ProbeMatch") if (device := _device(match, host)) is not None]


def _device(match: ET.Element, host: str) -> Device | None:
    addresses = (match.findtext(f"{DISCOVERY}XAddrs") or "").split()
    url = next((each for each in addresses if _is_at(each, host)), None)
    if url is None:
        return None
    scopes = (match.findtext(f"{DISCOVERY}Scopes") or "").split()
    return Device(host, url, *(_scope(scopes, name) for name in ("name", "hardware", "location")))


def _is_at(url: str, host: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and parts.hostname == host and parts.username is None


def _scope(scopes: list[str], name: str) -> str:
    head = f"{SCOPE}{name}/"
    words = [unquote(scope.removeprefix(head)) for scope in scopes if scope.startswith(head)]
    # A country and a city may come one by one.
    return " ".join("".join(char for char in " · ".join(words) if char.isprintable()).split())[:120]
