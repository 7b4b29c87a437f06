"""Accelerators this machine lacks: pretended by the processor, and failing when a test says so."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.analysis.errors import ProviderFailed
from edge.analysis.providers import Provider, ProviderName
from edge.analysis.sessions import GraphSession, OrtSessionFactory, Outputs

CPU = Provider(ProviderName.CPU, "fp32")
CUDA = Provider(ProviderName.CUDA, "fp32", (("device_id", "0"),))
TENSORRT = Provider(ProviderName.TENSORRT, "fp16", slow_to_open=True)
_MARK = b"engine of "


class PretendedSession:
    """A processor's session that claims to run on something else, until it is broken."""

    def __init__(self, inner: GraphSession, provider: ProviderName, owner: "PretendedFactory") -> None:
        self._inner = inner
        self._owner = owner
        self.provider = provider
        self.input_shape = inner.input_shape

    def run(self, batch: NDArray[np.float32]) -> Outputs:
        if self.provider in self._owner.breaks_when_running:
            raise ProviderFailed(f"{self.provider.name.lower()}_failed", "it broke")
        outputs = self._inner.run(batch)
        drift = self._owner.drift.get(self.provider, 0.0)
        return {name: value + np.float32(drift) for name, value in outputs.items()}


class PretendedFactory:
    """A `SessionFactory` with every provider; each of them really runs on the processor.

    Attributes:
        breaks_when_opening: providers that cannot open a graph.
        breaks_when_running: providers whose sessions fail.
        breaks_when_compiling: providers that write no engine.
        drift: what a provider adds to every output.
        opened: what was opened so far, in order, engines marked as such.
        version: version of the runtime.
        hardware: name of the device.
    """

    def __init__(self) -> None:
        self._real = OrtSessionFactory()
        self.breaks_when_opening: set[ProviderName] = set()
        self.breaks_when_running: set[ProviderName] = set()
        self.breaks_when_compiling: set[ProviderName] = set()
        self.drift: dict[ProviderName, float] = {}
        self.opened: list[str] = []
        self.version = "1"
        self.hardware = "pretended"

    def available(self) -> tuple[str, ...]:
        return tuple(ProviderName)

    def runtime(self) -> str:
        return f"pretended {self.version}"

    def device(self, provider: ProviderName) -> str:
        return self.hardware

    def open(self, graph: bytes, provider: Provider) -> GraphSession:
        if provider.name in self.breaks_when_opening:
            raise ProviderFailed(f"{provider.name.name.lower()}_failed", "it is not there")
        self.opened.append(provider.name.name)
        return PretendedSession(self._real.open(graph, CPU), provider.name, self)

    def compile(self, graph: bytes, provider: Provider, engine: Path) -> None:
        if provider.name in self.breaks_when_compiling:
            raise ProviderFailed(f"{provider.name.name.lower()}_failed", "it does not compile")
        self._real.compile(graph, CPU, engine)
        engine.write_bytes(_MARK + provider.name.encode() + b"\n" + engine.read_bytes())

    def open_engine(self, engine: bytes, provider: Provider) -> GraphSession:
        mark = _MARK + provider.name.encode() + b"\n"
        if provider.name in self.breaks_when_opening or not engine.startswith(mark):
            raise ProviderFailed(f"{provider.name.name.lower()}_failed", "it does not take this engine")
        self.opened.append(f"{provider.name.name} engine")
        return PretendedSession(self._real.open_engine(engine.removeprefix(mark), CPU), provider.name, self)
