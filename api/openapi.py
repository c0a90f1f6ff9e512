"""The interface's description, as it is kept in `docs/reference/openapi.json`.

`python -m api.openapi FILE` writes it anew.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from api.app import build
from api.office import open_office
from api.settings import ApiSettings


def document() -> str:
    """The OpenAPI description of the service as stable, readable JSON."""
    with tempfile.TemporaryDirectory() as folder:
        office = open_office(ApiSettings(data_dir=Path(folder)))
        try:
            description = build(office).openapi()
        finally:
            office.close()
    return json.dumps(description, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(document(), encoding="utf-8")
