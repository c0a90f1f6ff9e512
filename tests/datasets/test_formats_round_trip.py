"""Labels survive every format, boxes to a millionth of a pixel and names to the letter."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.formats import (
    Box,
    Dropped,
    LabelledImage,
    LabelSet,
    read_coco,
    read_voc,
    read_yolo,
    write_coco,
    write_voc,
    write_yolo,
)

CLASSES = ("person", "垃圾桶", "it's a <b> & c")
WIDTH, HEIGHT = 61, 47
Trip = Callable[[LabelSet, Path], tuple[LabelSet, tuple[Dropped, ...]]]


def through_yolo(labels: LabelSet, folder: Path) -> tuple[LabelSet, tuple[Dropped, ...]]:
    for image in labels.images:
        path = folder / "images" / image.name
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), np.zeros((image.height, image.width, 3), np.uint8))
    (folder / "images").mkdir(exist_ok=True)
    write_yolo(labels, folder)
    return read_yolo(folder / "images", folder / "labels", labels.classes)


def through_coco(labels: LabelSet, folder: Path) -> tuple[LabelSet, tuple[Dropped, ...]]:
    write_coco(labels, folder / "labels.json")
    return read_coco(folder / "labels.json")


def through_voc(labels: LabelSet, folder: Path) -> tuple[LabelSet, tuple[Dropped, ...]]:
    write_voc(labels, folder)
    return read_voc(folder, labels.classes)


def edges(size: int) -> st.SearchStrategy[tuple[float, float]]:
    edge = st.floats(0, size, allow_subnormal=False)
    return st.tuples(edge, edge).filter(lambda pair: pair[1] - pair[0] > 1e-3)


@st.composite
def label_sets(draw: st.DrawFn) -> LabelSet:
    images = []
    for name in sorted(draw(st.sets(st.sampled_from(("a.jpg", "b.png", "sub/c.jpg")), max_size=3))):
        boxes = []
        for label, x, y in draw(st.lists(st.tuples(st.sampled_from(CLASSES), edges(WIDTH), edges(HEIGHT)), max_size=4)):
            boxes.append(Box(label, (x[0], y[0], x[1], y[1])))
        images.append(LabelledImage(name, WIDTH, HEIGHT, tuple(boxes)))
    return LabelSet(CLASSES, tuple(images))


@pytest.mark.parametrize("trip", [through_yolo, through_coco, through_voc])
@settings(max_examples=40, deadline=None)
@given(labels=label_sets())
def test_labels_come_back_as_they_went(trip: Trip, labels: LabelSet) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "set").mkdir()
        back, dropped = trip(labels, Path(folder) / "set")
    images = {image.name: image for image in back.images}
    assert dropped == ()
    assert back.classes == labels.classes
    assert set(images) == {image.name for image in labels.images}
    for image in labels.images:
        again = images[image.name]
        assert (again.width, again.height) == (image.width, image.height)
        assert [box.label for box in again.boxes] == [box.label for box in image.boxes]
        for box, twin in zip(image.boxes, again.boxes, strict=True):
            assert twin.xyxy == pytest.approx(box.xyxy, abs=1e-6)
