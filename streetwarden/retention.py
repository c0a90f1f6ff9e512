"""`streetwarden retention`: deletes packages whose time is over, each with a signed tombstone in its place."""

from __future__ import annotations

import argparse
import getpass
import json
import platform
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, RootModel

from evidence.retention import (
    Retention,
    RetentionClass,
    RetentionPolicy,
    RetentionReport,
    RetentionState,
    worker_states,
)
from evidence.text import Identifier
from streams.clock import Clock, SystemClock
from streetwarden.errors import UsageError
from streetwarden.sealing import open_sealing
from streetwarden.settings import Settings, settings_from
from streetwarden.yaml_file import read_yaml


class OfficeState(BaseModel):
    """What the office knows of one package."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    retention_class: Annotated[RetentionClass, Field(alias="class")]
    held: bool = False


class OfficeStates(RootModel[dict[Identifier, OfficeState]]):
    """The states file: package id -> class and whether somebody holds it back."""


def run(options: argparse.Namespace) -> int:
    """Delete, or only count, and say what went."""
    settings = settings_from(options)
    root = options.root or settings.data_dir / "worker"
    if not (root / "packages").is_dir():
        raise UsageError(f"{root}: there is no folder `packages` in it: name the worker's folder with --root")
    report = apply(settings, root, SystemClock(), options.policy, options.states, dry=options.dry_run)
    if options.json:
        print(json.dumps({**asdict(report), "dry_run": options.dry_run}))
        return 0
    did = "would be deleted" if options.dry_run else "deleted"
    for package_id in report.deleted:
        print(f"{package_id} {did}")
    print(f"{len(report.deleted)} {did}, {report.kept} kept, {report.held} of them held back")
    return 0


def apply(
    settings: Settings, root: Path, clock: Clock, policy_file: Path | None, states_file: Path | None, *, dry: bool
) -> RetentionReport:
    """Apply the policy to a worker's folder. Raises UsageError for a bad file, OSError when the disk fails."""
    sealing = open_sealing(settings, clock)
    policy = read_policy(policy_file) if policy_file else sealing.config.file.retention
    if policy is None:
        raise UsageError("no retention policy: name one with --policy, or write `retention:` into the evidence file")
    known = read_states(states_file) if states_file else {}
    who = f"{getpass.getuser()} on {platform.node()}"
    retention = Retention(root, policy, sealing.keys.signer, clock, who)
    return retention.run(worker_states(root, known), dry=dry)


def read_policy(path: Path) -> RetentionPolicy:
    """Read a policy file. Raises UsageError: one line with file, line number, key and reason."""
    return read_yaml(path, RetentionPolicy, "retention policy")[0]


def read_states(path: Path) -> dict[str, RetentionState]:
    """Read the office's states. Raises UsageError as `read_policy` does."""
    told = read_yaml(path, OfficeStates, "states file")[0]
    return {name: RetentionState(state.retention_class, state.held) for name, state in told.root.items()}
