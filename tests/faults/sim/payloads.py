"""What simulated boxes write, with the few payloads that their hub must not be able to apply."""

from typing import ClassVar

from shared.events.catalogue import complete_catalogue
from shared.events.catalogue.capture import AnalysisCompleted
from shared.events.catalogue.system import BoxStarted, BoxStopped
from shared.events.envelope import EventDraft
from shared.events.payload import Catalogue, PayloadModel
from shared.ids import ClientId
from shared.vocabulary import Route, Sensitivity

# An event may have 128 KiB: two of these and a few words fill more than one batch.
LARGE_CHARACTERS = 120_000


class FromTheFuture(PayloadModel):
    """Something a later version of the box says; this hub does not know it."""

    event_type: ClassVar[str] = "future.happened"

    text: str = ""


class StoppedWithMore(PayloadModel):
    """A known event with a field that this hub refuses."""

    event_type: ClassVar[str] = BoxStopped.event_type

    surplus: str = "x"


def box_catalogue() -> Catalogue:
    """Return what boxes may write: all of the product's payloads, two of them from other versions."""
    known = [model for model in complete_catalogue() if model is not BoxStopped]
    return Catalogue([*known, FromTheFuture, StoppedWithMore])


def plain(aggregate: str) -> EventDraft:
    """Return an event of no consequence."""
    return EventDraft(aggregate, BoxStarted(software="simulated", clean=True), "box", "operation")


def poison(aggregate: str, kind: str) -> EventDraft:
    """Return an event that the hub must set aside, or one that is as large as an event may be."""
    payload: PayloadModel = {
        "unknown": FromTheFuture(),
        "invalid": StoppedWithMore(),
        "large": FromTheFuture(text="x" * LARGE_CHARACTERS),
    }[kind]
    return EventDraft(aggregate, payload, "box", "operation")


def analysis(aggregate: str, client: ClientId) -> EventDraft:
    """Return an analysis that found nothing."""
    payload = AnalysisCompleted(findings=(), measures=(), models=(), route=Route.REVIEW_REQUIRED, milliseconds=1.0)
    return EventDraft(aggregate, payload, "box", "test", Sensitivity.HEALTH, client)
