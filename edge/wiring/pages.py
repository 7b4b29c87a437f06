"""What the pages ask: every desk behind the routes, and the state of the box."""

from prometheus_client import CollectorRegistry

from edge.api.ports import EdgePorts
from edge.api.schemas import ComponentVersion
from edge.faces.captures import CaptureDesk
from edge.faces.checklist import BoxFacts, ChecklistDesk
from edge.faces.clearances import ClearanceFace
from edge.faces.clients import ClientDesk, ConsentForms
from edge.faces.erasures import ErasureFace
from edge.faces.progress import ProgressDesk
from edge.faces.registry import RegistryDesk
from edge.faces.review import ReviewDesk
from edge.faces.schedule import ScheduleDesk
from edge.faces.slots import SlotView
from edge.faces.status import BoxStatus
from edge.faces.waitlist import WaitlistDesk
from edge.metrics import BoxMetrics
from edge.progress.comparison import VisitComparer
from edge.progress.model_knowledge import ModelKnowledge
from edge.progress.similar import SimilarCases
from edge.review.examples import LabelledExamples
from edge.review.reviews import Reviews
from edge.review.shadow_log import ShadowLog
from edge.review.signed import SignedReviews
from edge.schedule.orchestration.book import ChecklistBook
from edge.schedule.slot_history import SlotHistory
from edge.wiring.clinic import Clinic
from edge.wiring.core import Core
from edge.wiring.hub import HubSide
from edge.wiring.photographs import Photographs


def make_status(core: Core, photographs: Photographs, hub: HubSide) -> BoxStatus:
    """Return what tells the state of store, link, disk and models."""
    vision, record = photographs.vision, core.record
    models = [ComponentVersion(name=item.name, version=item.version) for item in vision.versions]
    versions = [ComponentVersion(name="software", version=core.software), *models]
    camera, served = photographs.kiosk.camera_ready, vision.served
    status = BoxStatus(core.settings, record.store, record.vault, hub.link, core.clock, versions, camera, served)
    status.show_hub_log(hub.watch)
    status.show_care(hub.care)
    return status


def make_ports(core: Core, clinic: Clinic, photographs: Photographs, hub: HubSide, status: BoxStatus) -> EdgePorts:
    """Return what the routes call."""
    record, library = core.record, photographs.library
    metrics = BoxMetrics(CollectorRegistry())
    metrics.watch(status, hub.link, hub.certificate_days)
    people, licences = clinic.people()
    slots = SlotView(clinic.book, clinic.slots, SlotHistory(record.store), people)
    reviews = Reviews(record.store, record.clients, licences, core.clock)
    import_gate = photographs.vision.import_gate
    return EdgePorts(
        actors=clinic.actors(),
        sign_in=clinic.sign_in,
        status=status,
        clients=ClientDesk(clinic.register, clinic.consent, library),
        consent=ConsentForms(clinic.consent, clinic.register, core.clock),
        captures=CaptureDesk(photographs.intake, library, clinic.register, import_gate, reviews),
        schedule=ScheduleDesk(clinic.book, clinic.register, clinic.slots, slots),
        clearances=ClearanceFace(clinic.clearances, clinic.book),
        checklist=_checklist_desk(core, clinic, photographs),
        waitlist=WaitlistDesk(clinic.waitlist, clinic.register),
        registry=RegistryDesk(clinic.editor, people),
        review=_review_desk(core, clinic, photographs, reviews),
        progress=_progress_desk(core, clinic, photographs, reviews),
        erasures=ErasureFace(clinic.erasures, clinic.register, people, clinic.trail),
        kiosk=photographs.kiosk,
        metrics=metrics.registry,
    )


def _checklist_desk(core: Core, clinic: Clinic, photographs: Photographs) -> ChecklistDesk:
    facts = BoxFacts(clinic.consent, photographs.library, clinic.book.zone)
    return ChecklistDesk(ChecklistBook(core.record.store, clinic.book, facts), clinic.register)


def _review_desk(core: Core, clinic: Clinic, photographs: Photographs, reviews: Reviews) -> ReviewDesk:
    signed = SignedReviews(reviews)
    clinic.eraser.on_erased(signed.forget)
    examples = LabelledExamples(signed, clinic.consent, core.record.clients)
    shadow = ShadowLog(core.record.store)
    return ReviewDesk(reviews, signed, examples, shadow, clinic.register, photographs.library)


def _progress_desk(core: Core, clinic: Clinic, photographs: Photographs, reviews: Reviews) -> ProgressDesk:
    record, consent, library, vision = core.record, clinic.consent, photographs.library, photographs.vision
    known = ModelKnowledge(vision.bundle)
    limits = core.settings.capture.limits
    comparer = VisitComparer(library, reviews, consent, vision.landmarker, limits, known.repeats_of)
    clinic.eraser.on_erased(comparer.forget)
    similar = SimilarCases(record.store, record.clients, consent, known.average_of)
    return ProgressDesk(library, clinic.register, consent, comparer, similar, known.repeats_of)
