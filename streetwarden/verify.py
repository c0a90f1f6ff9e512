"""`streetwarden verify`: check evidence packages with nothing but the packages and the published keys."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from evidence.errors import KeyMaterialError, TransportError
from evidence.keys import load_registry
from evidence.problems import Problem, ProblemCode
from evidence.signing import KeyRegistry
from evidence.transport import unpack_bag
from evidence.verify import BatchReport, VerificationReport, verify_packages
from streetwarden.errors import UsageError
from streetwarden.settings import settings_from


def run(options: argparse.Namespace) -> int:
    """Check packages and the chains they make; 0 only when all hold, 1 when one does not, 2 when one is not there."""
    for path in options.packages:
        if not path.exists():
            raise UsageError(f"{path}: no such package")
    report = verify_all(options.packages, read_registry(options.keys))
    if options.json:
        _print_json(report)
    else:
        _print_lines(report)
    return int(not report.ok)


def verify_all(packages: Sequence[Path], registry: KeyRegistry) -> BatchReport:
    """Verify package folders and downloaded ZIP files, and the chains that they make together."""
    with tempfile.TemporaryDirectory(prefix="streetwarden-verify-") as scratch:
        folders: dict[Path, Path] = {}
        refused: list[VerificationReport] = []
        for number, package in enumerate(packages):
            try:
                folders[_as_folder(package, Path(scratch) / str(number))] = package
            except TransportError as error:
                problem = Problem(ProblemCode(error.code), error.where, error.detail)
                refused.append(VerificationReport(str(package), False, None, (problem,), None, None))  # noqa: FBT003
        batch = verify_packages(folders, registry)
    named = [
        replace(report, subject=str(package)) for report, package in zip(batch.packages, folders.values(), strict=True)
    ]
    return BatchReport((*named, *refused), batch.chain_problems)


def _as_folder(package: Path, scratch: Path) -> Path:
    if package.is_dir():
        return package
    unpack_bag(package, scratch)
    return scratch


def read_registry(path: Path | None) -> KeyRegistry:
    """The published keys: a file that was handed over, else this machine's own. Raises UsageError."""
    chosen = path or settings_from(argparse.Namespace()).keys_dir / "registry.json"
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
