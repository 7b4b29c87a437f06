"""Opening graphs on an execution provider: the port, and ONNX Runtime behind it."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from edge.analysis.errors import ModelCorrupt, ProviderFailed
from edge.analysis.providers import Provider, ProviderName

Outputs = Mapping[str, NDArray[np.float32]]

# What the runtime raises about the graph itself: no other provider would do better.
_GRAPH_FAULTS: Final = (
    ort_errors.InvalidProtobuf,
    ort_errors.InvalidGraph,
    ort_errors.InvalidArgument,
    ort_errors.NoModel,
    ValueError,
)
# What it raises about a provider. ONNX Runtime's errors have no base of their own.
_PROVIDER_FAULTS: Final = (
    ort_errors.Fail,
    ort_errors.RuntimeException,
    ort_errors.EPFail,
    ort_errors.EngineError,
    ort_errors.NotImplemented,
    ort_errors.NoSuchFile,
    RuntimeError,
    MemoryError,
)


class GraphSession(Protocol):
    """An open graph with one input."""

    @property
    def provider(self) -> ProviderName:
        """What it runs on, as the runtime reports it."""
        ...

    @property
    def input_shape(self) -> tuple[int | None, ...]:
        """Shape of its input; None where any length will do."""
        ...

    def run(self, batch: NDArray[np.float32]) -> Outputs:
        """Return the outputs by name.

        Raises:
            ProviderFailed: the provider gave up.
            ModelCorrupt: the graph does not take this input.
        """
        ...


class SessionFactory(Protocol):
    """Opens and compiles graphs."""

    def available(self) -> tuple[str, ...]:
        """Return the names of the providers this runtime was built with."""
        ...

    def runtime(self) -> str:
        """Return name and version of the runtime; engines of another one are never opened."""
        ...

    def device(self, provider: ProviderName) -> str:
        """Return the name of the hardware a provider computes on."""
        ...

    def open(self, graph: bytes, provider: Provider) -> GraphSession:
        """Open a graph.

        Raises:
            ProviderFailed: the provider cannot, or the runtime silently chose another one.
            ModelCorrupt: the bytes are no graph.
        """
        ...

    def compile(self, graph: bytes, provider: Provider, engine: Path) -> None:
        """Write what the provider makes of a graph, so that `open_engine` need not make it again; may take minutes.

        Raises:
            ProviderFailed, ModelCorrupt: nothing usable was written.
        """
        ...

    def open_engine(self, engine: bytes, provider: Provider) -> GraphSession:
        """Open what `compile` wrote.

        Raises:
            ProviderFailed: the provider does not take it.
        """
        ...


class OrtGraphSession:
    """`GraphSession` on ONNX Runtime."""

    def __init__(self, session: Any) -> None:
        self._session = session
        (entry,) = session.get_inputs()
        self._input: str = entry.name
        self._outputs = [output.name for output in session.get_outputs()]
        self.input_shape = tuple(length if isinstance(length, int) else None for length in entry.shape)
        self.provider = ProviderName(session.get_providers()[0])

    def run(self, batch: NDArray[np.float32]) -> Outputs:
        """Return the outputs by name; raises as the port says."""
        try:
            values = self._session.run(self._outputs, {self._input: batch})
        except _GRAPH_FAULTS as error:
            raise ModelCorrupt(
                "model_breaks_contract", "The model does not take the input it was released for. Install it again."
            ) from error
        except _PROVIDER_FAULTS as error:
            raise _failed(self.provider, "running") from error
        return dict(zip(self._outputs, values, strict=True))


class OrtSessionFactory:
    """`SessionFactory` on ONNX Runtime.

    An engine is, for the processor, the graph after the runtime's own optimisations; for the other providers an
    EPContext model, which holds the compiled engine itself. Only the first can be tried without their hardware.
    """

    def __init__(self, threads: int = 1) -> None:
        """Make a factory of sessions that run on so many threads."""
        self._threads = threads

    def available(self) -> tuple[str, ...]:
        """Return the names of the providers this runtime was built with."""
        return tuple(ort.get_available_providers())

    def runtime(self) -> str:
        """Return name and version of the runtime."""
        return f"onnxruntime {ort.__version__}"

    def device(self, provider: ProviderName) -> str:
        """Return the name of the hardware a provider computes on."""
        return device_name(provider)

    def open(self, graph: bytes, provider: Provider) -> OrtGraphSession:
        """Open a graph; raises as the port says."""
        return self._session(graph, provider, self._options())

    def compile(self, graph: bytes, provider: Provider, engine: Path) -> None:
        """Write the engine of a graph; raises as the port says."""
        options = self._options()
        if provider.name in (ProviderName.TENSORRT, ProviderName.OPENVINO):
            options.add_session_config_entry("ep.context_enable", "1")
            options.add_session_config_entry("ep.context_file_path", str(engine))
            options.add_session_config_entry("ep.context_embed_mode", "1")
        else:
            options.optimized_model_filepath = str(engine)
        self._session(graph, provider, options)
        if not engine.is_file():
            raise _failed(provider.name, "compiling")

    def open_engine(self, engine: bytes, provider: Provider) -> OrtGraphSession:
        """Open an engine; raises as the port says."""
        options = self._options()
        # It was optimised when it was written; doing it again is what an engine saves.
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        try:
            return self._session(engine, provider, options)
        except ModelCorrupt as error:
            raise _failed(provider.name, "opening an engine on") from error

    def _options(self) -> Any:
        options = ort.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Cores are shared with the scheduler: a worker that has nothing to do sleeps.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        return options

    def _session(self, content: bytes, provider: Provider, options: Any) -> OrtGraphSession:
        if provider.name not in self.available():
            raise _failed(provider.name, "finding")
        asked: list[Any] = [(provider.name.value, dict(provider.options))]
        if provider.name is not ProviderName.CPU:
            # Nodes the accelerator does not know run on the processor.
            asked.append(ProviderName.CPU.value)
        try:
            # The runtime's own fallback only prints; ours is decided and shown by the caller.
            session = OrtGraphSession(ort.InferenceSession(content, options, providers=asked, enable_fallback=0))
        except _GRAPH_FAULTS as error:
            raise ModelCorrupt("model_unreadable", "The model cannot be read. Install it again.") from error
        except _PROVIDER_FAULTS as error:
            raise _failed(provider.name, "opening") from error
        if session.provider is not provider.name:
            raise _failed(provider.name, "opening")
        return session


def device_name(
    provider: ProviderName,
    cpu_info: Path = Path("/proc/cpuinfo"),
    board: Path = Path("/proc/device-tree/model"),
    gpus: Path = Path("/proc/driver/nvidia/gpus"),
) -> str:
    """Return the hardware an engine was made for: a Jetson's board, the graphics card, or the processor."""
    if provider in (ProviderName.TENSORRT, ProviderName.CUDA):
        for information in sorted(gpus.glob("*/information")):
            for line in information.read_text(errors="replace").splitlines():
                if line.startswith("Model:"):
                    return line.removeprefix("Model:").strip()
        if board.is_file():
            return board.read_text(errors="replace").strip("\0 \n")
        return "unknown GPU"
    return _processor(cpu_info)


def _processor(cpu_info: Path) -> str:
    """Return the processor's name and a digest of its instruction sets: optimised graphs depend on both."""
    if not cpu_info.is_file():
        return "unknown processor"
    found: dict[str, str] = {}
    for line in cpu_info.read_text(errors="replace").splitlines():
        name, _, value = line.partition(":")
        found.setdefault(name.strip(), value.strip())
    model = found.get("model name") or found.get("CPU part") or "processor"
    features = found.get("flags") or found.get("Features") or ""
    return f"{model} {hashlib.sha256(features.encode()).hexdigest()[:12]}"


def _failed(provider: ProviderName, doing: str) -> ProviderFailed:
    return ProviderFailed(
        f"{provider.name.lower()}_failed",
        f"{doing.capitalize()} {provider.name} failed; another provider is used where there is one.",
    )
