"""A real broker is told what happens: signed in, over TLS, in order, and again after it was away."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from pydantic import ValidationError

from api.errors import SetupError
from api.mqtt.broker import Broker, BrokerAddress
from api.mqtt.service import CURSOR, deliver
from api.settings import ApiSettings
from api.webhooks.cursors import begin
from tests.api.conftest import Service
from tests.api.test_life_of_a_case import done

MOSQUITTO = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin") or ""
WORD = "a broker's word"
PATIENCE_S = 30.0
pytestmark = pytest.mark.skipif(not MOSQUITTO, reason="no broker here: apt-get install mosquitto")


@dataclass
class RealBroker:
    """A mosquitto process with a password and a certificate; it keeps nothing on the disk."""

    folder: Path
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.port = self.port or free_port()
        config = self.folder / "broker.conf"
        config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous false\npassword_file {self.folder}/passwords\n"
            f"acl_file {self.folder}/acl\ncertfile {self.folder}/cert.pem\nkeyfile {self.folder}/key.pem\n"
        )
        self.process = subprocess.Popen([MOSQUITTO, "-c", str(config)], stderr=subprocess.DEVNULL)
        until(self.listens)

    def listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def settings(self) -> dict[str, object]:
        password, ca = self.folder / "password.txt", self.folder / "cert.pem"
        password.write_text(f"{WORD}\n")
        return {
            "mqtt_url": f"mqtts://127.0.0.1:{self.port}",
            "mqtt_username": "office",
            "mqtt_password_file": password,
            "mqtt_ca_file": ca,
        }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(holds: Callable[[], bool]) -> None:
    end_s = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end_s, "waited in vain"
        time.sleep(0.02)


def write_certificate(folder: Path) -> None:
    """A key and a certificate for 127.0.0.1 that is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test broker")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    forms = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, *forms))


@pytest.fixture
def broker(fast_path: Path) -> Iterator[RealBroker]:
    folder = fast_path / "broker"
    folder.mkdir()
    write_certificate(folder)
    (folder / "acl").write_text("user office\ntopic readwrite streetwarden/#\n")
    command = [shutil.which("mosquitto_passwd") or "mosquitto_passwd", "-b", "-c", str(folder / "passwords")]
    subprocess.run([*command, "office", WORD], check=True, capture_output=True)
    # Started as root it becomes another user.
    for path in (fast_path, folder):
        path.chmod(0o755)
    for path in folder.iterdir():
        path.chmod(0o644)
    found = RealBroker(folder)
    found.start()
    yield found
    found.stop()


@dataclass
class Listener:
    """A subscriber of everything; `messages` are topic, CloudEvent, quality of service and content type."""

    broker: RealBroker
    messages: list[tuple[str, dict[str, Any], int, str]] = field(default_factory=list)
    ready: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Listener:
        address = BrokerAddress.of(ApiSettings(data_dir=self.broker.folder, **self.broker.settings()))  # type: ignore[arg-type]
        assert address.tls is not None
        self.client = Client(CallbackAPIVersion.VERSION2, client_id="listener", protocol=MQTTv5)
        self.client.tls_set_context(address.tls)
        self.client.username_pw_set("office", WORD)
        self.client.on_connect = lambda client, *_: client.subscribe("streetwarden/#", qos=1)
        self.client.on_subscribe = lambda *_: self.ready.set()
        self.client.on_message = self._take
        self.client.connect("127.0.0.1", self.broker.port)
        self.client.loop_start()
        assert self.ready.wait(PATIENCE_S)
        return self

    def _take(self, _client: Any, _userdata: Any, message: Any) -> None:
        kind = message.properties.ContentType
        self.messages.append((message.topic, json.loads(message.payload), message.qos, kind))

    def __exit__(self, *_: object) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def database_url(fast_path: Path, sqlite_template: Path) -> str:
    """The outbox on both databases is the webhooks' test; here it is the broker that matters."""
    return f"sqlite:///{shutil.copy(sqlite_template, fast_path / 'streetwarden.sqlite3')}"


def test_what_happens_while_the_broker_is_away_arrives_when_it_is_back(
    broker: RealBroker, start_service: Callable[..., Service]
) -> None:
    service = start_service(**broker.settings())
    admin, reviewer = service.person("admin"), service.person("reviewer")
    with Listener(broker) as listener:
        first = service.case("incident-1")
        until(lambda: len(listener.messages) >= 1)
    broker.stop()
    done(reviewer, first, "confirm")
    service.case("incident-2")
    until(lambda: bool(admin.get("/api/v1/mqtt").json()["last_error"]))
    state = admin.get("/api/v1/mqtt").json()
    assert state["waiting"] > 0
    assert state["failures"] > 0
    assert WORD not in str(state)
    broker.start()
    with Listener(broker) as late:
        # Each look at the test's clock moves it a little; this ends the wait after the failures.
        service.clock.advance(hours=1)
        until(lambda: len(late.messages) >= 2)
        until(lambda: admin.get("/api/v1/mqtt").json()["last_error"] is None)
    assert [(topic, event["type"]) for topic, event, _qos, _kind in (*listener.messages[:1], *late.messages[:2])] == [
        ("streetwarden/events/case/opened", "streetwarden.case.opened"),
        ("streetwarden/events/case/confirm", "streetwarden.case.confirm"),
        ("streetwarden/events/case/opened", "streetwarden.case.opened"),
    ]
    topic, event, qos, kind = late.messages[0]
    assert (event["specversion"], event["subject"], event["data"]["actor"]) == ("1.0", f"case:{first}", "person-2")
    assert (qos, kind.split(";")[0]) == (1, "application/cloudevents+json"), topic
    numbers = [int(event["id"]) for _topic, event, _qos, _kind in late.messages]
    assert numbers == sorted(numbers)


def test_only_the_wanted_events_are_told_and_the_cursor_passes_the_others(
    broker: RealBroker, start_service: Callable[..., Service]
) -> None:
    service = start_service()
    wanted = service.settings.model_copy(update={"mqtt_actions": ("case.confirm",)})
    office = type(service.office)(wanted, service.office.database, service.store, service.office.cipher, service.clock)
    begin(office, CURSOR)
    case_id = service.case("incident-1")
    done(service.person("reviewer"), case_id, "confirm")
    sender = Broker(address_of(broker))
    try:
        with Listener(broker) as listener:
            assert deliver(office, sender) == 1
            assert deliver(office, sender) == 0
            until(lambda: len(listener.messages) == 1)
    finally:
        sender.close()


def address_of(broker: RealBroker, **changes: object) -> BrokerAddress:
    settings = broker.settings() | changes
    return BrokerAddress.of(ApiSettings(data_dir=broker.folder, **settings))  # type: ignore[arg-type]


def test_every_way_to_fail_is_one_line(broker: RealBroker) -> None:
    wrong = broker.folder / "wrong.txt"
    wrong.write_text("not the word")
    other = broker.folder / "other"
    other.mkdir()
    write_certificate(other)
    attempts = {
        "refused us": Broker(address_of(broker, mqtt_password_file=wrong)),
        "CERTIFICATE_VERIFY_FAILED": Broker(address_of(broker, mqtt_ca_file=other / "cert.pem")),
        "ConnectionRefusedError": Broker(address_of(broker, mqtt_url=f"mqtts://127.0.0.1:{free_port()}")),
        # Plain words to a TLS listener: it hangs up.
        "did not answer": Broker(address_of(broker, mqtt_url=f"mqtt://127.0.0.1:{broker.port}"), patience_s=0.5),
        "refused a message: Not authorized": Broker(address_of(broker)),
    }
    for words, sender in attempts.items():
        topic = "elsewhere/x" if "message" in words else "streetwarden/x"
        problem = sender.send(topic, b"{}", "application/json")
        assert problem is not None
        assert words in problem
        assert "\n" not in problem
        sender.close()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"mqtt_url": "http://broker"}, "expected mqtt://HOST"),
        ({"mqtt_url": "mqtt://user:secret@broker"}, "mqtt_username"),
        ({"mqtt_url": "mqtt://broker:port"}, "expected mqtt://HOST"),
        ({"mqtt_url": "mqtts://broker", "mqtt_ca_file": "/nowhere/ca.pem"}, "cannot be read"),
        ({"mqtt_url": "mqtt://broker", "mqtt_password_file": "/nowhere/word"}, "cannot be read"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused_at_the_start(settings: dict[str, Any], words: str) -> None:
    with pytest.raises((ValidationError, SetupError)) as caught:
        BrokerAddress.of(ApiSettings(data_dir=Path("/tmp/none"), **settings))  # noqa: S108
    assert words in str(caught.value)
    assert "secret" not in str(caught.value)
