"""What a package is made of: the incident, the camera, and the packets that were kept for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from detector.incident import Incident
from evidence.context import CameraContext
from streams.frame import Frame
from streams.packet import RecordedSpan

Appendix = Literal["cleared", "recheck"]


@dataclass(frozen=True, slots=True)
class Material:
    """Each span is None when its packets are lost.

    `clip` surrounds the confirmation; `first` and `confirmed` end with the picture of that moment, `middle` with one
    halfway of a long stay. `appendix` None: the incident's first package. Else a later part about what was seen at
    `seen_pts_ns`: the place after the end, or once more; `confirmed` then ends with that picture and `clip` is around.
    `shown`: the confirming picture, when it is at hand just as its packet decodes.
    """

    incident: Incident
    camera: CameraContext
    clip: RecordedSpan | None
    first: RecordedSpan | None
    confirmed: RecordedSpan | None
    middle: RecordedSpan | None = None
    appendix: Appendix | None = None
    seen_pts_ns: int = 0
    shown: Frame | None = None


def with_later_state(material: Material, incident: Incident) -> Material:
    """The same material with a later state of its incident; the box stays that of the confirmation."""
    return replace(material, incident=replace(incident, box_xyxy=material.incident.box_xyxy))
