from pathlib import Path

import numpy as np
import pytest

from edge.analysis.model import Detector
from edge.analysis.pipeline import OnnxPipeline
from edge.capture.landmarks import Face, FaceBox, Pose
from shared.imaging.image import RgbImage
from shared.vocabulary import FaceRegion, FindingType
from tests.support.faces import portrait, portrait_face
from tests.support.red_patch_detector import SCORE, red_patch_graph, write_detector

ARTIFACT = Path("models/artifacts/lesion_yolov10n.onnx")


@pytest.fixture
def pipeline(tmp_path: Path) -> OnnxPipeline:
    return OnnxPipeline(Detector(write_detector(tmp_path)))


def grey(width: int, height: int) -> RgbImage:
    return np.full((height, width, 3), 150, dtype=np.uint8)


def face_at(x: float, y: float, w: float, h: float) -> Face:
    corners = np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]], dtype=np.float32)
    return Face(FaceBox(x, y, w, h), 1.0, np.resize(corners, (468, 2)), Pose(0, 0, 0))


def test_a_patch_is_boxed_in_pixels_of_the_photograph(pipeline: OnnxPipeline) -> None:
    image = grey(640, 400)
    image[100:150, 300:380] = (255, 0, 0)
    result = pipeline.analyse(image, None)
    (finding,) = result.findings
    assert (finding.type, finding.region) == (FindingType.SPOT, None)
    assert finding.confidence == pytest.approx(SCORE)
    assert (finding.box.x, finding.box.y, finding.box.w, finding.box.h) == pytest.approx((300, 100, 80, 50), abs=6)
    assert (result.width, result.height, result.measures) == (640, 400, ())
    assert result.models == (pipeline.detector.version,)


def test_a_spot_too_small_for_the_whole_photograph_is_found_on_the_face(pipeline: OnnxPipeline) -> None:
    image = grey(4000, 3000)
    image[1200:1214, 2000:2014] = (255, 0, 0)
    assert pipeline.analyse(image, None).findings == ()
    (finding,) = pipeline.analyse(image, face_at(1900, 1100, 300, 350)).findings
    assert (finding.box.x, finding.box.y, finding.box.w, finding.box.h) == pytest.approx((2000, 1200, 14, 14), abs=6)


def test_what_lies_away_from_the_face_is_not_shown_to_the_detector(pipeline: OnnxPipeline) -> None:
    image = grey(1000, 1000)
    image[900:980, 900:980] = (255, 0, 0)
    assert len(pipeline.analyse(image, None).findings) == 1
    assert pipeline.analyse(image, face_at(100, 100, 200, 250)).findings == ()


def test_a_face_beyond_the_edge_is_cut_at_the_edge_and_boxes_stay_inside(pipeline: OnnxPipeline) -> None:
    image = grey(300, 200)
    image[0:40, 0:40] = (255, 0, 0)
    (finding,) = pipeline.analyse(image, face_at(-50, -40, 160, 160)).findings
    assert finding.box.x >= 0
    assert finding.box.y >= 0
    assert (finding.box.w, finding.box.h) == pytest.approx((40, 40), abs=3)


def test_a_score_under_the_threshold_is_no_finding(tmp_path: Path) -> None:
    image = grey(200, 200)
    image[50:100, 50:100] = (255, 0, 0)
    weak = OnnxPipeline(Detector(write_detector(tmp_path, red_patch_graph(score=0.4))))
    assert weak.analyse(image, None).findings == ()


def test_clear_skin_has_no_findings_and_a_real_face_has_every_region_measured(pipeline: OnnxPipeline) -> None:
    result = pipeline.analyse(portrait(), portrait_face())
    assert result.findings == ()
    assert {measure.region for measure in result.measures} == set(FaceRegion)


def test_a_patch_painted_on_a_cheek_belongs_to_that_cheek(pipeline: OnnxPipeline) -> None:
    face = portrait_face()
    image = portrait().copy()
    x, y = (int(value) for value in face.points[425])  # the middle of the client's left cheek
    image[y - 4 : y + 4, x - 4 : x + 4] = (255, 0, 0)
    (finding,) = pipeline.analyse(image, face).findings
    assert finding.region is FaceRegion.LEFT_CHEEK
    assert x > face.box.x + face.box.w / 2  # the client's left is the picture's right


@pytest.mark.skipif(not ARTIFACT.is_file(), reason="no trained detector in this checkout yet")
def test_the_trained_detector_answers_within_the_photograph() -> None:
    result = OnnxPipeline(Detector(ARTIFACT)).analyse(portrait(), portrait_face())
    assert result.models[0].name == "lesion_yolov10n"
    scores = [finding.confidence for finding in result.findings]
    assert scores == sorted(scores, reverse=True)
    for finding in result.findings:
        assert 0 <= finding.box.x <= finding.box.x + finding.box.w <= result.width
        assert 0 <= finding.box.y <= finding.box.y + finding.box.h <= result.height
