"""The reasons that a step may name."""

from __future__ import annotations

from collections.abc import Mapping

from api.cases.lifecycle_steps import Reason, reasons

REJECT_REASONS: Mapping[str, Reason] = reasons(
    Reason("no_violation", 1),
    Reason("temporary_stop", 2),
    Reason("permitted", 3),
    Reason("record_unclear", 4),
    Reason("emergency_vehicle", 5),
    Reason("danger_avoided", 6),
    Reason("handled_on_site", 7),
    Reason("duplicate", 8),
    Reason("other", 9, needs_note=True),
)

# Why a filed case is taken back: after the traffic police's rules of 2020, which offices follow.
VOID_REASONS: Mapping[str, Reason] = reasons(
    Reason("emergency_vehicle", 1),
    Reason("stolen_or_cloned_plate", 2),
    Reason("danger_avoided", 3),
    Reason("handled_on_site", 4),
    Reason("inconsistent_signals", 5),
    Reason("record_unclear", 6),
    Reason("plate_wrong", 7),
    Reason("other", 9, needs_note=True),
)

# Administrative Penalty Law (2021) art. 33: what may go unpunished, and why else a proceeding ends.
DROP_REASONS: Mapping[str, Reason] = reasons(
    Reason("first_and_minor", 1),
    Reason("corrected_in_time", 2),
    Reason("not_proven", 3),
    Reason("statement_accepted", 4),
    Reason("other", 9, needs_note=True),
)
