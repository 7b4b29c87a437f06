"""The hub's broker, its own or one beside it, and how the hub reaches it."""

import secrets
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from cloud.broker import EmbeddedBroker
from cloud.broker_config import BrokerFiles
from cloud.broker_gate import HUB
from cloud.config import BrokerMode, HubSettings
from cloud.fleet.ca import HubAuthority
from cloud.fleet.eviction import evict
from cloud.fleet.revocations import Revocations
from cloud.ingest.mqtt import BrokerLogin, HubMqtt, Subscription


def embedded_broker(settings: HubSettings, authority: HubAuthority, revocations: Revocations) -> EmbeddedBroker | None:
    """Return the hub's own broker, unless another one is configured."""
    broker, refuses = settings.broker, revocations.refuses
    if broker.mode is not BrokerMode.EMBEDDED:
        return None
    return EmbeddedBroker(broker.host, broker.port, authority.hub, lambda guest: not refuses(guest.name, guest.serial))


def broker_files(settings: HubSettings, folder: Path, authority: HubAuthority, revocations: Revocations) -> BrokerFiles:
    """Return what writes an external Mosquitto's files into a folder."""
    login = _login(settings, authority)
    return BrokerFiles(folder, authority, lambda: revocations.serials, partial(evict, login))


def broker_client(
    settings: HubSettings, authority: HubAuthority, submit: Callable[..., Any], *, presence: bool = True
) -> HubMqtt:
    """Return a process's connection: shared with others on an external broker, alone on its own."""
    ingest, external = settings.ingest, settings.broker.mode is BrokerMode.EXTERNAL
    taken = Subscription(ingest.group if external else None, ingest.receive_maximum, presence)
    return HubMqtt(_login(settings, authority), f"{HUB}-{secrets.token_hex(4)}", submit, taken)


def _login(settings: HubSettings, authority: HubAuthority) -> BrokerLogin:
    """Return how the hub reaches its broker: with its own certificate, like everybody else."""
    broker = settings.broker
    embedded = broker.mode is BrokerMode.EMBEDDED
    port = broker.port if embedded else broker.hub_port or broker.port
    return BrokerLogin(broker.host, port, broker.keepalive_seconds, authority.hub, speaks_mqtt5=not embedded)
