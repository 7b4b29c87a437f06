"""A machine proves that it computes what was released, on inputs drawn from whole numbers."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from shared.vision.bundle import Bundle, GraphRole, read_bundle
from shared.vision.errors import BundleCorrupt
from shared.vision.golden import check_golden, draw_input, make_golden
from tests.support.bundles import write_bundle

SIDES = {GraphRole.DETECTOR: 320, GraphRole.CLASSIFIER: 64, GraphRole.SEGMENTER: 128}
Outputs = dict[str, NDArray[np.float32]]


def compute(role: GraphRole, picture: NDArray[np.float32]) -> Outputs:
    """Stand in for three graphs: outputs that depend on every part of the picture."""
    channels = picture[0].reshape(3, 16, -1).mean(axis=2)
    if role is GraphRole.CLASSIFIER:
        features = np.tile(channels.ravel(), 11)[None, :512] - 0.5
        return {"logits": features[:, :5] * 4, "features": features}
    if role is GraphRole.SEGMENTER:
        return {"mask_logits": (0.5 - picture.mean(axis=1, keepdims=True)) * 20}
    corners = np.array([[16.0 * i, 8.0 * i, 16.0 * i + 20, 8.0 * i + 24] for i in range(14)])
    scores = np.linspace(0.9, 0.2, 14)[:, None] * channels.mean()
    return {"detections": np.hstack([corners, scores, 0 * scores])[None].astype(np.float32)}


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    golden = make_golden(SIDES, compute).model_dump_json().encode()
    write_bundle(tmp_path / "b", golden=golden)
    return read_bundle(tmp_path / "b")


def test_the_machine_the_bundle_was_made_on_passes(bundle: Bundle) -> None:
    assert check_golden(bundle, compute) == []


def test_drawn_inputs_are_the_same_to_the_bit_everywhere() -> None:
    detector = draw_input(GraphRole.DETECTOR, 0, 64)
    crop = draw_input(GraphRole.CLASSIFIER, 3, 64)
    assert detector[0, 0].tolist() == [205, 165, 145]
    assert int(detector.astype(np.int64).sum()) == 1_417_297
    assert int(crop.astype(np.int64).sum()) == 1_692_453


def test_another_order_of_equal_boxes_and_rounding_are_no_fault(bundle: Bundle) -> None:
    def other_processor(role: GraphRole, picture: NDArray[np.float32]) -> Outputs:
        noise = np.random.default_rng(0)
        outputs = {k: v + noise.normal(0, 0.01, v.shape).astype(np.float32) for k, v in compute(role, picture).items()}
        if role is GraphRole.DETECTOR:
            outputs["detections"] = outputs["detections"][:, ::-1]
        return outputs

    assert check_golden(bundle, other_processor) == []


@pytest.mark.parametrize("role", list(GraphRole))
@pytest.mark.parametrize("harm", [lambda v: v * 0, lambda v: v * np.float32(1.5), lambda v: np.full_like(v, np.nan)])
def test_a_machine_that_computes_something_else_is_named_with_the_graph(
    bundle: Bundle, role: GraphRole, harm: "object"
) -> None:
    assert callable(harm)

    def broken(asked: GraphRole, picture: NDArray[np.float32]) -> Outputs:
        outputs = compute(asked, picture)
        return {k: harm(v) for k, v in outputs.items()} if asked is role else outputs

    faults = check_golden(bundle, broken)
    assert faults
    assert all(fault.startswith(role) for fault in faults)


def test_a_moved_box_and_a_box_of_another_score_are_faults(bundle: Bundle) -> None:
    for column, shift in ((0, 30.0), (4, 0.3)):

        def moved(role: GraphRole, picture: NDArray[np.float32], column: int = column, shift: float = shift) -> Outputs:
            outputs = compute(role, picture)
            if role is GraphRole.DETECTOR:
                outputs["detections"][0, 2, column] += shift
            return outputs

        assert check_golden(bundle, moved) == ["detector 0: output detections lacks 1 of the 10 best boxes"]


def test_an_absent_output_and_one_of_another_shape_are_faults(bundle: Bundle) -> None:
    def cut(role: GraphRole, picture: NDArray[np.float32]) -> Outputs:
        outputs = compute(role, picture)
        if role is GraphRole.CLASSIFIER:
            return {"logits": outputs["logits"][:, :4]}
        return outputs

    faults = check_golden(bundle, cut)
    assert len(faults) == 8
    assert any("has shape (1, 4), not (1, 5)" in fault for fault in faults)
    assert any("features is not given" in fault for fault in faults)


def test_inputs_that_would_be_drawn_differently_are_said_so(tmp_path: Path) -> None:
    golden = make_golden(SIDES, compute)
    stale = golden.model_copy(
        update={"cases": tuple(case.model_copy(update={"sha256": "0" * 64}) for case in golden.cases)}
    )
    write_bundle(tmp_path / "b", golden=stale.model_dump_json().encode())
    faults = check_golden(read_bundle(tmp_path / "b"), compute)
    assert len(faults) == len(golden.cases)
    assert all("drawn differently" in fault for fault in faults)


def test_a_file_without_cases_is_corrupt(tmp_path: Path) -> None:
    write_bundle(tmp_path / "b", golden=b'{"tolerance": 0.1, "cases": []}')
    with pytest.raises(BundleCorrupt):
        check_golden(read_bundle(tmp_path / "b"), compute)
