"""Derivatives for the case service, made on its own machine with the machine's key and model."""

from __future__ import annotations

import threading
from pathlib import Path

from detector.errors import ModelError
from evidence.derivatives.errors import DerivativeError
from evidence.derivatives.hiding import Detect
from evidence.derivatives.make import Kind, Wishes, derive, write
from evidence.derivatives.source import open_source
from evidence.derivatives.words import Language
from evidence.keys import Keys
from evidence.registry import KeyEntry
from streams.clock import SystemClock
from streetwarden.derive import detector
from streetwarden.errors import UsageError
from streetwarden.sealing import open_sealing
from streetwarden.settings import Settings


def _eyes(settings: Settings) -> tuple[Detect, str]:
    """The detector of a share copy; without one there is no copy at all."""
    try:
        return detector(settings)
    except (UsageError, ModelError, OSError) as error:
        raise DerivativeError(f"people and plates cannot be hidden, the detector does not load: {error}") from error


class LocalDeriver:
    """Makes derivatives with `settings`; the key is opened, and the model loaded, when they are first needed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._clock = SystemClock()
        self._lock = threading.Lock()
        self._keys: Keys | None = None
        self._eyes: tuple[Detect, str] | None = None

    @property
    def key(self) -> KeyEntry:
        """The public key of the statements."""
        return self._opened().entry

    def __call__(self, package: Path, kind: Kind, language: Language, folder: Path) -> None:
        """Put the files of a kind and their statements into `folder`. Raises DerivativeError."""
        source, signer = open_source(package), self._opened().signer
        for made in derive(source, kind, self._wishes(kind, language)):
            write(made, source, folder, signer, self._clock)

    def _wishes(self, kind: Kind, language: Language) -> Wishes:
        if kind != "share":
            return Wishes(language)
        with self._lock:
            if self._eyes is None:
                self._eyes = _eyes(self._settings)
            detect, name = self._eyes
        return Wishes(language, detect=detect, detector=name)

    def _opened(self) -> Keys:
        with self._lock:
            if self._keys is None:
                self._keys = open_sealing(self._settings, self._clock).keys
            return self._keys
