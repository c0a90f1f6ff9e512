"""Checks of settings that name other machines: each gives one line that says what is wrong and what to write."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from api.access import PEOPLE, Role

ASYMMETRIC = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})


def check_broker_url(url: str) -> None:
    """Raise `ValueError` unless empty or `mqtt(s)://HOST[:PORT]` without credentials."""
    if not url:
        return
    parts = urlsplit(url)
    whole = parts.path in {"", "/"} and not parts.query and not parts.fragment
    if parts.scheme not in {"mqtt", "mqtts"} or not _host(url) or not whole:
        raise ValueError("mqtt_url: expected mqtt://HOST[:PORT] or mqtts://HOST[:PORT]")
    if parts.username or parts.password:
        raise ValueError("mqtt_url: put the user into mqtt_username and the password into mqtt_password_file")


def check_provider(issuer: str, client_id: str, public_url: str) -> None:
    """Raise `ValueError` unless all that signing in with a provider needs is there and cannot be overheard."""
    if not is_safe_address(issuer):
        raise ValueError("oidc_issuer: expected https://HOST[/PATH] (http:// only on this machine)")
    if not client_id:
        raise ValueError("oidc_client_id: is needed with oidc_issuer")
    if not is_safe_address(public_url) or urlsplit(public_url).path not in {"", "/"}:
        raise ValueError("public_url: with oidc_issuer, expected the address of this service, https://HOST[:PORT]")


def check_roles_map(roles: Mapping[str, str]) -> None:
    """Raise `ValueError` when a group is given a role that people cannot have."""
    unknown = sorted(set(roles.values()) - {str(role) for role in PEOPLE})
    if unknown:
        people = ", ".join(sorted(Role(role) for role in PEOPLE))
        raise ValueError(f"oidc_roles: {unknown[0]!r} is not one of {people}")


def check_algorithms(names: Sequence[str]) -> None:
    """Raise `ValueError` unless each is a signature that only the holder of a private key can make."""
    wrong = [name for name in names if name not in ASYMMETRIC]
    if wrong or not names:
        raise ValueError(f"oidc_algorithms: expected some of {', '.join(sorted(ASYMMETRIC))}")


def is_safe_address(url: str) -> bool:
    """Whether this is HTTPS, or HTTP on this machine, with a host and neither credentials nor a query."""
    parts, host = urlsplit(url), _host(url)
    plain = parts.username is None and not parts.query and not parts.fragment
    return bool(host) and plain and (parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host)))


def _host(url: str) -> str:
    """The host of an address whose port, if there is one, is a number; else nothing."""
    parts = urlsplit(url)
    try:
        _port = parts.port
    except ValueError:
        return ""
    return parts.hostname or ""


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
