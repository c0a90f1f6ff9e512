"""`streetwarden doctor`: what this machine has, what is missing, what would be chosen."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import shutil
import sys
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from streetwarden.findings import Finding, examine_evidence
from streetwarden.settings import Settings, settings_from

RUN_TIME_PACKAGES = ("av", "numpy", "onnxruntime", "opencv-python", "fastapi", "sqlalchemy", "cryptography")
EXTRAS = {"train": ("torch", "ultralytics"), "postgres": ("psycopg",), "openvino": ("openvino",)}


def run(options: argparse.Namespace) -> int:
    """Print the report; exit 1 when something that the product needs is missing."""
    findings = examine(settings_from(options))
    if options.json:
        print(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False))
    else:
        marks = {True: "ok     ", False: "MISSING", None: "       "}
        for finding in findings:
            print(f"{marks[finding.ok]} {finding.subject:<16} {finding.says}")
    return int(any(finding.ok is False for finding in findings))


def examine(settings: Settings) -> list[Finding]:
    """Every finding, in the order of the report."""
    return [
        _machine(),
        _python(),
        *(_package(name) for name in RUN_TIME_PACKAGES),
        *(_extra(name, modules) for name, modules in EXTRAS.items()),
        _decoders(),
        _model(settings),
        _backends(settings),
        _data_folder(settings.data_dir),
        *examine_evidence(settings),
        _browserless_tools(),
    ]


def _machine() -> Finding:
    memory_gib = psutil.virtual_memory().total / 2**30
    return Finding("machine", None, f"{os.cpu_count()} cores, {memory_gib:.1f} GiB, {platform.platform()}")


def _python() -> Finding:
    return Finding("python", sys.version_info >= (3, 11), platform.python_version())


def _package(name: str) -> Finding:
    try:
        return Finding(name, True, version(name))  # noqa: FBT003
    except PackageNotFoundError:
        return Finding(name, False, "not installed; run make venv")  # noqa: FBT003


def _extra(name: str, modules: tuple[str, ...]) -> Finding:
    missing = [module for module in modules if importlib.util.find_spec(module) is None]
    return Finding(f"extra {name}", None, f"not installed: {', '.join(missing)}" if missing else "installed")


def _decoders() -> Finding:
    import av  # noqa: PLC0415

    wanted = {"h264", "hevc"}
    missing = wanted - av.codecs_available
    return Finding("decoders", not missing, "H.264 and H.265 in software" if not missing else f"no {missing}")


def _model(settings: Settings) -> Finding:
    from streetwarden.detection import describe_model  # noqa: PLC0415
    from streetwarden.errors import UsageError  # noqa: PLC0415

    try:
        return Finding("model", True, describe_model(settings))  # noqa: FBT003
    except UsageError as error:
        return Finding("model", False, str(error))  # noqa: FBT003


def _backends(settings: Settings) -> Finding:
    """What each way to run the model would need for one 1080p picture on one thread, the fastest first."""
    from detector.trial import try_backends  # noqa: PLC0415
    from streetwarden.detection import model_path  # noqa: PLC0415
    from streetwarden.errors import UsageError  # noqa: PLC0415

    try:
        return Finding("backends", None, "; ".join(map(str, try_backends(model_path(settings.model)))))
    except UsageError as error:
        return Finding("backends", None, f"not tried: {error}")


def _data_folder(path: Path) -> Finding:
    place = next(parent for parent in (path, *path.parents) if parent.exists())
    free_gib = shutil.disk_usage(place).free / 2**30
    return Finding("data folder", os.access(place, os.W_OK), f"{path}, {free_gib:.0f} GiB free")


def _browserless_tools() -> Finding:
    found = shutil.which("openssl")
    return Finding("openssl", None, found or "not found; only the by-hand check of packages needs it")
