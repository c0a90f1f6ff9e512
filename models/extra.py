"""The door to torch and ultralytics, which only the extra `train` brings."""

from __future__ import annotations

import atexit
import importlib.metadata
import importlib.util
import os
import shutil
import tempfile
from collections.abc import Sequence

from models.errors import MissingExtraError

PACKAGES = ("torch", "ultralytics", "onnx", "onnxslim", "safetensors")


def require_train_extra(purpose: str) -> None:
    """Check that the packages of the extra `train` are here and keep ultralytics offline and tidy.

    Ultralytics reads its environment while it is imported, so call this before the first import of it. It asks for
    torchvision's version at import and for its NMS when it validates; its settings go to a folder that ends with the
    process, unless `YOLO_CONFIG_DIR` names one.

    Raises MissingExtraError, naming the first package that is not here.
    """
    require_packages(purpose, PACKAGES)
    _require_torchvision(purpose)
    os.environ.setdefault("YOLO_OFFLINE", "true")
    os.environ.setdefault("YOLO_AUTOINSTALL", "false")
    if "YOLO_CONFIG_DIR" not in os.environ:
        folder = tempfile.mkdtemp(prefix="streetwarden-ultralytics-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        os.environ["YOLO_CONFIG_DIR"] = folder


def require_packages(purpose: str, packages: Sequence[str]) -> None:
    """Check that some packages of the extra are here. Raises MissingExtraError, naming the first that is not."""
    for package in packages:
        if importlib.util.find_spec(package) is None:
            raise MissingExtraError(f"{purpose} needs {package}: install the extra `train` (make venv)")


def _require_torchvision(purpose: str) -> None:
    try:
        importlib.metadata.version("torchvision")
        found = importlib.util.find_spec("torchvision") is not None
    except importlib.metadata.PackageNotFoundError:
        found = False
    if not found:
        raise MissingExtraError(
            f"{purpose} needs torchvision, which ultralytics imports: install the build that fits your torch"
        )
