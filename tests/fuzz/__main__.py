"""Ask the whole interface generated questions as every role and as nobody: `python -m tests.fuzz --examples 100`.

Exit code 1 when an answer was a 5xx, let somebody in who must stay out, told what its reader must not know, or was
not as described; each such answer is a line with the request that got it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.fuzz.office import town
from tests.fuzz.walk import name_of, operations, walk


def main(arguments: Sequence[str] | None = None) -> int:
    """Walk it."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--examples", type=int, default=50, help="as described, and as many not so, an operation")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", default="", help="postgresql+psycopg://... (default: SQLite)")
    parser.add_argument("--only", nargs="*", default=[], metavar="OPERATION")
    told = parser.parse_args(arguments)
    lines = 0
    with tempfile.TemporaryDirectory() as folder, town(Path(folder), told.database) as made:
        for operation in operations(made):
            if told.only and name_of(operation) not in told.only:
                continue
            for line in dict.fromkeys(walk(made, operation, told.examples, told.seed)):
                lines += 1
                print(line.replace("\n", " | "), flush=True)  # noqa: T201
    print(f"{lines} answers that do not hold", file=sys.stderr)  # noqa: T201
    return int(lines > 0)


if __name__ == "__main__":
    sys.exit(main())
