"""A camera's clock by ONVIF: one `GetSystemDateAndTime` (Core specification 5.3 and 8.3.1), which needs no password."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import httpx

from evidence.clock_reading import ClockSample
from evidence.encoding import to_ns
from evidence.errors import ClockError
from streams.clock import Clock

METHOD: Final = "ONVIF GetSystemDateAndTime"
MAX_ANSWER_BYTES: Final = 64 * 1024
_HALF_SECOND_NS: Final = 500_000_000
_FIELDS: Final = ("Year", "Month", "Day", "Hour", "Minute", "Second")
_REQUEST: Final = (
    b'<?xml version="1.0" encoding="UTF-8"?>'
    b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>'
    b'<GetSystemDateAndTime xmlns="http://www.onvif.org/ver10/device/wsdl"/>'
    b"</s:Body></s:Envelope>"
)
_HEADERS: Final = {
    "Content-Type": 'application/soap+xml; charset=utf-8; action="http://www.onvif.org/ver10/device/wsdl/GetSystemDateAndTime"'
}


def measure(url: str, clock: Clock, timeout_s: float = 3.0) -> ClockSample:
    """How far the camera's clock is ahead of this machine's; `url` is its device service.

    The answer has whole seconds, so the uncertainty is half a second and half the way there and back. Blocks at most
    a few times `timeout_s`. Raises ClockError, one line without the address's password, when there is no good answer.
    """
    sent_ns, begun_ns = clock.wall_ns(), clock.monotonic_ns()
    answer = _ask(url, timeout_s)
    took_ns = clock.monotonic_ns() - begun_ns
    # Whole seconds are cut off, not rounded: on the average half a second more.
    camera_ns = read_answer(answer) + _HALF_SECOND_NS
    offset_ns = camera_ns - (sent_ns + took_ns // 2)
    return ClockSample(offset_ns, _HALF_SECOND_NS + took_ns // 2, METHOD, sent_ns)


def read_answer(data: bytes) -> int:
    """The camera's UTC time in the SOAP answer, in nanoseconds. Raises ClockError for anything else."""
    # No honest answer declares a document type, and without one XML cannot grow or reach out.
    if re.search(rb"<!\s*(DOCTYPE|ENTITY)", data, re.IGNORECASE) or b"\x00" in data:
        raise ClockError("the camera's answer is no plain XML")
    try:
        root = ET.fromstring(data)  # noqa: S314 - bounded, and without a document type
        values = {field: int(text) for field, text in _utc_fields(root)}
        moment = datetime(*(values[field] for field in _FIELDS), tzinfo=UTC)  # type: ignore[arg-type,misc]
    except (ET.ParseError, KeyError, ValueError, OverflowError) as error:
        raise ClockError("the camera's answer has no UTC date and time") from error
    return to_ns(moment)


def _utc_fields(root: ET.Element) -> Iterator[tuple[str, str]]:
    """The numbers below UTCDateTime, whatever prefix the camera gives the name space."""
    for utc in root.iter("{http://www.onvif.org/ver10/schema}UTCDateTime"):
        for element in utc.iter():
            name = element.tag.rpartition("}")[2]
            if name in _FIELDS:
                yield name, element.text or ""


def _ask(url: str, timeout_s: float) -> bytes:
    try:
        with httpx.stream(
            "POST", url, content=_REQUEST, headers=_HEADERS, timeout=timeout_s, trust_env=False
        ) as answer:
            answer.raise_for_status()
            data = b""
            for chunk in answer.iter_bytes():
                data += chunk
                if len(data) > MAX_ANSWER_BYTES:
                    raise ClockError("the camera's answer does not end")
    except httpx.HTTPStatusError as error:
        raise ClockError(f"the camera answered {error.response.status_code}") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ClockError(f"the camera does not answer: {type(error).__name__}") from error
    return data
