"""Face paint and tattoos."""

import numpy as np
import pytest

from models.data.lesions import ToneGroup
from models.synthesis.distractors import DistractorKind, DistractorSettings, distract
from models.synthesis.skin import Skin

from .conftest import DrawFace


@pytest.mark.parametrize("tone", list(ToneGroup))
@pytest.mark.parametrize("kind", list(DistractorKind))
def test_what_is_drawn_lies_in_its_boxes_and_on_skin(
    draw_face: DrawFace, skins: dict[ToneGroup, Skin], tone: ToneGroup, kind: DistractorKind
) -> None:
    face, drawn = draw_face(tone).image, 0
    for seed in range(4):
        result = distract(face, skins[tone], kind, np.random.default_rng(seed), DistractorSettings())
        change = np.abs(result.image.astype(int) - face.astype(int)).max(axis=2)
        inside = np.zeros(change.shape, bool)
        for x1, y1, x2, y2 in result.boxes.astype(int):
            inside[y1:y2, x1:x2] = True
            assert change[y1:y2, x1:x2].max() > 12
        assert (change[~inside] ** 2).sum() < 0.02 * (change**2).sum() + 1
        assert not change[~skins[tone].mask].any()
        assert set(result.kinds) <= {kind}
        assert len(result.kinds) == len(result.boxes)
        drawn += len(result.boxes)
    assert drawn >= 4


def test_the_same_seed_draws_the_same(draw_face: DrawFace, skins: dict[ToneGroup, Skin]) -> None:
    face, skin = draw_face(ToneGroup.DEEP).image, skins[ToneGroup.DEEP]
    one, two = (
        distract(face, skin, DistractorKind.TATTOO, np.random.default_rng(5), DistractorSettings()) for _ in range(2)
    )
    assert np.array_equal(one.image, two.image)
    assert np.array_equal(one.boxes, two.boxes)


def test_without_skin_nothing_is_drawn(draw_face: DrawFace, skins: dict[ToneGroup, Skin]) -> None:
    face = draw_face(ToneGroup.BROWN).image
    bare = Skin(np.zeros(face.shape[:2], bool), skins[ToneGroup.BROWN].frame)
    result = distract(face, bare, DistractorKind.MAKE_UP, np.random.default_rng(0), DistractorSettings())
    assert np.array_equal(result.image, face)
    assert result.boxes.shape == (0, 4)
