"""Incidents that were found against incidents that truly were: recall, false alarms, delays. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Box = tuple[float, float, float, float]

SAME_IOU = 0.3
"""A box at the moment of confirmation and the truth's box at rest are the same subject from this overlap on."""
SLACK_S = 2.0
"""A found stay may reach this far outside the true one: looks are a second or two apart."""


@dataclass(frozen=True, slots=True)
class Planted:
    """A true incident on one camera, in seconds of any one clock.

    `from_s` is when the camera could first have seen it. `expected` is false for one that may be found or not: it was
    too short for its limit, or the run ended too early.
    """

    camera: str
    zone: str
    kind: str
    from_s: float
    to_s: float
    dwell_s: float
    xyxy: Box | None
    expected: bool = True


@dataclass(frozen=True, slots=True)
class Found:
    """A confirmed incident, in seconds of the same clock."""

    camera: str
    zone: str
    kind: str
    started_s: float
    confirmed_s: float
    ended_s: float | None
    xyxy: Box


@dataclass(frozen=True, slots=True)
class Pair:
    """A found incident and the truth that it is, if any."""

    found: Found
    truth: Planted | None

    @property
    def start_error_s(self) -> float | None:
        """Found start minus true start."""
        return None if self.truth is None else self.found.started_s - self.truth.from_s

    @property
    def end_error_s(self) -> float | None:
        """Found end minus true end; None while it went on."""
        if self.truth is None or self.found.ended_s is None:
            return None
        return self.found.ended_s - self.truth.to_s

    @property
    def confirm_delay_s(self) -> float | None:
        """How long after its limit it was confirmed."""
        return None if self.truth is None else self.found.confirmed_s - self.truth.from_s - self.truth.dwell_s


@dataclass(frozen=True, slots=True)
class Score:
    """Found against planted. A second find of one truth is a false alarm: one violation is one incident."""

    pairs: tuple[Pair, ...]
    missed: tuple[Planted, ...]
    expected: int

    @property
    def false_alarms(self) -> int:
        return sum(pair.truth is None for pair in self.pairs)

    @property
    def recall(self) -> float | None:
        """Share of the expected that was found; None when nothing was expected."""
        return None if self.expected == 0 else round(1 - len(self.missed) / self.expected, 4)

    @property
    def precision(self) -> float | None:
        """Share of the found that is true; None when nothing was found."""
        return None if not self.pairs else round(1 - self.false_alarms / len(self.pairs), 4)


def score(found: Sequence[Found], planted: Sequence[Planted]) -> Score:
    """Match each found incident, earliest first, to the first free truth that it fits."""
    free = sorted(planted, key=lambda truth: (truth.from_s, truth.to_s))
    pairs = []
    for one in sorted(found, key=lambda found: (found.started_s, found.confirmed_s)):
        truth = next((truth for truth in free if _same(one, truth)), None)
        if truth is not None:
            free.remove(truth)
        pairs.append(Pair(one, truth))
    expected = [truth for truth in planted if truth.expected]
    missed = [truth for truth in free if truth.expected]
    return Score(tuple(pairs), tuple(missed), len(expected))


def _same(found: Found, truth: Planted) -> bool:
    if (found.camera, found.zone, found.kind) != (truth.camera, truth.zone, truth.kind):
        return False
    if found.started_s > truth.to_s + SLACK_S or found.confirmed_s < truth.from_s - SLACK_S:
        return False
    return truth.xyxy is None or iou(found.xyxy, truth.xyxy) >= SAME_IOU


def iou(first: Box, second: Box) -> float:
    """Intersection over union of two boxes."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    common = max(0.0, width) * max(0.0, height)
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (first, second))
    return common / (areas - common) if areas > common else 0.0
