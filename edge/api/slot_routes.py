"""Routes about slots lent to online booking; the day holds what is lent of it."""

from datetime import date

from fastapi import APIRouter, Request

from edge.api.permits import permits
from edge.api.ports import EdgePorts
from edge.api.schedule_schemas import ScheduleDay
from edge.api.schemas import Identifier
from edge.api.slot_schemas import LentSlots, SlotRelease
from edge.staff.permissions import Action


def add_slot_routes(router: APIRouter, ports: EdgePorts) -> None:
    """Add the routes under `/api/schedule/slots`."""
    seeing = permits(ports, Action.SEE_SCHEDULE)
    changes, decides = permits(ports, Action.CHANGE_SCHEDULE), permits(ports, Action.DECIDE_SCHEDULE)

    @router.get("/slots", operation_id="getLentSlots", dependencies=seeing)
    def slots() -> LentSlots:
        """What is held for online booking from today on, what of it is in doubt, and what was given up."""
        return ports.schedule.slots()

    @router.post("/slots/{day}/{slot_id}/recall", operation_id="recallSlot", dependencies=changes)
    def recall(day: date, slot_id: Identifier, request: Request) -> ScheduleDay:
        """Ask the hub for a slot; it stays held until the hub has answered. Asking again has no effect."""
        return ports.schedule.recall(day, slot_id, ports.actors.actor(request.headers))

    @router.post("/slots/{day}/{slot_id}/release", operation_id="releaseSlot", dependencies=decides)
    def release(day: date, slot_id: Identifier, what: SlotRelease, request: Request) -> ScheduleDay:
        """Give up a slot in doubt: its place is the clinic's again, and whoever may have bought it is not expected."""
        return ports.schedule.release(day, slot_id, what.doubt, ports.actors.actor(request.headers))

    @router.post("/slots/{day}/{slot_id}/hold", operation_id="holdSlotAgain", dependencies=decides)
    def hold_again(day: date, slot_id: Identifier, request: Request) -> ScheduleDay:
        """Take back that a slot was given up, as long as its place is free and nothing was heard of it."""
        return ports.schedule.hold_again(day, slot_id, ports.actors.actor(request.headers))
