"""`streetwarden verify`: check evidence packages with nothing but the packages and the published keys."""

from __future__ import annotations

import argparse
from pathlib import Path


def run(options: argparse.Namespace) -> int:
    raise SystemExit(options)
