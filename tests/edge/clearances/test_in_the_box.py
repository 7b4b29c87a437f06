"""The box as it is put together: its schedule, waitlist and erasures know the clearances."""

from pathlib import Path
from typing import cast

import edge.schedule.registry
from edge.config import EdgeSettings
from edge.record import Record
from edge.schedule.ids import AppointmentId
from edge.threads import ThreadBudget
from edge.wiring.clinic import Clinic
from edge.wiring.core import Core
from tests.support.cleared import FREE, NURSE, TODAY, wish
from tests.support.erasing import approved
from tests.support.records import open_box_record

DEMO = Path(edge.schedule.registry.__file__).parent / "clinics" / "demo.toml"
ID = 'id = "laser-hair"'


def test_the_boxs_schedule_asks_its_clearances_and_an_erased_client_has_none(tmp_path: Path) -> None:
    file = tmp_path / "clinic.toml"
    file.write_text(DEMO.read_text("utf-8").replace(ID, f'{ID}\nclearances = ["{FREE}"]'), "utf-8")
    record = open_box_record(tmp_path)
    settings = EdgeSettings.model_validate({"clinic": {"registry": str(file)}})
    core = Core(settings, "test", record.clock, record.ids, cast("Record", record), ThreadBudget(1))
    clinic, ada = Clinic(core), record.new_client("Ada Canary")
    assert clinic.book.book_day(TODAY, [wish("v1", ada)], "desk") == 0
    clinic.clearances.give(ada, FREE, None, NURSE)
    assert clinic.book.book_day(TODAY, [wish("v2", ada)], "desk") == 1
    assert clinic.waitlist.clinic.record.confirmed(ada, TODAY) == {FREE}
    approved(record, ada)
    assert clinic.eraser.complete_pending() == 1
    assert clinic.waitlist.clinic.record.confirmed(ada, TODAY) == frozenset()
    clinic.clearances.catch_up()
    assert clinic.book.day(TODAY).plan.appointments[AppointmentId("v2")].cleared == {FREE}
    record.store.close()
