"""Every payload of the product, one module a capability; `complete_catalogue` lists them all."""

from shared.events.payload import Catalogue


def complete_catalogue() -> Catalogue:
    """Return the catalogue of every payload this version of the software understands."""
    from shared.events.catalogue import (  # noqa: PLC0415
        audit,
        capture,
        client,
        consent,
        erasure,
        images,
        keys,
        log,
        progress,
        review,
        schedule,
        slots,
        staff,
        system,
        twin,
    )

    modules = (
        audit,
        capture,
        client,
        consent,
        erasure,
        images,
        keys,
        log,
        progress,
        review,
        schedule,
        slots,
        staff,
        system,
        twin,
    )
    return Catalogue([payload for module in modules for payload in module.PAYLOADS])
