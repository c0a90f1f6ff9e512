"""The interface's description, as it is kept in `docs/reference/openapi.json`.

`python -m api.openapi FILE` writes it anew.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fastapi import FastAPI

from api.app import build
from api.office import open_office
from api.settings import ApiSettings


@contextmanager
def described() -> Iterator[FastAPI]:
    """The service without its database, to be described."""
    with tempfile.TemporaryDirectory() as folder:
        office = open_office(ApiSettings(data_dir=Path(folder)))
        try:
            yield build(office)
        finally:
            office.close()


def document() -> str:
    """The OpenAPI description of the service as stable, readable JSON."""
    with described() as app:
        return json.dumps(app.openapi(), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(document(), encoding="utf-8")
