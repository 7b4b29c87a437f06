"""Payloads about keys that are exchanged between hub and box; never a key in clear."""

from typing import ClassVar

from pydantic import Field

from shared.events.payload import PayloadModel


class TransportKeyDelivered(PayloadModel):
    """Down from the hub: a box's next transport key, sealed so that only this box can open it."""

    event_type: ClassVar[str] = "transport_key.delivered"

    device: str = Field(max_length=128)
    generation: int = Field(ge=2)
    delivery: str = Field(max_length=512, description="The key, sealed to the box's receiving key; base64.")


class TransportKeyTaken(PayloadModel):
    """The box keeps this generation of its transport key, and speaks with it from now on."""

    event_type: ClassVar[str] = "transport_key.taken"

    generation: int = Field(ge=2)


def delivery_context(tenant: str, device: str, generation: int) -> bytes:
    """Return what a delivered key is bound to."""
    return f"transport-key/{tenant}/{device}/{generation}".encode()


PAYLOADS: tuple[type[PayloadModel], ...] = (TransportKeyDelivered, TransportKeyTaken)
