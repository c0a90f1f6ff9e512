"""The pictures of the first sight of everything that may become an incident, in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass

from streams.packet import RecordedSpan

_Key = tuple[str, int]


@dataclass(slots=True)
class _Shared:
    span: RecordedSpan
    users: int = 0


class FirstSights:
    """Compressed packets by incident: incidents of one GOP share its packets, which mostly the ring holds as well.

    When `max_bytes` are full a new one is refused and counted: the oldest are the nearest to being confirmed.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._gops: dict[_Key, _Shared] = {}
        self._key_of: dict[str, _Key] = {}
        self.refused = 0

    def __len__(self) -> int:
        return len(self._key_of)

    @property
    def size_bytes(self) -> int:
        """Bytes of the packets held."""
        return self._bytes

    def keep(self, incident_id: str, span: RecordedSpan) -> bool:
        """Hold the packets for this incident; False when there is no room."""
        key = (span.camera_id, span.packets[0].pts_ns)
        shared = self._gops.get(key)
        longest = span if shared is None or len(shared.span.packets) < len(span.packets) else shared.span
        growth = longest.size_bytes - (0 if shared is None else shared.span.size_bytes)
        if self._bytes + growth > self._max_bytes:
            self.refused += 1
            return False
        self._bytes += growth
        shared = self._gops.setdefault(key, _Shared(longest))
        shared.span = longest
        shared.users += 1
        self._key_of[incident_id] = key
        return True

    def take(self, incident_id: str) -> RecordedSpan | None:
        """The packets of this incident, no longer held; None when there are none."""
        key = self._key_of.pop(incident_id, None)
        if key is None:
            return None
        shared = self._gops[key]
        shared.users -= 1
        if shared.users == 0:
            del self._gops[key]
            self._bytes -= shared.span.size_bytes
        return shared.span
