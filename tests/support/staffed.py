"""A clinic where people sign in: the real pages' server over a real record, with what reviews, shows and deletes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from fastapi.testclient import TestClient

from edge.api.app import create_edge_api
from edge.audit.trail import AuditTrail
from edge.config import SignInSettings
from edge.faces.actors import SignedInActors
from edge.faces.captures import CaptureDesk
from edge.faces.erasures import ErasureFace
from edge.faces.errors import STATUSES
from edge.faces.people import FilePeople, SignedInPeople
from edge.faces.progress import ProgressDesk
from edge.faces.review import ReviewDesk
from edge.progress.comparison import VisitComparer
from edge.progress.similar import SimilarCases
from edge.review.examples import LabelledExamples
from edge.review.licences import RegistryLicences, StaffLicences
from edge.review.reviews import Reviews
from edge.review.shadow_log import ShadowLog
from edge.review.signed import SignedReviews
from edge.schedule.registry import demo_registry
from edge.staff.opening import open_sign_in
from edge.staff.register import offer_from_command
from edge.staff.sign_in import SignIn
from edge.visits.library import CaptureLibrary
from shared.events.catalogue.capture import AnalysisCompleted
from shared.events.envelope import Event
from shared.imaging.decode import ImageLimits
from shared.vocabulary import StaffRole
from tests.support.edge_ports import fake_edge_ports
from tests.support.erasing import desk_of
from tests.support.faces import landmarker
from tests.support.records import BoxRecord, open_box_record
from tests.support.visits import REPEATS

PIN = "271828"
SETTINGS = SignInSettings(required=True, argon2_memory_kib=19_456, argon2_passes=2)


@dataclass
class StaffedClinic:
    """A box with sign-in, and a browser at it."""

    record: BoxRecord
    sign_in: SignIn
    browser: TestClient

    def enter(self, role: StaffRole = StaffRole.PROVIDER, name: str = "Jo Canary") -> str:
        """Sign somebody new in at the browser and return their id."""
        code = offer_from_command(self.record.keys, role, 600, self.record.clock.wall())
        answer = self.browser.post("/api/sign-in/set-up", json={"code": code, "name": name, "pin": PIN})
        return str(answer.json()["id"])

    def log(self, first: int = 1) -> list[Event]:
        """Return the box's events from a place on."""
        return self.record.store.read(first - 1, 10_000)


@contextmanager
def staffed_clinic(folder: Path) -> Iterator[StaffedClinic]:
    """Open a clinic; photographs are not taken here, and the schedule is a made-up one."""
    record = open_box_record(folder)
    sign_in, trail = open_sign_in(SETTINGS, cast("Any", record), record.ids, record.clock)  # its parts suffice
    library = CaptureLibrary(record.store, record.vault, record.clients, None, trail)
    registry = demo_registry()
    licences = StaffLicences(sign_in, RegistryLicences(registry))
    reviews = Reviews(record.store, record.clients, licences, record.clock)
    people = SignedInPeople(sign_in, FilePeople(registry))
    ports = replace(
        fake_edge_ports(),
        actors=SignedInActors(sign_in),
        sign_in=sign_in,
        captures=CaptureDesk(cast("Any", None), library, record.register, cast("Any", None), reviews),
        review=_review(record, reviews, library),
        progress=_progress(record, reviews, library),
        erasures=_erasures(record, people, trail),
    )
    try:
        with TestClient(create_edge_api(ports, statuses=STATUSES), base_url="http://localhost") as browser:
            yield StaffedClinic(record, sign_in, browser)
    finally:
        record.store.close()


def _erasures(record: BoxRecord, people: SignedInPeople, trail: AuditTrail) -> ErasureFace:
    return ErasureFace(desk_of(record), record.register, people, trail)


def _review(record: BoxRecord, reviews: Reviews, library: CaptureLibrary) -> ReviewDesk:
    signed = SignedReviews(reviews)
    examples = LabelledExamples(signed, record.consent, record.clients)
    return ReviewDesk(reviews, signed, examples, ShadowLog(record.store), record.register, library)


def _progress(record: BoxRecord, reviews: Reviews, library: CaptureLibrary) -> ProgressDesk:
    def known(_analysis: AnalysisCompleted) -> Any:
        return REPEATS

    comparer = VisitComparer(library, reviews, record.consent, landmarker(), ImageLimits(), known)
    similar = SimilarCases(record.store, record.clients, record.consent, lambda _space: None)
    return ProgressDesk(library, record.register, record.consent, comparer, similar, known)
