"""Continuing a released graph: normalisation is put back without changing what the network answers."""

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from models.errors import ArtifactCorruptError, DataMissingError  # noqa: E402
from models.export.onnx_file import write_onnx  # noqa: E402
from models.training.start import continue_release  # noqa: E402
from models.yolov10.blocks import ConvBN  # noqa: E402
from models.yolov10.network import Scale, YoloV10, build_yolov10  # noqa: E402

pytestmark = [
    pytest.mark.train,
    pytest.mark.timeout(240),
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning"),
]


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> tuple[YoloV10, Path]:
    """Return a network that has seen pictures, and its released graph."""
    torch.manual_seed(5)
    network = build_yolov10(1).train()
    with torch.no_grad():
        for _ in range(3):
            network.raw(torch.rand(2, 3, 96, 96))  # gives every layer statistics of its own
    path = tmp_path_factory.mktemp("release") / "network.onnx"
    write_onnx(network.eval(), 96, path)
    return network, path


def test_a_continued_release_answers_as_the_release_did(released: tuple[YoloV10, Path]) -> None:
    network, path = released
    continued = build_yolov10(1)
    continue_release(continued, path, torch.rand(2, 3, 96, 96))
    image = torch.rand(1, 3, 96, 96)
    with torch.no_grad():
        (their_boxes, their_scores), (our_boxes, our_scores) = network(image), continued(image)
    # Statistics of two pictures, in single precision: a tenth of a pixel.
    torch.testing.assert_close(our_boxes, their_boxes, atol=0.1, rtol=2e-3)
    torch.testing.assert_close(our_scores, their_scores, atol=2e-3, rtol=0)


def test_a_continued_release_teaches_with_both_heads(released: tuple[YoloV10, Path]) -> None:
    continued = build_yolov10(1)
    continue_release(continued, released[1], torch.rand(2, 3, 96, 96))
    many, one = continued.head.one_to_many.state_dict(), continued.head.one_to_one.state_dict()
    assert all(torch.equal(many[name], one[name]) for name in one)


def test_a_release_of_another_network_is_refused(released: tuple[YoloV10, Path]) -> None:
    class Wider(YoloV10):
        def __init__(self) -> None:
            super().__init__(1, Scale.N)
            self.layers["99"] = ConvBN(3, 16, 3, 2)

    with pytest.raises(ArtifactCorruptError, match="another network"):
        continue_release(Wider(), released[1], torch.rand(1, 3, 96, 96))


def test_an_absent_release_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataMissingError, match=r"gone\.onnx"):
        continue_release(build_yolov10(1), tmp_path / "gone.onnx", torch.rand(1, 3, 96, 96))
