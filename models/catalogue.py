"""The catalogue: one card a model, and no weights without their hash checked.

A card is a JSON file in `models/weights/`, beside the weights it describes. It is the one part of `models` that runs in
a worker, so it imports neither torch nor anything that does.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from models.errors import CatalogueError

WEIGHTS_FOLDER = Path(__file__).resolve().parent / "weights"
DEFAULT_MODEL = "street"
READ_BYTES = 1 << 20

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class InputContract(_Record):
    """What the network wants: RGB 0..1, NCHW; `letterbox`: padded with `pad_value`, `squash`: stretched to the size."""

    width: int = Field(gt=0)
    height: int = Field(gt=0)
    batch: Literal["dynamic", "fixed"]
    channel_order: Literal["rgb", "bgr"] = "rgb"
    scale: Literal["0..1", "0..255"] = "0..1"
    pad_value: int = Field(default=114, ge=0, le=255)
    fit: Literal["letterbox", "squash"] = "letterbox"


class DataSource(_Record):
    """One set that the weights were trained on."""

    name: str
    pictures: int = Field(ge=0)
    kind: Literal["real", "rendered"]
    labels: str
    licence: str


class Figure(_Record):
    """One measured number: what, on what, how many pictures, and whether those were real."""

    what: str
    value: float
    on: str
    pictures: int = Field(ge=0)
    kind: Literal["real", "rendered"]
    start: float | None = Field(default=None, description="the same figure for the weights that training started from")


class Training(_Record):
    """How the weights were made: from what, with which seed and command, on which data."""

    start: str
    command: str
    seed: int
    data: tuple[DataSource, ...]
    notes: tuple[str, ...] = ()


class Card(_Record):
    """Everything that must be known of a model before it is used."""

    name: FileName
    file: FileName
    sha256: Sha256
    bytes: int = Field(gt=0)
    licence: str
    architecture: str
    precision: Literal["float32", "float16", "int8"]
    classes: tuple[str, ...] = Field(min_length=1)
    input: InputContract
    task: Literal["detect", "classify"] = "detect"
    head: Literal["raw", "end2end", "yolox", "softmax"]
    url: str | None = Field(default=None, description="where `models fetch` finds it; none: it comes with the sources")
    training: Training
    figures: tuple[Figure, ...] = ()

    @model_validator(mode="after")
    def _classes_are_distinct(self) -> Card:
        if len(set(self.classes)) != len(self.classes):
            raise ValueError("classes holds a name twice")
        return self


def read_card(path: Path) -> Card:
    """The card in one JSON file. Raises CatalogueError, naming the file and the key, when it is not one."""
    try:
        return Card.model_validate_json(path.read_bytes())
    except OSError as problem:
        raise CatalogueError(f"{path}: cannot be read: {problem.strerror}") from problem
    except ValidationError as problem:
        first = problem.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"]) or "the file"
        raise CatalogueError(f"{path}: {key}: {first['msg']}") from problem


def card_json(card: Card) -> str:
    """The card as it is stored: two spaces, keys in the model's order, a final newline."""
    return json.dumps(card.model_dump(mode="json", exclude_none=True), indent=2, ensure_ascii=False) + "\n"


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file's bytes. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(READ_BYTES):
            digest.update(block)
    return digest.hexdigest()


class Catalogue:
    """The cards of one or more folders, earlier folders first.

    Weights are looked for beside their card and then in `download_folder`, where `models fetch` puts them.
    """

    def __init__(self, folders: Sequence[Path] = (WEIGHTS_FOLDER,), download_folder: Path | None = None) -> None:
        self._folders = tuple(folders)
        self._downloads = download_folder

    def cards(self) -> tuple[Card, ...]:
        """Every card, by name. Raises CatalogueError when a card is broken or two have one name."""
        found: dict[str, Card] = {}
        for path in self._card_paths():
            card = read_card(path)
            if card.name in found:
                raise CatalogueError(f"{path}: a second card for the model {card.name!r}")
            found[card.name] = card
        return tuple(found[name] for name in sorted(found))

    def card(self, name: str) -> Card:
        """The card of one model. Raises CatalogueError, naming those there are, when there is none."""
        cards = self.cards()
        for card in cards:
            if card.name == name:
                return card
        known = ", ".join(card.name for card in cards) or "none"
        raise CatalogueError(f"no model is called {name!r}; known: {known} (or give the path of an .onnx file)")

    def weights(self, name: str) -> Path:
        """The weights of one model, their hash checked now. Raises CatalogueError."""
        card = self.card(name)
        for path in self._candidates(card):
            if path.is_file():
                return check_hash(path, card)
        advice = f"fetch them with: streetwarden models fetch {name}" if card.url else "they come with the sources"
        raise CatalogueError(f"{card.file}: the weights of {name!r} are missing; {advice}")

    def resolve(self, name_or_path: str | Path) -> Path:
        """The ONNX file for a model's name or a path.

        A name's file is checked against its card. A path's file is checked when a card for that file lies beside it;
        other files are the caller's own and are taken as they are. Raises CatalogueError.
        """
        text = str(name_or_path)
        path = Path(text)
        if not _looks_like_a_path(text):
            return self.weights(text)
        if not path.is_file():
            raise CatalogueError(f"{path}: no such model file")
        beside = path.with_suffix(".json")
        if beside.is_file():
            card = read_card(beside)
            if card.file == path.name:
                return check_hash(path, card)
        return path

    def _card_paths(self) -> list[Path]:
        return [path for folder in self._folders for path in sorted(folder.glob("*.json"))]

    def _candidates(self, card: Card) -> list[Path]:
        folders = (*self._folders, *([self._downloads] if self._downloads is not None else []))
        return [folder / card.file for folder in folders]


def resolve(name_or_path: str | Path, catalogue: Catalogue | None = None) -> Path:
    """The ONNX file for a model's name or a path, with its hash checked: see `Catalogue.resolve`."""
    return (catalogue or default_catalogue()).resolve(name_or_path)


def default_catalogue() -> Catalogue:
    """The cards that come with the sources, with downloads in the user's cache folder."""
    return Catalogue(download_folder=default_download_folder())


def default_download_folder() -> Path:
    """Where `models fetch` keeps what it downloads: the user's cache folder."""
    import platformdirs  # noqa: PLC0415  # only a catalogue with downloads needs it

    return Path(platformdirs.user_cache_dir("streetwarden", appauthor=False)) / "models"


def check_hash(path: Path, card: Card) -> Path:
    """`path`, when its bytes are those of the card. Raises CatalogueError when they are not."""
    try:
        found = sha256_of(path)
    except OSError as problem:
        raise CatalogueError(f"{path}: cannot be read: {problem.strerror}") from problem
    if found != card.sha256:
        raise CatalogueError(
            f"{path}: not the weights of {card.name!r}: sha256 is {found[:16]}..., the card says {card.sha256[:16]}..."
        )
    return path


def _looks_like_a_path(text: str) -> bool:
    return "/" in text or "\\" in text or text.lower().endswith(".onnx")
