"""Losses of the detector."""

import pytest

torch = pytest.importorskip("torch")

from models.yolov10.assignment import Truth  # noqa: E402
from models.yolov10.head import REG_MAX, RawPrediction, anchor_grid, decode_boxes  # noqa: E402
from models.yolov10.losses import branch_loss, complete_iou, distribution_loss, dual_loss  # noqa: E402
from models.yolov10.network import build_yolov10  # noqa: E402

pytestmark = pytest.mark.train

BINS = torch.arange(REG_MAX, dtype=torch.float32)


def test_a_box_agrees_fully_with_itself() -> None:
    box = torch.tensor([[3.0, 4.0, 20.0, 30.0]])
    assert float(complete_iou(box, box)) == pytest.approx(1.0, abs=1e-5)


def test_ciou_of_separate_boxes_falls_with_distance() -> None:
    box = torch.tensor([[0.0, 0.0, 10.0, 10.0]])
    near, far = box + 20, box + 60
    assert float(complete_iou(box, far)) < float(complete_iou(box, near)) < 0


def test_ciou_matches_a_hand_calculation() -> None:
    a, b = torch.tensor([[0.0, 0.0, 4.0, 4.0]]), torch.tensor([[2.0, 0.0, 6.0, 4.0]])
    # IoU 8/24, centres 2 apart, hull diagonal squared 6*6+4*4, same shape
    assert float(complete_iou(a, b)) == pytest.approx(8 / 24 - 4 / 52, abs=1e-5)


def test_distribution_loss_is_least_where_the_mass_sits_at_the_side() -> None:
    logits = torch.full((1, 4, REG_MAX), -20.0)
    logits[..., 5] = logits[..., 6] = 5.0
    at = float(distribution_loss(logits, torch.full((1, 4), 5.5)))
    off = float(distribution_loss(logits, torch.full((1, 4), 7.5)))
    assert at == pytest.approx(0.6931, abs=1e-3)
    assert off > at + 5


def test_decoding_puts_the_expected_distance_on_each_side() -> None:
    points, strides = anchor_grid([(4, 4), (2, 2), (1, 1)], torch.zeros(1))
    logits = torch.full((1, len(points), 4 * REG_MAX), -30.0)
    for side, distance in enumerate((1, 2, 3, 4)):
        logits[..., side * REG_MAX + distance] = 30.0
    boxes = decode_boxes(logits, points, strides, BINS)[0]
    assert boxes[0].tolist() == pytest.approx([4 - 8, 4 - 16, 4 + 24, 4 + 32], abs=1e-3)
    assert boxes[-1].tolist() == pytest.approx([16 - 32, 16 - 64, 16 + 96, 16 + 128], abs=1e-3)


def test_photographs_without_labels_teach_background_only() -> None:
    shapes = [(8, 8), (4, 4), (2, 2)]
    anchors = 64 + 16 + 4
    prediction = RawPrediction(torch.zeros(2, anchors, 3), torch.zeros(2, anchors, 4 * REG_MAX))
    empty = Truth(torch.zeros(2, 0, 4), torch.zeros(2, 0, dtype=torch.long), torch.zeros(2, 0, dtype=torch.bool))
    loss = branch_loss(prediction, shapes, BINS, empty, topk=10)
    assert float(loss.box) == float(loss.dfl) == 0
    assert float(loss.cls) > 0


def test_a_few_steps_on_one_scene_find_its_object() -> None:
    torch.manual_seed(0)
    network = build_yolov10(3)
    image = torch.zeros(2, 3, 64, 64)
    image[:, :, 20:44, 12:40] = 1.0
    truth = Truth(
        torch.tensor([[[12.0, 20.0, 40.0, 44.0]]] * 2), torch.full((2, 1), 2), torch.ones(2, 1, dtype=torch.bool)
    )
    optimiser = torch.optim.AdamW(network.parameters(), lr=2e-3)
    for _ in range(80):
        many, one, shapes = network.raw(image)
        loss = sum(part.total() for part in dual_loss(many, one, shapes, network.head.bins, truth))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    with torch.inference_mode():  # batch statistics: the running ones are still far behind after 80 steps
        boxes, scores = network(image)
    best = int(scores[0].amax(dim=1).argmax())
    assert int(scores[0, best].argmax()) == 2
    assert float(complete_iou(boxes[0, best], truth.boxes[0, 0])) > 0.6
