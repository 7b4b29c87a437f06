from dataclasses import asdict, astuple, replace

import numpy as np
import pytest
from skimage.color import rgb2lab, rgb2xyz, xyz2lab

from edge.analysis.domain import RegionMeasure
from edge.analysis.measures import measure_regions
from edge.analysis.regions import FaceAreas
from edge.capture.landmarks import Face, FaceBox
from shared.imaging.image import RgbImage
from shared.vision.measures import measure_face
from shared.vocabulary import FaceRegion
from tests.support.faces import portrait, portrait_face


@pytest.mark.parametrize(
    ("point", "region"),
    [
        (151, FaceRegion.FOREHEAD),
        (4, FaceRegion.NOSE),
        (50, FaceRegion.RIGHT_CHEEK),
        (280, FaceRegion.LEFT_CHEEK),
        (199, FaceRegion.CHIN),
        (159, FaceRegion.RIGHT_PERIORBITAL),
        (386, FaceRegion.LEFT_PERIORBITAL),
    ],
)
def test_a_point_of_the_mesh_lies_in_its_region(point: int, region: FaceRegion) -> None:
    face = portrait_face()
    x, y = face.points[point]
    assert FaceAreas(face).region_at(float(x), float(y)) is region


def test_mouth_hair_and_background_belong_to_no_region() -> None:
    face = portrait_face()
    mouth = face.points[[13, 14]].mean(axis=0)
    assert FaceAreas(face).region_at(float(mouth[0]), float(mouth[1])) is None
    assert FaceAreas(face).region_at(face.box.x - 10, face.box.y - 10) is None


def painted(colour: tuple[int, int, int]) -> RgbImage:
    return np.full(portrait().shape, colour, dtype=np.uint8)


@pytest.mark.parametrize("colour", [(200, 150, 130), (120, 80, 60), (230, 190, 170)])
def test_colour_measures_agree_with_an_independent_conversion(colour: tuple[int, int, int]) -> None:
    lightness, _, yellowness = rgb2lab(np.array([[colour]], dtype=np.uint8))[0, 0]
    xyz = rgb2xyz(np.array([[colour]], dtype=np.uint8))
    _, redness, _ = xyz2lab(xyz * 0.18 / xyz[0, 0, 1])[0, 0]  # the face exposed to middle grey
    for measure in measure_regions(painted(colour), portrait_face()):
        assert measure.lightness == pytest.approx(lightness, abs=0.3)
        assert measure.redness_a == pytest.approx(redness, abs=0.3)
        expected = np.degrees(np.arctan((lightness - 50) / yellowness))
        assert measure.ita_degrees == pytest.approx(expected, abs=0.6)
        assert (measure.spot_area_share, measure.shine_share) == (0, 0)


def test_every_measure_of_the_face_reaches_the_result() -> None:
    face = portrait_face()
    assert [astuple(measure) for measure in measure_regions(portrait(), face)] == [
        astuple(RegionMeasure(**asdict(seen))) for seen in measure_face(portrait(), face.points)
    ]


def test_a_redder_cheek_measures_redder_and_nothing_else_does() -> None:
    face, image = portrait_face(), painted((190, 150, 130))
    middle = int(face.box.x + face.box.w / 2)
    image[:, middle:] = (215, 130, 120)
    redness = {measure.region: measure.redness_a for measure in measure_regions(image, face)}
    assert redness[FaceRegion.LEFT_CHEEK] > redness[FaceRegion.RIGHT_CHEEK] + 10
    assert redness[FaceRegion.LEFT_PERIORBITAL] > redness[FaceRegion.RIGHT_PERIORBITAL] + 10


def test_burnt_out_and_black_skin_is_not_measured() -> None:
    assert measure_regions(painted((255, 252, 250)), portrait_face()) == ()
    assert measure_regions(painted((5, 5, 5)), portrait_face()) == ()


def test_a_large_photograph_measures_the_same_colours() -> None:
    face, scale = portrait_face(), 8
    small = (0.8 * portrait()).astype(np.uint8)  # nothing burnt out: its share depends on the resolution
    large = np.repeat(np.repeat(small, scale, axis=0), scale, axis=1)
    points = (face.points + np.float32(0.5)) * scale - np.float32(0.5)
    grown = Face(FaceBox(*(value * scale for value in face.box)), 1.0, points, face.pose)
    small_by_region = {measure.region: measure for measure in measure_regions(small, face)}
    for measure in measure_regions(large, grown):
        assert measure.lightness == pytest.approx(small_by_region[measure.region].lightness, abs=1)
        assert measure.redness_a == pytest.approx(small_by_region[measure.region].redness_a, abs=0.3)


def test_a_face_outside_the_picture_has_no_measures() -> None:
    face = portrait_face()
    away = replace(face, points=face.points + np.float32(5000), box=FaceBox(5000, 5000, 100, 100))
    assert measure_regions(portrait(), away) == ()
