"""Who may do what, as it is published in `docs/reference/roles.md`.

`python -m api.roles FILE` writes it anew.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from fastapi import FastAPI

from api.access import ACCESS, PUBLIC, WHOLE_CITY, Role

HEAD = """# Roles and operations

Made by `python -m api.roles`; a test compares it with the service. What is not in this table is refused to everybody.
`o`: open without signing in. `x`: allowed. `c`: allowed, but not to who is limited to some districts or cameras.

"""


def table(app: FastAPI) -> str:
    """Every operation of the API with its roles, as Markdown."""
    roles = list(Role)
    lines = [f"| operation | | {' | '.join(roles)} |", f"|---|---|{'---|' * len(roles)}"]
    for path, method, name in sorted(_operations(app)):
        marks = " | ".join(_mark(name, role) for role in roles)
        lines.append(f"| `{name}` | `{method} {path}` | {marks} |")
    return HEAD + "\n".join(lines) + "\n"


def _operations(app: FastAPI) -> Iterator[tuple[str, str, str]]:
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            yield path, method.upper(), operation["operationId"]


def _mark(name: str, role: Role) -> str:
    if name in PUBLIC:
        return "o"
    if role not in ACCESS.get(name, ()):
        return ""
    return "c" if name in WHOLE_CITY else "x"


if __name__ == "__main__":
    from api.openapi import described

    with described() as found:
        Path(sys.argv[1]).write_text(table(found), encoding="utf-8")
