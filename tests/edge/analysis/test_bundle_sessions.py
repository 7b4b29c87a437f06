"""The graphs of a bundle together: what they are, what they run on, and the proof that they are right."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from edge.analysis.bundle_pipeline import BundlePipeline
from edge.analysis.bundle_sessions import GOLDEN_DIFFERS, ServedBundle, Serving
from edge.analysis.engine_cache import EngineCache
from edge.analysis.errors import ModelCorrupt
from edge.analysis.preparation import Preparation
from edge.analysis.providers import Accelerator, ProviderName
from edge.analysis.served_graph import EngineState
from edge.analysis.sessions import OrtSessionFactory
from edge.threads import ThreadBudget
from shared.vision.bundle import Bundle, GraphRole, read_bundle
from tests.support.accelerators import PretendedFactory
from tests.support.test_bundle import classifier_graph, segmenter_graph, write_test_bundle

LONG = 60.0
CPU_ONLY = Serving(OrtSessionFactory(), Accelerator.CPU)


def made(folder: Path, graphs: Mapping[GraphRole, bytes] | None = None) -> Bundle:
    write_test_bundle(folder, graphs)
    return read_bundle(folder)


def test_a_good_bundle_computes_what_was_released(tmp_path: Path) -> None:
    served = ServedBundle(made(tmp_path / "drawn"), CPU_ONLY)
    assert served.verify()
    assert served.degraded is None
    assert [model.sha256 for model in served.models] == [
        served.bundle.manifest.files[f"{role}.onnx"] for role in GraphRole
    ]


def test_a_graph_that_takes_another_input_than_promised_is_refused(tmp_path: Path) -> None:
    bundle = made(tmp_path / "swapped", {GraphRole.CLASSIFIER: segmenter_graph()})
    with pytest.raises(ModelCorrupt) as caught:
        ServedBundle(bundle, CPU_ONLY)
    assert caught.value.code == "model_breaks_contract"


def test_graphs_of_two_roles_that_look_alike_are_told_apart_by_their_answers(tmp_path: Path) -> None:
    other = classifier_graph().replace(np.float32(24.0).tobytes(), np.float32(12.0).tobytes())
    served = ServedBundle(made(tmp_path / "other", {GraphRole.CLASSIFIER: other}), CPU_ONLY)
    assert not served.verify()
    assert served.degraded == f"classifier:{GOLDEN_DIFFERS}"


def test_a_provider_asked_for_by_name_that_is_not_there_shows(tmp_path: Path) -> None:
    served = ServedBundle(made(tmp_path / "drawn"), Serving(OrtSessionFactory(), Accelerator.TENSORRT))
    assert served.state(GraphRole.DETECTOR).provider is ProviderName.CPU
    assert served.degraded == "classifier:tensorrt_missing detector:tensorrt_missing segmenter:tensorrt_missing"


def test_preparing_brings_every_graph_to_its_engine_while_photographs_are_analysed(tmp_path: Path) -> None:
    factory, budget = PretendedFactory(), ThreadBudget(2)
    serving = Serving(factory, cache=EngineCache(tmp_path / "engines"))
    served = ServedBundle(made(tmp_path / "drawn"), serving)
    pipeline = BundlePipeline(served, budget)
    image = np.full((200, 200, 3), 150, dtype=np.uint8)
    image[80:120, 80:120] = (255, 0, 0)
    before = pipeline.analyse(image, None)
    preparation = Preparation(served, budget)
    preparation.start()
    while not preparation.wait(0):
        assert pipeline.analyse(image, None) == before
    assert pipeline.analyse(image, None) == before
    states = [served.state(role) for role in GraphRole]
    assert {state.provider for state in states} == {ProviderName.TENSORRT}
    assert {state.engine for state in states} == {EngineState.IN_USE}
    assert served.degraded is None


def test_an_engine_that_answers_differently_from_the_release_does_not_serve(tmp_path: Path) -> None:
    factory = PretendedFactory()
    factory.drift = {ProviderName.TENSORRT: 5.0}
    served = ServedBundle(made(tmp_path / "drawn"), Serving(factory, cache=EngineCache(tmp_path / "engines")))
    preparation = Preparation(served, ThreadBudget(1))
    preparation.start()
    assert preparation.wait(LONG)
    assert {served.state(role).provider for role in GraphRole} == {ProviderName.CUDA}
    assert served.degraded is not None
    assert "segmenter:tensorrt_engine_failed" in served.degraded


def test_a_damaged_golden_file_or_a_shutdown_ends_the_preparation_quietly(tmp_path: Path) -> None:
    served = ServedBundle(made(tmp_path / "drawn"), CPU_ONLY)
    served.bundle.golden.write_bytes(b"{}")
    preparation = Preparation(served, ThreadBudget(1))
    preparation.stop()
    preparation.start()
    assert preparation.wait(LONG)
    again = Preparation(served, ThreadBudget(1))
    again.start()
    assert again.wait(LONG)
    again.stop()
    assert served.degraded is None
