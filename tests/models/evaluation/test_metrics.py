"""Detection metrics against hand calculations and, in the training environment, the COCO tools."""

from typing import Any

import numpy as np
import pytest

from models.evaluation.metrics import (
    PhotoDetections,
    PhotoTruth,
    average_precision,
    best_f1_threshold,
    box_iou,
    match_photo,
    operating_point,
    repeated_share,
)


def truth(boxes: list[list[float]], classes: list[int]) -> PhotoTruth:
    return PhotoTruth(np.asarray(boxes, np.float32).reshape(-1, 4), np.asarray(classes, np.int64))


def found(boxes: list[list[float]], scores: list[float], classes: list[int]) -> PhotoDetections:
    return PhotoDetections(
        np.asarray(boxes, np.float32).reshape(-1, 4),
        np.asarray(scores, np.float32),
        np.asarray(classes, np.int64),
    )


A, B, FAR = [0.0, 0.0, 10.0, 10.0], [20.0, 20.0, 30.0, 30.0], [50.0, 50.0, 60.0, 60.0]


def test_perfect_detections_have_full_precision_at_every_overlap() -> None:
    match = match_photo(truth([A, B], [0, 0]), found([A, B], [0.9, 0.8], [0, 0]), 0)
    assert average_precision([match]).tolist() == [1.0] * 10


def test_a_second_box_on_the_same_object_is_a_false_positive() -> None:
    match = match_photo(truth([A], [0]), found([A, A], [0.9, 0.8], [0, 0]), 0)
    assert match.hits[0].tolist() == [True, False]


def test_a_box_of_another_class_finds_nothing_unless_classes_are_ignored() -> None:
    arguments = truth([A], [0]), found([A], [0.9], [1])
    assert average_precision([match_photo(*arguments, 0)])[0] == 0
    assert average_precision([match_photo(*arguments, None)])[0] == 1


def test_a_false_alarm_ranked_first_halves_the_precision() -> None:
    match = match_photo(truth([A], [0]), found([FAR, A], [0.9, 0.8], [0, 0]), 0)
    assert average_precision([match])[0] == pytest.approx(0.5)


def test_half_the_objects_found_gives_half_the_area() -> None:
    match = match_photo(truth([A, B], [0, 0]), found([A], [0.9], [0]), 0)
    assert average_precision([match])[0] == pytest.approx(51 / 101)


def test_a_class_nobody_labelled_has_no_precision() -> None:
    assert np.isnan(average_precision([match_photo(truth([], []), found([A], [0.9], [0]), 0)])).all()


def test_an_iou_of_one_half_counts_at_one_half_only() -> None:
    match = match_photo(truth([A], [0]), found([[0, 0, 10, 5]], [0.9], [0]), 0)
    assert match.hits[:, 0].tolist() == [True] + [False] * 9
    assert box_iou(np.array([A], np.float32), np.array([[0, 0, 10, 5]], np.float32))[0, 0] == 0.5


def test_counts_at_a_threshold_are_those_at_or_above_it() -> None:
    match = match_photo(truth([A, B], [0, 0]), found([A, FAR, B], [0.9, 0.5, 0.4], [0, 0, 0]), 0)
    point = operating_point([match], 0.5)
    assert (point.labels, point.found, point.false_positives) == (2, 1, 1)
    assert point.recall == point.precision == 0.5
    assert point.f1 == 0.5
    assert point.false_positives_per_photo == 1


def test_the_chosen_threshold_keeps_the_hits_and_drops_the_false_alarms() -> None:
    match = match_photo(truth([A, B], [0, 0]), found([A, B, FAR], [0.9, 0.6123, 0.3], [0, 0, 0]), 0)
    assert best_f1_threshold([match]) == pytest.approx(0.612)


def test_a_box_on_a_better_box_is_counted_as_repeated() -> None:
    near_a = [1.0, 0.0, 11.0, 10.0]
    detections = found([A, near_a, B, near_a], [0.9, 0.8, 0.7, 0.1], [0, 1, 0, 0])
    assert repeated_share([detections], 0.5) == pytest.approx(1 / 3)
    assert repeated_share([detections], 0.05) == pytest.approx(2 / 4)
    assert repeated_share([found([], [], [])], 0.5) == 0


def test_a_silent_network_has_no_threshold() -> None:
    with pytest.raises(ValueError, match="found nothing"):
        best_f1_threshold([match_photo(truth([A], [0]), found([], [], []), 0)])


def as_coco(truths: list[PhotoTruth], detections: list[PhotoDetections]) -> tuple[dict[str, Any], list[Any]]:
    """Return labels and results in the oracle's format."""

    def wide(box: Any) -> list[float]:
        x1, y1, x2, y2 = (float(v) for v in box)
        return [x1, y1, x2 - x1, y2 - y1]

    labels: list[dict[str, Any]] = []
    for image, t in enumerate(truths, start=1):
        for box, index in zip(t.boxes, t.classes, strict=True):
            x, y, w, h = wide(box)
            row = {"id": len(labels) + 1, "image_id": image, "category_id": int(index) + 1, "iscrowd": 0}
            labels.append(row | {"bbox": [x, y, w, h], "area": w * h})
    results = [
        {"image_id": image, "category_id": int(c) + 1, "bbox": wide(b), "score": float(s)}
        for image, d in enumerate(detections, start=1)
        for b, s, c in zip(d.boxes, d.scores, d.classes, strict=True)
    ]
    images = [{"id": i + 1, "width": 500, "height": 500} for i in range(len(truths))]
    categories = [{"id": i + 1, "name": str(i)} for i in range(3)]
    return {"images": images, "categories": categories, "annotations": labels}, results


@pytest.mark.train
def test_figures_equal_the_coco_tools() -> None:
    oracle = pytest.importorskip("faster_coco_eval")
    rng = np.random.default_rng(11)
    truths, detections = [], []
    for _ in range(25):
        corners = rng.uniform(0, 400, (rng.integers(0, 7), 2))
        boxes = np.hstack([corners, corners + rng.uniform(10, 60, corners.shape)])
        noisy = np.repeat(boxes, 2, axis=0) + rng.normal(0, 4, (2 * len(boxes), 4))
        classes = rng.integers(0, 3, len(boxes))
        labels = np.where(rng.random(len(noisy)) < 0.8, np.repeat(classes, 2), rng.integers(0, 3, len(noisy)))
        scores = rng.random(len(noisy))
        order = np.argsort(-scores)
        truths.append(truth(boxes.tolist(), classes.tolist()))
        detections.append(found(noisy[order].tolist(), scores[order].tolist(), labels[order].tolist()))
    labelled, results = as_coco(truths, detections)
    ground = oracle.COCO(labelled)
    run = oracle.COCOeval_faster(ground, ground.loadRes(results), "bbox")
    run.evaluate()
    run.accumulate()
    run.summarize()
    ours = np.array(
        [average_precision([match_photo(t, d, c) for t, d in zip(truths, detections, strict=True)]) for c in range(3)]
    )
    assert 0.2 < ours.mean() < ours[:, 0].mean() < 0.9
    assert ours.mean() == pytest.approx(float(run.stats[0]), abs=1e-3)
    assert ours[:, 0].mean() == pytest.approx(float(run.stats[1]), abs=1e-3)
