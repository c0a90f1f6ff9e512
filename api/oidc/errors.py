"""Why a sign-in with the provider failed."""

from __future__ import annotations

from enum import StrEnum


class Failure(StrEnum):
    """What the person is told; each has a line in the catalogues as `login.oidc_...`."""

    UNREACHABLE = "unreachable"  # the provider does not answer
    ANSWER = "answer"  # it answers something that cannot be meant
    STATE = "state"  # started in another browser, twice, or too long ago
    DENIED = "denied"  # the provider says no
    TOKEN = "token"  # noqa: S105 - the ID token does not hold
    UNKNOWN = "unknown"  # nobody here is linked to that subject
    DISABLED = "disabled"  # shut out here
    ROLE = "role"  # none of the groups gives a role here


class OidcError(Exception):
    """A sign-in that failed; `detail` is one line for the log, `hint` what the person may pass on to an admin."""

    def __init__(self, failure: Failure, detail: str, hint: str = "") -> None:
        super().__init__(f"{failure}: {detail}")
        self.failure = failure
        self.detail = detail
        self.hint = hint
