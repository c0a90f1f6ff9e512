"""What `doctor` says of keys, clocks, time stamps and retention."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.clock import SystemClock
from streetwarden.findings import Finding, examine_evidence
from streetwarden.sealing import open_sealing
from streetwarden.settings import Settings
from tests.evidence.authority import Authority
from tests.evidence.test_host_clock import TimeServer, serving


def findings(settings: Settings) -> dict[str, Finding]:
    return {finding.subject: finding for finding in examine_evidence(settings)}


@pytest.mark.parametrize(("ahead_s", "good"), [(0, True), (-2, False)])
def test_all_of_it_is_named(tmp_path: Path, ahead_s: int, *, good: bool) -> None:
    Authority(tmp_path / "tsa")
    with serving(TimeServer(lambda: SystemClock().wall_ns() - ahead_s * 1_000_000_000)) as address:
        (tmp_path / "evidence.yaml").write_text(
            f"clock:\n  servers: ['{address}']\n  timeout_seconds: 5\n"
            "timestamps:\n  name: City\n  url: http://tsa.example/\n  certificate: tsa/root.crt\n"
            "retention:\n  name: office 2026\n  keep_days: {raw: 90}\n"
        )
        settings = Settings(data_dir=tmp_path)
        open_sealing(settings, SystemClock())
        found = findings(settings)
    assert found["clock"].ok is good, found["clock"]
    assert "SNTP" in found["clock"].says
    assert "1 in use, 0 revoked" in found["signing key"].says
    assert found["time stamps"].says == "City, http://tsa.example/"
    assert found["retention"].says == "office 2026"


def test_a_bad_file_is_named_and_a_bare_machine_is_no_error(tmp_path: Path) -> None:
    assert all(finding.ok is not False for finding in examine_evidence(Settings(data_dir=tmp_path / "bare")))
    (tmp_path / "evidence.yaml").write_text("clok: {}\n")
    found = findings(Settings(data_dir=tmp_path))
    assert found["evidence file"].ok is False
    assert "evidence.yaml:1: clok: unknown key" in found["evidence file"].says
