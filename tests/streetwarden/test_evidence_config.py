"""The evidence file is taken whole, or refused with file, line, key and reason."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from evidence.keys import open_keys
from streams.clock import SimulatedClock
from streetwarden.errors import UsageError
from streetwarden.evidence_config import evidence_config, read_evidence
from streetwarden.sealing import open_sealing
from streetwarden.settings import Settings, settings_from
from tests.evidence import support
from tests.evidence.authority import Authority

GOOD = """\
keys:
  algorithm: ed25519
  valid_days: 730
clock:
  servers: [ntp.office.example, "10.0.0.1:123"]
timestamps:
  name: Test authority
  url: http://127.0.0.1:9/
  certificate: tsa/root.crt
grade:
  published_days: 30
plates:
  illegal_parking: not_needed
retention:
  name: office 2026
  keep_days:
    raw: 90
    rejected: 30
    evidence: null
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "evidence.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_good_file_becomes_typed_settings(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "tsa")
    config = read_evidence(write(tmp_path, GOOD))
    assert config.file.keys.valid_days == 730
    assert config.file.clock.host.servers == ("ntp.office.example", "10.0.0.1:123")
    assert config.stamping is not None
    assert config.stamping.authority == authority.entry
    assert config.file.grade.limits.published_days == 30
    assert config.plates == {
        "street_vending": "not_needed",
        "exposed_garbage": "not_needed",
        "illegal_parking": "not_needed",
    }
    assert config.file.retention is not None


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    config = evidence_config(Settings(data_dir=tmp_path))
    assert config.stamping is None
    assert config.file.clock.host.servers == ()


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read the evidence file"):
        evidence_config(Settings(data_dir=tmp_path, evidence_file=tmp_path / "none.yaml"))


@pytest.mark.parametrize(
    ("wrong", "right", "line", "words"),
    [
        ("algoritm: sm2", "algorithm: ed25519", 2, "keys.algoritm: unknown key"),
        ("algorithm: rsa", "algorithm: ed25519", 2, "keys.algorithm"),
        ("url: tsa.example", "url: http://127.0.0.1:9/", 8, "timestamps.url"),
        ("certificate: nowhere.crt", "certificate: tsa/root.crt", 9, "timestamps.certificate: not the certificate"),
        ("certificate: evidence.yaml", "certificate: tsa/root.crt", 9, "timestamps.certificate: not the certificate"),
        ("published_days: -1", "published_days: 30", 11, "grade.published_days"),
        ("double_parking: not_needed", "illegal_parking: not_needed", 13, "plates.double_parking: unknown kind"),
        ("raw: 3", "raw: 90", 14, "retention"),
        ("name: office", "name: Test authority\n  name: twice", 8, "the key stands twice"),
    ],
)
def test_a_wrong_value_is_named_with_its_line(tmp_path: Path, wrong: str, right: str, line: int, words: str) -> None:
    text = GOOD.replace("name: Test authority", right) if "twice" in right else GOOD.replace(right, wrong)
    path = write(tmp_path, text)
    with pytest.raises(UsageError) as refused:
        read_evidence(path)
    assert str(refused.value).startswith(f"{path}:{line}: "), refused.value
    assert words in str(refused.value)


def test_the_environment_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREETWARDEN_EVIDENCE_FILE", str(tmp_path / "mine.yaml"))
    assert settings_from(argparse.Namespace()).evidence_file == tmp_path / "mine.yaml"


def test_the_key_is_opened_as_the_file_says_and_the_authority_is_published(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "tsa")
    settings = Settings(data_dir=tmp_path / "data", evidence_file=write(tmp_path, GOOD))
    clock = SimulatedClock(support.SEALED_AT_NS)
    sealing = open_sealing(settings, clock)
    assert sealing.keys.entry.valid_until is not None
    published = open_keys(settings.keys_dir, clock).registry
    assert published.timestamp_authorities == (authority.entry,)
