"""Who seals on this machine and who stamps: its key, the office's decisions on evidence, and the stamper's thread."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from evidence.keys import Keys, open_keys, publish_authority
from evidence.package import SealedPackage
from evidence.stamper import OnStamped, Stamper
from streams.clock import Clock
from streetwarden.evidence_config import EvidenceConfig, evidence_config
from streetwarden.settings import Settings

OnSealed = Callable[[SealedPackage], None]


@dataclass(frozen=True, slots=True)
class Sealing:
    """The machine's key with its registry, and what the office decided."""

    keys: Keys
    config: EvidenceConfig


def open_sealing(settings: Settings, clock: Clock) -> Sealing:
    """Open the key (made at first use) and publish the time-stamp authority beside it.

    Raises UsageError for a bad evidence file, KeyMaterialError for a key that cannot be used.
    """
    config = evidence_config(settings)
    keys = open_keys(settings.keys_dir, clock, owner=platform.node(), source=config.file.keys)
    if config.stamping is not None:
        keys = publish_authority(keys, config.stamping.authority)
    return Sealing(keys, config)


@contextmanager
def stamping(
    sealing: Sealing, root: Path, clock: Clock, on_stamped: OnStamped | None = None, drain_s: float = 5.0
) -> Iterator[Stamper | None]:
    """The stamper at work, None where no authority is configured; the last packages get `drain_s` for their stamps."""
    if sealing.config.stamping is None:
        yield None
        return
    stamper = Stamper(root, sealing.keys.signer, sealing.config.stamping, clock, on_stamped=on_stamped)
    stamper.start()
    try:
        yield stamper
        end = time.monotonic() + drain_s
        while stamper.waiting and stamper.last_error is None and time.monotonic() < end:
            time.sleep(0.05)
    finally:
        stamper.stop()


def stamped_too(on_sealed: OnSealed, stamper: Stamper | None) -> OnSealed:
    """Tell the stamper first of each sealed package, then whoever else wants to know."""
    if stamper is None:
        return on_sealed

    def told(package: SealedPackage) -> None:
        stamper.put(package.package_id)
        on_sealed(package)

    return told
