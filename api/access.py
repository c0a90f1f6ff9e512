"""Who may do what: one table of operations and roles, and nothing that is not in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a person or a machine is here for."""

    REVIEWER = "reviewer"
    SECOND_REVIEWER = "second_reviewer"
    OPS = "ops"
    ADMIN = "admin"
    WORKER = "worker"
    AUDITOR = "auditor"
    # Another office's system that exchanges work orders, and sees nothing else.
    EXCHANGE = "exchange"


PEOPLE = frozenset(Role) - {Role.WORKER, Role.EXCHANGE}
# What a machine token may be for; a person's decisions are never taken by a token.
MACHINES = frozenset({Role.WORKER, Role.OPS, Role.AUDITOR, Role.EXCHANGE})


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks, and for which districts and cameras.

    `csrf_token` is set for a browser session only; `session_hash` names that session.
    """

    name: str
    kind: str
    roles: frozenset[Role]
    user_id: int | None = None
    display_name: str = ""
    csrf_token: str | None = None
    session_hash: str | None = None
    password_is_temporary: bool = False
    # Both empty: the whole city.
    districts: frozenset[str] = frozenset()
    camera_ids: frozenset[str] = frozenset()
    unit: str = ""

    @property
    def limited(self) -> bool:
        """Whether this one sees some districts and cameras only."""
        return bool(self.districts or self.camera_ids)

    def has(self, *roles: Role) -> bool:
        """Whether this is at least one of these."""
        return not self.roles.isdisjoint(roles)


SYSTEM = Principal(name="system", kind="system", roles=frozenset())
ANONYMOUS = Principal(name="anonymous", kind="anonymous", roles=frozenset())

_REVIEWERS = {Role.REVIEWER, Role.SECOND_REVIEWER}
_OFFICE = {*_REVIEWERS, Role.ADMIN, Role.AUDITOR}
_CAMERA_READERS = {Role.OPS, Role.ADMIN, Role.AUDITOR}
_CAMERA_WRITERS = {Role.OPS, Role.ADMIN}

# Open to everybody: liveness, and what a person needs to sign in.
PUBLIC = frozenset({"healthz", "openapi", "sign_in", "login_page", "login_form", "oidc_start", "oidc_callback"})

# What somebody who signed in with a one-time password may do until it is changed.
BEFORE_CHANGE = frozenset({"get_session", "sign_out", "change_password", "account_page"})

# What shows or changes the whole city, refused to who is limited to a part of it.
WHOLE_CITY = frozenset(
    {
        "list_users",
        "create_user",
        "update_user",
        "list_tokens",
        "create_token",
        "revoke_token",
        "people_page",
        "revoke_key",
        "list_audit",
        "verify_audit",
        "audit_page",
        "list_quarantine",
        "put_calendar",
        "put_deadlines",
        "put_code",
        "list_webhooks",
        "create_webhook",
        "remove_webhook",
        "get_mqtt",
        "systems_page",
        "put_reminder_rules",
        "put_map_backdrop",
        "receive_work_order",
        "hear_work_order",
        "get_work_order_status",
        # These reach into the net itself, wherever its cameras stand.
        "discover_cameras",
        "list_device_streams",
    }
)

# Operation (name of the endpoint) -> roles. An operation that is missing here is refused for everybody.
ACCESS: dict[str, frozenset[Role]] = {
    operation: frozenset(roles)
    for roles, operations in (
        (frozenset(Role), ("get_session",)),
        (PEOPLE, ("sign_out", "change_password", "home_page", "account_page")),
        (
            _OFFICE,
            (
                "list_cases",
                "get_case",
                "case_counts",
                "list_reject_reasons",
                "get_lifecycle",
                "list_related_cases",
                "get_calendar",
                "get_deadlines",
                "list_codes",
                "stream_events",
                "export_cases",
                "get_package",
                "get_package_file",
                "download_package",
                "check_tombstone",
                "get_map_counts",
                "get_map_backdrop",
                "map_page",
                "make_derivatives",
                "list_derivatives",
                "get_derivative",
                "get_incident",
                "cases_page",
                "case_page",
                "review_page",
            ),
        ),
        (_REVIEWERS, ("decide_case", "next_case", "lock_case", "unlock_case")),
        ({Role.SECOND_REVIEWER, Role.ADMIN}, ("hold_case", "release_case")),
        (
            {Role.ADMIN},
            ("put_calendar", "put_deadlines", "put_code", "list_webhooks", "create_webhook", "remove_webhook"),
        ),
        (
            _CAMERA_READERS,
            (
                "list_cameras",
                "get_camera",
                "list_zones",
                "list_zone_versions",
                "get_camera_still",
                "get_health",
                "get_last_still",
                "list_alarms",
                "count_alarms",
                "alarms_page",
                "cameras_page",
                "zones_page",
                "health_page",
            ),
        ),
        (_CAMERA_WRITERS, ("create_camera", "update_camera", "put_zone", "retire_zone", "replay_zones")),
        (_CAMERA_WRITERS, ("start_replay", "get_replay", "cancel_replay", "acknowledge_alarm")),
        (_CAMERA_WRITERS, ("probe_address", "probe_camera", "discover_cameras", "list_device_streams")),
        (_CAMERA_WRITERS, ("open_live_view", "watch_live_view")),
        ({Role.WORKER}, ("take_errands", "tell_errand", "answer_errand", "put_still", "put_live_picture")),
        ({Role.ADMIN}, ("list_users", "create_user", "update_user", "list_tokens", "create_token", "revoke_token")),
        ({Role.ADMIN}, ("people_page", "revoke_key")),
        ({Role.ADMIN, Role.AUDITOR}, ("list_audit", "verify_audit", "audit_page", "list_quarantine")),
        (frozenset(Role), ("list_keys",)),
        ({Role.WORKER}, ("put_package", "put_timestamp", "put_incident", "put_key", "ask_retention")),
        ({Role.WORKER}, ("get_worker_config", "post_heartbeat")),
        (
            _OFFICE,
            (
                "list_reminders",
                "count_reminders",
                "get_reminder",
                "print_reminder",
                "get_reminder_rules",
                "list_work_orders",
                "get_work_order",
                "reminders_page",
                "reminder_page",
                "orders_page",
                "order_page",
            ),
        ),
        (_REVIEWERS, ("issue_reminder", "serve_reminder", "check_reminder", "send_work_order")),
        (_REVIEWERS, ("answer_work_order", "link_work_order")),
        ({Role.SECOND_REVIEWER}, ("void_reminder",)),
        ({Role.ADMIN}, ("put_reminder_rules", "put_map_backdrop", "get_mqtt", "systems_page")),
        ({Role.EXCHANGE}, ("receive_work_order", "hear_work_order", "get_work_order_status")),
        (
            {Role.SECOND_REVIEWER, Role.ADMIN, Role.AUDITOR},
            ("get_monthly_report", "export_monthly_report", "report_page"),
        ),
    )
    for operation in operations
}


def roles_of(values: Iterable[str]) -> frozenset[Role]:
    """Read stored roles; names that no longer exist give no rights."""
    known = {role.value for role in Role}
    return frozenset(Role(value) for value in values if value in known)
