"""Events of photographs whose images nobody needs."""

import secrets

from shared.clock import SystemClock
from shared.events.catalogue.capture import CaptureMetadata, CaptureStored, GateOutcome, StoredImage
from shared.events.envelope import EventDraft
from shared.ids import ClientId, Uuid7Source
from shared.vocabulary import GateProfileName, ImageKind

# As the box's own intake names them.
_IDS = Uuid7Source(SystemClock())
NOTE = "A note of ordinary length about the photograph, sealed under the client's key."


def photograph(client: ClientId) -> EventDraft:
    """A stored photograph: one event, one sealed field, rows in three projections."""
    image = StoredImage(
        name=secrets.token_hex(32), kind=ImageKind.ORIGINAL, size=10, media_type="image/png", width=2, height=2
    )
    payload = CaptureStored(
        metadata=CaptureMetadata(camera="import", protocol="front", source="import"),
        images=(image,),
        gate=GateOutcome(profile=GateProfileName.IMPORT, passed=True, codes=(), measures={}),
        note=NOTE,
    )
    return EventDraft(f"capture/{_IDS.new()}", payload, "bench", "bench", client=client)
