"""Does a tracked thing stand still, and since when? Decided by its place's pixels first and by its boxes second.

A detector's box trembles, shrinks when somebody passes in front, and vanishes in bad light; the pixels of a place with
a parked car do none of that. A car that creeps in a queue keeps a like box from look to look, but not the same pixels
in the same place. Where the pixels tell nothing (too small, no pattern), the boxes decide.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from detector.boxes import Box, box_iou
from detector.tracking.appearance import (
    DIFFERENT,
    SAME,
    Glimpse,
    GlimpseHistory,
    Patch,
    blended,
    difference,
    similarity,
)

TREMBLE = 0.12
"""Shift of a box, in its own size, that is still taken for trembling when pixels cannot tell."""
DRIFT = 0.35
"""Shift of a box that is taken for motion even when the old place looks the same: something else stays there."""
SETTLE_NS = 900_000_000
"""Two looks at the same place this far apart make a standstill."""
HIDDEN_NS = 2_500_000_000
"""A place that looks different for less than this, with the box still there, is hidden by somebody passing."""
FOLLOW_SECONDS = 30.0
"""Time constant with which the reference follows the light."""
FOLLOW_STEP_NS = 2_000_000_000
"""It takes a step so often at most: light is slow, and steps cost time."""
LOOK_BACK_GAP_NS = 2_500_000_000
GONE_NS = 8_000_000_000
"""What is not found in its place for so long has perhaps gone: then it is asked when it was last there."""
EMPTY_LOOKS = 2
EMPTY_SHARE = 0.4
"""A place is empty again when it differs from its empty look by less than this share of what it differs from the car,
in so many looks one after another."""


class StillMeter:
    """Watches one track. Its owner cuts the pixels of the `anchor` out of each frame, for many meters at once, and
    gives them to `look` before `seen` or `unseen` says what the detector found.
    """

    __slots__ = (
        "_anchor_ns", "_asked", "_elsewhere_ns", "_empty", "_empty_looks", "_followed_ns", "_held_ns", "_missed_ns",
        "_now", "_settled", "_skipped_ns", "_unlike_looks", "anchor", "gone_ns", "is_alike", "left_ns", "likeness",
        "reference", "tells",
    )  # fmt: skip

    def __init__(self, box: Box, pts_ns: int, patch: Patch | None) -> None:
        self.left_ns: int | None = None
        """When its place, this one or the one before, last showed it, as far as pictures from between looks tell."""
        self.gone_ns: int | None = None
        """The look at which its place was found to be empty."""
        self._elsewhere_ns: int | None = None
        """The last look at which its place showed something else, again and again, before it was known to stand."""
        self.drop_anchor(box, pts_ns, patch)

    def drop_anchor(self, box: Box, pts_ns: int, patch: Patch | None) -> None:
        """Watch this place from now on; `patch` is what it shows."""
        self.anchor = box
        """The place where it stands, or where it was last looked at."""
        self.reference = self._now = patch
        self.likeness: float | None = None
        """Likeness of the place now with the reference, for whoever associates."""
        self.tells = False
        """It stood still until now, and its place's pixels say whether it still does: then `is_alike`."""
        self.is_alike = False
        self._anchor_ns = self._held_ns = self._followed_ns = pts_ns
        self._skipped_ns = 0
        self._settled = False
        self._empty: Patch | None = None
        self._empty_looks = self._unlike_looks = 0
        self._missed_ns: int | None = None
        self._asked = False

    def resume(self, since_ns: int, held_ns: int, empty: Patch | None) -> None:
        """Go on as one that stood in its anchor since `since_ns` and was last held there at `held_ns`."""
        self._settled = True
        self._anchor_ns, self._empty = since_ns, empty
        self._held_ns = self._followed_ns = held_ns

    @property
    def empty(self) -> Patch | None:
        """What the place looked like before the thing came, where that was seen."""
        return self._empty

    @property
    def since_ns(self) -> int | None:
        """Start of the present standstill, None while it moves."""
        return self._anchor_ns if self._settled else None

    @property
    def held_ns(self) -> int:
        """When it was last certainly in its place."""
        return self._held_ns

    @property
    def _away_ns(self) -> int | None:
        """When its place was last known not to show it."""
        return max((each for each in (self.gone_ns, self._elsewhere_ns) if each is not None), default=None)

    @property
    def _went(self) -> bool:
        """Whether its place was empty since it stood there: found there again, it has come anew."""
        return self._away_ns is not None and self._away_ns >= self._anchor_ns

    def absent_ns(self, pts_ns: int) -> int:
        """For how long nothing has shown it in its place, the times left out that could not have."""
        return pts_ns - self._held_ns - self._skipped_ns

    def skip(self, gap_ns: int) -> None:
        """Nothing could be seen for so long."""
        self._skipped_ns += gap_ns

    def look(self, patch: Patch | None, likeness: float | None) -> None:
        """What the anchor's place shows now, and how like the reference that is."""
        self._now = patch
        self.likeness = likeness
        self.tells = self._settled and likeness is not None
        self.is_alike = likeness is not None and likeness >= SAME

    def unseen(self, pts_ns: int, history: GlimpseHistory, *, is_alone: bool = True) -> bool:
        """No detection belongs to the track now. Whether its pixels show that it still stands there.

        `is_alone`: nothing else is known to stand in its place.
        """
        if self.is_alike and (self._settled or (is_alone and self._came_to_stand(pts_ns, history))):
            self._hold(pts_ns)
            return True
        unlike = not self._settled and self.likeness is not None and self.likeness < DIFFERENT
        self._unlike_looks = self._unlike_looks + 1 if unlike else 0
        if self._unlike_looks >= EMPTY_LOOKS:
            self._elsewhere_ns = pts_ns
        self._missed_ns = self._missed_ns or pts_ns
        self._empty_looks = self._empty_looks + 1 if self._looks_empty() else 0
        if self._empty_looks >= EMPTY_LOOKS or self.absent_ns(pts_ns) > GONE_NS:
            self._ask_when_left(pts_ns, history)
        if self._settled and self._empty_looks >= EMPTY_LOOKS:
            self._settled, self.gone_ns = False, pts_ns
        return False

    def _came_to_stand(self, pts_ns: int, history: GlimpseHistory) -> bool:
        """It was found once, and is missed; but its place shows it still, and showed something else before.

        Where nothing was seen to come, what was found once may be no more than a stain on the road.
        """
        if self._went or pts_ns - self._anchor_ns < SETTLE_NS:
            return False
        since_ns = self._came_ns(history)
        if self._empty is None:
            return False
        self._settled, self._anchor_ns = True, since_ns
        return True

    def _ask_when_left(self, pts_ns: int, history: GlimpseHistory) -> None:
        """Once for each absence: the last picture between the last look that found it and the first that did not."""
        if not self._settled or self._asked or self.reference is None:
            return
        self._asked = True
        for glimpse in reversed(history.recalled(self._held_ns, self._missed_ns or pts_ns)):
            if self._shows(glimpse):
                self.left_ns = glimpse.pts_ns
                return

    def _shows(self, glimpse: Glimpse) -> bool:
        """Whether a picture shows the very thing in its place, also where a mast in the wind moved it a little."""
        likeness = similarity(self.reference, glimpse.patch(self.anchor))
        if likeness is None or likeness >= SAME or self.reference is None:
            return likeness is not None
        moved = similarity(self.reference, glimpse.shaken(self.anchor, self.reference))
        return moved is not None and moved >= SAME

    def _looks_empty(self) -> bool:
        """Whether the place looks as it did before the thing came: then nothing hides it, it has gone."""
        if not self._settled or self._empty is None or self.reference is None or self._now is None:
            return False
        return difference(self._empty, self._now) < EMPTY_SHARE * difference(self.reference, self._now)

    def seen(self, box: Box, pts_ns: int, history: GlimpseHistory) -> bool:
        """A detection at `box` belongs to the track now. Whether it stayed; if not, it wants a new anchor."""
        shift = displacement(self.anchor, box)
        if self._went or not self._stays(shift, pts_ns):
            self._ask_when_left(pts_ns, history)
            if shift > DRIFT:
                # What its old place showed says nothing of the new one.
                self.gone_ns = self._elsewhere_ns = None
            return False
        if self.likeness is None or self.likeness >= SAME:
            self._hold(pts_ns)
            self._settle(history)
        return True

    def _stays(self, shift: float, pts_ns: int) -> bool:
        if self.likeness is None:
            return shift <= TREMBLE
        if self.likeness >= SAME:
            return shift <= DRIFT
        # Only one that has settled gets the benefit of doubt. One that rolls out to its place would otherwise keep an
        # anchor a little short of it, which it never comes to resemble.
        if not self._settled or shift > TREMBLE:
            return False
        # Half alike: the light. Unlike: hidden for a moment, or another one in its place.
        return self.likeness > DIFFERENT or self.absent_ns(pts_ns) <= HIDDEN_NS

    def _hold(self, pts_ns: int) -> None:
        self._held_ns = pts_ns
        self._skipped_ns = 0
        self._missed_ns, self._asked = None, False
        step_ns = pts_ns - self._followed_ns
        if step_ns >= FOLLOW_STEP_NS and self.reference is not None and self._now is not None:
            self._followed_ns = pts_ns
            self.reference = blended(self.reference, self._now, min(step_ns / 1e9 / FOLLOW_SECONDS, 0.5))

    def _settle(self, history: GlimpseHistory) -> None:
        if not self._settled and self._held_ns - self._anchor_ns >= SETTLE_NS:
            self._settled = True
            self._anchor_ns = self._came_ns(history)

    def _came_ns(self, history: GlimpseHistory) -> int:
        """Since when it has stood there: not before its place was last known not to show it, or it would seem to go."""
        earliest_ns = self._look_back(history)
        return earliest_ns if self._away_ns is None else max(earliest_ns, self._away_ns + 1)

    def _look_back(self, history: GlimpseHistory) -> int:
        """The earliest picture from which on the place has shown this very thing: it may have been found late."""
        earliest = after_ns = self._anchor_ns
        for glimpse in history:
            if glimpse.pts_ns >= self._anchor_ns:
                continue
            patch = glimpse.patch(self.anchor)
            likeness = similarity(self.reference, patch)
            if likeness is not None and likeness >= SAME:
                earliest = after_ns = glimpse.pts_ns
                self._empty = None
                continue
            earliest = self._earliest(history.recalled(glimpse.pts_ns, after_ns), earliest)
            after_ns = glimpse.pts_ns
            # The oldest one kept: in later ones the thing may already have been half in its place.
            self._empty = patch
            if earliest - glimpse.pts_ns > LOOK_BACK_GAP_NS:
                break
        return earliest

    def _earliest(self, between: Sequence[Glimpse], there_ns: int) -> int:
        """The first of the pictures between two looks that shows it; some may be hidden by a passer-by."""
        return next((glimpse.pts_ns for glimpse in between if self._shows(glimpse)), there_ns)


def displacement(first: Box, second: Box) -> float:
    """How far a box was shifted as a whole, in its own size.

    Each axis counts the lesser of its two edges' shifts, and nothing when they go apart: a box cut short by somebody
    passing in front has one edge in its place. A box that shares little with the other was shifted all the same.
    """
    size_x, size_y = max(first[2] - first[0], 1.0), max(first[3] - first[1], 1.0)
    shift_x = _common(second[0] - first[0], second[2] - first[2]) / size_x
    shift_y = _common(second[1] - first[1], second[3] - first[3]) / size_y
    shift = math.hypot(shift_x, shift_y)
    return max(shift, DRIFT * 2) if box_iou(first, second) < 0.3 else shift


def _common(low: float, high: float) -> float:
    return 0.0 if low * high < 0 else min(abs(low), abs(high))
