"""Sets of types: who belongs, in which order, for which group."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.vision.conformal import lac_members, type_set
from shared.vision.parameters import CROP_CLASSES, ConformalTable, CropClass

TABLE = ConformalTable(overall=0.75, by_group={"deep": 0.95}, n=100)
LIKELY_SPOT = [0.06, 0.02, 0.56, 0.35, 0.01]


def test_every_class_as_probable_as_the_quantile_asks_belongs_best_first() -> None:
    assert type_set(LIKELY_SPOT, CROP_CLASSES, TABLE, None) == (CropClass.SPOT, CropClass.CLEAR)


def test_a_group_with_a_higher_quantile_gets_a_larger_set() -> None:
    assert type_set(LIKELY_SPOT, CROP_CLASSES, TABLE, "deep") == (CropClass.SPOT, CropClass.CLEAR, CropClass.BLEMISH)


def test_a_set_is_empty_when_nothing_is_as_probable_as_the_true_class_usually_is() -> None:
    strict = ConformalTable(overall=0.3, n=100)
    assert type_set(LIKELY_SPOT, CROP_CLASSES, strict, None) == ()


def test_the_quantiles_own_class_is_not_lost_to_rounding() -> None:
    for value in np.linspace(0.01, 0.99, 99):
        assert lac_members([[value, 1 - value]], 1 - value)[0, 0]


def test_each_row_is_cut_at_its_own_quantile() -> None:
    members = lac_members([[0.6, 0.4], [0.6, 0.4]], [0.5, 0.7])
    assert members.tolist() == [[True, False], [True, True]]


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=5, max_size=5), st.floats(0, 1), st.floats(0, 1))
def test_a_higher_quantile_never_takes_a_class_away(weights: list[float], a: float, b: float) -> None:
    low, high = sorted((a, b))
    smaller, larger = lac_members([weights], low)[0], lac_members([weights], high)[0]
    assert not (smaller & ~larger).any()


def test_a_quantile_of_one_keeps_every_class() -> None:
    assert lac_members([[1.0, 0.0, 0.0]], 1.0).all()
