"""The manifest: everything a package says about itself, as one strict, canonical JSON object. No I/O."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Final, Literal

from pydantic import Field, JsonValue, ValidationError

from evidence import canonical
from evidence.camera_file import CameraFile
from evidence.errors import ManifestError
from evidence.problems import ProblemCode
from evidence.schema_versions import Since, without_newer
from evidence.text import Day, Identifier, Nanoseconds, Part, Sha256, Text

SCHEMA: Final = "streetwarden.package/2"
MANIFEST_FILE: Final = "manifest.json"
# Ids were made under this name first; they stay, or an incident could be sealed once more after an update.
_ID_NAMESPACE: Final = "streetwarden.package/1"

FilePath = Annotated[
    str, Field(max_length=120, pattern=r"\Adata/(originals|stills|derived)/[a-z0-9][a-z0-9_-]*\.[a-z0-9]{1,8}\z")
]
Count = Annotated[int, Field(ge=0, le=2**53 - 1)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Box = tuple[Number, Number, Number, Number]
Size = Annotated[int, Field(ge=1, le=65535)]
Polygon = Annotated[tuple[tuple[Number, Number], ...], Field(min_length=3, max_length=1000)]
TimeSourceName = Literal["rtcp_sr", "onvif", "host", "file"]
SchemaName = Literal["streetwarden.package/1", "streetwarden.package/2"]
PlateState = Literal["readable", "unreadable", "unchecked", "not_needed"]


class Camera(Part):
    """The camera, by our id and by the number on its own file; where it stands, and its legal file then.

    `privacy_masks` are outlines in 0..1 of the picture that derivatives hide and the detector does not look at.
    """

    id: Text
    device_number: Text | None
    codec: Text | None
    name: Annotated[Text | None, Since(2)] = None
    place: Annotated[Text | None, Since(2)] = None
    direction: Annotated[Text | None, Since(2)] = None
    timezone: Annotated[Text | None, Since(2)] = None
    file: Annotated[CameraFile | None, Since(2)] = None
    privacy_masks: Annotated[tuple[Polygon, ...], Field(max_length=64), Since(2)] = ()


class DeclaredGap(Part):
    """Sequence numbers that this package says are missing before it, and why."""

    first: Annotated[int, Field(ge=1)]
    last: Annotated[int, Field(ge=1)]
    reason: Text


class ChainPlace(Part):
    """Where the package stands in its camera's chain: sequence from 1, without gaps unless declared."""

    sequence: Annotated[int, Field(ge=1, le=2**53 - 1)]
    previous_manifest_sha256: Sha256 | None
    declared_gap: DeclaredGap | None = None


class MatterCode(Part):
    """A code of the violation in a published list, and the day from which that list is in force."""

    code: Text
    standard_ref: Text
    effective_from: Annotated[Day | None, Since(2)] = None


class Violation(Part):
    """What was seen. `flags` are facts kept apart from the kind (load spilled, driver seen); None: not to be told."""

    kind: Identifier
    codes: Annotated[tuple[MatterCode, ...], Field(max_length=16)] = ()
    flags: Annotated[dict[Identifier, bool | None], Field(max_length=32), Since(2)] = Field(default_factory=dict)


class Zone(Part):
    """The zone as it was: version, class, outline in 0..1 of the picture, hours in force, limit.

    `in_force`: whether its hours held at the confirmation; None: nobody asked.
    """

    id: Text
    version: Count
    zone_class: Annotated[Text, Field(alias="class")]
    polygon: Polygon
    limit_seconds: Annotated[Number, Field(ge=0)]
    hours: JsonValue = None
    in_force: Annotated[bool | None, Since(2)] = None
    warning_only_until: Annotated[Day | None, Since(2)] = None


class Moment(Part):
    """A time on the camera's timeline and in UTC since the Unix epoch."""

    pts_ns: Nanoseconds
    at_ns: Nanoseconds


class HostClock(Part):
    """How far the sealing machine's own clock was off UTC, and how that is known."""

    offset_ns: Nanoseconds | None
    uncertainty_ns: Nanoseconds | None
    drift_ppm: Number | None
    method: Text
    measured_at_ns: Nanoseconds | None


class ClockState(Part):
    """Where the times come from, and how far that clock was off UTC; null where nobody measured.

    Offsets are clock minus UTC; the drift is the change of the offset, positive when the clock gains.
    """

    time_source: TimeSourceName
    offset_ns: Nanoseconds | None
    method: Text | None
    measured_at_ns: Nanoseconds | None
    uncertainty_ns: Annotated[Nanoseconds | None, Since(2)] = None
    drift_ppm: Annotated[Number | None, Since(2)] = None
    host: Annotated[HostClock | None, Since(2)] = None


class Times(Part):
    """When it began, passed the limit and ended (null: it went on when the package was sealed)."""

    started: Moment
    confirmed: Moment
    ended: Moment | None
    clock: ClockState


class Maker(Part):
    """What made the record: program, model and thresholds."""

    software: Text
    model_name: Text
    model_sha256: Sha256 | None
    thresholds: Annotated[dict[Text, Number], Field(max_length=64)]


class Position(Part):
    """Where the subject was."""

    pts_ns: Nanoseconds
    xyxy: Box
    score: Number


class Plate(Part):
    """The region of the number plate: whether it can be read, and where it is in the close-up's parent, in pixels."""

    state: PlateState
    xyxy: Box | None


class Likeness(Part):
    """How alike the subject is in the first and the confirming still, each 0..1.

    `appearance`: correlation of the aligned cut-outs, lowered where colours differ; `overlap`: of the two boxes.
    Under `least` the record does not show the same thing.
    """

    appearance: Number
    overlap: Number
    least: Number
    method: Text
    first_pts_ns: Nanoseconds
    last_pts_ns: Nanoseconds


class Subject(Part):
    """The thing that was followed; boxes in pixels of a picture of `frame_size_wh`, unclipped."""

    class_name: Text
    track_id: int
    score: Number
    box_xyxy: Box
    frame_size_wh: tuple[Size, Size]
    positions: Annotated[tuple[Position, ...], Field(max_length=2000)]
    plate: Annotated[Plate | None, Since(2)] = None
    likeness: Annotated[Likeness | None, Since(2)] = None


class Gap(Part):
    """A stretch of the camera's timeline without packets inside the recorded clip; `reason` when the stream told."""

    from_pts_ns: Nanoseconds
    to_pts_ns: Nanoseconds
    reason: Annotated[Text | None, Since(2)] = None


class UnfitStretch(Part):
    """A stretch between start and confirmation in which the picture was fit for nothing: frozen, black, covered, ..."""

    from_pts_ns: Nanoseconds
    to_pts_ns: Nanoseconds
    state: Identifier


class Original(Part):
    """The camera's own compressed pictures, put into a container without re-encoding."""

    role: Literal["original"] = "original"
    path: FilePath
    bytes: Count
    sha256: Sha256
    media_type: Literal["video/mp4"]
    purpose: Identifier
    codec: Text
    size_wh: tuple[Size, Size]
    packets: Count
    start_pts_ns: Nanoseconds
    end_pts_ns: Nanoseconds
    start_at_ns: Nanoseconds
    tool: Text
    sm3: Annotated[Sha256 | None, Since(2)] = None


class ParentFile(Part):
    """Another file of this package that a derived file was made from."""

    path: FilePath
    sha256: Sha256


class Derived(Part):
    """A file made from another of this package: which, the time in it, the cut-out, and the tool with its version.

    `other_parents`: what else it was made from, for a sheet of several pictures. Parents stand before their children.
    """

    role: Literal["derived"] = "derived"
    path: FilePath
    bytes: Count
    sha256: Sha256
    media_type: Literal["image/jpeg", "image/png", "video/mp4", "application/pdf"]
    purpose: Identifier
    parent: FilePath
    parent_sha256: Sha256
    parent_offset_ns: Nanoseconds
    pts_ns: Nanoseconds
    at_ns: Nanoseconds
    size_wh: tuple[Size, Size]
    crop_xyxy: tuple[Count, Count, Count, Count] | None
    tool: Text
    other_parents: Annotated[tuple[ParentFile, ...], Field(max_length=16), Since(2)] = ()
    sm3: Annotated[Sha256 | None, Since(2)] = None


FileEntry = Annotated[Original | Derived, Field(discriminator="role")]


class Manifest(Part):
    """One package. The JSON names are the field names, except `Zone.zone_class`, which is `class`.

    `timestamp_authority` names whom a trusted time stamp is asked of; the token itself comes after the sealing.
    """

    schema_version: Annotated[Literal["streetwarden.package/1", "streetwarden.package/2"], Field(alias="schema")] = (
        SCHEMA
    )
    package_id: Identifier
    incident_id: Identifier
    part: Annotated[int, Field(ge=1, le=1000)]
    camera: Camera
    chain: ChainPlace
    key_id: Identifier
    sealed_at_ns: Nanoseconds
    timestamp_authority: Annotated[Text | None, Since(2)] = None
    violation: Violation
    zone: Zone
    times: Times
    subject: Subject
    made_by: Maker
    host: Annotated[dict[Text, JsonValue], Field(max_length=64)]
    stream_health: Annotated[dict[Text, JsonValue], Field(max_length=64)]
    gaps: Annotated[tuple[Gap, ...], Field(max_length=1000)]
    unfit: Annotated[tuple[UnfitStretch, ...], Field(max_length=1000), Since(2)] = ()
    grade: Literal["lead", "evidence"]
    reasons: Annotated[tuple[Identifier, ...], Field(max_length=64)]
    files: Annotated[tuple[FileEntry, ...], Field(max_length=64)]

    def to_bytes(self) -> bytes:
        """Canonical bytes; ManifestError when a value has no canonical form or would not read back the same."""
        data = _spell(self)
        if parse(data) != self:
            raise ManifestError(ProblemCode.MANIFEST_INVALID, MANIFEST_FILE, "does not read back as it was written")
        return data


def package_id_for(incident_id: str, part: int = 1) -> str:
    """The id of an incident's package: made from the incident alone, so that one incident cannot be sealed twice."""
    return hashlib.sha256(f"{_ID_NAMESPACE}\n{incident_id}\n{part}".encode()).hexdigest()[:32]


def parse(data: bytes) -> Manifest:
    """Read canonical manifest bytes.

    Raises ManifestError with the problem code and, as `where`, `manifest.json#field.path`.
    """
    # What is spelt again below is canonical when it is the same: only what is not has to be looked at twice.
    canonical.read(data, MANIFEST_FILE)
    try:
        manifest = Manifest.model_validate_json(data)
    except ValidationError as error:
        canonical.decode(data, MANIFEST_FILE)
        first = error.errors(include_url=False, include_input=False)[0]
        where = f"{MANIFEST_FILE}#{'.'.join(str(part) for part in first['loc'])}"
        raise ManifestError(ProblemCode.MANIFEST_INVALID, where, first["msg"]) from error
    # Two different byte sequences must never mean one manifest (a number where a string belongs, a left-out null).
    if _spell(manifest) != data:
        canonical.decode(data, MANIFEST_FILE)
        raise ManifestError(ProblemCode.JSON_NOT_CANONICAL, MANIFEST_FILE, "does not spell its fields as prescribed")
    return manifest


def _spell(manifest: Manifest) -> bytes:
    """The one canonical spelling of a manifest in its own version of the schema."""
    version = int(manifest.schema_version.rpartition("/")[2])
    dumped = without_newer(manifest, manifest.model_dump(mode="json", by_alias=True), version)
    return canonical.encode(dumped, MANIFEST_FILE)


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
