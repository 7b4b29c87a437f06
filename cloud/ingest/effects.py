"""What an event means at the hub. One function, used alike on arrival and by a rebuild."""

from datetime import UTC
from typing import Final
from zoneinfo import ZoneInfo

from cloud.bookings.lease_rows import OF_LEASES, LeaseRows
from cloud.storage.captures import CaptureRows
from cloud.storage.projections import Projections
from shared.errors import Rejected
from shared.events.catalogue.capture import AnalysisCompleted, CaptureStored, ImageSetAside
from shared.events.catalogue.images import ImagePruned
from shared.events.catalogue.keys import TransportKeyTaken
from shared.events.catalogue.system import BookingAnswered
from shared.events.catalogue.twin import ConfigurationReported
from shared.events.envelope import Event
from shared.events.payload import Catalogue
from shared.ids import DeviceId
from shared.vocabulary import ImageKind

REPAIR: Final = {
    "unknown_schema": "Update the hub, then replay it.",
    "invalid_payload": "Update the box's software; its later events of the same record wait.",
    "sealed_field_in_clear": "Update the box's software at once: it sent a sealed field in clear.",
    "no_such_capture": "Run `medspa verify` on the box: its log names a photograph it never stored.",
    "image_set_aside": "Mend the cause, run `medspa edge images retry` on the box, then replay this.",
    "failed_5_times": "Look into the hub's log, mend the cause, then replay it.",
    "no_such_lease": "Run `medspa verify` on the hub: a box speaks of a slot that it has not lent to this hub.",
    "foreign_lease": "Look at the box: it speaks of a slot of another clinic.",
    "no_such_request": "Run `medspa verify` on the hub: a box answered a request that is not known.",
}


# The events that touch a capture's rows.
OF_CAPTURES: Final = frozenset({CaptureStored.event_type, AnalysisCompleted.event_type})


class Effects:
    """Applies events to the projections of one tenant."""

    def __init__(
        self, catalogue: Catalogue, projections: Projections, captures: CaptureRows, leases: LeaseRows
    ) -> None:
        self._leases = leases
        self._catalogue = catalogue
        self._projections = projections
        self._captures = captures

    def apply(self, event: Event, zone: ZoneInfo) -> None:
        """Apply one event.

        Idempotent by the event's aggregate: the same event twice leaves the same rows.

        Args:
            event: what happened.
            zone: the location's time zone, which decides the day it counts for.

        Raises:
            Rejected: it cannot be applied; the caller sets it aside.
        """
        fields = event.fields
        self._catalogue.check(fields.type, fields.schema_version, fields.payload)
        match fields.type:
            case CaptureStored.event_type:
                self._capture_stored(event, zone)
            case AnalysisCompleted.event_type:
                findings = len(fields.payload["findings"])
                if not self._captures.set_findings(fields.aggregate, fields.location, findings):
                    raise Rejected("no_such_capture", "the findings belong to no photograph known here")
            case ImageSetAside.event_type:
                self._image_set_aside(event)
            case BookingAnswered.event_type:
                self._booking_answered(event)
            case ImagePruned.event_type if fields.payload["kind"] == ImageKind.DERIVED:
                self._captures.flush()
                name = str(fields.payload["name"])
                self._projections.image_will_not_come(fields.aggregate, DeviceId(fields.device), name)
            case ConfigurationReported.event_type:
                self._projections.twins.report(event)
            case TransportKeyTaken.event_type:
                self._projections.transport_key_taken(event)
            case kind if kind in OF_LEASES:
                self._leases.apply_up(event)
            case _:
                pass  # known, and of no consequence for the hub's own rows

    def _image_set_aside(self, event: Event) -> None:
        """Show people an image that its box cannot send, until it has come or somebody decides to do without."""
        if not self._projections.has_image(str(event.fields.payload["name"])):
            raise Rejected("image_set_aside", f"the box could not send an image: {event.fields.payload['reason']}")

    def _capture_stored(self, event: Event, zone: ZoneInfo) -> None:
        moment = event.fields.wall_time
        aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        try:
            day = aware.astimezone(zone).date().isoformat()
        except OverflowError:
            raise Rejected("bad_time", "the event's time is outside the calendar") from None
        names = [str(image["name"]) for image in event.fields.payload["images"]]
        self._captures.add(event, day, names)

    def _booking_answered(self, event: Event) -> None:
        clear = {name: value for name, value in event.fields.payload.items() if name != "sealed"}
        answer = BookingAnswered.model_validate(clear)
        state = "accepted" if answer.accepted else "declined"
        known = self._projections.answer_request(
            answer.request, event.fields.location, state, answer.start_minute, answer.reason.replace("\0", "")
        )
        if not known:
            raise Rejected("no_such_request", "the answer names a request that was never made")
