"""What a format's reader leaves out is named; what is broken is one clear error."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from datasets.cli import main
from datasets.formats import Box, FormatError, LabelledImage, LabelSet, read_coco, read_voc, read_yolo, write_yolo
from datasets.formats.pictures import size_of


def picture(path: Path, width: int = 20, height: int = 10) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.zeros((height, width, 3), np.uint8))


def test_yolo_names_pictures_and_labels_without_their_other_half(tmp_path: Path) -> None:
    picture(tmp_path / "images/alone.jpg")
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels/orphan.txt").write_text("0 0.5 0.5 1 1\n")
    labels, dropped = read_yolo(tmp_path / "images", tmp_path / "labels", ("car",))
    assert labels.images == ()
    assert [d.where for d in dropped] == ["alone.jpg", "orphan.txt"]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("3 0.5 0.5 0.1 0.1", "class 3 of 1"),
        ("0 0.5 0.5 0.1", "expected 5"),
        ("0 0.5 x 0.1 0.1", "not a number"),
        ("0 0.5 0.5 0 0.1", "x1 < x2"),
    ],
)
def test_yolo_names_the_line_that_it_drops(tmp_path: Path, line: str, why: str) -> None:
    picture(tmp_path / "images/a.jpg")
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels/a.txt").write_text(f"0 0.5 0.5 1 1\n{line}\n")
    labels, dropped = read_yolo(tmp_path / "images", tmp_path / "labels", ("car",))
    assert len(labels.images[0].boxes) == 1
    assert dropped[0].where == "a.txt:2"
    assert why in dropped[0].why


def test_an_empty_yolo_file_is_a_picture_with_nothing_on_it(tmp_path: Path) -> None:
    picture(tmp_path / "images/a.png")
    write_yolo(LabelSet(("car",), (LabelledImage("a.png", 20, 10),)), tmp_path)
    labels, dropped = read_yolo(tmp_path / "images", tmp_path / "labels", ("car",))
    assert (len(labels.images), dropped) == (1, ())


def test_yolo_refuses_two_pictures_of_one_stem(tmp_path: Path) -> None:
    twins = (LabelledImage("a.png", 20, 10), LabelledImage("a.jpg", 20, 10))
    with pytest.raises(FormatError, match="stem"):
        write_yolo(LabelSet(("car",), twins), tmp_path)


def test_coco_names_what_it_drops(tmp_path: Path) -> None:
    items = [
        {"id": 1, "image_id": 9, "category_id": 1, "bbox": [0, 0, 1, 1]},
        {"id": 2, "image_id": 1, "category_id": 7, "bbox": [0, 0, 1, 1]},
        {"id": 3, "image_id": 1, "category_id": 1, "bbox": [0, 0, 1, 1], "iscrowd": 1},
        {"id": 4, "image_id": 1, "category_id": 1, "bbox": [0, 0, 0, 1]},
        {"id": 5, "image_id": 1, "category_id": 1, "bbox": [0, 0, 2, 1]},
    ]
    document = {
        "images": [{"id": 1, "file_name": "a.jpg", "width": 4, "height": 4}],
        "categories": [{"id": 1, "name": "car"}],
        "annotations": items,
    }
    (tmp_path / "c.json").write_text(json.dumps(document))
    labels, dropped = read_coco(tmp_path / "c.json")
    assert labels.images[0].boxes == (Box("car", (0, 0, 2, 1)),)
    assert [d.where for d in dropped] == [f"annotation {n}" for n in (1, 2, 3, 4)]


def test_broken_coco_is_one_error_that_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text("[1, 2")
    with pytest.raises(FormatError, match=r"c\.json"):
        read_coco(tmp_path / "c.json")


def test_voc_counts_pixels_from_one_and_includes_the_last(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(
        "<annotation><filename>a.jpg</filename><size><width>20</width><height>10</height></size>"
        "<object><name>car</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>20</xmax><ymax>10</ymax></bndbox></object>"
        "<object><name>cat</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox></object>"
        "</annotation>"
    )
    labels, dropped = read_voc(tmp_path, ("car",))
    assert labels.images[0].boxes == (Box("car", (0, 0, 20, 10)),)
    assert "cat" in dropped[0].why


def test_broken_voc_is_one_error_that_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text("<annotation><size/></annotation>")
    with pytest.raises(FormatError, match=r"a\.xml.*size/width"):
        read_voc(tmp_path, ("car",))


def test_a_box_of_an_unknown_class_is_refused() -> None:
    with pytest.raises(FormatError, match="tram"):
        LabelSet(("car",), (LabelledImage("a.jpg", 4, 4, (Box("tram", (0, 0, 1, 1)),)),))


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_sizes_are_read_from_headers(tmp_path: Path, suffix: str) -> None:
    picture(tmp_path / f"a{suffix}", 311, 97)
    assert size_of(tmp_path / f"a{suffix}") == (311, 97)


def test_a_text_file_is_no_picture(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_text("hello")
    with pytest.raises(FormatError, match="neither JPEG nor PNG"):
        size_of(tmp_path / "a.jpg")


def test_what_a_box_cannot_hold_is_named_and_the_box_kept(tmp_path: Path) -> None:
    outlined = {"id": 8, "image_id": 1, "category_id": 1, "bbox": [0, 0, 2, 1], "segmentation": [[0, 0, 2, 0, 2, 1]]}
    document = {
        "images": [{"id": 1, "file_name": "a.jpg", "width": 4, "height": 4}],
        "categories": [{"id": 1, "name": "car"}],
        "annotations": [outlined],
    }
    (tmp_path / "c.json").write_text(json.dumps(document))
    labels, dropped = read_coco(tmp_path / "c.json")
    assert (len(labels.images[0].boxes), [(d.where, d.why) for d in dropped]) == (
        1,
        [("annotation 8", "its segmentation: boxes alone are kept")],
    )
    box = "<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>3</xmax><ymax>3</ymax></bndbox>"
    thing = f"<object><name>car</name><difficult>1</difficult><pose>Left</pose>{box}</object>"
    size = "<size><width>4</width><height>4</height></size>"
    (tmp_path / "a.xml").write_text(f"<annotation><filename>a.jpg</filename>{size}{thing}</annotation>")
    labels, dropped = read_voc(tmp_path, ("car",))
    assert len(labels.images[0].boxes) == 1
    assert [d.why for d in dropped] == ["its mark 'difficult'", "its pose Left"]


def test_convert_says_what_it_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture(tmp_path / "images/a.jpg")
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels/a.txt").write_text("0 0.5 0.5 0.5 0.5\n7 0.5 0.5 0.5 0.5\n")
    yolo = [str(tmp_path / "labels"), str(tmp_path / "c.json"), "--from", "yolo", "--to", "coco"]
    assert main(["convert", *yolo, "--images", str(tmp_path / "images"), "--classes", "car"]) == 0
    printed = capsys.readouterr().out
    assert "1 pictures, 1 boxes, 1 left out" in printed
    assert "left out: a.txt:2: class 7 of 1" in printed
    back = [str(tmp_path / "c.json"), str(tmp_path / "again"), "--from", "coco", "--to", "yolo"]
    assert main(["convert", *back]) == 0
    assert (tmp_path / "again/labels/a.txt").read_text() == "0 0.5 0.5 0.5 0.5\n"
    assert main(["convert", *yolo]) == 2
    assert "--classes NAME" in capsys.readouterr().err
