"""`streetwarden verify`: check evidence packages with nothing but the packages and the published keys."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from evidence.errors import KeyMaterialError
from evidence.keys import load_registry
from evidence.signing import KeyRegistry
from evidence.verify import BatchReport, VerificationReport, verify_packages
from streetwarden.errors import UsageError
from streetwarden.settings import Settings


def run(options: argparse.Namespace) -> int:
    """Check packages and the chains they make; 0 only when all hold, 1 when one does not, 2 when one is not there."""
    for path in options.packages:
        if not path.is_dir():
            raise UsageError(f"{path}: no package folder; a downloaded ZIP is unpacked first")
    report = verify_packages(options.packages, read_registry(options.keys))
    if options.json:
        _print_json(report)
    else:
        _print_lines(report)
    return int(not report.ok)


def read_registry(path: Path | None) -> KeyRegistry:
    """The published keys: a file that was handed over, else this machine's own. Raises UsageError."""
    chosen = path or Settings().keys_dir / "registry.json"
    try:
        return load_registry(chosen)
    except KeyMaterialError as error:
        hint = "" if path else "; name the published registry with --keys FILE"
        raise UsageError(f"{error}{hint}") from None


def _print_json(report: BatchReport) -> None:
    for package in report.packages:
        print(json.dumps(package.to_json(), ensure_ascii=False))
    for problem in report.chain_problems:
        print(json.dumps({"chain": {"code": problem.code.value, "where": problem.where, "detail": problem.detail}}))


def _print_lines(report: BatchReport) -> None:
    for package in report.packages:
        print(f"{'holds' if package.ok else 'FAILS'}  {package.subject}  {_verdicts(package)}")
        for problem in package.problems:
            print(f"       {problem.code.value}: {problem.where}: {problem.detail}")
    for problem in report.chain_problems:
        print(f"FAILS  {problem.code.value}: {problem.where}: {problem.detail}")


def _verdicts(package: VerificationReport) -> str:
    said = {True: "authentic", False: "not authentic", None: "authenticity not checked"}
    return f"{'intact' if package.integrity_ok else 'altered'}, {said[package.authentic]}"
