"""The pictures that a package shows, chosen and decoded: which moment, out of which packets, where the subject is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from detector.incident import Incident
from evidence.clip import shows
from evidence.material import Material
from evidence.moments.box import Box, scaled
from evidence.moments.looks import (
    BLURRED_BELOW,
    box_at,
    displaced,
    largest,
    near,
    needed_apart_ns,
    sharpness,
    visible,
)
from evidence.moments.pictures import Pictures
from evidence.moments.plan import plan_of
from streams.frame import Frame
from streams.packet import RecordedSpan
from streams.pool import DecoderPool

MOST_TRIED: Final = 3
_NEAR_NS: Final = 5_000_000_000
_APART_S: Final = 10.0
_WHOLE: Final = 0.9


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture of the record. `box` is the subject in the picture's own pixels, unclipped; `whole`: no cut-out."""

    purpose: str
    frame: Frame
    box: Box
    span: RecordedSpan
    whole: bool = True


def shots_of(material: Material, pool: DecoderPool | None = None) -> list[Shot]:
    """The pictures that can still be made, first sight first. Those whose packets are lost are missing."""
    pictures = Pictures(material.shown, pool)
    shots = _Shooting(material, pictures).shots()
    # A decoder that raised is not lent again.
    pictures.give_back()
    return shots


@dataclass(frozen=True, slots=True)
class _Shooting:
    """The choice of one package's shots, and the pictures that were decoded for it."""

    material: Material
    pictures: Pictures

    def shots(self) -> list[Shot]:
        material = self.material
        if material.appendix is not None:
            return self._of_appendix(material.appendix)
        plan = plan_of(material.incident.kind)
        times = _moving_times(material) if plan.moving else _resting_times(material)
        best = _showing_the_load(material) if plan.moving else []
        if material.clip is not None and best:
            # They are a second or two apart: one way through the clip gives them all.
            self.pictures.at(material.clip, sorted({*times[0], *times[1], *best}))
        wanted = [("panorama_first", material.first, times[0])]
        if material.middle is not None:
            wanted.append(("panorama_middle", material.middle, [material.middle.end_pts_ns]))
        wanted.append(("panorama_confirmed", material.confirmed, times[1]))
        shots = [shot for purpose, kept, some in wanted if (shot := self._shot(purpose, kept, some)) is not None]
        return shots + self._close_up(best, shots)

    def _of_appendix(self, appendix: str) -> list[Shot]:
        shot = self._shot(f"panorama_{appendix}", self.material.confirmed, [self.material.seen_pts_ns])
        if shot is None:
            return []
        return [shot, Shot(f"close_up_{appendix}", shot.frame, shot.box, shot.span, whole=False)]

    def _close_up(self, best: Sequence[int], shots: Sequence[Shot]) -> list[Shot]:
        """The subject out of the sharpest of the `best` looks, else out of the confirming picture."""
        shot = next((shot for shot in shots if shot.purpose == "panorama_confirmed"), None)
        if self.material.clip is not None and best:
            shot = max(self._decoded("close_up", self.material.clip, best), key=_sharpness, default=shot)
        return [] if shot is None else [Shot("close_up", shot.frame, shot.box, shot.span, whole=False)]

    def _shot(self, purpose: str, kept: RecordedSpan | None, times: Sequence[int]) -> Shot | None:
        """The first of the times whose picture is sharp, out of the clip when it holds it, else of the kept packets.

        Only when it is blurred are other looks decoded, `MOST_TRIED` at most: a key frame costs 10 to 20 ms.
        """
        clip = self.material.clip
        span = clip if clip is not None and (kept is None or shows(clip, times[0])) else kept
        if span is None:
            return None
        tried: list[Shot] = []
        for time_ns in times:
            if time_ns == times[0] or shows(span, time_ns):
                tried += self._decoded(purpose, span, [time_ns])
            if tried and _sharpness(tried[-1]) >= BLURRED_BELOW:
                return tried[-1]
        return max(tried, key=_sharpness, default=None)

    def _decoded(self, purpose: str, span: RecordedSpan, times: Sequence[int]) -> list[Shot]:
        incident = self.material.incident
        return [
            Shot(purpose, frame, scaled(box_at(incident, asked), incident.frame_size_wh, frame.size_wh), span)
            for asked, frame in self.pictures.at(span, times).items()
        ]


def _resting_times(material: Material) -> tuple[list[int], list[int]]:
    """Looks near the start and near the confirmation that stay far enough apart; the moments themselves first."""
    incident = material.incident
    begun, confirmed = incident.started_pts_ns, _confirmed_pts_ns(incident)
    apart_ns = needed_apart_ns(incident.limit_seconds, _APART_S)
    first = near(incident, begun, begun, min(begun + _NEAR_NS, confirmed - apart_ns), MOST_TRIED)
    last_ns = max(confirmed - _NEAR_NS, begun + apart_ns)
    last = near(incident, confirmed, last_ns, confirmed + _NEAR_NS, MOST_TRIED)
    return first, last


def _moving_times(material: Material) -> tuple[list[int], list[int]]:
    """The earliest look at the whole subject somewhere else than at the confirmation, and the confirmation."""
    incident, clip = material.incident, material.clip
    confirmed = _confirmed_pts_ns(incident)
    here = box_at(incident, confirmed)
    elsewhere = [
        point.pts_ns
        for point in incident.positions
        if displaced(point.xyxy, here) and visible(point.xyxy, incident.frame_size_wh) >= _WHOLE
    ]
    first = next((pts_ns for pts_ns in elsewhere if shows(clip, pts_ns)), incident.started_pts_ns)
    return [first], [confirmed]


def _showing_the_load(material: Material) -> list[int]:
    """Of something moving, the looks in the clip that show it, and so its load, best."""
    if material.clip is None:
        return []
    return largest(material.incident, (packet.pts_ns for packet in material.clip.packets), MOST_TRIED)


def _sharpness(shot: Shot) -> float:
    return sharpness(shot.frame.image, shot.box)


def _confirmed_pts_ns(incident: Incident) -> int:
    assert incident.confirmed_pts_ns is not None  # noqa: S101 - only confirmed incidents are composed
    return incident.confirmed_pts_ns
