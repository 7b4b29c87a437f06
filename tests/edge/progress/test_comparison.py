"""Two visits of one person compared through the real record, with real photographs and known changes."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.consent.desk import ConsentMissing
from edge.keys.clients import DataKeyGone
from edge.progress.change import Direction, Repeats
from edge.progress.comparison import Comparison, VisitComparer
from edge.progress.errors import NotAligned, NotComparable
from edge.progress.marks import MarkKind, summary
from edge.progress.readings import LIGHT_MEASURES, Measure
from edge.progress.verdict import ProblemCode
from edge.review.domain import Correction
from edge.review.licences import RegistryLicences
from edge.review.reviews import NotedCorrection, Reviews
from edge.schedule.registry import demo_registry
from edge.visits.library import CaptureLibrary
from shared.events.catalogue.audit import PhotoRead
from shared.events.catalogue.capture import AnalysisCompleted, CaptureMetadata, FindingFound
from shared.imaging.decode import ImageLimits
from shared.imaging.image import RgbImage
from shared.vision.face_map import inter_eye_pixels
from shared.vocabulary import (
    ConsentPurpose,
    FaceRegion,
    FindingType,
    LightProfile,
    ReviewAction,
    ReviewReason,
    SkinState,
    View,
)
from tests.support.faces import landmarker, portrait
from tests.support.records import BoxRecord, open_box_record
from tests.support.second_visit import Warp, relit
from tests.support.visits import REPEATS, STANDARD, Drawn, Values, Visits, draw, found, moved

BLEMISH, PUSTULE, SPOT = FindingType.BLEMISH, FindingType.PUSTULE, FindingType.SPOT


@cache
def face_photo() -> RgbImage:
    enlarged: RgbImage = cv2.resize(portrait(), None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    return enlarged


@cache
def first_face():  # the landmarker's own type
    return landmarker().detect(face_photo())[0]


def on_face(point: int, dx: float = 0.0, dy: float = 0.0, radius: float = 0.03, kind: FindingType = SPOT) -> Drawn:
    """A feature beside a mesh point; lengths in inter-eye distances."""
    face = first_face()
    unit = inter_eye_pixels(face.points)
    x, y = face.points[point]
    return Drawn(float(x) + dx * unit, float(y) + dy * unit, radius * unit, kind)


# Client's right cheek, left cheek, forehead, chin, beside the nose.
STAYS = (on_face(50), on_face(280, kind=BLEMISH), on_face(151), on_face(199))
GOES = (on_face(205, kind=PUSTULE), on_face(425))
COMES = (on_face(330, dy=0.12, kind=BLEMISH),)


def warp(**changes: object) -> Warp:
    face = first_face()
    centre = face.points.mean(axis=0)
    found_at = Warp((float(centre[0]), float(centre[1])), inter_eye_pixels(face.points), 2.5, 0.96, (0.06, -0.04), 0.03)
    return replace(found_at, **changes)  # type: ignore[arg-type]


@pytest.fixture
def box(tmp_path: Path) -> Iterator[BoxRecord]:
    record = open_box_record(tmp_path)
    yield record
    record.store.close()


@pytest.fixture
def visits(box: BoxRecord) -> Visits:
    return Visits(box, box.new_client())


def known(_analysis: AnalysisCompleted) -> Repeats:
    return REPEATS


def reviews_of(box: BoxRecord) -> Reviews:
    return Reviews(box.store, box.clients, RegistryLicences(demo_registry()), box.clock)


def comparer(box: BoxRecord, repeats: Repeats = REPEATS) -> VisitComparer:
    library = CaptureLibrary(box.store, box.vault, box.clients)
    reviews = reviews_of(box)
    return VisitComparer(library, reviews, box.consent, landmarker(), ImageLimits(), lambda _analysis: repeats)


def first_visit(visits: Visits, **options: object) -> str:
    before = (*STAYS, *GOES)
    features = found(before, first_face(), jitter=0.7, seed=1)
    return visits.add(draw(face_photo(), before), features, **({"values": Values()} | options))  # type: ignore[arg-type]


def second_visit(visits: Visits, seen: Warp | None = None, **options: object) -> str:
    image, features = taken_again((*STAYS, *COMES), seen or warp())
    return visits.add(image, features, **({"values": Values()} | options))  # type: ignore[arg-type]


@cache
def taken_again(features: tuple[Drawn, ...], seen: Warp) -> tuple[RgbImage, list[FindingFound]]:
    """A second photograph with these features on it, and how they would be outlined."""
    image = relit(seen.photograph(draw(face_photo(), features)), 3)
    return image, found(moved(features, seen), landmarker().detect(image)[0], jitter=0.7, seed=2)


def kinds(comparison: Comparison, kind: MarkKind) -> list[tuple[int | None, int | None]]:
    return [(mark.number, mark.other_number) for mark in comparison.marks if mark.kind is kind]


def test_what_stayed_came_and_went_is_told_on_the_later_photograph(box: BoxRecord, visits: Visits) -> None:
    before, after = first_visit(visits), second_visit(visits)
    told = comparer(box).compare(after, before, "tester")
    assert (told.alignment, told.obstacles, told.notes) == ((), (), ())
    assert told.this_is_later
    assert kinds(told, MarkKind.PERSISTING) == [(1, 1), (2, 2), (3, 3), (4, 4)]
    assert kinds(told, MarkKind.NEW) == [(5, None)]
    assert kinds(told, MarkKind.RESOLVED) == [(None, 5), (None, 6)]
    assert summary(told.marks) == (
        "Outlined features: 4 on both, 1 on the later photograph only, 2 on the earlier one only."
    )


def test_told_from_the_earlier_photograph_new_and_resolved_mean_the_same(box: BoxRecord, visits: Visits) -> None:
    before, after = first_visit(visits), second_visit(visits)
    told = comparer(box).compare(before, after, "tester")
    assert not told.this_is_later
    assert kinds(told, MarkKind.NEW) == [(None, 5)]
    assert kinds(told, MarkKind.RESOLVED) == [(5, None), (6, None)]
    forwards = comparer(box).compare(after, before, "tester")
    assert [(item.measure, item.region, item.direction) for item in told.changes] == [
        (item.measure, item.region, item.direction) for item in forwards.changes
    ]


def test_a_resolved_feature_is_marked_where_it_was_on_the_photograph_that_no_longer_shows_it(
    box: BoxRecord, visits: Visits
) -> None:
    before, after = first_visit(visits), second_visit(visits)
    told = comparer(box).compare(after, before, "tester")
    truth = moved(GOES, warp())
    marks = [mark for mark in told.marks if mark.kind is MarkKind.RESOLVED]
    for mark, place in zip(marks, truth, strict=True):
        off = np.hypot(mark.box.x + mark.box.w / 2 - place.x, mark.box.y + mark.box.h / 2 - place.y)
        assert off < 4  # pixels; the outline itself is off by one or two
        assert mark.box.w == pytest.approx(2 * place.radius, rel=0.06)


def test_a_feature_that_grew_beyond_repeatability_is_said_to_and_the_others_are_not(
    box: BoxRecord, visits: Visits
) -> None:
    before = first_visit(visits)
    grown = (replace(STAYS[0], radius=STAYS[0].radius * 1.35), *STAYS[1:])
    image, features = taken_again(grown, warp())
    after = visits.add(image, features, values=Values())
    told = comparer(box).compare(after, before, "tester")
    sizes = {mark.number: mark for mark in told.marks if mark.kind is MarkKind.PERSISTING}
    assert sizes[1].size is Direction.MORE
    assert "larger than before" in sizes[1].sentence
    assert {sizes[number].size for number in (2, 3, 4)} == {Direction.WITHIN}


def test_values_change_only_beyond_repeatability_and_where_they_did(box: BoxRecord, visits: Visits) -> None:
    redder = Values(by_region={FaceRegion.LEFT_CHEEK: {"redness": 0.47}, FaceRegion.CHIN: {"redness": 0.415}})
    before, after = first_visit(visits), second_visit(visits, values=redder)
    told = comparer(box).compare(after, before, "tester")
    by_place = {(item.measure, item.region): item for item in told.changes}
    cheek = by_place[Measure.REDNESS, FaceRegion.LEFT_CHEEK]
    assert (cheek.direction, cheek.sentence) == (Direction.MORE, "The left cheek looks redder than before.")
    chin = by_place[Measure.REDNESS, FaceRegion.CHIN]
    assert (chin.direction, chin.sentence) == (Direction.WITHIN, "Redness, chin: no change beyond repeatability.")
    assert by_place[Measure.COUNT, None].direction is Direction.WITHIN


@pytest.mark.parametrize(
    ("metadata", "code"),
    [
        (STANDARD.model_copy(update={"view": View.LEFT}), ProblemCode.OTHER_VIEW),
        (STANDARD.model_copy(update={"light_profile": LightProfile.CROSS_POLARISED}), ProblemCode.OTHER_LIGHT),
        (STANDARD.model_copy(update={"skin_state": SkinState.MAKE_UP}), ProblemCode.OTHER_SKIN_STATE),
    ],
)
def test_other_views_other_light_and_make_up_are_not_compared_and_say_why(
    box: BoxRecord, visits: Visits, metadata: CaptureMetadata, code: ProblemCode
) -> None:
    before, after = first_visit(visits), second_visit(visits, metadata=metadata)
    told = comparer(box).compare(after, before, "tester")
    assert [problem.code for problem in told.obstacles] == [code]
    assert (told.marks, told.changes) == ((), ())
    assert all(problem.sentence.endswith(".") for problem in told.obstacles)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"version": "1.1.0"}, ProblemCode.OTHER_MODELS),
        ({"version": None}, ProblemCode.OTHER_MODELS),
        ({"values": None}, ProblemCode.NOT_ANALYSED),
    ],
)
def test_other_models_or_no_analysis_show_the_pictures_but_tell_no_change(
    box: BoxRecord, visits: Visits, options: dict[str, object], code: ProblemCode
) -> None:
    before, after = first_visit(visits), second_visit(visits, **options)
    told = comparer(box).compare(after, before, "tester")
    assert told.alignment == ()
    assert [problem.code for problem in told.obstacles] == [code]
    assert (told.marks, told.changes) == ((), ())


def test_a_release_that_changes_no_answer_is_comparable(box: BoxRecord, visits: Visits) -> None:
    before, after = first_visit(visits), second_visit(visits, version="1.0.7")
    assert comparer(box).compare(after, before, "tester").obstacles == ()


def test_without_controlled_light_features_are_told_and_colours_are_not(box: BoxRecord, visits: Visits) -> None:
    metadata = STANDARD.model_copy(update={"light_profile": LightProfile.UNCONTROLLED})
    before, after = first_visit(visits, metadata=metadata), second_visit(visits, metadata=metadata)
    told = comparer(box).compare(after, before, "tester")
    assert [problem.code for problem in told.notes] == [ProblemCode.LIGHT_UNCONTROLLED]
    assert told.marks
    assert not {item.measure for item in told.changes} & set(LIGHT_MEASURES)
    assert {item.measure for item in told.changes} == {Measure.COUNT}


def test_without_known_repeatability_no_value_is_said_to_have_changed(box: BoxRecord, visits: Visits) -> None:
    before, after = first_visit(visits), second_visit(visits, values=Values(redness=0.9))
    told = comparer(box, {}).compare(after, before, "tester")
    assert [problem.code for problem in told.notes] == [ProblemCode.REPEATABILITY_UNKNOWN]
    assert {item.direction for item in told.changes} == {Direction.UNKNOWN}
    assert {mark.size for mark in told.marks} == {Direction.UNKNOWN}


def test_a_photograph_without_a_face_is_said_to_have_none(box: BoxRecord, visits: Visits) -> None:
    before = first_visit(visits)
    after = visits.add(np.full((300, 300, 3), 120, dtype=np.uint8), (), values=Values())
    told = comparer(box).compare(after, before, "tester")
    assert [problem.code for problem in told.alignment] == [ProblemCode.NO_FACE]
    with pytest.raises(NotAligned, match="no_face"):
        comparer(box).aligned_jpeg(after, before, "review", "tester")


def test_a_feature_the_other_photograph_does_not_show_is_neither_new_nor_resolved(
    box: BoxRecord, visits: Visits
) -> None:
    before, width = first_visit(visits), face_photo().shape[1]
    beside = Drawn(width - 20, 330, 6)
    features = found((*STAYS, *GOES, beside), first_face())
    after = visits.add(draw(face_photo(), (*STAYS, *GOES)), features, values=Values())
    told = comparer(box).compare(after, before, "tester")
    assert kinds(told, MarkKind.HIDDEN) == [(7, None)]
    assert kinds(told, MarkKind.NEW) == []
    assert summary(told.marks).endswith("For 1 it cannot be told.")


def test_what_a_reviewer_removed_is_no_longer_compared(box: BoxRecord, visits: Visits) -> None:
    before, after = first_visit(visits), second_visit(visits)
    reviews = reviews_of(box)
    removed = Correction(ReviewAction.REMOVE, ReviewReason.HAIR, finding=5)
    reviews.correct(after, [NotedCorrection(removed)], 0, "reviewer")
    assert kinds(comparer(box).compare(after, before, "tester"), MarkKind.NEW) == []


def test_each_photograph_opened_is_on_record_and_looking_again_opens_only_what_is_shown(
    box: BoxRecord, visits: Visits
) -> None:
    before, after = first_visit(visits), second_visit(visits)
    desk = comparer(box)
    start = box.store.head().seq
    desk.compare(after, before, "provider-7")
    desk.compare(after, before, "provider-7")
    jpeg = desk.aligned_jpeg(after, before, "provider_review", "provider-7")
    reads = [event.fields for event in box.store.read(start, 99)]
    assert [(read.type, read.payload["capture"], read.purpose, read.actor) for read in reads] == [
        (PhotoRead.event_type, after, "visit_comparison", "provider-7"),
        (PhotoRead.event_type, before, "visit_comparison", "provider-7"),
        (PhotoRead.event_type, before, "provider_review", "provider-7"),
    ]
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == face_photo().shape


def test_two_people_are_never_compared_and_neither_is_a_photograph_with_itself(box: BoxRecord, visits: Visits) -> None:
    before = first_visit(visits)
    somebody = second_visit(Visits(box, box.new_client("Ben")))
    start = box.store.head()
    for other in (somebody, before):
        with pytest.raises(NotComparable):
            comparer(box).compare(before, other, "tester")
        with pytest.raises(NotComparable):
            comparer(box).aligned_jpeg(before, other, "review", "tester")
    assert box.store.head() == start


def test_after_withdrawal_visits_are_not_compared_any_more(box: BoxRecord, visits: Visits) -> None:
    before, after = first_visit(visits), second_visit(visits)
    desk = comparer(box)
    desk.compare(after, before, "tester")
    box.consent.withdraw(visits.client, ConsentPurpose.TREATMENT_RECORD, "", "tester")
    start = box.store.head()
    with pytest.raises(ConsentMissing):
        desk.compare(after, before, "tester")
    with pytest.raises(ConsentMissing):
        desk.aligned_jpeg(after, before, "review", "tester")
    assert box.store.head() == start


def test_an_erased_clients_photographs_cannot_be_laid_over_each_other(box: BoxRecord, visits: Visits) -> None:
    before, after = first_visit(visits), second_visit(visits)
    box.clients.destroy(visits.client)
    library = CaptureLibrary(box.store, box.vault, box.clients)
    reviews = reviews_of(box)
    desk = VisitComparer(library, reviews, box.consent, landmarker(), ImageLimits(), known)
    with pytest.raises(DataKeyGone):
        desk.aligned_jpeg(after, before, "review", "tester")
