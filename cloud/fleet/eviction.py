"""Closes a member's connection at a broker that is not ours: whoever connects under its client id takes it over."""

import threading
from typing import Final

import paho.mqtt.client as paho
import structlog
from paho.mqtt.enums import CallbackAPIVersion

from cloud.ingest.mqtt import BrokerLogin
from shared.crypto.tls import hub_context
from shared.wire.polled import PolledLoop

_SECONDS: Final = 5.0


def evict(login: BrokerLogin, member: str) -> None:
    """End a member's session: the hub connects under its client id for a moment, on the hub's own listener.

    A broker that does not answer has no connections to close.
    """
    over = threading.Event()
    client = paho.Client(CallbackAPIVersion.VERSION2, member, protocol=paho.MQTTv5)
    client.tls_set_context(hub_context(login.credentials()))
    client.on_connect = lambda *_: over.set()
    loop = PolledLoop(client, "eviction")
    try:
        client.connect(login.host, login.port, keepalive=login.keepalive_seconds)
        loop.start()
        taken = over.wait(_SECONDS)
    except OSError:
        taken = False
    finally:
        client.disconnect()
        loop.stop()
    if not taken:
        structlog.get_logger().warning("eviction_failed", reason_code="no_answer")
