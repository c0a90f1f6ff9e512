"""Many packages and many single mutations, from a seed: `python -m tests.evidence.attacks.campaign --help`.

The tests run a few of each; a release runs all: 10,000 mutations of which none may go unseen, and 1,000 honest
packages that must verify, with other clocks and time zones too, and with the recipe that uses only OpenSSL.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from evidence.chain import Head
from evidence.keys import save_registry
from evidence.package import bag_files
from evidence.verify import verify_package, verify_packages
from tests.evidence import support

SCRIPT = Path(__file__).resolve().parents[3] / "deploy" / "check-package.sh"
KINDS = ("change", "flip", "drop", "insert", "cut", "double", "swap", "remove", "add", "rename")
WORDS = ("kerb", "路口", "違規", "Straße", "e\u0301", "🚛", 'a "quoted" \\ back', "tab? no", "<b>&amp;", "", "a" * 400)
# A machine with another idea of the time, somewhere else: the verifier must not ask either.
ELSEWHERE = """
import sys, time
time.time, time.time_ns = (lambda: 12345.0), (lambda: 12345 * 10**9)
from pathlib import Path
from evidence.keys import load_registry
from evidence.verify import verify_packages
folder = Path(sys.argv[1])
packages = sorted(path for path in folder.iterdir() if path.is_dir())
report = verify_packages(packages, load_registry(folder / "keys.json"), whole=True)
print(sum(package.ok and package.authentic is True for package in report.packages), len(report.chain_problems))
"""


def mutate(files: dict[str, bytes], rng: random.Random) -> tuple[str, str, dict[str, bytes]]:
    """One mutation of one file: its kind, the file's name, the package that it makes."""
    while True:
        kind, name = rng.choice(KINDS), rng.choice(sorted(files))
        changed = _mutated(files, kind, name, rng)
        if changed != files:
            return kind, name, changed


def _mutated(files: dict[str, bytes], kind: str, name: str, rng: random.Random) -> dict[str, bytes]:
    data = files[name]
    at = rng.randrange(len(data))
    byte = bytes([rng.randrange(256)])
    others = {key: value for key, value in files.items() if key != name}
    other = rng.choice(sorted(others))
    return {
        "change": lambda: {**files, name: data[:at] + byte + data[at + 1 :]},
        "flip": lambda: {**files, name: data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]},
        "drop": lambda: {**files, name: data[:at] + data[at + 1 :]},
        "insert": lambda: {**files, name: data[:at] + byte + data[at:]},
        "cut": lambda: {**files, name: data[:at]},
        "double": lambda: {**files, name: data + data[at:]},
        "swap": lambda: {**files, name: files[other], other: data},
        "remove": lambda: others,
        "add": lambda: {**files, f"data/stills/added{rng.randrange(99)}.jpg": data},
        "rename": lambda: {**others, f"data/stills/renamed{rng.randrange(99)}.jpg": data},
    }[kind]()


@dataclass(frozen=True, slots=True)
class Mutations:
    """How many were tried and how many the verifier did not see; the codes under which it saw the others."""

    tried: int
    unseen: list[str]
    codes: Counter[str]


def run_mutations(count: int, seed: int = 1) -> Mutations:
    """Mutate packages of several forms; each must fail."""
    rng, registry = random.Random(seed), support.registry()
    forms = [files for files, _ in honest(20, seed)]
    unseen, codes = [], Counter[str]()
    for _ in range(count):
        kind, name, files = mutate(rng.choice(forms), rng)
        report = verify_package(files, registry)
        codes.update(problem.code.value for problem in report.problems[:1])
        if report.ok or (report.integrity_ok and report.authentic):
            unseen.append(f"{kind} {name}")
    return Mutations(count, unseen, codes)


def honest(count: int, seed: int = 1) -> Iterator[tuple[dict[str, bytes], Head]]:
    """Honest packages of one chain with manifests of many forms."""
    rng, head = random.Random(seed), None
    for number in range(1, count + 1):
        files = _honest(f"incident-{seed}-{number}", head, rng)
        head = support.head_of(files, number)
        yield files, head


def _honest(incident: str, head: Head | None, rng: random.Random) -> dict[str, bytes]:
    payload = {name: rng.randbytes(rng.randint(1, 5000)) for name in support.payload()}
    plain = support.manifest(incident, head)
    still = payload["data/stills/panorama_first.jpg"]
    clip = payload["data/originals/clip.mp4"]
    files = (
        plain.files[0].model_copy(update={"bytes": len(clip), "sha256": support.sha256(clip)}),
        plain.files[1].model_copy(
            update={"bytes": len(still), "sha256": support.sha256(still), "parent_sha256": support.sha256(clip)}
        ),
    )
    lead = rng.random() < 0.7
    camera = {"name": rng.choice(WORDS), "place": rng.choice(WORDS), "file": rng.choice((None, support.CAMERA_FILE))}
    subject = {"score": rng.random(), "box_xyxy": tuple(rng.uniform(-1e4, 1e4) for _ in range(4))}
    changes = {
        "sealed_at_ns": support.SEALED_AT_NS + rng.randrange(10**16),
        "camera": plain.camera.model_copy(update=camera),
        "subject": plain.subject.model_copy(update=subject),
        "host": {rng.choice(WORDS): rng.choice((None, True, 1e-7, 2**53 - 1, -0.5, [1, {"a": "b"}])) for _ in range(3)},
        "stream_health": {"drops": {word: rng.randrange(2**53) for word in WORDS}},
        "grade": "lead" if lead else "evidence",
        "reasons": ("clock_unknown",) if lead else (),
        "files": files,
    }
    return bag_files(plain.model_copy(update=changes), payload, support.signer())


def run_honest(count: int, folder: Path, *, recipe: bool, seed: int = 1) -> dict[str, int]:
    """Write honest packages and verify them here, on a machine elsewhere, and with the recipe."""
    packages = [support.write(files, folder / f"{n:05}") for n, (files, _) in enumerate(honest(count, seed))]
    save_registry(support.registry(), folder / "keys.json")
    here = verify_packages(packages, support.registry(), whole=True)
    command = [sys.executable, "-c", ELSEWHERE, str(folder)]
    zone = {**os.environ, "TZ": "Pacific/Kiritimati"}
    told = subprocess.run(command, capture_output=True, text=True, check=True, env=zone).stdout.split()
    agreed = sum(_recipe_holds(package, folder / "keys.json") for package in packages) if recipe else -1
    return {
        "packages": count,
        "hold_here": sum(report.ok and report.authentic is True for report in here.packages),
        "chain_problems": len(here.chain_problems) + int(told[1]),
        "hold_elsewhere": int(told[0]),
        "hold_by_recipe": agreed,
    }


def _recipe_holds(package: Path, keys: Path) -> bool:
    return (
        subprocess.run(["sh", str(SCRIPT), str(package), str(keys)], capture_output=True, check=False).returncode == 0
    )


def main() -> int:
    """Run a campaign and print its figures as JSON; 1 when anything was unseen or did not hold."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--mutations", type=int, default=10_000)
    parser.add_argument("--honest", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    begun = time.monotonic()
    mutations = run_mutations(options.mutations, options.seed)
    with tempfile.TemporaryDirectory() as folder:
        held = run_honest(options.honest, Path(folder), recipe=True, seed=options.seed)
    figures = {"mutations": mutations.tried, "unseen": mutations.unseen, "first_codes": mutations.codes, **held}
    sys.stdout.write(json.dumps({**figures, "seconds": round(time.monotonic() - begun, 1)}, indent=1) + "\n")
    wrong = options.honest * 3 - held["hold_here"] - held["hold_elsewhere"] - held["hold_by_recipe"]
    return int(bool(mutations.unseen or wrong or held["chain_problems"]))


if __name__ == "__main__":
    sys.exit(main())
