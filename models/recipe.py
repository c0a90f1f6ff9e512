"""A recipe: everything that decides what weights come out, in one YAML file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.errors import TrainingError


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PictureSet(_Part):
    """Pictures of one origin.

    `where` names a folder that the command line gives; `images` and `labels` (YOLO, text files) lie under it.
    `trust`: `all` labels are complete; `some` boxes are right but others are missing; `none` there are no labels for
    our classes. What is missing comes from the teachers. `names`: the labels' classes, in order.
    """

    name: str
    where: str
    images: str
    labels: str | None = None
    refuted: str | None = Field(default=None, description="folder of places where nothing is: lines of cx cy w h")
    whole: str | None = Field(default=None, description="each picture is one object of this class, cut to its edges")
    names: tuple[str, ...] = ()
    trust: Literal["all", "some", "none"]
    quick_teachers: bool = Field(default=False, description="one smaller look and no mirror image: four times as fast")
    kind: Literal["real", "rendered"]
    licence: str
    limit: int | None = Field(default=None, gt=0, description="take at most so many pictures, drawn by the seed")
    split: Literal["train", "val", "both"] = "train"
    val_share: float = Field(default=0.1, ge=0, lt=1, description="share that goes to val when split is both")
    group: str | None = Field(default=None, description="pattern: pictures whose names match alike stay together")
    repeat: int = Field(default=1, ge=1, le=20, description="times a picture is shown in one epoch")
    without_objects: float = Field(default=0.3, ge=0, le=1, description="share of pictures without any box to keep")


class Fit(_Part):
    """How the network is fitted."""

    epochs: int = Field(gt=0)
    batch: int = Field(gt=0)
    image_size: int = Field(gt=0, multiple_of=32)
    frozen_layers: int = Field(ge=0)
    learning_rate: float = Field(gt=0)
    final_rate_share: float = Field(gt=0, le=1)
    weight_decay: float = Field(ge=0)
    mosaic: float = Field(ge=0, le=1)
    scale: float = Field(ge=0, lt=1)
    degrees: float = Field(default=0, ge=0, le=45, description="turned at most so far either way: cameras hang askew")
    precision: Literal["float32", "bfloat16"] = "float32"
    retain: float = Field(default=0, ge=0, description="weight of agreeing with the weights given as --keep")
    retain_every: int = Field(default=1, ge=1, description="agree on one batch in so many, with that much more weight")
    average: int = Field(default=0, ge=0, description="steps that the saved weights average over; 0: ultralytics' own")
    batch_statistics: bool = Field(default=False, description="train the normalisation layers on each batch")
    cosine: bool = Field(default=False, description="the rate falls along a cosine; otherwise along a line")
    plain_epochs: int = Field(default=1, ge=0, description="last epochs, which see whole pictures and no mosaics")
    blend: float = Field(gt=0, le=1, description="1: the tuned weights; below: so much of them, the rest of the start")


class Recipe(_Part):
    """One model's making."""

    name: str
    seed: int = Field(ge=0)
    sets: tuple[PictureSet, ...] = Field(min_length=1)
    fit: Fit


def read_recipe(path: Path) -> Recipe:
    """The recipe of a YAML file. Raises TrainingError, naming the file and the key."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        return Recipe.model_validate(content)
    except OSError as problem:
        raise TrainingError(f"{path}: cannot be read: {problem.strerror}") from problem
    except yaml.YAMLError as problem:
        raise TrainingError(f"{path}: not YAML: {' '.join(str(problem).split())}") from problem
    except ValidationError as problem:
        first = problem.errors(include_url=False)[0]
        raise TrainingError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from problem


def folder_of(part: PictureSet, relative: str, places: Mapping[str, Path]) -> Path:
    """`relative` under the folder that the set's `where` stands for. Raises TrainingError when it is not there."""
    if part.where not in places:
        raise TrainingError(f"set {part.name}: say where {part.where!r} is: --where {part.where}=FOLDER")
    folder = places[part.where] / relative
    if not folder.is_dir():
        raise TrainingError(f"set {part.name}: no folder {folder}")
    return folder
