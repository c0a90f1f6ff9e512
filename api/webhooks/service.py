"""Keeping webhooks and delivering to them.

The audit log is the outbox: it is written in the transaction of what happened and numbered without gaps, so a webhook
only needs the number up to which it was told. Events come in order, at least once; a receiver drops the `id`s it knows.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from api.access import Principal
from api.audit.service import Event, record
from api.db.models import Webhook
from api.errors import ConflictError, NotFoundError
from api.events.log import head
from api.office import Office
from api.webhooks.cursors import wait_after
from api.webhooks.outbox import TYPE, OutboxEvent, cloud_event, read
from api.webhooks.schemas import WebhookIn

SIGNATURE = "Streetwarden-Signature"
TIMEOUT_S = 10.0


def create(office: Office, who: Principal, told: WebhookIn) -> Webhook:
    """Add a webhook, told of what happens from now on; raise `ConflictError` when the name is taken."""
    now = office.now()
    try:
        with office.database.writing() as session:
            hook = Webhook(
                name=told.name,
                url=told.url,
                secret_encrypted=office.cipher.encrypt(told.secret),
                actions=told.actions,
                cursor=head(session),
                failures=0,
                next_try_at=now,
                last_error=None,
                created_at=now,
            )
            session.add(hook)
            session.flush()
            after = {"url": told.url, "actions": told.actions}
            record(session, who, now, Event("webhook.created", f"webhook:{told.name}", after=after))
    except IntegrityError as error:
        raise ConflictError(f"There is already a webhook {told.name!r}.") from error
    return hook


def list_all(office: Office) -> list[Webhook]:
    """All webhooks by name."""
    with office.database.reading() as session:
        return list(session.scalars(select(Webhook).order_by(Webhook.name)))


def remove(office: Office, who: Principal, name: str) -> None:
    """End a webhook; raise `NotFoundError`."""
    with office.database.writing() as session:
        hook = session.get(Webhook, name)
        if hook is None:
            raise NotFoundError(f"There is no webhook {name}.")
        session.delete(hook)
        session.flush()
        record(session, who, office.now(), Event("webhook.removed", f"webhook:{name}", before={"url": hook.url}))


@dataclass(frozen=True, slots=True)
class Outcome:
    """How far a delivery came, and what stopped it."""

    cursor: int
    error: str | None


def deliver(office: Office, reach: Callable[[], httpx.Client]) -> int:
    """Tell every webhook whose turn it is what it does not know yet; gives how many posts were taken."""
    now = office.now()
    with office.database.reading() as session:
        hooks = session.scalars(select(Webhook).where(Webhook.next_try_at <= now)).all()
    return sum(_serve(office, reach, hook, now) for hook in hooks)


def _serve(office: Office, reach: Callable[[], httpx.Client], hook: Webhook, now: datetime) -> int:
    with office.database.reading() as session:
        piece = read(session, hook.cursor)
    if piece.last == hook.cursor:
        return 0
    wanted = [event for event in piece.events if not hook.actions or event.action in hook.actions]
    sent, outcome = 0, Outcome(piece.last, None)
    for event in wanted:
        error = _post(office, reach(), hook, event, now)
        if error is not None:
            outcome = Outcome(event.number - 1, error)
            break
        sent += 1
    _keep(office, hook, outcome, now)
    return sent


def _keep(office: Office, hook: Webhook, outcome: Outcome, now: datetime) -> None:
    failures = 0 if outcome.error is None else hook.failures + 1
    values: dict[str, Any] = {
        "cursor": outcome.cursor,
        "failures": failures,
        "next_try_at": now + wait_after(failures),
        "last_error": outcome.error,
    }
    # Two services of one database may both have sent it: the receiver knows the ids, and the cursor never goes back.
    with office.database.writing() as session:
        session.execute(
            update(Webhook).where(Webhook.name == hook.name, Webhook.cursor <= outcome.cursor).values(**values)
        )


def _post(office: Office, client: httpx.Client, hook: Webhook, event: OutboxEvent, now: datetime) -> str | None:
    """Send one event; what went wrong in one line, or None."""
    body = json.dumps(cloud_event(event, office.settings.office_name), ensure_ascii=False).encode()
    secret = office.cipher.decrypt(hook.secret_encrypted)
    headers = {"Content-Type": TYPE, SIGNATURE: sign(body, secret, int(now.timestamp()))}
    try:
        answer = client.post(hook.url, content=body, headers=headers, timeout=TIMEOUT_S, follow_redirects=False)
    except httpx.HTTPError as error:
        return f"{type(error).__name__}: {error}"[:200]
    return None if answer.is_success else f"answered {answer.status_code}"


def sign(body: bytes, secret: str, at_s: int) -> str:
    """`t=SECONDS,v1=HEX`: HMAC-SHA256 over the time, a point and the body; an old time is a repeated post."""
    digest = hmac.new(secret.encode(), f"{at_s}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at_s},v1={digest}"
