"""One rule of one zone at work: its judge, its hours, and how closely it wants to look."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from detector.boxes import Floats
from detector.rules.base import Joined, Look, Place, RuleConfig, Waiting
from detector.rules.table import rule_for
from detector.snapshot import JudgeState
from detector.tracking.track import TrackView
from detector.zones import Zone, ZoneMask

HOME_MARGIN = 0.15
"""A vehicle on the line between two zones stays with the one it was in until the other holds this much more."""
RESTLESS_SHARE = 0.3
"""Share of a footprint in the zone from which on it is worth looking closer."""
RESTLESS_NS = 20_000_000_000
"""For so long after it appeared: what then still does not stand is known to be moving."""
SECOND_NS = 1_000_000_000


class Post:
    """One rule of one zone at work."""

    def __init__(self, camera_id: str, zone: Zone, zone_index: int, config: RuleConfig) -> None:
        self._made_of = camera_id, zone, zone_index, config
        self._place = Place(camera_id, zone.id, zone.version, str(zone.zone_class), zone.polygon)
        self.zone_index = zone_index
        self.config = config
        self.judge = rule_for(config.kind).make_judge(self._place, config)
        self._classes = frozenset(config.class_names)
        self._known: tuple[int, int | None, bool] | None = None

    def anew(self) -> Post:
        """The same rule of the same zone, as it began."""
        return Post(*self._made_of)

    def state(self, state: dict[str, Any]) -> JudgeState:
        """The judge's state with its place."""
        place = self._place
        return JudgeState(zone_id=place.zone_id, zone_version=place.zone_version, kind=self.config.kind, state=state)

    def find_state(self, states: Iterable[JudgeState]) -> dict[str, Any] | None:
        """The state that was taken in this very place, if there is one."""
        wanted = self._place.zone_id, self._place.zone_version, self.config.kind
        return next((one.state for one in states if (one.zone_id, one.zone_version, one.kind) == wanted), None)

    def in_force(self, captured_at_ns: int) -> bool:
        """Whether the rule holds at that moment. The calendar is asked once for each of its spans."""
        return self._span(captured_at_ns)[2]

    def next_change_ns(self, captured_at_ns: int) -> int | None:
        """When (UTC, nanoseconds) that changes; None when it never will."""
        return self._span(captured_at_ns)[1]

    def _span(self, captured_at_ns: int) -> tuple[int, int | None, bool]:
        if self._known is not None:
            since_ns, until_ns, _in_force = self._known
            if since_ns <= captured_at_ns and (until_ns is None or captured_at_ns < until_ns):
                return self._known
        schedule = self.config.schedule
        self._known = captured_at_ns, schedule.next_change(captured_at_ns), schedule.in_force(captured_at_ns)
        return self._known

    def wants_looks(self, captured_at_ns: int) -> bool:
        """Whether the rule is in force, or has something open that one more look must end."""
        return self.in_force(captured_at_ns) or bool(self.judge.open_incidents)

    def waits_ns(self, look: Look) -> list[int]:
        """When (pts, nanoseconds) each pending incident reaches its limit, the unfit times left out."""
        if isinstance(self.judge, Waiting):
            pending = self.judge.waiting
        else:
            pending = tuple(
                (incident.started_pts_ns, round(incident.limit_seconds * SECOND_NS))
                for incident in self.judge.open_incidents
                if incident.confirmed_pts_ns is None
            )
        return [look.pts_ns + limit_ns - look.judged_ns(started_ns) for started_ns, limit_ns in pending]

    def is_restless(self, tracks: Sequence[TrackView], mask: ZoneMask, captured_at_ns: int, pts_ns: int) -> bool:
        """Whether something of the rule's classes has just appeared in the zone and does not yet stand."""
        if not self.in_force(captured_at_ns):
            return False
        fresh = [
            track.xyxy
            for track in tracks
            if track.seen
            and track.still_since_pts_ns is None
            and pts_ns - track.first_seen_pts_ns < RESTLESS_NS
            and track.class_name in self._classes
        ]
        return bool(fresh) and bool((mask.footprint_share(np.array(fresh, np.float32)) >= RESTLESS_SHARE).any())


def join(posts: Sequence[Post]) -> None:
    """Let the judges of each kind know one another where their incidents go on from zone to zone."""
    for post in posts:
        if isinstance(post.judge, Joined):
            post.judge.join([other.judge for other in posts if other.config.kind == post.config.kind])


def find_homes(zones: Sequence[int], track_ids: Sequence[int], shares: Floats, before: Mapping[int, int]) -> list[int]:
    """For each track the zone that holds most of its footprint; `shares` (Z, T), `before` the homes until now."""
    homes = []
    for column, track_id in enumerate(track_ids):
        best = max(zones, key=lambda zone: shares[zone, column])
        last = before.get(track_id, best)
        homes.append(last if shares[best, column] - shares[last, column] < HOME_MARGIN else best)
    return homes
