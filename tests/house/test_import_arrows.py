"""Imports run one way, along the data."""

from __future__ import annotations

import graphlib
from pathlib import Path

import pytest

from tests.house.imports import ROOMS, imported, modules, rooms_imported

MAY_IMPORT = {
    "streams": set[str](),
    "detector": {"streams"},
    "evidence": {"streams", "detector"},
    "api": {"evidence"},
    "models": {"streams", "detector", "datasets"},
    "datasets": {"streams", "detector"},
    "streetwarden": {"streams", "detector", "evidence", "api", "models", "datasets"},
}
TRAINING_LIBRARIES = {"torch", "torchvision", "ultralytics", "onnx", "onnxslim", "safetensors", "bpy"}
FOLDERS_THAT_MAY_TRAIN = {"models", "datasets"}
DATASETS_AT_RUN_TIME = {"datasets", "datasets.cli", "datasets.formats"}
MODELS_AT_RUN_TIME = {"models.catalogue", "models.cli", "models.errors", "models.load_states"}


@pytest.mark.parametrize(("name", "path"), list(modules()), ids=lambda value: value if isinstance(value, str) else "")
def test_a_module_imports_only_the_rooms_below_it(name: str, path: Path) -> None:
    room = name.partition(".")[0]
    wrong = (rooms_imported(path) & set(ROOMS)) - MAY_IMPORT[room] - {room}
    assert not wrong, f"{name} must not import {sorted(wrong)}"


@pytest.mark.parametrize(("name", "path"), list(modules()), ids=lambda value: value if isinstance(value, str) else "")
def test_training_libraries_stay_with_the_training_tools(name: str, path: Path) -> None:
    if name.partition(".")[0] not in FOLDERS_THAT_MAY_TRAIN:
        assert not rooms_imported(path) & TRAINING_LIBRARIES


def test_only_the_catalogue_of_the_models_is_read_at_run_time() -> None:
    assert _used_at_run_time("models") <= MODELS_AT_RUN_TIME


def test_of_the_data_sets_only_the_verbs_are_at_run_time() -> None:
    assert _used_at_run_time("datasets") <= DATASETS_AT_RUN_TIME


def _used_at_run_time(room: str) -> set[str]:
    known = {module for module, _ in modules()}
    files = [path for name, path in modules() if name.startswith("streetwarden")]
    return {one for path in files for one in imported(path) if one.startswith(f"{room}.") and one in known}


def test_no_modules_import_each_other_in_a_circle() -> None:
    known = {name for name, _ in modules()}
    graph = {name: (imported(path) & known) - {name} for name, path in modules()}
    packages = {name for name, path in modules() if path.name == "__init__.py"}
    # `from a import b` names the package `a` too; only its modules can close a circle.
    graph = {name: needed - packages for name, needed in graph.items()}
    graphlib.TopologicalSorter(graph).prepare()
