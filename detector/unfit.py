"""The times in which a camera's picture was unfit to judge: no rule's time runs in them, and none is thrown away."""

from __future__ import annotations

from collections.abc import Sequence

MAX_SPANS = 64

Span = tuple[int, int]
"""From and to, in nanoseconds of the camera's timeline."""


class UnfitSpans:
    """Collects spans from the looks, in their order. Bounded: where there are too many, the two nearest become one,
    which can only lengthen what is left out.
    """

    def __init__(self, spans: Sequence[Span] = ()) -> None:
        self._spans = [(int(begin_ns), int(end_ns)) for begin_ns, end_ns in spans][-MAX_SPANS:]
        self._open_since_ns: int | None = None
        self._last_ns = 0

    @property
    def is_open(self) -> bool:
        """Whether the last picture was unfit."""
        return self._open_since_ns is not None

    @property
    def spans(self) -> tuple[Span, ...]:
        """The closed spans, oldest first, none overlapping."""
        return tuple(self._spans)

    def unfit(self, pts_ns: int, since_pts_ns: int | None) -> None:
        """A picture at `pts_ns` was unfit, and has been since `since_pts_ns` where that is known."""
        self._last_ns = pts_ns
        if self._open_since_ns is None:
            self._open_since_ns = pts_ns if since_pts_ns is None else min(since_pts_ns, pts_ns)

    def fit(self, pts_ns: int, since_pts_ns: int | None = None) -> int:
        """A picture at `pts_ns` is fit, and has been since `since_pts_ns` where that is known.

        Returns the nanoseconds that were unfit until now, 0 when the last picture was fit too. Between the last unfit
        picture and this one nobody knows, so it counts as unfit.
        """
        if self._open_since_ns is None:
            return 0
        begin_ns, self._open_since_ns = self._open_since_ns, None
        known = since_pts_ns is not None and self._last_ns < since_pts_ns <= pts_ns
        end_ns = since_pts_ns if known and since_pts_ns is not None else pts_ns
        self._add(begin_ns, end_ns)
        return end_ns - begin_ns

    def _add(self, begin_ns: int, end_ns: int) -> None:
        while self._spans and self._spans[-1][1] >= begin_ns:
            begin_ns = min(begin_ns, self._spans.pop()[0])
        self._spans.append((begin_ns, end_ns))
        if len(self._spans) > MAX_SPANS:
            gaps = [after[0] - before[1] for before, after in zip(self._spans, self._spans[1:], strict=False)]
            nearest = gaps.index(min(gaps))
            self._spans[nearest : nearest + 2] = [(self._spans[nearest][0], self._spans[nearest + 1][1])]

    def forget_before(self, pts_ns: int) -> None:
        """Nothing that is still judged began before that time."""
        self._spans = [span for span in self._spans if span[1] > pts_ns]

    def total_ns(self, begin_ns: int, end_ns: int) -> int:
        """Unfit nanoseconds between two times."""
        return sum(max(0, min(to_ns, end_ns) - max(from_ns, begin_ns)) for from_ns, to_ns in self._spans)
