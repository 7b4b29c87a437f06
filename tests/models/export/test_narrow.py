"""Seven bits: what the weights become, and that a narrowed graph says what it said."""

from pathlib import Path

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
pytest.importorskip("torch")

from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from typer.testing import CliRunner  # noqa: E402

from models.errors import RecipeRejectedError  # noqa: E402
from models.export.narrow import LARGEST, app, narrow_convolutions, seven_bits  # noqa: E402
from models.export.quantise import QuantiseSettings, WeightRange, int8_share_of_macs, quantise_static  # noqa: E402
from tests.models.export.test_quantise import feeds, run, write_graph  # noqa: E402

pytestmark = [pytest.mark.train, pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")]


@given(st.integers(0, 999), st.integers(1, 6), st.floats(1e-4, 1e3))
def test_no_weight_is_worse_than_the_widest_scale_makes_all_of_them_together(
    seed: int, channels: int, size: float
) -> None:
    weights = np.random.default_rng(seed).standard_t(3, (channels, 4, 3, 3)) * size
    whole, scale = seven_bits(weights)
    widest = np.abs(weights).max(axis=(1, 2, 3)) / LARGEST
    plain = np.rint(weights / widest[:, None, None, None]) * widest[:, None, None, None]
    assert np.abs(whole).max() <= LARGEST
    error = ((whole * scale[:, None, None, None] - weights) ** 2).sum(axis=(1, 2, 3))
    assert (error <= ((plain - weights) ** 2).sum(axis=(1, 2, 3)) * (1 + 1e-9)).all()


def test_a_channel_of_zeros_stays_zero() -> None:
    whole, scale = seven_bits(np.zeros((2, 1, 3, 3)))
    assert not whole.any()
    assert (scale > 0).all()


def test_a_narrowed_graph_says_nearly_the_same_and_runs_in_int8_as_before(tmp_path: Path) -> None:
    wide, narrow = tmp_path / "wide.onnx", tmp_path / "narrow.onnx"
    quantise_static(
        write_graph(tmp_path / "fp32.onnx"), wide, feeds(16), QuantiseSettings(weights=WeightRange.UNSIGNED)
    )
    answer = CliRunner().invoke(app, ["--graph", str(wide), "--out", str(narrow)])
    assert (answer.exit_code, "2 convolutions" in answer.output) == (0, True)
    x = np.concatenate([feed["x"] for feed in feeds(8)])
    exact = run(wide, x)
    np.testing.assert_allclose(run(narrow, x), exact, atol=0.03 * float(np.abs(exact).max()))
    assert int8_share_of_macs(narrow) == int8_share_of_macs(wide)
    kinds = {tensor.data_type for tensor in onnx.load(str(narrow)).graph.initializer if len(tensor.dims) == 4}
    assert kinds == {onnx.TensorProto.INT8}


def test_a_graph_in_float_has_nothing_to_narrow(tmp_path: Path) -> None:
    assert narrow_convolutions(onnx.load(str(write_graph(tmp_path / "fp32.onnx")))) == 0


def test_weights_that_are_no_constants_are_refused(tmp_path: Path) -> None:
    wide = tmp_path / "wide.onnx"
    quantise_static(write_graph(tmp_path / "fp32.onnx"), wide, feeds(4), QuantiseSettings(weights=WeightRange.UNSIGNED))
    model = onnx.load(str(wide))
    kept = [tensor for tensor in model.graph.initializer if len(tensor.dims) != 4]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    with pytest.raises(RecipeRejectedError, match="is not quantised"):
        narrow_convolutions(model)


def test_an_absent_graph_is_named(tmp_path: Path) -> None:
    answer = CliRunner().invoke(app, ["--graph", str(tmp_path / "none.onnx"), "--out", str(tmp_path / "out.onnx")])
    assert (answer.exit_code, "is not there" in " ".join(answer.output.split())) == (2, True)
