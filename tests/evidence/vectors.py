"""The published test vectors: `python -m tests.evidence.vectors FILE` writes them anew.

One honest package in full; of every other package what differs from it, and what a verifier must say of it.
"""

from __future__ import annotations

import base64
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from evidence.keys import KeySource, open_keys
from evidence.registry import KeyRegistry
from evidence.signing import SIGNATURE_FILE
from evidence.timestamp import TIMESTAMP_FILE, make_file, request_for
from evidence.verify import verify_package
from streams.clock import SimulatedClock, SystemClock
from tests.evidence import support
from tests.evidence.attacks.forgeries import FORGERIES, deep_nesting
from tests.evidence.authority import Authority

PUBLISHED = Path(__file__).resolve().parents[2] / "docs" / "reference" / "evidence-vectors.json"
Files = dict[str, bytes]


def document() -> dict[str, Any]:
    """The vectors as JSON."""
    with tempfile.TemporaryDirectory() as folder:
        return _document(Path(folder))


def _document(folder: Path) -> dict[str, Any]:
    authority = Authority(folder / "authority")
    sm2 = open_keys(
        folder / "sm2", SimulatedClock(support.SEALED_AT_NS - 10**9), "office", source=KeySource(algorithm="sm2-sm3")
    )
    registry = support.registry(1, 2).with_key(sm2.entry).with_authority(authority.entry)
    base = support.bag()
    late = support.bag(timestamp_authority="Test authority", sealed_at_ns=SystemClock().wall_ns())
    stamp = make_file(authority.answer(request_for(late[SIGNATURE_FILE])), support.signer())
    cases: dict[str, Files] = {
        "honest": base,
        "honest_version_1": support.bag(schema="streetwarden.package/1"),
        "honest_sm2": support.bag(signer=sm2.signer),
        "honest_stamped": {**late, TIMESTAMP_FILE: stamp},
        "honest_stamp_pending": late,
        "stamp_of_another_package": {**base, TIMESTAMP_FILE: stamp},
    }
    # Hundreds of kilobytes of brackets teach nobody.
    cases |= {attack.__name__: attack(support.bag()) for attack, _ in FORGERIES if attack is not deep_nesting}
    return {
        "about": "base64 of file contents; a case's package is `base` with `changed` put in and `removed` taken out",
        "registry": json.loads(registry.to_bytes()),
        "base": {name: _text(data) for name, data in base.items()},
        "cases": [_case(name, files, base, registry) for name, files in cases.items()],
    }


def _case(name: str, files: Files, base: Files, registry: KeyRegistry) -> dict[str, Any]:
    report = verify_package(files, registry)
    return {
        "name": name,
        "changed": {path: _text(data) for path, data in files.items() if base.get(path) != data},
        "removed": sorted(set(base) - set(files)),
        "integrity_ok": report.integrity_ok,
        "authentic": report.authentic,
        "codes": sorted({problem.code.value for problem in report.problems}),
        "timestamp": report.timestamp.state,
    }


def read(document: dict[str, Any], case: dict[str, Any]) -> Files:
    """The package of a case."""
    files = {**document["base"], **case["changed"]}
    return {name: base64.b64decode(text) for name, text in files.items() if name not in case["removed"]}


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(document(), indent=1, sort_keys=True) + "\n", encoding="utf-8")
