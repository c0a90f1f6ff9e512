"""Telling the configured broker what it does not know yet, from the same outbox as the webhooks."""

from __future__ import annotations

import json

from api.mqtt.broker import Broker
from api.office import Office
from api.webhooks.cursors import begin, keep
from api.webhooks.outbox import TYPE, OutboxEvent, cloud_event, read

CURSOR = "mqtt"


def topic_of(prefix: str, event: OutboxEvent) -> str:
    """`PREFIX/case/confirm`: a subscriber chooses by the kind of paper and what happened to it."""
    return f"{prefix}/{event.action.replace('.', '/')}"


def deliver(office: Office, broker: Broker) -> int:
    """Tell the broker, in order and at least once; gives how many messages it took.

    The cursor moves only over what the broker has acknowledged: while it is away nothing is lost, and the first failure
    stops the round so that nothing overtakes what waits.
    """
    now, settings = office.now(), office.settings
    found = begin(office, CURSOR)
    if found.next_try_at > now:
        return 0
    with office.database.reading() as session:
        piece = read(session, found.cursor)
    if piece.last == found.cursor:
        return 0
    sent, cursor, problem = 0, piece.last, None
    for event in piece.events:
        if settings.mqtt_actions and event.action not in settings.mqtt_actions:
            continue
        body = json.dumps(cloud_event(event, settings.office_name), ensure_ascii=False).encode()
        problem = broker.send(topic_of(settings.mqtt_topic, event), body, TYPE)
        if problem is not None:
            cursor = event.number - 1
            break
        sent += 1
    keep(office, found, cursor, problem, now)
    return sent
