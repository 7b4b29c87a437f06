"""A whole bundle on whole photographs; the test bundle's answers can be worked out by hand."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge.analysis.bundle_pipeline import BundlePipeline
from edge.analysis.bundle_sessions import ServedBundle, Serving
from edge.analysis.detector import Sight
from edge.analysis.domain import AnalysisResult, Finding, Reason, ScaleSource
from edge.analysis.providers import Accelerator
from edge.analysis.scale import scale_from_card
from edge.analysis.sessions import OrtSessionFactory
from edge.capture.landmarks import Face, FaceBox, Pose
from edge.threads import NoThreadFree, Priority, ThreadBudget
from shared.imaging.image import RgbImage
from shared.vision.bundle import read_bundle
from shared.vision.looks import Glance
from shared.vision.parameters import CropClass
from shared.vision.risk import RouteReason
from shared.vocabulary import AppearanceGrade, FaceRegion, FindingType, Route
from tests.support.faces import portrait, portrait_face
from tests.support.test_bundle import COLOURS, ODD, drawn_parameters, write_test_bundle

RED, YELLOW, BLUE = (COLOURS[name] for name in (CropClass.BLEMISH, CropClass.PUSTULE, CropClass.SPOT))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> ServedBundle:
    folder = tmp_path_factory.mktemp("bundles") / "drawn"
    write_test_bundle(folder)
    return ServedBundle(read_bundle(folder), Serving(OrtSessionFactory(), Accelerator.CPU))


@pytest.fixture
def budget() -> ThreadBudget:
    return ThreadBudget(2)


@pytest.fixture
def pipeline(served: ServedBundle, budget: ThreadBudget) -> BundlePipeline:
    return BundlePipeline(served, budget)


def grey(width: int = 640, height: int = 480) -> RgbImage:
    return np.full((height, width, 3), 150, dtype=np.uint8)


def patch(image: RgbImage, x: int, y: int, w: int, h: int, colour: tuple[int, int, int]) -> RgbImage:
    image[y : y + h, x : x + w] = colour
    return image


def disc(image: RgbImage, x: int, y: int, radius: int, colour: tuple[int, int, int]) -> RgbImage:
    rows, columns = np.ogrid[: image.shape[0], : image.shape[1]]
    image[(columns - x) ** 2 + (rows - y) ** 2 <= radius**2] = colour
    return image


def face_at(x: float, y: float, w: float, h: float) -> Face:
    """A face whose points all lie on the corners of a rectangle."""
    corners = np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]], dtype=np.float32)
    return Face(FaceBox(x, y, w, h), 1.0, np.resize(corners, (468, 2)), Pose(0, 0, 0))


def only(result: AnalysisResult) -> Finding:
    (finding,) = result.findings
    return finding


def polygon_area(contour: tuple[tuple[float, float], ...]) -> float:
    turned = (*contour[1:], contour[0])
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(contour, turned, strict=True))) / 2


def test_a_patch_is_boxed_typed_and_outlined_in_pixels_of_the_photograph(pipeline: BundlePipeline) -> None:
    result = pipeline.analyse(patch(grey(), 300, 100, 60, 60, RED), None)
    finding = only(result)
    assert (finding.type, finding.type_set, finding.region) == (FindingType.BLEMISH, (FindingType.BLEMISH,), None)
    box = finding.box
    assert (box.x, box.y, box.w, box.h) == pytest.approx((300, 100, 60, 60), abs=3)
    assert finding.raw_score == pytest.approx(0.9)
    assert finding.confidence == pytest.approx(0.95, abs=0.01)
    assert finding.area_px == pytest.approx(3600, rel=0.03)
    assert polygon_area(finding.contour) == pytest.approx(3600, rel=0.05)
    xs, ys = zip(*finding.contour, strict=True)
    assert (min(xs), max(xs)) == pytest.approx((300, 360), abs=2)
    assert (min(ys), max(ys)) == pytest.approx((100, 160), abs=2)
    assert (result.width, result.height) == (640, 480)


def test_a_result_names_the_bundle_its_licence_and_every_graph(pipeline: BundlePipeline) -> None:
    result = pipeline.analyse(grey(), None)
    assert result.bundle is not None
    assert (result.bundle.name, result.bundle.licence) == ("evaluation", "none: for tests")
    assert result.bundle.allowed_use == "Tests only."
    assert [model.name for model in result.models] == ["drawn-detector", "drawn-classifier", "drawn-segmenter"]


@pytest.mark.parametrize(
    ("colour", "route", "reason"),
    [
        (RED, Route.ACT, None),
        (YELLOW, Route.SUGGEST, RouteReason.LOW_CONFIDENCE),
        (BLUE, Route.SUGGEST, RouteReason.LOW_CONFIDENCE),
        (COLOURS[CropClass.CLEAR], Route.REVIEW_REQUIRED, RouteReason.LOOKS_CLEAR),
        (COLOURS[CropClass.GROWTH], Route.NOT_ASSESSED, RouteReason.GROWTH),
        (ODD, Route.NOT_ASSESSED, RouteReason.OUT_OF_DISTRIBUTION),
    ],
)
def test_each_kind_of_feature_takes_its_route(
    pipeline: BundlePipeline, colour: tuple[int, int, int], route: Route, reason: RouteReason | None
) -> None:
    finding = only(pipeline.analyse(patch(grey(), 200, 200, 50, 50, colour), None))
    assert finding.route is route
    assert reason is None or reason in finding.reasons


@pytest.mark.parametrize("colour", [COLOURS[CropClass.GROWTH], ODD])
def test_what_is_not_assessed_has_neither_type_nor_outline(
    pipeline: BundlePipeline, colour: tuple[int, int, int]
) -> None:
    finding = only(pipeline.analyse(patch(grey(), 200, 200, 50, 50, colour), None))
    assert (finding.type, finding.contour, finding.area_px, finding.area_share) == (None, (), 0.0, None)
    assert finding.ood > 1 or RouteReason.GROWTH in finding.reasons


def test_findings_come_best_first_each_with_its_own_outline(pipeline: BundlePipeline) -> None:
    image = disc(disc(disc(grey(), 120, 120, 20, BLUE), 300, 300, 30, RED), 500, 150, 25, YELLOW)
    findings = pipeline.analyse(image, None).findings
    assert [finding.type for finding in findings] == [FindingType.BLEMISH, FindingType.PUSTULE, FindingType.SPOT]
    for finding, (x, y, radius) in zip(findings, [(300, 300, 30), (500, 150, 25), (120, 120, 20)], strict=True):
        assert finding.box.centre == pytest.approx((x, y), abs=2)
        assert finding.area_px == pytest.approx(math.pi * radius**2, rel=0.05)
        for corner in finding.contour:
            assert math.dist(corner, (x, y)) == pytest.approx(radius, abs=2)


def test_without_a_face_a_person_has_to_look(pipeline: BundlePipeline) -> None:
    result = pipeline.analyse(patch(grey(), 200, 200, 50, 50, RED), None)
    assert (result.route, result.reasons) == (Route.REVIEW_REQUIRED, (Reason.NO_FACE,))
    assert (result.measures, result.grades, result.scale) == ((), (), None)
    assert only(result).area_mm2 is None
    assert only(result).area_share is None


def test_a_face_on_which_nothing_was_found_is_not_called_clear_without_a_person(pipeline: BundlePipeline) -> None:
    result = pipeline.analyse(portrait(), portrait_face())
    assert result.findings == ()
    assert (result.route, result.reasons) == (Route.REVIEW_REQUIRED, (Reason.NO_FINDINGS,))
    whole, *regions = result.grades
    assert (whole.region, whole.grade, whole.count) == (None, AppearanceGrade.CLEAR, 0)
    assert {grade.region for grade in regions} == set(FaceRegion)
    assert {measure.region for measure in result.measures} == set(FaceRegion)


def on_cheek(colour: tuple[int, int, int]) -> tuple[RgbImage, int, int]:
    """The portrait, with a patch in the middle of the client's left cheek."""
    x, y = (int(value) for value in portrait_face().points[425])
    return patch(portrait().copy(), x - 4, y - 4, 8, 8, colour), x, y


def test_a_patch_on_a_cheek_is_counted_there_and_measured_on_the_skin(pipeline: BundlePipeline) -> None:
    image, _, _ = on_cheek(RED)
    result = pipeline.analyse(image, portrait_face())
    finding = only(result)
    assert finding.region is FaceRegion.LEFT_CHEEK
    assert result.scale is not None
    assert result.scale.source is ScaleSource.INTER_EYE
    assert finding.area_mm2 == pytest.approx(finding.area_px * result.scale.mm_per_pixel**2)
    assert finding.area_px == pytest.approx(64, rel=0.1)
    assert finding.area_share is not None
    assert 0 < finding.area_share < 0.02
    counts = {grade.region: grade.count for grade in result.grades}
    assert counts[FaceRegion.LEFT_CHEEK] == counts[None] == 1
    assert counts[FaceRegion.RIGHT_CHEEK] == 0
    assert result.route is Route.SUGGEST  # never act: nothing bounds what was missed


def test_several_looks_tell_one_finding_and_estimate_the_count_of_its_region(
    tmp_path: Path, budget: ThreadBudget
) -> None:
    plain = drawn_parameters()
    detector = plain.detector.model_copy(
        update={"looks": (Glance(0.9), Glance(mirrored=True), Glance(1.1)), "count_per_score": 2.0}
    )
    write_test_bundle(tmp_path / "drawn", parameters=plain.model_copy(update={"detector": detector}))
    served = ServedBundle(read_bundle(tmp_path / "drawn"), Serving(OrtSessionFactory(), Accelerator.CPU))
    image, x, y = on_cheek(RED)
    result = BundlePipeline(served, budget).analyse(image, portrait_face())
    finding = only(result)
    assert abs(finding.box.centre[0] - x) < 2
    assert abs(finding.box.centre[1] - y) < 2
    expected = {grade.region: grade.expected for grade in result.grades}
    assert expected[None] == expected[FaceRegion.LEFT_CHEEK] == pytest.approx(2 * finding.raw_score, rel=0.05)
    assert expected[FaceRegion.RIGHT_CHEEK] == 0


def test_a_bundle_without_the_scale_of_counts_estimates_none(pipeline: BundlePipeline) -> None:
    image, _, _ = on_cheek(RED)
    assert {grade.expected for grade in pipeline.analyse(image, portrait_face()).grades} == {None}


def test_one_finding_for_a_person_makes_the_result_one_and_is_not_counted(pipeline: BundlePipeline) -> None:
    image, _, _ = on_cheek(COLOURS[CropClass.GROWTH])
    result = pipeline.analyse(image, portrait_face())
    assert (result.route, result.reasons) == (Route.REVIEW_REQUIRED, (RouteReason.GROWTH,))
    assert result.grades[0].count == 0


def test_a_card_of_known_size_replaces_the_guess_from_the_eyes(pipeline: BundlePipeline) -> None:
    image, _, _ = on_cheek(RED)
    card = scale_from_card(length_mm=50.0, length_pixels=100.0)
    result = pipeline.analyse(image, portrait_face(), card)
    assert result.scale == card
    assert only(result).area_mm2 == pytest.approx(only(result).area_px / 4)


def test_a_spot_too_small_for_the_whole_photograph_is_found_on_the_face(pipeline: BundlePipeline) -> None:
    image = patch(grey(4000, 3000), 2000, 1200, 4, 4, RED)
    assert pipeline.analyse(image, None).findings == ()
    box = only(pipeline.analyse(image, face_at(1900, 1100, 300, 350))).box
    assert (box.x, box.y, box.w, box.h) == pytest.approx((2000, 1200, 4, 4), abs=2)


def test_what_lies_beside_the_face_is_no_finding(pipeline: BundlePipeline) -> None:
    image = patch(grey(1000, 1000), 60, 200, 30, 30, RED)
    assert len(pipeline.analyse(image, None).findings) == 1
    assert pipeline.analyse(image, face_at(100, 100, 200, 250)).findings == ()


def test_a_face_beyond_the_edge_is_cut_at_the_edge_and_boxes_stay_inside(pipeline: BundlePipeline) -> None:
    image = patch(grey(300, 200), 0, 0, 40, 40, RED)
    box = only(pipeline.analyse(image, face_at(-50, -40, 160, 160))).box
    assert (box.x, box.y) == (0, 0)
    assert (box.w, box.h) == pytest.approx((40, 40), abs=2)


def test_a_score_under_the_bundle_s_threshold_is_no_finding(tmp_path: Path, budget: ThreadBudget) -> None:
    parameters = drawn_parameters()
    detector = parameters.detector.model_copy(update={"score_threshold": 0.85})
    write_test_bundle(tmp_path / "strict", parameters=parameters.model_copy(update={"detector": detector}))
    served = ServedBundle(read_bundle(tmp_path / "strict"), Serving(OrtSessionFactory(), Accelerator.CPU))
    image = patch(patch(grey(), 100, 100, 40, 40, RED), 300, 300, 40, 40, YELLOW)
    assert only(BundlePipeline(served, budget).analyse(image, None)).type is FindingType.BLEMISH


def test_photographs_analysed_together_get_the_answers_they_get_alone(pipeline: BundlePipeline) -> None:
    cheek, _, _ = on_cheek(YELLOW)
    sights = [
        Sight(patch(grey(), 300, 100, 60, 60, RED), None),
        Sight(grey(), None),
        Sight(cheek, portrait_face()),
        Sight(disc(disc(grey(), 120, 120, 20, BLUE), 300, 300, 30, ODD), None),
    ]
    alone = [pipeline.analyse(sight.image, sight.face) for sight in sights]
    assert pipeline.analyse_many(sights) == alone
    assert pipeline.analyse_many([]) == []


def test_an_embedding_is_kept_for_each_finding_and_equal_results_are_equal_without_it(
    pipeline: BundlePipeline,
) -> None:
    finding = only(pipeline.analyse(patch(grey(), 300, 100, 60, 60, RED), None))
    assert finding.embedding is not None
    assert finding.embedding.shape == (512,)
    np.testing.assert_allclose(finding.embedding[:3], [10, 0, 0], atol=0.01)
    assert replace(finding, embedding=None) == finding


def test_a_photograph_takes_a_live_thread_and_the_backlog_one_of_the_rest(
    served: ServedBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.analysis.bundle_pipeline._LIVE_PATIENCE_SECONDS", 0)
    monkeypatch.setattr("edge.analysis.bundle_pipeline._BACKLOG_PATIENCE_SECONDS", 0)
    budget = ThreadBudget(1)
    pipeline = BundlePipeline(served, budget)
    with budget.take(Priority.SOLVER, 1, 0):
        pipeline.analyse(grey(), None)
        with pytest.raises(NoThreadFree):
            pipeline.analyse_many([Sight(grey(), None)])
    with budget.take(Priority.LIVE, 1, 0), pytest.raises(NoThreadFree):
        pipeline.analyse(grey(), None)
    assert budget.used(Priority.LIVE) == budget.used(Priority.BACKLOG) == 0
