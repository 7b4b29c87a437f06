"""Payloads of the schedule."""

from shared.events.payload import PayloadModel

PAYLOADS: tuple[type[PayloadModel], ...] = ()
