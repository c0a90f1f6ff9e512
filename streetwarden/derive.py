"""`streetwarden derive`: overlay stills, a sheet, a page and a share copy of a sealed package, each signed for."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from evidence.derivatives.hiding import Detect, Seen
from evidence.derivatives.make import KINDS, Wishes, derive, write
from evidence.derivatives.source import SealedSource, open_source
from evidence.derivatives.statement import parse_statement, problems_of
from evidence.errors import TransportError
from evidence.keys import open_keys
from evidence.transport import unpack_bag
from streams.clock import SystemClock
from streams.frame import Image
from streetwarden.errors import UsageError
from streetwarden.settings import Settings, settings_from
from streetwarden.verify import read_registry

STATEMENT = ".statement.json"
DEFAULT_KINDS = ("overlay", "sheet", "pdf")
_CERTAIN = 0.15
"""Score from which something is hidden: a share copy rather hides too much."""


def run(options: argparse.Namespace) -> int:
    """Make or check derivatives; 0 when done, 1 when a checked one does not hold."""
    if not options.package.exists():
        raise UsageError(f"{options.package}: no such package")
    if not options.check and options.out is None:
        raise UsageError("derive needs --out DIR, or --check FILE")
    with tempfile.TemporaryDirectory(prefix="streetwarden-derive-") as scratch:
        source = _opened(options.package, Path(scratch) / "package")
        return check(source, options) if options.check else make(source, options)


def make(source: SealedSource, options: argparse.Namespace) -> int:
    """Write the files and their statements, and say where they are."""
    settings, clock = settings_from(options), SystemClock()
    signer = open_keys(settings.keys_dir, clock).signer
    kinds = [kind for kind in KINDS if kind in (options.kind or DEFAULT_KINDS)]
    detect, name = detector(settings) if "share" in kinds else (None, "")
    wishes = Wishes(options.language, options.verify_url, detect, name)
    made = [write(each, source, options.out, signer, clock) for kind in kinds for each in derive(source, kind, wishes)]
    files = [str(file) for file, _ in made]
    print(json.dumps({"files": files}, ensure_ascii=False) if options.json else "\n".join(files))
    return 0


def check(source: SealedSource, options: argparse.Namespace) -> int:
    """Check files that were derived from the package, each against its statement beside it."""
    registry, problems = read_registry(options.keys), list[str]()
    for file in options.check:
        statement = file.with_name(file.name + STATEMENT)
        for path in (file, statement):
            if not path.is_file():
                raise UsageError(f"{path}: no such file")
        parsed = parse_statement(statement.read_bytes(), str(statement))
        found = problems_of(parsed, file.read_bytes(), source.manifest, source.manifest_sha256, registry)
        print(f"{'FAILS' if found else 'holds'}  {file}")
        problems += found
    print("\n".join(f"       {problem}" for problem in problems), end="\n" if problems else "")
    return int(bool(problems))


def detector(settings: Settings) -> tuple[Detect, str]:
    """The model's eyes for a share copy, and their name with the weights' hash."""
    from streetwarden.detection import load_engine  # noqa: PLC0415  # an inference library only for a share copy

    engine = load_engine(settings)
    names, facts = engine.class_names, engine.describe()

    def detect(image: Image) -> Sequence[Seen]:
        (found,) = engine.detect([image])
        return [
            Seen(names[int(number)], (float(box[0]), float(box[1]), float(box[2]), float(box[3])))
            for box, number, score in zip(found.xyxy, found.class_id, found.score, strict=True)
            if score >= _CERTAIN
        ]

    return detect, f"{settings.model} {facts['sha256']}"


def _opened(package: Path, scratch: Path) -> SealedSource:
    if package.is_dir():
        return open_source(package)
    try:
        unpack_bag(package, scratch)
    except TransportError as error:
        raise UsageError(f"{package}: {error}") from None
    return open_source(scratch)
