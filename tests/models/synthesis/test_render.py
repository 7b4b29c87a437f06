"""Lesions on faces: exact boxes and masks, contrast on every tone, plausible sizes and colours."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.data.lesions import ToneGroup
from models.synthesis.kinds import CLASS_OF_KIND, LesionKind
from models.synthesis.lesions import Paint, paint
from models.synthesis.light import Light
from models.synthesis.optics import to_linear
from models.synthesis.render import Rendered, _relief, depth_of, render
from models.synthesis.settings import FACE_MM, Profile, RenderSettings, SizeRange
from models.synthesis.shape import Disc, Spot, dome, falloff, make_disc
from models.synthesis.skin import FaceFrame, Skin
from shared.imaging.image import RgbImage

from .conftest import DrawFace

MANY = Profile("many", 1.0, dict.fromkeys(LesionKind, 4.0), 0.4)
ALL = RenderSettings(profiles=(MANY,))


def only(kind: LesionKind, number: float = 12.0) -> RenderSettings:
    """Return settings that draw one kind."""
    return RenderSettings(profiles=(Profile("one", 1.0, {kind: number}, 0.3),))


def changes(before: RgbImage, rendered: Rendered) -> np.ndarray:
    """Return the largest change of each pixel's channels in code values."""
    return np.abs(rendered.image.astype(int) - before.astype(int)).max(axis=2)


def whole_mask(rendered: Rendered) -> np.ndarray:
    mask = np.zeros(rendered.image.shape[:2], bool)
    for box, part in zip(rendered.boxes.astype(int), rendered.masks, strict=True):
        mask[box[1] : box[3], box[0] : box[2]] |= part
    return mask


def lab(image: RgbImage) -> np.ndarray:
    return np.asarray(cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB))


def shifts(before: RgbImage, rendered: Rendered) -> np.ndarray:
    """Return each lesion's mean change of L*, a* and b* within its mask, (M, 3)."""
    difference = lab(rendered.image) - lab(before)
    boxes = rendered.boxes.astype(int)
    parts = (difference[b[1] : b[3], b[0] : b[2]][m] for b, m in zip(boxes, rendered.masks, strict=True))
    return np.array([part.mean(axis=0) for part in parts]).reshape(-1, 3)


@pytest.fixture(params=list(ToneGroup))
def tone(request: pytest.FixtureRequest) -> ToneGroup:
    return ToneGroup(request.param)


@pytest.fixture
def face(tone: ToneGroup, draw_face: DrawFace) -> RgbImage:
    return draw_face(tone).image


@pytest.fixture
def skin(tone: ToneGroup, skins: dict[ToneGroup, Skin]) -> Skin:
    return skins[tone]


def test_boxes_are_tight_around_masks_and_masks_never_share_a_pixel(face: RgbImage, skin: Skin) -> None:
    counted = np.zeros(face.shape[:2], int)
    rendered = render(face, skin, np.random.default_rng(1), ALL)
    for box, mask in zip(rendered.boxes.astype(int), rendered.masks, strict=True):
        assert mask.shape == (box[3] - box[1], box[2] - box[0])
        assert mask.any(axis=0)[[0, -1]].all()
        assert mask.any(axis=1)[[0, -1]].all()
        counted[box[1] : box[3], box[0] : box[2]] += mask
    assert counted.max() == 1


@pytest.mark.parametrize("seed", range(3))
def test_what_changes_lies_in_the_masks_and_nothing_changes_far_from_them(
    face: RgbImage, skin: Skin, seed: int
) -> None:
    rendered = render(face, skin, np.random.default_rng(seed), ALL)
    change, mask = changes(face, rendered).astype(float), whole_mask(rendered)
    assert (change**2)[mask].sum() > 0.9 * (change**2).sum()
    near = cv2.dilate(mask.astype(np.uint8), np.ones((15, 15), np.uint8)).astype(bool)
    assert not change[~near].any()
    # Most pixels of every mask are changed for all to see, or the outline would promise too much.
    for box, part in zip(rendered.boxes.astype(int), rendered.masks, strict=True):
        inside = change[box[1] : box[3], box[0] : box[2]][part]
        assert (inside >= 3).mean() > 0.6


@pytest.mark.parametrize("kind", list(LesionKind))
def test_every_kind_is_seen_on_every_tone(face: RgbImage, skin: Skin, kind: LesionKind) -> None:
    seen = 0
    for seed in range(3):
        rendered = render(face, skin, np.random.default_rng(seed), only(kind))
        assert set(rendered.kinds) <= {kind}
        seen += len(rendered.kinds)
        change = changes(face, rendered)
        for box, mask in zip(rendered.boxes.astype(int), rendered.masks, strict=True):
            assert change[box[1] : box[3], box[0] : box[2]][mask].mean() > 5
    assert seen >= 6


def test_lesions_lie_on_skin_only(face: RgbImage, skin: Skin) -> None:
    mask = whole_mask(render(face, skin, np.random.default_rng(4), ALL))
    assert mask.any()
    assert (mask & ~skin.mask).sum() <= 0.02 * mask.sum()


def test_sizes_are_those_of_lesions(face: RgbImage, skin: Skin) -> None:
    sides = []
    for seed in range(6):
        boxes = render(face, skin, np.random.default_rng(seed), ALL).boxes
        sides.append((boxes[:, 2:] - boxes[:, :2]).max(axis=1) * FACE_MM / skin.frame.width_px)
    millimetres = np.concatenate(sides)
    assert millimetres.min() > 1.0
    assert millimetres.max() < 13
    assert 2.5 < np.median(millimetres) < 5.5


def test_the_same_seed_draws_the_same_and_another_does_not(face: RgbImage, skin: Skin) -> None:
    first, second, other = (render(face, skin, np.random.default_rng(seed), ALL) for seed in (7, 7, 8))
    assert np.array_equal(first.image, second.image)
    assert np.array_equal(first.boxes, second.boxes)
    assert first.kinds == second.kinds
    assert not np.array_equal(first.image, other.image)


def test_a_clear_face_and_a_face_without_skin_stay_as_they_are(face: RgbImage, skin: Skin) -> None:
    clear = render(face, skin, np.random.default_rng(0), RenderSettings(profiles=(Profile("clear", 1.0, {}, 0.0),)))
    hidden = render(face, replace(skin, mask=np.zeros_like(skin.mask)), np.random.default_rng(0), ALL)
    for rendered in (clear, hidden):
        assert np.array_equal(rendered.image, face)
        assert rendered.boxes.shape == (0, 4)
        assert rendered.kinds == rendered.masks == ()


def test_the_input_is_left_alone(face: RgbImage, skin: Skin) -> None:
    kept = face.copy()
    render(face, skin, np.random.default_rng(3), ALL)
    assert np.array_equal(face, kept)


def test_the_number_of_lesions_is_bounded(face: RgbImage, skin: Skin) -> None:
    rendered = render(face, skin, np.random.default_rng(2), replace(only(LesionKind.FRECKLE, 60.0), most=9))
    assert 0 < len(rendered.kinds) <= 9


def test_flat_marks_and_moles_darken_every_tone(face: RgbImage, skin: Skin) -> None:
    for kind in (LesionKind.POST_INFLAMMATORY, LesionKind.FRECKLE):
        assert (shifts(face, render(face, skin, np.random.default_rng(5), only(kind)))[:, 0] < 0).all()
    moles = shifts(face, render(face, skin, np.random.default_rng(5), only(LesionKind.GROWTH)))[:, 0]
    freckles = shifts(face, render(face, skin, np.random.default_rng(5), only(LesionKind.FRECKLE)))[:, 0]
    assert np.median(moles) < np.median(freckles)


@pytest.mark.parametrize("kind", [LesionKind.PAPULE, LesionKind.PUSTULE])
def test_inflamed_bumps_are_redder_than_the_skin(face: RgbImage, skin: Skin, kind: LesionKind) -> None:
    shift = np.concatenate([shifts(face, render(face, skin, np.random.default_rng(s), only(kind))) for s in range(3)])
    assert np.median(shift[:, 1]) > 0.5


def test_a_flat_mark_keeps_the_skin_s_texture(draw_face: DrawFace, skins: dict[ToneGroup, Skin]) -> None:
    rough = draw_face(ToneGroup.LIGHT_MEDIUM, noise=0.05).image
    large = dict.fromkeys(LesionKind, SizeRange(17.0, 0.05, 15.0, 19.0))
    wanted = replace(only(LesionKind.POST_INFLAMMATORY), sizes=large)
    rendered = render(rough, skins[ToneGroup.LIGHT_MEDIUM], np.random.default_rng(1), wanted)
    inside = cv2.erode(whole_mask(rendered).astype(np.uint8), np.ones((7, 7), np.uint8)).astype(bool)
    assert inside.any()

    def detail(image: RgbImage) -> np.ndarray:
        light = np.log(to_linear(image)[..., 1])
        return np.asarray(light - cv2.GaussianBlur(light, (0, 0), 1.0))[inside]

    assert np.corrcoef(detail(rough), detail(rendered.image))[0, 1] > 0.95
    assert detail(rendered.image).std() == pytest.approx(detail(rough).std(), rel=0.2)


def flat_disc(radius: float = 8.0) -> Disc:
    y, x = np.mgrid[-14:15, -14:15].astype(np.float32)
    rho = np.hypot(x, y) / np.float32(radius)
    return Disc(0, 0, radius, rho, np.zeros_like(rho), np.array([0, 0, 1], np.float32))


@pytest.mark.parametrize("side", [-1, 1])
def test_a_bump_is_bright_towards_the_light_and_dark_away_from_it(side: int) -> None:
    disc = flat_disc()
    bump = Paint(disc.rho * 0, disc.rho * 0, 2.5 * dome(disc.rho, 1.0), 1.0, 16.0)
    shade, shine = _relief(bump, disc, Light((side * 0.6, 0.0, 0.8), 0.1, 0.3))
    towards, away = (14 + 4 * side, 14 - 4 * side)
    assert shade[14, towards] > 1.03
    assert shade[14, away] < 0.97
    assert shine[14, towards] > 2 * shine[14, away]
    assert np.allclose(shade[disc.rho > 1.2], 1, atol=1e-3)
    assert shine[disc.rho > 1.5].max() < 1e-3


def test_flat_skin_turned_from_the_light_is_not_shaded_again() -> None:
    disc = replace(flat_disc(), normal=np.array([0.8, 0, 0.6], np.float32))
    shade, shine = _relief(
        Paint(disc.rho * 0, disc.rho * 0, disc.rho * 0, 1.0, 16.0), disc, Light((-0.9, 0, 0.436), 0.1, 0.3)
    )
    assert np.allclose(shade, 1)
    assert not shine.any()


def test_a_pustule_s_middle_is_paler_than_its_rim() -> None:
    for seed in range(10):
        work = paint(LesionKind.PUSTULE, flat_disc(), 0.2, np.random.default_rng(seed))
        assert work.blood[14, 14] < work.blood[14, 14 + 5]


def test_deep_skin_gets_more_brown_and_less_red() -> None:
    def mean(depth: float, field: str) -> float:
        works = (paint(LesionKind.PAPULE, flat_disc(), depth, np.random.default_rng(s)) for s in range(40))
        return float(np.mean([getattr(work, field)[14, 14] for work in works]))

    assert mean(1.0, "blood") < mean(0.0, "blood")
    assert mean(1.0, "melanin") > mean(0.0, "melanin")


@given(st.integers(0, 2**32 - 1), st.sampled_from(list(LesionKind)), st.floats(2.0, 10.0), st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_no_paint_reaches_beyond_its_patch(seed: int, kind: LesionKind, radius: float, depth: float) -> None:
    work = paint(kind, flat_disc(radius), depth, np.random.default_rng(seed))
    outside = flat_disc(radius).rho >= 1.5
    for plane in (work.melanin, work.blood, work.height):
        assert not plane[outside].any()
        assert np.isfinite(plane).all()


@given(st.integers(0, 2**32 - 1), st.floats(0, 320), st.floats(0, 320), st.floats(2.0, 12.0))
@settings(max_examples=60, deadline=None)
def test_a_disc_lies_in_the_picture_and_is_about_as_large_as_asked(
    frame: FaceFrame, seed: int, x: float, y: float, radius: float
) -> None:
    disc = make_disc(Spot(x, y, radius), frame, 0.15, (320, 320), np.random.default_rng(seed))
    height, width = disc.rho.shape
    assert disc.left >= 0
    assert disc.top >= 0
    assert disc.left + width <= 320
    assert disc.top + height <= 320
    # Skin that leans away is foreshortened, so the area may be smaller; it is never much larger.
    assert (disc.rho <= 1).sum() < 2.2 * np.pi * radius**2 + 10


def test_falloff_goes_from_one_to_nothing_around_its_middle() -> None:
    rho = np.linspace(0, 2, 41, dtype=np.float32)
    cover = falloff(rho, 1.0, 0.5)
    assert cover[0] == 1
    assert cover[-1] == 0
    assert cover[20] == pytest.approx(0.5, abs=1e-5)
    assert (np.diff(cover) <= 0).all()


def test_depth_rises_from_light_to_deep_skin() -> None:
    levels = (0.5, 0.3, 0.12, 0.04)
    depths = [depth_of(Light((0, 0, 1), 0.1, level)) for level in levels]
    assert depths == sorted(depths)
    assert depths[0] == 0
    assert depths[-1] == 1


def test_every_kind_has_a_word() -> None:
    assert set(CLASS_OF_KIND) == set(LesionKind)
    assert CLASS_OF_KIND[LesionKind.POST_INFLAMMATORY] == CLASS_OF_KIND[LesionKind.FRECKLE] == "spot"
    assert CLASS_OF_KIND[LesionKind.COMEDONE] == CLASS_OF_KIND[LesionKind.PAPULE] == "blemish"
