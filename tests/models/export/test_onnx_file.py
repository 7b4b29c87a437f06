"""The exported file computes what the network computes."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from models.errors import ArtifactCorruptError  # noqa: E402
from models.evaluation.runner import OnnxDetector  # noqa: E402
from models.export.graph import MAX_DETECTIONS, Detector  # noqa: E402
from models.export.onnx_file import Parity, measure_parity, require_parity, write_onnx  # noqa: E402
from models.yolov10.network import YoloV10, build_yolov10  # noqa: E402

pytestmark = [
    pytest.mark.train,
    pytest.mark.timeout(180),
    # The exporter's own deprecations; nothing of ours.
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning"),
]

SIZE = 128


@pytest.fixture(scope="module")
def network() -> YoloV10:
    """A network with uneven statistics, so that its anchors disagree."""
    torch.manual_seed(4)
    built = build_yolov10(3)
    built.train()
    with torch.no_grad():
        for _ in range(20):
            built.raw(torch.rand(2, 3, SIZE, SIZE))
    for head in built.head.one_to_one.cls:
        torch.nn.init.normal_(head[-1].weight, 0, 0.5)
        torch.nn.init.zeros_(head[-1].bias)
    built.eval()
    return built


@pytest.fixture(scope="module")
def exported(network: YoloV10, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("onnx") / "net.onnx"
    write_onnx(network, SIZE, path)
    return path


def test_onnx_runtime_and_torch_agree(network: YoloV10, exported: Path) -> None:
    images = np.random.default_rng(0).random((3, 3, SIZE, SIZE), np.float32)
    parity = measure_parity(network, exported, images)
    require_parity(parity)
    assert parity.rows == 3 * MAX_DETECTIONS


def test_parity_notices_other_weights(network: YoloV10, exported: Path) -> None:
    images = np.random.default_rng(0).random((1, 3, SIZE, SIZE), np.float32)
    other = build_yolov10(3).eval()
    parity = measure_parity(other, exported, images)
    with pytest.raises(ArtifactCorruptError, match="do not release"):
        require_parity(parity)


def test_parity_over_no_rows_is_no_parity() -> None:
    assert not Parity(0.0, 0.0, rows=0).holds()


def test_the_number_of_images_is_free_and_each_is_treated_alone(exported: Path) -> None:
    images = np.random.default_rng(1).random((4, 3, SIZE, SIZE), np.float32)
    detector = OnnxDetector(exported)
    together = detector.run(images)
    assert together.shape == (4, MAX_DETECTIONS, 6)
    np.testing.assert_allclose(detector.run(images[2:3])[0, :, 4], together[2, :, 4], atol=1e-5)


def test_the_file_names_no_place_of_the_exporting_machine(exported: Path) -> None:
    content = exported.read_bytes()
    assert str(Path.cwd()).encode() not in content
    assert str(Path.home()).encode() not in content


def test_detections_are_the_best_scores_with_their_class_and_box(network: YoloV10) -> None:
    image = torch.rand(1, 3, SIZE, SIZE)
    with torch.inference_mode():
        rows = Detector(network)(image)[0]
        boxes, scores = network(image)
    best = int(scores[0].amax(dim=1).argmax())
    assert float(rows[0, 4]) == pytest.approx(float(scores.max()))
    assert int(rows[0, 5]) == int(scores[0, best].argmax())
    torch.testing.assert_close(rows[0, :4], boxes[0, best])
    assert bool((rows[:-1, 4] >= rows[1:, 4]).all())
