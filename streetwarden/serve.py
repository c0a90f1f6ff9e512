"""`streetwarden serve`, and the first accounts of an office: `user` and `token`."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from api.bootstrap import create_token, create_user, verify_audit
from api.errors import SetupError
from api.serve import run as run_server
from api.settings import ApiSettings
from streetwarden.errors import UsageError
from streetwarden.evidence_config import evidence_config
from streetwarden.office_derivatives import LocalDeriver
from streetwarden.office_retention import rounds
from streetwarden.replayer import LocalReplayer
from streetwarden.settings import Settings, settings_from


def api_settings(settings: Settings) -> ApiSettings:
    """The case service's settings: its data lies in `api` below the machine's data folder.

    The time-stamp authority of the evidence file is the one that it trusts and publishes. Raises UsageError.
    """
    told: dict[str, Any] = {"data_dir": settings.data_dir / "api", "database_url": settings.database_url or ""}
    stamping = evidence_config(settings).stamping
    if stamping is not None:
        told["timestamp_authorities"] = (stamping.authority,)
    return ApiSettings(**told)


def run(options: argparse.Namespace) -> int:
    """Serve until a signal comes. Raises UsageError when the port is taken or the database cannot be used."""
    try:
        settings = settings_from(options)
        replayer = LocalReplayer(settings.tracks_dir)
        told, deriver = api_settings(settings), LocalDeriver(settings)
        with rounds(settings, told):
            run_server(told, options.host, options.port, on_ready=_announce, replayer=replayer, deriver=deriver)
    except SetupError as error:
        raise UsageError(str(error)) from None
    return 0


def check_audit(options: argparse.Namespace) -> int:
    """Walk the audit log's chain; exit 1 and say where when it does not hold."""
    try:
        verdict = verify_audit(api_settings(settings_from(options)))
    except SetupError as error:
        raise UsageError(str(error)) from None
    if verdict.holds:
        print(f"{verdict.entries} entries, the chain holds")
        return 0
    print(f"entry {verdict.broken_at} of {verdict.entries}: {verdict.problem}")
    return 1


def make_user(options: argparse.Namespace) -> int:
    """Make a person's account and print its one-time password."""
    try:
        login = create_user(api_settings(settings_from(options)), options.name, options.role)
    except SetupError as error:
        raise UsageError(str(error)) from None
    print(login.password)
    return 0


def make_token(options: argparse.Namespace) -> int:
    """Make a worker's token and print it, this once."""
    try:
        print(create_token(api_settings(settings_from(options)), options.name))
    except SetupError as error:
        raise UsageError(str(error)) from None
    return 0


def _announce(url: str) -> None:
    print(f"streetwarden: serving at {url}", file=sys.stderr, flush=True)
