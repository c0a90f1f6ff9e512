"""What a derived file's statement proves, and what is found when file, parent, package or key are others."""

from __future__ import annotations

from pathlib import Path

import pytest

from evidence.derivatives.errors import DerivativeError
from evidence.derivatives.make import Wishes, derive, write
from evidence.derivatives.source import SealedSource
from evidence.derivatives.statement import StatementFile, parse_statement, problems_of, seal_statement
from streams.clock import SimulatedClock
from tests.evidence import support


@pytest.fixture
def made(source: SealedSource, tmp_path: Path) -> tuple[Path, Path]:
    first = next(derive(source, "overlay", Wishes()))
    return write(first, source, tmp_path, support.signer(), SimulatedClock(support.SEALED_AT_NS))


def problems(source: SealedSource, data: bytes, statement: bytes, seed: int = 1) -> tuple[str, ...]:
    parsed = parse_statement(statement, "statement")
    return problems_of(parsed, data, source.manifest, source.manifest_sha256, support.registry(seed))


def test_an_honest_derivative_holds(source: SealedSource, made: tuple[Path, Path]) -> None:
    file, statement = made
    assert problems(source, file.read_bytes(), statement.read_bytes()) == ()
    parsed = parse_statement(statement.read_bytes(), "s").statement
    assert parsed.parents[0].sha256 == source.stills[0].sha256
    assert parsed.code == source.code(source.stills[0].sha256)
    assert parsed.tool.startswith("Pillow ")


def test_another_file_is_found(source: SealedSource, made: tuple[Path, Path]) -> None:
    file, statement = made
    assert "is not the file" in problems(source, file.read_bytes() + b"x", statement.read_bytes())[0]


def test_another_key_is_found(source: SealedSource, made: tuple[Path, Path]) -> None:
    file, statement = made
    assert "no key" in problems(source, file.read_bytes(), statement.read_bytes(), seed=2)[0]


@pytest.mark.parametrize(
    ("change", "said"),
    [({"package_id": "0" * 32}, "another package"), ({"parents": None}, "its parent"), ({"tool": "other"}, "signed")],
)
def test_an_altered_statement_is_found(
    source: SealedSource, made: tuple[Path, Path], change: dict[str, object], said: str
) -> None:
    file, statement = made
    parsed = parse_statement(statement.read_bytes(), "s")
    if change.get("parents", 1) is None:
        change = {"parents": tuple(p.model_copy(update={"sha256": "0" * 64}) for p in parsed.statement.parents)}
    altered = StatementFile(statement=parsed.statement.model_copy(update=change), signatures=parsed.signatures)
    found = problems(source, file.read_bytes(), altered.to_bytes())
    assert any(said in problem for problem in found)
    assert any("signed" in problem for problem in found)


def test_a_statement_signed_anew_for_another_package_is_found(source: SealedSource, made: tuple[Path, Path]) -> None:
    file, statement = made
    other = parse_statement(statement.read_bytes(), "s").statement.model_copy(update={"manifest_sha256": "0" * 64})
    assert "another package" in problems(source, file.read_bytes(), seal_statement(other, support.signer()))[0]


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b"{" * 100_000, b'{"schema":"streetwarden.derivative/1"}'])
def test_what_is_no_statement_is_one_line(data: bytes) -> None:
    with pytest.raises(DerivativeError, match=r"\Ahere[^\n]*\Z"):
        parse_statement(data, "here")


def test_spaces_are_not_canonical(made: tuple[Path, Path]) -> None:
    with pytest.raises(DerivativeError):
        parse_statement(made[1].read_bytes().replace(b'":', b'": '), "here")


def test_nothing_is_written_into_a_package(source: SealedSource) -> None:
    first = next(derive(source, "overlay", Wishes()))
    clock = SimulatedClock(support.SEALED_AT_NS)
    with pytest.raises(DerivativeError, match="lies in the package"):
        write(first, source, source.folder / "data" / "derived", support.signer(), clock)
