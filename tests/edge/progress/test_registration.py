"""Alignment of real faces under known warps; figures are shares of the inter-eye distance."""

import csv
from dataclasses import dataclass, replace
from functools import cache

import cv2
import numpy as np
import pytest

from edge.progress.registration import Method, Registration, Sight, register
from edge.progress.skin import same_skin
from edge.progress.transforms import fit_similarity
from edge.progress.verdict import ProblemCode, RegistrationLimits, alignment_problems
from edge.progress.warp import aligned
from shared.imaging.image import RgbImage
from shared.vision.face_map import OVAL, inter_eye_pixels, outline_mask
from tests.support.faces import PHOTOGRAPHS, landmarker, photograph, portrait
from tests.support.second_visit import Warp, relit

LIMITS = RegistrationLimits()
needs_portraits = pytest.mark.skipif(
    not (PHOTOGRAPHS / "us_official_portraits").is_dir(), reason="the shared portraits are not here"
)


@cache
def face_of(name: str) -> Sight:
    image = portrait_enlarged() if name == "astronaut" else photograph("us_official_portraits", name)
    return Sight(image, landmarker().detect(image)[0])


def portrait_enlarged() -> RgbImage:
    enlarged: RgbImage = cv2.resize(portrait(), None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)
    return enlarged


def portraits(split: str, count: int) -> list[str]:
    with (PHOTOGRAPHS / "us_official_portraits/split.csv").open(encoding="utf-8") as lines:
        names = [row["image"] for row in csv.DictReader(lines) if row["split"] == split]
    return [name for name in names if (PHOTOGRAPHS / "us_official_portraits/images" / name).is_file()][:count]


def warp_of(sight: Sight, **changes: object) -> Warp:
    centre = sight.face.points.mean(axis=0)
    warp = Warp((float(centre[0]), float(centre[1])), inter_eye_pixels(sight.face.points))
    return replace(warp, **changes)  # type: ignore[arg-type]


def second(first: Sight, warp: Warp, seed: int = 0) -> Sight:
    image = relit(warp.photograph(first.image), seed)
    return Sight(image, landmarker().detect(image)[0])


@dataclass(frozen=True)
class Errors:
    """RMS over points all over the face, in shares of the inter-eye distance."""

    whole: float
    landmarks_alone: float


def errors(laid: Registration, warp: Warp, moving: Sight) -> Errors:
    down, across = np.nonzero(outline_mask(moving.face.points, OVAL, moving.image.shape))
    chosen = np.random.default_rng(0).choice(len(across), 600, replace=False)
    points = np.column_stack([across[chosen], down[chosen]]).astype(np.float64)
    truth = warp.to_first(points)

    def rms(found: np.ndarray) -> float:
        return float(np.sqrt(np.mean(np.sum((found - truth) ** 2, axis=1)))) / warp.unit

    return Errors(rms(laid.to_reference(points)), rms(laid.similarity(points)))


@pytest.mark.parametrize("bend", [0.0, 0.03, 0.06])
def test_a_moved_bent_and_relit_face_is_laid_back_to_a_third_of_a_per_cent_of_the_inter_eye_distance(
    bend: float,
) -> None:
    first = face_of("astronaut")
    warp = warp_of(first, degrees=3.0, scale=0.94, shift=(0.08, -0.05), bend=bend, seed=4)
    moving = second(first, warp)
    laid = register(first, moving)
    found = errors(laid, warp, moving)
    assert laid.method is Method.SKIN
    assert found.whole < 0.0033
    assert found.whole < found.landmarks_alone / 2
    assert alignment_problems(laid, LIMITS) == ()
    assert laid.scale == pytest.approx(1 / 0.94, rel=0.05)  # the bend stretches a little too


@needs_portraits
def test_portraits_of_many_people_are_aligned_and_the_residual_does_not_promise_more_than_is_true() -> None:
    names = portraits("val", 8)
    assert len(names) == 8
    for seed, name in enumerate(names):
        first = face_of(name)
        warp = warp_of(first, degrees=-2.0 + seed / 2, scale=0.95 + seed / 80, shift=(0.05, 0.03), bend=0.04, seed=seed)
        moving = second(first, warp, seed)
        laid = register(first, moving)
        found = errors(laid, warp, moving)
        assert found.whole < 0.005, name
        assert found.whole < 1.5 * laid.uncertainty_share, name
        assert laid.uncertainty_share < 0.01, name


def test_both_directions_undo_each_other_and_swapping_the_photographs_hardly_matters() -> None:
    first = face_of("astronaut")
    moving = second(first, warp_of(first, degrees=-2.0, scale=1.05, bend=0.04, seed=7))
    there, back = register(first, moving), register(moving, first)
    points = moving.face.points.astype(np.float64)
    assert np.abs(there.to_moving(there.to_reference(points)) - points).max() < 0.01
    apart = np.linalg.norm(there.to_reference(points) - back.to_moving(points), axis=1)
    assert float(np.sqrt(np.mean(apart**2))) / there.inter_eye < 0.004
    assert there.overlap == pytest.approx(back.overlap, abs=0.02)
    assert there.turn.yaw == pytest.approx(-back.turn.yaw)


def test_a_photograph_laid_onto_itself_stays_where_it_is() -> None:
    first = face_of("astronaut")
    laid = register(first, first)
    points = first.face.points.astype(np.float64)
    assert np.abs(laid.to_reference(points) - points).max() < 0.05
    assert laid.residual_share < 1e-3
    assert laid.overlap == 1
    picture = aligned(first.image, laid, first.image.shape[1], first.image.shape[0])
    assert np.abs(picture.astype(int) - first.image).mean() < 1


def test_the_aligned_picture_shows_the_same_skin_at_the_same_pixel() -> None:
    first = face_of("astronaut")
    warp = warp_of(first, degrees=4.0, scale=1.1, shift=(0.1, 0.1))
    image = warp.photograph(first.image)  # the same light, so that pixels may be compared
    moving = Sight(image, landmarker().detect(image)[0])
    picture = aligned(image, register(first, moving), first.image.shape[1], first.image.shape[0])
    face = outline_mask(first.face.points, OVAL, first.image.shape)
    before = np.abs(image[face].astype(int) - first.image[face]).mean()
    after = np.abs(picture[face].astype(int) - first.image[face]).mean()
    assert after < 3 < before / 3


def test_without_texture_the_mesh_points_alone_are_used_and_said_to_be_less_certain() -> None:
    first = face_of("astronaut")
    warp = warp_of(first, degrees=2.0, scale=1.04, shift=(0.05, 0.0))
    blurred = cv2.GaussianBlur(first.image, (0, 0), warp.unit * 0.12)
    moving = second(first, warp)
    laid = register(Sight(blurred, first.face), moving)
    assert laid.method is Method.LANDMARKS
    assert laid.field is None
    assert laid.uncertainty_share > 2 * laid.residual_share
    assert errors(laid, warp, moving).whole < laid.uncertainty_share


@needs_portraits
def test_faces_of_two_people_are_never_said_to_fit() -> None:
    names = portraits("val", 10)
    for here, there in zip(names[:5], names[5:], strict=True):
        laid = register(face_of(here), face_of(there))
        assert laid.method is Method.LANDMARKS
        assert ProblemCode.NOT_ALIGNED in {problem.code for problem in alignment_problems(laid, LIMITS)}


def test_a_head_turned_or_tilted_too_far_a_small_face_and_a_little_overlap_are_named() -> None:
    first = face_of("astronaut")
    laid = register(first, first)
    turned = replace(laid, turn=replace(laid.turn, yaw=14.0, pitch=-11.0))
    (yaw, pitch) = alignment_problems(turned, LIMITS)
    assert (yaw.code, pitch.code) == (ProblemCode.TURNED, ProblemCode.TILTED)
    assert "14°" in yaw.sentence
    assert "10°" in yaw.sentence
    small = replace(laid, similarity=replace(laid.similarity, matrix=np.eye(2) * 3))
    assert [problem.code for problem in alignment_problems(small, LIMITS)] == [ProblemCode.OTHER_SIZE]
    part = replace(laid, overlap=0.4)
    assert [problem.code for problem in alignment_problems(part, LIMITS)] == [ProblemCode.LITTLE_SHARED]


def test_a_much_larger_photograph_is_brought_down_before_its_skin_is_followed() -> None:
    first = face_of("astronaut")
    enlarged = cv2.resize(first.image, None, fx=2.2, fy=2.2, interpolation=cv2.INTER_CUBIC)
    laid = register(first, Sight(enlarged, landmarker().detect(enlarged)[0]))
    assert laid.method is Method.SKIN
    assert laid.scale == pytest.approx(1 / 2.2, rel=0.02)
    centre = np.array([[enlarged.shape[1] / 2, enlarged.shape[0] / 2]])
    assert np.abs(laid.to_reference(centre) - centre / 2.2).max() < 1.0


def test_a_face_of_a_few_pixels_has_no_skin_to_follow() -> None:
    first = face_of("astronaut")
    points = first.face.points / 40
    found, _ = same_skin(first.image, points, first.image, fit_similarity(points, points), 2.0)
    assert len(found) == 0
