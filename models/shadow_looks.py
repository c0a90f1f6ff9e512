"""What a worker wrote in shadow mode, read and compared: `streetwarden models shadow-report FOLDER`.

Lines of JSON: a header with both models' names and classes, then for each picture the boxes of both. A new header
begins a new trial, as when a worker was started with another candidate; trials of the same two models are one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from detector.detections import Detections
from models.errors import ModelsError
from models.shadow import Shadow, ShadowReport, Tally

FILES = ("looks.old.jsonl", "looks.jsonl")
TOLD_DIFFERENCES = 10

Row = tuple[float, float, float, float, Annotated[float, Field(ge=0, le=1)], Annotated[int, Field(ge=0)]]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    classes: tuple[str, ...]


class _Header(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    live: _Model
    candidate: _Model


class _Look(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    camera_id: str
    at_ns: int
    live: tuple[Row, ...]
    candidate: tuple[Row, ...]
    took_ms: float


@dataclass(frozen=True, slots=True)
class Trial:
    """One candidate beside one live model; `took_ms`: the candidate's median time for a picture."""

    live: str
    candidate: str
    took_ms: float
    report: ShadowReport

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "live": self.live,
            "candidate": self.candidate,
            "candidate_ms": round(self.took_ms, 1),
            **self.report.as_json(),
        }


def compare_looks(where: Path) -> list[Trial]:
    """The trials of a folder or a file, in the order in which they began. Raises ModelsError, naming file and line.

    A last line that a crash cut short is left out.
    """
    trials: dict[_Header, tuple[Shadow, list[float]]] = {}
    current: tuple[_Header, Shadow, list[float]] | None = None
    for place, entry in _entries(where):
        if isinstance(entry, _Header):
            shadow, times = trials.setdefault(entry, (Shadow(entry.live.classes, entry.candidate.classes), []))
            current = entry, shadow, times
        elif current is None:
            raise ModelsError(f"{place}: a look before any header that names the models")
        else:
            _add(entry, *current, place)
    return [
        Trial(header.live.name, header.candidate.name, float(np.median(times)) if times else 0.0, shadow.report())
        for header, (shadow, times) in trials.items()
    ]


def _add(look: _Look, header: _Header, shadow: Shadow, times: list[float], place: str) -> None:
    for rows, model in ((look.live, header.live), (look.candidate, header.candidate)):
        unknown = [row[5] for row in rows if row[5] >= len(model.classes)]
        if unknown:
            raise ModelsError(f"{place}: class {unknown[0]}, but {model.name} has {len(model.classes)} classes")
    shadow.add(look.camera_id, look.at_ns, _detections(look.live), _detections(look.candidate))
    times.append(look.took_ms)


def _entries(where: Path) -> Iterator[tuple[str, _Header | _Look]]:
    for path in _files(where):
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError as problem:
            raise ModelsError(f"{path}: cannot be read: {problem.strerror}") from problem
        lines = text.split("\n")
        for number, line in enumerate(lines[:-1], start=1):  # what follows the last line break was cut short
            yield f"{path}:{number}", _entry(line, f"{path}:{number}")


def _entry(line: str, place: str) -> _Header | _Look:
    try:
        content = json.loads(line)
        kind = _Look if isinstance(content, dict) and "camera_id" in content else _Header
        return kind.model_validate(content)
    except json.JSONDecodeError as problem:
        raise ModelsError(f"{place}: not JSON: {problem.msg}") from problem
    except ValidationError as problem:
        first = problem.errors(include_url=False)[0]
        raise ModelsError(f"{place}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from problem


def _files(where: Path) -> list[Path]:
    if where.is_file():
        return [where]
    found = [where / name for name in FILES if (where / name).is_file()]
    if not found:
        raise ModelsError(f"{where}: no looks of a candidate here: run a worker with --shadow NAME first")
    return found


def _detections(rows: tuple[Row, ...]) -> Detections:
    if not rows:
        return Detections.empty()
    table = np.array(rows, np.float64)
    return Detections.untracked(
        table[:, :4].astype(np.float32), table[:, 4].astype(np.float32), table[:, 5].astype(np.int64)
    )


def as_text(trial: Trial) -> str:
    """A table for people: a row a class, then the frames in which the two differ most."""
    report = trial.report
    pictures = f"{report.frames} pictures of {len(report.by_camera)} cameras, {trial.took_ms:.0f} ms a picture"
    lines = [
        f"{trial.candidate} beside {trial.live}: {pictures}",
        f"{'class':<16} {'both':>7} {'renamed':>8} {'only live':>10} {'only candidate':>15} {'agreement':>10}",
        *(_row(name, tally) for name, tally in sorted(report.by_class.items())),
        _row("all", report.total),
    ]
    for about, names in (("live", report.only_live_classes), ("candidate", report.only_candidate_classes)):
        if names:
            lines.append(f"only the {about} model knows: {', '.join(names)}")
    if report.differences:
        lines.append("the pictures in which they differ most (camera, UTC ns):")
    lines += [f"  {one.camera_id} {one.at_ns}: {'; '.join(one.what)}" for one in report.differences[:TOLD_DIFFERENCES]]
    return "\n".join(lines)


def _row(name: str, tally: Tally) -> str:
    return (
        f"{name:<16} {tally.both:>7} {tally.renamed:>8} {tally.only_live:>10} {tally.only_candidate:>15} "
        f"{tally.agreement:>10.3f}"
    )
