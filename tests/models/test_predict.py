"""What is measured is the backend that was asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from detector.errors import ModelError
from models.export import ExportOptions, export_model
from models.predict import Predictor
from tests.models.test_street import SIZE, small_model

pytestmark = pytest.mark.filterwarnings("ignore")  # torch's own advice


def test_backends_are_measured_by_name(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    export_model(small_model(3), path, ExportOptions(image_size=SIZE))
    image = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3), np.uint8)
    scores = [
        np.sort(Predictor(path, threads=1, score_threshold=0.0, backend=backend).predict(image).score)[-20:]
        for backend in ("onnxruntime", "openvino")
    ]
    assert np.abs(scores[0] - scores[1]).max() < 0.02
    with pytest.raises(ModelError, match="unknown inference backend 'quantum'"):
        Predictor(path, backend="quantum")
