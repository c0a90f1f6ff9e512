"""What happens to a camera's packets on their way: losses, delays, too thin a line."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from streams.simulator.camera import DuePicture
from streams.simulator.faults import Fault, FaultKind
from streams.simulator.rtp import Payload
from streams.timeline import SECOND_NS

# A camera whose line is too thin throws pictures away, up to a key frame, when they are this late.
_LATEST_NS = 3 * SECOND_NS


@dataclass(frozen=True, slots=True)
class Wire:
    """The faults of transport in force. `slow` is the share of the needed rate that the line carries."""

    loss: float = 0.0
    smear: float = 0.0
    jitter_s: float = 0.0
    slow: float | None = None

    @classmethod
    def under(cls, faults: Iterable[Fault]) -> Wire:
        """The wire under these faults, those of other kinds included."""
        amounts = {fault.kind: fault.amount for fault in faults}
        return cls(
            amounts.get(FaultKind.LOSS) or 0.0,
            amounts.get(FaultKind.SMEAR) or 0.0,
            amounts.get(FaultKind.JITTER) or 0.0,
            amounts.get(FaultKind.SLOW),
        )


CLEAR = Wire()


def survivors(payloads: Sequence[Payload], loss: float, chance: random.Random, *, whole: bool) -> list[int]:
    """The places of the payloads that arrive. `whole`: a NAL unit is lost with all its fragments, or not at all."""
    if not whole:
        return [place for place in range(len(payloads)) if chance.random() >= loss]
    lost: dict[int, bool] = {}
    for payload in payloads:
        if payload.unit not in lost:
            lost[payload.unit] = chance.random() < loss
    return [place for place, payload in enumerate(payloads) if not lost[payload.unit]]


class Pace:
    """When one client's pictures leave, over a wire that delays them; their order stays."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._free_ns = 0
        self._drawn: tuple[int, int] = (-1, 0)
        self._until_key = False

    def release_ns(self, wire: Wire, due: DuePicture) -> int:
        """When the picture leaves, on the camera's timeline; asked again, the same answer."""
        if self._drawn[0] != due.send_ns:
            delay_ns = round(self._chance.random() * wire.jitter_s * SECOND_NS)
            self._drawn = (due.send_ns, max(self._free_ns, due.send_ns + delay_ns))
        return self._drawn[1]

    def takes(self, due: DuePicture, position_ns: int, *, is_keyframe: bool) -> bool:
        """Whether it is not too late for the picture; if it is, nothing goes until a key frame in time."""
        late = position_ns - due.send_ns > _LATEST_NS
        self._until_key = late or (self._until_key and not is_keyframe)
        return not self._until_key

    def sent(self, wire: Wire, due: DuePicture, size_bytes: int, bytes_per_s: float) -> None:
        """The picture left; the line is busy with it for a while."""
        free_ns = self._drawn[1] if self._drawn[0] == due.send_ns else due.send_ns
        if wire.slow is not None:
            free_ns += round(size_bytes / (wire.slow * bytes_per_s) * SECOND_NS)
        self._free_ns = free_ns
