"""The box's transport keys: the one it speaks with, and the one before until the hub has changed, too."""

import base64
from collections.abc import Sequence

from edge.keys.box import BoxKeys
from edge.store.events import BoxIdentity
from shared.crypto.aead import CannotOpen
from shared.errors import Rejected
from shared.events.catalogue.keys import TransportKeyDelivered, TransportKeyTaken, delivery_context
from shared.events.envelope import Event, EventDraft


class TransportKeys:
    """Takes the keys that the hub delivers; used by the link's thread only."""

    def __init__(self, keys: BoxKeys, identity: BoxIdentity) -> None:
        """Open the keys held.

        Raises:
            Rejected: the box is not enrolled.
        """
        self._keys = keys
        self._identity = identity
        self._held = keys.transports()

    def held(self) -> Sequence[bytes]:
        """Return the keys, newest first: the first seals, any of them opens."""
        return self._held

    def used_by_hub(self, key: bytes) -> None:
        """Destroy the older key once the hub has spoken with the newest."""
        if len(self._held) > 1 and key == self._held[0]:
            self._keys.settle_transport()
            self._held = self._keys.transports()

    def take(self, event: Event) -> Sequence[EventDraft]:
        """Keep a delivered key, durable before the hub is told; a delivery for another box means nothing here.

        Idempotent by generation.

        Raises:
            Rejected: the delivery cannot be opened.
        """
        payload = TransportKeyDelivered.model_validate(event.fields.payload)
        if payload.device != self._identity.device:
            return []
        context = delivery_context(self._identity.tenant, self._identity.device, payload.generation)
        try:
            key = self._keys.identity().receive(base64.b64decode(payload.delivery, validate=True), context)
        except (CannotOpen, ValueError):
            raise Rejected("delivery_unreadable", "the key was sealed for another box or altered") from None
        if key not in self._held:
            self._keys.take_transport(key)
            self._held = self._keys.transports()
        taken = TransportKeyTaken(generation=payload.generation)
        return [EventDraft(f"transport-key/{self._identity.device}", taken, "box", "operation")]
