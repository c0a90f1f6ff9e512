"""Labels from teachers: two COCO detectors, each on the picture and on its mirror image, that must agree.

A label that only one teacher gives, or that both give weakly, is doubtful. Training takes a missing label for
background, so what is doubtful is neither kept nor left in the picture: its place is listed, to be painted grey.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime

from detector.boxes import area, intersection, iou
from detector.detections import Boxes, Detections
from detector.letterbox import InputBuffer, LetterboxPlan, plan_letterbox
from detector.nms import suppress
from models.classes import COCO_IDS, STREET_CLASSES
from models.errors import ModelsError
from streams.frame import Image

STRIDE = 32
MAX_BOXES = 300
COCO_OUTPUTS = 84


@dataclass(frozen=True, slots=True)
class TeacherPolicy:
    """When a box is a label.

    `floor`: scores under it are not looked at. `agreed`: mean score of a box that every teacher sees. `alone`: score
    of a box that one teacher sees. `same_iou`: overlap from which two boxes are one object. `image_size`: longer side
    of the input in pixels, larger than in use so that small objects are found. `mirror`: look at the mirror image too.
    """

    image_size: int = 896
    mirror: bool = True
    floor: float = 0.15
    agreed: float = 0.3
    alone: float = 0.5
    same_iou: float = 0.6


@dataclass(frozen=True, slots=True)
class TeacherLabels:
    """`kept`: boxes to train on, class ids of `STREET_CLASSES`. `doubtful`: boxes (N, 4) to paint over."""

    kept: Detections
    doubtful: Boxes


class CocoTeacher:
    """A COCO detector (raw head, 80 classes, dynamic size) that answers in street classes."""

    def __init__(self, model: Path, policy: TeacherPolicy, threads: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self._session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name
        self._policy = policy
        taught = [name for name in STREET_CLASSES if name in COCO_IDS]
        self._rows = np.array([4 + COCO_IDS[name] for name in taught])
        self._classes = np.array([STREET_CLASSES.index(name) for name in taught])

    def look(self, image: Image) -> Detections:
        """What it sees in a BGR picture (H, W, 3), in its mirror image too if so told; pixels of the picture."""
        plain = self._detect(image)
        if not self._policy.mirror:
            return plain
        mirrored = self._detect(np.ascontiguousarray(image[:, ::-1]))
        back = mirrored.xyxy.copy()
        back[:, [0, 2]] = image.shape[1] - mirrored.xyxy[:, [2, 0]]
        both = Detections.untracked(
            np.concatenate([plain.xyxy, back]),
            np.concatenate([plain.score, mirrored.score]),
            np.concatenate([plain.class_id, mirrored.class_id]),
        )
        return both.select(suppress(both.xyxy, both.score, both.class_id, self._policy.same_iou, MAX_BOXES))

    def _detect(self, image: Image) -> Detections:
        size = self._policy.image_size
        plan = plan_letterbox((image.shape[0], image.shape[1]), (size, size), STRIDE, rect=True)
        buffer = InputBuffer(1, plan.input_hw, np.float32, rgb_unit=True)
        buffer.write(0, image, plan)
        (output,) = self._session.run(None, {self._input: buffer.array})
        if output.shape[1] != COCO_OUTPUTS:
            raise ModelsError(
                f"a teacher must be a raw COCO detector: expected {COCO_OUTPUTS} rows, got {output.shape}"
            )
        return self._decode(output[0], plan)

    def _decode(self, output: npt.NDArray[np.float32], plan: LetterboxPlan) -> Detections:
        scores = output[self._rows]
        best = scores.argmax(axis=0)
        score = scores.max(axis=0)
        keep = score >= self._policy.floor
        centre, half = output[:2, keep].T, output[2:4, keep].T / 2
        boxes = np.concatenate([centre - half, centre + half], axis=1).astype(np.float32)
        found = Detections.untracked(plan.to_source(boxes), score[keep], self._classes[best[keep]])
        return found.select(suppress(found.xyxy, found.score, found.class_id, self._policy.same_iou, MAX_BOXES))


def consensus(first: Detections, second: Detections, policy: TeacherPolicy) -> TeacherLabels:
    """What two teachers together say of one picture.

    Boxes are matched greedily, best overlap first, whatever their class; a matched pair takes the class and the score
    of the teachers' mean, and the surer teacher's box.
    """
    pairs = _matches(first.xyxy, second.xyxy, policy.same_iou)
    rows = [_merge(first, i, second, j) for i, j in pairs]
    rows += [(first, i, float(first.score[i]), False) for i in _rest(len(first), [i for i, _ in pairs])]
    rows += [(second, j, float(second.score[j]), False) for j in _rest(len(second), [j for _, j in pairs])]
    kept = [row for row in rows if row[2] >= (policy.agreed if row[3] else policy.alone)]
    doubtful = [row for row in rows if row[2] < (policy.agreed if row[3] else policy.alone)]
    labels = _without_doubles(_collect(kept), policy.same_iou)
    return TeacherLabels(labels, _outside(_collect(doubtful).xyxy, labels.xyxy))


Row = tuple[Detections, int, float, bool]


def _merge(first: Detections, i: int, second: Detections, j: int) -> Row:
    same = first.class_id[i] == second.class_id[j]
    source, row = (first, i) if first.score[i] >= second.score[j] else (second, j)
    mean = float(first.score[i] + second.score[j]) / 2
    return source, row, mean if same else float(source.score[row]), bool(same)


def _matches(first: Boxes, second: Boxes, threshold: float) -> list[tuple[int, int]]:
    overlap = iou(first, second)
    pairs: list[tuple[int, int]] = []
    while overlap.size and overlap.max() >= threshold:
        i, j = np.unravel_index(int(overlap.argmax()), overlap.shape)
        pairs.append((int(i), int(j)))
        overlap[i, :] = overlap[:, j] = -1
    return pairs


def _rest(count: int, taken: Sequence[int]) -> list[int]:
    return sorted(set(range(count)) - set(taken))


def _collect(rows: Sequence[Row]) -> Detections:
    if not rows:
        return Detections.empty()
    return Detections.untracked(
        np.array([source.xyxy[row] for source, row, _, _ in rows], np.float32),
        np.array([score for _, _, score, _ in rows], np.float32),
        np.array([source.class_id[row] for source, row, _, _ in rows], np.int64),
    )


def _without_doubles(labels: Detections, threshold: float) -> Detections:
    # One object is one label: a lorry that is also seen as a bus keeps the surer word.
    one_class = np.zeros(len(labels), np.int64)
    return labels.select(suppress(labels.xyxy, labels.score, one_class, threshold + 0.1, MAX_BOXES))


def _outside(doubtful: Boxes, kept: Boxes) -> Boxes:
    """Doubtful boxes that can be painted over without hiding much of a kept one."""
    if not len(doubtful) or not len(kept):
        return doubtful
    hidden = intersection(doubtful, kept) / np.maximum(area(kept)[None, :], 1e-9)
    clear: Boxes = doubtful[hidden.max(axis=1) < 0.15]
    return clear
