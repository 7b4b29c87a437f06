"""The network has exactly the blocks and weights of the paper."""

import pytest

torch = pytest.importorskip("torch")

from models.count import count_parameters  # noqa: E402
from models.yolov10.fuse import for_deployment  # noqa: E402
from models.yolov10.network import Scale, YoloV10, build_yolov10  # noqa: E402

pytestmark = pytest.mark.train

N_BLOCKS = {
    "0": 464,
    "1": 4_672,
    "2": 7_360,
    "3": 18_560,
    "4": 49_664,
    "5": 9_856,
    "6": 197_632,
    "7": 36_096,
    "8": 460_288,
    "9": 164_608,
    "10": 249_728,
    "13": 148_224,
    "16": 37_248,
    "17": 36_992,
    "19": 123_648,
    "20": 18_048,
    "22": 282_624,
}


def shaken(network: YoloV10) -> YoloV10:
    """Give normalisation layers statistics that a wrong fusion would get wrong."""
    generator = torch.Generator().manual_seed(3)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1, generator=generator)
            module.running_var.uniform_(0.05, 0.2, generator=generator)
            torch.nn.init.uniform_(module.weight, 0.5, 1.5, generator=generator)
            torch.nn.init.normal_(module.bias, 0, 0.1, generator=generator)
    network.eval()
    return network


@pytest.mark.parametrize(("layer", "count"), N_BLOCKS.items())
def test_every_block_of_n_has_the_papers_weight_count(layer: str, count: int) -> None:
    assert count_parameters(build_yolov10(80).layers[layer]) == count


def test_blocks_of_n_are_all_counted() -> None:
    assert set(build_yolov10(80).layers) == set(N_BLOCKS)


def test_both_heads_of_n_have_the_papers_weight_count() -> None:
    head = build_yolov10(80).head
    assert head.one_to_many is not None
    assert count_parameters(head.one_to_many) == 464_896
    assert count_parameters(head.one_to_one) == 464_896
    assert count_parameters(head) == 929_808


@pytest.mark.parametrize(
    ("scale", "training", "deployed", "fused"),
    [(Scale.N, 2_775_520, 2_310_624, 2_299_264), (Scale.S, 8_128_272, 7_277_920, 7_248_960)],
)
def test_totals_are_the_papers(scale: Scale, training: int, deployed: int, fused: int) -> None:
    network = build_yolov10(80, scale)
    assert count_parameters(network) == training
    assert network.head.one_to_many is not None
    assert training - count_parameters(network.head.one_to_many) == deployed
    assert count_parameters(for_deployment(network)) == fused


def test_fusing_changes_no_output() -> None:
    torch.manual_seed(1)
    network = shaken(build_yolov10(3))
    image = torch.rand(1, 3, 96, 128)
    with torch.inference_mode():
        boxes, scores = network(image)
        fused_boxes, fused_scores = for_deployment(network)(image)
    assert boxes.std() > 1
    assert scores.std() > 0
    torch.testing.assert_close(fused_boxes, boxes, atol=1e-2, rtol=1e-4)
    torch.testing.assert_close(fused_scores, scores, atol=1e-5, rtol=1e-3)


def test_deployment_form_leaves_the_trained_network_whole() -> None:
    network = build_yolov10(3)
    for_deployment(network)
    assert network.head.one_to_many is not None
    assert count_parameters(network) == count_parameters(build_yolov10(3))


def test_a_stripped_network_refuses_to_train() -> None:
    stripped = for_deployment(build_yolov10(3))
    with pytest.raises(RuntimeError, match="build a new one"):
        stripped.raw(torch.zeros(1, 3, 64, 64))


def test_a_detector_without_classes_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one class"):
        build_yolov10(0)


def test_there_is_an_anchor_per_cell_of_each_level() -> None:
    boxes, scores = build_yolov10(3).eval()(torch.zeros(2, 3, 64, 96))
    anchors = 8 * 12 + 4 * 6 + 2 * 3
    assert boxes.shape == (2, anchors, 4)
    assert scores.shape == (2, anchors, 3)


def test_the_one_to_one_loss_never_reaches_the_backbone() -> None:
    network = build_yolov10(3)
    _, one, _ = network.raw(torch.rand(1, 3, 64, 64))
    (one.logits.sum() + one.distances.sum()).backward()
    assert all(p.grad is None for p in network.layers.parameters())
    assert any(p.grad is not None for p in network.head.one_to_one.parameters())
