"""Every payload of the product, one module a capability; `complete_catalogue` lists them all."""

from shared.events.payload import Catalogue


def complete_catalogue() -> Catalogue:
    """Return the catalogue of every payload this version of the software understands."""
    from shared.events.catalogue import (  # noqa: PLC0415
        audit,
        capture,
        checklist,
        clearance,
        client,
        clinic,
        consent,
        erasure,
        estimates,
        images,
        keys,
        log,
        nights,
        progress,
        proposals,
        review,
        schedule,
        slots,
        staff,
        system,
        twin,
        waitlist,
    )

    modules = (
        audit,
        capture,
        checklist,
        clearance,
        client,
        clinic,
        consent,
        erasure,
        estimates,
        images,
        keys,
        log,
        nights,
        progress,
        proposals,
        review,
        schedule,
        slots,
        staff,
        system,
        twin,
        waitlist,
    )
    return Catalogue([payload for module in modules for payload in module.PAYLOADS])
