"""Attacks on the time stamp beside a package: swapped, edited, made by nobody, or older than what it stamps."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from evidence.problems import ProblemCode
from evidence.registry import KeyRegistry
from evidence.signing import SIGNATURE_FILE
from evidence.timestamp import TIMESTAMP_FILE, make_file, parse_file, request_for
from evidence.verify import verify_package
from streams.clock import SystemClock
from tests.evidence import support
from tests.evidence.authority import Authority

Files = dict[str, bytes]
HOUR_NS = 3600 * 10**9


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("stranger"))


def sealed(ahead_ns: int = 0, incident: str = "incident-1") -> Files:
    return support.bag(incident, sealed_at_ns=SystemClock().wall_ns() + ahead_ns)


def stamped(files: Files, by: Authority, seed: int = 1) -> Files:
    return {**files, TIMESTAMP_FILE: make_file(by.answer(request_for(files[SIGNATURE_FILE])), support.signer(seed))}


def of_another_package(authority: Authority, _: Authority) -> Files:
    other = stamped(sealed(incident="incident-2"), authority)
    return {**sealed(), TIMESTAMP_FILE: other[TIMESTAMP_FILE]}


def by_a_stranger(_: Authority, stranger: Authority) -> Files:
    return stamped(sealed(), stranger)


def edited(authority: Authority, _: Authority) -> Files:
    files = stamped(sealed(), authority)
    raw = parse_file(files[TIMESTAMP_FILE]).raw
    text, other = base64.b64encode(raw), base64.b64encode(raw[:-1] + bytes([raw[-1] ^ 1]))
    return {**files, TIMESTAMP_FILE: files[TIMESTAMP_FILE].replace(text, other)}


def edited_and_signed_again_with_a_stolen_key(authority: Authority, _: Authority) -> Files:
    files = stamped(sealed(), authority)
    raw = parse_file(files[TIMESTAMP_FILE]).raw
    return {**files, TIMESTAMP_FILE: make_file(raw[:-1] + bytes([raw[-1] ^ 1]), support.signer())}


def signed_by_an_unknown_key(authority: Authority, _: Authority) -> Files:
    return stamped(sealed(), authority, seed=9)


def older_than_the_package(authority: Authority, _: Authority) -> Files:
    return stamped(sealed(ahead_ns=HOUR_NS), authority)


def refused_by_the_authority(authority: Authority, _: Authority) -> Files:
    files = sealed()
    refusal = authority.answer(b"not a request")
    return {**files, TIMESTAMP_FILE: make_file(refusal, support.signer())}


def not_a_response(_: Authority, __: Authority) -> Files:
    return {**sealed(), TIMESTAMP_FILE: make_file(b"\x30\x80" + b"\x30" * 500, support.signer())}


ATTACKS: list[tuple[Callable[[Authority, Authority], Files], ProblemCode]] = [
    (of_another_package, ProblemCode.TIMESTAMP_MISMATCH),
    (by_a_stranger, ProblemCode.TIMESTAMP_UNTRUSTED),
    (edited, ProblemCode.TIMESTAMP_INVALID),
    (edited_and_signed_again_with_a_stolen_key, ProblemCode.TIMESTAMP_UNTRUSTED),
    (signed_by_an_unknown_key, ProblemCode.TIMESTAMP_INVALID),
    (older_than_the_package, ProblemCode.TIMESTAMP_INCONSISTENT),
    (refused_by_the_authority, ProblemCode.TIMESTAMP_INVALID),
    (not_a_response, ProblemCode.TIMESTAMP_INVALID),
]


@pytest.mark.parametrize(("attack", "code"), ATTACKS, ids=[attack.__name__ for attack, _ in ATTACKS])
def test_an_attack_on_the_stamp_is_found_and_named(
    attack: Callable[[Authority, Authority], Files], code: ProblemCode, authority: Authority, stranger: Authority
) -> None:
    registry = support.registry().with_authority(authority.entry)
    report = verify_package(attack(authority, stranger), registry)
    assert [problem.code for problem in report.problems] == [code]
    assert report.problems[0].where == TIMESTAMP_FILE
    assert report.timestamp.state == "refused"


def test_where_no_authority_is_published_a_stamp_proves_nothing_and_still_cannot_be_altered(
    authority: Authority, stranger: Authority
) -> None:
    now = datetime.now(UTC)
    stolen = {"revoked_at": now, "revocation_reason": "compromised", "compromised_from": now + timedelta(days=1)}
    key = support.signer().entry(support.VALID_FROM, "office")
    honest = stamped(sealed(), authority)
    report = verify_package(honest, KeyRegistry(keys=(key,)))
    assert (report.ok, report.timestamp.state) == (True, "unchecked")
    assert verify_package(honest, KeyRegistry(keys=(key.model_copy(update=stolen),))).authentic is False
    altered = verify_package(edited(authority, stranger), KeyRegistry(keys=(key,)))
    assert [problem.code for problem in altered.problems] == [ProblemCode.TIMESTAMP_INVALID]


def test_a_stamp_that_was_taken_away_is_missed_where_one_was_promised(authority: Authority) -> None:
    files = support.bag(timestamp_authority="Test authority")
    registry: KeyRegistry = support.registry().with_authority(authority.entry)
    assert verify_package(files, registry).timestamp.state == "pending"
    assert verify_package(support.bag(), registry).timestamp.state == "none"
