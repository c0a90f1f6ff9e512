"""Which parts of files belong to a look that is written down already."""

from __future__ import annotations

import threading
from collections import OrderedDict
from datetime import datetime, timedelta

LASTS = timedelta(minutes=10)
MOST = 10_000


class Looks:
    """The looks of the last minutes, in memory: a start anew, or one too many, writes a look down once more.

    Thread-safe.
    """

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[str, str, str], datetime] = OrderedDict()
        self._lock = threading.Lock()

    def begins(self, who: str, package_id: str, path: str, range_header: str | None, now: datetime) -> bool:
        """Whether this request is a look of its own: it asks from the beginning, or goes on with nothing.

        A player that fetches the rest of a clip does not look again; who asks for the rest alone does.
        """
        key = (who, package_id, path)
        whole = range_header is None or range_header.replace(" ", "").startswith("bytes=0-")
        with self._lock:
            seen = self._seen.get(key)
            if not whole and seen is not None and now - seen < LASTS:
                return False
            self._seen[key] = now
            self._seen.move_to_end(key)
            while len(self._seen) > MOST:
                self._seen.popitem(last=False)
        return True
