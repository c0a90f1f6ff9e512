"""What became of each incident of a running worker: handed on when it is confirmed, sealed and ended."""

from __future__ import annotations

import threading
from collections.abc import Callable

from detector.incident import Incident, IncidentState
from evidence.package import SealedPackage
from streetwarden.incident_log import IncidentLine

OnLine = Callable[[IncidentLine], None]
# An incident whose package is lost (a disk that stayed full) would otherwise be remembered for ever.
MOST_OPEN = 10_000


class LiveIncidents:
    """Joins incidents (from the inference thread) with their packages (from the sealing thread).

    An incident is forgotten once it has ended and its package is known, so memory stays bounded.
    """

    def __init__(self, on_line: OnLine) -> None:
        self._on_line = on_line
        self._lock = threading.Lock()
        self._open: dict[str, IncidentLine] = {}

    def incident_changed(self, incident: Incident) -> None:
        """Take a new state; unconfirmed ones are nobody's business yet."""
        if incident.confirmed_pts_ns is None:
            return
        with self._lock:
            known = self._open.get(incident.incident_id)
            self._keep(IncidentLine(incident, known.package if known else None))

    def package_sealed(self, package: SealedPackage) -> None:
        """Take the package of an incident; parts that are appended later are no news of it."""
        if package.part > 1:
            return
        with self._lock:
            known = self._open.get(package.incident_id)
            if known is not None:
                self._keep(IncidentLine(known.incident, package))

    def _keep(self, line: IncidentLine) -> None:
        incident_id = line.incident.incident_id
        if line.incident.state is IncidentState.ENDED and line.package is not None:
            self._open.pop(incident_id, None)
        else:
            self._open[incident_id] = line
            if len(self._open) > MOST_OPEN:
                self._open.pop(next(iter(self._open)))
        self._on_line(line)
