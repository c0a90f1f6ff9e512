"""A model's name leads to its weights, and only to weights whose bytes are those of the card."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from detector.engine import Engine
from models.catalogue import DEFAULT_MODEL, WEIGHTS_FOLDER, Catalogue, card_json, default_catalogue, read_card, resolve
from models.classes import STREET_CLASSES
from models.errors import CatalogueError

LIMIT_BYTES = 12_000_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A catalogue of its own: the street card and its weights, copied."""
    for suffix in (".onnx", ".json"):
        shutil.copy(WEIGHTS_FOLDER / f"street{suffix}", tmp_path)
    return tmp_path


def change_card(folder: Path, **changes: Any) -> None:
    path = folder / "street.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_the_default_model_is_here_and_is_what_its_card_says() -> None:
    path = resolve(DEFAULT_MODEL)
    card = default_catalogue().card(DEFAULT_MODEL)
    engine = Engine.load(path, threads=1)
    assert engine.class_names == card.classes
    assert set(card.classes) <= set(STREET_CLASSES)
    assert engine.input_size == (card.input.height, card.input.width)
    assert engine.describe()["head"] == card.head
    assert path.stat().st_size == card.bytes < LIMIT_BYTES
    assert "AGPL-3.0" in card.licence


def test_every_card_is_stored_as_it_would_be_written() -> None:
    for path in WEIGHTS_FOLDER.glob("*.json"):
        assert path.read_text(encoding="utf-8") == card_json(read_card(path))


def test_an_unknown_name_is_one_line_that_names_the_known_ones() -> None:
    with pytest.raises(CatalogueError, match=r"no model is called 'steet'; known: .*street") as caught:
        resolve("steet")
    assert "\n" not in str(caught.value)


def test_changed_weights_are_refused(folder: Path) -> None:
    with (folder / "street.onnx").open("r+b") as file:
        file.seek(5000)
        file.write(b"\xff\x00\xff")
    with pytest.raises(CatalogueError, match="not the weights of 'street': sha256 is"):
        Catalogue([folder]).resolve("street")


def test_a_path_beside_its_card_is_checked_too(folder: Path) -> None:
    (folder / "street.onnx").write_bytes(b"something else")
    with pytest.raises(CatalogueError, match="not the weights of 'street'"):
        Catalogue([]).resolve(folder / "street.onnx")


def test_a_path_without_a_card_is_the_callers_own(tmp_path: Path) -> None:
    (tmp_path / "mine.onnx").write_bytes(b"mine")
    assert Catalogue([]).resolve(tmp_path / "mine.onnx") == tmp_path / "mine.onnx"


def test_a_missing_path_is_said(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"nothing\.onnx: no such model file"):
        resolve(tmp_path / "nothing.onnx")


def test_missing_weights_say_how_to_get_them(folder: Path) -> None:
    (folder / "street.onnx").unlink()
    with pytest.raises(CatalogueError, match="they come with the sources"):
        Catalogue([folder]).resolve("street")
    change_card(folder, url="https://models.example/street.onnx")
    with pytest.raises(CatalogueError, match="streetwarden models fetch street"):
        Catalogue([folder]).resolve("street")


def test_fetched_weights_are_found_among_downloads(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    downloads = tmp_path_factory.mktemp("downloads")
    shutil.move(folder / "street.onnx", downloads)
    assert Catalogue([folder], downloads).resolve("street") == downloads / "street.onnx"


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"sha256": "abc"}, "sha256"),
        ({"classes": []}, "classes"),
        ({"classes": ["car", "car"]}, "classes"),
        ({"file": "../elsewhere.onnx"}, "file"),
        ({"colour": "red"}, "colour"),
        ({"input": {"width": 0, "height": 640, "batch": "dynamic"}}, "input.width"),
    ],
)
def test_a_broken_card_names_the_file_and_the_key(folder: Path, changes: dict[str, Any], key: str) -> None:
    change_card(folder, **changes)
    with pytest.raises(CatalogueError, match=rf"street\.json: .*{key}"):
        Catalogue([folder]).cards()


def test_two_cards_of_one_name_are_refused(folder: Path) -> None:
    shutil.copy(folder / "street.json", folder / "twin.json")
    with pytest.raises(CatalogueError, match="a second card for the model 'street'"):
        Catalogue([folder]).cards()
