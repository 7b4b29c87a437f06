"""What an aggregate that is folded from its stream needs: payloads out of events, and drafts in their order."""

from collections.abc import Iterable

from shared.events.envelope import Event, EventDraft
from shared.events.payload import Catalogue, PayloadModel


def payload_of(event: Event, catalogue: Catalogue) -> PayloadModel:
    """Return what an event says; sealed fields stay away.

    Raises:
        UnknownSchema: the catalogue does not have it.
    """
    fields = event.fields
    return catalogue.model(fields.type, fields.schema_version).model_validate(fields.payload)


def in_order(
    aggregate: str, version: int, payloads: Iterable[PayloadModel], actor: str, purpose: str
) -> list[EventDraft]:
    """Return drafts that are refused as a whole when the aggregate is no longer at the version that was decided on."""
    return [
        EventDraft(aggregate, payload, actor, purpose, expected_version=version + number)
        for number, payload in enumerate(payloads)
    ]
