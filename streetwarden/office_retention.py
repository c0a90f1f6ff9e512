"""Retention of the case service's own packages: once by a verb, or round after round beside `serve`."""

from __future__ import annotations

import logging
import platform
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError

from api.access import SYSTEM
from api.db.migrate import migrate
from api.errors import ApiError, SetupError
from api.keys.service import register
from api.office import open_office
from api.packages.retention import OfficeRetention
from api.settings import ApiSettings
from evidence.errors import EvidenceError
from evidence.retention import RetentionPolicy, RetentionReport
from streams.clock import SystemClock
from streetwarden.errors import UsageError
from streetwarden.evidence_config import evidence_config
from streetwarden.sealing import open_sealing
from streetwarden.settings import Settings

logger = logging.getLogger(__name__)

FIRST_AFTER_S = 60.0
"""A server that starts has other things to do first."""


def apply_once(settings: Settings, told: ApiSettings, policy: RetentionPolicy, *, dry: bool = False) -> RetentionReport:
    """Apply the policy to the office's packages on this machine; `told` are the case service's own settings.

    The machine's key signs the tombstones, and is in the published registry from then on. Raises UsageError for an
    office that cannot be opened, OSError when the disk fails.
    """
    try:
        return _applied(settings, told, policy, dry=dry)
    except (SetupError, ApiError) as error:
        raise UsageError(str(error)) from None


def _applied(settings: Settings, told: ApiSettings, policy: RetentionPolicy, *, dry: bool) -> RetentionReport:
    keys = open_sealing(settings, SystemClock()).keys
    migrate(told.database_url)
    office = open_office(told)
    try:
        if not dry:
            register(office, SYSTEM, keys.entry.key_id, keys.entry)
        return OfficeRetention(office, policy, keys.signer, f"the case service on {platform.node()}").run(dry=dry)
    finally:
        office.close()


@contextmanager
def rounds(settings: Settings, told: ApiSettings, first_after_s: float = FIRST_AFTER_S) -> Iterator[None]:
    """Go by the evidence file's `retention`, again and again, for the length of the block; without one do nothing."""
    section = evidence_config(settings).file.retention
    if section is None:
        yield
        return
    stopping = threading.Event()
    every_s = section.office_every_hours * 3600

    def go() -> RetentionReport:
        return apply_once(settings, told, section)

    thread = threading.Thread(
        target=_go_round, args=(go, every_s, first_after_s, stopping), name="office-retention", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


def _go_round(go: Callable[[], RetentionReport], every_s: float, wait_s: float, stopping: threading.Event) -> None:
    while not stopping.wait(wait_s):
        wait_s = every_s
        try:
            report = go()
        except (UsageError, EvidenceError, OSError, SQLAlchemyError) as error:
            logger.warning("retention: %s; tried again in %.1f h", str(error).splitlines()[0], every_s / 3600)
            continue
        if report.deleted:
            logger.info("retention: %d packages deleted, %d held back", len(report.deleted), report.held)
