"""What the measures respond to, by how much, and what leaves them alone."""

import functools
from dataclasses import astuple, replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from shared.imaging.image import RgbImage
from shared.vision.colour import Plane, to_codes, to_linear
from shared.vision.measures import RegionAppearance, measure_face
from shared.vocabulary import FaceRegion
from tests.support.faces import portrait, portrait_face
from tests.support.painted_skin import SIDE, SKINS, denser, discs, inside, measured, mesh, painting

CHEEK, OTHER_CHEEK, FOREHEAD, CHIN = (
    FaceRegion.LEFT_CHEEK,
    FaceRegion.RIGHT_CHEEK,
    FaceRegion.FOREHEAD,
    FaceRegion.CHIN,
)
BLOOD = (0.0, 3.6, 3.0)  # takes green and blue light
PIGMENT = (10.0, 14.0, 20.0)

skins = pytest.mark.parametrize("skin", SKINS)


def relit(image: RgbImage, gain: float) -> RgbImage:
    return np.clip(np.rint(to_codes(to_linear(image.astype(np.float32)) * gain)), 0, 255).astype(np.uint8)


def everywhere(light: Plane) -> Plane:
    return np.ones(light.shape[:2], dtype=np.float32)


@skins
def test_redness_of_a_cheek_shows_in_that_cheek_by_its_own_amount(skin: str) -> None:
    before = measured(painting(skin))
    after = measured(painting(skin, lambda light: denser(light, inside(CHEEK).astype(np.float32), BLOOD)))
    # The weights fade over the outline, so a twelfth of the region lies beyond it.
    risen = after[CHEEK].erythema_index - before[CHEEK].erythema_index
    assert risen == pytest.approx(3.6 * 11 / 12, rel=0.04)
    assert after[CHEEK].redness_a > before[CHEEK].redness_a + 1.5
    for region in (OTHER_CHEEK, FOREHEAD, CHIN):
        assert after[region].erythema_index == pytest.approx(before[region].erythema_index, abs=0.15)
        assert after[region].redness_a == pytest.approx(before[region].redness_a, abs=0.4)


@skins
def test_a_flush_of_the_whole_face_shows_in_every_region(skin: str) -> None:
    before = measured(painting(skin))
    after = measured(painting(skin, lambda light: denser(light, everywhere(light), BLOOD)))
    for region, seen in before.items():
        assert after[region].erythema_index - seen.erythema_index == pytest.approx(3.6, abs=0.1)
        assert after[region].redness_a > seen.redness_a + 1.5


@pytest.mark.parametrize("count", [4, 8])
def test_redness_on_a_part_of_a_region_counts_by_its_area(count: int) -> None:
    marks = discs(CHEEK, 9, count)
    before = measured(painting("light"))[CHEEK]
    after = measured(painting("light", lambda light: denser(light, marks, BLOOD)))[CHEEK]
    share = marks.sum() / before.pixels
    assert share > 0.02
    assert after.erythema_index - before.erythema_index == pytest.approx(3.6 * share, rel=0.25)


@skins
def test_a_darker_region_rises_by_the_density_of_its_pigment(skin: str) -> None:
    patch = 0.5 * inside(CHEEK).astype(np.float32)
    before = measured(painting(skin))
    after = measured(painting(skin, lambda light: denser(light, patch, PIGMENT)))
    assert after[CHEEK].melanin_index - before[CHEEK].melanin_index == pytest.approx(5.0 * 11 / 12, rel=0.1)
    for region in (OTHER_CHEEK, FOREHEAD, CHIN):
        assert after[region].melanin_index == pytest.approx(before[region].melanin_index, abs=0.35)


@skins
@pytest.mark.parametrize("count", [3, 6])
def test_dark_spots_cover_four_fifths_of_the_share_that_was_painted(skin: str, count: int) -> None:
    spots = discs(CHEEK, 7, count)
    before = measured(painting(skin))[CHEEK]
    after = measured(painting(skin, lambda light: denser(light, spots, PIGMENT)))[CHEEK]
    painted = spots.sum() / after.pixels
    assert before.spot_area_share < 0.1 * painted
    assert after.spot_area_share == pytest.approx(0.78 * painted, rel=0.1)  # their rims fade


def test_fainter_spots_count_less_and_the_faintest_not_at_all() -> None:
    spots = discs(CHEEK, 7, 6)

    def share(strength: float) -> float:
        image = painting("brown", lambda light: denser(light, np.float32(strength) * spots, PIGMENT))
        return measured(image)[CHEEK].spot_area_share

    shares = [share(strength) for strength in (0.15, 0.5, 1.0)]
    assert shares[0] < 0.1 * shares[2]
    assert shares[0] < shares[1] < shares[2]


def test_red_marks_and_dark_lines_are_no_pigmented_spots() -> None:
    marks = discs(CHEEK, 7, 6)
    red = measured(painting("light", lambda light: denser(light, marks, (0.5, 12.0, 10.0))))[CHEEK]
    assert red.spot_area_share < 0.1 * marks.sum() / red.pixels
    lines = np.zeros((SIDE, SIDE), dtype=np.float32)
    x, y = mesh()[280].astype(int)
    for offset in (-20, 0, 20):
        cv2.line(lines, (int(x) - 35, int(y) + offset), (int(x) + 35, int(y) + offset), 1.0, 4, cv2.LINE_AA)
    lined = measured(painting("light", lambda light: denser(light, lines, PIGMENT)))[CHEEK]
    assert lined.spot_area_share < 0.25 * lines.sum() / lined.pixels


@skins
def test_a_mirrored_lamp_is_shine_and_lighter_skin_is_not(skin: str) -> None:
    glow = cv2.GaussianBlur(discs(FOREHEAD, 12, 2), (0, 0), 4)[..., None]
    plain = measured(painting(skin))[FOREHEAD]
    shiny = measured(painting(skin, lambda light: light + glow * 0.6 * light.mean()))[FOREHEAD]
    lighter = measured(painting(skin, lambda light: light * (1 + 0.4 * glow)))[FOREHEAD]
    covered = (glow > 0.5).sum() / shiny.pixels
    assert plain.shine_share < 0.002
    assert shiny.shine_share == pytest.approx(covered, rel=0.6)
    assert lighter.shine_share < 0.1 * shiny.shine_share


def test_burnt_out_shine_is_shine_still_and_colours_nothing() -> None:
    glow = discs(FOREHEAD, 12, 2)[..., None]
    plain = measured(painting("light"))[FOREHEAD]
    burnt = measured(painting("light", lambda light: np.maximum(light, glow)))[FOREHEAD]
    assert burnt.shine_share > 0.7 * glow.sum() / burnt.pixels
    assert burnt.erythema_index == pytest.approx(plain.erythema_index, abs=0.4)
    assert burnt.pixels < plain.pixels - 0.7 * glow.sum()


@skins
def test_texture_grows_with_the_contrast_of_pores(skin: str) -> None:
    yy, xx = np.mgrid[0:SIDE, 0:SIDE]
    pores = np.sin(2 * np.pi * xx / 7) * np.sin(2 * np.pi * yy / 7)

    def texture(contrast: float) -> float:
        image = painting(skin, lambda light: light * np.exp(np.float32(contrast) * pores[..., None]))
        energy = measured(image)[CHEEK].texture_energy
        assert energy is not None
        return energy

    weak, strong = texture(0.06), texture(0.12)
    assert strong / weak == pytest.approx(2, rel=0.1)
    # The band passes half of this scale, and the root mean square of such a grid is half its contrast.
    assert strong == pytest.approx(100 * 0.12 / 2 * 0.5, rel=0.3)


def test_lines_raise_line_energy_more_than_spots_of_the_same_area() -> None:
    x, y = mesh()[280].astype(int)
    lines = np.zeros((SIDE, SIDE), dtype=np.float32)
    for offset in range(-24, 25, 12):
        cv2.line(lines, (int(x) - 35, int(y) + offset), (int(x) + 35, int(y) + offset), 1.0, 3, cv2.LINE_AA)
    spots = discs(CHEEK, 6, round(lines.sum() / (np.pi * 36)))
    energies = [measured(painting("light"))[CHEEK].line_energy]
    for where in (spots, lines):
        image = painting("light", functools.partial(denser, where=where, density=(6.0, 6.0, 6.0)))
        energies.append(measured(image)[CHEEK].line_energy)
    plain, dotted, lined = (energy or 0.0 for energy in energies)
    assert lined - plain > 2 * (dotted - plain)
    assert lined > 1.5 * plain


@pytest.mark.parametrize("gain", [0.9, 1.1])
def test_a_tenth_more_or_less_light_hardly_moves_a_measure(gain: float) -> None:
    photograph = relit(portrait(), 0.7)  # so that what is burnt out in it is as flat before as after
    pair = [measured(image, portrait_face().points) for image in (photograph, relit(photograph, gain))]
    painted = [
        (measured(painting(skin)), measured(painting(skin, functools.partial(np.multiply, np.float32(gain)))))
        for skin in SKINS
    ]
    for before, after in (pair, *painted):
        assert before.keys() == after.keys()
        for region, seen in before.items():
            other = after[region]
            assert other.erythema_index == pytest.approx(seen.erythema_index, rel=0.02)
            assert other.redness_a == pytest.approx(seen.redness_a, rel=0.03, abs=0.1)
            assert other.melanin_index == pytest.approx(seen.melanin_index, rel=0.02)
            assert other.spot_area_share == pytest.approx(seen.spot_area_share, abs=0.003)
            assert other.shine_share == pytest.approx(seen.shine_share, abs=0.02)
            if seen.texture_energy is not None and seen.line_energy is not None:
                assert other.texture_energy == pytest.approx(seen.texture_energy, rel=0.05, abs=0.1)
                assert other.line_energy == pytest.approx(seen.line_energy, rel=0.05, abs=0.1)


@skins
def test_an_even_tan_is_darker_and_changes_no_regional_pigment(skin: str) -> None:
    before = measured(painting(skin))
    after = measured(painting(skin, lambda light: denser(light, everywhere(light), (4.0, 5.6, 8.0))))
    for region, seen in before.items():
        assert after[region].lightness < seen.lightness - 1
        assert after[region].melanin_index == pytest.approx(seen.melanin_index, abs=0.1)


def test_the_camera_s_resolution_and_a_tilt_change_no_colour() -> None:
    spots = discs(CHEEK, 7, 6) + discs(FOREHEAD, 7, 6)
    image = painting("brown", lambda light: denser(light, spots, PIGMENT))
    before = measured(image)
    for degrees, scale in ((0, 0.5), (0, 2.0), (12, 1.0), (-8, 1.3)):
        side = round(SIDE * scale)
        turn = cv2.getRotationMatrix2D(((SIDE - 1) / 2, (SIDE - 1) / 2), degrees, scale)
        turn[:, 2] += (side - SIDE) / 2
        turned = cv2.warpAffine(image, turn, (side, side), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
        after = measured(turned, (mesh() @ turn[:, :2].T + turn[:, 2]).astype(np.float32))
        for region, seen in before.items():
            assert after[region].erythema_index == pytest.approx(seen.erythema_index, abs=0.15)
            assert after[region].lightness == pytest.approx(seen.lightness, abs=0.15)
            assert after[region].pixels == pytest.approx(seen.pixels, rel=0.03)
            assert after[region].spot_area_share == pytest.approx(seen.spot_area_share, rel=0.2, abs=0.002)


def test_landmarks_a_pixel_off_hardly_matter() -> None:
    image = painting("light", lambda light: denser(light, inside(CHEEK).astype(np.float32), BLOOD))
    before = measured(image)
    jitter = np.random.default_rng(3).normal(0, 1, (468, 2)).astype(np.float32)
    after = measured(image, mesh() + jitter)
    for region, seen in before.items():
        assert after[region].erythema_index == pytest.approx(seen.erythema_index, abs=0.1)
        assert after[region].melanin_index == pytest.approx(seen.melanin_index, abs=0.3)


def test_texture_and_lines_of_a_small_face_are_left_open() -> None:
    for seen in measured(portrait(), portrait_face().points).values():
        assert (seen.texture_energy, seen.line_energy) == (None, None)


def test_hair_over_the_forehead_is_not_measured_as_skin() -> None:
    hair = np.zeros((SIDE, SIDE), dtype=np.float32)
    top = int(mesh()[:, 1].min())
    hair[: top + 70] = 1.0
    plain = measured(painting("light"))[FOREHEAD]
    covered = measured(painting("light", lambda light: light * (1 - 0.94 * hair[..., None])))[FOREHEAD]
    assert covered.pixels < 0.75 * plain.pixels
    assert covered.lightness == pytest.approx(plain.lightness, abs=2.5)
    assert covered.erythema_index == pytest.approx(plain.erythema_index, abs=0.5)
    assert covered.melanin_index == pytest.approx(plain.melanin_index, abs=2)


def test_lips_and_eyes_belong_to_no_region() -> None:
    marked = painting("light")
    for points in (mesh()[[0, 13, 14, 17, 61, 291]], mesh()[[159, 145]], mesh()[[386, 374]]):
        x, y = points.mean(axis=0)
        cv2.circle(marked, (int(x), int(y)), 8, (200, 20, 30), -1)
    before, after = measured(painting("light")), measured(marked)
    for region, seen in before.items():
        assert after[region].erythema_index == pytest.approx(seen.erythema_index, abs=0.05)


def test_a_region_beyond_the_picture_s_edge_is_left_out() -> None:
    middle = int(mesh()[:, 0].mean())
    seen = measured(painting("light")[:, middle:], mesh() - np.array([middle, 0], dtype=np.float32))
    assert CHEEK in seen
    assert OTHER_CHEEK not in seen


@pytest.mark.parametrize("colour", [(255, 252, 250), (5, 5, 5)])
def test_burnt_out_and_black_pictures_have_no_measures(colour: tuple[int, int, int]) -> None:
    assert measured(np.full((SIDE, SIDE, 3), colour, dtype=np.uint8)) == {}


def test_points_that_span_no_face_have_no_measures() -> None:
    image = painting("light")
    nowhere = (np.zeros((468, 2)), np.full((468, 2), np.nan), mesh() + np.float32(9000))
    for points in nowhere:
        assert measure_face(image, points.astype(np.float32)) == ()


def finite(seen: RegionAppearance) -> bool:
    shares = (seen.spot_area_share, seen.shine_share)
    rest = [value for value in astuple(replace(seen, region=FOREHEAD))[1:] if value is not None]
    return bool(np.isfinite(rest).all()) and all(0 <= share <= 1 for share in shares) and seen.pixels > 0


# The first example loads the landmarker.
@settings(deadline=None, max_examples=25)
@given(
    arrays.arrays(np.uint8, (24, 24, 3)),
    st.floats(20, 700),
    st.floats(-100, 100),
    st.integers(0, 2**31),
)
def test_whatever_the_picture_every_number_is_finite(tile: np.ndarray, width: float, off: float, seed: int) -> None:
    image = cv2.resize(tile, (320, 320), interpolation=cv2.INTER_NEAREST)
    jitter = np.random.default_rng(seed).normal(0, width / 20, (468, 2))
    points = (mesh() - SIDE / 2) * np.float32(width / 400) + np.float32(160 + off) + jitter
    assert all(finite(seen) for seen in measure_face(image, points.astype(np.float32)))
