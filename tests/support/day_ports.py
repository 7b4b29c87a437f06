"""A clinic day in memory, behind the box's HTTP ports."""

from collections.abc import Mapping
from datetime import UTC, date, datetime

from edge.api import schedule_schemas as sched
from edge.api.ports import Actor
from edge.api.schedule_stages import Interval, Stage
from edge.api.slot_schemas import GivenUpSlot, LentSlot, LentSlots, LentState, SlotDoubt, SlotFate
from shared.http.errors import Conflict, NotFound
from tests.support.schedule_ports import ProposingSchedule, WorkedOut

DAY = date(2031, 3, 12)
NOW = datetime(2031, 3, 12, 16, 40, tzinfo=UTC)
ZONE = "America/New_York"


def at(hour: int, minute: int = 0) -> datetime:
    """A time of the clinic's day, which is four hours behind UTC."""
    return datetime(2031, 3, 12, hour + 4, minute, tzinfo=UTC)


PROVIDERS = [("ana", "Ana Ruiz", "Aesthetician"), ("ben", "Ben Cole", "Nurse, laser"), ("mia", "Mia Tran", "Nurse")]
BOOKED = [
    ("a1", "Lea Novak", "Facial", "ana", (9, 0), (10, 0), "completed"),
    ("a2", "Iris Bell", "Peel", "ana", (10, 30), (11, 45), "completed"),
    ("a3", "Noor Aziz", "Facial", "ana", (13, 0), (14, 0), "confirmed"),
    ("a4", "Sam Okoro", "Microneedling", "ana", (15, 0), (16, 30), "confirmed"),
    ("b1", "Kim Vance", "Laser", "ben", (9, 30), (11, 0), "completed"),
    ("b2", "Rosa Lind", "Laser", "ben", (12, 0), (13, 15), "in_progress"),
    ("b3", "Tom Ash", "Consultation", "ben", (14, 0), (14, 45), "confirmed"),
    ("m1", "Eva Holm", "Injectable", "mia", (9, 0), (9, 45), "no_show"),
    ("m2", "Ana Prieto", "Injectable", "mia", (12, 30), (13, 30), "arrived"),
    ("m3", "Joy Park", "Consultation", "mia", (16, 0), (17, 0), "tentative"),
]


def booked(row: tuple[str, str, str, str, tuple[int, int], tuple[int, int], str]) -> sched.Appointment:
    """An appointment of one stage."""
    ident, name, service, provider, start, end, status = row
    stage = Stage(name=service, starts_at=at(*start), ends_at=at(*end), provider_id=provider, room_id="r1")
    return sched.Appointment(
        id=ident,
        client_name=name,
        service=service,
        provider_id=provider,
        starts_at=at(*start),
        ends_at=at(*end),
        status=sched.AppointmentStatus(status),
        stages=[stage],
        notified=True,
    )


LENT = LentSlot(
    id="lease-1",
    day=DAY,
    starts_at=at(17),
    ends_at=at(17, 45),
    service="Consultation",
    stages=[Stage(name="Consultation", starts_at=at(17), ends_at=at(17, 45), provider_id="ben", room_id="r1")],
    until=at(16),
    state=LentState.LENT,
    held_until=at(17, 30),
)
DOUBTFUL = LentSlot(
    id="lease-2",
    day=DAY,
    starts_at=at(14),
    ends_at=at(14, 45),
    service="Consultation",
    stages=[Stage(name="Consultation", starts_at=at(14), ends_at=at(14, 45), provider_id="mia", room_id="r1")],
    until=at(12, 30),
    state=LentState.IN_DOUBT,
    doubt=SlotDoubt.HUB_NOT_HEARD,
    doubt_since=at(12, 30),
    held_until=at(14, 30),
)


class FakeSchedule(ProposingSchedule):
    """A day with three providers; when one is out, the first visit after now moves and the rest wait."""

    def __init__(self) -> None:
        super().__init__()
        self.revision = 1
        self.appointments = [booked(row) for row in BOOKED]
        self.replans: list[sched.Replan] = []
        self.out: tuple[str, WorkedOut] | None = None
        self.lent = [LENT]
        self.given_up: list[GivenUpSlot] = []

    def today(self) -> date:
        return DAY

    def day(self, day: date) -> sched.ScheduleDay:
        placed, unplaced = self.appointments, []
        if self.out is not None:
            _, plan = self.out
            moved = {one.appointment_id: one for one in plan.moved}
            gone = {one.appointment_id for one in plan.unplaced}
            placed = [self._moved(one, moved) for one in self.appointments if one.id not in gone]
            unplaced = plan.unplaced
        work = [Interval(starts_at=at(9), ends_at=at(18))]
        return sched.ScheduleDay(
            day=day,
            timezone=ZONE,
            now=NOW,
            revision=self.revision,
            opens_at=at(9),
            closes_at=at(18),
            providers=[
                sched.Resource(id=i, name=n, detail=d, working=work, absences=self._absences(i))
                for i, n, d in PROVIDERS
            ],
            rooms=[sched.Resource(id="r1", name="Room 1")],
            devices=[sched.Resource(id="d1", name="Laser A")],
            appointments=placed,
            unplaced=unplaced,
            replans=self.replans,
            proposals=self.proposals.open,
            services=[sched.ServiceChoice(id="facial", name="Facial", minutes=60)],
            asks_clearances=True,
            lent=self.lent,
        )

    def _absences(self, provider: str) -> list[sched.Absence]:
        if self.out is not None and provider == self.out[0]:
            return [sched.Absence(starts_at=NOW, ends_at=at(18), reason="Called in sick")]
        return [sched.Absence(starts_at=at(11, 45), ends_at=at(12, 15), reason="Lunch")] if provider == "ana" else []

    def _moved(self, one: sched.Appointment, moved: Mapping[str, sched.MovedAppointment]) -> sched.Appointment:
        if one.id not in moved:
            return one
        to = moved[one.id]
        length = one.ends_at - one.starts_at
        return one.model_copy(
            update={
                "starts_at": to.to_starts_at,
                "ends_at": to.to_starts_at + length,
                "provider_id": "mia",
                "move": sched.Move(replan_id=self.replans[0].id, from_starts_at=one.starts_at, reason=to.reason),
            }
        )

    def work_out(self, request: sched.DisruptionRequest) -> WorkedOut:
        if request.revision not in (None, self.revision):
            raise Conflict("day_changed", "The day has changed. Please look again.")
        what = request.disruption
        if not isinstance(what, sched.ProviderOut) or what.provider_id not in {i for i, _, _ in PROVIDERS}:
            raise NotFound("no_such_provider", "This provider is not in the plan.")
        hit = [a for a in self.appointments if a.provider_id == what.provider_id and a.starts_at > NOW]
        moved = [
            sched.MovedAppointment(
                appointment_id=one.id,
                client_name=one.client_name,
                service=one.service,
                from_starts_at=one.starts_at,
                to_starts_at=at(14, 0),
                from_provider_id=one.provider_id,
                to_provider_id="mia",
                reason="Mia Tran may do this and is free; the nearest time to the one booked.",
            )
            for one in hit[:1]
        ]
        unplaced = [
            sched.Unplaced(
                appointment_id=one.id,
                client_name=one.client_name,
                service=one.service,
                minutes=90,
                reason="Nobody else who may do this is free before closing.",
            )
            for one in hit[1:]
        ]
        name = next(n for i, n, _ in PROVIDERS if i == what.provider_id)
        return WorkedOut(NOW, f"{name} is out", moved, unplaced, len(self.appointments) - len(hit))

    def shown(self) -> sched.ScheduleDay:
        return self.day(DAY)

    def free_at(self) -> datetime:
        return at(14)

    def carry_out(self, proposal: str, request: sched.DisruptionRequest) -> sched.ScheduleDay:
        plan = self.work_out(request.model_copy(update={"revision": None}))
        assert isinstance(request.disruption, sched.ProviderOut)
        done = sched.Replan(
            id=proposal,
            made_at=plan.made_at,
            cause=plan.cause,
            moved=plan.moved,
            unplaced=len(plan.unplaced),
            unchanged=plan.unchanged,
            milliseconds=41,
            undoable=True,
        )
        self.replans, self.out = [done], (request.disruption.provider_id, plan)
        self.revision += 1
        return self.day(DAY)

    def recall(self, day: date, slot_id: str, actor: Actor) -> sched.ScheduleDay:
        if slot_id not in {one.id for one in self.lent}:
            raise NotFound("unknown_lease", "This slot is not lent to online booking. Please reload the day.")
        asked = {"state": LentState.ASKED_BACK}
        self.lent = [one.model_copy(update=asked) if one.id == slot_id else one for one in self.lent]
        return self.day(day)

    def slots(self) -> LentSlots:
        return LentSlots(lent=self.lent, given_up=self.given_up)

    def release(self, day: date, slot_id: str, doubt: SlotDoubt, actor: Actor) -> sched.ScheduleDay:
        slot = next((one for one in self.lent if one.id == slot_id), None)
        if slot is None:
            raise NotFound("unknown_lease", "This slot is not lent to online booking. Please reload the day.")
        if slot.doubt is not doubt:
            raise Conflict("lease_in_force", "The hub may sell this slot. Ask for it back and wait for its answer.")
        self.lent = [one for one in self.lent if one is not slot]
        self.given_up = [
            GivenUpSlot(
                id=slot.id,
                day=slot.day,
                starts_at=slot.starts_at,
                ends_at=slot.ends_at,
                service=slot.service,
                given_up_at=NOW,
                given_up_by=actor.name,
                fate=SlotFate.NOT_KNOWN,
            )
        ]
        return self.day(day)

    def hold_again(self, day: date, slot_id: str, actor: Actor) -> sched.ScheduleDay:
        if slot_id not in {one.id for one in self.given_up}:
            raise NotFound("unknown_lease", "This slot was not given up. Please reload the day.")
        self.given_up = []
        again = {"doubt": SlotDoubt.GIVEN_UP_BEFORE, "doubt_since": NOW}
        self.lent = [*self.lent, DOUBTFUL.model_copy(update=again)]
        return self.day(day)

    def set_status(self, appointment_id: str, status: sched.AppointmentStatus, actor: Actor) -> sched.ScheduleDay:
        if appointment_id not in {one.id for one in self.appointments}:
            raise NotFound("no_such_appointment", "This visit is not in the plan.")
        self.appointments = [
            one.model_copy(update={"status": status}) if one.id == appointment_id else one for one in self.appointments
        ]
        return self.day(DAY)

    def undo(self, replan_id: str, actor: Actor) -> sched.ScheduleDay:
        if self.out is None or replan_id != self.replans[0].id:
            raise NotFound("no_such_change", "There is no such change to take back.")
        self.replans = [self.replans[0].model_copy(update={"undone": True, "undoable": False})]
        self.out = None
        self.revision += 1
        return self.day(DAY)
