"""The command line, run as a user runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import av
import numpy as np

KERB_CAMERAS = """\
cameras:
  - id: street
    url: {url}
    zones:
      - id: {zone}
        class: prohibited
        polygon: {polygon}
        rules:
          - kind: illegal_parking
            dwell_seconds: {dwell}
"""
FAR_KERB = "[[0.11, 0.33], [0.22, 0.24], [0.47, 0.22], [0.47, 0.40], [0.36, 0.42], [0.12, 0.45]]"


def environment(data_dir: Path, **more: str) -> dict[str, str]:
    """The environment of a command that keeps everything below `data_dir`."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("STREETWARDEN_")}
    return {**clean, "STREETWARDEN_DATA_DIR": str(data_dir), **more}


def streetwarden(
    *arguments: str | Path, data_dir: Path, timeout_seconds: float = 120, more: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    command = [sys.executable, "-m", "streetwarden", *map(str, arguments)]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout_seconds,
        env=environment(data_dir, **(more or {})),
        stdin=subprocess.DEVNULL,
    )


def cameras_file(
    folder: Path, *, url: str = "any", zone: str = "kerb", polygon: str = FAR_KERB, dwell: float = 15
) -> Path:
    """A cameras file with one camera and one zone."""
    path = folder / "cameras.yaml"
    path.write_text(KERB_CAMERAS.format(url=url, zone=zone, polygon=polygon, dwell=dwell), encoding="utf-8")
    return path


def small_clip(path: Path, seconds: int = 2, size_wh: tuple[int, int] = (320, 240)) -> Path:
    """A short grey H.264 clip, 10 pictures a second, a key frame every second."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"g": "10", "bf": "0", "preset": "ultrafast"})
        stream.width, stream.height = size_wh
        stream.pix_fmt = "yuv420p"
        for index in range(seconds * 10):
            picture = np.full((size_wh[1], size_wh[0], 3), 40 + index % 50, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        container.mux(stream.encode(None))
    return path


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    """The one line that a refused command prints; fails when there are more, or a traceback."""
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert len(lines) == 1, done.stderr
    assert done.stdout == "", done.stdout
    return lines[0]


def files_below(folder: Path) -> Sequence[str]:
    """Every path below a folder, relative."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*")) if folder.exists() else []
