"""`python -m jetson.providers`: which execution provider really runs the detector here, and how fast.

Never trusts the list that was asked for: it reads back what the session uses.
"""

import statistics
import sys
import time
from pathlib import Path

import numpy as np
import onnxruntime as ort

from shared.vision.bundle import GraphRole, read_bundle

_WARM_UP = 3
_RUNS = 20
_BUNDLE = Path(__file__).resolve().parents[1] / "models" / "bundles" / "evaluation"


def measure(graph: Path, runs: int = _RUNS) -> tuple[tuple[str, ...], float]:
    """Return the providers in use and the median milliseconds of one photograph."""
    session = ort.InferenceSession(str(graph), providers=ort.get_available_providers())
    put = session.get_inputs()[0]
    batch = np.full((1, *put.shape[1:]), 0.5, dtype=np.float32)
    times: list[float] = []
    for number in range(_WARM_UP + runs):
        started = time.perf_counter()
        session.run(None, {put.name: batch})
        if number >= _WARM_UP:
            times.append((time.perf_counter() - started) * 1000)
    return tuple(session.get_providers()), statistics.median(times)


def main() -> int:
    """Print the finding; 1 when no accelerator is in use."""
    providers, milliseconds = measure(read_bundle(_BUNDLE).graph(GraphRole.DETECTOR))
    sys.stdout.write(f"providers in use: {', '.join(providers)}\nmedian of {_RUNS} runs: {milliseconds:.1f} ms\n")
    return 0 if providers[0] != "CPUExecutionProvider" else 1


if __name__ == "__main__":
    sys.exit(main())
