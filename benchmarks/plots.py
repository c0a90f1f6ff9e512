"""The plots of `docs/performance.md`, drawn from the same reports as its tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

Report = Mapping[str, Any]
Plot = Callable[[Axes, Report], None]

INK = "#1f4e79"
OTHER = "#c55a11"
SIZE_INCHES = (6.4, 3.0)


def draw_plots(reports: Sequence[Report], folder: Path) -> dict[str, str]:
    """One SVG for each report that has a plot, the same bytes for the same report; file names by benchmark."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = {}
    for report in reports:
        plot = PLOTS.get(report["name"])
        if plot is not None and not report["options"].get("smoke"):
            drawn[report["name"]] = f"{report['name']}.svg"
            _draw(plot, report, folder / drawn[report["name"]])
    return drawn


def _draw(plot: Plot, report: Report, path: Path) -> None:
    with mpl.rc_context({"svg.hashsalt": "streetwarden", "font.size": 8, "axes.spines.top": False}):
        figure = Figure(SIZE_INCHES, layout="constrained")
        plot(figure.subplots(), report)
        figure.savefig(path, format="svg", metadata={"Date": None})


def _loop(axes: Axes, report: Report) -> None:
    """Stages of a look, stacked, for each number of cameras."""
    sizes = {name: value for name, value in report["figures"].items() if name.startswith("cameras_")}
    left = [0.0] * len(sizes)
    labels = [f"{name.removeprefix('cameras_')} cameras" for name in sizes]
    stages = [stage for stage in next(iter(sizes.values()))["stages_ms"] if stage != "look"]
    for stage in stages:
        width = [(size["stages_ms"][stage] or {}).get("p50", 0.0) for size in sizes.values()]
        axes.barh(labels, width, left=left, label=stage)
        left = [start + part for start, part in zip(left, width, strict=True)]
    axes.set_xlabel("milliseconds of one look, median")
    axes.legend(ncols=len(stages), loc="upper center", bbox_to_anchor=(0.5, 1.25), frameon=False)


def _cameras(axes: Axes, report: Report) -> None:
    """How long after its limit each planted violation was confirmed."""
    delays = [delay for sample in report["samples"] for delay in sample["confirm_delays_s"]]
    axes.hist(delays, bins=40, color=INK)
    axes.set_xlabel("seconds from the limit to the confirmation")
    axes.set_ylabel("violations")


def _scaling(axes: Axes, report: Report) -> None:
    """Cores and memory of the worker by cameras."""
    samples = report["samples"]
    counts = [sample["cameras"] for sample in samples]
    axes.plot(counts, [sample["cores_worker"] for sample in samples], "o", color=INK, label="cores")
    axes.set_xlabel("live cameras")
    axes.set_ylabel("cores of the worker", color=INK)
    axes.set_ylim(bottom=0)
    memory = axes.twinx()
    memory.plot(counts, [sample["memory_mb"] / 1000 for sample in samples], "s", color=OTHER, label="memory")
    memory.set_ylabel("memory, GB", color=OTHER)
    memory.set_ylim(bottom=0)


def _recovery(axes: Axes, report: Report) -> None:
    """Seconds until analysed pictures flow again, a dot a repetition."""
    rows = [row for row in report["samples"] if row.get("frames_again_s") is not None and "fault" in row]
    faults = sorted({row["fault"] for row in rows})
    axes.plot([row["frames_again_s"] for row in rows], [faults.index(row["fault"]) for row in rows], "|", color=INK)
    axes.set_yticks(range(len(faults)), faults)
    axes.set_xlabel("seconds until analysed pictures flow again")
    axes.axvline(2.0, color=OTHER, linewidth=0.8)


def _soak(axes: Axes, report: Report) -> None:
    """Memory and threads over the hours."""
    minutes = [sample["at_s"] / 60 for sample in report["samples"]]
    axes.plot(minutes, [sample["memory_mb"] for sample in report["samples"]], color=INK)
    axes.set_xlabel("minutes")
    axes.set_ylabel("memory, MB", color=INK)
    axes.set_ylim(bottom=0)
    threads = axes.twinx()
    threads.plot(minutes, [sample["threads"] for sample in report["samples"]], color=OTHER, linewidth=0.8)
    threads.set_ylabel("threads", color=OTHER)
    threads.set_ylim(bottom=0)


PLOTS: Mapping[str, Plot] = {
    "loop": _loop,
    "cameras": _cameras,
    "scaling": _scaling,
    "recovery": _recovery,
    "soak": _soak,
}
