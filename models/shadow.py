"""Shadow mode: a candidate model's answers beside the live one's on the same frames, and what sets them apart.

Pure: the worker hands over both models' detections of each frame and files no case from the candidate's. What is kept
is bounded: counts a camera and class, and the few frames in which the two differ most, for people to look at.

    shadow = Shadow(live.class_names, candidate.class_names)
    shadow.add("cam-1", frame.captured_at_ns, live_detections, candidate_detections)
    report = shadow.report()
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from detector.boxes import iou
from detector.detections import Detections
from models.classes import class_mapping

SAME_IOU = 0.5
MAX_CAMERAS = 10_000
KEPT_FRAMES = 50


@dataclass(slots=True)
class Tally:
    """Boxes of one class on one camera, counted under the live model's class where it has one.

    `both`: found by both as the same class; `renamed`: by both, as another class; `only_live` and `only_candidate`:
    by one; `score_gain`: sum over `both` of the candidate's score minus the live one's.
    """

    both: int = 0
    renamed: int = 0
    only_live: int = 0
    only_candidate: int = 0
    score_gain: float = 0.0

    def add(self, other: Tally) -> None:
        """Count another tally in."""
        self.both += other.both
        self.renamed += other.renamed
        self.only_live += other.only_live
        self.only_candidate += other.only_candidate
        self.score_gain += other.score_gain

    @property
    def agreement(self) -> float:
        """Share of all boxes that both have as the same class; 1 when there are none."""
        boxes = self.both + self.renamed + self.only_live + self.only_candidate
        return self.both / boxes if boxes else 1.0

    def as_json(self) -> dict[str, float]:
        """Counts, the agreement, and the mean gain in score of what both found."""
        counts = {key: value for key, value in asdict(self).items() if key != "score_gain"}
        gain = self.score_gain / self.both if self.both else 0.0
        return {**counts, "agreement": round(self.agreement, 4), "mean_score_gain": round(gain, 4)}


@dataclass(frozen=True, slots=True, order=True)
class Difference:
    """A frame in which the models differ; `weight`: sum of the scores of what one alone, or each otherwise, saw."""

    weight: float
    camera_id: str
    at_ns: int
    what: tuple[str, ...] = field(compare=False)


@dataclass(frozen=True, slots=True)
class ShadowReport:
    """What a person reads before a candidate becomes the live model; `untold` cameras came beyond the bound."""

    frames: int
    total: Tally
    by_class: Mapping[str, Tally]
    by_camera: Mapping[str, Tally]
    differences: tuple[Difference, ...]
    only_live_classes: tuple[str, ...]
    only_candidate_classes: tuple[str, ...]
    untold: int

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values, the largest differences first."""
        return {
            "frames": self.frames,
            "total": self.total.as_json(),
            "by_class": {name: tally.as_json() for name, tally in sorted(self.by_class.items())},
            "by_camera": {name: tally.as_json() for name, tally in sorted(self.by_camera.items())},
            "differences": [asdict(one) for one in self.differences],
            "only_live_classes": list(self.only_live_classes),
            "only_candidate_classes": list(self.only_candidate_classes),
            "frames_of_cameras_beyond_the_bound": self.untold,
        }


class Shadow:
    """Counts frame by frame; one caller at a time. Classes that only one model has are named and not compared."""

    def __init__(
        self,
        live_classes: Sequence[str],
        candidate_classes: Sequence[str],
        *,
        same_iou: float = SAME_IOU,
        kept_frames: int = KEPT_FRAMES,
    ) -> None:
        self._names = tuple(live_classes)
        self._mapping = class_mapping(candidate_classes, live_classes)
        self._shared = sorted(set(self._mapping.values()))
        known = set(self._mapping)
        self._only_candidate = tuple(name for index, name in enumerate(candidate_classes) if index not in known)
        self._same_iou = same_iou
        self._kept = kept_frames
        self._tallies: dict[str, dict[str, Tally]] = {}
        self._differences: list[Difference] = []
        self._frames = self._untold = 0

    def add(self, camera_id: str, at_ns: int, live: Detections, candidate: Detections) -> None:
        """Compare what both models saw in one frame: boxes in pixels of that frame, `at_ns` its time."""
        if camera_id not in self._tallies and len(self._tallies) >= MAX_CAMERAS:
            self._untold += 1
            return
        self._frames += 1
        tallies = self._tallies.setdefault(camera_id, {})
        weight, what = 0.0, []
        for name, tally, score, words in self._compare(live, candidate):
            tallies.setdefault(name, Tally()).add(tally)
            if words:
                weight += score
                what.append(words)
        if what:
            self._keep(Difference(weight, camera_id, at_ns, tuple(what)))

    def report(self) -> ShadowReport:
        """What was counted so far."""
        by_class: dict[str, Tally] = {}
        for tallies in self._tallies.values():
            for name, tally in tallies.items():
                by_class.setdefault(name, Tally()).add(tally)
        by_camera = {camera: _sum(tallies.values()) for camera, tallies in self._tallies.items()}
        return ShadowReport(
            frames=self._frames,
            total=_sum(by_class.values()),
            by_class=by_class,
            by_camera=by_camera,
            differences=tuple(sorted(self._differences, reverse=True)),
            only_live_classes=tuple(name for index, name in enumerate(self._names) if index not in self._shared),
            only_candidate_classes=self._only_candidate,
            untold=self._untold,
        )

    def _compare(self, live: Detections, candidate: Detections) -> Iterator[tuple[str, Tally, float, str]]:
        ours = live.select(np.isin(live.class_id, self._shared))
        theirs = candidate.select(np.isin(candidate.class_id, list(self._mapping)))
        named = np.array([self._mapping[int(one)] for one in theirs.class_id], np.int64)
        theirs = Detections.untracked(theirs.xyxy, theirs.score, named)
        pairs = match(ours, theirs, self._same_iou)
        for i, j in pairs:
            yield self._pair(ours, i, theirs, j)
        for i in sorted(set(range(len(ours))) - {i for i, _ in pairs}):
            name = self._names[ours.class_id[i]]
            yield name, Tally(only_live=1), float(ours.score[i]), f"only live: {name} {ours.score[i]:.2f}"
        for j in sorted(set(range(len(theirs))) - {j for _, j in pairs}):
            name = self._names[theirs.class_id[j]]
            yield name, Tally(only_candidate=1), float(theirs.score[j]), f"only candidate: {name} {theirs.score[j]:.2f}"

    def _pair(self, ours: Detections, i: int, theirs: Detections, j: int) -> tuple[str, Tally, float, str]:
        name, other = self._names[ours.class_id[i]], self._names[theirs.class_id[j]]
        if name == other:
            return name, Tally(both=1, score_gain=float(theirs.score[j] - ours.score[i])), 0.0, ""
        score = float(max(ours.score[i], theirs.score[j]))
        return name, Tally(renamed=1), score, f"live says {name}, candidate {other}: {score:.2f}"

    def _keep(self, difference: Difference) -> None:
        if len(self._differences) < self._kept:
            heapq.heappush(self._differences, difference)
        elif self._kept:
            heapq.heappushpop(self._differences, difference)


def match(first: Detections, second: Detections, same_iou: float) -> list[tuple[int, int]]:
    """Pairs of rows that overlap by `same_iou` or more, each row once, the best overlap first.

    Of two boxes in one place (a lorry called a truck and a bus), the one of the same class is the nearer.
    """
    if not len(first) or not len(second):
        return []
    overlap = iou(first.xyxy, second.xyxy).astype(np.float64)
    overlap[overlap < same_iou] = -1
    overlap[(first.class_id[:, None] == second.class_id[None, :]) & (overlap > 0)] += 1
    pairs = []
    while overlap.max() > 0:
        i, j = np.unravel_index(int(overlap.argmax()), overlap.shape)
        pairs.append((int(i), int(j)))
        overlap[i, :] = overlap[:, j] = -1
    return pairs


def _sum(tallies: Any) -> Tally:
    total = Tally()
    for tally in tallies:
        total.add(tally)
    return total


@dataclass(frozen=True, slots=True)
class Stay:
    """One incident as a model's rules saw it: times in nanoseconds, `ended_at_ns` None while it goes on."""

    camera_id: str
    zone_id: str
    kind: str
    started_at_ns: int
    ended_at_ns: int | None


@dataclass(frozen=True, slots=True)
class IncidentAgreement:
    """Incidents of both models, of the live one alone, and of the candidate alone."""

    both: tuple[tuple[Stay, Stay], ...]
    only_live: tuple[Stay, ...]
    only_candidate: tuple[Stay, ...]


def compare_incidents(live: Sequence[Stay], candidate: Sequence[Stay], slack_ns: int = 0) -> IncidentAgreement:
    """Pair incidents of one camera, zone and kind whose times overlap, or miss each other by at most `slack_ns`.

    Earlier starts are paired first, and each incident once.
    """
    rest = sorted(candidate, key=lambda stay: stay.started_at_ns)
    both, only_live = [], []
    for stay in sorted(live, key=lambda stay: stay.started_at_ns):
        partner = next((other for other in rest if _same_matter(stay, other, slack_ns)), None)
        if partner is None:
            only_live.append(stay)
        else:
            rest.remove(partner)
            both.append((stay, partner))
    return IncidentAgreement(tuple(both), tuple(only_live), tuple(rest))


def _same_matter(first: Stay, second: Stay, slack_ns: int) -> bool:
    same = (first.camera_id, first.zone_id, first.kind) == (second.camera_id, second.zone_id, second.kind)
    return same and _begins_in_time(first, second, slack_ns) and _begins_in_time(second, first, slack_ns)


def _begins_in_time(one: Stay, other: Stay, slack_ns: int) -> bool:
    return other.ended_at_ns is None or one.started_at_ns <= other.ended_at_ns + slack_ns
