"""Asks a device for its streams by ONVIF (Media service, ver10): profiles, and where each is to be had."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import xml.etree.ElementTree as ET
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit
from xml.sax.saxutils import escape

import httpx

from evidence.camera_time import measure
from evidence.errors import ClockError
from streams.clock import Clock, SystemClock
from streams.redact import one_line

DEVICE: Final = "http://www.onvif.org/ver10/device/wsdl"
MEDIA: Final = "http://www.onvif.org/ver10/media/wsdl"
SCHEMA: Final = "{http://www.onvif.org/ver10/schema}"
SECURITY: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
MOST_BYTES: Final = 1 << 20
MOST_PROFILES = 16
TIMEOUT_S = 5.0
SENDER_FAULT: Final = re.compile(rb"NotAuthorized|FailedAuthentication|not authorized", re.IGNORECASE)


class DeviceError(Exception):
    """The device does not answer as it should; `problem`: auth, timeout, unreachable or protocol."""

    def __init__(self, problem: str, detail: str) -> None:
        super().__init__(one_line(detail)[:300])
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Stream:
    """One profile: its address without credentials, and what it says that it sends."""

    name: str
    url: str
    codec: str = ""
    width: int | None = None
    height: int | None = None
    fps: float | None = None


def device_streams(onvif_url: str, username: str, password: str, clock: Clock | None = None) -> dict[str, Any]:
    """The answer in the shape of `api.probe.schemas.DeviceStreams`; blocks for some seconds, raises for no device."""
    try:
        with _Device(onvif_url, username, password, clock or SystemClock()) as device:
            items = device.streams()
    except DeviceError as error:
        return {"ok": False, "problem": error.problem, "detail": str(error), "items": []}
    return {"ok": True, "items": [asdict(stream) for stream in items]}


class _Device:
    def __init__(self, url: str, username: str, password: str, clock: Clock) -> None:
        self._url, self._username, self._password = url, username, password
        self._clock = clock
        # Most take the token in the message, some ask for HTTP's own digest as well.
        auth = httpx.DigestAuth(username, password) if username else None
        self._http = httpx.Client(timeout=TIMEOUT_S, trust_env=False, auth=auth, verify=False)  # noqa: S501
        self._ahead = timedelta()

    def __enter__(self) -> _Device:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def streams(self) -> list[Stream]:
        """Profile by profile. Raises DeviceError."""
        self._set_clock()
        media_url = self._media_url()
        profiles = self._ask(media_url, f'<GetProfiles xmlns="{MEDIA}"/>').iter(f"{{{MEDIA}}}Profiles")
        return [self._stream(media_url, profile) for profile in list(profiles)[:MOST_PROFILES]]

    def _set_clock(self) -> None:
        """Tokens are refused when they seem old: they are written in the device's own time."""
        try:
            self._ahead = timedelta(microseconds=measure(self._url, self._clock).offset_ns // 1000)
        except ClockError as error:
            raise DeviceError("timeout" if "Timeout" in str(error) else "unreachable", str(error)) from None

    def _media_url(self) -> str:
        """Where its media service is: at the host that was asked, whatever address it believes to have."""
        asked = f'<GetCapabilities xmlns="{DEVICE}"><Category>Media</Category></GetCapabilities>'
        told = next(self._ask(self._url, asked).iter(f"{SCHEMA}XAddr"), None)
        path = urlsplit((told.text or "").strip()).path if told is not None else ""
        if not path:
            raise DeviceError("protocol", "the device names no media service")
        base = urlsplit(self._url)
        return urlunsplit((base.scheme, base.netloc, path, "", ""))

    def _stream(self, media_url: str, profile: ET.Element) -> Stream:
        token = escape(profile.get("token", ""))
        asked = (
            f'<GetStreamUri xmlns="{MEDIA}"><StreamSetup><Stream xmlns="{SCHEMA[1:-1]}">RTP-Unicast</Stream>'
            f'<Transport xmlns="{SCHEMA[1:-1]}"><Protocol>RTSP</Protocol></Transport></StreamSetup>'
            f"<ProfileToken>{token}</ProfileToken></GetStreamUri>"
        )
        uri = next(self._ask(media_url, asked).iter(f"{SCHEMA}Uri"), None)
        encoder = profile.find(f"{SCHEMA}VideoEncoderConfiguration")
        return Stream(
            name=(profile.findtext(f"{SCHEMA}Name") or "")[:120],
            url=_without_user((uri.text or "") if uri is not None else ""),
            codec=_text(encoder, "Encoding"),
            width=_number(encoder, "Resolution", "Width"),
            height=_number(encoder, "Resolution", "Height"),
            fps=_number(encoder, "RateControl", "FrameRateLimit"),
        )

    def _ask(self, url: str, body: str) -> ET.Element:
        head = f"<s:Header>{self._token()}</s:Header>" if self._username else ""
        text = (
            f'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope">{head}<s:Body>{body}</s:Body></s:Envelope>'
        )
        try:
            headers = {"Content-Type": "application/soap+xml; charset=utf-8"}
            with self._http.stream("POST", url, content=text.encode(), headers=headers) as answer:
                data = _bounded(answer)
        except httpx.TimeoutException:
            raise DeviceError("timeout", f"no answer within {TIMEOUT_S:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise DeviceError("unreachable", f"{type(error).__name__}: {error}") from None
        if answer.status_code in (401, 403) or (not answer.is_success and SENDER_FAULT.search(data)):
            raise DeviceError("auth", "the device refuses this user name and password")
        return _parsed(answer.status_code, data)

    def _token(self) -> str:
        """A WS-UsernameToken with digest (OASIS UsernameToken Profile 1.0)."""
        nonce = secrets.token_bytes(16)
        now = datetime.fromtimestamp(self._clock.wall_ns() / 1e9, UTC) + self._ahead
        created = now.strftime("%Y-%m-%dT%H:%M:%SZ")
        # The profile asks for SHA-1.
        digest = hashlib.sha1(nonce + created.encode() + self._password.encode()).digest()  # noqa: S324
        return (
            f'<Security xmlns="{SECURITY}wssecurity-secext-1.0.xsd"><UsernameToken>'
            f"<Username>{escape(self._username)}</Username>"
            f'<Password Type="{SECURITY}username-token-profile-1.0#PasswordDigest">'
            f"{base64.b64encode(digest).decode()}</Password><Nonce>{base64.b64encode(nonce).decode()}</Nonce>"
            f'<Created xmlns="{SECURITY}wssecurity-utility-1.0.xsd">{created}</Created></UsernameToken></Security>'
        )


def _bounded(answer: httpx.Response) -> bytes:
    data = b""
    for chunk in answer.iter_bytes():
        data += chunk
        if len(data) > MOST_BYTES:
            raise DeviceError("protocol", "the device's answer does not end")
    return data


def _parsed(status: int, data: bytes) -> ET.Element:
    # No honest answer declares a document type, and without one XML cannot grow or reach out.
    if re.search(rb"<!\s*(DOCTYPE|ENTITY)", data, re.IGNORECASE) or b"\x00" in data:
        raise DeviceError("protocol", "the device's answer is no plain XML")
    if status != httpx.codes.OK:
        raise DeviceError("protocol", f"the device answered {status}")
    try:
        return ET.fromstring(data)  # noqa: S314 - bounded, and without a document type
    except ET.ParseError:
        raise DeviceError("protocol", "the device's answer is no XML") from None


def _text(element: ET.Element | None, *path: str) -> str:
    text = None if element is None else element.findtext("/".join(f"{SCHEMA}{name}" for name in path))
    return (text or "").strip()[:40]


def _number(element: ET.Element | None, *path: str) -> int | None:
    text = _text(element, *path)
    return int(text) if text.isdigit() and len(text) < 9 else None


def _without_user(url: str) -> str:
    try:
        parts = urlsplit(url.strip())
        _port = parts.port
    except ValueError:
        return ""
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, place, parts.path, parts.query, ""))[:1000]
