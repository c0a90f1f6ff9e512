"""What forgers make of an honest package, each by name, and the code under which it is found.

A forger without the key changes files; one with a key (his own, or a stolen one) makes everything anew around a
changed manifest.
"""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Callable

import rfc8785

from evidence.manifest import Manifest, parse
from evidence.package import derived_tag_files, tag_manifest
from evidence.problems import ProblemCode
from evidence.signing import sign_manifest
from tests.evidence import support

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
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    other = next(text[:-3] + char + "==" for char in letters if same_bytes(text[:-3] + char + "==", text))
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


def resigned(files: Files, edit: Callable[[dict[str, object]], object]) -> Files:
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


def downgrade_the_schema(files: Files) -> Files:
    return resigned(files, lambda value: value.update(schema="streetwarden.package/1"))


def leave_out_a_new_field(files: Files) -> Files:
    return resigned(files, lambda value: value.pop("unfit"))


def schema_of_the_future(files: Files) -> Files:
    return resigned(files, lambda value: value.update(schema="streetwarden.package/9"))


def child_before_its_parent(files: Files) -> Files:
    return resigned(files, lambda value: value["files"].reverse())  # type: ignore[attr-defined]


def parent_of_itself(files: Files) -> Files:
    return resigned(files, lambda value: value["files"][1].update(parent=STILL))  # type: ignore[index]


def unknown_second_parent(files: Files) -> Files:
    other = {"path": "data/stills/other.jpg", "sha256": "00" * 32}
    return resigned(files, lambda value: value["files"][1].update(other_parents=[other]))  # type: ignore[index]


def roll_the_sequence_back(files: Files) -> Files:
    return resigned(files, lambda value: value["chain"].update(sequence=0))  # type: ignore[attr-defined]


def declare_a_gap_elsewhere(files: Files) -> Files:
    gap = {"first": 3, "last": 4, "reason": "lost"}
    return resigned(files, lambda value: value["chain"].update(declared_gap=gap))  # type: ignore[attr-defined]


def promise_evidence_from_a_lead(files: Files) -> Files:
    return edited_manifest(files, b'"grade":"lead"', b'"grade":"evidence"')


def fill_in_the_camera_file(files: Files) -> Files:
    return edited_manifest(files, b'"file":null', b'"file":{"legal_review_no":"1"}')


def mend_the_clock(files: Files) -> Files:
    return edited_manifest(files, b'"offset_ns":"12000000"', b'"offset_ns":"0"')


def other_algorithm_in_the_envelope(files: Files) -> Files:
    envelope = json.loads(files["signature.json"])
    envelope["signatures"][0]["algorithm"] = "sm2-sm3"
    return retagged(changed(files, "signature.json", rfc8785.dumps(envelope)))


def unknown_algorithm(files: Files) -> Files:
    envelope = json.loads(files["signature.json"])
    envelope["signatures"][0]["algorithm"] = "none"
    return retagged(changed(files, "signature.json", rfc8785.dumps(envelope)))


def two_signatures(files: Files) -> Files:
    envelope = json.loads(files["signature.json"])
    envelope["signatures"] *= 2
    return retagged(changed(files, "signature.json", rfc8785.dumps(envelope)))


def no_signatures(files: Files) -> Files:
    envelope = json.loads(files["signature.json"])
    envelope["signatures"] = []
    return retagged(changed(files, "signature.json", rfc8785.dumps(envelope)))


def duplicate_key_in_the_envelope(files: Files) -> Files:
    data = files["signature.json"].replace(b'{"payload_sha256"', b'{"schema":"x","payload_sha256"', 1)
    return retagged(changed(files, "signature.json", data))


def other_unicode_form_of_a_key(files: Files) -> Files:
    return signed_bytes(files, files["manifest.json"].replace(b'"part":1', b'"\xef\xbd\x90art":1,"part":1', 1))


def utf_16(files: Files) -> Files:
    return signed_bytes(files, files["manifest.json"].decode().encode("utf-16"))


def bytes_after_the_end(files: Files) -> Files:
    return signed_bytes(files, files["manifest.json"] + b"\0")


def two_documents(files: Files) -> Files:
    return signed_bytes(files, files["manifest.json"] * 2)


def minus_zero_nanoseconds(files: Files) -> Files:
    return resigned(files, lambda value: value.update(sealed_at_ns="-0"))


def infinite_number(files: Files) -> Files:
    return signed_bytes(files, files["manifest.json"].replace(b'"score":0.875', b'"score":1e999', 1))


def boolean_for_a_number(files: Files) -> Files:
    return resigned(files, lambda value: value.update(part=True))


def right_to_left_override(files: Files) -> Files:
    return resigned(files, lambda value: value["camera"].update(name="kerb\u2028gate"))  # type: ignore[attr-defined]


def name_under_data_in_upper_case(files: Files) -> Files:
    return resigned(files, lambda value: value["files"][1].update(path="data/stills/Panorama.jpg"))  # type: ignore[index]


def hidden_file(files: Files) -> Files:
    return changed(files, "data/.hidden", b"x")


def time_stamp_under_another_name(files: Files) -> Files:
    return changed(files, "timestamp.tsr", b"x")


def time_stamp_of_nonsense(files: Files) -> Files:
    return changed(files, "timestamp.json", b"{}")


FORGERIES: list[tuple[Attack, ProblemCode]] = [
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
    (downgrade_the_schema, ProblemCode.JSON_NOT_CANONICAL),
    (leave_out_a_new_field, ProblemCode.JSON_NOT_CANONICAL),
    (schema_of_the_future, ProblemCode.MANIFEST_INVALID),
    (child_before_its_parent, ProblemCode.PARENT_UNKNOWN),
    (parent_of_itself, ProblemCode.PARENT_UNKNOWN),
    (unknown_second_parent, ProblemCode.PARENT_UNKNOWN),
    (roll_the_sequence_back, ProblemCode.MANIFEST_INVALID),
    (declare_a_gap_elsewhere, ProblemCode.CHAIN_BROKEN),
    (promise_evidence_from_a_lead, ProblemCode.BAD_SIGNATURE),
    (fill_in_the_camera_file, ProblemCode.JSON_NOT_CANONICAL),
    (mend_the_clock, ProblemCode.BAD_SIGNATURE),
    (other_algorithm_in_the_envelope, ProblemCode.BAD_SIGNATURE),
    (unknown_algorithm, ProblemCode.SIGNATURE_INVALID),
    (two_signatures, ProblemCode.SIGNATURE_INVALID),
    (no_signatures, ProblemCode.SIGNATURE_INVALID),
    (duplicate_key_in_the_envelope, ProblemCode.JSON_DUPLICATE_KEY),
    (other_unicode_form_of_a_key, ProblemCode.JSON_NOT_CANONICAL),
    (utf_16, ProblemCode.JSON_INVALID),
    (bytes_after_the_end, ProblemCode.JSON_INVALID),
    (two_documents, ProblemCode.JSON_INVALID),
    (minus_zero_nanoseconds, ProblemCode.MANIFEST_INVALID),
    (infinite_number, ProblemCode.JSON_INVALID),
    (boolean_for_a_number, ProblemCode.MANIFEST_INVALID),
    (right_to_left_override, ProblemCode.MANIFEST_INVALID),
    (name_under_data_in_upper_case, ProblemCode.MANIFEST_INVALID),
    (hidden_file, ProblemCode.BAD_NAME),
    (time_stamp_under_another_name, ProblemCode.UNLISTED_FILE),
    (time_stamp_of_nonsense, ProblemCode.TIMESTAMP_INVALID),
]
