"""The box as it is put together: everything in it plans with a change at once, and again after a restart."""

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from edge.config import EdgeSettings
from edge.record import Record
from edge.schedule.changing.document import document_of
from edge.schedule.changing.editor import Draft, InUse
from edge.schedule.errors import InvalidClinic
from edge.threads import ThreadBudget
from edge.wiring.clinic import Clinic
from edge.wiring.core import Core
from tests.support.records import BoxRecord, open_box_record


@pytest.fixture
def record(tmp_path: Path) -> Iterator[BoxRecord]:
    record = open_box_record(tmp_path)
    yield record
    record.store.close()


@pytest.fixture
def start(record: BoxRecord) -> Callable[..., Clinic]:
    """Start the clinic's part of a box with these settings."""

    def started(**settings: Any) -> Clinic:
        own = EdgeSettings.model_validate(settings)
        return Clinic(Core(own, "test", record.clock, record.ids, cast("Record", record), ThreadBudget(1)))

    return started


def test_a_change_is_everywhere_at_once_and_after_a_restart(start: Callable[..., Clinic]) -> None:
    clinic = start()
    people, licences = clinic.people()
    document: Any = document_of(clinic.registry.current())
    document["providers"].append({**document["providers"][0], "id": "fern", "name": "Dr. Fern"})
    clinic.editor.save(Draft(document), 0, (), "manager")
    for box in (clinic, start()):
        assert "fern" in {provider.id for provider in box.book.registry.providers}
        assert "fern" in {provider.id for provider in box.book.learnt.planning().providers}
        assert "fern" in {provider.id for provider in box.waitlist.clinic.registry.providers}
    assert "fern" in people.present()
    assert "fern" in {signer.id for signer in licences.signers()}


def test_what_is_yet_to_come_can_be_cleared_for_already_and_counts_after_a_restart_past_midnight(
    start: Callable[..., Clinic], record: BoxRecord
) -> None:
    clinic = start(clinic={"timezone": "Europe/Vienna"})
    document: Any = document_of(clinic.registry.current())
    document["services"][0]["clearances"] = ["allergy-check"]
    tomorrow = clinic.book.today() + dt.timedelta(days=1)
    clinic.editor.save(Draft(document, valid_from=tomorrow), 0, (), "manager")
    assert clinic.registry.current().services[0].clearances == ()
    assert "allergy-check" in clinic.clearances.asked_for()
    record.clock.advance(24 * 3600)
    for box in (clinic, start(clinic={"timezone": "Europe/Vienna"})):
        assert box.registry.current().services[0].clearances == ("allergy-check",)
        assert box.book.registry.services[0].clearances == ("allergy-check",)


def test_a_service_that_the_configuration_lends_stays(start: Callable[..., Clinic]) -> None:
    clinic = start(lending={"per_service": 1, "services": ["peel"]})
    document: Any = document_of(clinic.registry.current())
    document["services"] = [one for one in document["services"] if one["id"] != "peel"]
    assert clinic.editor.check(Draft(document)).needed == (
        "Chemical peel cannot be removed: the box's configuration lends it to online booking",
    )
    with pytest.raises(InUse):
        clinic.editor.save(Draft(document), 0, (), "manager")
    start().editor.save(Draft(document), 0, (), "manager")
    with pytest.raises(InvalidClinic, match="the clinic has no service 'peel'"):
        start(lending={"per_service": 1, "services": ["peel"]})
