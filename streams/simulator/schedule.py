"""When ordered faults begin and end; on the simulator's event loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence

from streams.simulator.faults import Fault, FaultKind, FaultPlan

log = logging.getLogger(__name__)

Begin = Callable[[str, Fault], Awaitable[None]]
End = Callable[[str, FaultKind], None]
Window = tuple[str, Fault, float, float | None]
"""Camera, fault, beginning and end in seconds from the start; no end: for ever."""


def ranked(plan: FaultPlan, cameras: Sequence[str]) -> list[tuple[str, Iterator[tuple[float, float | None]]]]:
    """The windows of each camera that the plan concerns; the cameras take turns."""
    concerned = [camera for camera in cameras if plan.concerns(camera)]
    return [(camera, plan.windows(rank, len(concerned))) for rank, camera in enumerate(concerned)]


def windows_until(plans: Sequence[FaultPlan], cameras: Sequence[str], from_s: float, until_s: float) -> list[Window]:
    """All that begins within `from_s`..`until_s`, earliest first."""
    found: list[Window] = []
    for plan in plans:
        for camera, windows in ranked(plan, cameras):
            for begin_s, end_s in windows:
                if begin_s >= until_s:
                    break
                if begin_s >= from_s:
                    found.append((camera, plan.fault, begin_s, end_s))
    return sorted(found, key=lambda window: (window[2], window[0]))


async def follow(plan: FaultPlan, cameras: Sequence[str], started_s: float, begin: Begin, end: End) -> None:
    """Order the plan's faults when they are due, until cancelled; `started_s` is the event loop's time of the start."""
    await asyncio.gather(
        *(_follow_one(camera, plan.fault, windows, started_s, begin, end) for camera, windows in ranked(plan, cameras))
    )


async def _follow_one(
    camera: str,
    fault: Fault,
    windows: Iterator[tuple[float, float | None]],
    started_s: float,
    begin: Begin,
    end: End,
) -> None:
    clock = asyncio.get_running_loop()
    for begin_s, end_s in windows:
        await asyncio.sleep(started_s + begin_s - clock.time())
        await begin(camera, fault)
        if end_s is None:
            return
        await asyncio.sleep(started_s + end_s - clock.time())
        end(camera, fault.kind)
