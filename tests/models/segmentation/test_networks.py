"""The segmenters: sizes, shapes, and that each part is connected to the mask."""

import pytest

torch = pytest.importorskip("torch")

from models.count import count_parameters  # noqa: E402
from models.segmentation.backbones import SWIN_48, SwinFeatures  # noqa: E402
from models.segmentation.build import Architecture, build_segmenter  # noqa: E402
from models.segmentation.pyramid import LightPyramid  # noqa: E402

pytestmark = pytest.mark.train

COUNTS = {
    Architecture.SWIN_48: 5_217_373,
    Architecture.SWIN_TINY: 27_689_203,
    Architecture.UNET: 5_187_333,
    Architecture.EFFICIENTNET_LITE0: 3_035_065,
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
    assert [m.shape[1:] for m in maps] == [(24, 64, 64), (48, 32, 32), (96, 16, 16), (192, 8, 8), (384, 4, 4)]


def test_crops_are_treated_alone() -> None:
    torch.manual_seed(1)
    network, crops = build_segmenter(Architecture.SWIN_48).eval(), torch.rand(3, 3, 128, 128)
    with torch.inference_mode():
        torch.testing.assert_close(network(crops)[1:2], network(crops[1:2]), atol=1e-4, rtol=1e-4)


def test_a_coarse_level_reaches_every_pixel_below_it_and_no_distant_one() -> None:
    torch.manual_seed(2)
    pyramid = LightPyramid((4, 4, 4)).eval()
    maps = [torch.rand(1, 4, side, side) for side in (32, 16, 8)]
    others = [*maps[:2], maps[2].clone()]
    others[2][..., 0, 0] += 5
    with torch.inference_mode():
        changed = (pyramid(maps) - pyramid(others)).abs()[0, 0] > 1e-6
    # A pixel of the coarsest is 4x4 of the finest, and both smoothings and the raising reach a few further.
    assert bool(changed[:4, :4].any())
    assert not bool(changed[9:, :].any())
    assert not bool(changed[:, 9:].any())


def test_the_finest_map_moves_the_mask_where_it_differs() -> None:
    torch.manual_seed(3)
    pyramid = LightPyramid((4, 4, 4)).eval()
    maps = [torch.rand(1, 4, side, side) for side in (32, 16, 8)]
    others = [maps[0].clone(), *maps[1:]]
    others[0][..., 10, 10] += 5
    with torch.inference_mode():
        changed = (pyramid(maps) - pyramid(others)).abs()[0, 0] > 1e-6
    assert bool(changed[9:12, 9:12].any())
    assert int(changed.sum()) <= 9
