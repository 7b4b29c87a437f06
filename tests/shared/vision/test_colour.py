import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.color import rgb2lab

from shared.vision.colour import (
    brightness,
    erythema_index,
    ita_degrees,
    lab,
    light_of,
    luminance,
    melanin_index,
    to_codes,
    to_linear,
)

channels = st.integers(30, 255)
shares = st.floats(0.05, 1.0)


def light(red: float, green: float, blue: float) -> np.ndarray:
    return np.array([[[red, green, blue]]], dtype=np.float32)


def test_every_code_comes_back_from_linear_light() -> None:
    codes = np.arange(256, dtype=np.float32)
    assert to_codes(to_linear(codes)) == pytest.approx(codes, abs=0.01)
    assert to_linear(np.array([0, 255], dtype=np.float32)) == pytest.approx([0, 1])
    assert float(to_linear(np.array([118.9], dtype=np.float32))[0]) == pytest.approx(0.184, abs=0.002)  # middle grey


def test_looking_light_up_is_the_same_as_working_it_out() -> None:
    image = np.random.default_rng(0).integers(0, 256, (9, 11, 3), dtype=np.uint8)
    assert np.array_equal(light_of(image), to_linear(image.astype(np.float32)))


# The first example loads what converts.
@settings(deadline=None)
@given(channels, channels, channels)
def test_lab_agrees_with_an_independent_conversion(red: int, green: int, blue: int) -> None:
    colour = np.array([[[red, green, blue]]], dtype=np.uint8)
    assert lab(light_of(colour))[0, 0] == pytest.approx(rgb2lab(colour)[0, 0], abs=0.4)


def test_luminance_of_white_is_one_and_its_logarithm_nought() -> None:
    assert float(luminance(light(1, 1, 1))[0, 0]) == pytest.approx(1)
    assert float(brightness(light(1, 1, 1))[0, 0]) == pytest.approx(0, abs=1e-6)


@given(shares, shares, shares, st.floats(0.3, 1.0))
def test_exposure_cancels_in_the_erythema_index_and_adds_to_the_melanin_index(
    red: float, green: float, blue: float, gain: float
) -> None:
    before, after = light(red, green, blue), light(red * gain, green * gain, blue * gain)
    assert erythema_index(after) == pytest.approx(erythema_index(before), abs=1e-3)
    risen = melanin_index(after) - melanin_index(before)
    assert risen == pytest.approx(-100 * np.log10(gain), abs=1e-3)


@given(shares, shares, shares, st.floats(0.3, 0.99))
def test_blood_that_takes_green_light_is_redness_and_no_pigment(
    red: float, green: float, blue: float, kept: float
) -> None:
    before, after = light(red, green, blue), light(red, green * kept, blue)
    assert erythema_index(after) - erythema_index(before) == pytest.approx(-100 * np.log10(kept), abs=1e-3)
    assert melanin_index(after) == pytest.approx(melanin_index(before))


def test_grey_is_not_red_and_white_holds_no_pigment() -> None:
    assert float(erythema_index(light(0.4, 0.4, 0.4))[0, 0]) == pytest.approx(0, abs=1e-4)
    assert float(melanin_index(light(1, 1, 1))[0, 0]) == pytest.approx(0, abs=1e-4)


def test_black_has_finite_indices() -> None:
    black = light(0, 0, 0)
    for index in (erythema_index, melanin_index, brightness):
        assert np.isfinite(index(black)).all()


@pytest.mark.parametrize(
    ("lightness", "yellowness", "angle"),
    [(70, 20, 45.0), (50, 10, 0.0), (30, 20, -45.0), (60, 0, 90.0), (40, 0, -90.0)],
)
def test_typology_angle_follows_its_definition(lightness: float, yellowness: float, angle: float) -> None:
    assert ita_degrees(lightness, yellowness) == pytest.approx(angle)
