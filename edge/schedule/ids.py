"""Names of what a clinic's day is made of."""

from typing import NewType

ProviderId = NewType("ProviderId", str)
RoomId = NewType("RoomId", str)
UnitId = NewType("UnitId", str)
"""A treatment device; `DeviceId` in `shared.ids` names an edge box."""
ServiceId = NewType("ServiceId", str)
AppointmentId = NewType("AppointmentId", str)
ReplanId = NewType("ReplanId", str)

NAME_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,39}$"
"""How an id or a key of a clinic's file is written."""
