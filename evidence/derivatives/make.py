"""One call for all derivatives: a sealed package in, files with their signed statements out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import JsonValue

from evidence.derivatives import canvas, page, video
from evidence.derivatives.errors import DerivativeError
from evidence.derivatives.fonts import find_font
from evidence.derivatives.hiding import Detect, HidingRules
from evidence.derivatives.overlay import overlay
from evidence.derivatives.share import Sharing
from evidence.derivatives.sheet import sheet
from evidence.derivatives.source import SealedSource
from evidence.derivatives.statement import Statement, seal_statement
from evidence.derivatives.words import Language
from evidence.disk import Disk, replace_file
from evidence.manifest import Derived, Original, ParentFile
from evidence.signing import Signer
from streams.clock import Clock

Kind = Literal["overlay", "sheet", "pdf", "share", "h264"]
KINDS: Final[tuple[Kind, ...]] = ("overlay", "sheet", "pdf", "share", "h264")
_HIDING: Final = "grid pixelation; 1"
_PARENT = Original | Derived


@dataclass(frozen=True, slots=True)
class Wishes:
    """How derivatives are made.

    `detect` sees people and vehicles in a picture; without it there is no share copy. `detector` names it with its
    version. `verify_url`: the office's address for the QR code.
    """

    language: Language = "zh"
    verify_url: str | None = None
    detect: Detect | None = None
    detector: str = ""
    hiding: HidingRules = field(default_factory=HidingRules)


@dataclass(frozen=True, slots=True)
class Made:
    """A derived file before it is signed for."""

    kind: Kind
    name: str
    data: bytes
    media_type: Literal["image/jpeg", "video/mp4", "application/pdf"]
    parents: tuple[_PARENT, ...]
    tool: str
    language: Language | None = None
    code: str | None = None
    options: dict[str, Any] = field(default_factory=dict)


def derive(source: SealedSource, kind: Kind, wishes: Wishes) -> Iterator[Made]:
    """The files of one kind, one by one. Raises DerivativeError when they cannot be made."""
    makers: dict[Kind, Callable[[SealedSource, Wishes], Iterator[Made]]] = {
        "overlay": _overlays,
        "sheet": _sheet,
        "pdf": _page,
        "share": _share,
        "h264": _h264,
    }
    return makers[kind](source, wishes)


def write(made: Made, source: SealedSource, folder: Path, signer: Signer, clock: Clock) -> tuple[Path, Path]:
    """Put the file and its statement `NAME.statement.json` into a folder that is not the package's; both paths."""
    if folder.resolve().is_relative_to(source.folder.resolve()):
        raise DerivativeError(f"{folder}: lies in the package, in which nothing may be added")
    file, statement = folder / made.name, folder / f"{made.name}.statement.json"
    replace_file(Disk(), file, made.data)
    replace_file(Disk(), statement, seal_statement(statement_of(made, source, clock), signer))
    return file, statement


def statement_of(made: Made, source: SealedSource, clock: Clock) -> Statement:
    """What is signed of a derived file."""
    options: dict[str, JsonValue] = {"masks": len(source.manifest.camera.privacy_masks), **made.options}
    return Statement(
        kind=made.kind,
        package_id=source.manifest.package_id,
        manifest_sha256=source.manifest_sha256,
        name=made.name,
        size=len(made.data),
        sha256=hashlib.sha256(made.data).hexdigest(),
        media_type=made.media_type,
        parents=tuple(ParentFile(path=parent.path, sha256=parent.sha256) for parent in made.parents),
        language=made.language,
        code=made.code,
        tool=made.tool,
        options=options,
        made_at_ns=clock.wall_ns(),
    )


def _overlays(source: SealedSource, wishes: Wishes) -> Iterator[Made]:
    font, language = find_font(), wishes.language
    for still in source.stills:
        data = canvas.to_jpeg(overlay(source, still, font, language))
        name, code = f"overlay-{still.purpose}-{language}.jpg", source.code(still.sha256)
        yield Made("overlay", name, data, "image/jpeg", (still,), canvas.TOOL, language, code)


def _sheet(source: SealedSource, wishes: Wishes) -> Iterator[Made]:
    language = wishes.language
    picture = sheet(source, find_font(), find_font(bold=True), language)
    data, parents = canvas.to_jpeg(picture), _some(source.stills)
    yield Made("sheet", f"sheet-{language}.jpg", data, "image/jpeg", parents, canvas.TOOL, language)


def _page(source: SealedSource, wishes: Wishes) -> Iterator[Made]:
    language = wishes.language
    data = page.page(source, find_font(), find_font(bold=True), language, wishes.verify_url)
    options = {"qr": page.qr_content(source, wishes.verify_url)}
    parents = _some(source.stills)
    yield Made("pdf", f"page-{language}.pdf", data, "application/pdf", parents, page.TOOL, language, options=options)


def _share(source: SealedSource, wishes: Wishes) -> Iterator[Made]:
    if wishes.detect is None:
        raise DerivativeError("a share copy needs a detector of people and vehicles: none was given")
    options = {**_plain(wishes.hiding), "detector": wishes.detector}
    clip, sharing = source.clip, Sharing(source, wishes.detect, wishes.hiding)
    data, tool = sharing.clip(clip), f"{_HIDING}; {video.TOOL}"
    yield Made("share", f"share-{clip.purpose}.mp4", data, "video/mp4", (clip,), tool, options=options)
    for still in source.panoramas:
        data, tool = sharing.still(still), f"{_HIDING}; {canvas.TOOL}"
        yield Made("share", f"share-{still.purpose}.jpg", data, "image/jpeg", (still,), tool, options=options)


def _h264(source: SealedSource, wishes: Wishes) -> Iterator[Made]:
    """The clip for browsers that do not play the camera's codec; nothing is made of what they do."""
    clip = source.clip
    if clip.codec != "h264":
        data = video.encoded(source.pictures(clip))
        yield Made("h264", f"h264-{clip.purpose}.mp4", data, "video/mp4", (clip,), video.TOOL)


def _some(stills: Sequence[Derived]) -> tuple[Derived, ...]:
    if not stills:
        raise DerivativeError("the package has no still that could be shown")
    return tuple(stills)


def _plain(rules: HidingRules) -> dict[str, JsonValue]:
    """The rules as JSON: sets sorted."""
    return {name: sorted(value) if isinstance(value, frozenset) else value for name, value in asdict(rules).items()}
