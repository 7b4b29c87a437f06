"""Routes about the waitlist: who waits, what is on offer, and what a client answers."""

from datetime import date

from fastapi import APIRouter, Request

from edge.api.permits import permits
from edge.api.ports import EdgePorts
from edge.api.schemas import Identifier
from edge.api.waitlist_schemas import (
    NewWaitlistEntry,
    OfferRequest,
    PlaceFilling,
    Waitlist,
    WaitlistAnswer,
    WaitlistEntry,
    WaitlistOffer,
    WaitlistWish,
)
from edge.staff.permissions import Action
from shared.http.errors import ERROR_RESPONSES


def waitlist_router(ports: EdgePorts) -> APIRouter:
    """Return the routes under `/api/waitlist`."""
    router = APIRouter(prefix="/api/waitlist", responses=ERROR_RESPONSES)
    seeing, changing = permits(ports, Action.SEE_SCHEDULE), permits(ports, Action.CHANGE_SCHEDULE)

    @router.get("", operation_id="getWaitlist", dependencies=seeing)
    def waitlist() -> Waitlist:
        """Who waits and why, what is on offer with the reasons, what was left and is not taken, what was of late."""
        return ports.waitlist.waitlist()

    @router.get("/freed/{day}/{place_id}", operation_id="getPlaceFilling", dependencies=seeing)
    def filling(day: date, place_id: Identifier) -> PlaceFilling:
        """Who fills a place that was left, who would be asked otherwise, and of everybody else why not."""
        return ports.waitlist.filling(day, place_id)

    @router.post("/entries", operation_id="addWaitlistEntry", dependencies=changing, status_code=201)
    def add(new: NewWaitlistEntry, request: Request) -> WaitlistEntry:
        return ports.waitlist.add(new, ports.actors.actor(request.headers))

    @router.put("/entries/{entry_id}", operation_id="changeWaitlistEntry", dependencies=changing)
    def change(entry_id: Identifier, wish: WaitlistWish, request: Request) -> WaitlistEntry:
        """Replace what somebody waits for; an offer that no longer suits ends."""
        return ports.waitlist.change(entry_id, wish, ports.actors.actor(request.headers))

    @router.post("/entries/{entry_id}/withdraw", operation_id="withdrawWaitlistEntry", dependencies=changing)
    def withdraw(entry_id: Identifier, request: Request) -> WaitlistEntry:
        return ports.waitlist.withdraw(entry_id, ports.actors.actor(request.headers))

    @router.post("/entries/{entry_id}/restore", operation_id="restoreWaitlistEntry", dependencies=changing)
    def restore(entry_id: Identifier, request: Request) -> WaitlistEntry:
        """Take a withdrawal back."""
        return ports.waitlist.restore(entry_id, ports.actors.actor(request.headers))

    @router.post("/entries/{entry_id}/offers", operation_id="makeWaitlistOffer", dependencies=changing, status_code=201)
    def offer(entry_id: Identifier, how: OfferRequest, request: Request) -> WaitlistOffer:
        """Offer the best place that is free now; within the same limits as every other offer."""
        return ports.waitlist.offer(entry_id, how.channel, ports.actors.actor(request.headers))

    @router.post("/offers/{offer_id}/answer", operation_id="answerWaitlistOffer", dependencies=changing)
    def answer(offer_id: Identifier, what: WaitlistAnswer, request: Request) -> WaitlistOffer:
        """Record what a client said; accepting books the visit, or tells that the place is gone and what is next."""
        return ports.waitlist.answer(offer_id, what.answer, ports.actors.actor(request.headers))

    return router
