"""What the tests of the models' tools share."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

STUBS = Path(__file__).resolve().parents[1] / "stubs"

if importlib.util.find_spec("torchvision") is None:
    # No CPU build of torchvision is to be had everywhere; the stub holds the one function that ultralytics calls.
    sys.path.append(str(STUBS))


@pytest.fixture(scope="session")
def picture_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A YOLO data set of six small pictures: bright squares (class 0) and dark bars (class 1) on grey noise."""
    folder = tmp_path_factory.mktemp("set")
    random = np.random.default_rng(3)
    for split in ("train", "val"):
        (folder / "images" / split).mkdir(parents=True)
        (folder / "labels" / split).mkdir(parents=True)
        for index in range(6):
            image = random.integers(90, 160, (96, 128, 3), np.uint8)
            image[20:52, 10 + index : 42 + index] = 250
            image[60:80, 60:110] = 5
            cv2.imwrite(str(folder / "images" / split / f"{index}.png"), image)
            square = f"0 {(26 + index) / 128} {36 / 96} {32 / 128} {32 / 96}\n"
            bar = f"1 {85 / 128} {70 / 96} {50 / 128} {20 / 96}\n"
            (folder / "labels" / split / f"{index}.txt").write_text(square + bar)
    (folder / "data.yaml").write_text("path: .\ntrain: images/train\nval: images/val\nnames: [person, bicycle]\n")
    return folder
