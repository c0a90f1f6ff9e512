"""The load classifier in small: it learns states from crops, leaves groups out honestly, and exports what runs."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from detector.classify import CropClassifier
from detector.classify import crop as crop_in_use
from models.errors import TrainingError
from models.load import (
    LoadClassifier,
    LoadExample,
    Verdict,
    crop,
    leave_one_out,
    main,
    read_crops,
    read_examples,
    report,
    wilson,
)
from models.load_states import LOAD_STATES
from tests.models.test_street import coco_weights

COLOURS = {"empty": (40, 40, 40), "covered": (40, 160, 40), "uncovered": (60, 120, 200)}
HEADER = "where,image,x1,y1,x2,y2,state,group\n"

pytestmark = pytest.mark.filterwarnings("ignore")  # torch's own


def truck(state: str, seed: int) -> npt.NDArray[np.uint8]:
    """A box with a load of the state's colour above it, on noise."""
    image = np.random.default_rng(seed).integers(0, 255, (90, 120, 3), np.uint8)
    image[20:45, 30:90] = COLOURS[state]
    image[45:75, 30:90] = (150, 90, 90)
    return image


@pytest.fixture
def examples(tmp_path: Path) -> list[LoadExample]:
    rows = []
    for number, state in enumerate(sorted(COLOURS) * 3):
        cv2.imwrite(str(tmp_path / f"{number}.png"), truck(state, number))
        rows.append(f"here,{number}.png,0.25,0.2,0.75,0.85,{state},g/{number}\n")
    (tmp_path / "trucks.csv").write_text(HEADER + "".join(rows))
    return read_examples(tmp_path / "trucks.csv", {"here": tmp_path})


def test_states_are_learnt_and_the_export_says_the_same_in_use(examples: list[LoadExample], tmp_path: Path) -> None:
    classifier = LoadClassifier(coco_weights(tmp_path))
    features = classifier.views([LoadExample(e.picture, e.box, e.state, e.group, views=2) for e in examples], seed=1)
    verdicts = leave_one_out(classifier, examples, features, ["g/0", "g/4", "g/8"])
    assert [one.example.state for one in verdicts] == ["covered", "empty", "uncovered"]
    assert all(one.scores.sum() == pytest.approx(1, abs=1e-4) for one in verdicts)
    classifier.fit(features, [one.state for one in examples])
    classifier.net.export(tmp_path / "load.onnx")
    used = CropClassifier.load(tmp_path / "load.onnx", classes=LOAD_STATES)
    picture = np.asarray(cv2.imread(str(examples[0].picture)), np.uint8)
    scores = used.scores(picture, np.array([[30, 18, 90, 76.5]], np.float32))[0]
    assert LOAD_STATES[int(scores.argmax())] == examples[0].state
    assert scores == pytest.approx(classifier.scores(features[0][:1])[0], abs=1e-3)


def test_training_crops_as_the_worker_does() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (90, 120, 3), np.uint8)
    used = cv2.resize(
        crop_in_use(picture, np.array([30.0, 18.0, 90.0, 90.0])), (224, 224), interpolation=cv2.INTER_AREA
    )
    assert np.array_equal(crop(picture, (0.25, 0.2, 0.75, 1.0)), used)


def test_the_interval_is_wilsons() -> None:
    low, high = wilson(10, 10)
    assert (round(low, 4), high) == (0.7225, 1.0)
    assert tuple(round(edge, 3) for edge in wilson(7, 14)) == (0.268, 0.732)
    assert wilson(0, 0) == (0.0, 1.0)


def test_every_miss_is_named(examples: list[LoadExample]) -> None:
    covered = np.eye(5, dtype=np.float32)[LOAD_STATES.index("covered")]
    lines = report([Verdict(one, covered) for one in examples[:2]])
    assert lines[0] == "covered against not covered: 1 of 2 right (95 % interval 0.09 to 0.91)"
    assert lines[2:] == ["missed: 1.png: empty, taken for covered (1.00)"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("there,a.png,0,0,1,1,empty,g\n", r":2: say where 'there' is"),
        ("here,a.png,0,0,1,1,full,g\n", r":2: state: expected one of empty, covered"),
        ("here,a.png,0,0,x,1,empty,g\n", r":2: a box is four numbers"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, row: str, message: str) -> None:
    path = tmp_path / "trucks.csv"
    path.write_text(HEADER + row)
    with pytest.raises(TrainingError, match=message):
        read_examples(path, {"here": tmp_path})


def test_rendered_crops_are_grouped_by_street(tmp_path: Path) -> None:
    for name in ("covered/t1-0003-t7-covered.png", "empty/t1-0003-t9-empty.png", "empty/t1-0004-t0-empty.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        cv2.imwrite(str(tmp_path / name), truck("empty", 1))
    assert [(one.state, one.group) for one in read_crops(tmp_path)] == [
        ("covered", "rendered/t1-0003"),
        ("empty", "rendered/t1-0003"),
        ("empty", "rendered/t1-0004"),
    ]
    (tmp_path / "heaped").mkdir()
    cv2.imwrite(str(tmp_path / "heaped/a.png"), truck("empty", 1))
    with pytest.raises(TrainingError, match="not states of a load: heaped"):
        read_crops(tmp_path)


def test_the_command_names_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [str(tmp_path / "none.csv"), "--start", "coco.safetensors", "--out", str(tmp_path / "load.onnx")]
    assert main(arguments) == 2
    assert "none.csv: cannot be read" in capsys.readouterr().err
