"""From the name of a model to a warmed-up engine."""

from __future__ import annotations

from pathlib import Path

from detector.backends import BACKENDS, choose_backend
from detector.classify import CropClassifier
from detector.engine import Engine
from detector.errors import ModelError
from detector.watch import MIN_SCORE
from models.catalogue import resolve
from models.errors import ModelsError
from models.load_states import LOAD_STATES
from streetwarden.errors import UsageError
from streetwarden.settings import Settings

LOAD_MODEL = "load"


def model_path(name_or_path: str) -> Path:
    """The weights' file, its hash checked when it comes from the catalogue. Raises UsageError."""
    try:
        return resolve(name_or_path)
    except ModelsError as error:
        raise UsageError(str(error)) from None


def load_engine(settings: Settings, threads: int | None = None) -> Engine:
    """The engine that the settings ask for, with `threads` for one inference (default: theirs, or every core).

    Raises UsageError with one line when the model does not fit.
    """
    try:
        # The tracker follows a parked car through looks at which the model is far from sure; the rules ask for more.
        path, count = model_path(settings.model), threads or settings.threads
        return Engine.load(path, backend=settings.backend, threads=count, score_threshold=MIN_SCORE)
    except ModelError as error:
        raise UsageError(str(error)) from None


def load_classifier() -> CropClassifier:
    """The classifier of a lorry's load. Raises UsageError with one line when its file does not fit."""
    try:
        return CropClassifier.load(model_path(LOAD_MODEL), classes=LOAD_STATES)
    except ModelError as error:
        raise UsageError(str(error)) from None


def device_of(settings: Settings) -> str:
    """Where the model will compute: `cpu` or `cuda`. Raises UsageError as `load_engine` does."""
    try:
        return BACKENDS[choose_backend(settings.backend, model_path(settings.model))].device
    except ModelError as error:
        raise UsageError(str(error)) from None


def describe_model(settings: Settings) -> str:
    """One line: the model and what would run it."""
    facts = load_engine(settings).describe()
    return ", ".join(f"{name} {value}" for name, value in facts.items())
