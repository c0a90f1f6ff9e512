"""The tables and plots of `docs/performance.md`, made from reports and never by hand."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.errors import BenchmarkError
from benchmarks.plots import draw_plots

BEGIN, END = "<!-- tables: begin -->", "<!-- tables: end -->"
FIGURES = "figures"
"""Folder of the plots, beside the page."""
KEYS = ("name", "machine", "versions", "options", "figures", "samples")

Report = Mapping[str, Any]
Table = Callable[[Mapping[str, Any]], list[str]]


def read_reports(paths: Sequence[Path]) -> list[Report]:
    """Reports from what `--json` wrote: one, or a list of them. Raises BenchmarkError for anything else."""
    reports: list[Report] = []
    for path in paths:
        try:
            value = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise BenchmarkError(f"{path}: not a report: {error}") from None
        for report in value if isinstance(value, list) else [value]:
            if not isinstance(report, dict) or any(key not in report for key in KEYS):
                raise BenchmarkError(f"{path}: not a report of a benchmark")
            reports.append(report)
    return reports


def write_tables(reports: Sequence[Report], page: Path | None) -> int:
    """Print the tables, or put them between the marks of a page."""
    if page is None:
        sys.stdout.write(tables_of(reports))
        return 0
    plots = {name: f"{FIGURES}/{file}" for name, file in draw_plots(reports, page.parent / FIGURES).items()}
    before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    old, end, after = rest.partition(END)
    if not begin or not end:
        raise BenchmarkError(f"{page}: the marks {BEGIN} and {END} are not there")
    text = merged(old, tables_of(reports, plots))
    page.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}", encoding="utf-8")
    return 0


def merged(old: str, new: str) -> str:
    """The sections of both by heading, new ones in the place of old ones: what was not measured again stays."""
    sections = _sections(old) | _sections(new)
    return "\n\n".join(sections.values()) + "\n"


def _sections(text: str) -> dict[str, str]:
    parts = re.split(r"^(?=## )", text, flags=re.MULTILINE)
    return {part.partition("\n")[0]: part.rstrip() for part in parts if part.startswith("## ")}


def tables_of(reports: Sequence[Report], plots: Mapping[str, str] | None = None) -> str:
    """One section a report, in the order given, with the picture that `plots` names for it."""
    named = plots or {}
    return "\n\n".join("\n".join(section_of(report, named.get(report["name"]))).rstrip() for report in reports) + "\n"


def section_of(report: Report, plot: str | None = None) -> list[str]:
    """Heading, command, machine, figures, plot, gates."""
    name, figures = report["name"], report["figures"]
    table = TABLES.get(name, plain)
    smoke = ["**A smoke run: it shows that the benchmark runs, its figures mean nothing.**", ""]
    return [
        f"## {heading_of(report)}",
        "",
        *(smoke if report["options"].get("smoke") else []),
        f"`{command_of(report)}`",
        "",
        machine_of(report),
        "",
        *table(figures),
        "",
        *([f"![{name}]({plot})", ""] if plot else []),
        *(f"* {'held' if gate['held'] else '**missed**'}: {gate['gate']}" for gate in report.get("gates", [])),
    ]


def heading_of(report: Report) -> str:
    """The benchmark, and the database where it is not the one that needs nothing."""
    return f"{report['name']} on PostgreSQL" if report["options"].get("postgres") else str(report["name"])


def command_of(report: Report) -> str:
    """The command line that made the report."""
    words = ["python -m benchmarks", report["name"]]
    for name, value in report["options"].items():
        if value is None or value is False:
            continue
        values = value if isinstance(value, list) else [] if value is True else [value]
        words.append(" ".join([f"--{name.replace('_', '-')}", *map(str, values)]))
    return " ".join(words)


def machine_of(report: Report) -> str:
    """Machine and versions in one line."""
    machine, versions = report["machine"], report["versions"]
    shown = ", ".join(f"{name} {versions[name]}" for name in ("commit", "onnxruntime", "av", "python"))
    return (
        f"{machine['at']}, {machine['cores']} cores of {machine['cpu']}, {machine['memory_gb']} GB, "
        f"load before the run {machine['load_before']}; {shown}"
    )


def rows_to_table(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
    """A Markdown table."""
    lines = [heads, ["---"] * len(heads), *([show(value) for value in row] for row in rows)]
    return ["| " + " | ".join(line) + " |" for line in lines]


def show(value: Any) -> str:
    """A value as a cell."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict):
        return ", ".join(f"{name} {show(part)}" for name, part in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(map(show, value)) or "none"
    return str(value)


def plain(figures: Mapping[str, Any]) -> list[str]:
    """Figures as a table of two columns."""
    return rows_to_table(["figure", "value"], [[name, value] for name, value in figures.items()])


def _loop(figures: Mapping[str, Any]) -> list[str]:
    sizes = {name: value for name, value in figures.items() if name.startswith("cameras_")}
    heads = ["cameras", "loop frames/s", "session frames/s", "ratio", "ratio of CPU time"]
    keys = ("frames_per_s", "session_frames_per_s", "ratio_to_session", "ratio_to_session_cpu")
    rows = [[name.removeprefix("cameras_"), *(size[key] for key in keys)] for name, size in sizes.items()]
    stages = [
        [
            name.removeprefix("cameras_"),
            stage,
            *((size["stages_ms"][stage] or {}).get(p) for p in ("p50", "p95", "p99")),
        ]
        for name, size in sizes.items()
        for stage in size["stages_ms"]
    ]
    others = [
        [name.removeprefix("cameras_"), who, *(side[key] for key in ("frames_per_s", "speed_up", "ratio_to_session"))]
        for name, size in sizes.items()
        for who, side in size["against"].items()
    ]
    other_heads = ["cameras", "in the same loop", "frames/s", "against the loop", "against the session"]
    return [
        *rows_to_table(heads, rows),
        "",
        *([*rows_to_table(other_heads, others), ""] if others else []),
        *rows_to_table(["cameras", "stage, ms", "p50", "p95", "p99"], stages),
    ]


def _peers(figures: Mapping[str, Any]) -> list[str]:
    plain_figures = {name: value for name, value in figures.items() if not name.startswith("cameras_")}
    keys = ("frames_read_per_camera_s", "analysed_per_camera_s", "held", "cores", "cores_simulator")
    rows = [
        [name.removeprefix("cameras_"), who, *(side[key] for key in keys)]
        for name, pair in figures.items()
        if name.startswith("cameras_")
        for who, side in pair.items()
    ]
    heads = ["cameras", "who", "read per camera and s", "analysed per camera and s", "held", "cores", "simulator's"]
    return [*plain(plain_figures), "", *rows_to_table(heads, rows)]


def _keyed(first: str, key: str) -> Table:
    """A table of the rows in `figures[key]`, after the other figures."""

    def table(figures: Mapping[str, Any]) -> list[str]:
        rows: Mapping[str, Mapping[str, Any]] = figures[key]
        heads = list(next(iter(rows.values()), {}))
        others = {name: value for name, value in figures.items() if name != key}
        body = [[name, *(row[head] for head in heads)] for name, row in rows.items()]
        return [*plain(others), "", *rows_to_table([first, *heads], body)]

    return table


TABLES: Mapping[str, Table] = {
    "loop": _loop,
    "peers": _peers,
    "scaling": _keyed("cameras", "by_cameras"),
    "events": _keyed("clip", "rows"),
    "accuracy": _keyed("set", "rows"),
}
