"""Every verb of the contract is there and documented."""

from __future__ import annotations

from pathlib import Path

import pytest

from streetwarden.cli import build_parser, main

VERBS = ("demo", "serve", "worker", "analyze", "verify", "simulate", "models", "doctor", "user", "token")
MODEL_VERBS = ("list", "fetch", "export", "quantize", "train", "evaluate")
REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "command-line.md"


def help_of(*verb: str, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as ended:
        main([*verb, "--help"])
    assert ended.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_has_help_and_stands_in_the_reference(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert verb in help_of(capsys=capsys)
    assert len(help_of(verb, capsys=capsys)) > 100
    assert f"`{verb} " in REFERENCE.read_text(encoding="utf-8")


@pytest.mark.parametrize("verb", MODEL_VERBS)
def test_the_models_verbs_have_help(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(help_of("models", verb, capsys=capsys)) > 100


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nothing"],
        ["serve", "--port", "70000"],
        ["serve", "--port", "no"],
        ["demo", "--seconds", "-1"],
        ["demo", "--seconds", "nan"],
        ["worker"],
        ["worker", "--api", "x", "--cameras", "y"],
        ["simulate", "clip.mp4", "--cameras", "0"],
    ],
)
def test_a_wrong_call_ends_with_exit_code_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        build_parser().parse_args(arguments)
    assert ended.value.code == 2


def test_a_wrong_setting_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("STREETWARDEN_THREADS", "none")
    code = main(["analyze", "clip.mp4", "--cameras", "cameras.yaml", "--out", str(tmp_path / "out")])
    assert code == 2
    assert "STREETWARDEN_THREADS" in capsys.readouterr().err
