"""Pigment in linear light."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.synthesis.optics import BLOOD, MELANIN, SURFACE, absorb, density, luminance, to_code, to_image, to_linear

amounts = st.floats(0.05, 1.5)


def pixel(red: float, green: float, blue: float) -> np.ndarray:
    return np.array([[[red, green, blue]]], np.float32)


def test_every_code_value_survives_the_way_through_linear_light() -> None:
    codes = np.arange(256, dtype=np.uint8).reshape(1, -1, 1).repeat(3, axis=2)
    assert np.array_equal(to_image(to_linear(codes)), codes)


def test_middle_grey_reflects_a_fifth_of_the_light() -> None:
    assert to_linear(np.full((1, 1, 3), 118, np.uint8))[0, 0, 0] == pytest.approx(0.18, abs=0.005)
    assert to_code(pixel(1.5, 0.0, -0.2))[0, 0].tolist() == [255, 0, 0]


def test_no_pigment_changes_nothing() -> None:
    skin = pixel(0.5, 0.3, 0.2)
    assert np.array_equal(absorb(skin, np.zeros_like(skin)), skin)


@given(amounts, st.floats(0.03, 1.0))
def test_the_body_of_any_skin_loses_the_same_share(amount: float, lightness: float) -> None:
    skin = pixel(0.9, 0.7, 0.6) * np.float32(lightness) + np.float32(SURFACE)
    after = absorb(skin, np.full((1, 1, 3), amount, np.float32))
    assert (after - SURFACE) / (skin - SURFACE) == pytest.approx(np.exp(-amount), rel=1e-3)


@given(amounts)
def test_redness_stands_out_less_on_deep_skin(amount: float) -> None:
    added = density(np.zeros((1, 1), np.float32), np.full((1, 1), amount, np.float32))

    def contrast(skin: np.ndarray) -> float:
        after = absorb(skin, added)
        return float((after / skin)[0, 0, 0] / (after / skin)[0, 0, 1]) - 1

    assert contrast(pixel(0.6, 0.4, 0.3)) > contrast(pixel(0.09, 0.045, 0.03)) > 0


@given(amounts)
def test_melanin_darkens_and_browns_where_blood_reddens(amount: float) -> None:
    skin = pixel(0.5, 0.35, 0.25)
    none, some = np.zeros((1, 1), np.float32), np.full((1, 1), amount, np.float32)
    brown, red = absorb(skin, density(some, none)), absorb(skin, density(none, some))
    assert luminance(brown)[0, 0] < luminance(skin)[0, 0]
    assert (skin - brown)[0, 0, 0] > (skin - red)[0, 0, 0]
    assert red[0, 0, 0] / red[0, 0, 1] > brown[0, 0, 0] / brown[0, 0, 1]


def test_pigments_take_blue_or_green_before_red() -> None:
    assert MELANIN[0] < MELANIN[1] < MELANIN[2]
    assert BLOOD[1] > BLOOD[2] > BLOOD[0]


def test_taking_pigment_away_lightens() -> None:
    skin = pixel(0.2, 0.1, 0.05)
    assert (absorb(skin, np.full((1, 1, 3), -0.3, np.float32)) > skin).all()
