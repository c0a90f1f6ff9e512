"""What `doctor` finds of the things that make records evidence: key, clock, time stamps, retention."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from evidence.errors import KeyMaterialError
from evidence.host_clock import HostClockWatch
from evidence.keys import load_registry
from streams.clock import SystemClock
from streetwarden.errors import UsageError
from streetwarden.evidence_config import EvidenceConfig, evidence_config
from streetwarden.settings import Settings

LIMIT_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report; `ok` None: a fact, neither good nor bad."""

    subject: str
    ok: bool | None
    says: str


def examine_evidence(settings: Settings) -> Iterator[Finding]:
    """The key, the host's clock (asked now, for a few seconds at most), the authority and the policy."""
    try:
        config = evidence_config(settings)
    except UsageError as error:
        yield Finding("evidence file", False, str(error))  # noqa: FBT003
        return
    yield _key(settings)
    yield _clock(config)
    stamping = config.stamping
    yield Finding("time stamps", None, f"{stamping.name}, {stamping.url}" if stamping else "no authority is configured")
    policy = config.file.retention
    yield Finding("retention", None, policy.name if policy else "no policy: nothing is deleted")


def _key(settings: Settings) -> Finding:
    path = settings.keys_dir / "registry.json"
    if not path.exists():
        return Finding("signing key", None, "none yet; the worker makes it at its first start")
    try:
        registry = load_registry(path)
    except KeyMaterialError as error:
        return Finding("signing key", False, str(error))  # noqa: FBT003
    good = [entry for entry in registry.keys if entry.revoked_at is None]
    return Finding("signing key", None, f"{path}: {len(good)} in use, {len(registry.keys) - len(good)} revoked")


def _clock(config: EvidenceConfig) -> Finding:
    """A clock that nobody checks is no error of the machine: its records are leads, and say so."""
    watch = HostClockWatch(SystemClock(), config.file.clock.host)
    watch.measure()
    state = watch.state
    if state.offset_ns is None:
        return Finding("clock", None, f"{state.method}; records stay leads")
    off_ns = abs(state.offset_ns) + (state.uncertainty_ns or 0)
    says = f"{state.offset_ns / 1e9:+.3f} s by {state.method}, good to {(state.uncertainty_ns or 0) / 1e9:.3f} s"
    return Finding("clock", off_ns <= LIMIT_NS, says)
