import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from pydantic import ValidationError

from edge.config import EdgeSettings
from edge.record import Record
from edge.schedule.domain import AppointmentRequest, Span, Status
from edge.schedule.ids import AppointmentId, ServiceId
from edge.schedule.waitlist.domain import Entry, EntryId, EntryState, OfferState, Window
from edge.schedule.waitlist.rules import OfferRules
from edge.schedule.waitlist.settings import WaitlistSettings
from edge.threads import ThreadBudget
from edge.wiring.clinic import Clinic
from edge.wiring.core import Core
from shared.ids import ClientId
from tests.support.erasing import approved
from tests.support.records import BoxRecord, open_box_record

TODAY = dt.date(2026, 3, 2)


@pytest.fixture
def record(tmp_path: Path) -> Iterator[BoxRecord]:
    record = open_box_record(tmp_path)
    yield record
    record.store.close()


@pytest.fixture
def clinic(record: BoxRecord) -> Clinic:
    """The clinic as the box puts it together, its clock at nine in the morning."""
    core = Core(EdgeSettings(), "test", record.clock, record.ids, cast("Record", record), ThreadBudget(1))
    return Clinic(core)


def test_the_limits_are_those_of_the_configuration() -> None:
    assert WaitlistSettings().rules() == OfferRules()
    told = EdgeSettings.model_validate({"waitlist": {"quiet_from": "21:30", "offers_per_day": 1}})
    assert (told.waitlist.rules().quiet_from, told.waitlist.rules().per_day) == (21 * 60 + 30, 1)
    for wrong in ({"offers_per_day": 5}, {"same_day_minutes": 4}, {"surprise": 1}):
        with pytest.raises(ValidationError):
            EdgeSettings.model_validate({"waitlist": wrong})


def test_the_boxs_schedule_keeps_what_its_waitlist_offers_until_the_client_is_erased(
    record: BoxRecord, clinic: Clinic
) -> None:
    client = record.new_client("Ada Canary")
    window = Window(TODAY, TODAY, Span(600, 630))
    entry = Entry(EntryId("a"), client, ServiceId("consultation"), (window,), record.clock.wall(), messages=True)
    clinic.waitlist.add(entry, "desk")

    def booked(name: str) -> int:
        wish = AppointmentRequest(AppointmentId(name), ClientId(name), ServiceId("consultation"), Span(600, 630))
        return clinic.book.book_day(TODAY, [wish], "desk")

    assert [booked("first"), booked("second"), booked("third")] == [1, 1, 0]
    clinic.book.change_status(AppointmentId("first"), Status.CANCELLED, "desk")
    assert clinic.waitlist.step() == 1
    assert booked("fourth") == 0
    approved(record, client)
    assert clinic.eraser.complete_pending() == 1
    state = clinic.waitlist.waitlist().state
    assert state.states[entry.id] is EntryState.WITHDRAWN
    assert [offer.state for offer in state.offers.values()] == [OfferState.SUPERSEDED]
    assert booked("fifth") == 1
