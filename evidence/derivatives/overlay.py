"""Overlay stills: a still with the zone, the subject, and below it the words that the law asks for."""

from __future__ import annotations

from typing import Final

from PIL import Image as Pillow
from PIL import ImageDraw

from evidence.derivatives.canvas import Table, halves, to_pillow
from evidence.derivatives.facts import picture_rows
from evidence.derivatives.fonts import FontFile
from evidence.derivatives.masks import masked, masked_crop
from evidence.derivatives.source import SealedSource
from evidence.derivatives.words import Language
from evidence.manifest import Derived, Manifest
from evidence.moments.box import Box, scaled

_ZONE: Final = (255, 196, 0)
_SUBJECT: Final = (230, 30, 30)
_BAND: Final = (16, 20, 28)
_LEAST_WIDTH: Final = 960


def overlay(source: SealedSource, still: Derived, font: FontFile, language: Language) -> Pillow.Image:
    """The still, unhidden but for the camera's masks, with lines on it and a band of words below."""
    picture = clean_still(source, still)
    if still.crop_xyxy is None:
        _mark(picture, source.manifest, still)
    if picture.width < _LEAST_WIDTH:
        scale = _LEAST_WIDTH / picture.width
        picture = picture.resize((_LEAST_WIDTH, round(picture.height * scale)), Pillow.Resampling.LANCZOS)
    rows = picture_rows(source.manifest, still.at_ns, source.code(still.sha256), language)
    return _with_band(picture, [Table(part, font, *_column(picture.width)) for part in halves(rows)])


def clean_still(source: SealedSource, still: Derived) -> Pillow.Image:
    """The still with the camera's privacy masks filled."""
    image, masks = source.image(still), source.manifest.camera.privacy_masks
    if still.crop_xyxy is None:
        return to_pillow(masked(image, masks))
    parent = next(entry for entry in source.manifest.files if entry.path == still.parent)
    return to_pillow(masked_crop(image, masks, still.crop_xyxy, parent.size_wh))


def box_of(manifest: Manifest, pts_ns: int) -> Box:
    """Where the subject was at the look nearest to that time, in pixels of `subject.frame_size_wh`."""
    subject = manifest.subject
    if pts_ns == manifest.times.confirmed.pts_ns or not subject.positions:
        return subject.box_xyxy
    return min(subject.positions, key=lambda point: abs(point.pts_ns - pts_ns)).xyxy


def _mark(picture: Pillow.Image, manifest: Manifest, still: Derived) -> None:
    draw = ImageDraw.Draw(picture)
    line = max(2, picture.width // 640)
    corners = [(x * picture.width, y * picture.height) for x, y in manifest.zone.polygon]
    draw.line([*corners, corners[0]], fill=_ZONE, width=line, joint="curve")
    if not still.purpose.endswith("_cleared"):
        box = scaled(box_of(manifest, still.pts_ns), manifest.subject.frame_size_wh, picture.size)
        draw.rectangle(box, outline=_SUBJECT, width=line + 1)


def _column(width: int) -> tuple[int, int]:
    """Pixels of a letter and of a column, two of which stand side by side."""
    pixels = max(16, width // 72)
    return pixels, width // 2 - 2 * pixels


def _with_band(picture: Pillow.Image, columns: list[Table]) -> Pillow.Image:
    pixels, _ = _column(picture.width)
    height = max(column.height for column in columns) + 2 * pixels
    whole = Pillow.new("RGB", (picture.width, picture.height + height), _BAND)
    whole.paste(picture, (0, 0))
    draw = ImageDraw.Draw(whole)
    for index, column in enumerate(columns):
        left = pixels + index * picture.width // 2
        column.draw(draw, left, picture.height + pixels, ink=(255, 255, 255), faint=(150, 162, 180))
    return whole
