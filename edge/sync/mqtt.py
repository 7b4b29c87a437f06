"""The broker connection: paho-mqtt over TLS 1.3 behind a queue, speaking MQTT 5 where the broker does, else 3.1.1."""

import contextlib
import queue
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

import paho.mqtt.client as paho
import structlog
from paho.mqtt.enums import CallbackAPIVersion

from shared.crypto.tls import Credentials, hub_context
from shared.wire.pauses import Pauses
from shared.wire.polled import PolledLoop
from shared.wire.sockets import send_at_once


class Signal(StrEnum):
    """What a transport tells its link."""

    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    MESSAGE = "message"
    BULK_LOST = "bulk_lost"
    WAKE = "wake"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Incoming:
    """One thing that happened on the transport."""

    signal: Signal
    data: bytes = b""


class Outlet(Protocol):
    """The sending half of a broker connection."""

    def publish(self, data: bytes) -> None:
        """Send on the device's `up` topic, at least once; may raise `NotConnected`."""
        ...

    def waiting(self) -> int:
        """Return how many messages of this connection have not reached the broker yet."""
        ...


class Transport(Outlet, Protocol):
    """What a link needs of a broker connection."""

    inbox: "queue.Queue[Incoming]"

    def start(self) -> None:
        """Connect and stay connected until `stop`."""
        ...

    def stop(self) -> None:
        """Disconnect."""
        ...


class NotConnected(Exception):
    """There is no connection to send on."""


@dataclass(frozen=True, slots=True)
class MqttAddress:
    """Where the broker is and which topics are this device's."""

    host: str
    port: int
    client_id: str
    up_topic: str
    down_topic: str
    presence_topic: str
    keepalive_seconds: int = 15
    reconnect_max_seconds: float = 30.0


class MqttTransport:
    """A connection that heals by itself; a broker that refuses MQTT 5 is spoken to in 3.1.1."""

    def __init__(
        self, address: MqttAddress, credentials: Callable[[], Credentials], chance: random.Random | None = None
    ) -> None:
        """Keep where to connect, what returns the box's present certificate, and by what its pauses differ."""
        self.inbox: queue.Queue[Incoming] = queue.Queue(4096)
        self._address = address
        self._credentials = credentials
        self._chance = chance or random.Random()
        self._log = structlog.get_logger()
        self._stop = threading.Event()
        self._dropped = threading.Event()
        self._protocol = paho.MQTTv5
        self._accepted_at: float | None = None
        self._client: paho.Client | None = None
        self._unconfirmed: deque[paho.MQTTMessageInfo] = deque()
        self._thread = threading.Thread(target=self._run, name="mqtt", daemon=True)

    def start(self) -> None:
        """Start connecting in the background."""
        self._thread.start()

    @property
    def _accepted(self) -> bool:
        return self._accepted_at is not None

    def publish(self, data: bytes) -> None:
        """Hand one message to the connection.

        Raises:
            NotConnected: there is none now.
        """
        client = self._client
        if client is None or not client.is_connected():
            raise NotConnected
        sent = client.publish(self._address.up_topic, data, qos=1)
        if sent.rc != paho.MQTT_ERR_SUCCESS:
            raise NotConnected
        self._unconfirmed.append(sent)

    def waiting(self) -> int:
        """Return how many messages the broker has not confirmed yet."""
        unconfirmed = self._unconfirmed
        while unconfirmed and unconfirmed[0].is_published():
            unconfirmed.popleft()
        return len(unconfirmed)

    def stop(self) -> None:
        """Say goodbye and disconnect."""
        self._stop.set()
        self._dropped.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        pauses, last_trouble = Pauses(self._address.reconnect_max_seconds, self._chance), ""
        while not self._stop.is_set():
            self._accepted_at = None
            self._dropped.clear()
            answered = True
            try:
                answered = self._session(pauses.patience)
            except OSError as error:
                # One line when the trouble begins, not one for each attempt of a week offline.
                trouble = type(error).__name__
                if trouble != last_trouble:
                    self._log.info("broker_unreachable", reason_code=trouble)
                last_trouble = trouble
                answered = not isinstance(error, TimeoutError)
            except Exception:  # noqa: BLE001 - the thread's boundary: the next attempt starts afresh
                self._log.error("broker_connection_failed", exc_info=True)
            else:
                last_trouble = ""
                if self._accepted_at is None:
                    # A broker that speaks 3.1.1 only leaves an MQTT 5 connection without an answer.
                    self._protocol = paho.MQTTv311 if self._protocol == paho.MQTTv5 else paho.MQTTv5
            self._stop.wait(self._pause(pauses, answered))

    def _pause(self, pauses: Pauses, answered: bool) -> float:
        if self._accepted_at is not None:
            return pauses.after_session(time.monotonic() - self._accepted_at)
        return pauses.after_refusal() if answered else pauses.after_silence()

    def _session(self, patience: float) -> bool:
        """Connect once and stay until the connection drops; tell whether the broker answered within the patience."""
        address = self._address
        client = paho.Client(CallbackAPIVersion.VERSION2, address.client_id, protocol=self._protocol)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_socket_open = send_at_once
        client.max_inflight_messages_set(16)
        client.will_set(address.presence_topic, b"offline", qos=1, retain=True)
        client.tls_set_context(hub_context(self._credentials()))
        loop = PolledLoop(client, "mqtt-loop")
        answered = True
        try:
            client.connect(address.host, address.port, keepalive=address.keepalive_seconds)
            self._unconfirmed = deque()
            self._client = client
            loop.start()
            answered = self._dropped.wait(patience) or self._accepted
            if answered:
                self._dropped.wait()
        finally:
            if self._stop.is_set() and self._accepted:
                self._say_goodbye(client)
            self._client = None
            client.disconnect()
            loop.stop()
            if self._accepted:
                self._tell(Incoming(Signal.DISCONNECTED))
        return answered

    def _say_goodbye(self, client: paho.Client) -> None:
        """Tell that this box goes; when the connection has gone before, the broker tells it by the last will."""
        with contextlib.suppress(RuntimeError, ValueError):
            client.publish(self._address.presence_topic, b"offline", qos=1, retain=True).wait_for_publish(1)

    def _on_connect(self, client: paho.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self._dropped.set()
            return
        self._accepted_at = time.monotonic()
        client.subscribe(self._address.down_topic, qos=1)
        client.publish(self._address.presence_topic, b"online", qos=1, retain=True)
        self._tell(Incoming(Signal.CONNECTED))

    def _on_disconnect(self, *_arguments: Any) -> None:
        self._dropped.set()

    def _on_message(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        # Some brokers send a client's own last will back to it when it returns.
        if message.topic == self._address.down_topic:
            self._tell(Incoming(Signal.MESSAGE, bytes(message.payload)))

    def _tell(self, incoming: Incoming) -> None:
        try:
            self.inbox.put(incoming, timeout=1)
        except queue.Full:
            # What is lost here is sent again: acknowledgements repeat and batches are resent.
            self._log.warning("link_queue_full", count=self.inbox.qsize())
