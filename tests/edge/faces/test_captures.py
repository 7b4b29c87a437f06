from collections.abc import Iterator
from pathlib import Path

import pytest
from skimage import data

from edge.api import schemas
from edge.api.ports import Actor
from edge.clients.register import ClientUnknown
from edge.consent.desk import ConsentMissing
from edge.faces.captures import CaptureDesk
from edge.review.domain import Correction
from edge.review.licences import RegistryLicences
from edge.review.reviews import NotedCorrection, Reviews
from edge.schedule.registry import demo_registry
from edge.visits.intake import CaptureIntake
from edge.visits.library import CaptureLibrary, CaptureUnknown
from shared.events.catalogue.audit import PhotoRead
from shared.imaging.decode import ImageLimits, ImageRejected
from shared.vocabulary import Concern, GateProfileName, ReviewAction, ReviewReason, View
from tests.edge.faces.station import ScriptedEyes
from tests.support.photos import astronaut_jpeg, jpeg
from tests.support.records import BoxRecord, open_box_record

ACTOR = Actor("station-1", "Clinic staff")


@pytest.fixture
def record(tmp_path: Path) -> Iterator[BoxRecord]:
    record = open_box_record(tmp_path)
    yield record
    record.store.close()


def reviews(record: BoxRecord) -> Reviews:
    return Reviews(record.store, record.clients, RegistryLicences(demo_registry()), record.clock)


@pytest.fixture
def desk(record: BoxRecord) -> CaptureDesk:
    eyes = ScriptedEyes()
    intake = CaptureIntake(
        record.store, record.vault, record.clients, record.consent, eyes, eyes, record.ids, ImageLimits()
    )
    library = CaptureLibrary(record.store, record.vault, record.clients)
    return CaptureDesk(intake, library, record.register, eyes, reviews(record))


def wish(client: str, **metadata: object) -> schemas.ImportRequest:
    return schemas.ImportRequest(
        client_id=client, view=View.LEFT, metadata=schemas.CaptureMetadata(camera="import", **metadata)
    )


def test_an_imported_photograph_is_shown_with_what_was_found_and_how_it_was_taken(
    record: BoxRecord, desk: CaptureDesk
) -> None:
    client = record.new_client("Ada Canary")
    request = wish(client, concerns=[Concern.GENERAL], days_since_last_visit=12, tone=5, reason="a planted note")
    done = desk.import_photo(astronaut_jpeg(), request, ACTOR)
    assert done.verdict.passed
    shown = done.capture
    assert shown is not None
    assert shown == desk.detail(shown.id)
    assert (shown.client_id, shown.client_name, shown.view, shown.findings) == (client, "Ada Canary", View.LEFT, 1)
    assert (shown.width, shown.height, shown.profile) == (400, 400, GateProfileName.KIOSK)
    assert (shown.metadata.days_since_last_visit, shown.metadata.tone, shown.metadata.reason) == (12, 5, "")
    (finding,) = shown.items
    assert (finding.number, finding.box, finding.confidence) == (1, schemas.Box(x=1, y=2, w=3, h=4), 0.5)
    assert shown.models[0].name == "scripted"
    assert shown.taken_at == record.clock.wall()
    assert b"planted" not in b"".join(event.body for event in record.store.read(0, 100))


def test_a_photograph_the_gate_refuses_is_no_capture_and_says_why(record: BoxRecord, desk: CaptureDesk) -> None:
    client = record.new_client()
    done = desk.import_photo(jpeg(data.astronaut() * 0), wish(client), ACTOR)
    assert (done.capture, done.verdict.passed) == (None, False)
    assert [(item.code, bool(item.sentence)) for item in done.verdict.failures] == [("no_face", True)]
    assert desk.latest(None, 10) == []


def test_what_is_no_photograph_or_has_no_consent_or_no_client_is_refused(record: BoxRecord, desk: CaptureDesk) -> None:
    with pytest.raises(ImageRejected):
        desk.import_photo(b"no photograph", wish(record.new_client()), ACTOR)
    with pytest.raises(ConsentMissing):
        desk.import_photo(astronaut_jpeg(), wish(record.new_client(consents=False)), ACTOR)
    with pytest.raises(ClientUnknown):
        desk.import_photo(astronaut_jpeg(), wish("nobody"), ACTOR)
    assert desk.latest(None, 10) == []


def test_the_latest_captures_come_first_and_may_be_of_one_client(record: BoxRecord, desk: CaptureDesk) -> None:
    ada, ben = record.new_client("Ada"), record.new_client("Ben")
    made = []
    for client in (ada, ben, ada):
        record.clock.advance(60)
        made.append(desk.import_photo(astronaut_jpeg(), wish(client), ACTOR).capture.id)
    assert [item.id for item in desk.latest(None, 10)] == made[::-1]
    assert [item.id for item in desk.latest(ada, 10)] == [made[2], made[0]]
    assert [item.id for item in desk.latest(None, 1)] == [made[2]]


def test_the_original_is_returned_as_it_came_and_the_look_is_on_record_first(
    record: BoxRecord, desk: CaptureDesk
) -> None:
    capture = desk.import_photo(astronaut_jpeg(), wish(record.new_client()), ACTOR).capture.id
    assert desk.image(capture, "treatment", ACTOR) == astronaut_jpeg()
    last = record.store.read(record.store.head().seq - 1, 1)[0].fields
    assert (last.type, last.actor, last.purpose) == (PhotoRead.event_type, ACTOR.id, "treatment")


def test_a_capture_nobody_knows_is_said_to_be_unknown(record: BoxRecord, desk: CaptureDesk) -> None:
    head = record.store.head()
    with pytest.raises(CaptureUnknown):
        desk.detail("nothing")
    with pytest.raises(CaptureUnknown):
        desk.image("nothing", "treatment", ACTOR)
    assert record.store.head() == head


def test_a_result_counts_as_signed_only_while_a_signature_stands(record: BoxRecord, desk: CaptureDesk) -> None:
    capture = desk.import_photo(astronaut_jpeg(), wish(record.new_client()), ACTOR).capture.id
    book = reviews(record)
    assert (desk.detail(capture).signed, desk.detail(capture).signed_at) == (False, None)
    agreed = NotedCorrection(Correction(ReviewAction.CONFIRM, ReviewReason.AGREED, 1))
    book.correct(capture, [agreed], 0, ACTOR.id)
    assert not desk.detail(capture).signed
    book.sign(capture, "aspen", 1, ACTOR.id)
    assert (desk.detail(capture).signed, desk.detail(capture).signed_at) == (True, record.clock.wall())
    book.reopen(capture, "", 2, ACTOR.id)
    assert not desk.detail(capture).signed
