"""Every benchmark runs to its end with `--smoke` and writes the JSON that it promises; nothing is asked of speed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.page import tables_of
from benchmarks.report import ROOT
from benchmarks.table import BENCHMARKS

PROMISED = {
    "loop": {"ratio_to_session", "cameras_1", "cameras_4"},
    "peers": {"parity", "speed_up", "cameras_2"},
    "cameras": {
        *("held", "recall", "false_alarms", "confirm_delay_s_p95"),
        *("cores", "memory_mb_per_camera", "drops"),
    },
    "scaling": {"by_cameras", "cores_per_camera", "memory_mb_per_camera", "formula", "on_paper"},
    "recovery": {"kills", "sealed", "cases", "lost", "twice", "chain_problems", "frames_again_s_worst"},
    "passes": {"passes", "share_seen", "looks_per_s_worst"},
    "sealing": {"cpu_ms", "share_of_core", "package_mb", "loop_call_ms", "by_case"},
    "office": {
        *("next_p95_ms", "on_screen_p95_ms", "page_p95_ms", "shown_p95_s", "taken_per_s", "ingest_per_s"),
        "cores_of_server",
    },
    "crashes": {"kills_of_api", "acked_packages", "lost_packages", "lost_decisions", "twice_audit_rows", "died_alone"},
    "review": {"cases", "case_s_median", "case_s_p95", "shown_s_median", "shown_s_p95"},
    "soak": {"memory_growth_percent", "threads_grown", "files_grown"},
    "events": {"recall", "precision", "rows"},
    "accuracy": {"rows", "absent"},
}


@pytest.mark.parametrize("name", list(BENCHMARKS))
def test_a_smoke_run_ends_well_and_reports(name: str, tmp_path: Path) -> None:
    report = smoke(name, tmp_path)
    assert set(report) >= {"name", "machine", "versions", "options", "figures", "samples"}
    assert report["name"] == name
    assert set(report["figures"]) >= PROMISED[name]
    assert report["samples"]
    assert report["options"]["smoke"] is True
    assert f"## {name}" in tables_of([report])


def smoke(name: str, folder: Path) -> dict[str, Any]:
    """Run a benchmark as CI and users do, and give its report."""
    path = folder / "report.json"
    command = [sys.executable, "-m", "benchmarks", name, "--smoke", "--json", str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout + done.stderr
    report: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return report
