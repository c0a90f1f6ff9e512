"""The signed statement beside a derived file: what it was made from, by what, when. No I/O."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from evidence import canonical
from evidence.derivatives.errors import DerivativeError
from evidence.errors import AlgorithmUnavailable, ManifestError
from evidence.manifest import Count, Manifest, ParentFile
from evidence.registry import KeyRegistry
from evidence.signing import SignatureEntry, Signer, pre_authentication_encoding, sign
from evidence.text import Identifier, Nanoseconds, Part, Sha256, Text

STATEMENT_TYPE: Final = "application/vnd.streetwarden.derivative+json;version=1"
MAX_STATEMENT_BYTES: Final = 64 * 1024
_WHERE: Final = "statement"


class Statement(Part):
    """What one derived file is.

    `parents` are files of the package `package_id`, whose manifest has the hash `manifest_sha256`. `code` is the
    anti-forgery code that a picture carries, None for the others. `options` are the settings that it was made with.
    """

    kind: Identifier
    package_id: Identifier
    manifest_sha256: Sha256
    name: Annotated[str, Field(max_length=120, pattern=r"\A[a-z0-9][a-z0-9_-]*\.[a-z0-9]{1,8}\z")]
    size: Count
    sha256: Sha256
    media_type: Literal["image/jpeg", "video/mp4", "application/pdf"]
    parents: Annotated[tuple[ParentFile, ...], Field(min_length=1, max_length=64)]
    language: Literal["zh", "en"] | None
    code: Text | None
    tool: Text
    options: Annotated[dict[Text, JsonValue], Field(max_length=32)]
    made_at_ns: Nanoseconds

    def to_bytes(self) -> bytes:
        """The canonical bytes that are signed."""
        return canonical.encode(self.model_dump(mode="json", by_alias=True), _WHERE)


class StatementFile(BaseModel):
    """A statement with its signature."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)

    schema_version: Annotated[Literal["streetwarden.derivative/1"], Field(alias="schema")] = "streetwarden.derivative/1"
    statement: Statement
    signatures: Annotated[tuple[SignatureEntry, ...], Field(min_length=1, max_length=1)]

    def to_bytes(self) -> bytes:
        """Canonical JSON."""
        return canonical.encode(self.model_dump(mode="json", by_alias=True), _WHERE)


def seal_statement(statement: Statement, signer: Signer) -> bytes:
    """The bytes of a statement's file; OSError when the signing key cannot be had just now."""
    entry = sign(statement.to_bytes(), STATEMENT_TYPE, signer)
    return StatementFile(statement=statement, signatures=(entry,)).to_bytes()


def parse_statement(data: bytes, where: str) -> StatementFile:
    """Read a statement's file; DerivativeError, one line, when it is none."""
    if len(data) > MAX_STATEMENT_BYTES:
        raise DerivativeError(f"{where}: more than {MAX_STATEMENT_BYTES} bytes: no statement")
    try:
        canonical.decode(data, where)
        file = StatementFile.model_validate_json(data)
        _ = file.signatures[0].raw
    except ManifestError as error:
        raise DerivativeError(str(error)) from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise DerivativeError(f"{where}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except ValueError as error:
        raise DerivativeError(f"{where}: {error}") from error
    if file.to_bytes() != data:
        raise DerivativeError(f"{where}: does not spell its fields as prescribed")
    return file


def problems_of(
    file: StatementFile, data: bytes, manifest: Manifest, manifest_sha256: str, registry: KeyRegistry | None
) -> tuple[str, ...]:
    """Why a derived file is not what its statement says of it and of this package; empty: it is.

    Without a `registry` the signature is not looked at.
    """
    statement = file.statement
    problems = [*_against_bytes(statement, data), *_against_package(statement, manifest, manifest_sha256)]
    return (*problems, *(_signature(file, registry) if registry is not None else ()))


def _against_bytes(statement: Statement, data: bytes) -> Iterator[str]:
    if (len(data), hashlib.sha256(data).hexdigest()) != (statement.size, statement.sha256):
        yield f"{statement.name}: is not the file that the statement is about"


def _against_package(statement: Statement, manifest: Manifest, manifest_sha256: str) -> Iterator[str]:
    if (statement.package_id, statement.manifest_sha256) != (manifest.package_id, manifest_sha256):
        yield f"{statement.name}: was made from another package ({statement.package_id})"
    known = {entry.path: entry.sha256 for entry in manifest.files}
    for parent in statement.parents:
        if known.get(parent.path) != parent.sha256:
            yield f"{statement.name}: its parent {parent.path} is not in the package with that hash"


def _signature(file: StatementFile, registry: KeyRegistry) -> Iterator[str]:
    signature, name = file.signatures[0], file.statement.name
    key = registry.get(signature.key_id)
    if key is None:
        yield f"{name}: the registry has no key {signature.key_id}"
        return
    message = pre_authentication_encoding(file.statement.to_bytes(), STATEMENT_TYPE)
    try:
        holds = key.algorithm == signature.algorithm and key.verifies(signature.raw, message)
    except AlgorithmUnavailable as error:
        yield f"{name}: {error}"
        return
    if not holds:
        yield f"{name}: is not what key {key.key_id} signed"
    elif (refused := key.problem_at(file.statement.made_at_ns)) is not None:
        yield f"{name}: {refused.detail}"
