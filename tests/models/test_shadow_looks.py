"""What a worker wrote in shadow mode, read back: trials by their two models, and one line for what is not right."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from models.cli import run_alone
from models.errors import ModelsError
from models.shadow_looks import compare_looks

CAR, PERSON = [0.0, 0.0, 9.0, 9.0, 0.9, 0], [0.0, 0.0, 9.0, 9.0, 0.8, 1]


def header(candidate: str) -> dict[str, object]:
    classes = ["car", "person"]
    return {"live": {"name": "street", "classes": classes}, "candidate": {"name": candidate, "classes": classes}}


def look(live: list[list[float]], candidate: list[list[float]], took_ms: float = 20.0) -> dict[str, object]:
    return {"camera_id": "kerb", "at_ns": 1, "live": live, "candidate": candidate, "took_ms": took_ms}


def written(folder: Path, *entries: dict[str, object], tail: str = "") -> Path:
    text = "".join(f"{json.dumps(entry)}\n" for entry in entries)
    (folder / "looks.jsonl").write_text(text + tail)
    return folder


def test_looks_of_the_same_two_models_are_one_trial_also_after_a_restart(tmp_path: Path) -> None:
    entries = header("new"), look([CAR], [CAR]), header("other"), look([CAR], []), header("new"), look([CAR], [PERSON])
    trials = compare_looks(written(tmp_path, *entries))
    assert [(one.candidate, one.report.frames) for one in trials] == [("new", 2), ("other", 1)]
    assert trials[0].report.total.renamed == 1
    assert trials[1].report.total.only_live == 1


def test_a_line_that_a_crash_cut_short_is_left_out(tmp_path: Path) -> None:
    (trial,) = compare_looks(written(tmp_path, header("new"), look([CAR], [CAR]), tail='{"camera_id": "ke'))
    assert trial.report.frames == 1


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ([look([CAR], [CAR])], r"looks.jsonl:1: a look before any header"),
        ([header("new"), look([[0, 0, 1, 1, 0.5, 7]], [])], r"looks.jsonl:2: class 7, but street has 2 classes"),
        ([header("new"), look([[0, 0, 1, 1, 1.5, 0]], [])], r"looks.jsonl:2: live.0.4"),
        ([{"live": 1}], r"looks.jsonl:1: live"),
    ],
)
def test_what_is_not_right_is_named_with_its_line(tmp_path: Path, entries: list[dict[str, object]], said: str) -> None:
    with pytest.raises(ModelsError, match=said):
        compare_looks(written(tmp_path, *entries))


def test_a_folder_without_looks_says_how_to_get_some(tmp_path: Path) -> None:
    with pytest.raises(ModelsError, match="run a worker with --shadow NAME first"):
        compare_looks(tmp_path)


def test_the_verb_tells_people_and_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = written(tmp_path, header("new"), look([CAR], [CAR], 10), look([CAR], [PERSON], 30))
    assert run_alone("shadow-report", [str(folder)]) == 0
    said = capsys.readouterr().out
    assert "new beside street: 2 pictures of 1 cameras, 20 ms a picture" in said
    assert "live says car, candidate person" in said
    assert run_alone("shadow-report", [str(folder), "--json"]) == 0
    (trial,) = json.loads(capsys.readouterr().out)
    assert (trial["candidate"], trial["total"]["both"], trial["candidate_ms"]) == ("new", 1, 20.0)
