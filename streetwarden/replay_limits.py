"""What a replay cannot know: classes that nobody tracked, looks that were too rare, and times without looks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from detector.rules.base import RuleConfig
from detector.seen import Began, Seen
from streetwarden.cameras_file import CameraConfig

SECOND_NS = 1_000_000_000
GAP_S = 60.0
GAP_STEPS = 3
"""Looks further apart than a minute, and than so many of the intervals at rest, are a time without looks."""
MAX_LIMITS = 200


@dataclass(frozen=True, slots=True)
class Limit:
    """One thing that a replay does not know. Times in UTC nanoseconds; no zone: it holds for the whole camera.

    `reason`: `class_not_tracked`, `load_not_classified`, `looks_too_rare`, `not_looked_at` or `unfit`.
    """

    reason: str
    detail: str
    from_ns: int
    until_ns: int
    seconds: float
    zone_id: str | None = None
    kind: str | None = None


@dataclass(slots=True)
class _Open:
    """A limit of the watch that goes on."""

    reason: str
    detail: str
    zone_id: str
    kind: str


class LimitBook:
    """Gathers the limits of one camera's replay from its story, look by look."""

    def __init__(self, camera: CameraConfig) -> None:
        self._rules = [(zone.id, rule) for zone in camera.local_zones for rule in zone.rules]
        self._began = Began(resumed=False)
        self._first_ns: int | None = None
        self._last: Seen | None = None
        self._unfit_ns = 0
        self._lives: list[Limit] = []
        self._gaps: list[Limit] = []
        self._all_first_ns: int | None = None

    @property
    def first_ns(self) -> int:
        """When the first look was taken; 0 without looks."""
        return self._all_first_ns or 0

    @property
    def last_ns(self) -> int:
        """When the last look was taken; 0 without looks."""
        return 0 if self._last is None else self._last.captured_at_ns

    def begin(self, began: Began) -> None:
        """A watch began: what it tracked may differ from the one before."""
        self._close_life()
        self._began, self._first_ns = began, None

    def look(self, seen: Seen) -> None:
        """One more look."""
        at_ns = seen.captured_at_ns
        if self._first_ns is None:
            self._first_ns = at_ns
        if self._last is None:
            self._all_first_ns = at_ns
        else:
            step_ns = at_ns - self._last.captured_at_ns
            if step_ns > GAP_S * SECOND_NS:
                self._gap(self._last.captured_at_ns, at_ns)
            elif not self._last.is_fit:
                self._unfit_ns += step_ns
        self._last = seen

    def limits(self, since_ns: int, until_ns: int) -> list[Limit]:
        """All of them within a window, the widest first of each kind; at most `MAX_LIMITS`."""
        if self._last is None or self._all_first_ns is None:
            return [_gap(since_ns, until_ns, "nothing is stored of this time")]
        self._close_life()
        self._first_ns = None
        if self._all_first_ns - since_ns > GAP_S * SECOND_NS:
            self._gap(since_ns, self._all_first_ns)
        if until_ns - self._last.captured_at_ns > GAP_STEPS * GAP_S * SECOND_NS:
            self._gap(self._last.captured_at_ns, until_ns)
        found = [*_merged(self._lives), *self._gaps, *self._unfit()]
        within = [limit for limit in found if limit.until_ns > since_ns and limit.from_ns < until_ns]
        return within[:MAX_LIMITS]

    def _unfit(self) -> list[Limit]:
        if not self._unfit_ns or self._last is None or self._all_first_ns is None:
            return []
        span = self._all_first_ns, self._last.captured_at_ns
        text = "the picture was unfit to judge (black, covered, frozen, moved)"
        return [Limit("unfit", text, *span, self._unfit_ns / SECOND_NS)]

    def _close_life(self) -> None:
        if self._first_ns is None or self._last is None:
            return
        span = self._first_ns, self._last.captured_at_ns
        seconds = (span[1] - span[0]) / SECOND_NS
        for one in self._missing():
            self._lives.append(Limit(one.reason, one.detail, *span, seconds, one.zone_id, one.kind))

    def _missing(self) -> Iterator[_Open]:
        for zone_id, rule in self._rules:
            for reason, detail in _shortfalls(rule, self._began):
                yield _Open(reason, detail, zone_id, rule.kind)

    def _gap(self, from_ns: int, until_ns: int) -> None:
        long_enough = until_ns - from_ns > GAP_STEPS * min(self._began.rest_s, GAP_S) * SECOND_NS
        if long_enough and any(_in_force(rule, from_ns, until_ns) for _, rule in self._rules):
            self._gaps.append(_gap(from_ns, until_ns, "no look is stored: no rule was in force, or nobody watched"))


def _gap(from_ns: int, until_ns: int, detail: str) -> Limit:
    return Limit("not_looked_at", detail, from_ns, until_ns, (until_ns - from_ns) / SECOND_NS)


def _shortfalls(rule: RuleConfig, began: Began) -> Iterator[tuple[str, str]]:
    """What a watch did not tell that this rule wants to know."""
    if missing := sorted(set(rule.class_names) - set(began.classes)):
        yield "class_not_tracked", f"not tracked then: {', '.join(missing)}"
    if missing := sorted(set(rule.crop_classes) - set(began.crop_classes)):
        yield "load_not_classified", f"loads were not classified then: {', '.join(missing)}"
    wanted_s = rule.looks.active_interval_s
    if wanted_s < began.active_s - 0.01 and began.classes:
        text = f"wants a look every {wanted_s:g} s while something moves; it was one every {began.active_s:g} s"
        yield "looks_too_rare", text


def _in_force(rule: RuleConfig, from_ns: int, until_ns: int) -> bool:
    if rule.schedule.in_force(from_ns):
        return True
    change_ns = rule.schedule.next_change(from_ns)
    return change_ns is not None and change_ns < until_ns


def _merged(limits: list[Limit]) -> list[Limit]:
    """The same limit of several watches as one."""
    known: dict[tuple[str, str, str | None, str | None], Limit] = {}
    for limit in limits:
        key = limit.reason, limit.detail, limit.zone_id, limit.kind
        before = known.get(key)
        if before is None:
            known[key] = limit
            continue
        span = before.from_ns, max(before.until_ns, limit.until_ns)
        seconds = before.seconds + limit.seconds
        known[key] = Limit(limit.reason, limit.detail, *span, seconds, limit.zone_id, limit.kind)
    return list(known.values())
