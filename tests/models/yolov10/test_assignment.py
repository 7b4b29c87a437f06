"""Assignment of anchors to objects."""

from typing import Any

import pytest

torch = pytest.importorskip("torch")

from models.yolov10.assignment import Truth, assign, pairwise_iou  # noqa: E402
from models.yolov10.head import anchor_grid  # noqa: E402

pytestmark = pytest.mark.train

SHAPES = [(8, 8), (4, 4), (2, 2)]  # a 64 px image


def scene(objects: list[tuple[float, float, float, float]], classes: list[int]) -> tuple[Any, Any, Any, Truth]:
    """Return probabilities, boxes and points where every anchor predicts a 20 px box around itself."""
    points, _ = anchor_grid(SHAPES, torch.zeros(1))
    boxes = torch.cat((points - 10, points + 10), dim=1)[None]
    probabilities = torch.full((1, len(points), 3), 0.5)
    truth = Truth(
        torch.tensor([objects], dtype=torch.float32).reshape(1, -1, 4),
        torch.tensor([classes]).reshape(1, -1).long(),
        torch.ones(1, len(classes), dtype=torch.bool),
    )
    return probabilities, boxes, points, truth


def test_one_to_one_gives_each_object_exactly_one_anchor() -> None:
    result = assign(*scene([(2, 2, 24, 24), (34, 34, 60, 60)], [0, 2]), topk=1)
    assert int(result.positive.sum()) == 2
    owners = result.boxes[result.positive]
    assert sorted(owners[:, 0].tolist()) == [2.0, 34.0]


def test_one_to_many_gives_an_object_up_to_ten_anchors_inside_it() -> None:
    probabilities, boxes, points, truth = scene([(4, 4, 60, 60)], [1])
    result = assign(probabilities, boxes, points, truth, topk=10)
    assert int(result.positive.sum()) == 10
    chosen = points[result.positive[0]]
    assert bool(((chosen > 4) & (chosen < 60)).all())


def test_the_single_anchor_is_the_best_of_the_ten() -> None:
    arguments = scene([(10, 12, 33, 30)], [0])
    many, one = assign(*arguments, topk=10), assign(*arguments, topk=1)
    best = many.scores.amax(dim=2)[0].argmax()
    assert bool(one.positive[0, best])


def test_an_object_smaller_than_a_cell_still_gets_an_anchor() -> None:
    result = assign(*scene([(15.0, 15.0, 17.0, 17.0)], [2]), topk=1)
    assert int(result.positive.sum()) == 1


def test_padding_is_never_assigned() -> None:
    probabilities, boxes, points, truth = scene([(2, 2, 24, 24)], [0])
    padded = Truth(
        torch.cat((truth.boxes, torch.zeros(1, 3, 4)), dim=1),
        torch.cat((truth.classes, torch.zeros(1, 3, dtype=torch.long)), dim=1),
        torch.cat((truth.valid, torch.zeros(1, 3, dtype=torch.bool)), dim=1),
    )
    plain = assign(probabilities, boxes, points, truth, topk=10)
    with_padding = assign(probabilities, boxes, points, padded, topk=10)
    assert torch.equal(plain.positive, with_padding.positive)
    assert torch.equal(plain.scores, with_padding.scores)


def test_an_empty_batch_has_no_positive_anchor() -> None:
    result = assign(*scene([], []), topk=10)
    assert not bool(result.positive.any())
    assert float(result.scores.sum()) == 0


def test_an_anchor_wanted_twice_goes_to_the_object_it_overlaps_most() -> None:
    probabilities, boxes, points, truth = scene([(2, 2, 22, 22), (2, 2, 40, 40)], [0, 1])
    result = assign(probabilities, boxes, points, truth, topk=10)
    overlap = pairwise_iou(truth.boxes, boxes)[0]
    assert bool((result.scores > 0).sum(dim=2).max() == 1)
    best_of_small = int(overlap[0].argmax())
    assert result.scores[0, best_of_small].argmax() == 0


def test_the_best_anchors_target_is_the_objects_best_overlap() -> None:
    probabilities, boxes, points, truth = scene([(3, 3, 25, 21)], [1])
    result = assign(probabilities, boxes, points, truth, topk=10)
    overlap = pairwise_iou(truth.boxes, boxes)[0, 0]
    assert result.scores[0, :, 1].max() == pytest.approx(float(overlap[result.positive[0]].max()), abs=1e-4)


def test_only_the_objects_own_class_is_taught() -> None:
    result = assign(*scene([(2, 2, 24, 24)], [1]), topk=10)
    assert float(result.scores[..., [0, 2]].sum()) == 0
