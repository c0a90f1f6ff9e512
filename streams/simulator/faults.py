"""What can be wrong with a simulated camera, and the words in which it is ordered."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from itertools import count

from streams.errors import SimulatorError


class FaultKind(StrEnum):
    """Everything that can be ordered. docs/guide/simulator.md says what each does."""

    LOSS = "loss"
    FREEZE = "freeze"
    BLACK = "black"
    COVERED = "covered"
    OVEREXPOSED = "overexposed"
    MOVED = "moved"
    CUT = "cut"
    HALF_OPEN = "half-open"
    AUTH = "auth"
    SMEAR = "smear"
    SMEAR_ENCODED = "smear-encoded"
    RESOLUTION = "resolution"
    CODEC = "codec"
    CLOCK = "clock"
    JITTER = "jitter"
    NO_KEYFRAME = "no-keyframe"
    SLOW = "slow"


PICTURE_FAULTS = frozenset(
    (
        FaultKind.FREEZE,
        FaultKind.BLACK,
        FaultKind.COVERED,
        FaultKind.OVEREXPOSED,
        FaultKind.MOVED,
        FaultKind.SMEAR_ENCODED,
        FaultKind.RESOLUTION,
        FaultKind.CODEC,
        FaultKind.NO_KEYFRAME,
    )
)
"""Those for which other pictures are encoded."""
STEADY_FAULTS = frozenset(
    (FaultKind.LOSS, FaultKind.CLOCK, FaultKind.JITTER, FaultKind.SLOW, FaultKind.NO_KEYFRAME, FaultKind.SMEAR)
)
"""Those that hold all the time when no time is given; the others come and go."""
DEFAULT_EVERY_S = 60.0
DEFAULT_FOR_S = 10.0

_SIZE = re.compile(r"(\d{2,4})x(\d{2,4})")
_SECONDS = re.compile(r"([+-]?\d+(?:\.\d+)?)(ms|s|m|h)?")
_SECONDS_PER_UNIT = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_PLAN_KEYS = ("every", "for", "after")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong.

    `amount` is a share for loss, smear, slow and moved, seconds for clock and jitter, None for the others;
    `size_wh` is the other picture size of `resolution` (None: half of the clip's). Raises SimulatorError.
    """

    kind: FaultKind
    amount: float | None = None
    size_wh: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        limits = _AMOUNTS.get(self.kind)
        if limits is None:
            if self.amount is not None:
                raise SimulatorError(f"fault {self.kind}: takes no amount")
        elif self.amount is None:
            object.__setattr__(self, "amount", limits.usual)
        elif not limits.least <= self.amount <= limits.most:
            raise SimulatorError(f"fault {self.kind}: {self.amount:g} is not within {limits.least:g}..{limits.most:g}")
        if self.size_wh is not None and (self.kind is not FaultKind.RESOLUTION or min(self.size_wh) < 32):
            raise SimulatorError(f"fault {self.kind}: a picture size of at least 32x32 is for resolution alone")

    def __str__(self) -> str:
        if self.size_wh is not None:
            return f"{self.kind}={self.size_wh[0]}x{self.size_wh[1]}"
        if self.amount is None:
            return str(self.kind)
        if _AMOUNTS[self.kind].read is _share:
            return f"{self.kind}={100 * self.amount:g}%"
        return f"{self.kind}={self.amount:{'+' if self.kind is FaultKind.CLOCK else ''}g}s"

    @classmethod
    def parse(cls, text: str) -> Fault:
        """`KIND` or `KIND=VALUE`: `loss=1%`, `clock=+3s`, `resolution=704x576`. Raises SimulatorError, one line."""
        word, equals, value = text.partition("=")
        if word not in tuple(FaultKind):
            raise SimulatorError(f"--fault {text}: unknown kind {word!r}; one of {', '.join(FaultKind)}")
        kind = FaultKind(word)
        if not equals:
            return cls(kind)
        if kind is FaultKind.RESOLUTION:
            return cls(kind, size_wh=_size(text, value))
        limits = _AMOUNTS.get(kind)
        if limits is None:
            raise SimulatorError(f"--fault {text}: {kind} takes no value")
        amount = limits.read(value)
        if amount is None:
            raise SimulatorError(f"--fault {text}: {value!r} is not {limits.words}")
        return cls(kind, amount)


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """A fault, the cameras it is for (names or patterns with `*`), and when.

    Without `every_s` it begins once, `after_s` from the start, and holds for `for_s` (None: to the end). With it, it
    comes back every `every_s` seconds; the first time after `after_s`, or, when that is None, so that the cameras take
    turns evenly.
    """

    fault: Fault
    cameras: tuple[str, ...] = ("*",)
    every_s: float | None = None
    for_s: float | None = None
    after_s: float | None = None

    def __post_init__(self) -> None:
        for name, value in (("every", self.every_s), ("for", self.for_s)):
            if value is not None and not value > 0:
                raise SimulatorError(f"--fault {self.fault}: {name} must be more than 0 seconds")
        if self.after_s is not None and self.after_s < 0:
            raise SimulatorError(f"--fault {self.fault}: after must not be negative")
        if self.every_s is not None and (self.for_s is None or self.for_s >= self.every_s):
            raise SimulatorError(f"--fault {self.fault}: every needs a shorter for")

    @classmethod
    def parse(cls, text: str) -> FaultPlan:
        """`KIND[=VALUE][@CAMERA[+CAMERA...]][:every=S,for=S,after=S]`. Raises SimulatorError, one line."""
        head, _, tail = text.partition(":")
        order, at, cameras = head.partition("@")
        names = tuple(cameras.split("+")) if at else ("*",)
        if not all(names):
            raise SimulatorError(f"--fault {text}: name the cameras after @, with + between them")
        fault = Fault.parse(order)
        times = _times(text, tail)
        if fault.kind not in STEADY_FAULTS and not times.keys() & {"every", "for"}:
            times = {"every": DEFAULT_EVERY_S, "for": DEFAULT_FOR_S} | times
        if "every" in times:
            times.setdefault("for", min(DEFAULT_FOR_S, times["every"] / 2))
        return cls(fault, names, times.get("every"), times.get("for"), times.get("after"))

    def concerns(self, camera: str) -> bool:
        """Whether the fault is for this camera."""
        return any(fnmatchcase(camera, pattern) for pattern in self.cameras)

    def windows(self, rank: int = 0, ranks: int = 1) -> Iterator[tuple[float, float | None]]:
        """When it begins and ends, in seconds from the start, for the camera `rank` of `ranks`; may never end."""
        if self.every_s is None:
            begin = self.after_s or 0.0
            yield begin, None if self.for_s is None else begin + self.for_s
            return
        assert self.for_s is not None  # noqa: S101 - held by the constructor
        first = self.every_s * (rank + 1) / ranks if self.after_s is None else self.after_s
        for turn in count():
            begin = first + turn * self.every_s
            yield begin, begin + self.for_s


def _times(text: str, tail: str) -> dict[str, float]:
    times: dict[str, float] = {}
    for part in filter(None, tail.split(",")):
        key, _, value = part.partition("=")
        seconds = _seconds(value)
        if key not in _PLAN_KEYS or key in times:
            raise SimulatorError(f"--fault {text}: {part!r}: write every=S, for=S or after=S, each once")
        if seconds is None:
            raise SimulatorError(f"--fault {text}: {value!r} is no time; write 5s, 500ms, 2m")
        times[key] = seconds
    return times


def _size(text: str, value: str) -> tuple[int, int]:
    found = _SIZE.fullmatch(value)
    if found is None:
        raise SimulatorError(f"--fault {text}: {value!r} is no picture size; write 704x576")
    return int(found[1]), int(found[2])


def _seconds(value: str) -> float | None:
    found = _SECONDS.fullmatch(value)
    return float(found[1]) * _SECONDS_PER_UNIT[found[2] or "s"] if found else None


def _share(value: str) -> float | None:
    try:
        return float(value.removesuffix("%")) / (100 if value.endswith("%") else 1)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class _Amount:
    read: Callable[[str], float | None]
    words: str
    usual: float
    least: float
    most: float


_AMOUNTS = {
    FaultKind.LOSS: _Amount(_share, "a share; write 1%", 0.01, 0.0, 1.0),
    FaultKind.SMEAR: _Amount(_share, "a share; write 30%", 0.3, 0.0, 1.0),
    FaultKind.SLOW: _Amount(_share, "a share; write 20%", 0.2, 0.001, 1.0),
    FaultKind.MOVED: _Amount(_share, "a share of the width; write 20%", 0.2, -0.9, 0.9),
    FaultKind.CLOCK: _Amount(_seconds, "a time; write +3s", 3.0, -1e9, 1e9),
    FaultKind.JITTER: _Amount(_seconds, "a time; write 300ms", 0.3, 0.0, 60.0),
}
