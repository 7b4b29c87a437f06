"""Every payload of the product, one module a capability; `complete_catalogue` lists them all."""

from shared.events.payload import Catalogue


def complete_catalogue() -> Catalogue:
    """Return the catalogue of every payload this version of the software understands."""
    from shared.events.catalogue import capture, client, consent, schedule, system  # noqa: PLC0415

    return Catalogue([*capture.PAYLOADS, *client.PAYLOADS, *consent.PAYLOADS, *schedule.PAYLOADS, *system.PAYLOADS])
