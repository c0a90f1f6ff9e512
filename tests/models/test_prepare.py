"""From pictures to a training set: what teachers agree on is kept, what they doubt is painted over."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from detector.boxes import iou
from detector.detections import Detections
from models.classes import STREET_CLASSES
from models.cli import run_alone
from models.errors import TrainingError
from models.evaluate import read_labels
from models.prepare import coco_teachers, merge_labels, paint_over, prepare, read_reports, read_yolo, yolo_lines
from models.recipe import Fit, PictureSet, Recipe, read_recipe
from models.teacher import TeacherLabels, TeacherPolicy, consensus
from streams.frame import Image

CAR, TRUCK = STREET_CLASSES.index("car"), STREET_CLASSES.index("truck")
POLICY = TeacherPolicy()
RECIPES = Path(__file__).resolve().parents[2] / "models" / "recipes"
FIT = Fit(
    epochs=1,
    batch=2,
    image_size=64,
    frozen_layers=0,
    learning_rate=0.001,
    final_rate_share=0.1,
    weight_decay=0,
    mosaic=0,
    scale=0,
    blend=1,
)


def boxes(*rows: tuple[float, float, float, float, float, int]) -> Detections:
    values = np.array(rows, np.float32).reshape(len(rows), 6)
    return Detections.untracked(values[:, :4].copy(), values[:, 4].copy(), values[:, 5].astype(np.int64))


def test_what_both_teachers_see_is_kept_at_the_surer_ones_place() -> None:
    labels = consensus(boxes((0, 0, 100, 100, 0.35, CAR)), boxes((2, 0, 102, 100, 0.45, CAR)), POLICY)
    assert labels.kept.xyxy.tolist() == [[2, 0, 102, 100]]
    assert labels.kept.score[0] == pytest.approx(0.4)
    assert len(labels.doubtful) == 0


def test_what_one_teacher_half_sees_is_doubtful() -> None:
    labels = consensus(boxes((0, 0, 100, 100, 0.4, CAR)), Detections.empty(), POLICY)
    assert len(labels.kept) == 0
    assert labels.doubtful.tolist() == [[0, 0, 100, 100]]


def test_what_one_teacher_is_sure_of_is_kept() -> None:
    assert len(consensus(boxes((0, 0, 100, 100, 0.7, CAR)), Detections.empty(), POLICY).kept) == 1


def test_two_words_for_one_object_need_a_sure_teacher() -> None:
    unsure = consensus(boxes((0, 0, 100, 100, 0.4, CAR)), boxes((0, 0, 100, 100, 0.45, TRUCK)), POLICY)
    sure = consensus(boxes((0, 0, 100, 100, 0.4, CAR)), boxes((0, 0, 100, 100, 0.65, TRUCK)), POLICY)
    assert len(unsure.kept) == 0
    assert sure.kept.class_id.tolist() == [TRUCK]


def test_a_doubtful_box_over_a_kept_one_is_not_painted() -> None:
    labels = consensus(boxes((0, 0, 100, 100, 0.8, CAR), (0, 0, 100, 180, 0.3, TRUCK)), Detections.empty(), POLICY)
    assert len(labels.kept) == 1
    assert len(labels.doubtful) == 0


def test_a_persons_boxes_come_before_the_teachers() -> None:
    own = boxes((0, 0, 100, 100, 1, TRUCK))
    merged = merge_labels(own, boxes((5, 0, 105, 100, 0.9, CAR), (300, 0, 400, 100, 0.8, CAR)))
    assert merged.class_id.tolist() == [TRUCK, CAR]
    assert merged.xyxy[1].tolist() == [300, 0, 400, 100]


def test_paint_covers_doubtful_boxes_and_spares_kept_ones() -> None:
    image = np.full((60, 80, 3), 200, np.uint8)
    painted = paint_over(image, boxes((10, 10, 40, 40, 1, 0)).xyxy, boxes((30, 30, 60, 50, 1, 0)).xyxy)
    assert (painted[10:30, 10:40] == 114).all()
    assert (painted[30:50, 30:60] == 200).all()
    assert (image == 200).all()


def test_label_files_come_back_as_they_were_written(tmp_path: Path) -> None:
    image = np.zeros((360, 640, 3), np.uint8)
    written = boxes((10, 20, 110, 90, 1, CAR), (600, 300, 700, 400, 1, TRUCK))
    (tmp_path / "a.txt").write_text(yolo_lines(written, image))
    read = read_yolo(tmp_path / "a.txt", STREET_CLASSES, image)
    assert read.class_id.tolist() == [CAR, TRUCK]
    assert np.allclose(read.xyxy, [[10, 20, 110, 90], [600, 300, 640, 360]], atol=0.01)


def no_teacher(_image: Image, _quick: bool) -> TeacherLabels:
    return TeacherLabels(Detections.empty(), Detections.empty().xyxy)


def rendered_set(folder: Path, count: int) -> PictureSet:
    (folder / "images").mkdir(parents=True)
    (folder / "labels").mkdir()
    for index in range(count):
        cv2.imwrite(str(folder / "images" / f"s1-{index // 2:02d}-{index}.jpg"), np.full((64, 96, 3), index, np.uint8))
        (folder / "labels" / f"s1-{index // 2:02d}-{index}.txt").write_text("1 0.5 0.5 0.25 0.5\n0 0.2 0.2 0.1 0.1\n")
    return PictureSet(
        name="made",
        where="scenes",
        images="images",
        labels="labels",
        names=("tree", "car"),
        trust="all",
        kind="rendered",
        licence="Apache-2.0",
        split="both",
        val_share=0.25,
        group=r"^s\d+-\d+",
    )


def test_a_set_is_written_with_whole_groups_held_out(tmp_path: Path) -> None:
    recipe = Recipe(name="test", seed=1, sets=(rendered_set(tmp_path / "in", 16),), fit=FIT)
    lines: list[str] = []
    data = prepare(recipe, {"scenes": tmp_path / "in"}, no_teacher, tmp_path / "data", lines.append)
    splits = {split: sorted((tmp_path / "data/made/images" / split).iterdir()) for split in ("train", "val")}
    assert {split: len(found) for split, found in splits.items()} == {"train": 12, "val": 4}
    groups = {split: {path.stem[:5] for path in found} for split, found in splits.items()}
    assert not groups["train"] & groups["val"]
    assert yaml.safe_load(data.read_text())["names"] == dict(enumerate(STREET_CLASSES))
    xyxy, class_id = read_labels(tmp_path / f"data/made/labels/val/{splits['val'][0].stem}.txt", (96, 64))
    assert class_id.tolist() == [CAR]
    assert np.allclose(xyxy, [[36, 16, 60, 48]], atol=0.01)
    assert [report.boxes["car"] for report in read_reports(tmp_path / "data/made")] == [4, 12]


def test_a_prepared_set_is_taken_as_it_is_until_the_recipe_changes(tmp_path: Path) -> None:
    part = rendered_set(tmp_path / "in", 8)
    places = {"scenes": tmp_path / "in"}
    runs = [(part, 1), (part, 1), (part, 2), (part.model_copy(update={"val_share": 0.5}), 2)]
    skipped = []
    for one, seed in runs:
        lines: list[str] = []
        prepare(Recipe(name="t", seed=seed, sets=(one,), fit=FIT), places, no_teacher, tmp_path / "data", lines.append)
        skipped.append("made: already prepared" in lines)
    assert skipped == [False, True, False, False]


def test_a_set_that_an_older_version_prepared_is_taken_as_it_is(tmp_path: Path) -> None:
    recipe = Recipe(name="t", seed=1, sets=(rendered_set(tmp_path / "in", 3),), fit=FIT)
    for _ in range(2):
        lines: list[str] = []
        prepare(recipe, {"scenes": tmp_path / "in"}, no_teacher, tmp_path / "data", lines.append)
        path = tmp_path / "data/made/set.json"
        content = json.loads(path.read_text())
        content["origin"].pop("refuted", None)  # a key that came later
        path.write_text(json.dumps(content))
    assert lines == ["made: already prepared"]


def test_a_picture_cut_to_its_object_is_one_box(tmp_path: Path) -> None:
    part = rendered_set(tmp_path / "in", 1).model_copy(update={"labels": None, "whole": "dump_truck", "split": "train"})
    recipe = Recipe(name="t", seed=1, sets=(part,), fit=FIT)
    prepare(recipe, {"scenes": tmp_path / "in"}, no_teacher, tmp_path / "data", lambda _: None)
    (labels,) = (tmp_path / "data/made/labels/train").iterdir()
    assert labels.read_text() == f"{STREET_CLASSES.index('dump_truck')} 0.500000 0.500000 1.000000 1.000000\n"


def test_teachers_do_not_label_again_what_a_person_refuted(tmp_path: Path) -> None:
    part = rendered_set(tmp_path / "in", 1)
    part = part.model_copy(update={"refuted": "refuted", "trust": "some", "split": "train", "labels": "none"})
    (tmp_path / "in/none").mkdir()
    (tmp_path / "in/refuted").mkdir()
    (picture,) = (tmp_path / "in/images").iterdir()
    height, width = np.asarray(cv2.imread(str(picture))).shape[:2]
    (tmp_path / "in/refuted" / f"{picture.stem}.txt").write_text("0.25 0.25 0.5 0.5\n")
    corners = [[0, 0, width / 2, height / 2], [width / 2, height / 2, width, height]]
    sure = Detections.untracked(np.array(corners, np.float32), np.ones(2, np.float32), np.array([CAR, CAR]))

    def teacher(_image: Image, _quick: bool) -> TeacherLabels:
        return TeacherLabels(sure, Detections.empty().xyxy)

    recipe = Recipe(name="t", seed=1, sets=(part,), fit=FIT)
    prepare(recipe, {"scenes": tmp_path / "in"}, teacher, tmp_path / "data", lambda _: None)
    (labels,) = (tmp_path / "data/made/labels/train").iterdir()
    assert labels.read_text() == f"{CAR} 0.750000 0.750000 0.500000 0.500000\n"


def test_an_interrupted_set_is_not_there(tmp_path: Path) -> None:
    part = rendered_set(tmp_path / "in", 4)
    (tmp_path / "in/images/broken.jpg").write_text("no picture")
    recipe = Recipe(name="test", seed=1, sets=(part,), fit=FIT)
    with pytest.raises(TrainingError, match=r"broken\.jpg: not a picture"):
        prepare(recipe, {"scenes": tmp_path / "in"}, no_teacher, tmp_path / "data", lambda _: None)
    assert not (tmp_path / "data/made").exists()
    assert not (tmp_path / "data/data.yaml").exists()


def test_a_place_that_is_not_given_is_asked_for(tmp_path: Path) -> None:
    recipe = Recipe(name="test", seed=1, sets=(rendered_set(tmp_path / "in", 2),), fit=FIT)
    with pytest.raises(TrainingError, match="say where 'scenes' is: --where scenes=FOLDER"):
        prepare(recipe, {}, no_teacher, tmp_path / "data", lambda _: None)


def test_recipes_of_the_project_are_sound() -> None:
    recipes = [read_recipe(path) for path in RECIPES.glob("*.yaml")]
    assert sorted(recipe.name for recipe in recipes) == ["clutter", "clutter-begin", "clutter-go-on", "street"]
    assert all(part.licence for recipe in recipes for part in recipe.sets)


@pytest.mark.parametrize(
    ("change", "message"),
    [("epochs: 0", "fit.epochs"), ("colour: red", "fit.colour"), ("image_size: 500", "fit.image_size")],
)
def test_a_bad_recipe_names_the_file_and_the_key(
    change: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = yaml.safe_load((RECIPES / "street.yaml").read_text())
    content["fit"].update(yaml.safe_load(change))
    (tmp_path / "bad.yaml").write_text(yaml.safe_dump(content))
    arguments = [str(tmp_path / "bad.yaml"), "--start", "none", "--out", str(tmp_path / "out")]
    assert run_alone("train", arguments) == 2
    assert f"bad.yaml: {message}" in capsys.readouterr().err


@pytest.mark.shared_data
def test_the_teachers_see_what_is_in_the_sample_picture(shared_data: Path) -> None:
    models = [shared_data / "models" / name for name in ("yolo11n_coco.onnx", "yolov8n_coco.onnx")]
    teacher = coco_teachers(models, threads=2)
    image = np.asarray(cv2.imread(str(shared_data / "images/sample_images/bus.jpg")), np.uint8)
    labels = teacher(image, False)
    names = sorted(STREET_CLASSES[class_id] for class_id in labels.kept.class_id)
    assert names == ["bus", "person", "person", "person", "person"]
    bus = labels.kept.xyxy[labels.kept.class_id == STREET_CLASSES.index("bus")]
    assert iou(bus, np.array([[17, 230, 803, 747]], np.float32))[0, 0] > 0.9
