"""Gates, quantiles, the command line and the tables."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from benchmarks.__main__ import build_parser, main
from benchmarks.errors import BenchmarkError
from benchmarks.page import BEGIN, END, read_reports, write_tables
from benchmarks.report import Benchmark, Gate, Outcome, Report, measure, median, quantiles
from benchmarks.table import BENCHMARKS


def benchmark(*gates: Gate) -> Benchmark:
    """One that measures nothing."""
    return Benchmark(
        "none", "", lambda _: Outcome({"speed": 0.5, "nothing": None}, [{"n": 1}]), lambda _: None, {}, gates
    )


def measured(*gates: Gate, smoke: bool = False) -> Report:
    return measure(benchmark(*gates), argparse.Namespace(smoke=smoke, json=None, keep=Path("here")))


def test_a_missed_gate_fails_the_report() -> None:
    assert measured(Gate("speed", least=0.4)).ok
    assert not measured(Gate("speed", least=0.95)).ok
    assert not measured(Gate("speed", most=0.4)).ok


def test_a_gate_on_speed_is_not_judged_by_a_smoke_run() -> None:
    assert not measured(Gate("speed", least=0.95), smoke=True).ok
    assert measured(Gate("speed", least=0.95, timed=True), smoke=True).ok
    assert not measured(Gate("speed", least=0.95, timed=True)).ok


def test_what_could_not_be_measured_misses_no_gate() -> None:
    assert measured(Gate("nothing", least=1)).ok


def test_a_report_is_plain_json() -> None:
    report = json.loads(json.dumps(measured().as_dict()))
    assert report["options"] == {"smoke": False, "keep": "here"}
    assert report["versions"]["onnxruntime"] != "absent"
    assert report["machine"]["cores"] >= 1


def test_quantiles_are_values_that_were_measured() -> None:
    assert quantiles([float(value) for value in range(1, 101)]) == {"p50": 50.0, "p95": 95.0, "p99": 99.0}
    assert quantiles([3.0]) == {"p50": 3.0, "p95": 3.0, "p99": 3.0}
    assert quantiles([]) is None
    assert (median([1.0, 3.0]), median([5.0, 1.0, 2.0]), median([])) == (2.0, 2.0, None)


def test_smoke_changes_defaults_but_not_what_is_written_out() -> None:
    assert build_parser(["recovery", "--smoke"]).kills == BENCHMARKS["recovery"].smoke["kills"]
    assert build_parser(["recovery", "--smoke", "--kills", "7"]).kills == 7
    assert build_parser(["recovery"]).kills == 50


@pytest.mark.parametrize("name", list(BENCHMARKS))
def test_smoke_sets_only_options_that_there_are(name: str) -> None:
    assert set(BENCHMARKS[name].smoke) <= set(vars(build_parser([name])))


def test_without_clips_a_benchmark_says_so_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["events", "--clips", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_report_that_cannot_be_written_is_refused_before_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["loop", "--json", str(tmp_path / "nowhere" / "report.json")]) == 2
    assert "no such folder" in capsys.readouterr().err


def test_the_tables_of_a_page_are_replaced_and_the_rest_is_kept(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    write_tables([measured(Gate("speed", least=0.95)).as_dict()], page)
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "old" not in text
    assert "| speed | 0.5 |" in text
    assert "**missed**: speed at least 0.95" in text


def test_what_was_not_measured_again_stays_on_the_page(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text(f"{BEGIN}\n\n## other\n\nkept\n\n{END}\n")
    report = measured(Gate("speed", least=0.95)).as_dict()
    on_postgres = report | {"options": {"postgres": True}}
    write_tables([report, on_postgres], page)
    write_tables([report], page)
    headings = [line for line in page.read_text().splitlines() if line.startswith("## ")]
    assert headings == ["## other", f"## {report['name']}", f"## {report['name']} on PostgreSQL"]
    assert "kept" in page.read_text()


def test_what_is_no_report_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text('{"name": "loop"}')
    with pytest.raises(BenchmarkError, match=r"report\.json: not a report"):
        read_reports([path])
    page = tmp_path / "page.md"
    page.write_text("no marks")
    with pytest.raises(BenchmarkError, match="marks"):
        write_tables([], page)
