"""What the service does by itself for the office's papers: due reminders, orders that follow cases, the broker."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from api.mqtt.broker import Broker, BrokerAddress, check_installed
from api.mqtt.service import CURSOR as MQTT_CURSOR
from api.mqtt.service import deliver
from api.office import Office
from api.reminders.service import tell_due
from api.reports import facts
from api.settings import ApiSettings
from api.webhooks.cursors import begin, follow
from api.work_orders import follow as orders

MOST_ROUNDS = 50
Task = tuple[str, float, Callable[[], object]]
MOST_ROUNDS = 50
FOLLOW_EVERY_S, REMINDERS_EVERY_S, MQTT_EVERY_S = 1.0, 30.0, 0.5


def check_broker(settings: ApiSettings) -> None:
    """Raise `SetupError` when a broker is configured that cannot be spoken to for a reason of our own."""
    if settings.mqtt_url:
        check_installed()
        BrokerAddress.of(settings)


class Chores:
    """The tasks, and the connection that one of them holds."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._broker = Broker(BrokerAddress.of(office.settings)) if office.settings.mqtt_url else None
        if self._broker is not None:
            # From now on it is told, also of what happens before the first round.
            begin(office, MQTT_CURSOR)

    def tasks(self) -> tuple[Task, ...]:
        """Name, seconds between rounds, what to do."""
        broker: tuple[Task, ...] = (("api-mqtt", MQTT_EVERY_S, self._tell_broker),) if self._broker else ()
        return (
            ("api-followers", FOLLOW_EVERY_S, self._follow),
            ("api-reminders", REMINDERS_EVERY_S, self._remind),
            *broker,
        )

    def close(self) -> None:
        """End the connection to the broker."""
        if self._broker is not None:
            self._broker.close()

    def _follow(self) -> None:
        for name, take, before_all in (
            (orders.CURSOR, orders.take, orders.before_all),
            (facts.CURSOR, facts.take, facts.before_all),
        ):
            _until_idle(partial(follow, self._office, name, take, before_all))

    def _remind(self) -> None:
        tell_due(self._office)

    def _tell_broker(self) -> None:
        if self._broker is not None:
            _until_idle(partial(deliver, self._office, self._broker))


def _until_idle(work: Callable[[], int]) -> None:
    """Repeat while there is something to do, but let the thread look now and then whether it should end."""
    for _ in range(MOST_ROUNDS):
        if not work():
            return
