"""Gives and withdraws clearances, and tells the booked visits of the days to come in the same transaction."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from edge.clearances.record import PURPOSE, ClearanceRecord
from edge.clearances.rules import Clearances, ClearanceUnknown, after, given, holding, withdrawn
from edge.clients.register import ClientRegister
from edge.keys.clients import DataKeyGone
from edge.review.errors import NotLicensed
from edge.review.licences import Licences
from edge.schedule.book import ScheduleBook
from edge.schedule.clearing import Confirmed, cleared_anew
from edge.schedule.schedule import Schedule
from edge.store.events import SqlcipherEventStore
from shared.events.catalogue.clearance import ClearanceGiven, ClearanceWithdrawn
from shared.events.envelope import EventDraft
from shared.events.payload import PayloadModel
from shared.ids import ClientId
from shared.vocabulary import ClearanceWithdrawal

_BOX: Final = "box"
_AHEAD: Final = "SELECT DISTINCT aggregate FROM events WHERE aggregate >= ? AND aggregate < 'schedule;'"
_NAMING: Final = f"{_AHEAD} AND instr(body, ?) > 0"


class ClearanceDesk:
    """The clinic's clearances; safe to share by threads, and under the schedule's lock while it decides."""

    def __init__(
        self,
        store: SqlcipherEventStore,
        record: ClearanceRecord,
        register: ClientRegister,
        licences: Licences,
        book: ScheduleBook,
    ) -> None:
        """Keep the collaborators, and have the schedule ask here what clients are cleared for."""
        self._store = store
        self._record = record
        self._register = register
        self._licences = licences
        self._book = book
        book.confirm_by(self.confirmed)

    @property
    def licences(self) -> Licences:
        """Who may give and withdraw clearances."""
        return self._licences

    def asked_for(self) -> list[str]:
        """Return every clearance that some service of the clinic asks for, now or from some day on, each once."""
        services = (one for registry in self._book.registries_ahead() for one in registry.services)
        return list(dict.fromkeys(name for one in services for name in one.clearances))

    def known(self, client: ClientId) -> Clearances:
        """Return the last word about each of a client's clearances.

        Raises:
            ClientUnknown: not registered here, or erased.
        """
        self._register.get(client)
        return self._record.readable(client)

    def confirmed(self, client: ClientId, day: dt.date) -> frozenset[str]:
        """Return the clearances of a client that hold on a day; nobody unknown here has any."""
        return holding(self._record.readable(client), day)

    def give(self, client: ClientId, name: str, until: dt.date | None, person: str) -> None:
        """Record that a licensed professional confirms something about a client, `until` included where it is given.

        Idempotent: what is given already on the same terms is not recorded again.

        Raises:
            ClearanceUnknown: no service of the clinic asks for it.
            ClearanceOver: its last day has passed.
            NotLicensed, ClientUnknown: nothing was recorded.
            VersionConflict: another writer was faster; nothing was recorded.
        """
        if name not in self.asked_for():
            raise ClearanceUnknown(
                "clearance_unknown", "no service of the clinic's file asks for this clearance; reload the page"
            )
        self._decide(client, lambda known: given(known, name, until, self._book.today()), person)

    def withdraw(self, client: ClientId, name: str, reason: ClearanceWithdrawal, person: str) -> None:
        """Record that a clearance no longer holds; it may be given again.

        Idempotent: what was not given, or was withdrawn, is not recorded again. Visits lose their place at the next
        replan of their day, those under way excepted.

        Raises:
            NotLicensed, ClientUnknown: nothing was recorded.
            VersionConflict: another writer was faster; nothing was recorded.
        """
        self._decide(client, lambda known: withdrawn(known, name, reason), person)

    def catch_up(self) -> None:
        """Let every visit of the days to come carry what its service asks for now; idempotent.

        To be called at a start: the clinic's file may ask for other clearances than when a visit was booked. Visits of
        clients whose key is not here stay as they are.
        """
        if not self.asked_for():
            return
        with self._book.exclusively():
            for date in self._dates(_AHEAD):
                clients = dict.fromkeys(visit.client for visit in self._book.day(date).plan.active)
                for client in filter(self._is_readable, clients):
                    self._append([], client, [date], self.confirmed, _BOX)

    def _decide(
        self,
        client: ClientId,
        decide: Callable[[Clearances], Sequence[ClearanceGiven | ClearanceWithdrawn]],
        person: str,
    ) -> None:
        if all(person != one.id for one in self._licences.signers()):
            raise NotLicensed("not_licensed", "Only a licensed professional may confirm or withdraw a clearance.")
        with self._book.exclusively():
            self._register.get(client)
            known = self._record.of(client)
            decided, standing = decide(known.clearances), known.clearances
            for payload in decided:
                standing = after(standing, payload, person, self._book.now())
            own = [self._record.draft(client, payload, known, person) for payload in decided]
            dates = self._dates(_NAMING, client.encode())
            self._append(own, client, dates, lambda _, day: holding(standing, day), person)

    def _append(
        self,
        own: Sequence[EventDraft],
        client: ClientId,
        dates: Iterable[dt.date],
        confirmed: Confirmed,
        actor: str,
    ) -> None:
        """Append a decision with what it changes of these days, all or nothing."""

        def changes(day: Schedule) -> Sequence[PayloadModel]:
            return cleared_anew(self._book.registry_on(day.plan.date), confirmed, day, client)

        drafts = {date: self._book.answer(date, changes, actor, PURPOSE) for date in dates}
        told = [draft for of_day in drafts.values() for draft in of_day]
        if own or told:
            self._store.append([*own, *told])
        for date, of_day in drafts.items():
            if of_day:
                self._book.announce(date)

    def _dates(self, statement: str, *more: bytes) -> list[dt.date]:
        rows = self._store.rows(statement, (f"schedule:{self._book.today().isoformat()}", *more))
        return sorted(dt.date.fromisoformat(name.partition(":")[2]) for (name,) in rows)

    def _is_readable(self, client: ClientId) -> bool:
        try:
            self._record.of(client)
        except DataKeyGone:
            return False
        return True
