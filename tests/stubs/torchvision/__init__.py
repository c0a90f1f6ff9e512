"""The one thing ultralytics wants of torchvision where no CPU build of it exists: NMS, by ultralytics' own hand."""

from __future__ import annotations

from . import ops

__version__ = "0.0.0"
__all__ = ["ops"]
