"""The broker's state over HTTP."""

from __future__ import annotations

from fastapi import APIRouter

from api.deps import OfficeDep
from api.events.log import head
from api.mqtt.schemas import BrokerView
from api.mqtt.service import CURSOR
from api.office import Office
from api.webhooks.cursors import find_cursor

router = APIRouter(prefix="/mqtt", tags=["events"])


def view(office: Office) -> BrokerView:
    """How far the broker was told, and what stops it."""
    settings, found = office.settings, find_cursor(office, CURSOR)
    with office.database.reading() as session:
        newest = head(session)
    return BrokerView(
        url=settings.mqtt_url or None,
        topic=settings.mqtt_topic,
        username=settings.mqtt_username,
        actions=list(settings.mqtt_actions),
        cursor=found.cursor if found else None,
        waiting=newest - found.cursor if found else 0,
        failures=found.failures if found else 0,
        next_try_at=found.next_try_at if found else None,
        last_error=found.last_error if found else None,
    )


@router.get("")
def get_mqtt(office: OfficeDep) -> BrokerView:
    """The MQTT broker that the settings name, how far it was told, and what stops it."""
    return view(office)
