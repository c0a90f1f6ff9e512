"""How much room is left where a worker writes."""

from __future__ import annotations

import shutil
from pathlib import Path


def disk_space(folder: Path) -> dict[str, int]:
    """Total and free bytes of the disk that holds a folder; empty when it cannot be asked."""
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return {}
    return {"total_bytes": usage.total, "free_bytes": usage.free}
