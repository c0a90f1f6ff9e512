"""What was seen, judged again by any zones and rules: what they would have found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from detector.boxes import Box, Floats
from detector.incident import Incident
from detector.judges import Judges
from detector.seen import Began, Seen
from detector.snapshot import MAX_DOWNTIME_S
from detector.zones import Zone

MEASURED_TOGETHER = 512
"""Looks whose boxes are held against the zones in one go: most of a look's cost is numpy's for being called."""


@dataclass(frozen=True, slots=True)
class Case:
    """A confirmed incident, as far as two of them are compared. Times in UTC nanoseconds; `ended_at_ns` None: open."""

    incident_id: str
    zone_id: str
    kind: str
    class_name: str
    track_id: int
    started_at_ns: int
    confirmed_at_ns: int
    ended_at_ns: int | None
    box_xyxy: Box
    frame_size_wh: tuple[int, int]


def case_of(incident: Incident) -> Case | None:
    """The incident as a case; None when it was never confirmed."""
    if incident.confirmed_at_ns is None:
        return None
    return Case(
        incident_id=incident.incident_id,
        zone_id=incident.zone_id,
        kind=incident.kind,
        class_name=incident.class_name,
        track_id=incident.track_id,
        started_at_ns=incident.started_at_ns,
        confirmed_at_ns=incident.confirmed_at_ns,
        ended_at_ns=incident.ended_at_ns,
        box_xyxy=incident.box_xyxy,
        frame_size_wh=incident.frame_size_wh,
    )


class Replay:
    """Judges one camera's story with zones of one's own. Feed it in order; `incidents` are what is open at the end."""

    def __init__(self, camera_id: str, zones: Sequence[Zone]) -> None:
        self._camera_id = camera_id
        self._zones = tuple(zones)
        self._judges = Judges(camera_id, zones)
        self._last: Seen | None = None
        self._resuming: Seen | None = None

    @property
    def incidents(self) -> tuple[Incident, ...]:
        """Pending and confirmed incidents, in the order of their start."""
        return self._judges.incidents

    def feed(self, story: Iterable[Began | Seen]) -> Iterator[Incident]:
        """Every change of every incident, as the live watch would have told it."""
        waiting: list[Seen] = []
        for part in story:
            if isinstance(part, Seen):
                waiting.append(part)
            if isinstance(part, Began) or len(waiting) >= MEASURED_TOGETHER:
                yield from self._judge(waiting)
                waiting = []
            if isinstance(part, Began):
                self._begin(part)
        yield from self._judge(waiting)

    def _begin(self, began: Began) -> None:
        self._resuming = self._last if began.resumed else None
        if self._resuming is None:
            self._judges = Judges(self._camera_id, self._zones)
        self._last = None

    def _resume(self, before: Seen, seen: Seen) -> None:
        """Go on as a worker that was started again does: the time between was unfit to judge."""
        old, self._judges = self._judges, Judges(self._camera_id, self._zones)
        away_s = (seen.captured_at_ns - before.captured_at_ns) / 1e9
        if not -1 <= away_s <= MAX_DOWNTIME_S or old.look is None:
            return
        shift_ns = seen.pts_ns - seen.captured_at_ns - (old.look.pts_ns - old.look.captured_at_ns)
        self._judges.resume(old.states(), shift_ns)
        self._judges.resume_times(old.unfit.spans, old.look.pts_ns, shift_ns)

    def _judge(self, looks: Sequence[Seen]) -> Iterator[Incident]:
        for group in _same_size(looks):
            if self._resuming is not None:
                self._resume(self._resuming, group[0])
                self._resuming = None
            self._judges.fit(next((seen.frame_size_wh for seen in group if seen.is_fit), group[0].frame_size_wh))
            for seen, shares in zip(group, self._shares(group), strict=True):
                if self._last is None or seen.pts_ns > self._last.pts_ns:
                    self._last = seen
                    yield from self._look(seen, shares)

    def _look(self, seen: Seen, shares: Floats) -> list[Incident]:
        self._judges.take_time(seen.pts_ns, is_fit=seen.is_fit, since_pts_ns=seen.since_pts_ns)
        return self._judges.judge(seen, shares) if seen.is_fit else []

    def _shares(self, looks: Sequence[Seen]) -> list[Floats]:
        """The shares (Z, T) of each look."""
        shares = self._judges.shares([track for look in looks for track in look.tracks])
        return np.split(shares, np.cumsum([len(look.tracks) for look in looks])[:-1], axis=1)


def _same_size(looks: Sequence[Seen]) -> Iterator[list[Seen]]:
    """Runs of looks of one size; unfit ones, which are measured against no zone, go with those before them."""
    group: list[Seen] = []
    size_wh: tuple[int, int] | None = None
    for look in looks:
        if look.is_fit and size_wh not in {None, look.frame_size_wh}:
            yield group
            group = []
        size_wh = look.frame_size_wh if look.is_fit else size_wh
        group.append(look)
    if group:
        yield group
