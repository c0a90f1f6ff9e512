"""A sealed package as derivatives read it: checked first, then its manifest and its files."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from evidence.derivatives.errors import DerivativeError
from evidence.derivatives.masks import masked
from evidence.derivatives.video import ClipPicture, pictures_of
from evidence.manifest import Derived, Manifest, Original
from evidence.package import DEFAULT_LIMITS
from evidence.reader import read_small
from evidence.verify import verify_package
from streams.frame import Image

_CODE_NAMESPACE = "streetwarden.code/1"


@dataclass(frozen=True, slots=True)
class SealedSource:
    """A package folder whose integrity holds."""

    folder: Path
    manifest: Manifest
    manifest_sha256: str

    def read(self, entry: Original | Derived) -> bytes:
        """The bytes of one of its files; DerivativeError when they are not the sealed ones any more."""
        data = read_small(self.folder / entry.path, DEFAULT_LIMITS.max_file_bytes)
        if hashlib.sha256(data).hexdigest() != entry.sha256:
            raise DerivativeError(f"{self.folder / entry.path}: is not the sealed file")
        return data

    def image(self, entry: Derived) -> Image:
        """A still as `bgr24`."""
        image = cv2.imdecode(np.frombuffer(self.read(entry), np.uint8), cv2.IMREAD_COLOR)
        if image is None:
            raise DerivativeError(f"{self.folder / entry.path}: is no picture")
        return np.asarray(image, np.uint8)

    def pictures(self, original: Original) -> Iterator[ClipPicture]:
        """An original's pictures, with the camera's privacy masks filled."""
        masks = self.manifest.camera.privacy_masks
        for picture in pictures_of(self.read(original)):
            yield ClipPicture(picture.at_s, masked(picture.image, masks))

    @property
    def stills(self) -> tuple[Derived, ...]:
        """The stills, in the order in which they were taken into the package."""
        files = self.manifest.files
        return tuple(e for e in files if isinstance(e, Derived) and e.media_type in {"image/jpeg", "image/png"})

    @property
    def panoramas(self) -> tuple[Derived, ...]:
        """The stills of the whole picture."""
        return tuple(entry for entry in self.stills if entry.crop_xyxy is None)

    @property
    def clip(self) -> Original:
        """The clip, or the longest original where no clip was left."""
        originals = [entry for entry in self.manifest.files if isinstance(entry, Original)]
        return max(originals, key=lambda entry: (entry.purpose == "clip", entry.packets))

    def code(self, file_sha256: str) -> str:
        """The anti-forgery code of a picture: anybody can make it again from the package and the picture's hash."""
        return code_of(self.manifest_sha256, file_sha256)


def open_source(folder: Path) -> SealedSource:
    """Check a package folder. Raises DerivativeError, in one line, when it is none or was altered."""
    report = verify_package(folder, None)
    if report.problems or report.manifest is None or report.manifest_sha256 is None:
        raise DerivativeError(f"{folder}: nothing is derived from a package that does not hold: {report.problems[0]}")
    return SealedSource(folder, report.manifest, report.manifest_sha256)


def code_of(manifest_sha256: str, file_sha256: str) -> str:
    """Sixteen letters and digits (RFC 4648 base32) of SHA-256 over the name, the package's and the picture's hash.

    >>> code_of("0" * 64, "1" * 64)
    'TKDT-B2ZD-QZBE-F4N5'
    """
    digest = hashlib.sha256(f"{_CODE_NAMESPACE}\n{manifest_sha256}\n{file_sha256}".encode()).digest()
    letters = base64.b32encode(digest).decode()[:16]
    return "-".join(letters[start : start + 4] for start in range(0, 16, 4))
