"""Evaluation: the same figures as ultralytics, classes by name, and bad data in one clear line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from detector.engine import Engine
from models.catalogue import resolve
from models.classes import class_mapping
from models.cli import run_alone
from models.errors import EvaluationError
from models.evaluate import agreement, evaluate, label_path, open_data_set
from models.extra import require_train_extra
from models.measure import clip_pictures

ATL_NAMES = ("bike", "bus", "car", "truck")


def street_classes() -> tuple[str, ...]:
    return Engine.load(resolve("street"), threads=1).class_names


def write_street_set(folder: Path, source: Path, names: Sequence[str], count: int) -> Path:
    """Real pictures with their labels in the model's classes, as ultralytics needs them: links and rewritten labels."""
    classes = street_classes()
    mapping = class_mapping(names, classes)
    (folder / "images").mkdir(parents=True)
    (folder / "labels").mkdir()
    for picture in sorted((source / "images").iterdir())[:count]:
        (folder / "images" / picture.name).symlink_to(picture)
        rows = [line.split() for line in (source / "labels" / f"{picture.stem}.txt").read_text().splitlines()]
        lines = [" ".join([str(mapping[int(row[0])]), *row[1:]]) for row in rows if row]
        (folder / "labels" / f"{picture.stem}.txt").write_text("\n".join(lines))
    listed = ", ".join(classes)
    (folder / "data.yaml").write_text(f"path: {folder}\ntrain: images\nval: images\nnames: [{listed}]\n")
    return folder / "data.yaml"


@pytest.mark.shared_data
@pytest.mark.filterwarnings("ignore")  # ultralytics' own
def test_the_figures_are_those_of_ultralytics(shared_data: Path, tmp_path: Path) -> None:
    data = write_street_set(tmp_path / "set", shared_data / "images" / "vehicles_street_atl" / "test", ATL_NAMES, 12)
    ours = evaluate(resolve("street"), data, threads=2)
    require_train_extra("this test")
    import ultralytics  # noqa: PLC0415  # extra `train`

    yolo: Any = getattr(ultralytics, "YOLO")  # noqa: B009  # ultralytics carries no types
    theirs = yolo(str(resolve("street")), task="detect").val(
        data=str(data), batch=1, workers=0, plots=False, verbose=False, project=str(tmp_path), name="val"
    )
    assert ours.map50_95 > 0.1
    assert ours.map50 == pytest.approx(theirs.box.map50, abs=0.002)
    assert ours.map50_95 == pytest.approx(theirs.box.map, abs=0.002)
    classes = street_classes()
    per_class = {classes[index]: ap for index, ap in zip(theirs.box.ap_class_index, theirs.box.ap, strict=True)}
    assert {name: figures.map50_95 for name, figures in ours.per_class.items()} == pytest.approx(per_class, abs=0.002)


def test_classes_are_matched_by_name_and_the_rest_is_named(picture_set: Path, tmp_path: Path) -> None:
    data = tmp_path / "data.yaml"
    data.write_text(f"path: {picture_set}\nval: images/val\nnames: {{0: Pedestrian, 1: stall}}\n")
    result = evaluate(resolve("street"), data, threads=1)
    assert list(result.per_class) == ["Pedestrian"]
    assert result.missing == ("stall",)
    assert (result.pictures, result.boxes) == (6, 6)


def test_the_command_prints_json_that_other_programs_read(
    picture_set: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_alone("evaluate", ["street", "--data", str(picture_set / "data.yaml"), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert {"map50", "map50_95", "per_class"} <= printed.keys()
    assert printed["per_class"].keys() == {"person", "bicycle"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("val: images/val\n", "names: expected the list of classes"),
        ("names: [car]\n", "val: expected the folder"),
        ("names: [car]\nval: images/nowhere\n", "no folder"),
        ("[1, 2", "not YAML"),
        ("names: [stall]\nval: images/val\n", "knows none of the set's classes: stall"),
    ],
)
def test_bad_data_is_one_line(
    picture_set: Path, content: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    data = picture_set / "bad.yaml"
    data.write_text(content)
    assert run_alone("evaluate", ["street", "--data", str(data)]) == 2
    printed = capsys.readouterr().err
    assert message in printed
    assert printed.count("\n") == 1


def test_a_label_file_of_another_kind_is_refused(picture_set: Path, tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "labels").mkdir()
    (tmp_path / "images" / "a.png").write_bytes((picture_set / "images" / "val" / "0.png").read_bytes())
    (tmp_path / "labels" / "a.txt").write_text("0 0.5 0.5\n")
    (tmp_path / "data.yaml").write_text("val: images\nnames: [car]\n")
    with pytest.raises(EvaluationError, match=r"a\.txt: expected lines"):
        evaluate(resolve("street"), tmp_path / "data.yaml")


def test_labels_lie_where_the_last_images_folder_was() -> None:
    assert label_path(Path("/images/set/images/val/a.jpg")) == Path("/images/set/labels/val/a.txt")


def test_a_set_without_pictures_is_refused(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "data.yaml").write_text("val: images\nnames: [car]\n")
    with pytest.raises(EvaluationError, match="no pictures"):
        open_data_set(tmp_path / "data.yaml")


@pytest.mark.shared_data
def test_the_street_model_finds_what_the_coco_model_is_sure_of(shared_data: Path) -> None:
    coco = Engine.load(shared_data / "models" / "yolo11n_coco.onnx", threads=2)
    street = Engine.load(resolve("street"), threads=2)
    clip = shared_data / "videos" / "opendatacam_city_street" / "city_street_000-299.mp4"
    result = agreement(coco, street, clip_pictures(clip, every_s=2.0))
    assert sum(result.sought.values()) > 40
    assert result.recall >= 0.95
