"""`streetwarden verify`: check evidence packages with nothing but the packages and the published keys.

A file that ends in `.json` is the tombstone of a package that retention deleted.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from evidence.encoding import from_ns
from evidence.errors import KeyMaterialError, TransportError
from evidence.keys import load_registry
from evidence.problems import Problem, ProblemCode
from evidence.signing import KeyRegistry
from evidence.transport import unpack_bag
from evidence.verify import BatchReport, TombstoneReport, VerificationReport, verify_packages
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
    """Verify package folders, downloaded ZIP files and tombstones, and the chains that they make together."""
    tombstones = [path for path in packages if path.suffix == ".json" and path.is_file()]
    with tempfile.TemporaryDirectory(prefix="streetwarden-verify-") as scratch:
        folders: dict[Path, Path] = {}
        refused: list[VerificationReport] = []
        for number, package in enumerate(path for path in packages if path not in tombstones):
            try:
                folders[_as_folder(package, Path(scratch) / str(number))] = package
            except TransportError as error:
                problem = Problem(ProblemCode(error.code), error.where, error.detail)
                refused.append(VerificationReport(str(package), False, None, (problem,), None, None))  # noqa: FBT003
        batch = verify_packages(folders, registry, tombstones=tombstones)
    named = [
        replace(report, subject=str(package)) for report, package in zip(batch.packages, folders.values(), strict=True)
    ]
    return BatchReport((*named, *refused), batch.chain_problems, batch.tombstones)


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
    for stone in report.tombstones:
        print(json.dumps(stone.to_json(), ensure_ascii=False))
    for problem in report.chain_problems:
        print(json.dumps({"chain": {"code": problem.code.value, "where": problem.where, "detail": problem.detail}}))


def _print_lines(report: BatchReport) -> None:
    for package in report.packages:
        print(f"{'holds' if package.ok else 'FAILS'}  {package.subject}  {_verdicts(package)}")
        for problem in package.problems:
            print(f"       {problem.code.value}: {problem.where}: {problem.detail}")
    for stone in report.tombstones:
        _print_tombstone(stone)
    for problem in report.chain_problems:
        print(f"FAILS  {problem.code.value}: {problem.where}: {problem.detail}")


def _print_tombstone(stone: TombstoneReport) -> None:
    what = "no tombstone" if stone.tombstone is None else f"package {stone.tombstone.package_id} {stone.tombstone.told}"
    print(f"{'gone ' if stone.ok else 'FAILS'}  {stone.subject}  {what}")
    for problem in stone.problems:
        print(f"       {problem.code.value}: {problem.where}: {problem.detail}")


def _verdicts(package: VerificationReport) -> str:
    said = {True: "authentic", False: "not authentic", None: "authenticity not checked"}
    verdicts = f"{'intact' if package.integrity_ok else 'altered'}, {said[package.authentic]}"
    stamp = package.timestamp
    if stamp.state == "trusted" and stamp.at_ns is not None:
        return f"{verdicts}, stamped {from_ns(stamp.at_ns).isoformat()} by {stamp.authority}"
    return verdicts if stamp.state == "none" else f"{verdicts}, time stamp {stamp.state}"
