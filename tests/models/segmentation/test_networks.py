"""The segmenters: sizes, shapes, and that each part is connected to the mask."""

import pytest

torch = pytest.importorskip("torch")

from models.segmentation.backbones import SWIN_48, SwinFeatures  # noqa: E402
from models.segmentation.build import Architecture, build_segmenter, count_parameters  # noqa: E402
from models.segmentation.pyramid import LightPyramid  # noqa: E402

pytestmark = pytest.mark.train

COUNTS = {
    Architecture.SWIN_48: 5_198_861,
    Architecture.SWIN_TINY: 27_633_611,
    Architecture.UNET: 5_187_333,
    Architecture.EFFICIENTNET_LITE0: 3_027_905,
}


@pytest.mark.parametrize("architecture", list(Architecture))
def test_each_architecture_has_its_known_number_of_weights(architecture: Architecture) -> None:
    assert count_parameters(build_segmenter(architecture)) == COUNTS[architecture]


def test_the_unet_to_compare_with_is_of_the_swins_size() -> None:
    assert abs(COUNTS[Architecture.UNET] / COUNTS[Architecture.SWIN_48] - 1) < 0.05


@pytest.mark.parametrize("architecture", [a for a in Architecture if a is not Architecture.SWIN_TINY])
def test_a_crop_becomes_one_mask_of_its_size_and_every_weight_has_a_say(architecture: Architecture) -> None:
    network = build_segmenter(architecture).train()
    logits = network(torch.rand(2, 3, 128, 128))
    assert logits.shape == (2, 1, 128, 128)
    logits.square().mean().backward()
    silent = [name for name, weight in network.named_parameters() if weight.grad is None]
    assert silent == []


def test_swin_maps_halve_and_widen() -> None:
    maps = SwinFeatures(SWIN_48).eval()(torch.rand(1, 3, 128, 128))
    assert [tuple(m.shape) for m in maps] == [(1, 48, 32, 32), (1, 96, 16, 16), (1, 192, 8, 8), (1, 384, 4, 4)]


def test_crops_are_treated_alone() -> None:
    torch.manual_seed(1)
    network, crops = build_segmenter(Architecture.SWIN_48).eval(), torch.rand(3, 3, 128, 128)
    with torch.inference_mode():
        torch.testing.assert_close(network(crops)[1:2], network(crops[1:2]), atol=1e-4, rtol=1e-4)


def test_a_coarse_level_reaches_every_pixel_below_it() -> None:
    torch.manual_seed(2)
    pyramid = LightPyramid((4, 4)).eval()
    fine, coarse = torch.rand(1, 4, 8, 8), torch.rand(1, 4, 4, 4)
    other = coarse.clone()
    other[..., 0, 0] += 5
    with torch.inference_mode():
        changed = (pyramid((fine, coarse)) - pyramid((fine, other))).abs()[0, 0] > 1e-6
    # A coarse pixel is 2x2 fine ones, and the 3x3 smoothing reaches one pixel further.
    assert bool(changed[:3, :3].any())
    assert not bool(changed[3:, :].any())
    assert not bool(changed[:, 3:].any())
