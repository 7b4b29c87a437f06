"""A graph that serves through failing providers, missing engines and engines that come late."""

import hashlib
import threading
from pathlib import Path

import numpy as np
import pytest

from edge.analysis.engine_cache import ENGINE_FILE, EngineCache
from edge.analysis.errors import ModelCorrupt, ModelMissing, ProviderFailed
from edge.analysis.providers import Provider, ProviderName
from edge.analysis.served_graph import EngineState, GraphSource, ServedGraph
from edge.analysis.sessions import GraphSession, OrtSessionFactory
from tests.support.accelerators import CPU, CUDA, TENSORRT, PretendedFactory
from tests.support.test_bundle import classifier_graph

CROPS = np.full((1, 3, 64, 64), 0.25, dtype=np.float32)
CHAIN = (TENSORRT, CUDA, CPU)


@pytest.fixture
def source(tmp_path: Path) -> GraphSource:
    path = tmp_path / "classifier.onnx"
    path.write_bytes(classifier_graph())
    return GraphSource(path, hashlib.sha256(classifier_graph()).hexdigest())


@pytest.fixture
def cache(tmp_path: Path) -> EngineCache:
    return EngineCache(tmp_path / "engines")


@pytest.fixture
def factory() -> PretendedFactory:
    return PretendedFactory()


def accepts_all(_session: GraphSession) -> bool:
    return True


def test_a_missing_or_changed_graph_never_runs(source: GraphSource) -> None:
    source.path.write_bytes(classifier_graph() + b"\0")
    with pytest.raises(ModelCorrupt) as caught:
        ServedGraph(source, (CPU,), OrtSessionFactory(), None)
    assert caught.value.code == "model_hash_differs"
    source.path.unlink()
    with pytest.raises(ModelMissing):
        ServedGraph(source, (CPU,), OrtSessionFactory(), None)


def test_without_a_cache_it_opens_on_the_best_provider(source: GraphSource, factory: PretendedFactory) -> None:
    graph = ServedGraph(source, CHAIN, factory, None)
    assert (graph.state.provider, graph.state.engine, graph.state.degraded) == (
        ProviderName.TENSORRT,
        EngineState.NONE,
        None,
    )
    assert graph.input_shape == (None, 3, 64, 64)
    assert graph.build_engine(accepts_all) is EngineState.NONE


def test_a_provider_that_does_not_open_is_passed_over_and_named(source: GraphSource, factory: PretendedFactory) -> None:
    factory.breaks_when_opening = {ProviderName.TENSORRT, ProviderName.CUDA}
    graph = ServedGraph(source, CHAIN, factory, None)
    assert graph.state.provider is ProviderName.CPU
    assert graph.state.degraded == "cuda_failed"
    assert graph.run(CROPS)["logits"].shape == (1, 5)


def test_a_graph_that_runs_nowhere_is_corrupt(source: GraphSource, factory: PretendedFactory) -> None:
    factory.breaks_when_opening = set(ProviderName)
    with pytest.raises(ModelCorrupt) as caught:
        ServedGraph(source, CHAIN, factory, None)
    assert caught.value.code == "model_runs_nowhere"


def test_a_provider_that_breaks_while_running_loses_no_photograph(
    source: GraphSource, factory: PretendedFactory
) -> None:
    graph = ServedGraph(source, (CUDA, CPU), factory, None)
    before = graph.run(CROPS)["logits"]
    factory.breaks_when_running = {ProviderName.CUDA}
    np.testing.assert_array_equal(graph.run(CROPS)["logits"], before)
    assert (graph.state.provider, graph.state.degraded) == (ProviderName.CPU, "cuda_failed")
    factory.breaks_when_running = set()
    graph.run(CROPS)
    assert graph.state.provider is ProviderName.CPU  # it is not tried again before the next start


def test_when_the_processor_breaks_too_the_caller_may_try_again(source: GraphSource, factory: PretendedFactory) -> None:
    graph = ServedGraph(source, (CPU,), factory, None)
    factory.breaks_when_running = {ProviderName.CPU}
    with pytest.raises(ProviderFailed):
        graph.run(CROPS)
    factory.breaks_when_running = set()
    assert graph.run(CROPS)["logits"].shape == (1, 5)


def test_many_threads_that_meet_one_failure_reopen_once(source: GraphSource, factory: PretendedFactory) -> None:
    graph = ServedGraph(source, (CUDA, CPU), factory, None)
    factory.breaks_when_running = {ProviderName.CUDA}
    ready, answers = threading.Barrier(6), []

    def work() -> None:
        ready.wait(30)
        answers.append(graph.run(CROPS)["logits"].shape)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert answers == [(1, 5)] * 6
    assert factory.opened == ["CUDA", "CPU"]


def test_a_slow_provider_is_built_behind_the_one_that_serves_and_then_takes_over(
    source: GraphSource, factory: PretendedFactory, cache: EngineCache
) -> None:
    graph = ServedGraph(source, CHAIN, factory, cache)
    assert (graph.state.provider, graph.state.engine) == (ProviderName.CUDA, EngineState.WANTED)
    served_meanwhile = []

    def accepts(_session: GraphSession) -> bool:
        served_meanwhile.append(graph.state.provider)
        graph.run(CROPS)
        return True

    assert graph.build_engine(accepts) is EngineState.IN_USE
    assert served_meanwhile == [ProviderName.CUDA]
    assert (graph.state.provider, graph.state.degraded) == (ProviderName.TENSORRT, None)
    assert factory.opened == ["CUDA", "TENSORRT engine"]
    assert graph.build_engine(accepts) is EngineState.IN_USE
    assert len(served_meanwhile) == 1


def test_the_next_start_opens_the_engine_at_once(
    source: GraphSource, factory: PretendedFactory, cache: EngineCache
) -> None:
    ServedGraph(source, CHAIN, factory, cache).build_engine(accepts_all)
    factory.opened.clear()
    graph = ServedGraph(source, CHAIN, factory, cache)
    assert factory.opened == ["TENSORRT engine"]
    assert graph.state.engine is EngineState.IN_USE


@pytest.mark.parametrize("change", ["version", "hardware"])
def test_an_engine_of_another_runtime_or_machine_is_not_opened(
    source: GraphSource, factory: PretendedFactory, cache: EngineCache, change: str
) -> None:
    ServedGraph(source, CHAIN, factory, cache).build_engine(accepts_all)
    factory.opened.clear()
    setattr(factory, change, "2")
    assert ServedGraph(source, CHAIN, factory, cache).state.provider is ProviderName.CUDA
    assert factory.opened == ["CUDA"]


def test_a_whole_engine_that_the_provider_refuses_is_made_again(
    source: GraphSource, factory: PretendedFactory, cache: EngineCache
) -> None:
    ServedGraph(source, (CUDA, CPU), factory, cache).build_engine(accepts_all)
    factory.breaks_when_opening = {ProviderName.CUDA}
    graph = ServedGraph(source, (CUDA, CPU), factory, cache)
    assert (graph.state.provider, graph.state.degraded) == (ProviderName.CPU, "cuda_failed")
    factory.breaks_when_opening = set()
    again = ServedGraph(source, (CUDA, CPU), factory, cache)
    assert again.state.engine is EngineState.WANTED
    assert again.build_engine(accepts_all) is EngineState.IN_USE


def test_an_engine_that_answers_differently_never_serves(
    source: GraphSource, factory: PretendedFactory, cache: EngineCache
) -> None:
    factory.drift = {ProviderName.TENSORRT: 3.0}
    graph = ServedGraph(source, CHAIN, factory, cache)
    right = graph.run(CROPS)["logits"]
    graph.build_engine(lambda session: bool(np.allclose(session.run(CROPS)["logits"], right)))
    assert (graph.state.provider, graph.state.degraded) == (ProviderName.CUDA, "tensorrt_engine_failed")
    np.testing.assert_array_equal(graph.run(CROPS)["logits"], right)
    assert cache.total_bytes() == 0


def test_a_slow_provider_that_does_not_compile_is_missed_and_the_next_goes_on(
    source: GraphSource, factory: PretendedFactory, cache: EngineCache
) -> None:
    factory.breaks_when_compiling = {ProviderName.TENSORRT}
    graph = ServedGraph(source, CHAIN, factory, cache)
    graph.build_engine(accepts_all)
    assert (graph.state.provider, graph.state.degraded) == (ProviderName.CUDA, "tensorrt_engine_failed")
    factory.breaks_when_compiling = set()
    graph.build_engine(accepts_all)
    assert (graph.state.provider, graph.state.degraded) == (ProviderName.TENSORRT, None)


def test_a_provider_that_does_without_its_engine_is_not_degraded_by_its_failure(
    source: GraphSource, factory: PretendedFactory, cache: EngineCache
) -> None:
    factory.breaks_when_compiling = {ProviderName.CUDA}
    graph = ServedGraph(source, (CUDA, CPU), factory, cache)
    assert graph.build_engine(accepts_all) is EngineState.FAILED
    assert (graph.state.provider, graph.state.degraded) == (ProviderName.CUDA, None)


def test_a_disk_that_takes_no_engine_stops_nothing(
    source: GraphSource, factory: PretendedFactory, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("not a folder")
    graph = ServedGraph(source, (CUDA, CPU), factory, EngineCache(tmp_path / "file"))
    assert graph.build_engine(accepts_all) is EngineState.FAILED
    assert graph.run(CROPS)["logits"].shape == (1, 5)


def test_an_engine_that_breaks_while_running_gives_way_to_the_plain_graph(
    source: GraphSource, factory: PretendedFactory, cache: EngineCache
) -> None:
    graph = ServedGraph(source, (CPU,), factory, cache)
    graph.build_engine(accepts_all)
    factory.breaks_when_running = {ProviderName.CPU}
    with pytest.raises(ProviderFailed):
        graph.run(CROPS)
    assert cache.total_bytes() == 0
    assert graph.state.engine is EngineState.WANTED


def test_on_this_machine_s_own_runtime_an_engine_is_built_swapped_in_and_rebuilt_when_damaged(
    source: GraphSource, cache: EngineCache, tmp_path: Path
) -> None:
    factory, cpu = OrtSessionFactory(), Provider(ProviderName.CPU, "fp32")
    graph = ServedGraph(source, (cpu,), factory, cache)
    plain = graph.run(CROPS)["features"]
    assert graph.build_engine(accepts_all) is EngineState.IN_USE
    np.testing.assert_allclose(graph.run(CROPS)["features"], plain, rtol=1e-5)
    assert ServedGraph(source, (cpu,), factory, cache).state.engine is EngineState.IN_USE
    (engine,) = (tmp_path / "engines").glob(f"*/{ENGINE_FILE}")
    engine.write_bytes(b"damaged")
    damaged = ServedGraph(source, (cpu,), factory, cache)
    assert damaged.state.engine is EngineState.WANTED
    assert damaged.build_engine(accepts_all) is EngineState.IN_USE
    np.testing.assert_allclose(damaged.run(CROPS)["features"], plain, rtol=1e-5)


def test_what_is_amiss_from_the_start_stays_visible(source: GraphSource) -> None:
    graph = ServedGraph(source, (CPU,), OrtSessionFactory(), None, degraded="cuda_missing")
    assert graph.state.degraded == "cuda_missing"
    graph.degrade("golden_differs")
    assert graph.state.degraded == "golden_differs"
