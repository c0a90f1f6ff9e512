"""Camera addresses: which are allowed, and what of them may be shown."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit, urlunsplit
from zoneinfo import available_timezones

SCHEMES = ("rtsp", "rtsps", "http", "https")


def check_address(url: str) -> str:
    """Give a usable address back; raise ValueError, never repeating the address, which may hold a password."""
    if any(ord(char) <= 32 or ord(char) == 127 for char in url):
        raise ValueError("the address must not contain spaces or control characters")
    try:
        parts = urlsplit(url)
        _port = parts.port
    except ValueError as error:
        raise ValueError("the address cannot be read") from error
    if parts.scheme.lower() not in SCHEMES:
        raise ValueError(f"the address must begin with one of {', '.join(f'{each}://' for each in SCHEMES)}")
    if not parts.hostname:
        raise ValueError("the address names no host")
    return url


def shown_address(url: str) -> str:
    """The address without credentials, and without a query, which may hold some too."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    place = f"{host}:{parts.port}" if parts.port else host
    return urlunsplit(SplitResult(parts.scheme.lower(), place, parts.path, "", ""))


def check_timezone(name: str) -> str:
    """Give an IANA name back; raise ValueError for any other."""
    if name not in available_timezones():
        raise ValueError(f"unknown time zone {name!r}: expected a name such as Asia/Shanghai")
    return name
