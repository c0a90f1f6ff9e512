"""From one background and cut-outs of actors to whole pictures, with the truth that belongs to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from datasets.scenes import actors, camera, look, paths, sprites, weather
from datasets.scenes.air import Air, Shown, layer
from datasets.scenes.errors import SceneError
from datasets.scenes.mesh import Mesh
from datasets.scenes.paths import Pose
from datasets.scenes.spec import ActorSpec, CameraSpec, ClipSpec, Placed
from datasets.scenes.sprites import Sprite
from datasets.scenes.truth import TrueBox, TrueIncident, Truth, spec_json

Linear = npt.NDArray[np.float32]
Image = npt.NDArray[np.uint8]
LEFT_WRONG = 0.03  # how far a warped cut-out's corners may lie from where they belong, as a share of its size
TURN_DEG = 2.5
MEMORY = 16


Keys = Callable[[ClipSpec, ActorSpec, Sequence[Pose | None]], list[Pose | None]]


class Stage(Protocol):
    """Where pictures come from: a renderer, a store of earlier renders, or a test's own drawings."""

    def background(self) -> Linear:
        """The street without moving actors: linear float32 (H, W, 3)."""
        ...

    def sprite(self, actor: ActorSpec, pose: Pose) -> Sprite | None:
        """The actor cut out at a pose; None when nothing of it is in the picture."""
        ...


def key_poses(spec: ClipSpec, actor: ActorSpec, way: Sequence[Pose | None]) -> list[Pose | None]:
    """For every pose of the way, the pose whose render serves for it: as few renders as the eye forgives."""
    mesh = sprites.hull(actors.model(actor))
    chosen: list[Pose | None] = []
    keys: list[Pose] = []
    for pose in way:
        if pose is None:
            chosen.append(None)
            continue
        # A walk comes back to its phases: the last keys are tried, the newest first.
        key = next((key for key in keys[: -1 - MEMORY : -1] if _serves(spec, mesh, key, pose)), None)
        if key is None:
            key = pose
            keys.append(key)
        chosen.append(key)
    return chosen


def _serves(spec: ClipSpec, mesh: Mesh, key: Pose, pose: Pose) -> bool:
    if key == pose:
        return True
    turned = abs((key.heading_deg - pose.heading_deg + 180) % 360 - 180)
    if turned > TURN_DEG * spec.tolerance or key.phase != pose.phase:
        return False
    if _at_edge(spec, mesh, key):
        return False
    box = sprites.body_box(spec.scene.camera, sprites.at(mesh, pose))
    if box is None:
        return False
    return sprites.shift_between(spec.scene.camera, mesh, key, pose)[1] <= 1.0 + LEFT_WRONG * spec.tolerance * (
        box[2] - box[0]
    )


def _at_edge(spec: ClipSpec, mesh: Mesh, pose: Pose) -> bool:
    """Whether the picture's border cuts the actor: such a render lacks what the next frame needs."""
    pixels, _ = camera.project(spec.scene.camera, sprites.at(mesh, pose).vertices)
    size = (spec.scene.camera.width, spec.scene.camera.height)
    return bool((pixels.min(0) < 2).any() or (pixels.max(0) > np.array(size) - 2).any())


def plan(spec: ClipSpec, keys: Keys = key_poses) -> list[list[Shown]]:
    """For every frame, what moves in it, the farthest first; `keys` tells which renders serve for it."""
    times = np.arange(spec.frames) / spec.fps
    frames: list[list[Shown]] = [[] for _ in times]
    # A trip that begins before the clip or ends after it goes on in the loop's other half.
    laps = (-1, 0, 1) if spec.loops else (0,)
    for trip, lap in [(trip, lap) for trip in spec.trips for lap in laps]:
        way = paths.poses(trip, spec.scene.street, times + lap * spec.duration_s)
        for frame, pose, key in zip(frames, way, keys(spec, trip.actor, way), strict=True):
            if pose is not None and key is not None and (item := shown(spec.scene.camera, trip.actor, pose, key)):
                frame.append(item)
    for frame in frames:
        frame.sort(key=lambda item: -item.distance)
    return frames


def shown(view: CameraSpec, actor: ActorSpec, pose: Pose, rendered: Pose) -> Shown | None:
    """An actor at a pose, or None when nothing of it is in the picture."""
    parts = []
    (_, _, whole), *shapes = actors.outlines(actor, pose.phase)
    for part_id, label, shape in shapes:
        box = sprites.body_box(view, sprites.at(shape, pose))
        if box is not None:
            parts.append((part_id, label, box))
    distance = float(np.linalg.norm(np.array([pose.x, pose.y]) - view.position[:2]))
    if not parts and sprites.body_box(view, sprites.at(whole, pose)) is None:
        return None
    return Shown(actor, pose, rendered, tuple(parts), distance)


class Composer:
    """Makes the pictures of a clip, one by one."""

    def __init__(self, spec: ClipSpec, stage: Stage, keys: Keys = key_poses) -> None:
        self._spec, self._stage, self._plan = spec, stage, plan(spec, keys)
        scene = spec.scene
        self._background = stage.background()
        gain = look.exposure_of(self._background, scene.light.brightness)
        self._developer = look.Developer(gain, scene.light.warmth)
        self._dim = look.vignette(scene.camera.width, scene.camera.height)
        self._still = self._developer.develop(self._background * self._dim)
        self._still_boxes = [box for parked in scene.parked for box in _still_boxes(spec, parked)]
        self._air = Air(scene, self._background, gain, self._developer)
        self._still = self._still if self._air.is_clear else self._air.develop((), self._dim)

    def frames(self) -> Iterator[tuple[Image, tuple[TrueBox, ...]]]:
        """Every picture (BGR uint8) with its true boxes."""
        rng = np.random.default_rng(self._spec.seed)
        before: Sequence[Shown] | None = None
        for items in self._plan:
            if items != before:
                picture, boxes = self._compose(items)
                before = items
            wet = weather.streaks(picture, self._spec.scene.light.rain, rng)
            yield look.noisy(wet, self._spec.noise, rng), boxes

    def _compose(self, items: Sequence[Shown]) -> tuple[npt.NDArray[np.float32], tuple[TrueBox, ...]]:
        cut = cut_outs(self._stage, self._spec.scene.camera, items)
        boxes = true_boxes(cut)
        still = tuple(self._still_boxes)
        if not self._air.is_clear:
            return (self._air.develop(cut, self._dim) if cut else self._still), (*still, *boxes)
        if not cut:
            return self._still, still
        # Only the part that changed is developed anew; the margin is the blur's reach.
        low = [max(0, min(v) - 4) for v in zip(*((s.x, s.y) for _, s in cut), strict=True)]
        high = [max(v) + 4 for v in zip(*((s.x + s.rgba.shape[1], s.y + s.rgba.shape[0]) for _, s in cut), strict=True)]
        area = (slice(low[1], high[1]), slice(low[0], high[0]))
        linear = self._background.copy()
        for _, sprite in cut:
            layer(linear, sprite)
        picture = self._still.copy()
        picture[area] = self._developer.develop(linear[area] * self._dim[area])
        return picture, (*still, *boxes)


def cut_outs(stage: Stage, view: CameraSpec, items: Sequence[Shown]) -> list[tuple[Shown, Sprite]]:
    """The cut-outs of all that the stage has, carried to where they belong."""
    cut = []
    for item in items:
        sprite = stage.sprite(item.actor, item.rendered)
        if sprite is None:
            continue
        if item.pose != item.rendered or not sprites.is_inside(sprite, view):
            move, _ = sprites.shift_between(view, sprites.hull(actors.model(item.actor)), item.rendered, item.pose)
            sprite = sprites.warped(sprite, move, view)
        cut.append((item, sprite))
    return cut


def true_boxes(cut: Sequence[tuple[Shown, Sprite]]) -> tuple[TrueBox, ...]:
    """The truth of all cut-outs of a picture, the farthest first."""
    return tuple(
        TrueBox(*part, _visible(sprite, cut[n + 1 :])) for n, (item, sprite) in enumerate(cut) for part in item.parts
    )


def unhidden(sprite: Sprite, nearer: Sequence[Sprite]) -> npt.NDArray[np.bool_]:
    """The pixels of a cut-out's body that no nearer cut-out covers, bool (h, w)."""
    seen = sprite.body.copy()
    for other in nearer:
        x, y = other.x - sprite.x, other.y - sprite.y
        h, w = other.body.shape
        here = (slice(max(0, y), max(0, y + h)), slice(max(0, x), max(0, x + w)))
        there = seen[here]
        seen[here] = there & ~other.body[max(0, -y) :, max(0, -x) :][: there.shape[0], : there.shape[1]]
    return seen


def _visible(sprite: Sprite, nearer: Sequence[tuple[Shown, Sprite]]) -> float:
    """The share of an actor that is seen: nearer actors and the street's own things hide the rest."""
    return min(1.0, float(unhidden(sprite, [other for _, other in nearer]).sum()) / sprite.whole)


def _still_boxes(spec: ClipSpec, parked: Placed) -> list[TrueBox]:
    mesh = actors.placed(actors.model(parked.actor), parked.x, parked.y, parked.heading_deg, parked.z)
    found = []
    for part_id, label, names in actors.labelled_parts(parked.actor):
        box = sprites.body_box(spec.scene.camera, mesh if names is None else mesh.only(names))
        if box is not None:
            found.append(TrueBox(part_id, label, box, 1.0))
    return found


def incidents(spec: ClipSpec, frames: Sequence[tuple[TrueBox, ...]]) -> tuple[TrueIncident, ...]:
    """The clip's violations, with the box of the middle of the stay."""
    found = []
    for stay in spec.stays:
        middle = frames[round((stay.from_s + stay.to_s) / 2 * spec.fps)]
        box = next((box for box in middle if box.actor == stay.actor_id), None)
        if box is None:
            raise SceneError(f"clip {spec.name}: {stay.actor_id} is not in the picture in the middle of its incident")
        found.append(
            TrueIncident(stay.actor_id, stay.kind, spec.zone_id, stay.from_s, stay.to_s, box.xyxy, stay.detail)
        )
    return tuple(found)


def truth_of(spec: ClipSpec, frames: Sequence[tuple[TrueBox, ...]]) -> Truth:
    """The truth document of a composed clip."""
    view = spec.scene.camera
    return Truth(
        f"{spec.name}.mp4", spec.fps, view.width, view.height, tuple(frames), incidents(spec, frames), spec_json(spec)
    )
