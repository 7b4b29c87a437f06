"""Which execution providers a graph is offered to, in which order, and with which options.

The order is a wish: what a session really runs on is read from the session (`sessions.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal, TypeAlias

GraphPrecision: TypeAlias = Literal["fp32", "int8", "int8-dynamic"]
"""What a graph's weights were released as."""


class ProviderName(StrEnum):
    """Execution providers by ONNX Runtime's names, fastest first."""

    TENSORRT = "TensorrtExecutionProvider"
    CUDA = "CUDAExecutionProvider"
    OPENVINO = "OpenVINOExecutionProvider"
    CPU = "CPUExecutionProvider"


class Accelerator(StrEnum):
    """What the configuration may ask for."""

    AUTO = "auto"
    TENSORRT = "tensorrt"
    CUDA = "cuda"
    OPENVINO = "openvino"
    CPU = "cpu"


_NAMED: Final = {
    Accelerator.TENSORRT: ProviderName.TENSORRT,
    Accelerator.CUDA: ProviderName.CUDA,
    Accelerator.OPENVINO: ProviderName.OPENVINO,
    Accelerator.CPU: ProviderName.CPU,
}
# The box shares its GPU memory with the operating system on a Jetson.
_CUDA_BYTES: Final = 1 << 30
_TENSORRT_WORKSPACE_BYTES: Final = 1 << 29


@dataclass(frozen=True, slots=True)
class Provider:
    """One way to run a graph.

    Attributes:
        name: the execution provider.
        precision: what it computes in, e.g. `fp16`; part of an engine's identity.
        options: the provider's own options; part of an engine's identity too.
        slow_to_open: opening a graph without a compiled engine takes minutes, so another one serves meanwhile.
    """

    name: ProviderName
    precision: str
    options: tuple[tuple[str, str], ...] = ()
    slow_to_open: bool = False


def provider_chain(
    available: Sequence[str], wanted: Accelerator, precision: GraphPrecision, threads: int
) -> tuple[Provider, ...]:
    """Return the providers to try for a graph, best first; the processor is always the last.

    Args:
        available: names of the providers the runtime was built with.
        wanted: the one asked for, or `auto` for every one that is available.
        precision: what the graph was released as.
        threads: threads of one inference on the processor.
    """
    names = list(ProviderName) if wanted is Accelerator.AUTO else [_NAMED[wanted]]
    chain = [_provider(name, precision, threads) for name in names if name in available]
    if not chain or chain[-1].name is not ProviderName.CPU:
        chain.append(_provider(ProviderName.CPU, precision, threads))
    return tuple(chain)


def missing(available: Sequence[str], wanted: Accelerator) -> ProviderName | None:
    """Return the provider that was asked for by name but that the runtime does not have."""
    if wanted is Accelerator.AUTO or _NAMED[wanted] in available:
        return None
    return _NAMED[wanted]


def _provider(name: ProviderName, precision: GraphPrecision, threads: int) -> Provider:
    match name:
        case ProviderName.TENSORRT:
            return _tensorrt(precision)
        case ProviderName.CUDA:
            options = {
                "device_id": "0",
                "gpu_mem_limit": str(_CUDA_BYTES),
                "arena_extend_strategy": "kSameAsRequested",
                "cudnn_conv_algo_search": "HEURISTIC",
                # TensorFloat drops mantissa bits; results must agree with the processor's.
                "use_tf32": "0",
            }
            return Provider(name, precision, tuple(options.items()))
        case ProviderName.OPENVINO:
            options = {"device_type": "CPU", "precision": "FP32", "num_of_threads": str(threads)}
            return Provider(name, precision, tuple(options.items()))
        case ProviderName.CPU:
            return Provider(name, precision)


def _tensorrt(precision: GraphPrecision) -> Provider:
    options = {
        "device_id": "0",
        "trt_max_workspace_size": str(_TENSORRT_WORKSPACE_BYTES),
        "trt_fp16_enable": "True",
        "trt_builder_optimization_level": "3",
    }
    if precision == "int8":
        # The graph carries its own scales in QuantizeLinear nodes; no calibration table is involved.
        options["trt_int8_enable"] = "True"
    computed = "int8+fp16" if precision == "int8" else "fp16"
    return Provider(ProviderName.TENSORRT, computed, tuple(options.items()), slow_to_open=True)
