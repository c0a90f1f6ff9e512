"""A simulated camera: a clip that runs for ever on the simulator's clock, the same for every client."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from streams.errors import SimulatorError
from streams.simulator.clip import Clip
from streams.timeline import SECOND_NS

# A client waits up to this long for the next key frame; if that is farther off it gets the running GOP at once.
_LONGEST_WAIT_NS = 2 * SECOND_NS


@dataclass(frozen=True, slots=True)
class SimulatedCamera:
    """One camera at the URL path `/NAME`, playing `clip` in a loop from `start_offset_s` on.

    With `username` and `password` it asks for digest authentication. `repr` hides the password.
    Raises SimulatorError for a name that does not fit a URL path or a password without a user name.
    """

    name: str
    clip: Path
    username: str | None = None
    password: str | None = None
    start_offset_s: float = 0.0

    def __post_init__(self) -> None:
        if not self.name or self.name.strip("/") != self.name or any(char.isspace() for char in self.name):
            raise SimulatorError(f"camera name {self.name!r} does not fit a URL; use letters, digits, - and _")
        if (self.username is None) != (self.password is None):
            raise SimulatorError(f"camera {self.name}: give both a user name and a password, or neither")

    def __repr__(self) -> str:
        return f"SimulatedCamera(name={self.name!r}, clip={str(self.clip)!r})"


@dataclass(frozen=True, slots=True)
class DuePicture:
    """A picture of the endless stream: `index` in the clip; times on the camera's endless timeline, in ns."""

    index: int
    send_ns: int
    pts_ns: int


class Player:
    """One client's way through the endless stream, beginning at a key frame near `position_ns`.

    `begins`: the due picture is its first.
    """

    def __init__(self, clip: Clip, position_ns: int) -> None:
        self._clip = clip
        self.begins = True
        self._round, within_ns = divmod(position_ns, clip.duration_ns)
        self._index = self._begin(within_ns)

    @property
    def due(self) -> DuePicture:
        """The next picture to send."""
        picture = self._clip.pictures[self._index]
        start_ns = self._round * self._clip.duration_ns
        return DuePicture(self._index, start_ns + picture.send_ns, start_ns + picture.pts_ns)

    def advance(self) -> None:
        """Go on to the following picture, over the seam as well."""
        self._index += 1
        self.begins = False
        if self._index == len(self._clip.pictures):
            self._round, self._index = self._round + 1, 0

    @classmethod
    def following(cls, clip: Clip, position_ns: int) -> Player:
        """A way that begins at the first key frame not before `position_ns`: for who goes over from another clip."""
        player = cls(clip, position_ns)
        player._round, within_ns = divmod(position_ns, clip.duration_ns)
        found = clip.next_beginning(clip.index_at(within_ns))
        if found is None:
            player._round, found = player._round + 1, 0
        player._index = found
        return player

    def _begin(self, within_ns: int) -> int:
        clip = self._clip
        index = clip.index_at(within_ns)
        following = clip.next_beginning(index)
        until_ns = clip.duration_ns if following is None else clip.pictures[following].send_ns
        if until_ns - within_ns > _LONGEST_WAIT_NS:
            return clip.previous_beginning(max(0, index - 1))
        if following is None:
            self._round += 1
            return 0
        return following
