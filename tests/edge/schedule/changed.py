"""A box whose clinic is changed while it runs, and edits of a document."""

import datetime as dt
from pathlib import Path
from typing import Any

import edge.schedule.book
from edge.schedule.book import ScheduleBook
from edge.schedule.changing.book import RegistryBook, clinic_date
from edge.schedule.changing.document import Document, document_of
from edge.schedule.changing.editor import Draft, Effect, RegistryEditor
from edge.schedule.domain import AppointmentRequest, Span
from edge.schedule.ids import AppointmentId, ProviderId, ServiceId
from shared.ids import ClientId
from tests.support.records import BoxRecord

ZONE = "Europe/Vienna"
TODAY = dt.date(2026, 3, 2)
TOMORROW = TODAY + dt.timedelta(days=1)
DEMO = Path(edge.schedule.book.__file__).parent / "clinics" / "demo.toml"


class Box:
    """A box whose clinic's file is in a folder; `again` starts it anew."""

    def __init__(self, record: BoxRecord, file: Path) -> None:
        self.record, self.file = record, file
        self.again()

    def again(self) -> None:
        today = clinic_date(self.record.clock, ZONE)
        self.registry = RegistryBook(self.record.store, self.record.ids, self.file, today)
        self.book = ScheduleBook(self.record.store, self.registry, self.record.ids, self.record.clock, ZONE)
        self.editor = RegistryEditor(self.registry, self.book, ("peel",))

    def document(self) -> Document:
        return document_of(self.registry.current())

    def save(
        self,
        document: Document,
        confirmed: tuple[str, ...] = (),
        version: int | None = None,
        valid_from: dt.date | None = None,
    ) -> bool:
        now = self.registry.version if version is None else version
        return self.editor.save(Draft(document, valid_from=valid_from), now, confirmed, "manager")

    def check(self, document: Document, valid_from: dt.date | None = None) -> Effect:
        return self.editor.check(Draft(document, valid_from=valid_from))

    def books(self, name: str, service: str, provider: str, start: int, day: dt.date = TOMORROW) -> AppointmentId:
        """Book a visit that begins then; its client would come later, too."""
        request = AppointmentRequest(
            AppointmentId(name), ClientId(f"client-{name}"), ServiceId(service), Span(start, 1140), ProviderId(provider)
        )
        assert self.book.book_day(day, [request], "desk") == 1
        assert self.book.day(day).plan.appointments[request.id].start == start
        return request.id


def opened(record: BoxRecord, folder: Path) -> Box:
    """A box at ten in the morning, with the example clinic as its file."""
    file = folder / "clinic.toml"
    file.write_text(DEMO.read_text(encoding="utf-8"), encoding="utf-8")
    return Box(record, file)


def entry(document: Document, section: str, name: str) -> dict[str, Any]:
    found = next(one for one in document[section] if one["id"] == name)  # type: ignore[union-attr,index,call-overload]
    assert isinstance(found, dict)
    return found


def later_shift(document: Document) -> Document:
    entry(document, "providers", "cedar")["shift"] = {"start": "10:00", "end": "18:00"}
    return document


def without(document: Document, section: str, name: str) -> Document:
    document[section] = [one for one in document[section] if one["id"] != name]  # type: ignore[union-attr,index,call-overload]
    return document
