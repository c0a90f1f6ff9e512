"""The verbs with which an office keeps its evidence: `retention` and `keys`."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

Run = Callable[[argparse.Namespace], int]


def add_parsers(verbs: Any) -> None:
    """Add them to the command line's verbs."""
    about = "Delete packages whose time is over; a signed tombstone stays of each."
    retention = verbs.add_parser("retention", help=about, description=about)
    retention.add_argument("--policy", type=Path, metavar="YAML", help="default: `retention` of the evidence file")
    retention.add_argument("--root", type=Path, metavar="DIR", help="where packages/ lies (default: the worker's)")
    retention.add_argument(
        "--states", type=Path, metavar="YAML", help="what the office knows: {PACKAGE: {class, held}}"
    )
    retention.add_argument("--api", metavar="URL", help="ask this API what the office knows")
    retention.add_argument(
        "--token-file", type=Path, metavar="FILE", help="machine token (default: STREETWARDEN_TOKEN)"
    )
    retention.add_argument("--office", action="store_true", help="the case service's own packages on this machine")
    retention.add_argument("--dry-run", action="store_true", help="only say what would go")
    retention.add_argument("--json", action="store_true", help="print one JSON object")
    _data(retention, _later("retention", "run"))
    _add_keys(verbs)


def _add_keys(verbs: Any) -> None:
    about = "This machine's signing key and the published registry of keys."
    keys = verbs.add_parser("keys", help=about, description=about)
    actions = keys.add_subparsers(title="verbs", metavar="VERB", required=True)
    shown = actions.add_parser("list", help="the registry, a line for each key")
    shown.add_argument("--json", action="store_true", help="print the registry as it is published")
    _data(shown, _later("signing_keys", "list_keys"))
    _data(
        actions.add_parser("rotate", help="a new key; start the worker again after it"),
        _later("signing_keys", "rotate_key"),
    )
    revoke = actions.add_parser("revoke", help="end a key")
    revoke.add_argument("key_id", metavar="KEY_ID")
    revoke.add_argument("--reason", choices=("superseded", "compromised"), required=True)
    revoke.add_argument("--from", dest="since", metavar="TIME", help="compromised from this time on (RFC 3339)")
    _data(revoke, _later("signing_keys", "revoke_key"))
    publish = actions.add_parser("publish", help="write what a third party needs to verify packages")
    publish.add_argument("file", type=Path, metavar="FILE")
    _data(publish, _later("signing_keys", "publish_keys"))


def _data(parser: argparse.ArgumentParser, run: Run) -> None:
    parser.add_argument("--data", type=Path, metavar="DIR", help="data folder (default: STREETWARDEN_DATA_DIR)")
    parser.set_defaults(run=run)


def _later(module: str, function: str) -> Run:
    def run(options: argparse.Namespace) -> int:
        verb: Run = getattr(importlib.import_module(f"streetwarden.{module}"), function)
        return verb(options)

    return run
