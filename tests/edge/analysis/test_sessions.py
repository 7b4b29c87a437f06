"""Graphs and engines on this machine's processor, with the real runtime."""

from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest

from edge.analysis.errors import ModelCorrupt, ProviderFailed
from edge.analysis.providers import ProviderName
from edge.analysis.sessions import OrtSessionFactory, device_name
from tests.support.accelerators import CPU, CUDA, TENSORRT
from tests.support.test_bundle import classifier_graph

CROPS = np.full((2, 3, 64, 64), 0.25, dtype=np.float32)


def test_a_session_says_what_it_really_runs_on_and_names_its_outputs() -> None:
    session = OrtSessionFactory().open(classifier_graph(), CPU)
    assert session.provider is ProviderName.CPU
    assert session.input_shape == (None, 3, 64, 64)
    outputs = session.run(CROPS)
    assert {name: value.shape for name, value in outputs.items()} == {"logits": (2, 5), "features": (2, 512)}


def test_the_runtime_is_named_with_its_version() -> None:
    assert OrtSessionFactory().runtime() == f"onnxruntime {ort.__version__}"
    assert "CPUExecutionProvider" in OrtSessionFactory().available()


@pytest.mark.parametrize("provider", [CUDA, TENSORRT])
def test_a_provider_this_machine_lacks_fails_and_is_never_replaced_in_silence(provider: object) -> None:
    with pytest.raises(ProviderFailed) as caught:
        OrtSessionFactory().open(classifier_graph(), provider)  # type: ignore[arg-type]
    assert caught.value.code == f"{provider.name.name.lower()}_failed"  # type: ignore[attr-defined]


@pytest.mark.parametrize("content", [b"", b"no graph", classifier_graph()[:200]])
def test_bytes_that_are_no_graph_are_corrupt_not_a_provider_s_fault(content: bytes) -> None:
    with pytest.raises(ModelCorrupt):
        OrtSessionFactory().open(content, CPU)


def test_an_input_of_another_shape_is_refused() -> None:
    with pytest.raises(ModelCorrupt):
        OrtSessionFactory().open(classifier_graph(), CPU).run(CROPS[:, :, :32])


def test_an_engine_answers_like_its_graph(tmp_path: Path) -> None:
    factory = OrtSessionFactory()
    factory.compile(classifier_graph(), CPU, tmp_path / "engine.onnx")
    engine = factory.open_engine((tmp_path / "engine.onnx").read_bytes(), CPU)
    plain = factory.open(classifier_graph(), CPU)
    for name, value in plain.run(CROPS).items():
        np.testing.assert_allclose(engine.run(CROPS)[name], value, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("content", [b"", b"no engine"])
def test_an_engine_that_cannot_be_read_is_the_provider_s_refusal_so_that_it_is_made_again(content: bytes) -> None:
    with pytest.raises(ProviderFailed):
        OrtSessionFactory().open_engine(content, CPU)


def test_the_hardware_s_name_tells_processors_apart_by_what_they_can_do(tmp_path: Path) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text("model name\t: Some CPU\nflags\t\t: sse avx2\n\nmodel name\t: Some CPU\nflags\t\t: sse avx2\n")
    first = device_name(ProviderName.CPU, cpu_info=info)
    assert first.startswith("Some CPU ")
    info.write_text("model name\t: Some CPU\nflags\t\t: sse avx2 avx512_vnni\n")
    assert device_name(ProviderName.CPU, cpu_info=info) != first
    assert device_name(ProviderName.CPU, cpu_info=tmp_path / "none") == "unknown processor"


def test_a_graphics_card_is_named_by_its_driver_and_a_jetson_by_its_board(tmp_path: Path) -> None:
    board, gpus = tmp_path / "model", tmp_path / "gpus"
    assert device_name(ProviderName.CUDA, board=board, gpus=gpus) == "unknown GPU"
    board.write_bytes(b"NVIDIA Jetson Orin Nano\0")
    assert device_name(ProviderName.TENSORRT, board=board, gpus=gpus) == "NVIDIA Jetson Orin Nano"
    (gpus / "0000:01:00.0").mkdir(parents=True)
    (gpus / "0000:01:00.0" / "information").write_text("Model: \t\t Some GPU\nIRQ: 1\n")
    assert device_name(ProviderName.CUDA, board=board, gpus=gpus) == "Some GPU"
