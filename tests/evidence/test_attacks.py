"""Named attacks on a package: each is found, and by its own name.

A forger without the key changes files; one with a key (his own, or a stolen one) makes everything anew around a
changed manifest. Chains are attacked in `test_chain.py`, uploads in `test_transport.py`.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import rfc8785

from evidence.manifest import Manifest, parse
from evidence.package import Limits, derived_tag_files, tag_manifest
from evidence.problems import ProblemCode, Scope
from evidence.signing import KeyRegistry, sign_manifest
from evidence.verify import verify_package
from tests.evidence import support
from tests.evidence.support import write

Files = dict[str, bytes]
Attack = Callable[[Files], Files]
STILL = "data/stills/panorama_first.jpg"
CLIP = "data/originals/clip.mp4"


def changed(files: Files, name: str, data: bytes) -> Files:
    return {**files, name: data}


def retagged(files: Files) -> Files:
    """BagIt's own hashes brought in line with whatever the files are now."""
    return {**files, "tagmanifest-sha256.txt": tag_manifest(files)}


def flip_a_byte_of_the_clip(files: Files) -> Files:
    return changed(files, CLIP, bytes([files[CLIP][0] ^ 1]) + files[CLIP][1:])


def append_to_a_still(files: Files) -> Files:
    return changed(files, STILL, files[STILL] + b"\0")


def drop_a_still(files: Files) -> Files:
    return {name: data for name, data in files.items() if name != STILL}


def add_a_file(files: Files) -> Files:
    return changed(files, "data/stills/more.jpg", b"not sealed")


def add_a_file_and_list_it_for_bagit(files: Files) -> Files:
    more = changed(files, "data/stills/more.jpg", b"x")
    lines = files["manifest-sha256.txt"] + f"{support.sha256(b'x')}  data/stills/more.jpg\n".encode()
    return retagged(changed(more, "manifest-sha256.txt", lines))


def add_a_root_file(files: Files) -> Files:
    return changed(files, "readme.txt", b"BagIt alone would let this pass")


def rename_a_still(files: Files) -> Files:
    rest = drop_a_still(files)
    return changed(rest, "data/stills/panorama_second.jpg", files[STILL])


def swap_clip_and_still(files: Files) -> Files:
    return {**files, CLIP: files[STILL], STILL: files[CLIP]}


def edit_the_bag_info(files: Files) -> Files:
    info = files["bag-info.txt"].replace(b"Bagging-Date: 2026", b"Bagging-Date: 2025")
    return retagged(changed(files, "bag-info.txt", info))


def edit_bagit_txt(files: Files) -> Files:
    return retagged(changed(files, "bagit.txt", b"BagIt-Version: 0.97\nTag-File-Character-Encoding: UTF-8\n"))


def edit_the_tag_manifest(files: Files) -> Files:
    return changed(files, "tagmanifest-sha256.txt", files["tagmanifest-sha256.txt"] + b"\n")


def edited_manifest(files: Files, old: bytes, new: bytes) -> Files:
    data = files["manifest.json"]
    assert data.count(old) == 1
    return retagged(changed(files, "manifest.json", data.replace(old, new)))


def edit_the_manifest(files: Files) -> Files:
    return edited_manifest(files, b'"limit_seconds":15', b'"limit_seconds":16')


def rebag_without_the_signature(files: Files) -> Files:
    return retagged({name: data for name, data in edit_the_manifest(files).items() if name != "signature.json"})


def rehash_the_envelope(files: Files) -> Files:
    forged = edit_the_manifest(files)
    envelope = json.loads(forged["signature.json"])
    envelope["payload_sha256"] = support.sha256(forged["manifest.json"])
    return retagged(changed(forged, "signature.json", rfc8785.dumps(envelope)))


def sign_another_type(files: Files) -> Files:
    envelope = json.loads(files["signature.json"])
    envelope["payload_type"] = "text/plain"
    return retagged(changed(files, "signature.json", rfc8785.dumps(envelope)))


def other_base64_of_the_signature(files: Files) -> Files:
    envelope = json.loads(files["signature.json"])
    text = envelope["signatures"][0]["sig"]
    other = next(text[:-3] + char + "==" for char in "ABCDEFGHIJKLMNOP" if same_bytes(text[:-3] + char + "==", text))
    envelope["signatures"][0]["sig"] = other
    return retagged(changed(files, "signature.json", rfc8785.dumps(envelope)))


def same_bytes(one: str, other: str) -> bool:
    return one != other and base64.b64decode(one) == base64.b64decode(other)


def truncate_the_signature(files: Files) -> Files:
    envelope = json.loads(files["signature.json"])
    envelope["signatures"][0]["sig"] = base64.b64encode(b"\1" * 63).decode()
    return retagged(changed(files, "signature.json", rfc8785.dumps(envelope)))


def sign_with_a_stranger_s_key(files: Files) -> Files:
    return support.rebag(
        files, parse(files["manifest.json"]).model_copy(update={"key_id": support.signer(9).key_id}), 9
    )


def sign_with_a_stranger_s_key_under_our_name(files: Files) -> Files:
    signature = json.loads(sign_manifest(files["manifest.json"], support.signer(9)))
    signature["signatures"][0]["key_id"] = support.signer().key_id
    return retagged(changed(files, "signature.json", rfc8785.dumps(signature)))


def sign_with_another_registered_key(files: Files) -> Files:
    return retagged(changed(files, "signature.json", sign_manifest(files["manifest.json"], support.signer(2))))


def replay_under_another_incident(files: Files) -> Files:
    return support.rebag(files, parse(files["manifest.json"]).model_copy(update={"incident_id": "incident-2"}))


def take_the_signature_of_another_package(files: Files) -> Files:
    return retagged(changed(files, "signature.json", support.bag("incident-2")["signature.json"]))


def still_of_another_package(files: Files) -> Files:
    return changed(files, STILL, b"a picture made of ths m")


def resigned(files: Files, edit: Callable[[dict[str, object]], None]) -> Files:
    """A manifest edited as JSON, canonical again and signed with our own key: the key was stolen."""
    value = json.loads(files["manifest.json"])
    edit(value)
    data = rfc8785.dumps(value)
    forged = {**files, "manifest.json": data, "signature.json": sign_manifest(data, support.signer())}
    with contextlib.suppress(ValueError):
        forged |= derived_tag_files(Manifest.model_validate_json(data))
    return retagged(forged)


def unknown_field(files: Files) -> Files:
    return resigned(files, lambda value: value.update(approved=True))


def number_for_nanoseconds(files: Files) -> Files:
    return resigned(files, lambda value: value.update(sealed_at_ns=17))


def path_escape(files: Files) -> Files:
    return resigned(files, lambda value: value["files"][0].update(path="data/originals/../../x.mp4"))  # type: ignore[index]


def list_a_file_twice(files: Files) -> Files:
    return resigned(files, lambda value: value["files"].append(value["files"][0]))  # type: ignore[attr-defined,index]


def unknown_parent(files: Files) -> Files:
    return resigned(files, lambda value: value["files"][1].update(parent_sha256="00" * 32))  # type: ignore[index]


def still_from_another_time(files: Files) -> Files:
    return resigned(files, lambda value: value["files"][1].update(pts_ns="2000000000"))  # type: ignore[index]


def confirmed_before_it_started(files: Files) -> Files:
    return resigned(files, lambda value: value["times"]["confirmed"].update(pts_ns="5"))  # type: ignore[index]


def evidence_in_spite_of_reasons(files: Files) -> Files:
    return resigned(files, lambda value: value.update(grade="evidence"))


def first_of_the_chain_with_a_predecessor(files: Files) -> Files:
    return resigned(files, lambda value: value["chain"].update(previous_manifest_sha256="11" * 32))  # type: ignore[attr-defined]


def signed_bytes(files: Files, data: bytes) -> Files:
    return retagged({**files, "manifest.json": data, "signature.json": sign_manifest(data, support.signer())})


def duplicate_key(files: Files) -> Files:
    return signed_bytes(files, files["manifest.json"].replace(b'{"camera"', b'{"grade":"lead","camera"', 1))


def duplicate_key_by_escape(files: Files) -> Files:
    return signed_bytes(files, files["manifest.json"].replace(b'"part":1', b'"part":1,"p\\u0061rt":2', 1))


def white_space(files: Files) -> Files:
    return signed_bytes(files, files["manifest.json"].replace(b'"part":1', b'"part": 1', 1))


def other_spelling_of_a_number(files: Files) -> Files:
    return signed_bytes(files, files["manifest.json"].replace(b'"part":1', b'"part":1.0', 1))


def escaped_letter(files: Files) -> Files:
    return signed_bytes(files, files["manifest.json"].replace(b'"far-kerb"', b'"f\\u0061r-kerb"', 1))


def lone_surrogate(files: Files) -> Files:
    return signed_bytes(files, files["manifest.json"].replace(b'"far-kerb"', b'"\\ud800"', 1))


def byte_order_mark(files: Files) -> Files:
    return signed_bytes(files, b"\xef\xbb\xbf" + files["manifest.json"])


def not_a_number(files: Files) -> Files:
    return signed_bytes(files, files["manifest.json"].replace(b'"score":0.875', b'"score":NaN', 1))


def deep_nesting(files: Files) -> Files:
    return signed_bytes(files, b"[" * 100_000 + b"]" * 100_000)


def huge_integer(files: Files) -> Files:
    return signed_bytes(files, files["manifest.json"].replace(b'"part":1', b'"part":1' + b"0" * 10_000, 1))


def hidden_line_break(files: Files) -> Files:
    return resigned(files, lambda value: value["made_by"].update(software="streetwarden\nPayload-Oxum: 1.1"))  # type: ignore[attr-defined]


ATTACKS: list[tuple[Attack, ProblemCode]] = [
    (flip_a_byte_of_the_clip, ProblemCode.HASH_MISMATCH),
    (append_to_a_still, ProblemCode.SIZE_MISMATCH),
    (drop_a_still, ProblemCode.MISSING_FILE),
    (add_a_file, ProblemCode.UNLISTED_FILE),
    (add_a_file_and_list_it_for_bagit, ProblemCode.UNLISTED_FILE),
    (add_a_root_file, ProblemCode.UNLISTED_FILE),
    (rename_a_still, ProblemCode.UNLISTED_FILE),
    (swap_clip_and_still, ProblemCode.SIZE_MISMATCH),
    (edit_the_bag_info, ProblemCode.TAG_FILE_ALTERED),
    (edit_bagit_txt, ProblemCode.TAG_FILE_ALTERED),
    (edit_the_tag_manifest, ProblemCode.TAG_FILE_ALTERED),
    (edit_the_manifest, ProblemCode.BAD_SIGNATURE),
    (rebag_without_the_signature, ProblemCode.MISSING_FILE),
    (rehash_the_envelope, ProblemCode.BAD_SIGNATURE),
    (sign_another_type, ProblemCode.SIGNATURE_INVALID),
    (other_base64_of_the_signature, ProblemCode.SIGNATURE_INVALID),
    (truncate_the_signature, ProblemCode.SIGNATURE_INVALID),
    (sign_with_a_stranger_s_key, ProblemCode.KEY_UNKNOWN),
    (sign_with_a_stranger_s_key_under_our_name, ProblemCode.BAD_SIGNATURE),
    (sign_with_another_registered_key, ProblemCode.KEY_MISMATCH),
    (replay_under_another_incident, ProblemCode.IDENTITY_MISMATCH),
    (take_the_signature_of_another_package, ProblemCode.SIGNED_HASH_MISMATCH),
    (still_of_another_package, ProblemCode.SIZE_MISMATCH),
    (unknown_field, ProblemCode.MANIFEST_INVALID),
    (number_for_nanoseconds, ProblemCode.JSON_NOT_CANONICAL),
    (path_escape, ProblemCode.MANIFEST_INVALID),
    (list_a_file_twice, ProblemCode.DUPLICATE_NAME),
    (unknown_parent, ProblemCode.PARENT_UNKNOWN),
    (still_from_another_time, ProblemCode.MANIFEST_INCONSISTENT),
    (confirmed_before_it_started, ProblemCode.MANIFEST_INCONSISTENT),
    (evidence_in_spite_of_reasons, ProblemCode.MANIFEST_INCONSISTENT),
    (first_of_the_chain_with_a_predecessor, ProblemCode.CHAIN_BROKEN),
    (duplicate_key, ProblemCode.JSON_DUPLICATE_KEY),
    (duplicate_key_by_escape, ProblemCode.JSON_DUPLICATE_KEY),
    (white_space, ProblemCode.JSON_NOT_CANONICAL),
    (other_spelling_of_a_number, ProblemCode.JSON_NOT_CANONICAL),
    (escaped_letter, ProblemCode.JSON_NOT_CANONICAL),
    (lone_surrogate, ProblemCode.JSON_INVALID),
    (byte_order_mark, ProblemCode.JSON_INVALID),
    (not_a_number, ProblemCode.JSON_INVALID),
    (deep_nesting, ProblemCode.JSON_INVALID),
    (huge_integer, ProblemCode.JSON_INVALID),
    (hidden_line_break, ProblemCode.MANIFEST_INVALID),
]


@pytest.mark.parametrize(("attack", "code"), ATTACKS, ids=[attack.__name__ for attack, _ in ATTACKS])
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


def honest_folder(tmp_path: Path) -> Path:
    return write(support.bag(), tmp_path / "bag")


def codes(folder: Path, limits: Limits | None = None) -> list[ProblemCode]:
    report = verify_package(folder, support.registry(), limits or Limits())
    assert not report.integrity_ok
    return [problem.code for problem in report.problems]


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    folder = honest_folder(tmp_path)
    (tmp_path / "outside.jpg").write_bytes((folder / STILL).read_bytes())
    (folder / STILL).unlink()
    (folder / STILL).symlink_to(tmp_path / "outside.jpg")
    assert ProblemCode.NOT_A_REGULAR_FILE in codes(folder)


def test_a_linked_folder_is_not_entered(tmp_path: Path) -> None:
    folder = honest_folder(tmp_path)
    (folder / "data" / "stills").rename(tmp_path / "stills")
    (folder / "data" / "stills").symlink_to(tmp_path / "stills", target_is_directory=True)
    assert ProblemCode.NOT_A_REGULAR_FILE in codes(folder)


def test_the_package_itself_may_not_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(honest_folder(tmp_path), target_is_directory=True)
    assert codes(tmp_path / "link") == [
        ProblemCode.NOT_A_PACKAGE,
        ProblemCode.NOT_A_PACKAGE,
        ProblemCode.MISSING_FILE,
    ]


def test_a_pipe_does_not_block(tmp_path: Path) -> None:
    folder = honest_folder(tmp_path)
    os.mkfifo(folder / "data" / "stills" / "pipe.jpg")
    assert codes(folder) == [ProblemCode.NOT_A_REGULAR_FILE]


def test_strange_names_and_empty_folders_are_told(tmp_path: Path) -> None:
    folder = honest_folder(tmp_path)
    (folder / "data" / "stills" / "\u202egpj.exe").write_bytes(b"x")
    (folder / "data" / "more").mkdir()
    assert sorted(codes(folder)) == [ProblemCode.BAD_NAME, ProblemCode.UNLISTED_FILE]


def test_a_claim_of_ten_gigabytes_is_not_read(tmp_path: Path) -> None:
    folder = honest_folder(tmp_path)
    with (folder / CLIP).open("r+b") as file:
        file.truncate(10 * 1024**3)
    assert ProblemCode.TOO_LARGE in codes(folder)


def test_reading_ends_at_the_limits(tmp_path: Path) -> None:
    folder = honest_folder(tmp_path)
    assert ProblemCode.TOO_LARGE in codes(folder, Limits(max_total_bytes=100))
    assert ProblemCode.TOO_LARGE in codes(folder, Limits(max_tag_file_bytes=100))
    for number in range(200):
        (folder / f"file{number}").write_bytes(b"")
    assert ProblemCode.TOO_MANY_FILES in codes(folder)


def test_a_missing_or_wrong_path_is_no_package(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"text")
    assert ProblemCode.UNREADABLE in codes(tmp_path / "nothing")
    assert ProblemCode.NOT_A_PACKAGE in codes(tmp_path / "file")
