"""How closely a camera is looked at: at rest as its rules say, and closer while something is about to be decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from streams.demand import Demand

SECOND_NS = 1_000_000_000
JUST_AFTER_S = 0.1
"""A decision falls due between two frames; the look for it comes so much later."""
CLOSEST_S = 0.2
"""No look at rest is wanted sooner than this, even where every picture is wanted while something moves."""
DECIDE_S = 1.0
"""What is just due is looked at so often, also by rules that are patient with motion."""
PATIENCE_NS = 10 * SECOND_NS
"""What is not decided so long after it was due lacks proof and not looks."""


def attended(every: Demand, due_ns: Sequence[int], pts_ns: int, *, settle_s: float | None = None) -> Demand:
    """The rules' demand, tightened: `due_ns` are the times at which pending incidents reach their limits.

    Something that has just appeared is looked at every `settle_s` until it is known whether it stands; None: nothing
    has. A limit that falls between two looks at rest gets a look of its own just after it, and whatever is looked at
    from then on may be the picture that decides.
    """
    closest_s = max(min(every.active_interval_s, DECIDE_S), CLOSEST_S)
    wanted = [] if settle_s is None else [max(min(every.active_interval_s, settle_s), CLOSEST_S)]
    open_ns = [due for due in due_ns if pts_ns - due < PATIENCE_NS]
    near = [(due - pts_ns) / SECOND_NS + JUST_AFTER_S for due in open_ns]
    wanted += [max(seconds, closest_s) for seconds in near]
    rest_s = min([every.rest_interval_s, *wanted])
    active_s = min(every.active_interval_s, rest_s)
    exact_from_ns = min(open_ns, default=None)
    return replace(every, rest_interval_s=rest_s, active_interval_s=active_s, exact_from_ns=exact_from_ns)
