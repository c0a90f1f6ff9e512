"""What the service does by itself: tells deadlines and webhooks."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import httpx
from sqlalchemy.exc import SQLAlchemyError

from api.alarms.watch import AlarmWatch
from api.cases.timers import BATCH, escalate
from api.chores import Chores
from api.office import Office
from api.webhooks.service import deliver

log = logging.getLogger(__name__)
WEBHOOKS_EVERY_S, DEADLINES_EVERY_S, ALARMS_EVERY_S = 1.0, 30.0, 5.0
STATISTICS_EVERY_S = 3600.0
# Between two pieces of a long list of deadlines others get their turn at the audit log.
MOST_PIECES, PAUSE_S = 50, 0.05


class Background:
    """One thread for each task, each ended by `stop`."""

    def __init__(self, office: Office) -> None:
        self._stop = threading.Event()
        self._office = office
        self._chores = Chores(office)
        tasks: tuple[tuple[str, float, Callable[[], object]], ...] = (
            ("api-deadlines", DEADLINES_EVERY_S, self._tell_deadlines),
            ("api-alarms", ALARMS_EVERY_S, AlarmWatch(office).look),
            ("api-webhooks", WEBHOOKS_EVERY_S, self._tell_webhooks),
            ("api-statistics", STATISTICS_EVERY_S, office.database.refresh_statistics),
            *self._chores.tasks(),
        )
        self._threads = [
            threading.Thread(target=self._repeat, args=(every_s, task), name=name, daemon=True)
            for name, every_s, task in tasks
        ]
        # Made when first needed: reading the certificates of the world takes a while.
        self._client: httpx.Client | None = None

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End, after what is under way."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._chores.close()
        if self._client is not None:
            self._client.close()

    def _tell_deadlines(self) -> None:
        """All that are due: after a night without the service they may be thousands."""
        for _ in range(MOST_PIECES):
            if escalate(self._office) < BATCH or self._stop.wait(PAUSE_S):
                return

    def _tell_webhooks(self) -> None:
        deliver(self._office, self._reach)

    def _reach(self) -> httpx.Client:
        if self._client is None:
            self._client = httpx.Client()
        return self._client

    def _repeat(self, every_s: float, task: Callable[[], object]) -> None:
        while not self._stop.wait(every_s):
            try:
                task()
            except (SQLAlchemyError, OSError) as error:
                log.warning("%s: %s", threading.current_thread().name, str(error).splitlines()[0])
