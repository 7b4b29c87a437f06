"""The ImageNet weights sit where they belong in timm's network."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import cv2  # noqa: E402
from skimage import data as pictures  # noqa: E402

from models.errors import DataCorruptError  # noqa: E402
from models.pretrained import (  # noqa: E402
    MEAN,
    SPREAD,
    efficientnet_lite0_classifier,
    efficientnet_lite0_features,
    published_weights,
    timm_key,
)

pytestmark = pytest.mark.train

CATS = {281, 282, 285}  # tabby, tiger cat, Egyptian cat
COFFEE = {967, 968}  # espresso, cup


def centre_square(image: np.ndarray) -> "torch.Tensor":
    """Return the middle of a picture as (1, 3, 224, 224) in 0..1."""
    height, width = image.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = cv2.resize(image[top : top + side, left : left + side], (224, 224), interpolation=cv2.INTER_AREA)
    return torch.from_numpy(square).permute(2, 0, 1)[None].float() / 255


@pytest.mark.parametrize(("name", "right"), [("chelsea", CATS), ("coffee", COFFEE)])
def test_a_cat_is_a_cat_and_a_coffee_is_a_coffee(name: str, right: set[int]) -> None:
    with torch.inference_mode():
        logits = efficientnet_lite0_classifier()((centre_square(getattr(pictures, name)()) - MEAN) / SPREAD)
    likely = logits.softmax(dim=1)[0]
    assert float(likely[list(right)].sum()) > 0.8


def test_features_come_from_imagenet_at_the_stated_strides_and_channels() -> None:
    features = efficientnet_lite0_features()
    with torch.inference_mode():
        maps = features(torch.rand(2, 3, 128, 96))
    assert features.strides == (4, 8, 16, 32)
    assert [tuple(m.shape) for m in maps] == [(2, 24, 32, 24), (2, 40, 16, 12), (2, 112, 8, 6), (2, 320, 4, 3)]
    torch.testing.assert_close(features.body.state_dict()["conv_stem.weight"], published_weights()["conv_stem.weight"])


def test_fewer_maps_can_be_asked_for() -> None:
    features = efficientnet_lite0_features((1, 2), pretrained=False)
    assert (features.channels, len(features(torch.rand(1, 3, 64, 64)))) == ((24, 40), 2)


def test_every_published_tensor_has_a_place_of_its_own() -> None:
    state = published_weights()
    assert set(state) == set(efficientnet_lite0_classifier().state_dict())


@pytest.mark.parametrize("name", ["_blocks.16._bn0.weight", "_blocks.2._se_reduce.weight", "stem", "_bn7.bias"])
def test_a_tensor_of_another_network_is_refused(name: str) -> None:
    with pytest.raises(DataCorruptError, match="EfficientNet-lite0"):
        timm_key(name)
