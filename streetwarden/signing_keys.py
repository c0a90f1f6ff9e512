"""`streetwarden keys`: the machine's signing key and the registry that is published of it."""

from __future__ import annotations

import argparse
import platform
from datetime import datetime

from evidence.errors import KeyMaterialError
from evidence.keys import load_registry, rotate, save_registry
from evidence.registry import KeyEntry, KeyRegistry
from streams.clock import SystemClock
from streetwarden.errors import UsageError
from streetwarden.evidence_config import evidence_config
from streetwarden.sealing import open_sealing
from streetwarden.settings import Settings, settings_from

START_AGAIN = "start the worker again: it tells the office and seals with the key that holds"


def list_keys(options: argparse.Namespace) -> int:
    """Print the registry."""
    registry = _registry(settings_from(options))
    if options.json:
        print(registry.to_bytes().decode(), end="")
        return 0
    for entry in registry.keys:
        since = f"from {entry.valid_from:%Y-%m-%d %H:%M}"
        print(f"{entry.key_id}  {entry.algorithm:<8} {since} {_state(entry)}  {entry.owner}")
    for authority in registry.timestamp_authorities:
        print(f"time stamps: {authority.name}")
    return 0


def rotate_key(options: argparse.Namespace) -> int:
    """Make a new key; what the old one sealed stays authentic."""
    settings = settings_from(options)
    _registry(settings)
    source = evidence_config(settings).file.keys
    keys = rotate(settings.keys_dir, SystemClock(), owner=platform.node(), source=source)
    print(f"{keys.entry.key_id} is the key now; {START_AGAIN}")
    return 0


def revoke_key(options: argparse.Namespace) -> int:
    """End a key; one that is compromised stays so."""
    settings = settings_from(options)
    registry = _registry(settings)
    entry = registry.get(options.key_id)
    if entry is None:
        raise UsageError(f"there is no key {options.key_id}; `streetwarden keys list` names them")
    if entry.revocation_reason == "compromised" and options.reason == "superseded":
        raise UsageError(f"key {entry.key_id} is compromised, and stays so")
    change = {"revoked_at": datetime.now().astimezone(), "revocation_reason": options.reason}
    if options.since is not None:
        change["compromised_from"] = _time(options.since)
    try:
        ended = KeyEntry.model_validate({**entry.model_dump(), **change})
    except ValueError:
        raise UsageError("--from belongs to --reason compromised") from None
    save_registry(registry.with_key(ended), settings.keys_dir / "registry.json")
    print(f"{entry.key_id} is revoked as {options.reason}; {START_AGAIN}")
    return 0


def publish_keys(options: argparse.Namespace) -> int:
    """Write the registry, the time-stamp authority with it, where others can have it."""
    keys = open_sealing(settings_from(options), SystemClock()).keys
    save_registry(keys.registry, options.file)
    print(f"{options.file}: {len(keys.registry.keys)} keys, {len(keys.registry.timestamp_authorities)} authorities")
    return 0


def _registry(settings: Settings) -> KeyRegistry:
    try:
        return load_registry(settings.keys_dir / "registry.json")
    except KeyMaterialError as error:
        raise UsageError(f"{error}; the worker makes the key at its first start") from None


def _state(entry: KeyEntry) -> str:
    if entry.revoked_at is not None:
        since = f" from {entry.compromised_from:%Y-%m-%d %H:%M}" if entry.compromised_from else ""
        return f"{entry.revocation_reason or 'revoked'} at {entry.revoked_at:%Y-%m-%d %H:%M}{since}"
    return f"until {entry.valid_until:%Y-%m-%d}" if entry.valid_until else "in use"


def _time(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--from {text}: write a time as 2026-06-01T12:00:00+08:00") from None
    if moment.tzinfo is None:
        raise UsageError(f"--from {text}: its time zone is missing: 2026-06-01T12:00:00+08:00")
    return moment
