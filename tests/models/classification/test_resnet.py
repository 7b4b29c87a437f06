"""The network is the paper's, and its deployment form computes the same."""

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from models.classification.resnet import InputScale, ResNet18, Stem, for_deployment  # noqa: E402
from models.count import count_parameters  # noqa: E402

pytestmark = pytest.mark.train


def unsettled(stem: Stem = Stem.WIDE, scale: InputScale = InputScale.FIXED) -> ResNet18:
    """A network whose normalisations have seen something and whose blocks do something."""
    torch.manual_seed(0)
    network = ResNet18(5, stem, scale)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0.0, 0.2)
    network.train()
    for _ in range(3):
        network(torch.rand(4, 3, 64, 64))
    return network.eval()


def test_the_network_has_the_papers_weights() -> None:
    # Table 1 with 1000 classes: 11.7 million; the wide stem takes 7 x 7 x 3 x 64 of them.
    assert count_parameters(ResNet18(1000)) == 11_689_512
    assert count_parameters(ResNet18(5)) == 11_179_077
    assert count_parameters(ResNet18(5, Stem.FINE)) == 11_179_077 - (49 - 9) * 3 * 64


def test_it_is_eighteen_layers_deep_beside_its_projections() -> None:
    network = ResNet18(5)
    layers = [m for n, m in network.named_modules() if isinstance(m, nn.Conv2d | nn.Linear) and "project" not in n]
    assert len(layers) == 18


@pytest.mark.parametrize(("stem", "side"), [(Stem.WIDE, 2), (Stem.FINE, 4)])
def test_shapes_are_those_of_the_contract(stem: Stem, side: int) -> None:
    network = ResNet18(5, stem).eval()
    crops = torch.rand(3, 3, 64, 64)
    logits, features = network(crops)
    assert network.maps(crops)[-1].shape == (3, 512, side, side)
    assert (logits.shape, features.shape) == ((3, 5), (3, 512))


def test_logits_are_a_linear_function_of_the_features() -> None:
    network = unsettled()
    logits, features = network(torch.rand(2, 3, 64, 64))
    torch.testing.assert_close(logits, features @ network.head.weight.T + network.head.bias)


@pytest.mark.parametrize("scale", list(InputScale))
@pytest.mark.parametrize("stem", list(Stem))
def test_the_deployed_network_has_no_normalisation_and_says_the_same(stem: Stem, scale: InputScale) -> None:
    network = unsettled(stem, scale)
    deployed = for_deployment(network)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in deployed.modules())
    crops = torch.rand(4, 3, 64, 64)
    for mine, theirs in zip(network(crops), deployed(crops), strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-4, rtol=1e-4)


def test_deploying_leaves_the_trained_network_as_it_was() -> None:
    network = unsettled()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    for_deployment(network)
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


def test_a_new_block_passes_its_input_on() -> None:
    network = ResNet18(5).eval()
    x = torch.rand(1, 64, 8, 8)
    torch.testing.assert_close(network.stages[0](x), x)


def test_every_weight_learns() -> None:
    network = unsettled().train()
    network(torch.rand(4, 3, 64, 64)).logits.logsumexp(dim=1).sum().backward()
    assert all(float(p.grad.abs().sum()) > 0 for p in network.parameters())


def test_without_its_own_mean_a_crop_says_the_same_on_lighter_and_redder_skin() -> None:
    crops = 0.3 + 0.4 * torch.rand(3, 3, 64, 64)
    tinted = crops + torch.tensor([0.2, -0.05, 0.1])[None, :, None, None]
    free, fixed = unsettled(scale=InputScale.OWN_MEAN), unsettled(scale=InputScale.FIXED)
    torch.testing.assert_close(free(tinted).features, free(crops).features, atol=1e-3, rtol=1e-3)
    assert not torch.allclose(fixed(tinted).features, fixed(crops).features, atol=1e-2, rtol=1e-2)
