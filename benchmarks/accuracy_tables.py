"""The tables of `docs/accuracy.md`: `python -m benchmarks.accuracy_tables` measures and writes them in one go.

`--from` takes stored reports of `events` and `accuracy` instead of measuring; later ones win where two have a row.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.errors import BenchmarkError
from benchmarks.page import BEGIN, END, Report, read_reports, rows_to_table

PAGE = Path("docs/accuracy.md")
INCIDENTS = ("recall", "precision", "starts_close", "ends_close", "dwells_close")
HEADS = ("recall", "precision", "starts close", "ends close", "stays within 5 %", "of stays that ended")
Rows = Mapping[str, Any]


def tables(reports: Sequence[Report]) -> list[str]:
    """Every table for which there are figures."""
    figures: dict[str, dict[str, Any]] = {"noise": {}, "generated": {}, "clips": {}, "sets": {}, "trackers": {}}
    for report in reports:
        found = report["figures"]
        rows = found.get("rows", {})
        figures["clips" if report["name"] == "events" else "sets"].update(rows)
        for name in ("noise", "generated", "trackers"):
            figures[name].update(found.get(name, {}))
    makers = {"noise": _noise, "generated": _generated, "clips": _clips, "sets": _sets, "trackers": _trackers}
    return [line for name, make in makers.items() if figures[name] for line in (*make(figures[name]), "")]


def _noise(rows: Rows) -> list[str]:
    body = [[_kind(kind, row), row["scenarios"], row["expected"], *_incident(row)] for kind, row in rows.items()]
    return ["### Rules under noise: generated, no pictures", "", *_table(("kind", "scenarios", "true", *HEADS), body)]


def _generated(rows: Rows) -> list[str]:
    body = [
        [_kind(kind, row), row["model"], row["clips"], row["expected"], *_incident(row)] for kind, row in rows.items()
    ]
    heads = ("kind", "model", "clips", "true", *HEADS)
    return ["### Incidents in clips: generated, composed from rendered pictures", "", *_table(heads, body)]


def _clips(rows: Rows) -> list[str]:
    keys = ("expected", "found", "false_alarms", "start_error_s", "end_error_s", "confirm_delay_s")
    body = [[name, _origin(row), *(row[key] for key in keys)] for name, row in rows.items()]
    heads = ("clip", "", "true", "found", "false", "start error, s", "end error, s", "confirmed after the limit, s")
    return ["### Incidents in the product's and in real clips", "", *_table(heads, body)]


def _sets(rows: Rows) -> list[str]:
    keys = ("pictures", "boxes", "map50", "map50_95")
    body = [[name.partition("/")[2], _origin(row), *(row[key] for key in keys)] for name, row in rows.items()]
    return ["### Boxes of the default model", "", *_table(("pictures of", "", "n", "boxes", "mAP50", "mAP50-95"), body)]


def _trackers(rows: Rows) -> list[str]:
    names = list(next(iter(rows.values())))
    body = [
        [row, *(f"{one[name]['mota']:.3f} / {one[name]['idf1']:.3f}" for name in names)] for row, one in rows.items()
    ]
    return ["### Trackers: real, TUD's public detections, MOTA / IDF1", "", *_table(("sequence, frames", *names), body)]


def _kind(kind: str, row: Rows) -> str:
    return f"{kind} ({row['close_s']:g} s)"


def _incident(row: Rows) -> Iterator[str]:
    for key in INCIDENTS:
        yield "-" if row[key] is None else f"{row[key]:.3f}"
    yield str(row["dwells"])


def _origin(row: Rows) -> str:
    return "real" if row["real"] else "generated"


def _table(heads: Sequence[str], body: Sequence[Sequence[Any]]) -> list[str]:
    return rows_to_table(list(heads), body)


def measured(generated: Path | None, folder: Path) -> list[Report]:
    """Reports of `events` and `accuracy`, each from a process of its own. Raises BenchmarkError when one cannot run."""
    clips = [] if generated is None else ["--generated", str(generated)]
    paths = []
    for name, more in (("events", clips), ("accuracy", [])):
        paths.append(folder / f"{name}.json")
        command = [sys.executable, "-m", "benchmarks", name, "--json", str(paths[-1]), *more]
        if subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode > 1:
            raise BenchmarkError(f"{name} could not run")
    return read_reports(paths)


def put_into(page: Path, lines: Sequence[str]) -> None:
    """Replace what lies between the marks of the page. Raises BenchmarkError where there are none."""
    before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise BenchmarkError(f"{page}: the marks {BEGIN} and {END} are not there")
    text = "\n".join(lines).rstrip()
    page.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 2 and one line when it cannot be done."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy_tables", description=__doc__)
    parser.add_argument(
        "--generated", type=Path, metavar="DIR", help="clips that `python -m datasets.scenes clips` made"
    )
    parser.add_argument("--from", dest="reports", nargs="+", type=Path, metavar="JSON", help="reports; measure nothing")
    parser.add_argument("--into", type=Path, metavar="PAGE", help=f"such as {PAGE}; default: print")
    options = parser.parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory(prefix="streetwarden-accuracy-") as folder:
            reports = read_reports(options.reports) if options.reports else measured(options.generated, Path(folder))
        lines = tables(reports)
        if options.into is None:
            print("\n".join(lines))
        else:
            put_into(options.into, lines)
    except (BenchmarkError, OSError) as error:
        print(f"benchmarks.accuracy_tables: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
