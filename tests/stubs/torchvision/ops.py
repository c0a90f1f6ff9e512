"""`torchvision.ops.nms` by ultralytics' own implementation."""

from __future__ import annotations

from typing import Any


def nms(boxes: Any, scores: Any, iou_threshold: float) -> Any:
    """Indices of the boxes kept, best score first."""
    from ultralytics.utils.nms import TorchNMS  # noqa: PLC0415  # ultralytics imports torchvision while it loads

    return TorchNMS.nms(boxes, scores, iou_threshold)
