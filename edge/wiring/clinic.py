"""The clinic's people and its day: clients and what they allow, staff, the schedule, deletions."""

import datetime as dt
from collections.abc import Mapping

from edge.api.ports import ActorPort
from edge.clearances.desk import ClearanceDesk
from edge.clearances.record import ClearanceRecord
from edge.clients.erasure import ClientEraser
from edge.clients.erasure_desk import ErasureDesk
from edge.clients.register import ClientRegister
from edge.config import LendingSettings
from edge.consent.desk import ConsentDesk
from edge.consent.texts import load_consent_texts
from edge.faces.actors import SignedInActors, StationActors
from edge.faces.people import FilePeople, People, SignedInPeople
from edge.review.licences import Licences, RegistryLicences, StaffLicences
from edge.schedule.book import ScheduleBook
from edge.schedule.changing.book import RegistryBook, clinic_date
from edge.schedule.changing.editor import RegistryEditor
from edge.schedule.domain import Span
from edge.schedule.errors import InvalidClinic
from edge.schedule.ids import ServiceId
from edge.schedule.lending import LendingPolicy
from edge.schedule.night_book import NightBook
from edge.schedule.night_workers import DayCloser, NightRoller
from edge.schedule.online import OnlineDesk
from edge.schedule.registry import Registry
from edge.schedule.slot_desk import SlotDesk
from edge.schedule.waitlist_book import WaitlistBook
from edge.schedule.waitlist_worker import WaitlistWorker
from edge.staff.opening import open_sign_in
from edge.store.hub_life import HubLife
from edge.sync.inbox import Handler
from edge.wiring.core import Core
from shared.events.catalogue.erasure import ErasureAgreed, ErasureAsked, ErasureConfirmed
from shared.events.catalogue.slots import SlotExpired, SlotReturned, SlotSold
from shared.events.catalogue.system import BookingRequested


class Clinic:
    """What is known of people and appointments, each kind with its one desk."""

    def __init__(self, core: Core) -> None:
        self._core = core
        record, clinic = core.record, core.settings.clinic
        self.consent = ConsentDesk(record.store, load_consent_texts(), core.clock)
        self.register = ClientRegister(record.store, record.clients, core.ids)
        self.registry = RegistryBook(record.store, core.ids, clinic.registry, clinic_date(core.clock, clinic.timezone))
        self.book = ScheduleBook(record.store, self.registry, core.ids, core.clock, clinic.timezone, core.threads)
        self.editor = RegistryEditor(self.registry, self.book, core.settings.lending.services)
        rules = core.settings.waitlist.rules()
        self.waitlist = WaitlistBook(record.store, self.book, core.ids, rules=rules)
        self.waitlist_worker = WaitlistWorker(self.waitlist)
        self.day_closer = DayCloser(self.book, core.clock)
        rolling = core.settings.rolling
        self.nights = NightBook(record.store, self.book, core.ids, core.clock, core.threads, rolling)
        self.night_roller = NightRoller(self.nights, core.clock) if rolling.enabled else None
        life, policy = HubLife(record.store), lending_policy(core.settings.lending, self.registry.current())
        self.slots = SlotDesk(self.book, policy, life.epoch, core.clock, core.ids)
        self.sign_in, self.trail = open_sign_in(core.settings.sign_in, record, core.ids, core.clock)
        self.erasures = ErasureDesk(record.store, core.ids)
        self.eraser = ClientEraser(record.store, record.clients, record.vault)
        self.eraser.on_erased(self.register.forget)
        self.eraser.on_erased(self.waitlist.forget)
        given = ClearanceRecord(record.store, record.clients)
        self.clearances = ClearanceDesk(record.store, given, self.register, self.people()[1], self.book)

    def answers(self) -> Mapping[str, Handler]:
        """Return who answers what the hub sends down for people and appointments."""
        return {
            BookingRequested.event_type: OnlineDesk(self.book).answer,
            SlotSold.event_type: self.slots.answer_sold,
            SlotReturned.event_type: self.slots.answer_returned,
            SlotExpired.event_type: self.slots.answer_expired,
            ErasureAsked.event_type: self.erasures.asked_in_portal,
            ErasureAgreed.event_type: self.erasures.agreed_in_portal,
            ErasureConfirmed.event_type: self.erasures.confirmed_by_hub,
        }

    def actors(self) -> ActorPort:
        """Return what tells who stands before a page."""
        if self._core.settings.sign_in.required:
            return SignedInActors(self.sign_in)
        return StationActors(self._core.device)

    def people(self) -> tuple[People, Licences]:
        """Return who may ask and decide, and who may sign."""
        people, licences = FilePeople(self.registry), RegistryLicences(self.registry)
        if self._core.settings.sign_in.required:
            return SignedInPeople(self.sign_in, people), StaffLicences(self.sign_in, licences)
        return people, licences


def lending_policy(chosen: LendingSettings, registry: Registry) -> LendingPolicy:
    """Return what is lent to the hub, from the settings.

    Raises:
        InvalidClinic: they name a service that the clinic does not have.
    """
    offered = {service.id for service in registry.services}
    for name in chosen.services:
        if name not in offered:
            raise InvalidClinic("unknown_service", f"lending.services: the clinic has no service {name!r}")
    return LendingPolicy(
        per_service=chosen.per_service,
        services=frozenset(map(ServiceId, chosen.services)),
        days_ahead=chosen.days_ahead,
        protected=tuple(Span(*map(_minute, hours.split("-"))) for hours in chosen.protected),
        lease=dt.timedelta(hours=chosen.lease_hours),
        notice=chosen.notice_minutes,
    )


def _minute(text: str) -> int:
    hour, minute = map(int, text.split(":"))
    return hour * 60 + minute
