"""The review desk on a real record: names and notes opened for staff, figures as sums, the candidate unseen."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.analysis import domain as analysed
from edge.api import review_schemas as shown
from edge.api.ports import Actor
from edge.faces.errors import STATUSES
from edge.faces.review import ReviewDesk
from edge.review.domain import BundleRef
from edge.review.errors import CorrectionRefused, NotAnalysed, NotLicensed, ReviewMoved
from edge.review.examples import LabelledExamples
from edge.review.licences import RegistryLicences
from edge.review.reviews import Reviews
from edge.review.shadow_log import ShadowLog
from edge.review.signed import SignedReviews
from edge.schedule.registry import demo_registry
from edge.visits.library import CaptureLibrary
from shared.errors import Rejected
from shared.http.errors import status_of
from shared.vocabulary import ConsentDecision, ConsentPurpose, FindingType, ReviewAction, ReviewReason, Route
from tests.support.records import BoxRecord, open_box_record
from tests.support.reviews import HEIGHT, WIDTH, analysis, finding, store_capture

ACTOR = Actor("station-1", "Clinic staff")
CANDIDATE = BundleRef("secret-candidate", "9.9.9", "c" * 64)


@pytest.fixture
def box(tmp_path: Path) -> Iterator[BoxRecord]:
    record = open_box_record(tmp_path)
    yield record
    record.store.close()


@pytest.fixture
def desk(box: BoxRecord) -> ReviewDesk:
    reviews = Reviews(box.store, box.clients, RegistryLicences(demo_registry()), box.clock)
    signed = SignedReviews(reviews)
    examples = LabelledExamples(signed, box.consent, box.clients)
    library = CaptureLibrary(box.store, box.vault, box.clients)
    return ReviewDesk(reviews, signed, examples, ShadowLog(box.store), box.register, library)


def request(revision: int, *corrections: shown.NewCorrection) -> shown.CorrectionsRequest:
    return shown.CorrectionsRequest(revision=revision, corrections=list(corrections))


def remove(number: int, note: str = "") -> shown.NewCorrection:
    return shown.NewCorrection(action=ReviewAction.REMOVE, reason=ReviewReason.HAIR, finding=number, note=note)


def test_the_review_shows_what_stands_why_and_what_can_be_taken_back(box: BoxRecord, desk: ReviewDesk) -> None:
    capture = store_capture(box, box.new_client(), analysis(finding(x=10), finding(x=60)))
    retype = shown.NewCorrection(
        action=ReviewAction.RETYPE, reason=ReviewReason.WRONG_TYPE, finding=2, type=FindingType.BLEMISH
    )
    desk.correct(capture, request(0, remove(1, "a strand"), retype), ACTOR)
    found = desk.get(capture)
    assert [(item.standing, item.type, item.proposed_type) for item in found.findings] == [
        (shown.ReviewStanding.REMOVED, FindingType.SPOT, FindingType.SPOT),
        (shown.ReviewStanding.CHANGED, FindingType.BLEMISH, FindingType.SPOT),
    ]
    assert [(item.note, item.undoable, item.actor) for item in found.entries] == [
        ("a strand", True, "station-1"), ("", True, "station-1"),
    ]  # fmt: skip
    assert (found.grades[0].count, found.grades[0].proposed) == (1, found.grades[0].grade)
    assert found.signers[0].name == "Dr. Cedar"
    signed = desk.sign(capture, "aspen", 2, ACTOR)
    assert signed.signed is not None
    assert signed.signed.signer_name == "Nurse Aspen"
    assert not any(item.undoable for item in signed.entries)


def test_the_queue_names_clients_and_leaves_erased_ones_out(box: BoxRecord, desk: ReviewDesk) -> None:
    store_capture(box, box.new_client("Ada Canary"), analysis(finding(route=Route.REVIEW_REQUIRED)))
    erased = box.new_client("Ben Erased")
    store_capture(box, erased, analysis(finding()))
    assert [item.client_name for item in desk.queue(signed=False, limit=9).items] == ["Ada Canary", "Ben Erased"]
    box.clients.destroy(erased)
    (left,) = desk.queue(signed=False, limit=9).items
    assert (left.client_name, left.route, left.to_decide, left.corrected) == (
        "Ada Canary", Route.REVIEW_REQUIRED, 1, False,
    )  # fmt: skip


def test_the_queue_says_what_is_left_to_decide(box: BoxRecord, desk: ReviewDesk) -> None:
    unsure = [finding(x=x, route=Route.REVIEW_REQUIRED) for x in (10, 60)]
    capture = store_capture(box, box.new_client(), analysis(*unsure))
    assert [item.to_decide for item in desk.queue(signed=False, limit=9).items] == [2]
    desk.correct(capture, request(0, remove(1)), ACTOR)
    assert [(item.to_decide, item.corrected) for item in desk.queue(signed=False, limit=9).items] == [(1, True)]


def test_figures_are_sums_and_what_a_candidate_saw_is_shown_with_no_result(box: BoxRecord, desk: ReviewDesk) -> None:
    client = box.new_client()
    version = box.consent.texts.text("en").version
    choices = [(ConsentPurpose.MODEL_TRAINING, ConsentDecision.GRANTED)]
    box.consent.record(client, "en", version, choices, "[]", "tester")
    log = ShadowLog(box.store)
    log.switch(CANDIDATE)
    capture = store_capture(box, client, analysis(finding(x=10), finding(x=60)))
    spot = analysed.Finding(FindingType.SPOT, 0.5, analysed.Box(60, 30, 20, 20), None)
    result = analysed.AnalysisResult((spot,), (), (), WIDTH, HEIGHT)
    log.completed(log.waiting(CANDIDATE, 1)[0], CANDIDATE, result, 40)
    desk.correct(capture, request(0, remove(1)), ACTOR)
    desk.sign(capture, "aspen", 1, ACTOR)
    found = desk.statistics()
    assert (found.examples_usable, found.examples_withheld) == (1, 0)
    assert (found.bundles[0].overall.removed.count, found.bundles[0].overall.removed.small) == (1, True)
    (shadow,) = found.shadow
    assert shadow.overall.candidate.recall.value == 1.0
    for page in (desk.get(capture), desk.queue(signed=True, limit=9), desk.queue(signed=False, limit=9)):
        assert CANDIDATE.name not in page.model_dump_json()
    assert capture not in found.model_dump_json()


@pytest.mark.parametrize(
    ("error", "status"),
    [(CorrectionRefused, 422), (ReviewMoved, 409), (NotLicensed, 403), (NotAnalysed, 409)],
)
def test_each_refusal_has_its_status(error: type[Rejected], status: int) -> None:
    families = {Rejected: 422}
    assert status_of(error("code", "sentence"), families | dict(STATUSES)) == status
