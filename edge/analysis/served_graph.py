"""One graph that always has a session to serve with, whatever its providers do.

It opens on the best provider that does so quickly, falls back when one fails, and takes over a better session
once somebody has built it in the background.
"""

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.analysis.engine_cache import EngineCache, EngineKey
from edge.analysis.errors import ModelCorrupt, ModelMissing, ProviderFailed
from edge.analysis.providers import Provider, ProviderName
from edge.analysis.sessions import GraphSession, Outputs, SessionFactory
from edge.log import get_logger

Accepts = Callable[[GraphSession], bool]
"""Tells whether a session answers as the graph was released to."""


class EngineState(StrEnum):
    """How far the compiled engine of the provider in use is."""

    NONE = "none"
    WANTED = "wanted"
    IN_USE = "in_use"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class GraphSource:
    """Where a graph lies, and the hash of the bytes it must have."""

    path: Path
    sha256: str

    def read(self) -> bytes:
        """Return the graph.

        Raises:
            ModelMissing: the file is gone.
            ModelCorrupt: it is another one.
        """
        try:
            content = self.path.read_bytes()
        except FileNotFoundError as error:
            raise ModelMissing(
                "model_missing", f"The model {self.path.name} is not here. Install the model bundle."
            ) from error
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise ModelCorrupt(
                "model_hash_differs",
                f"{self.path.name} is not the model its description names. Install the model again.",
            )
        return content


@dataclass(frozen=True, slots=True)
class GraphState:
    """What a graph runs on.

    Attributes:
        provider: the execution provider in use, as the runtime reports it.
        precision: what it computes in.
        engine: how far its compiled engine is.
        degraded: why it runs on less than it could, as a code, or None.
    """

    provider: ProviderName
    precision: str
    engine: EngineState
    degraded: str | None


@dataclass(frozen=True, slots=True)
class _Serving:
    """The session in use; replaced as a whole, so that a reader sees an old one or a new one and no mixture."""

    session: GraphSession
    provider: Provider
    engine: EngineState


class ServedGraph:
    """A graph of a bundle; safe to share by threads."""

    def __init__(
        self,
        source: GraphSource,
        chain: tuple[Provider, ...],
        factory: SessionFactory,
        cache: EngineCache | None,
        degraded: str | None = None,
    ) -> None:
        """Open the graph on the first provider of `chain` that takes it.

        Args:
            source: the graph.
            chain: providers to try, best first, the processor last.
            factory: opens sessions.
            cache: where compiled engines are kept; None to go without.
            degraded: what is amiss already before anything was tried, as a code.

        Raises:
            ModelMissing, ModelCorrupt: the graph is not there, not the one described, or runs nowhere.
        """
        self._source = source
        self._chain = chain
        self._factory = factory
        self._cache = cache
        self._lock = threading.Lock()
        self._barred: set[ProviderName] = set()
        self._degraded = degraded
        self._serving = self._open(chain, source.read())

    @property
    def input_shape(self) -> tuple[int | None, ...]:
        """Shape of the input; None where any length will do."""
        return self._serving.session.input_shape

    @property
    def state(self) -> GraphState:
        """What it runs on now."""
        serving = self._serving
        return GraphState(serving.session.provider, serving.provider.precision, serving.engine, self._degraded)

    def run(self, batch: NDArray[np.float32]) -> Outputs:
        """Return the outputs by name; when the provider gives up, the next one answers.

        Raises:
            ModelCorrupt: the graph does not take this input.
            ProviderFailed: no provider is left.
        """
        serving = self._serving
        while True:
            try:
                return serving.session.run(batch)
            except ProviderFailed as error:
                serving = self._after_failure(serving, error)

    def build_engine(self, accepts: Accepts) -> EngineState:
        """Compile the best provider's engine, try it, and serve with it from then on; may take minutes.

        The session in use goes on serving meanwhile. Idempotent: an engine in use is not built again. A failure
        is recorded in `state` and changes nothing else.
        """
        wanted = self._wanted()
        if wanted is None or self._cache is None:
            return self._serving.engine
        try:
            built = self._build(wanted, accepts, self._cache)
        except (ProviderFailed, ModelCorrupt, ModelMissing, OSError):
            get_logger().warning("engine_not_built", model=self._source.path.name, exc_info=True)
            built = None
        with self._lock:
            if wanted.name in self._barred:
                return self._serving.engine
            if built is None:
                self._engine_failed(wanted)
            else:
                self._serving = _Serving(built, wanted, EngineState.IN_USE)
                if self._degraded in _ENGINE_CODES:
                    self._degraded = None
            return self._serving.engine

    def degrade(self, code: str) -> None:
        """Record that the graph does not do what it was released to do."""
        with self._lock:
            self._degraded = code

    def _open(self, chain: tuple[Provider, ...], graph: bytes) -> _Serving:
        for provider in chain:
            opened = self._open_cached(provider)
            if opened is not None:
                return opened
            if provider.slow_to_open and self._cache is not None:
                continue
            try:
                session = self._factory.open(graph, provider)
            except ProviderFailed as error:
                self._bar(provider, error)
                continue
            return _Serving(session, provider, EngineState.NONE if self._cache is None else EngineState.WANTED)
        raise ModelCorrupt(
            "model_runs_nowhere", f"{self._source.path.name} cannot be run on this machine. Install another bundle."
        )

    def _open_cached(self, provider: Provider) -> _Serving | None:
        if self._cache is None:
            return None
        key = self._key(provider)
        engine = self._cache.find(key)
        if engine is None:
            return None
        try:
            return _Serving(self._factory.open_engine(engine, provider), provider, EngineState.IN_USE)
        except ProviderFailed:
            # Whole, ours and still refused: an update of the driver does that. It is made again.
            self._cache.discard(key)
            return None

    def _build(self, provider: Provider, accepts: Accepts, cache: EngineCache) -> GraphSession | None:
        graph = self._source.read()
        engine = cache.store(self._key(provider), lambda path: self._factory.compile(graph, provider, path))
        if engine is None:
            return None
        session = self._factory.open_engine(engine, provider)
        if accepts(session):
            return session
        get_logger().warning("engine_answers_differently", model=self._source.path.name)
        cache.discard(self._key(provider))
        return None

    def _wanted(self) -> Provider | None:
        """Return the best provider that has not failed, unless its engine is in use already."""
        with self._lock:
            best = next((item for item in self._chain if item.name not in self._barred), None)
            serving = self._serving
        if best is None or (best == serving.provider and serving.engine is EngineState.IN_USE):
            return None
        return best

    def _after_failure(self, failed: _Serving, error: ProviderFailed) -> _Serving:
        """Return what to serve with after a session gave up; only the first thread to notice reopens."""
        with self._lock:
            if self._serving is not failed:
                return self._serving
            left = self._chain[self._chain.index(failed.provider) + 1 :]
            if failed.engine is EngineState.IN_USE and not failed.provider.slow_to_open and self._cache is not None:
                # It may have been the engine's fault alone.
                self._cache.discard(self._key(failed.provider))
                left = (failed.provider, *left)
            else:
                self._bar(failed.provider, error)
            if not left:
                raise error
            self._serving = self._open(left, self._source.read())
            return self._serving

    def _bar(self, provider: Provider, error: ProviderFailed) -> None:
        self._barred.add(provider.name)
        self._degraded = error.code
        get_logger().warning("provider_failed", code=error.code, model=self._source.path.name)

    def _engine_failed(self, provider: Provider) -> None:
        """Note a failed build; only a provider that is slow to open is missed for it."""
        if provider == self._serving.provider:
            self._serving = _Serving(self._serving.session, provider, EngineState.FAILED)
        else:
            self._degraded = engine_code(provider.name)

    def _key(self, provider: Provider) -> EngineKey:
        return EngineKey(
            model_sha256=self._source.sha256,
            runtime=self._factory.runtime(),
            provider=provider.name,
            precision=provider.precision,
            options="\n".join(f"{name}={value}" for name, value in provider.options),
            device=self._factory.device(provider.name),
        )


def engine_code(provider: ProviderName) -> str:
    """Return the code that tells that a provider's engine could not be built."""
    return f"{provider.name.lower()}_engine_failed"


_ENGINE_CODES = frozenset(engine_code(provider) for provider in ProviderName)
