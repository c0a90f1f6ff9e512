"""People and tokens as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.access import Role
from api.text import Id, Line, Secret

UserName = Annotated[
    str, StringConstraints(min_length=2, max_length=64, pattern=r"^[a-z0-9][a-z0-9_.@-]*$", strip_whitespace=True)
]

Places = Annotated[list[Id], Field(max_length=1000, description="Nothing in either list: the whole city")]
Unit = Annotated[str, StringConstraints(max_length=120, strip_whitespace=True, pattern=r"^[^\x00-\x1f\x7f]*$")]


Subject = Annotated[
    str,
    StringConstraints(max_length=255, strip_whitespace=True, pattern=r"^[^\x00-\x1f\x7f]*$"),
    Field(description="Who this is to the OpenID provider (sub); empty: nobody"),
]


class SignInBody(BaseModel):
    """A user name and a password."""

    model_config = ConfigDict(extra="forbid")
    username: Secret
    password: Secret


class SessionView(BaseModel):
    """Who is signed in; `csrf_token` goes into the header X-CSRF-Token of every changing request."""

    name: str
    display_name: str
    kind: str
    roles: list[Role]
    csrf_token: str | None
    password_is_temporary: bool
    districts: list[str]
    camera_ids: list[str]
    unit: str


class PasswordChange(BaseModel):
    """One's own password, old and new."""

    model_config = ConfigDict(extra="forbid")
    old_password: Secret
    new_password: Secret


class UserIn(BaseModel):
    """A new person; without a password a one-time password is made."""

    model_config = ConfigDict(extra="forbid")
    username: UserName
    display_name: Line | None = None
    roles: Annotated[list[Role], Field(min_length=1, max_length=6)]
    password: Secret | None = None
    districts: Places = []
    camera_ids: Places = []
    unit: Unit = ""
    oidc_subject: Subject | None = None


class UserUpdate(BaseModel):
    """What may change; a field that is left out stays."""

    model_config = ConfigDict(extra="forbid")
    roles: Annotated[list[Role], Field(min_length=1, max_length=6)] | None = None
    disabled: bool | None = None
    reset_password: bool = False
    districts: Places | None = None
    camera_ids: Places | None = None
    unit: Unit | None = None
    oidc_subject: Subject | None = None


class UserView(BaseModel):
    """A person."""

    model_config = ConfigDict(from_attributes=True)
    id: int
    username: str
    display_name: str
    roles: list[str]
    created_at: datetime
    disabled_at: datetime | None
    districts: list[str]
    camera_ids: list[str]
    unit: str
    oidc_subject: str | None


class UserCreated(UserView):
    """A person and, once, the password that was made for them."""

    one_time_password: str | None


class UserList(BaseModel):
    """All people by name."""

    items: list[UserView]


class TokenIn(BaseModel):
    """A new machine token."""

    model_config = ConfigDict(extra="forbid")
    name: Line
    role: Role


class TokenView(BaseModel):
    """A machine token, without its text."""

    model_config = ConfigDict(from_attributes=True)
    id: int
    name: str
    role: str
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


class TokenCreated(TokenView):
    """A machine token and, once, its text."""

    token: str


class TokenList(BaseModel):
    """All machine tokens, newest first."""

    items: list[TokenView]
