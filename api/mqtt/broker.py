"""A connection to an MQTT 5 broker that gives each message into its keeping (QoS 1) before the next one goes."""

from __future__ import annotations

import ssl
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from api.errors import SetupError
from api.settings import ApiSettings

if TYPE_CHECKING:
    from paho.mqtt.client import Client, MQTTMessageInfo

PATIENCE_S = 10.0
PORTS = {"mqtt": 1883, "mqtts": 8883}
ACCEPTED_BELOW = 0x80


class _ClosingSocket(ssl.SSLSocket):
    """A socket that does not stay open when the other side's certificate does not hold."""

    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002 - the library's own signature
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


def _tls(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    context.sslsocket_class = _ClosingSocket
    return context


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where a broker is and how we sign in; `tls` is None on a plain connection."""

    host: str
    port: int
    client_id: str
    tls: ssl.SSLContext | None = None
    username: str | None = None
    password: str | None = None

    @classmethod
    def of(cls, settings: ApiSettings) -> Self:
        """Read the settings and the files that they name; raise `SetupError` when one cannot be used."""
        parts = urlsplit(settings.mqtt_url)
        try:
            password = settings.mqtt_password_file.read_text().strip() if settings.mqtt_password_file else None
            tls = _tls(settings.mqtt_ca_file) if parts.scheme == "mqtts" else None
        except (OSError, UnicodeDecodeError) as error:
            raise SetupError(f"the broker's password or certificate file cannot be read: {error}") from error
        port = parts.port or PORTS[parts.scheme]
        return cls(parts.hostname or "", port, settings.mqtt_client_id, tls, settings.mqtt_username, password)


class Broker:
    """Sends while it can; after any failure the connection is dropped and the next send makes a new one."""

    def __init__(self, address: BrokerAddress, patience_s: float = PATIENCE_S) -> None:
        self._address = address
        self._patience_s = patience_s
        self._client: Client | None = None
        self._answered = threading.Event()
        self._refusal: str | None = None
        self._codes: dict[int, Any] = {}

    def send(self, topic: str, payload: bytes, content_type: str) -> str | None:
        """Hand over one message and wait until the broker has taken it; what went wrong in one line, or None."""
        try:
            problem = self._connect() or self._publish(topic, payload, content_type)
        except (OSError, ValueError, RuntimeError) as error:
            problem = f"{type(error).__name__}: {error}"[:200]
        if problem is not None:
            # What the client still holds would overtake what is sent anew: it goes with the connection.
            self.close()
        return problem

    def close(self) -> None:
        """End the connection."""
        client, self._client = self._client, None
        if client is not None:
            client.disconnect()
            client.loop_stop()

    def _connect(self) -> str | None:
        if self._client is not None and self._client.is_connected():
            return None
        self.close()
        self._answered.clear()
        self._refusal = None
        self._client = client = self._make()
        client.connect(self._address.host, self._address.port, keepalive=30, clean_start=True)
        client.loop_start()
        if not self._answered.wait(self._patience_s):
            return f"the broker did not answer for {self._patience_s:g} s"
        return self._refusal

    def _make(self) -> Client:
        from paho.mqtt.client import Client, MQTTv5  # noqa: PLC0415 - an extra of its own
        from paho.mqtt.enums import CallbackAPIVersion  # noqa: PLC0415

        client = Client(CallbackAPIVersion.VERSION2, client_id=self._address.client_id, protocol=MQTTv5)
        client.connect_timeout = self._patience_s
        if self._address.tls is not None:
            client.tls_set_context(self._address.tls)
        if self._address.username is not None:
            client.username_pw_set(self._address.username, self._address.password)
        client.on_connect = self._on_connect
        client.on_publish = self._on_publish
        return client

    def _on_connect(self, _client: Any, _userdata: Any, _flags: Any, code: Any, _properties: Any) -> None:
        self._refusal = f"the broker refused us: {code}" if code.is_failure else None
        self._answered.set()

    def _on_publish(self, _client: Any, _userdata: Any, message_id: int, code: Any, _properties: Any) -> None:
        self._codes[message_id] = code

    def _publish(self, topic: str, payload: bytes, content_type: str) -> str | None:
        from paho.mqtt.packettypes import PacketTypes  # noqa: PLC0415
        from paho.mqtt.properties import Properties  # noqa: PLC0415

        assert self._client is not None  # noqa: S101 - _connect made it
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.ContentType = content_type
        info = self._client.publish(topic, payload, qos=1, properties=properties)
        info.wait_for_publish(self._patience_s)
        return self._verdict(info)

    def _verdict(self, info: MQTTMessageInfo) -> str | None:
        if not info.is_published():
            return f"the broker did not take a message for {self._patience_s:g} s"
        code = self._codes.pop(info.mid, None)
        return f"the broker refused a message: {code}" if code is not None and code.value >= ACCEPTED_BELOW else None


def check_installed() -> None:
    """Raise `SetupError` when the client's library is not there."""
    try:
        import paho.mqtt.client  # noqa: F401, PLC0415
    except ImportError as error:
        raise SetupError(
            "a broker is configured but paho-mqtt is not installed: pip install streetwarden[mqtt]"
        ) from error
