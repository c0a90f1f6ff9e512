"""The share copy: clip and stills in which people and other vehicles' plates are hidden. Originals never change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np

from evidence.derivatives.canvas import to_jpeg, to_pillow
from evidence.derivatives.hiding import Detect, HidingPlan, HidingRules, pixelated
from evidence.derivatives.masks import masked
from evidence.derivatives.source import SealedSource
from evidence.derivatives.video import ClipPicture, encoded
from evidence.manifest import Derived, Manifest, Original
from evidence.moments.box import Box, scaled
from streams.frame import Image

_SECOND_NS: Final = 1_000_000_000
# Farther from a known position than this, nobody knows that the subject stands there.
_NEAR_NS: Final = 3 * _SECOND_NS


class Sharing:
    """Share copies of one package. `detect` looks at each original once; memory does not grow with its length.

    An original is read twice, so that what appears is hidden from before it was first detected.
    """

    def __init__(self, source: SealedSource, detect: Detect, rules: HidingRules) -> None:
        self._source = source
        self._detect = detect
        self._rules = rules
        self._plans: dict[str, HidingPlan] = {}

    def clip(self, original: Original) -> bytes:
        """The original as H.264 with all that is to be hidden hidden in every picture."""
        return encoded(_hidden(self._source.pictures(original), self._plan_of(original)))

    def still(self, still: Derived) -> bytes:
        """A panorama as JPEG; what its original shows before and after it tells what to hide."""
        image = masked(self._source.image(still), self._source.manifest.camera.privacy_masks)
        originals = (entry for entry in self._source.manifest.files if isinstance(entry, Original))
        parent = next(entry for entry in originals if entry.path == still.parent)
        shown = ClipPicture(still.parent_offset_ns / _SECOND_NS, image)
        (hidden,) = _hidden([shown], self._plan_of(parent))
        return to_jpeg(to_pillow(hidden.image))

    def _plan_of(self, original: Original) -> HidingPlan | None:
        """The plan of an original; None when it has no picture."""
        plan = self._plans.get(original.path)
        if plan is not None:
            return plan
        for picture in self._source.pictures(original):
            plan = plan or _plan(self._source.manifest, original, picture.image, self._rules)
            if (picture.image.shape[1], picture.image.shape[0]) == plan.size_wh:
                plan.look(picture.at_s, picture.image, self._detect)
        if plan is not None:
            self._plans[original.path] = plan
        return plan


def _plan(manifest: Manifest, original: Original, image: Image, rules: HidingRules) -> HidingPlan:
    size_wh = (image.shape[1], image.shape[0])

    def subject_at(at_s: float) -> Box | None:
        pts_ns = original.start_pts_ns + round(at_s * _SECOND_NS)
        box = known_box(manifest, pts_ns)
        return None if box is None else scaled(box, manifest.subject.frame_size_wh, size_wh)

    return HidingPlan(size_wh, rules, subject_at)


def known_box(manifest: Manifest, pts_ns: int) -> Box | None:
    """Where the subject was, in pixels of `frame_size_wh`: between two looks on the straight way; None: too far off."""
    points = manifest.subject.positions
    before = max((p for p in points if p.pts_ns <= pts_ns), key=lambda p: p.pts_ns, default=None)
    after = min((p for p in points if p.pts_ns >= pts_ns), key=lambda p: p.pts_ns, default=None)
    if before is not None and after is not None:
        share = (pts_ns - before.pts_ns) / max(1, after.pts_ns - before.pts_ns)
        left, top, right, bottom = np.array(before.xyxy) * (1 - share) + np.array(after.xyxy) * share
        return float(left), float(top), float(right), float(bottom)
    nearest = before or after
    return nearest.xyxy if nearest is not None and abs(nearest.pts_ns - pts_ns) <= _NEAR_NS else None


def _hidden(pictures: Iterable[ClipPicture], plan: HidingPlan | None) -> Iterator[ClipPicture]:
    for picture in pictures:
        image = picture.image
        if plan is None or (image.shape[1], image.shape[0]) != plan.size_wh:
            # The stream changed its size on the way: nobody looked at pictures of this size.
            yield ClipPicture(picture.at_s, np.zeros_like(image))
        else:
            yield ClipPicture(picture.at_s, pixelated(image, plan.cells_at(picture.at_s), plan.cell))
