"""Both graphs of a classifier say what the trained network says, or are not written."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from models.classification.resnet import InputScale, ResNet18  # noqa: E402
from models.errors import ArtifactCorruptError, DataMissingError  # noqa: E402
from models.evaluation.classifier_runner import OnnxClassifier  # noqa: E402
from models.export.classifier import (  # noqa: E402
    INT8_OPS,
    Comparison,
    compare,
    require_faithful,
    write_classifier,
)
from models.export.quantise import Feed, QuantiseSettings, WeightRange, int8_share_of_macs, quantise_static  # noqa: E402

pytestmark = [
    pytest.mark.train,
    pytest.mark.timeout(180),
    # The exporter's own deprecations; nothing of ours.
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning"),
]

CROPS = np.random.default_rng(0).random((6, 3, 64, 64), np.float32)
FAITHFUL = Comparison(100, 0.8, 0.8, 0.99, 1e-6, 1e-7)


@pytest.fixture(scope="module")
def network() -> ResNet18:
    """A network whose normalisations have seen something and whose crops differ in class."""
    torch.manual_seed(1)
    built = ResNet18(5, scale=InputScale.OWN_MEAN)
    for module in built.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.4, 0.8)
    nn.init.normal_(built.head.weight, 0, 0.3)
    built.train()
    with torch.no_grad():
        for _ in range(20):
            built(torch.rand(4, 3, 64, 64))
    return built.eval()


@pytest.fixture(scope="module")
def graphs(network: ResNet18, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("graphs")
    fp32, int8 = folder / "fp32.onnx", folder / "int8.onnx"
    assert write_classifier(network, fp32) < 11_179_077
    feeds: Iterator[Feed] = ({"crops": CROPS[i : i + 1]} for i in range(6))
    quantise_static(fp32, int8, feeds, QuantiseSettings(op_types=INT8_OPS, weights=WeightRange.SEVEN_BITS))
    return fp32, int8


def test_the_fp32_graph_says_what_the_network_says(network: ResNet18, graphs: tuple[Path, Path]) -> None:
    logits, features = OnnxClassifier(graphs[0]).run(CROPS)
    with torch.inference_mode():
        expected = network(torch.from_numpy(CROPS))
    scale = float(expected.logits.abs().max())
    np.testing.assert_allclose(logits, expected.logits.numpy(), atol=1e-4 * max(scale, 1))
    np.testing.assert_allclose(features, expected.features.numpy(), atol=1e-3, rtol=1e-3)


def test_the_int8_graph_is_close_a_quarter_as_large_and_runs_in_int8(graphs: tuple[Path, Path]) -> None:
    fp32, int8 = graphs
    exact, rounded = (OnnxClassifier(path).run(CROPS) for path in graphs)
    for mine, theirs in zip(exact, rounded, strict=True):
        assert np.abs(mine - theirs).max() < 0.15 * np.abs(mine).max()
        assert not np.array_equal(mine, theirs)
    assert int8.stat().st_size < 0.27 * fp32.stat().st_size
    assert int8_share_of_macs(int8) > 0.99
    assert int8_share_of_macs(fp32) == 0


@pytest.mark.parametrize("which", [0, 1])
def test_each_crop_is_treated_alone_and_none_is_no_crop(graphs: tuple[Path, Path], which: int) -> None:
    classifier = OnnxClassifier(graphs[which])
    together = classifier.run(CROPS)[0]
    np.testing.assert_allclose(classifier.run(CROPS[3:4])[0][0], together[3], rtol=1e-3, atol=1e-3)
    logits, features = classifier.run(CROPS[:0])
    assert (logits.shape, features.shape) == ((0, 5), (0, 512))


def test_probabilities_sum_to_one(graphs: tuple[Path, Path]) -> None:
    probabilities = OnnxClassifier(graphs[1]).probabilities(CROPS)
    assert np.allclose(probabilities.sum(axis=1), 1)


def test_the_files_name_no_place_of_the_exporting_machine(graphs: tuple[Path, Path]) -> None:
    for path in graphs:
        assert str(Path.cwd()).encode() not in path.read_bytes()


def test_an_absent_graph_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataMissingError, match=r"none\.onnx"):
        OnnxClassifier(tmp_path / "none.onnx")


def test_a_comparison_counts_what_changed() -> None:
    network = np.array([[0.9, 0.1], [0.6, 0.4]])
    graph = np.array([[0.8, 0.2], [0.4, 0.6]])
    found = compare(network, graph, np.array([0, 0]))
    assert (found.accuracy_network, found.accuracy_graph, found.same_class) == (1, 0.5, 0.5)
    assert found.largest_difference == pytest.approx(0.2)
    assert found.mean_difference == pytest.approx(0.15)


@pytest.mark.parametrize(
    ("fp32", "int8", "share", "fault"),
    [
        (Comparison(100, 0.8, 0.8, 1, 1e-3, 1e-5), FAITHFUL, 1.0, "FP32"),
        (FAITHFUL, Comparison(100, 0.8, 0.8, 0.9, 0.3, 0.1), 1.0, "agrees"),
        (FAITHFUL, Comparison(100, 0.8, 0.78, 0.97, 0.3, 0.1), 1.0, "loses"),
        (FAITHFUL, FAITHFUL, 0.9, "work"),
        (Comparison(100, 0.8, 0.8, 1, float("nan"), 0), FAITHFUL, 1.0, "FP32"),
    ],
)
def test_an_unfaithful_graph_is_not_released(fp32: Comparison, int8: Comparison, share: float, fault: str) -> None:
    require_faithful(FAITHFUL, FAITHFUL, 1.0)
    with pytest.raises(ArtifactCorruptError, match=fault):
        require_faithful(fp32, int8, share)
