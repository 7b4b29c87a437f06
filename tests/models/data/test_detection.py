"""What a detector's crops are drawn from."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.data.detection import BoxedPhoto, CropSources, boxed_rendering, tone_likelihood
from models.data.lesions import ToneGroup
from models.synthesis.folder import RenderedPhoto
from models.synthesis.kinds import LesionKind

GROUPS = st.lists(st.sampled_from(list(ToneGroup)), min_size=1, max_size=60)


@given(GROUPS, st.floats(0, 1))
def test_each_photograph_may_be_drawn_and_rarer_tones_no_less_often(tones: list[ToneGroup], balance: float) -> None:
    likelihood = tone_likelihood(tones, balance)
    assert likelihood.sum() == pytest.approx(1)
    assert (likelihood > 0).all()
    by_rarity = sorted(zip(likelihood, tones, strict=True), key=lambda pair: tones.count(pair[1]))
    assert all(a[0] >= b[0] - 1e-12 for a, b in pairwise(by_rarity))


@given(GROUPS)
def test_full_balance_draws_every_tone_equally_often(tones: list[ToneGroup]) -> None:
    likelihood = tone_likelihood(tones, 1.0)
    share = {t: sum(p for p, tone in zip(likelihood, tones, strict=True) if tone is t) for t in set(tones)}
    assert all(value == pytest.approx(1 / len(share)) for value in share.values())


def test_likelier_photographs_are_picked_more_often() -> None:
    pictures = [BoxedPhoto(np.full((8, 8, 3), i, np.uint8), np.zeros((0, 4), np.float32)) for i in range(3)]
    sources = CropSources(pictures, [], 0.0, likelihood=np.array([0.7, 0.3, 0.0]))
    picked = [int(p.image[0, 0, 0]) for p in sources.pick(np.random.default_rng(1), 1000, step=0)]
    assert picked.count(0) / 1000 == pytest.approx(0.7, abs=0.05)
    assert 2 not in picked


def test_a_rendering_is_boxed_as_people_box_and_its_moles_are_not() -> None:
    tight = np.array([[40, 40, 60, 60], [10, 10, 20, 20]], np.float32)
    kinds = (LesionKind.PAPULE, LesionKind.GROWTH)
    image = np.zeros((100, 100, 3), np.uint8)
    photo = RenderedPhoto("one", image, tight, kinds, (), ToneGroup.DEEP)
    np.testing.assert_allclose(boxed_rendering(photo).boxes, [[32.5, 32.5, 67.5, 67.5]])
