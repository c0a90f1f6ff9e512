"""The fitness of one camera's pictures, look by look."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from streams.fitness.damage import Damage
from streams.fitness.freeze import Freeze
from streams.fitness.glance import Glance, Grey, glance
from streams.fitness.hold import Hold
from streams.fitness.light import Cover, is_black, is_overexposed
from streams.fitness.state import Fitness, PictureState
from streams.fitness.view import CONFIRM_S, DayPart, View
from streams.frame import Image

# Which state is named when several hold: the first. What a picture cannot show at all comes before what it shows
# wrongly.
_SECONDS = {
    PictureState.CHANGED: (0.0, 0.0),
    PictureState.SMEARED: (0.0, 1.0),
    PictureState.BLACK: (0.0, 0.0),
    PictureState.OVEREXPOSED: (3.0, 0.0),
    PictureState.COVERED: (3.0, 1.0),
    PictureState.FROZEN: (0.0, 0.0),
    PictureState.MOVED: (CONFIRM_S, 0.0),
}
"""State to the seconds for which its evidence must last, and stay away."""
SAME_ASPECT = 0.01


class PictureFitness:
    """Follows one camera; every picture that is to be judged passes `observe`, in the order of its timeline.

    `reference` is the picture in which the zones were drawn; without one, the size is that of the first picture and the
    view is learnt from the first fit minute. Holds about 0.5 MB a camera; not for several threads at once.
    """

    def __init__(
        self, camera_id: str, reference: Image | None = None, reference_wh: tuple[int, int] | None = None
    ) -> None:
        self.camera_id = camera_id
        seen = None if reference is None else glance(reference)
        self._reference_wh = reference_wh or (None if seen is None else seen.size_wh)
        self._size_wh: tuple[int, int] | None = None
        self._holds = {state: Hold(*seconds) for state, seconds in _SECONDS.items()}
        self._cover, self._damage, self._freeze, self._view = Cover(), Damage(), Freeze(), View(seen)
        self._fitness: Fitness | None = None

    def observe(self, image: Image, pts_ns: int, *, corrupt: bool = False, active: bool | None = None) -> Fitness:
        """The state of a bgr24 picture, uint8 (H, W, 3), shown at `pts_ns`.

        `corrupt`: the decoder or the transport says that it is damaged. `active`: whether the packets show motion now,
        if somebody looked; a picture that nearly repeats while they do is not taken for a frozen one.
        """
        seen = glance(image)
        self._follow_size(seen.size_wh)
        evidence = self._evidence(seen, pts_ns, corrupt=corrupt, active=active)
        for state, hold in self._holds.items():
            hold.see(pts_ns, evidence.get(state))
        if not evidence:
            self._cover.learn(seen, pts_ns)
            self._damage.learn(seen, pts_ns)
            self._view.learn(seen, pts_ns)
        self._fitness = self._verdict(pts_ns)
        return self._fitness

    @property
    def references(self) -> dict[DayPart, Grey]:
        """Where the camera looks, one small picture, uint8 (144, 256), for each light that it was seen in."""
        return self._view.references

    def restore(self, references: Mapping[DayPart, Grey]) -> None:
        """Go on from the `references` of an earlier life: a camera that was turned meanwhile has moved."""
        self._view.restore(references)

    def _follow_size(self, size_wh: tuple[int, int]) -> None:
        if size_wh != self._size_wh:
            # Another encoder setting: what was usual of its blocks and its noise is so no more.
            self._damage, self._freeze = Damage(), Freeze()
            self._size_wh = size_wh
        if self._reference_wh is None:
            self._reference_wh = size_wh

    def _evidence(self, seen: Glance, pts_ns: int, *, corrupt: bool, active: bool | None) -> dict[PictureState, str]:
        """What speaks for each state; once a picture shows nothing, it is not asked for more."""
        found: dict[PictureState, str] = {}
        checks: tuple[tuple[PictureState, Callable[[], str | None]], ...] = (
            (PictureState.CHANGED, lambda: self._other_shape(seen.size_wh)),
            (PictureState.BLACK, lambda: is_black(seen)),
            (PictureState.OVEREXPOSED, lambda: is_overexposed(seen)),
            (PictureState.COVERED, lambda: self._cover.evidence(seen)),
            (PictureState.SMEARED, lambda: "the decoder says so" if corrupt else self._damage.evidence(seen)),
            (PictureState.FROZEN, lambda: self._freeze.evidence(seen.samples, pts_ns, active=active)),
            (PictureState.MOVED, lambda: self._view.evidence(seen, pts_ns)),
        )
        for state, check in checks:
            detail = check()
            if detail is not None:
                found[state] = detail
                if state is not PictureState.FROZEN:
                    return found
        return found

    def _other_shape(self, size_wh: tuple[int, int]) -> str | None:
        assert self._reference_wh is not None  # noqa: S101 - set by the first picture
        (width, height), (usual_width, usual_height) = size_wh, self._reference_wh
        if abs(width * usual_height / (height * usual_width) - 1) <= SAME_ASPECT:
            return None
        return f"{width}x{height}, but the zones were drawn on {usual_width}x{usual_height}"

    def _verdict(self, pts_ns: int) -> Fitness:
        for state, hold in self._holds.items():
            if hold.holds(pts_ns):
                return Fitness(state, self._since(state, hold), hold.detail)
        if self._fitness is not None and self._fitness.is_fit:
            return self._fitness
        return Fitness(PictureState.FIT, pts_ns)

    def _since(self, state: PictureState, hold: Hold) -> int | None:
        """A frozen picture is named late, but has been so since it first came."""
        return self._freeze.began_ns if state is PictureState.FROZEN else hold.since_ns
