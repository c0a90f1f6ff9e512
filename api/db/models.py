"""The tables of the case service."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from api.db.types import BigId, JsonValue, UtcDateTime

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
ID = 64


class Base(DeclarativeBase):
    """Root of all models; names constraints so that migrations can find them again."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: UtcDateTime(), dict[str, Any]: JsonValue, list[Any]: JsonValue}  # noqa: RUF012


class User(Base):
    """A person who signs in."""

    __tablename__ = "users"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    username: Mapped[str] = mapped_column(String(ID), unique=True)
    display_name: Mapped[str] = mapped_column(String(120))
    roles: Mapped[list[Any]]
    password_hash: Mapped[str] = mapped_column(String(255))
    password_is_temporary: Mapped[bool]
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    # Both empty: the whole city.
    districts: Mapped[list[Any]] = mapped_column(server_default="[]", default=list)
    camera_ids: Mapped[list[Any]] = mapped_column(server_default="[]", default=list)
    oidc_subject: Mapped[str | None] = mapped_column(String(255), index=True, unique=True)
    unit: Mapped[str] = mapped_column(String(120), server_default="", default="")


class UserSession(Base):
    """One sign-in; the cookie holds the token, this row only its hash."""

    __tablename__ = "sessions"
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    csrf_token: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class SignInAttempts(Base):
    """Wrong passwords in a row for one name, known or not, so that both look the same from outside."""

    __tablename__ = "sign_in_attempts"
    name_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int]
    last_at: Mapped[datetime] = mapped_column(index=True)
    locked_until: Mapped[datetime | None]


class Token(Base):
    """A machine's credential, stored as a hash."""

    __tablename__ = "tokens"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    role: Mapped[str] = mapped_column(String(32))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class SigningKey(Base):
    """A public key that may sign packages: the registry's entry as it was given."""

    __tablename__ = "signing_keys"
    key_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    entry: Mapped[dict[str, Any]]
    registered_by: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime]


class Camera(Base):
    """A camera; its address may hold credentials and is encrypted."""

    __tablename__ = "cameras"
    id: Mapped[str] = mapped_column(String(ID), primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    url_encrypted: Mapped[bytes] = mapped_column(LargeBinary)
    url_shown: Mapped[str] = mapped_column(Text)
    transport: Mapped[str] = mapped_column(String(8))
    device_number: Mapped[str | None] = mapped_column(String(64))
    timezone: Mapped[str] = mapped_column(String(64))
    enabled: Mapped[bool]
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    district: Mapped[str] = mapped_column(String(ID), server_default="", default="", index=True)
    file: Mapped[dict[str, Any]] = mapped_column(server_default="{}", default=dict)
    place: Mapped[str | None] = mapped_column(Text)
    direction: Mapped[str | None] = mapped_column(Text)
    # Outlines in 0..1 of the picture.
    privacy_masks: Mapped[list[Any]] = mapped_column(server_default="[]", default=list)
    onvif_url: Mapped[str | None] = mapped_column(Text)
    # Degrees of WGS 84 or CGCS2000, which are the same for a map of streets.
    latitude: Mapped[float | None] = mapped_column(Float)
    longitude: Mapped[float | None] = mapped_column(Float)


class CameraHealth(Base):
    """The latest word of a worker about one camera."""

    __tablename__ = "camera_health"
    camera_id: Mapped[str] = mapped_column(String(ID), primary_key=True)
    worker_id: Mapped[str] = mapped_column(String(ID))
    state: Mapped[str] = mapped_column(String(32))
    body: Mapped[dict[str, Any]]
    received_at: Mapped[datetime]


class WorkerHeartbeat(Base):
    """The latest word of one worker."""

    __tablename__ = "worker_heartbeats"
    worker_id: Mapped[str] = mapped_column(String(ID), primary_key=True)
    software: Mapped[str] = mapped_column(String(120))
    body: Mapped[dict[str, Any]]
    received_at: Mapped[datetime]


class ConfigVersion(Base):
    """Rises whenever something is written that workers are told: triggers of those tables see to it."""

    __tablename__ = "config_versions"
    name: Mapped[str] = mapped_column(String(ID), primary_key=True)
    version: Mapped[int] = mapped_column(BigId)


class ZoneVersion(Base):
    """One version of a zone, never edited; the highest version counts, and a retired one ends the zone."""

    __tablename__ = "zone_versions"
    __table_args__ = (UniqueConstraint("camera_id", "zone_id", "version"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    camera_id: Mapped[str] = mapped_column(ForeignKey("cameras.id"))
    zone_id: Mapped[str] = mapped_column(String(ID))
    version: Mapped[int]
    zone_class: Mapped[str] = mapped_column(String(32))
    polygon: Mapped[list[Any]]
    rules: Mapped[list[Any]]
    retired: Mapped[bool]
    author: Mapped[str] = mapped_column(String(120))
    reason: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    # Zones of several cameras that look at the same place share it.
    spot: Mapped[str | None] = mapped_column(String(ID))
    # Up to this day, in the camera's time zone, a violation is only warned of.
    warning_only_until: Mapped[date | None]


class IncidentRecord(Base):
    """The latest state of an incident as the workers tell it."""

    __tablename__ = "incidents"
    incident_id: Mapped[str] = mapped_column(String(ID), primary_key=True)
    camera_id: Mapped[str] = mapped_column(String(ID), index=True)
    zone_id: Mapped[str] = mapped_column(String(ID))
    zone_version: Mapped[int]
    kind: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16))
    started_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    score: Mapped[float | None] = mapped_column(Float)
    box_xyxy: Mapped[list[Any] | None]
    frame_size_wh: Mapped[list[Any] | None]
    grade: Mapped[str | None] = mapped_column(String(16))
    reasons: Mapped[list[Any]]
    updated_at: Mapped[datetime]


_WITH_UNIT: Any = {name: text("unit IS NOT NULL") for name in ("postgresql_where", "sqlite_where")}


class Case(Base):
    """The office's record of one incident; `version` rises with every transition."""

    __tablename__ = "cases"
    __table_args__ = (
        CheckConstraint("version > 0", name="version_positive"),
        Index("ix_cases_state_id", "state", "id"),
        Index("ix_cases_kind_state_id", "kind", "state", "id"),
        Index("ix_cases_camera_id_id", "camera_id", "id"),
        Index("ix_cases_district_state_id", "district", "state", "id"),
        # What goes on at a place, and what was there before.
        Index("ix_cases_camera_id_zone_id_kind_last_seen_at", "camera_id", "zone_id", "kind", "last_seen_at"),
        Index("ix_cases_spot_kind_last_seen_at", "spot", "kind", "last_seen_at"),
        Index("ix_cases_alarm_at", "alarm_at", postgresql_where=text("alarm_at IS NOT NULL")),
        # Cases of a map by place and by hour, counted from these alone.
        Index("ix_cases_camera_id_state_kind_started_at", "camera_id", "state", "kind", "started_at"),
        Index("ix_cases_started_at_kind_state_camera_id", "started_at", "kind", "state", "camera_id"),
        Index("ix_cases_closed_at", "closed_at", postgresql_where=text("closed_at IS NOT NULL")),
        Index("ix_cases_locked_by", "locked_by", postgresql_where=text("locked_by IS NOT NULL")),
        # Lists by one thing alone, in the order of numbers.
        Index("ix_cases_kind_id", "kind", "id"),
        Index("ix_cases_district_id", "district", "id"),
        Index("ix_cases_penalty_state_id", "penalty_state", "id"),
        Index("ix_cases_escalation_id", "escalation", "id"),
        Index("ix_cases_unit_id", "unit", "id", **_WITH_UNIT),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    incident_id: Mapped[str] = mapped_column(String(ID), unique=True)
    camera_id: Mapped[str] = mapped_column(String(ID))
    zone_id: Mapped[str] = mapped_column(String(ID))
    zone_version: Mapped[int]
    kind: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(32))
    version: Mapped[int]
    grade: Mapped[str] = mapped_column(String(16))
    grade_reasons: Mapped[list[Any]]
    started_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(String(120))
    decision_reason: Mapped[str | None] = mapped_column(String(64))
    district: Mapped[str] = mapped_column(String(ID), server_default="", default="")
    spot: Mapped[str | None] = mapped_column(String(ID))
    code: Mapped[str | None] = mapped_column(String(16))
    penalty_state: Mapped[str] = mapped_column(String(32), server_default="none", default="none")
    filed_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    # `due_at` is when the present state has lasted too long, `penalty_due_at` the same of the proceeding;
    # `next_due_at` is the earlier of both, `alarm_at` when something is to be told about it, and `escalation` what was
    # told: none, near or overdue.
    due_at: Mapped[datetime | None]
    penalty_due_at: Mapped[datetime | None]
    next_due_at: Mapped[datetime | None]
    alarm_at: Mapped[datetime | None]
    escalation: Mapped[str] = mapped_column(String(16), server_default="none", default="none")
    unit: Mapped[str | None] = mapped_column(String(120))
    assignee: Mapped[str | None] = mapped_column(String(120))
    last_seen_at: Mapped[datetime | None]
    goes_on: Mapped[bool] = mapped_column(server_default="0", default=False)
    box: Mapped[list[Any] | None]
    still_package_id: Mapped[str | None] = mapped_column(String(ID))
    still_path: Mapped[str | None] = mapped_column(String(255))
    packages_count: Mapped[int] = mapped_column(server_default="0", default=0)
    duplicate_of: Mapped[int | None] = mapped_column(BigId)
    locked_by: Mapped[str | None] = mapped_column(String(120))
    locked_until: Mapped[datetime | None]
    # Somebody holds its evidence back from deletion: an appeal, a court.
    held_reason: Mapped[str | None] = mapped_column(Text)


class CaseDay(Base):
    """Between which numbers all cases lie that began on a day (UTC); triggers of `cases` keep it."""

    __tablename__ = "case_days"
    day: Mapped[date] = mapped_column(primary_key=True)
    first_id: Mapped[int] = mapped_column(BigId)
    last_id: Mapped[int] = mapped_column(BigId)


class CaseIncident(Base):
    """An incident that continues a case that another incident opened."""

    __tablename__ = "case_incidents"
    incident_id: Mapped[str] = mapped_column(String(ID), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    camera_id: Mapped[str] = mapped_column(String(ID))
    why: Mapped[str] = mapped_column(String(32))
    added_at: Mapped[datetime]


class CaseCount(Base):
    """How many cases of a camera are in a state; kept in the transactions that move them."""

    __tablename__ = "case_counts"
    camera_id: Mapped[str] = mapped_column(String(ID), primary_key=True)
    state: Mapped[str] = mapped_column(String(32), primary_key=True)
    cases: Mapped[int] = mapped_column(BigId)


class OfficeDatum(Base):
    """Something that the office decides: its calendar, its deadlines."""

    __tablename__ = "office_data"
    name: Mapped[str] = mapped_column(String(ID), primary_key=True)
    value: Mapped[dict[str, Any]]
    version: Mapped[int]
    changed_by: Mapped[str] = mapped_column(String(120))
    changed_at: Mapped[datetime]


class MatterCode(Base):
    """A code of the standard with the office's own conditions, from one day to another."""

    __tablename__ = "matter_codes"
    __table_args__ = (UniqueConstraint("code", "valid_from"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code: Mapped[str] = mapped_column(String(16))
    standard_ref: Mapped[str] = mapped_column(String(64))
    name_zh: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str | None] = mapped_column(String(64))
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    handling_hours: Mapped[float | None] = mapped_column(Float)
    filing_condition: Mapped[str] = mapped_column(Text)
    closing_condition: Mapped[str] = mapped_column(Text)
    unit: Mapped[str] = mapped_column(String(120))
    source: Mapped[str] = mapped_column(Text)


class Webhook(Base):
    """Another system that is told what happens; `cursor` is the last row of the audit log that it knows."""

    __tablename__ = "webhooks"
    name: Mapped[str] = mapped_column(String(ID), primary_key=True)
    url: Mapped[str] = mapped_column(Text)
    secret_encrypted: Mapped[bytes] = mapped_column(LargeBinary)
    actions: Mapped[list[Any]]
    cursor: Mapped[int] = mapped_column(BigId)
    failures: Mapped[int]
    next_try_at: Mapped[datetime]
    last_error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]


class OutboxCursor(Base):
    """How far one reader of the audit log came: a broker that is told, a table that follows."""

    __tablename__ = "outbox_cursors"
    name: Mapped[str] = mapped_column(String(ID), primary_key=True)
    cursor: Mapped[int] = mapped_column(BigId)
    failures: Mapped[int]
    next_try_at: Mapped[datetime]
    last_error: Mapped[str | None] = mapped_column(Text)
    updated_at: Mapped[datetime]


class NumberSeries(Base):
    """The last number that a series gave out in a year; taken in the transaction of what is numbered, so no gaps."""

    __tablename__ = "number_series"
    series: Mapped[str] = mapped_column(String(160), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int] = mapped_column(Integer)


class Reminder(Base):
    """A reminder to correct a violation (提醒单): numbered, served, and looked at again after its deadline."""

    __tablename__ = "reminders"
    __table_args__ = (
        UniqueConstraint("issuer", "year", "number"),
        Index("ix_reminders_state_due_at", "state", "due_at"),
        Index("ix_reminders_subject_key", "subject_key"),
        Index("ix_reminders_place_key", "place_key"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    issuer: Mapped[str] = mapped_column(String(120))
    year: Mapped[int]
    number: Mapped[int]
    mark: Mapped[str] = mapped_column(String(40))
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    kind: Mapped[str] = mapped_column(String(64))
    district: Mapped[str] = mapped_column(String(ID))
    place: Mapped[str] = mapped_column(String(200))
    place_key: Mapped[str] = mapped_column(String(140))
    subject: Mapped[str] = mapped_column(String(120))
    subject_ref: Mapped[str | None] = mapped_column(String(64))
    subject_key: Mapped[str] = mapped_column(String(120))
    demand: Mapped[str] = mapped_column(Text)
    hours: Mapped[float] = mapped_column(Float)
    state: Mapped[str] = mapped_column(String(16))
    version: Mapped[int]
    issued_by: Mapped[str] = mapped_column(String(120))
    issued_at: Mapped[datetime] = mapped_column(index=True)
    due_at: Mapped[datetime]
    served_by: Mapped[str | None] = mapped_column(String(120))
    served_at: Mapped[datetime | None]
    served_how: Mapped[str | None] = mapped_column(String(16))
    served_to: Mapped[str | None] = mapped_column(String(120))
    checked_by: Mapped[str | None] = mapped_column(String(120))
    checked_at: Mapped[datetime | None]
    note: Mapped[str | None] = mapped_column(Text)
    # When it was told that the deadline is over.
    told_at: Mapped[datetime | None]


class WorkOrder(Base):
    """A work order of a hotline (12345, 12319): received, or handed on."""

    __tablename__ = "work_orders"
    __table_args__ = (
        UniqueConstraint("direction", "source", "number"),
        Index("ix_work_orders_state_id", "state", "id"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    direction: Mapped[str] = mapped_column(String(8))
    source: Mapped[str] = mapped_column(String(ID))
    number: Mapped[str] = mapped_column(String(ID))
    # The other side's own number of an order that went out.
    their_number: Mapped[str | None] = mapped_column(String(ID))
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"), index=True)
    state: Mapped[str] = mapped_column(String(16))
    version: Mapped[int]
    title: Mapped[str] = mapped_column(String(120))
    content: Mapped[str] = mapped_column(Text)
    address: Mapped[str] = mapped_column(String(200))
    district: Mapped[str] = mapped_column(String(ID))
    code: Mapped[str | None] = mapped_column(String(16))
    urgency: Mapped[str] = mapped_column(String(16))
    unit: Mapped[str] = mapped_column(String(120))
    # Who reported it and how they are reached: encrypted, shown to who handles the order.
    reporter_encrypted: Mapped[bytes | None] = mapped_column(LargeBinary)
    accepted_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    result: Mapped[str | None] = mapped_column(Text)
    body_sha256: Mapped[str] = mapped_column(String(64))
    created_by: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]


class WorkOrderUpdate(Base):
    """One word about a work order, ours or the other side's; `update_id` makes a repeated one harmless."""

    __tablename__ = "work_order_updates"
    __table_args__ = (UniqueConstraint("order_id", "update_id"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("work_orders.id", ondelete="CASCADE"))
    update_id: Mapped[str] = mapped_column(String(ID))
    ours: Mapped[bool]
    state: Mapped[str] = mapped_column(String(16))
    note: Mapped[str | None] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime]


class CaseOverdue(Base):
    """A deadline of a case that was missed; a fact for reports, which the case itself forgets with its next step."""

    __tablename__ = "case_overdues"
    # The row of the audit log that told it.
    sequence: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    state: Mapped[str] = mapped_column(String(32))
    unit: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime] = mapped_column(index=True)


class CaseTransition(Base):
    """One step in the life of a case; undo reads the latest one."""

    __tablename__ = "case_transitions"
    __table_args__ = (UniqueConstraint("case_id", "version"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    version: Mapped[int] = mapped_column(Integer)
    action: Mapped[str] = mapped_column(String(32))
    from_state: Mapped[str | None] = mapped_column(String(32))
    to_state: Mapped[str] = mapped_column(String(32))
    actor: Mapped[str] = mapped_column(String(120))
    reason: Mapped[str | None] = mapped_column(String(64))
    note: Mapped[str | None] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(index=True)
    flow: Mapped[str] = mapped_column(String(16), server_default="management", default="management")
    details: Mapped[dict[str, Any]] = mapped_column(server_default="{}", default=dict)


_HERE: Any = {name: text("deleted_at IS NULL") for name in ("postgresql_where", "sqlite_where")}


class Package(Base):
    """A verified package in the store."""

    __tablename__ = "packages"
    __table_args__ = (
        Index("ix_packages_camera_id_received_at", "camera_id", "received_at"),
        # What retention goes through.
        Index("ix_packages_sealed_at_ns", "sealed_at_ns", **_HERE),
    )
    package_id: Mapped[str] = mapped_column(String(ID), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    incident_id: Mapped[str] = mapped_column(String(ID))
    camera_id: Mapped[str] = mapped_column(String(ID))
    sequence: Mapped[int | None] = mapped_column(BigId)
    key_id: Mapped[str] = mapped_column(String(128))
    manifest_sha256: Mapped[str] = mapped_column(String(64))
    manifest: Mapped[dict[str, Any]]
    received_at: Mapped[datetime]
    part: Mapped[int] = mapped_column(server_default="1", default=1)
    sealed_at_ns: Mapped[int] = mapped_column(BigId, server_default="0")
    # Its files are gone, by this rule; its tombstone lies in the store.
    deleted_at: Mapped[datetime | None]
    deleted_by_rule: Mapped[str | None] = mapped_column(Text)


class PackageFile(Base):
    """A file that a verified manifest lists; nothing else is ever served."""

    __tablename__ = "package_files"
    package_id: Mapped[str] = mapped_column(ForeignKey("packages.package_id", ondelete="CASCADE"), primary_key=True)
    path: Mapped[str] = mapped_column(String(255), primary_key=True)
    media_type: Mapped[str] = mapped_column(String(80))
    role: Mapped[str] = mapped_column(String(32))
    size_bytes: Mapped[int] = mapped_column(BigId)
    sha256: Mapped[str] = mapped_column(String(64))


class QuarantinedPackage(Base):
    """A package that did not verify, kept with its reason."""

    __tablename__ = "quarantined_packages"
    __table_args__ = (UniqueConstraint("package_id", "upload_sha256"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    package_id: Mapped[str] = mapped_column(String(ID))
    upload_sha256: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(Text)
    problems: Mapped[list[Any]]
    folder: Mapped[str] = mapped_column(String(80))
    sent_by: Mapped[str] = mapped_column(String(120))
    received_at: Mapped[datetime]


class Alarm(Base):
    """Something that ops should look after. `open_key` is set while it is open, so that there is one of its kind."""

    __tablename__ = "alarms"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(String(80))
    open_key: Mapped[str | None] = mapped_column(String(120), unique=True)
    camera_id: Mapped[str | None] = mapped_column(String(ID), index=True)
    worker_id: Mapped[str | None] = mapped_column(String(ID))
    detail: Mapped[str] = mapped_column(Text)
    figures: Mapped[dict[str, Any]]
    opened_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[str | None] = mapped_column(String(120))
    note: Mapped[str | None] = mapped_column(Text)


class AuditEntry(Base):
    """One row of the log; triggers refuse to change or delete it."""

    __tablename__ = "audit_log"
    sequence: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(120))
    actor_kind: Mapped[str] = mapped_column(String(16))
    action: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(200), index=True)
    reason: Mapped[str | None] = mapped_column(Text)
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
    previous_hash: Mapped[str] = mapped_column(String(64))
    entry_hash: Mapped[str] = mapped_column(String(64))


class AuditHead(Base):
    """The end of the log: writers queue on this row, and a cut-off tail shows against it."""

    __tablename__ = "audit_head"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sequence: Mapped[int] = mapped_column(BigId)
    entry_hash: Mapped[str] = mapped_column(String(64))
