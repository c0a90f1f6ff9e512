"""One camera's stored looks judged by other zones, beside what was found: the comparison and its JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from detector.comparison import Change, Pair, compare
from detector.replay import Case, Replay, case_of
from detector.seen import Began, Seen
from streetwarden.cameras_file import CameraConfig
from streetwarden.replay_limits import Limit, LimitBook
from streetwarden.track_files import TrackArchive

EVER = datetime(1970, 1, 2, tzinfo=UTC)
LEAD = timedelta(minutes=10)
LONGEST_LEAD = timedelta(days=1)
MAX_CASES = 2000
SECOND_NS = 1_000_000_000

GiveUp = Callable[[], bool]
OnShare = Callable[[float], None]


def never() -> bool:
    """Take all the time that it needs."""
    return False


def nobody_watches(_share: float) -> None:
    """Nobody wants to hear how far it is."""


@dataclass(frozen=True, slots=True)
class CameraReplay:
    """`pairs` are the cases confirmed from `since_ns` on and before `until_ns` (UTC), in either world.

    `is_complete` is False when time ran out; then `until_ns` is where the replay stopped.
    """

    camera: CameraConfig
    since_ns: int
    until_ns: int
    is_complete: bool
    looks: int
    pairs: tuple[Pair, ...]
    limits: tuple[Limit, ...]

    def as_dict(self) -> dict[str, Any]:
        """The comparison as JSON; see docs/guide/replay.md."""
        return {
            "camera_id": self.camera.id,
            "from": _iso(self.since_ns),
            "until": _iso(self.until_ns),
            "complete": self.is_complete,
            "looks": self.looks,
            "summary": _counts(self.pairs),
            "zones": list(self._zones()),
            "days": list(self._days()),
            "cases": [_pair(pair) for pair in self.pairs[:MAX_CASES]],
            "cases_left_off": max(0, len(self.pairs) - MAX_CASES),
            "limits": [_limit(limit) for limit in self.limits],
        }

    def _zones(self) -> Iterator[dict[str, Any]]:
        """Counts of each zone and kind, of the zones as they would be and then of those that would be no more."""
        known = [(zone.id, rule.kind) for zone in self.camera.zones for rule in zone.rules]
        seen = [(pair.case.zone_id, pair.case.kind) for pair in self.pairs]
        for zone_id, kind in dict.fromkeys([*known, *seen]):
            own = [pair for pair in self.pairs if (pair.case.zone_id, pair.case.kind) == (zone_id, kind)]
            yield {"zone_id": zone_id, "kind": kind, **_counts(own)}

    def _days(self) -> Iterator[dict[str, Any]]:
        """Counts of each day of the camera's own calendar on which something was or would be found."""
        zone = ZoneInfo(self.camera.timezone)
        by_day: dict[str, list[Pair]] = {}
        for pair in self.pairs:
            at = datetime.fromtimestamp(pair.case.confirmed_at_ns / SECOND_NS, UTC).astimezone(zone)
            by_day.setdefault(at.date().isoformat(), []).append(pair)
        for day, pairs in sorted(by_day.items()):
            yield {"day": day, **_counts(pairs)}


def replay_camera(
    camera: CameraConfig,
    archive: TrackArchive,
    since: datetime | None = None,
    until: datetime | None = None,
    give_up: GiveUp = never,
    on_share: OnShare = nobody_watches,
) -> CameraReplay:
    """Judge what is stored of a camera by the zones of `camera`, and compare. `give_up` is asked once an hour of it,
    and `on_share` told how much is done, 0..1.

    Without `since` from the first look on, without `until` up to the last. Looks from before `since` are judged too,
    so that what then stood is known; nothing confirmed there is counted.
    """
    run = _Run(camera, None if until is None else _ns(until))
    is_complete = True
    hours = archive.hours(camera.id, EVER if since is None else since - _lead(camera), until)
    for index, path in enumerate(hours):
        if give_up():
            is_complete = False
            break
        on_share(index / len(hours))
        run.hour(archive.story(path, is_first=index == 0))
    since_ns = run.limits.first_ns if since is None else _ns(since)
    until_ns = run.limits.last_ns + 1 if until is None or not is_complete else _ns(until)
    pairs = [pair for pair in compare(run.found.values(), run.would.values()) if _within(pair, since_ns, until_ns)]
    limits = run.limits.limits(since_ns, until_ns)
    return CameraReplay(camera, since_ns, until_ns, is_complete, run.looks, tuple(pairs), tuple(limits))


class _Run:
    def __init__(self, camera: CameraConfig, until_ns: int | None) -> None:
        self.found: dict[str, Case] = {}
        self.would: dict[str, Case] = {}
        self.limits = LimitBook(camera)
        self.looks = 0
        self._until_ns = until_ns
        self._replay = Replay(camera.id, camera.local_zones)

    def hour(self, story: Iterator[Began | Seen | Case]) -> None:
        for change in self._replay.feed(self._noted(story)):
            case = case_of(change)
            if case is not None:
                self.would[case.incident_id] = case

    def _noted(self, story: Iterator[Began | Seen | Case]) -> Iterator[Began | Seen]:
        """The looks of the story up to the end of the window, everything else taken note of."""
        for part in story:
            if isinstance(part, Case):
                self.found[part.incident_id] = part
            elif isinstance(part, Began):
                self.limits.begin(part)
                yield part
            elif self._until_ns is None or part.captured_at_ns < self._until_ns:
                self.limits.look(part)
                self.looks += 1
                yield part


def _lead(camera: CameraConfig) -> timedelta:
    dwells = [getattr(rule, "dwell_seconds", 0.0) for zone in camera.zones for rule in zone.rules]
    return min(LEAD + timedelta(seconds=max(dwells, default=0.0)), LONGEST_LEAD)


def _within(pair: Pair, since_ns: int, until_ns: int) -> bool:
    return any(case and since_ns <= case.confirmed_at_ns < until_ns for case in (pair.found, pair.would))


def _counts(pairs: Sequence[Pair]) -> dict[str, int]:
    counted = Counter(pair.change for pair in pairs)
    found, would = (sum(getattr(pair, side) is not None for pair in pairs) for side in ("found", "would"))
    return {"found": found, "would": would, **{change.value: counted[change] for change in Change}}


def _pair(pair: Pair) -> dict[str, Any]:
    case = pair.case
    return {
        "change": pair.change.value,
        "kind": case.kind,
        "zone_id": case.zone_id,
        "class_name": case.class_name,
        "found": _case(pair.found),
        "would": _case(pair.would),
    }


def _case(case: Case | None) -> dict[str, Any] | None:
    if case is None:
        return None
    width, height = case.frame_size_wh
    left, top, right, bottom = case.box_xyxy
    box = (left / width, top / height, right / width, bottom / height)
    return {
        "incident_id": case.incident_id,
        "zone_id": case.zone_id,
        "started_at": _iso(case.started_at_ns),
        "confirmed_at": _iso(case.confirmed_at_ns),
        "ended_at": None if case.ended_at_ns is None else _iso(case.ended_at_ns),
        "box": [round(side, 4) for side in box],
    }


def _limit(limit: Limit) -> dict[str, Any]:
    return {
        "reason": limit.reason,
        "detail": limit.detail,
        "zone_id": limit.zone_id,
        "kind": limit.kind,
        "from": _iso(limit.from_ns),
        "until": _iso(limit.until_ns),
        "seconds": round(limit.seconds, 1),
    }


def _ns(at: datetime) -> int:
    return round((at - datetime.fromtimestamp(0, UTC)) / timedelta(microseconds=1)) * 1000


def _iso(utc_ns: int) -> str:
    return datetime.fromtimestamp(utc_ns // 10**6 / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
