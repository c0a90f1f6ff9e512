"""The load classifier behind the watches of cameras whose rules ask for it; loaded when the first of them does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence

from detector.classify import CropClassifier
from detector.detections import Boxes
from streams.frame import Image


class Loads:
    """Callable as `detector.watch.Classify`; may be called from several lanes."""

    def __init__(self, load: Callable[[], CropClassifier]) -> None:
        self._load = load
        self._lock = threading.Lock()
        self._classifier: CropClassifier | None = None

    def prepare(self) -> None:
        """Load the model now, so that a bad file is said at once and the first lorry does not wait."""
        self._ready()

    def __call__(self, image: Image, boxes: Boxes) -> Sequence[Mapping[str, float]]:
        """For each box (N, 4) of the picture the score of each class of the load model."""
        classifier = self._ready()
        names = classifier.class_names
        return [dict(zip(names, row, strict=True)) for row in classifier.scores(image, boxes).tolist()]

    def _ready(self) -> CropClassifier:
        with self._lock:
            if self._classifier is None:
                self._classifier = self._load()
            return self._classifier
