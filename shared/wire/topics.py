"""Broker topics; they hold opaque ids only."""

from typing import Final

from shared.errors import Rejected
from shared.ids import DeviceId, TenantId

UP: Final = "up"
DOWN: Final = "down"
PRESENCE: Final = "presence"
ROOT: Final = "medspa/1"


def topic(tenant: TenantId, device: DeviceId, channel: str) -> str:
    """Return the topic of one channel of a device."""
    return f"{ROOT}/{tenant}/{device}/{channel}"


def every_device(channel: str) -> str:
    """Return the filter that matches one channel of every device."""
    return f"{ROOT}/+/+/{channel}"


def shared_among(group: str, topic_filter: str) -> str:
    """Return the MQTT 5 filter by which the processes of a group share what a filter matches."""
    return f"$share/{group}/{topic_filter}"


def parse_topic(text: str) -> tuple[TenantId, DeviceId, str]:
    """Return tenant, device and channel of a topic.

    Raises:
        Rejected: it is none of ours.
    """
    parts = text.split("/")
    if len(parts) != 5 or "/".join(parts[:2]) != ROOT or parts[4] not in {UP, DOWN, PRESENCE}:
        raise Rejected("bad_topic", "the topic is not of the form medspa/1/TENANT/DEVICE/CHANNEL")
    return TenantId(parts[2]), DeviceId(parts[3]), parts[4]
