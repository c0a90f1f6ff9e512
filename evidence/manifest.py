"""The manifest: everything a package says about itself, as one strict, canonical JSON object. No I/O."""

from __future__ import annotations

import hashlib
import re
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, PlainSerializer, ValidationError

from evidence import canonical
from evidence.errors import ManifestError
from evidence.problems import ProblemCode

SCHEMA: Final = "streetwarden.package/1"
MANIFEST_FILE: Final = "manifest.json"

_NANOSECONDS = re.compile(r"-?(0|[1-9][0-9]{0,18})")


def _read_nanoseconds(value: object) -> object:
    if isinstance(value, str) and _NANOSECONDS.fullmatch(value) and value != "-0":
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError("expected whole nanoseconds as a decimal string")


Nanoseconds = Annotated[int, BeforeValidator(_read_nanoseconds), PlainSerializer(str, return_type=str)]
"""An int in Python, a decimal string in JSON: RFC 8785 refuses integers beyond 2^53."""
Sha256 = Annotated[str, Field(pattern=r"\A[0-9a-f]{64}\z")]
Identifier = Annotated[str, Field(pattern=r"\A[a-z0-9][a-z0-9_-]{0,63}\z")]
Text = Annotated[str, Field(max_length=400, pattern=r"\A[^\x00-\x1f\x7f\u0085\u2028\u2029]*\z")]
FilePath = Annotated[
    str, Field(max_length=120, pattern=r"\Adata/(originals|stills)/[a-z0-9][a-z0-9_-]*\.[a-z0-9]{1,8}\z")
]
Count = Annotated[int, Field(ge=0, le=2**53 - 1)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Box = tuple[Number, Number, Number, Number]
Size = Annotated[int, Field(ge=1, le=65535)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)


class Camera(_Part):
    """The camera, by our id and by the number on its own file."""

    id: Text
    device_number: Text | None
    codec: Text | None


class DeclaredGap(_Part):
    """Sequence numbers that this package says are missing before it, and why."""

    first: Annotated[int, Field(ge=1)]
    last: Annotated[int, Field(ge=1)]
    reason: Text


class ChainPlace(_Part):
    """Where the package stands in its camera's chain: sequence from 1, without gaps unless declared."""

    sequence: Annotated[int, Field(ge=1, le=2**53 - 1)]
    previous_manifest_sha256: Sha256 | None
    declared_gap: DeclaredGap | None = None


class MatterCode(_Part):
    """A code of the violation in a published list."""

    code: Text
    standard_ref: Text


class Violation(_Part):
    """What was seen."""

    kind: Identifier
    codes: Annotated[tuple[MatterCode, ...], Field(max_length=16)] = ()


class Zone(_Part):
    """The zone as it was: version, class, outline in 0..1 of the picture, hours in force, limit."""

    id: Text
    version: Count
    zone_class: Annotated[Text, Field(alias="class")]
    polygon: Annotated[tuple[tuple[Number, Number], ...], Field(min_length=3, max_length=1000)]
    limit_seconds: Annotated[Number, Field(ge=0)]
    hours: JsonValue = None


class Moment(_Part):
    """A time on the camera's timeline and in UTC since the Unix epoch."""

    pts_ns: Nanoseconds
    at_ns: Nanoseconds


class ClockState(_Part):
    """Where the times come from, and how far that clock was off; null where nobody measured."""

    time_source: Literal["rtcp_sr", "onvif", "host", "file"]
    offset_ns: Nanoseconds | None
    method: Text | None
    measured_at_ns: Nanoseconds | None


class Times(_Part):
    """When it began, passed the limit and ended (null: it went on when the package was sealed)."""

    started: Moment
    confirmed: Moment
    ended: Moment | None
    clock: ClockState


class Maker(_Part):
    """What made the record: program, model and thresholds."""

    software: Text
    model_name: Text
    model_sha256: Sha256 | None
    thresholds: Annotated[dict[Text, Number], Field(max_length=64)]


class Position(_Part):
    """Where the subject was."""

    pts_ns: Nanoseconds
    xyxy: Box
    score: Number


class Subject(_Part):
    """The thing that was followed; boxes in pixels of a picture of `frame_size_wh`, unclipped."""

    class_name: Text
    track_id: int
    score: Number
    box_xyxy: Box
    frame_size_wh: tuple[Size, Size]
    positions: Annotated[tuple[Position, ...], Field(max_length=2000)]


class Gap(_Part):
    """A stretch of the camera's timeline without packets inside the recorded clip."""

    from_pts_ns: Nanoseconds
    to_pts_ns: Nanoseconds


class Original(_Part):
    """The camera's own compressed pictures, put into a container without re-encoding."""

    role: Literal["original"] = "original"
    path: FilePath
    bytes: Count
    sha256: Sha256
    media_type: Literal["video/mp4"]
    purpose: Literal["clip", "moment"]
    codec: Text
    size_wh: tuple[Size, Size]
    packets: Count
    start_pts_ns: Nanoseconds
    end_pts_ns: Nanoseconds
    start_at_ns: Nanoseconds
    tool: Text


class Derived(_Part):
    """A picture made from one original: which, the time in it, the cut-out, and the tool."""

    role: Literal["derived"] = "derived"
    path: FilePath
    bytes: Count
    sha256: Sha256
    media_type: Literal["image/jpeg"]
    purpose: Literal["panorama_first", "panorama_confirmed", "close_up"]
    parent: FilePath
    parent_sha256: Sha256
    parent_offset_ns: Nanoseconds
    pts_ns: Nanoseconds
    at_ns: Nanoseconds
    size_wh: tuple[Size, Size]
    crop_xyxy: tuple[Count, Count, Count, Count] | None
    tool: Text


FileEntry = Annotated[Original | Derived, Field(discriminator="role")]


class Manifest(_Part):
    """One package. The JSON names are the field names, except `Zone.zone_class`, which is `class`."""

    schema_version: Annotated[Literal["streetwarden.package/1"], Field(alias="schema")] = SCHEMA
    package_id: Identifier
    incident_id: Identifier
    part: Annotated[int, Field(ge=1, le=1000)]
    camera: Camera
    chain: ChainPlace
    key_id: Identifier
    sealed_at_ns: Nanoseconds
    violation: Violation
    zone: Zone
    times: Times
    subject: Subject
    made_by: Maker
    host: Annotated[dict[Text, JsonValue], Field(max_length=64)]
    stream_health: Annotated[dict[Text, JsonValue], Field(max_length=64)]
    gaps: Annotated[tuple[Gap, ...], Field(max_length=1000)]
    grade: Literal["lead", "evidence"]
    reasons: Annotated[tuple[Identifier, ...], Field(max_length=64)]
    files: Annotated[tuple[FileEntry, ...], Field(max_length=64)]

    def to_bytes(self) -> bytes:
        """Canonical bytes; ManifestError when a value has no canonical form or would not read back the same."""
        data = canonical.encode(self.model_dump(mode="json", by_alias=True), MANIFEST_FILE)
        if parse(data) != self:
            raise ManifestError(ProblemCode.MANIFEST_INVALID, MANIFEST_FILE, "does not read back as it was written")
        return data


def package_id_for(incident_id: str, part: int = 1) -> str:
    """The id of an incident's package: made from the incident alone, so that one incident cannot be sealed twice."""
    return hashlib.sha256(f"{SCHEMA}\n{incident_id}\n{part}".encode()).hexdigest()[:32]


def parse(data: bytes) -> Manifest:
    """Read canonical manifest bytes.

    Raises ManifestError with the problem code and, as `where`, `manifest.json#field.path`.
    """
    canonical.decode(data, MANIFEST_FILE)
    try:
        manifest = Manifest.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = f"{MANIFEST_FILE}#{'.'.join(str(part) for part in first['loc'])}"
        raise ManifestError(ProblemCode.MANIFEST_INVALID, where, first["msg"]) from error
    _refuse_other_spelling(manifest, data)
    return manifest


def _refuse_other_spelling(manifest: Manifest, data: bytes) -> None:
    """Two different byte sequences must never mean one manifest (a number where a string belongs, a left-out null)."""
    dumped = canonical.encode(manifest.model_dump(mode="json", by_alias=True), MANIFEST_FILE)
    if dumped != data:
        raise ManifestError(ProblemCode.JSON_NOT_CANONICAL, MANIFEST_FILE, "does not spell its fields as prescribed")


def plain(value: Any) -> JsonValue:
    """Any health or host figure as JSON that has a canonical form: big integers and `*_ns` become strings."""
    if isinstance(value, dict):
        return {str(key): _plain_entry(str(key), entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**53 else str(value)
    if isinstance(value, float):
        return value if abs(value) < 2**53 else str(value)
    return str(value)


def _plain_entry(key: str, value: Any) -> JsonValue:
    return str(value) if key.endswith("_ns") and isinstance(value, int) else plain(value)
