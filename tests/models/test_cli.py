"""The verbs of `streetwarden models`: what they print, and how they refuse."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import pytest

from models.catalogue import WEIGHTS_FOLDER
from models.classes import STREET_CLASSES
from models.cli import add_parsers, run_alone
from models.fetch import MIRROR_VARIABLE


def test_every_verb_is_there_and_knows_what_to_run() -> None:
    parser = argparse.ArgumentParser()
    subparsers = parser.add_subparsers()
    add_parsers(subparsers)
    assert list(subparsers.choices) == [
        *("list", "fetch", "export", "quantize", "merge", "train", "evaluate", "shadow-report")
    ]
    assert callable(parser.parse_args(["list"]).run)


def test_list_shows_each_model_and_that_its_weights_are_ready(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_alone("list", []) == 0
    printed = capsys.readouterr().out
    assert "street" in printed
    assert "ready" in printed
    assert ", ".join(STREET_CLASSES) in printed


def test_list_as_json_carries_the_cards(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_alone("list", ["--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    card = json.loads((WEIGHTS_FOLDER / "street.json").read_text())
    assert rows["street"]["sha256"] == card["sha256"]
    assert rows["street"]["weights"] == "ready"


def test_fetching_what_comes_with_the_sources_does_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_alone("fetch", ["street"]) == 0
    assert "already here" in capsys.readouterr().out


def test_fetching_without_an_address_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(MIRROR_VARIABLE, raising=False)
    assert run_alone("fetch", ["street", "--into", str(tmp_path)]) == 2
    assert "no address to fetch from" in capsys.readouterr().err
    assert run_alone("fetch", ["street", "--into", str(tmp_path), "--mirror", "ftp://somewhere"]) == 2
    assert "http:// or https://" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("verb", "arguments", "message"),
    [
        ("fetch", ["steet"], "no model is called 'steet'"),
        ("evaluate", ["steet", "--data", "data.yaml"], "no model is called 'steet'"),
        ("evaluate", ["street", "--data", "nothing.yaml"], "nothing.yaml: cannot be read"),
        ("export", ["nothing.pt", "out.onnx"], "nothing.pt: no such checkpoint"),
        ("train", ["nothing.yaml", "--start", "a", "--out", "b"], "nothing.yaml: cannot be read"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    verb: str, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_alone(verb, arguments) == 2
    printed = capsys.readouterr().err
    assert message in printed
    assert printed.count("\n") == 1


LEAN = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"torch", "ultralytics", "onnx", "onnxslim", "safetensors"}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Refuse())
import importlib.util
found = importlib.util.find_spec
def find_spec(name, package=None):
    try:
        return found(name, package)
    except ModuleNotFoundError:
        return None
importlib.util.find_spec = find_spec
from models.cli import run_alone
sys.exit(run_alone(sys.argv[1], sys.argv[2:]))
"""


def lean(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A verb in an environment without the extra `train`."""
    return subprocess.run([sys.executable, "-c", LEAN, *arguments], capture_output=True, text=True, check=False)


def test_without_the_extra_the_catalogue_works_and_the_rest_says_what_is_missing(tmp_path: Path) -> None:
    assert lean("list").returncode == 0
    refused = lean("export", "best.pt", str(tmp_path / "out.onnx"))
    assert refused.returncode == 2
    assert refused.stderr == (
        "streetwarden: exporting a checkpoint needs torch: install the extra `train` (make venv)\n"
    )
