"""The hub's connection to the broker: MQTT 5 where the broker speaks it, else 3.1.1; it heals by itself."""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import paho.mqtt.client as paho
import structlog
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from shared.crypto.tls import Credentials, hub_context
from shared.wire.pauses import Pauses
from shared.wire.polled import PolledLoop
from shared.wire.sockets import send_at_once
from shared.wire.topics import PRESENCE, UP, every_device, shared_among

_LONGEST_PAUSE_SECONDS: Final = 5.0
_ANSWER_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class BrokerLogin:
    """Where the broker is and how the hub introduces itself; what it speaks is a first guess only."""

    host: str
    port: int
    keepalive_seconds: int
    credentials: Callable[[], Credentials]
    speaks_mqtt5: bool = True


Arrival = Callable[[str, bytes, Callable[[], Any]], None]


@dataclass(frozen=True, slots=True)
class Subscription:
    """How the hub takes the boxes' messages.

    Attributes:
        group: processes that share them, each message going to one; None for a process alone. Needs MQTT 5.
        receive_maximum: messages the broker may hand over before the first is handled; needs MQTT 5.
        presence: whether this process also keeps book of who is connected.
    """

    group: str | None = None
    receive_maximum: int = 64
    presence: bool = True


class HubMqtt:
    """Subscribes to every box and publishes answers.

    With MQTT 5 a message is confirmed to the broker only after it was handled, so that no more is under way than was
    agreed, and what a killed process had in hand is not confirmed.
    """

    def __init__(
        self,
        login: BrokerLogin,
        client_id: str,
        arrived: Arrival,
        subscription: Subscription | None = None,
        chance: random.Random | None = None,
    ) -> None:
        self._chance = chance or random.Random()
        self._subscription = subscription or Subscription()
        self._login = login
        self._client_id = client_id
        self._arrived = arrived
        self._log = structlog.get_logger()
        self._stop = threading.Event()
        self._dropped = threading.Event()
        self._subscribed = threading.Event()
        self._client: paho.Client | None = None
        self._protocol = paho.MQTTv5 if login.speaks_mqtt5 else paho.MQTTv311
        self._thread = threading.Thread(target=self._run, name="hub-mqtt", daemon=True)

    @property
    def ready(self) -> bool:
        """Whether the broker takes our messages and sends us the boxes'."""
        return self._subscribed.is_set()

    def start(self) -> None:
        """Start connecting in the background."""
        self._thread.start()

    def wait_ready(self, seconds: float) -> bool:
        """Wait until subscribed; False when that took longer."""
        return self._subscribed.wait(seconds)

    def publish(self, topic: str, payload: bytes) -> None:
        """Send at least once while connected; else the box asks again."""
        client = self._client
        if client is not None and client.is_connected():
            client.publish(topic, payload, qos=1)

    def stop(self) -> None:
        """Disconnect."""
        self._stop.set()
        self._dropped.set()
        if self._thread.is_alive():
            self._thread.join(_ANSWER_SECONDS)

    def _run(self) -> None:
        pauses = Pauses(_LONGEST_PAUSE_SECONDS, self._chance)
        while not self._stop.is_set():
            self._dropped.clear()
            lasted = None
            try:
                lasted = self._session()
            except OSError as error:
                self._log.info("broker_unreachable", reason_code=type(error).__name__)
            if lasted is None:
                # A broker of 3.1.1 closes an MQTT 5 connection without a word.
                self._protocol = paho.MQTTv311 if self._protocol == paho.MQTTv5 else paho.MQTTv5
            self._stop.wait(pauses.after_refusal() if lasted is None else pauses.after_session(lasted))

    def _session(self) -> float | None:
        """Stay connected until the connection drops; return for how many seconds, or None if it never worked."""
        modern = self._protocol == paho.MQTTv5
        client = paho.Client(CallbackAPIVersion.VERSION2, self._client_id, protocol=self._protocol, manual_ack=modern)
        properties = None
        if modern:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho has no type here
            properties.ReceiveMaximum = self._subscription.receive_maximum
        client.on_connect, client.on_disconnect = self._on_connect, self._on_disconnect
        client.on_message, client.on_subscribe = self._on_message, self._on_subscribe
        client.tls_set_context(hub_context(self._login.credentials()))
        client.on_socket_open = send_at_once
        loop = PolledLoop(client, "mqtt-loop")
        try:
            client.connect(
                self._login.host, self._login.port, keepalive=self._login.keepalive_seconds, properties=properties
            )
            self._client = client
            loop.start()
            begun = time.monotonic()
            if not self._dropped.wait(_ANSWER_SECONDS) and self._subscribed.is_set():
                self._dropped.wait()
            return time.monotonic() - begun if self._subscribed.is_set() else None
        finally:
            self._client = None
            self._subscribed.clear()
            client.disconnect()
            loop.stop()

    def _on_connect(self, client: paho.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self._dropped.set()
            return
        up, wanted = every_device(UP), self._subscription
        if wanted.group is not None and self._protocol == paho.MQTTv5:
            up = shared_among(wanted.group, up)
        client.subscribe([(up, 1), *([(every_device(PRESENCE), 1)] if wanted.presence else [])])

    def _on_subscribe(self, _client: Any, _data: Any, _mid: Any, reasons: Any, _properties: Any) -> None:
        if any(reason.is_failure for reason in reasons):
            self._log.error("broker_refused_subscription")
            self._dropped.set()
            return
        self._subscribed.set()

    def _on_disconnect(self, *_: Any) -> None:
        self._dropped.set()

    def _on_message(self, client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        self._arrived(message.topic, bytes(message.payload), partial(client.ack, message.mid, message.qos))
