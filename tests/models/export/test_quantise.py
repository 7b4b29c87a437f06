"""The INT8 graph says what the FP32 graph says, and the share of INT8 work is counted, not assumed."""

from pathlib import Path

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
pytest.importorskip("torch")

import onnxruntime as ort  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from models.errors import ArtifactCorruptError, DataMissingError, RecipeRejectedError  # noqa: E402
from models.export.quantise import (  # noqa: E402
    QuantiseSettings,
    WeightRange,
    int8_share_of_macs,
    quantise_static,
)

pytestmark = [pytest.mark.train, pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")]

SIDE = 8
# first: 8*8 places x 4 outputs x (3 inputs x 9); second: 8*8 x 6 x (4 x 9); last: 6 x 5.
MACS = {"first": 64 * 4 * 27, "second": 64 * 6 * 36, "last": 30}


def write_graph(path: Path, first: NDArray[np.float32] | None = None) -> Path:
    """Two convolutions, a mean and a product."""
    rng = np.random.default_rng(3)
    weights = {
        "w1": rng.normal(0, 0.3, (4, 3, 3, 3)).astype(np.float32) if first is None else first,
        "w2": rng.normal(0, 0.3, (6, 4, 3, 3)).astype(np.float32),
        "w3": rng.normal(0, 0.5, (5, 6)).astype(np.float32),
    }
    nodes = [
        helper.make_node("Conv", ["x", "w1"], ["a"], "first", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["a"], ["b"], "relu"),
        helper.make_node("Conv", ["b", "w2"], ["c"], "second", pads=[1, 1, 1, 1]),
        helper.make_node("GlobalAveragePool", ["c"], ["d"], "mean"),
        helper.make_node("Flatten", ["d"], ["e"], "flatten"),
        helper.make_node("Gemm", ["e", "w3"], ["y"], "last", transB=1),
    ]
    nodes[0].doc_string = f"made in {Path.cwd()}"
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, SIDE, SIDE])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 5])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.save(model, str(path))
    return path


def feeds(count: int) -> list[dict[str, NDArray[np.float32]]]:
    rng = np.random.default_rng(count)
    return [{"x": rng.random((1, 3, SIDE, SIDE), np.float32)} for _ in range(count)]


def run(path: Path, x: NDArray[np.float32], *, as_written: bool = False) -> NDArray[np.float32]:
    """Run a graph, fused as the runtime likes or node by node in float as it is written."""
    options = ort.SessionOptions()
    if as_written:
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"x": x})[0])


@pytest.mark.parametrize("weights", list(WeightRange))
def test_int8_says_nearly_what_fp32_says(weights: WeightRange, tmp_path: Path) -> None:
    fp32, int8 = write_graph(tmp_path / "fp32.onnx"), tmp_path / "int8.onnx"
    quantise_static(fp32, int8, feeds(16), QuantiseSettings(weights=weights))
    x = np.concatenate([feed["x"] for feed in feeds(8)])
    exact, rounded = run(fp32, x), run(int8, x)
    assert 0 < np.abs(rounded - exact).max() < 0.1 * np.abs(exact).max()
    np.testing.assert_allclose(rounded, run(int8, x, as_written=True), atol=0.01 * float(np.abs(exact).max()))


def test_seven_bit_weights_do_not_overflow_where_every_product_is_the_largest(tmp_path: Path) -> None:
    fp32 = write_graph(tmp_path / "fp32.onnx", np.full((4, 3, 3, 3), 0.5, np.float32))
    int8 = tmp_path / "int8.onnx"
    white = np.ones((1, 3, SIDE, SIDE), np.float32)
    quantise_static(fp32, int8, [{"x": white}, {"x": white * 0}], QuantiseSettings(weights=WeightRange.SEVEN_BITS))
    exact = run(fp32, white)
    assert np.abs(run(int8, white) - exact).max() < 0.03 * np.abs(exact).max()


def test_a_float_graph_has_no_int8_work(tmp_path: Path) -> None:
    assert int8_share_of_macs(write_graph(tmp_path / "fp32.onnx")) == 0


@pytest.mark.parametrize("kept", [(), ("first",), ("second", "mean"), ("last",), ("first", "last")])
def test_the_share_counts_each_node_by_its_multiply_adds(kept: tuple[str, ...], tmp_path: Path) -> None:
    fp32, int8 = write_graph(tmp_path / "fp32.onnx"), tmp_path / "int8.onnx"
    quantise_static(fp32, int8, feeds(4), QuantiseSettings(exclude_nodes=kept))
    expected = 1 - sum(MACS.get(name, 0) for name in kept) / sum(MACS.values())
    assert int8_share_of_macs(int8) == pytest.approx(expected, abs=1e-9)


def test_a_node_that_the_runtime_would_quantise_anyway_cannot_be_excluded_alone(tmp_path: Path) -> None:
    fp32, int8 = write_graph(tmp_path / "fp32.onnx"), tmp_path / "int8.onnx"
    with pytest.raises(RecipeRejectedError, match="second"):
        quantise_static(fp32, int8, feeds(2), QuantiseSettings(exclude_nodes=("second",)))
    assert not int8.exists()


def test_a_graph_without_products_has_no_share(tmp_path: Path) -> None:
    node = helper.make_node("Relu", ["x"], ["y"])
    info = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 3]) for name in ("x", "y")]
    graph = helper.make_graph([node], "graph", info[:1], info[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.save(model, str(tmp_path / "relu.onnx"))
    with pytest.raises(ArtifactCorruptError, match="neither"):
        int8_share_of_macs(tmp_path / "relu.onnx")


def test_without_calibration_nothing_is_written(tmp_path: Path) -> None:
    fp32 = write_graph(tmp_path / "fp32.onnx")
    with pytest.raises(DataMissingError, match="calibration"):
        quantise_static(fp32, tmp_path / "int8.onnx", [])
    assert not (tmp_path / "int8.onnx").exists()


def test_an_absent_graph_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataMissingError, match="export"):
        quantise_static(tmp_path / "none.onnx", tmp_path / "int8.onnx", feeds(1))
    with pytest.raises(DataMissingError, match="export"):
        int8_share_of_macs(tmp_path / "none.onnx")


def test_the_file_names_no_place_of_the_exporting_machine(tmp_path: Path) -> None:
    fp32, int8 = write_graph(tmp_path / "fp32.onnx"), tmp_path / "int8.onnx"
    quantise_static(fp32, int8, feeds(2))
    assert str(Path.cwd()).encode() in fp32.read_bytes()
    assert str(Path.cwd()).encode() not in int8.read_bytes()
    assert str(tmp_path).encode() not in int8.read_bytes()
