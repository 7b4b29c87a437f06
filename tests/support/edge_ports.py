"""A box's application in memory behind its HTTP ports, with a real photograph and a moving preview."""

import asyncio
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache

from PIL import Image
from prometheus_client import CollectorRegistry
from skimage import data

from edge.api import kiosk_schemas as kiosk
from edge.api import schedule_schemas as sched
from edge.api import schemas as s
from edge.api.ports import Actor, EdgePorts, PreviewFrame
from edge.api.schedule_stages import Interval, Stage
from edge.api.slot_schemas import LentSlot, LentState
from edge.staff.permissions import Action
from edge.staff.register import Person
from shared.errors import Rejected
from shared.http.errors import Conflict, Forbidden, NotFound, Refused, Unauthenticated
from shared.vocabulary import (
    ClockQuality,
    ConsentPurpose,
    FaceRegion,
    FindingType,
    GateProfileName,
    StaffRole,
    TreatmentCategory,
    View,
)
from tests.support.checklist_ports import FakeChecklist
from tests.support.clearance_ports import FakeClearances
from tests.support.erasure_ports import FakeErasures
from tests.support.progress_ports import FakeProgress
from tests.support.registry_ports import FakeRegistry
from tests.support.review_ports import FakeReview
from tests.support.schedule_ports import ProposingSchedule, WorkedOut
from tests.support.waitlist_ports import FakeWaitlist

DAY = date(2031, 3, 12)
NOW = datetime(2031, 3, 12, 16, 40, tzinfo=UTC)
ZONE = "America/New_York"


def at(hour: int, minute: int = 0) -> datetime:
    """A time of the clinic's day, which is four hours behind UTC."""
    return datetime(2031, 3, 12, hour + 4, minute, tzinfo=UTC)


@cache
def preview_photo() -> bytes:
    """A camera frame with that photograph's face in the middle."""
    buffer = io.BytesIO()
    frame = Image.fromarray(data.astronaut()).crop((62, 0, 382, 240))
    frame.resize((640, 480), Image.Resampling.LANCZOS).save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


@cache
def face_photo() -> bytes:
    """The face of that photograph, enlarged to a portrait."""
    buffer = io.BytesIO()
    face = Image.fromarray(data.astronaut()).crop((120, 0, 330, 280))
    face.resize((1050, 1400), Image.Resampling.LANCZOS).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


VERDICT = s.GateVerdict(
    passed=True, profile=GateProfileName.IMPORT, failures=[], measures={"sharpness": 81.0, "yaw_degrees": 3.1}
)


def capture(number: int, name: str) -> s.CaptureDetail:
    """A capture with three findings in two regions."""
    return s.CaptureDetail(
        id=f"capture-{number}",
        client_id=f"client-{number}",
        client_name=name,
        taken_at=NOW - timedelta(hours=number),
        analysed_at=NOW - timedelta(hours=number),
        view=View.FRONT,
        profile=GateProfileName.IMPORT,
        treatment=TreatmentCategory.FACIAL,
        findings=3,
        width=1050,
        height=1400,
        metadata=s.CaptureMetadata(),
        verdict=VERDICT,
        items=[
            s.Finding(
                number=1,
                type=FindingType.SPOT,
                confidence=0.87,
                region=FaceRegion.LEFT_CHEEK,
                box=s.Box(x=640, y=690, w=60, h=60),
            ),
            s.Finding(
                number=2,
                type=FindingType.BLEMISH,
                confidence=0.71,
                region=FaceRegion.LEFT_CHEEK,
                box=s.Box(x=690, y=800, w=52, h=48),
            ),
            s.Finding(
                number=3,
                type=FindingType.SPOT,
                confidence=0.63,
                region=FaceRegion.FOREHEAD,
                box=s.Box(x=470, y=330, w=46, h=44),
            ),
        ],
        measures=[
            s.RegionMeasure(region=region, ita_degrees=38 + i, redness_a=12.4 + i, lightness=66.0 - i, pixels=9000)
            for i, region in enumerate((FaceRegion.FOREHEAD, FaceRegion.LEFT_CHEEK, FaceRegion.RIGHT_CHEEK))
        ],
        models=[s.ModelVersion(name="lesion_yolov10n", version="0.1.0", sha256="ab" * 32)],
    )


class FakeActors:
    """One signed-in provider, or nobody when a test says so; with every right, or those that it leaves."""

    signed_in = True
    rights = frozenset(Action)

    def actor(self, headers: Mapping[str, str]) -> Actor:
        if not self.signed_in:
            raise Unauthenticated("not_signed_in", "Please sign in.")
        return Actor(id="staff-1", name="Jo")

    def acting(self, headers: Mapping[str, str], named: str | None) -> str:
        return named or self.actor(headers).id

    def permit(self, headers: Mapping[str, str], action: Action, *, by_hand: bool) -> None:
        if action is not Action.PUBLIC:
            self.actor(headers)
            if action not in self.rights:
                raise Forbidden("not_permitted", "Your role does not allow this. Ask a manager.")

    def allowed(self, headers: Mapping[str, str]) -> frozenset[Action]:
        self.actor(headers)
        return self.rights


class FakeSignIn:
    """One person who is always signed in."""

    person_here = Person("staff-1", "Jo", StaffRole.PROVIDER, active=True)

    def people(self) -> list[Person]:
        return [self.person_here]

    def set_up(self, code: str, name: str, pin: str) -> tuple[str, Person]:
        return "token", self.person_here

    def start(self, staff: str, pin: str) -> tuple[str, Person]:
        return "token", self.person_here

    def unlock(self, token: str, pin: str) -> Person:
        return self.person_here

    def end(self, token: str) -> None:
        pass

    def person(self, token: str) -> Person:
        return self.person_here

    def break_glass(self, token: str, reason: str) -> int:
        return 60

    def change_pin(self, token: str, current: str, new: str) -> None:
        pass

    def invite(self, token: str, role: StaffRole) -> str:
        return "0000-1111"

    def deactivate(self, token: str, staff: str) -> None:
        pass


class FakeStatus:
    """A box whose link a test can cut."""

    online = True
    ready = True

    def status(self) -> s.Status:
        waiting = 0 if self.online else 37
        return s.Status(
            now=NOW,
            device_id="box-1",
            device_name="Front room",
            location_id="harbor",
            location_name="Harbor Street",
            timezone=ZONE,
            clock=ClockQuality.SYNCHRONISED,
            link=s.Link(online=self.online, since=NOW - timedelta(minutes=12)),
            backlog=s.Backlog(events=waiting, images=waiting // 6),
            disk=s.Disk(total_bytes=10**12, free_bytes=7 * 10**11),
            versions=[s.ComponentVersion(name="medspasync", version="0.1.0")],
        )

    def readiness(self) -> s.Readiness:
        return s.Readiness(ready=self.ready, parts={"store": self.ready, "camera": True})


class FakeClients:
    """Clients in a list."""

    def __init__(self) -> None:
        self.known = [s.Client(id="client-1", name="Ana Prieto", captures=2)]

    def search(self, query: str, limit: int, actor: Actor) -> list[s.Client]:
        return [one for one in self.known if query.lower() in one.name.lower()][:limit]

    def create(self, new: s.NewClient, actor: Actor) -> s.Client:
        self.known.append(s.Client(id=f"client-{len(self.known) + 1}", name=new.name, language=new.language))
        return self.known[-1]


TEXTS = {
    "en": s.ConsentText(
        language="en",
        version="2031-01",
        title="Your photographs",
        paragraphs=[
            "We photograph your face so that your provider can see how your skin looks today and compare it later.",
            "The photographs are encrypted on this clinic's own computer. You decide what else they may be used for.",
        ],
        purposes=[
            s.ConsentPurposeText(
                purpose=ConsentPurpose.TREATMENT_RECORD,
                title="Keep them in my record",
                text="Seen by the people who treat you.",
                required=True,
            ),
            s.ConsentPurposeText(
                purpose=ConsentPurpose.MODEL_TRAINING,
                title="Help improve the analysis",
                text="They never leave the clinic for this.",
                required=False,
            ),
            s.ConsentPurposeText(
                purpose=ConsentPurpose.MARKETING,
                title="Show them to others",
                text="Only with a second question each time.",
                required=False,
            ),
        ],
    )
}


class FakeConsent:
    """One text, in English; the kiosk also asks for it in Spanish and gets it relabelled."""

    def text(self, language: str) -> s.ConsentText:
        if language not in TEXTS:
            raise NotFound("no_such_language", "The consent is not available in this language.")
        return TEXTS[language]

    def record(self, client_id: str, answer: s.ConsentAnswer, actor: Actor) -> list[s.ConsentRecord]:
        if answer.text_version != TEXTS["en"].version:
            raise Conflict("text_changed", "The text has changed. Please read it again.")
        return [s.ConsentRecord(purpose=one.purpose, decision=one.decision, recorded_at=NOW) for one in answer.choices]


class FakeCaptures:
    """Two captures of one real photograph; each read of the pixels is written down."""

    def __init__(self) -> None:
        self.items = [capture(1, "Ana Prieto"), capture(2, "Lea Novak")]
        self.reads: list[tuple[str, str, str]] = []

    def import_photo(self, photo: bytes, request: s.ImportRequest, actor: Actor) -> s.ImportResult:
        if not photo.startswith(b"\xff\xd8"):
            raise Rejected("not_an_image", "This file is not a photograph. Please choose a JPEG.")
        if request.client_id == "client-9":
            failure = s.GateFailure(code="no_face", sentence="Please choose a photograph of a face.", limit="1 face")
            failed = VERDICT.model_copy(update={"passed": False, "failures": [failure]})
            return s.ImportResult(verdict=failed)
        return s.ImportResult(verdict=VERDICT, capture=self.items[0])

    def latest(self, client_id: str | None, limit: int) -> list[s.CaptureSummary]:
        fields = s.CaptureSummary.model_fields.keys()
        chosen = [one for one in self.items if client_id in (None, one.client_id)]
        return [s.CaptureSummary(**one.model_dump(include=set(fields))) for one in chosen[:limit]]

    def detail(self, capture_id: str) -> s.CaptureDetail:
        for one in self.items:
            if one.id == capture_id:
                return one
        raise NotFound("no_such_capture", "This photograph is not here.")

    def image(self, capture_id: str, purpose: str, actor: Actor) -> bytes:
        self.detail(capture_id)
        self.reads.append((capture_id, purpose, actor.id))
        return face_photo()


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
    starts_at=at(17),
    ends_at=at(17, 45),
    service="Consultation",
    stages=[Stage(name="Consultation", starts_at=at(17), ends_at=at(17, 45), provider_id="ben", room_id="r1")],
    until=at(16),
    state=LentState.LENT,
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


POINTS = [(0.5 + 0.15 * math.cos(a / 9), 0.5 + 0.3 * math.sin(a / 9)) for a in range(57)]
FRAMES_TO_HOLD = 30


class FakeStation:
    """A visit of two views: a still face passes after a second, the shot is shown, the next view follows.

    A test that looks at each of them sets `steps`, how many more may pass: a busy machine draws fewer pictures.
    """

    def __init__(self) -> None:
        self.steps: int | None = None
        self.messages: asyncio.Queue[kiosk.KioskServerMessage] = asyncio.Queue()
        self.phase = kiosk.KioskPhase.WELCOME
        self.views = [View.FRONT, View.LEFT]
        self.taken = 0
        self.seq = 0
        self.held = 0
        self.language = "en"
        self.accepted_consent: s.ConsentAnswer | None = None
        self.jpeg = preview_photo()
        self.messages.put_nowait(self._state())

    def _state(self, ended: str | None = None) -> kiosk.KioskState:
        current = self.views[self.taken] if self.taken < len(self.views) else None
        steps = [
            kiosk.ViewProgress(
                view=view,
                state=kiosk.ViewState.TAKEN
                if i < self.taken
                else kiosk.ViewState.CURRENT
                if i == self.taken
                else kiosk.ViewState.PENDING,
            )
            for i, view in enumerate(self.views)
        ]
        return kiosk.KioskState.model_validate(
            {
                "now": NOW,
                "phase": self.phase,
                "language": self.language,
                "first_name": "Ana",
                "view": current,
                "guests": [kiosk.Guest(appointment_id="m2", first_name="Ana", starts_at=NOW)],
                "views": steps,
                "ended": ended,
                "consent": TEXTS["en"] if self.phase is kiosk.KioskPhase.CONSENT else None,
            }
        )

    async def handle(self, message: kiosk.KioskClientMessage, actor: Actor) -> None:
        if isinstance(message, kiosk.Begin):
            self.phase, self.language = kiosk.KioskPhase.CONSENT, message.language
        elif isinstance(message, kiosk.Consent):
            if self.phase is not kiosk.KioskPhase.CONSENT:
                raise Refused("not_now", "Please begin first.")
            self.accepted_consent, self.phase = message.answer, kiosk.KioskPhase.FRAMING
        elif isinstance(message, kiosk.Cancel):
            self.phase, self.taken = kiosk.KioskPhase.WELCOME, 0
        self.messages.put_nowait(self._state())

    async def next_message(self) -> kiosk.KioskServerMessage:
        return await self.messages.get()

    async def next_frame(self) -> PreviewFrame:
        while self.phase not in (kiosk.KioskPhase.FRAMING, kiosk.KioskPhase.SHOT):  # noqa: ASYNC110  # a fake camera ticks
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.02)
        self.seq += 1
        self.held += 1
        self._advance()
        target = kiosk.TargetShape(cx=0.5, cy=0.48, rx=0.2, ry=0.4, yaw_degrees=-35 if self.taken else 0)
        header = kiosk.PreviewHeader(
            seq=self.seq,
            width=640,
            height=480,
            target=target,
            matched=self.held > FRAMES_TO_HOLD // 2,
            hold=min(1.0, max(0.0, (self.held - FRAMES_TO_HOLD / 2) / (FRAMES_TO_HOLD / 2))),
            points=POINTS,
            hint=kiosk.Hint(code="come_closer", sentence="Please come a little closer."),
        )
        return PreviewFrame(header=header, jpeg=self.jpeg)

    def _advance(self) -> None:
        if self.held < FRAMES_TO_HOLD or self.steps == 0:
            return
        if self.steps is not None:
            self.steps -= 1
        if self.phase is kiosk.KioskPhase.FRAMING:
            self.phase, self.held = kiosk.KioskPhase.SHOT, 0
            self.messages.put_nowait(self._state())
            view = self.views[self.taken]
            self.messages.put_nowait(kiosk.ShotResult(view=view, accepted=True, sentence="Good."))
        elif self.phase is kiosk.KioskPhase.SHOT:
            self.taken, self.held = self.taken + 1, 0
            done = self.taken == len(self.views)
            self.phase = kiosk.KioskPhase.DONE if done else kiosk.KioskPhase.FRAMING
            self.messages.put_nowait(self._state("completed" if done else None))

    async def close(self) -> None:
        return None


@dataclass
class FakeKiosk:
    """Hands each page a station of its own and remembers the last."""

    stations: list[FakeStation] = field(default_factory=list)

    async def connect(self) -> FakeStation:
        self.stations.append(FakeStation())
        return self.stations[-1]


def fake_edge_ports() -> EdgePorts:
    """A whole box in memory; the fakes are reachable through the ports' fields."""
    captures = FakeCaptures()
    return EdgePorts(
        actors=FakeActors(),
        sign_in=FakeSignIn(),
        status=FakeStatus(),
        clients=FakeClients(),
        consent=FakeConsent(),
        captures=captures,
        schedule=FakeSchedule(),
        clearances=FakeClearances(),
        checklist=FakeChecklist(),
        waitlist=FakeWaitlist(),
        registry=FakeRegistry(),
        review=FakeReview(captures.items),
        progress=FakeProgress(),
        erasures=FakeErasures(),
        kiosk=FakeKiosk(),
        metrics=CollectorRegistry(),
    )
