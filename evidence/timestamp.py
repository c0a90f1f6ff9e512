"""Trusted time stamps (RFC 3161): the request, the file beside a sealed package, and its verification. No I/O.

`timestamp.json` comes after the sealing, so no manifest can list it. It is bound three times: its token stamps the
hash of `signature.json`; the whole token is signed by the sealer; its name is the only one that may be appended.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal

import rfc3161_client as rfc3161
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from evidence import canonical
from evidence.der import sort_certificates
from evidence.encoding import strict_base64, to_ns
from evidence.errors import ManifestError, TimestampError
from evidence.problems import ProblemCode
from evidence.registry import TimestampAuthority
from evidence.signing import SignatureEntry, Signer, sign

TIMESTAMP_FILE: Final = "timestamp.json"
TIMESTAMP_TYPE: Final = "application/vnd.streetwarden.timestamp+tsr;version=1"
MAX_RESPONSE_BYTES: Final = 64 * 1024


class TimestampFile(BaseModel):
    """`timestamp.json`: base64 of the authority's whole response (DER), signed by the sealer as it is."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)

    schema_version: Annotated[Literal["streetwarden.timestamp/1"], Field(alias="schema")] = "streetwarden.timestamp/1"
    response: Annotated[str, Field(max_length=MAX_RESPONSE_BYTES * 2)]
    signatures: Annotated[tuple[SignatureEntry, ...], Field(min_length=1, max_length=1)]

    @property
    def raw(self) -> bytes:
        """The response's bytes; ValueError when `response` is not their one base64 form."""
        return strict_base64(self.response)

    def to_bytes(self) -> bytes:
        """Canonical JSON."""
        return canonical.encode(self.model_dump(mode="json", by_alias=True), TIMESTAMP_FILE)


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a token says: the authority's time (UTC nanoseconds), and the SHA-256 that it stamped."""

    at_ns: int
    imprint: bytes


def request_for(signature_bytes: bytes) -> bytes:
    """The DER request for a stamp over a package's `signature.json`, with a nonce and the authority's certificate."""
    builder = rfc3161.TimestampRequestBuilder().data(signature_bytes).hash_algorithm(rfc3161.HashAlgorithm.SHA256)
    return builder.cert_request(cert_request=True).build().as_bytes()


def make_file(response: bytes, signer: Signer) -> bytes:
    """The bytes of `timestamp.json`; OSError when the signing key cannot be had just now."""
    entry = sign(response, TIMESTAMP_TYPE, signer)
    return TimestampFile(response=base64.b64encode(response).decode(), signatures=(entry,)).to_bytes()


def parse_file(data: bytes) -> TimestampFile:
    """Read `timestamp.json`; ManifestError (`timestamp_invalid` or a JSON code) when it is none."""
    canonical.decode(data, TIMESTAMP_FILE)
    try:
        file = TimestampFile.model_validate_json(data)
        _ = file.raw, file.signatures[0].raw
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = f"{TIMESTAMP_FILE}#{'.'.join(str(part) for part in first['loc'])}"
        raise ManifestError(ProblemCode.TIMESTAMP_INVALID, where, first["msg"]) from error
    except ValueError as error:
        raise ManifestError(ProblemCode.TIMESTAMP_INVALID, TIMESTAMP_FILE, str(error)) from error
    if file.to_bytes() != data:
        raise ManifestError(ProblemCode.JSON_NOT_CANONICAL, TIMESTAMP_FILE, "does not spell its fields as prescribed")
    return file


def read_response(response: bytes, signature_bytes: bytes) -> Stamp:
    """What an authority's response says; TimestampError when it is none, or stamps another package."""
    decoded = _decode(response)
    if decoded.status != rfc3161.PKIStatus.GRANTED:
        why = "; ".join(decoded.status_string) or f"status {decoded.status}"
        raise TimestampError(ProblemCode.TIMESTAMP_INVALID, f"the authority granted nothing: {why}")
    stamp = Stamp(to_ns(decoded.tst_info.gen_time), bytes(decoded.tst_info.message_imprint.message))
    if stamp.imprint != hashlib.sha256(signature_bytes).digest():
        raise TimestampError(ProblemCode.TIMESTAMP_MISMATCH, "stamps another signature.json than this package's")
    return stamp


def trusted_authority(response: bytes, signature_bytes: bytes, authorities: Sequence[TimestampAuthority]) -> str:
    """The name of the published authority that made the response, valid at its time.

    Raises TimestampError `timestamp_untrusted` when it is none of them, with the last reason.
    """
    decoded, digest = _decode(response), hashlib.sha256(signature_bytes).digest()
    why = "the registry names no time-stamp authority"
    for authority in authorities:
        verifier = rfc3161.VerifierBuilder(roots=[authority.load()]).build()
        try:
            verifier.verify(decoded, digest)
        except (rfc3161.VerificationError, ValueError) as error:
            why = str(error)
        else:
            return authority.name
    raise TimestampError(ProblemCode.TIMESTAMP_UNTRUSTED, f"by no authority of the registry: {why[:200]}")


def _decode(response: bytes) -> rfc3161.TimeStampResponse:
    try:
        decoded = rfc3161.decode_timestamp_response(sort_certificates(response))
        # The library reads lazily: whatever is broken shows here, not later.
        _ = decoded.status == rfc3161.PKIStatus.GRANTED and decoded.tst_info.gen_time
    except (ValueError, IndexError, TypeError) as error:
        raise TimestampError(ProblemCode.TIMESTAMP_INVALID, f"not a time-stamp response: {error}"[:300]) from error
    return decoded
