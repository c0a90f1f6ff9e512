"""Named forgeries of a package: each is found, and by its own name."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from evidence.problems import ProblemCode, Scope
from evidence.signing import KeyRegistry
from evidence.verify import verify_package
from tests.evidence import support
from tests.evidence.attacks.forgeries import CLIP, FORGERIES, Attack, flip_a_byte_of_the_clip, unknown_field
from tests.evidence.support import write


@pytest.mark.parametrize(("attack", "code"), FORGERIES, ids=[attack.__name__ for attack, _ in FORGERIES])
def test_an_attack_is_found_and_named(attack: Attack, code: ProblemCode, tmp_path: Path) -> None:
    honest = support.bag()
    forged = attack(dict(honest))
    assert forged != honest
    in_memory = verify_package(forged, support.registry(1, 2))
    on_disk = verify_package(write(forged, tmp_path / "bag"), support.registry(1, 2))
    for report in (in_memory, on_disk):
        found = [problem.code for problem in report.problems]
        assert code in found
        assert not report.ok
        assert report.integrity_ok == all(item.scope is Scope.AUTHENTICITY for item in found)
        if code.scope is Scope.AUTHENTICITY:
            assert report.authentic is False


def test_a_changed_picture_leaves_the_signature_authentic_and_the_report_says_which() -> None:
    report = verify_package(flip_a_byte_of_the_clip(support.bag()), support.registry())
    assert (report.integrity_ok, report.authentic) == (False, True)
    assert [problem.where for problem in report.problems] == [CLIP]


def test_a_field_is_named_by_its_path() -> None:
    report = verify_package(unknown_field(support.bag()), support.registry())
    assert "manifest.json#approved" in [problem.where for problem in report.problems]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"valid_from": support.VALID_FROM + timedelta(days=365)}, ProblemCode.KEY_NOT_YET_VALID),
        ({"valid_until": support.VALID_FROM + timedelta(days=1)}, ProblemCode.KEY_EXPIRED),
        ({"revoked_at": support.VALID_FROM + timedelta(days=365)}, ProblemCode.KEY_REVOKED),
        (
            {"revoked_at": support.VALID_FROM + timedelta(days=1), "revocation_reason": "superseded"},
            ProblemCode.KEY_REVOKED,
        ),
    ],
)
def test_a_key_must_be_valid_when_it_seals(change: dict[str, object], code: ProblemCode) -> None:
    entry = support.signer().entry(support.VALID_FROM, "office").model_copy(update=change)
    report = verify_package(support.bag(), KeyRegistry(keys=(entry,)))
    assert (report.integrity_ok, report.authentic) == (True, False)
    assert [problem.code for problem in report.problems] == [code]


def test_what_a_replaced_key_sealed_before_stays_authentic() -> None:
    change = {"revoked_at": support.VALID_FROM + timedelta(days=365), "revocation_reason": "superseded"}
    entry = support.signer().entry(support.VALID_FROM, "office").model_copy(update=change)
    assert verify_package(support.bag(), KeyRegistry(keys=(entry,))).ok
