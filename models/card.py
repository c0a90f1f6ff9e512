"""The card that training leaves beside its weights: how they were made, from what. Figures are added once measured."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path

from models.catalogue import Card, DataSource, Figure, InputContract, Training, card_json, sha256_of
from models.prepare import SetReport, read_reports
from models.recipe import PictureSet, Recipe

LICENCE = "AGPL-3.0"  # of every weight that starts from Ultralytics' own
DEFAULT_SIDE = 640
LABELS = {
    "all": "exact labels of the set",
    "some": "labels of the set, completed by two COCO teachers",
    "none": "two COCO teachers",
}


def draft_card(recipe: Recipe, weights: Path, data: Path, *, start: str, notes: Sequence[str] = ()) -> Card:
    """A card without figures for weights that `recipe` made from the prepared sets in the folder `data`."""
    import onnx  # noqa: PLC0415  # extra `train`

    graph = onnx.load(str(weights), load_external_data=False)
    facts = {entry.key: entry.value for entry in graph.metadata_props}
    batch, _, height, width = graph.graph.input[0].type.tensor_type.shape.dim
    return Card(
        name=recipe.name,
        file=weights.name,
        sha256=sha256_of(weights),
        bytes=weights.stat().st_size,
        licence=LICENCE,
        architecture="YOLO11n (Ultralytics)",
        precision="float32",
        classes=_classes(facts["names"]),
        input=InputContract(
            width=width.dim_value or DEFAULT_SIDE,
            height=height.dim_value or DEFAULT_SIDE,
            batch="fixed" if batch.dim_value else "dynamic",
        ),
        head="end2end" if facts.get("end2end") == "True" else "raw",
        training=Training(
            start=start,
            command=f"streetwarden models train models/recipes/{recipe.name}.yaml",
            seed=recipe.seed,
            data=tuple(_source(part, read_reports(data / part.name)) for part in recipe.sets if part.split != "val"),
            notes=tuple(notes),
        ),
    )


def write_card(card: Card, path: Path, figures: Sequence[Figure] = ()) -> None:
    """Write the card, with these figures in place of its own when there are any."""
    complete = card.model_copy(update={"figures": tuple(figures)}) if figures else card
    path.write_text(card_json(complete), encoding="utf-8")


def _source(part: PictureSet, reports: Sequence[SetReport]) -> DataSource:
    pictures = sum(report.pictures for report in reports if report.split == "train")
    return DataSource(
        name=part.name, pictures=pictures, kind=part.kind, labels=LABELS[part.trust], licence=part.licence
    )


def _classes(names: str) -> tuple[str, ...]:
    listed = ast.literal_eval(names)
    return tuple(str(listed[index]) for index in sorted(listed))
