"""The progress desk over a real record: what the pages get, and what they never get."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edge.api.ports import Actor
from edge.clients.register import ClientUnknown
from edge.consent.desk import ConsentMissing
from edge.faces.errors import STATUSES
from edge.faces.progress import ProgressDesk
from edge.keys.clients import ClientKeystore
from edge.progress.change import Repeats
from edge.progress.comparison import VisitComparer
from edge.progress.errors import NotAligned, NotComparable
from edge.progress.model_knowledge import ModelKnowledge
from edge.progress.similar import SimilarCases
from edge.review.licences import RegistryLicences
from edge.review.reviews import Reviews
from edge.schedule.registry import demo_registry
from edge.visits.library import CaptureLibrary, CaptureUnknown
from shared.events.catalogue.audit import PhotoRead
from shared.events.catalogue.capture import AnalysisCompleted
from shared.ids import ClientId
from shared.imaging.decode import ImageLimits
from shared.vocabulary import ConsentDecision, ConsentPurpose, LightProfile, View
from tests.support.faces import landmarker
from tests.support.records import BoxRecord, open_box_record
from tests.support.reviews import finding
from tests.support.visits import REPEATS, STANDARD, Values, Visits

ACTOR = Actor("staff-1", "Jo")
GREY = np.full((60, 80, 3), 127, dtype=np.uint8)


@pytest.fixture
def box(tmp_path: Path) -> Iterator[BoxRecord]:
    record = open_box_record(tmp_path)
    yield record
    record.store.close()


def known(_analysis: AnalysisCompleted) -> Repeats:
    return REPEATS


def desk(box: BoxRecord, keys: ClientKeystore | None = None) -> ProgressDesk:
    library = CaptureLibrary(box.store, box.vault, keys or box.clients)
    reviews = Reviews(box.store, box.clients, RegistryLicences(demo_registry()), box.clock)
    comparer = VisitComparer(library, reviews, box.consent, landmarker(), ImageLimits(), known)
    similar = SimilarCases(box.store, keys or box.clients, box.consent, lambda _space: None)
    return ProgressDesk(library, box.register, box.consent, comparer, similar, known)


def test_a_timeline_has_a_series_for_what_is_comparable_and_the_band_of_the_latest_models(box: BoxRecord) -> None:
    ada = box.new_client()
    visits = Visits(box, ada)
    first = visits.add(GREY, [finding(), finding(x=90)], values=Values(redness=0.4))
    second = visits.add(GREY, [finding()], values=Values(redness=0.5), version="1.0.3")
    renewed = visits.add(GREY, [], values=Values(), version="2.0.0")
    dark = STANDARD.model_copy(update={"light_profile": LightProfile.UNCONTROLLED})
    other_light = visits.add(GREY, [], values=Values(), version="2.0.0", metadata=dark)
    unread = visits.add(GREY, [], values=None)
    left = visits.add(GREY, [], values=Values(), metadata=STANDARD.model_copy(update={"view": View.LEFT}))
    shown = desk(box).timeline(ada)
    front, side = shown.views
    assert (front.view, side.view) == (View.FRONT, View.LEFT)
    assert [point.capture_id for point in front.points] == [first, second, renewed, other_light, unread]
    assert [point.capture_id for point in side.points] == [left]
    series = [point.series for point in front.points]
    assert series[0] == series[1]
    assert len(set(series)) == 4
    counts = [value for value in front.points[0].values if value.measure == "count" and value.region is None]
    assert [(value.value, value.low, value.high) for value in counts] == [(2, 1, 3)]
    assert front.points[-1].values == []
    assert {band.measure: band.coefficient for band in front.bands}["count"] == REPEATS["count"].coefficient


def test_a_timeline_is_refused_after_withdrawal_and_for_who_is_not_known(box: BoxRecord) -> None:
    ada = box.new_client()
    Visits(box, ada).add(GREY, [], values=Values())
    box.consent.withdraw(ada, ConsentPurpose.TREATMENT_RECORD, "", "tester")
    with pytest.raises(ConsentMissing):
        desk(box).timeline(ada)
    with pytest.raises(ClientUnknown):
        desk(box).timeline(ClientId("nobody"))


def test_what_is_not_comparable_reaches_the_page_as_sentences(box: BoxRecord) -> None:
    visits = Visits(box, box.new_client())
    front = visits.add(GREY, [], values=Values())
    left = visits.add(GREY, [], values=Values(), metadata=STANDARD.model_copy(update={"view": View.LEFT}))
    told = desk(box).compare(left, front, ACTOR)
    assert [reason.code for reason in told.not_compared] == ["other_view"]
    assert told.not_aligned == told.not_compared
    assert (told.alignment, told.face, told.marks, told.summary) == (None, None, [], "")
    with pytest.raises(NotAligned):
        desk(box).aligned(left, front, "provider_review", ACTOR)


def test_similar_cases_show_a_small_picture_and_the_look_is_on_record(box: BoxRecord) -> None:
    ada, cleo = box.new_client("Ada"), box.new_client("Cleo Secret")
    version = box.consent.texts.text("en").version
    box.consent.record(cleo, "en", version, [(ConsentPurpose.SIMILAR_CASES, ConsentDecision.GRANTED)], "[]", "tester")
    looks = [np.ones(8, dtype=np.float32)]
    asked = Visits(box, ada).add(GREY, [finding()], values=Values(), looks=looks)
    found = Visits(box, cleo).add(GREY, [finding()], values=Values(), looks=looks)
    answer = desk(box).similar(asked, 5, ACTOR)
    assert [(case.capture_id, case.same_client) for case in answer.cases] == [(found, False)]
    assert "Secret" not in answer.model_dump_json()
    assert cleo not in answer.model_dump_json()
    assert desk(box).similar_image(asked, found, "similar_cases", ACTOR).startswith(b"\xff\xd8")
    last = box.store.read(box.store.head().seq - 1, 1)[0].fields
    assert (last.type, last.client, last.purpose, last.actor) == (
        PhotoRead.event_type,
        cleo,
        "similar_cases",
        ACTOR.id,
    )


def test_nothing_can_be_opened_through_the_search_that_it_could_not_find(box: BoxRecord) -> None:
    ada, ben = box.new_client("Ada"), box.new_client("Ben")
    looks = [np.ones(8, dtype=np.float32)]
    asked = Visits(box, ada).add(GREY, [finding()], values=Values(), looks=looks)
    silent = Visits(box, ben).add(GREY, [finding()], values=Values(), looks=looks)
    start = box.store.head()
    with pytest.raises(ConsentMissing):
        desk(box).similar_image(asked, silent, "similar_cases", ACTOR)
    with pytest.raises(CaptureUnknown):
        desk(box).similar_image(asked, "nothing", "similar_cases", ACTOR)
    assert box.store.head() == start


def test_an_erased_client_is_not_compared(box: BoxRecord) -> None:
    ada = box.new_client()
    visits = Visits(box, ada)
    first, second = (visits.add(GREY, [], values=Values()) for _ in range(2))
    box.clients.destroy(ada)
    with pytest.raises(ClientUnknown):
        desk(box).compare(first, second, ACTOR)


def test_a_box_without_a_bundle_knows_of_no_repeatability(box: BoxRecord) -> None:
    visits = Visits(box, box.new_client())
    capture = visits.add(GREY, [], values=Values())
    analysis = CaptureLibrary(box.store, box.vault, box.clients).get(capture).analysis
    assert analysis is not None
    assert ModelKnowledge(None).repeats_of(analysis) == {}
    assert ModelKnowledge(None).average_of("open 1.0.0") is None


def test_errors_of_comparing_have_a_status_of_their_own() -> None:
    assert STATUSES[NotComparable] == STATUSES[NotAligned] == 409
