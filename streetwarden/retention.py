"""`streetwarden retention`: deletes packages whose time is over, each with a signed tombstone in its place."""

from __future__ import annotations

import argparse
import getpass
import json
import platform
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, RootModel

from evidence.client import CaseClient
from evidence.errors import ServiceRefused, ServiceUnreachable
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
from streetwarden.evidence_config import evidence_config
from streetwarden.machine_token import read_token
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
    if options.office:
        return _told(_of_the_office(settings, options), options)
    root = options.root or settings.data_dir / "worker"
    if not (root / "packages").is_dir():
        raise UsageError(f"{root}: there is no folder `packages` in it: name the worker's folder with --root")
    known = read_states(options.states) if options.states else {}
    if options.api:
        known = {**ask_office(options.api, read_token(options.token_file, settings), root), **known}
    report = apply(settings, root, SystemClock(), options.policy, known, dry=options.dry_run)
    return _told(report, options)


def _of_the_office(settings: Settings, options: argparse.Namespace) -> RetentionReport:
    """The case service's own store; a worker's machine need not have what that asks for."""
    from streetwarden.office_retention import apply_once  # noqa: PLC0415
    from streetwarden.serve import api_settings  # noqa: PLC0415

    policy = wanted_policy(options.policy, evidence_config(settings).file.retention)
    return apply_once(settings, api_settings(settings), policy, dry=options.dry_run)


def wanted_policy(policy_file: Path | None, own: RetentionPolicy | None) -> RetentionPolicy:
    """The policy of the file that was named, else that of the evidence file. Raises UsageError when there is none."""
    policy = read_policy(policy_file) if policy_file else own
    if policy is None:
        raise UsageError("no retention policy: name one with --policy, or write `retention:` into the evidence file")
    return policy


def _told(report: RetentionReport, options: argparse.Namespace) -> int:
    if options.json:
        print(json.dumps({**asdict(report), "dry_run": options.dry_run}))
        return 0
    did = "would be deleted" if options.dry_run else "deleted"
    for package_id in report.deleted:
        print(f"{package_id} {did}")
    print(f"{len(report.deleted)} {did}, {report.kept} kept, {report.held} of them held back")
    return 0


def apply(
    settings: Settings,
    root: Path,
    clock: Clock,
    policy_file: Path | None,
    known: Mapping[str, RetentionState],
    *,
    dry: bool,
) -> RetentionReport:
    """Apply the policy to a worker's folder. Raises UsageError for a bad file, OSError when the disk fails."""
    sealing = open_sealing(settings, clock)
    policy = wanted_policy(policy_file, sealing.config.file.retention)
    who = f"{getpass.getuser()} on {platform.node()}"
    retention = Retention(root, policy, sealing.keys.signer, clock, who)
    return retention.run(with_office(worker_states(root), known, policy), dry=dry)


def with_office(
    own: Callable[[str], RetentionState], known: Mapping[str, RetentionState], policy: RetentionPolicy
) -> Callable[[str], RetentionState]:
    """What the office says goes first. But a copy that it has taken may go as `handed_over`, unless it is held back."""

    def state(package_id: str) -> RetentionState:
        here, office = own(package_id), known.get(package_id)
        if office is None:
            return here
        if here.retention_class == "handed_over" and "handed_over" in policy.keep_days:
            return RetentionState("handed_over", office.held)
        return office

    return state


def ask_office(url: str, token: str, root: Path) -> dict[str, RetentionState]:
    """What the office knows of the packages below `root`. Raises UsageError when it does not say."""
    ids = sorted(folder.name for folder in (root / "packages").iterdir())
    try:
        with CaseClient(url, token) as client:
            return client.ask_retention(ids)
    except (ServiceUnreachable, ServiceRefused) as error:
        raise UsageError(f"--api {url}: {error}; nothing was deleted") from None


def read_policy(path: Path) -> RetentionPolicy:
    """Read a policy file. Raises UsageError: one line with file, line number, key and reason."""
    return read_yaml(path, RetentionPolicy, "retention policy")[0]


def read_states(path: Path) -> dict[str, RetentionState]:
    """Read the office's states. Raises UsageError as `read_policy` does."""
    told = read_yaml(path, OfficeStates, "states file")[0]
    return {name: RetentionState(state.retention_class, state.held) for name, state in told.root.items()}
