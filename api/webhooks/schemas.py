"""Webhooks as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api.text import Id, Line, Secret


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.password:
        raise ValueError("must be http:// or https:// with a host and without credentials")
    return value


WebAddress = Annotated[Line, AfterValidator(_web_address)]


class WebhookIn(BaseModel):
    """A new webhook. `secret` signs each post; `actions` are the events wanted (none: all), such as `case.confirm`."""

    model_config = ConfigDict(extra="forbid")
    name: Id
    url: WebAddress
    secret: Annotated[Secret, Field(min_length=16)]
    actions: Annotated[list[Id], Field(max_length=50)] = []


class WebhookView(BaseModel):
    """A webhook, without its secret; `cursor` is the last row of the log that it was told."""

    model_config = ConfigDict(from_attributes=True)
    name: str
    url: str
    actions: list[str]
    cursor: int
    failures: int
    next_try_at: datetime
    last_error: str | None
    created_at: datetime


class WebhookList(BaseModel):
    """All webhooks by name."""

    items: list[WebhookView]
