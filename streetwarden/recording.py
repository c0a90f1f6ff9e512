"""Who signs and what the package says of this machine: the recorder with its key, its chain and its context."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from detector.engine import Engine
from detector.rules.table import RULES
from evidence.manifest import MatterCode
from evidence.package import SealedPackage
from evidence.recorder import Recorder, RecorderContext
from streams.clock import Clock
from streetwarden.sealing import Sealing, open_sealing
from streetwarden.settings import Settings

PUBLISHED_KEYS = "keys.json"


def software_version() -> str:
    """The product's own version."""
    return f"streetwarden {version('streetwarden')}"


@contextmanager
def make_recorder(
    settings: Settings,
    root: Path,
    engine: Engine,
    clock: Clock,
    on_sealed: Callable[[SealedPackage], None],
    executor: Executor | None = None,
    sealing: Sealing | None = None,
) -> Iterator[Recorder]:
    """A recorder that seals into `root` with this machine's key, which is made at first use; flushed at the end.

    With `sealing`, the key is opened already and a stamper runs: the packages name the authority that it asks.
    """
    opened = sealing or open_sealing(settings, clock)
    keys, config = opened.keys, opened.config
    shutil.copyfile(keys.registry_path, root / PUBLISHED_KEYS)
    facts = engine.describe()
    context = RecorderContext(
        software_version=software_version(),
        model_name=settings.model,
        model_sha256=str(facts["sha256"]),
        host=platform.node(),
        thresholds={"score": float(facts["score_threshold"]), "iou": float(facts["iou_threshold"])},
        codes={
            kind: tuple(MatterCode(code=c, standard_ref=rule.standard_ref) for c in rule.codes)
            for kind, rule in RULES.items()
        },
        plates=config.plates,
        timestamp_authority=config.stamping.name if sealing and config.stamping else None,
        grade_limits=config.file.grade.limits,
    )
    recorder = Recorder(root, keys.signer, clock, context, on_sealed=on_sealed, executor=executor)
    try:
        yield recorder
        recorder.flush()
    finally:
        recorder.close()
