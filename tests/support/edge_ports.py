"""A box's application in memory behind its HTTP ports, with a real photograph and a moving preview."""

import io
from collections.abc import Mapping
from datetime import timedelta
from functools import cache

from PIL import Image
from prometheus_client import CollectorRegistry
from skimage import data

from edge.api import schemas as s
from edge.api.ports import Actor, EdgePorts
from edge.staff.permissions import Action
from edge.staff.register import Person
from shared.errors import Rejected
from shared.http.errors import Conflict, Forbidden, NotFound, Unauthenticated
from shared.vocabulary import (
    ClockQuality,
    FaceRegion,
    FindingType,
    GateProfileName,
    StaffRole,
    TreatmentCategory,
    View,
)
from tests.support.checklist_ports import FakeChecklist
from tests.support.clearance_ports import FakeClearances
from tests.support.day_ports import NOW, ZONE, FakeSchedule
from tests.support.erasure_ports import FakeErasures
from tests.support.kiosk_ports import TEXTS, FakeKiosk
from tests.support.progress_ports import FakeProgress
from tests.support.registry_ports import FakeRegistry
from tests.support.review_ports import FakeReview
from tests.support.waitlist_ports import FakeWaitlist


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
