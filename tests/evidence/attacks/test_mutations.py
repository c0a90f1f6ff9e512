"""Whatever single byte of whatever file changes, is lost or is added: the verifier sees it."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.verify import verify_package
from tests.evidence import support

HONEST = support.bag()
REGISTRY = support.registry()
NAMES = st.sampled_from(sorted(HONEST))


@st.composite
def mutations(draw: st.DrawFn) -> dict[str, bytes]:
    name = draw(NAMES)
    data = HONEST[name]
    position = draw(st.integers(0, len(data) - 1))
    kind = draw(st.sampled_from(["change", "drop", "insert", "cut", "double"]))
    byte = bytes([draw(st.integers(0, 255).filter(lambda value: value != data[position]))])
    changed = {
        "change": data[:position] + byte + data[position + 1 :],
        "drop": data[:position] + data[position + 1 :],
        "insert": data[:position] + byte + data[position:],
        "cut": data[:position],
        "double": data + data[position:],
    }[kind]
    return {**HONEST, name: changed}


@settings(max_examples=300, deadline=None)
@given(mutations())
def test_no_single_mutation_goes_unseen(files: dict[str, bytes]) -> None:
    report = verify_package(files, REGISTRY)
    assert report.problems
    assert not (report.integrity_ok and report.authentic)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.one_of(NAMES, st.text(max_size=40)), st.binary(max_size=300), max_size=12))
def test_no_input_at_all_breaks_the_verifier(files: dict[str, bytes]) -> None:
    assert not verify_package(files, REGISTRY).ok
