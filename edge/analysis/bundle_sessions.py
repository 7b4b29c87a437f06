"""The three graphs of a bundle, open and serving.

They are opened two at a time, the detector first, which takes longest: a sixth of a second of one core, and a start
waits for all. What two need in memory meanwhile is less than a photograph takes later.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.analysis.domain import BundleUsed, ModelVersion
from edge.analysis.engine_cache import EngineCache
from edge.analysis.errors import ModelCorrupt
from edge.analysis.providers import Accelerator, missing, provider_chain
from edge.analysis.served_graph import EngineState, GraphSource, GraphState, ServedGraph
from edge.analysis.sessions import GraphSession, Outputs, SessionFactory
from edge.log import get_logger
from shared.vision.bundle import Bundle, GraphRole
from shared.vision.golden import check_golden

GOLDEN_DIFFERS: Final = "golden_differs"
_OPENED_AT_ONCE: Final = 2


@dataclass(frozen=True, slots=True)
class Serving:
    """How the graphs of a bundle are to run.

    Attributes:
        factory: opens sessions.
        accelerator: the execution provider asked for.
        threads: threads of one inference.
        cache: where compiled engines are kept; None to go without.
    """

    factory: SessionFactory
    accelerator: Accelerator = Accelerator.AUTO
    threads: int = 1
    cache: EngineCache | None = None


class ServedBundle:
    """A bundle whose graphs are open; safe to share by threads."""

    def __init__(self, bundle: Bundle, serving: Serving) -> None:
        """Open every graph.

        Raises:
            ModelMissing, ModelCorrupt: a graph is gone, not the one the manifest names, or takes another input.
        """
        self.bundle = bundle
        with ThreadPoolExecutor(_OPENED_AT_ONCE) as openers:
            opened = openers.map(lambda role: _open(bundle, role, serving), GraphRole)
            self._graphs = dict(zip(GraphRole, opened, strict=True))

    @property
    def used(self) -> BundleUsed:
        """Which bundle it is, and what its licence allows."""
        manifest = self.bundle.manifest
        return BundleUsed(manifest.name, manifest.version, manifest.licence, manifest.allowed_use)

    @property
    def models(self) -> tuple[ModelVersion, ...]:
        """Name, version and hash of each graph."""
        manifest = self.bundle.manifest
        entries = (manifest.graphs[role] for role in GraphRole)
        return tuple(ModelVersion(entry.name, entry.version, manifest.files[entry.file]) for entry in entries)

    def state(self, role: GraphRole) -> GraphState:
        """Return what a graph runs on."""
        return self._graphs[role].state

    @property
    def degraded(self) -> str | None:
        """Why the bundle runs on less than it could or not as released, as codes; None when all is well."""
        codes = {f"{role}:{code}" for role in GraphRole if (code := self._graphs[role].state.degraded) is not None}
        return " ".join(sorted(codes)) or None

    def run(self, role: GraphRole, batch: NDArray[np.float32]) -> Outputs:
        """Return the outputs of a role's graph for a batch (N, 3, S, S).

        Raises:
            ModelCorrupt, ProviderFailed: as `ServedGraph.run`.
        """
        return self._graphs[role].run(batch)

    def verify(self) -> bool:
        """Run the golden cases, mark the graphs that do not compute what was released, and tell whether all do.

        Raises:
            BundleCorrupt: the golden file cannot be read.
            ModelCorrupt, ProviderFailed: a graph cannot be run.
        """
        wrong = {fault.split(maxsplit=1)[0] for fault in check_golden(self.bundle, self.run)}
        for role in GraphRole:
            if role in wrong:
                self._graphs[role].degrade(GOLDEN_DIFFERS)
                get_logger().error("golden_differs", model=self.bundle.manifest.graphs[role].name)
        return not wrong

    def build_engine(self, role: GraphRole) -> EngineState:
        """Compile a role's engine and serve with it once its golden cases pass; may take minutes."""
        return self._graphs[role].build_engine(lambda session: self._answers_as_released(role, session))

    def _answers_as_released(self, role: GraphRole, candidate: GraphSession) -> bool:
        def run(asked: GraphRole, batch: NDArray[np.float32]) -> Outputs:
            return candidate.run(batch) if asked is role else self.run(asked, batch)

        return not any(fault.split(maxsplit=1)[0] == role for fault in check_golden(self.bundle, run))


def _open(bundle: Bundle, role: GraphRole, serving: Serving) -> ServedGraph:
    entry = bundle.manifest.graphs[role]
    available = serving.factory.available()
    lacking = missing(available, serving.accelerator)
    graph = ServedGraph(
        GraphSource(bundle.graph(role), bundle.manifest.files[entry.file]),
        provider_chain(available, serving.accelerator, entry.precision, serving.threads),
        serving.factory,
        serving.cache,
        degraded=None if lacking is None else f"{lacking.name.lower()}_missing",
    )
    side = entry.input_size
    if graph.input_shape[1:] != (3, side, side):
        raise ModelCorrupt(
            "model_breaks_contract",
            f"{entry.file} does not take the input its manifest says. Install the bundle again.",
        )
    return graph
