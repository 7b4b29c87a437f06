"""What a photograph costs: `python -m tests.benchmarks.bench_vision`.

Process CPU time of one-thread sessions, median over rounds; the things compared are measured in turn within each
round, so that the ratios hold on a shared machine. The peer runs in an environment of its own, made under
build/peers and never a dependency. Writes reports/bench-vision.json.
"""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Annotated
from unittest.mock import patch

import cv2
import numpy as np
import onnxruntime as ort
import typer
from rich.console import Console
from rich.table import Table

from edge.analysis.sessions import Outputs
from edge.analysis.settings import AnalysisSettings
from edge.capture.landmarks import Face
from edge.capture.mediapipe_onnx import MediapipeOnnxLandmarker
from edge.vision import Vision, load_vision
from shared.imaging.decode import ImageLimits, decode_image
from shared.imaging.letterbox import Letterbox
from shared.vision.bundle import GraphRole, read_bundle
from tests.benchmarks.peer_environment import PEERS, peer_python
from tests.support.faces import photograph, portrait

REPORT = Path("reports/bench-vision.json")
BUNDLES = Path("models/bundles")
FACES = Path(".cache/models")
ROUNDS = 7
# A held-out photograph with a few findings, enlarged to twelve megapixels: what shows nothing runs no crop network.
PHOTOGRAPH = ("ffhq_acne_spots", "ffhq_00435.jpg")
LARGE = (3464, 3464)
MOST_OVER_BARE = 1.15
LEAST_UNDER_DEFAULT, LEAST_UNDER_ORT = 3.0, 2.0
MOST_SECONDS, MOST_MEGABYTES = 2.0, 600.0

Fed = tuple[ort.InferenceSession, dict[str, np.ndarray]]

app = typer.Typer(add_completion=False)


@dataclass(frozen=True, slots=True)
class Bar:
    """A figure beside the limit it is held to; `at_most` says on which side of it is good."""

    name: str
    value: float
    limit: float
    at_most: bool

    @property
    def met(self) -> bool:
        """Does the figure keep its limit?"""
        return self.value <= self.limit if self.at_most else self.value >= self.limit


def large_photograph() -> bytes:
    """Return a real photograph enlarged to twelve megapixels as JPEG; for timing only."""
    image = cv2.resize(photograph(*PHOTOGRAPH), LARGE, interpolation=cv2.INTER_CUBIC)
    return bytes(cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes())


def session(graph: Path) -> ort.InferenceSession:
    """Return the graph in a one-thread session with nothing around it."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    return ort.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])


def cpu_milliseconds(work: dict[str, Callable[[], object]], rounds: int = ROUNDS) -> dict[str, float]:
    """Return the median CPU time of every piece of work, measured in turn; the first round warms up."""
    taken: dict[str, list[float]] = {name: [] for name in work}
    for number in range(rounds + 1):
        for name, call in work.items():
            began = time.process_time()
            call()
            if number:
                taken[name].append(1000 * (time.process_time() - began))
    return {name: statistics.median(values) for name, values in taken.items()}


def pipeline_cost(folder: Path) -> dict[str, float]:
    """Return what the pipeline costs for a large photograph, and what its sessions and the decode cost alone."""
    vision = load_vision(AnalysisSettings(face_models=FACES, bundle=folder))
    data = large_photograph()
    image = decode_image(data, ImageLimits())
    face = vision.landmarker.detect(image)[0]
    findings = len(vision.pipeline.analyse(image, face).findings)
    if not findings:
        raise SystemExit(f"nothing is found on {PHOTOGRAPH[1]}, so no crop network would be timed: name another one")
    work: dict[str, Callable[[], object]] = {
        "decode": lambda: decode_image(data, ImageLimits()),
        "landmarks": lambda: vision.landmarker.detect(image),
        "analysis": lambda: vision.pipeline.analyse(image, face),
    }
    fed = fed_to_face_networks(vision.landmarker, image)
    work[f"bare face networks x {len(fed)}"] = lambda: [graph.run(None, feed) for graph, feed in fed]
    for role, batches in fed_to_bundle(vision, image, face).items():
        graph = session(vision.bundle.graph(role))
        work[f"bare {role.value} x {sum(map(len, batches))}"] = partial(_run, graph, batches)
    cost = cpu_milliseconds(work)
    bare = sum(value for name, value in cost.items() if name.startswith("bare"))
    return cost | {"findings": float(findings), "bare sessions": bare}


class _Recorded:
    """A session that notes what it is fed."""

    def __init__(self, graph: ort.InferenceSession, fed: list[Fed]) -> None:
        self._graph, self._fed = graph, fed

    def run(self, names: list[str] | None, feed: dict[str, np.ndarray]) -> list[np.ndarray]:
        self._fed.append((self._graph, feed))
        return self._graph.run(names, feed)


def fed_to_face_networks(landmarker: MediapipeOnnxLandmarker, image: np.ndarray) -> list[Fed]:
    """Return every run of the face networks that finding the faces of a photograph takes."""
    fed: list[Fed] = []
    own = landmarker._detector, landmarker._mesher
    landmarker._detector, landmarker._mesher = (_Recorded(graph, fed) for graph in own)
    try:
        landmarker.detect(image)
    finally:
        landmarker._detector, landmarker._mesher = own
    return fed


def fed_to_bundle(vision: Vision, image: np.ndarray, face: Face) -> dict[GraphRole, list[np.ndarray]]:
    """Return every batch that analysing a photograph gives to each graph of the bundle."""
    fed: dict[GraphRole, list[np.ndarray]] = {}
    own = vision.served.run

    def noting(role: GraphRole, batch: np.ndarray) -> Outputs:
        fed.setdefault(role, []).append(batch.copy())
        return own(role, batch)

    with patch.object(vision.served, "run", noting):
        vision.pipeline.analyse(image, face)
    return fed


def _run(graph: ort.InferenceSession, batches: list[np.ndarray]) -> None:
    for batch in batches:
        graph.run(None, {graph.get_inputs()[0].name: batch})


def detector_cost(folder: Path, fp32: Path | None) -> dict[str, float]:
    """Return what one photograph of 640 px costs from pixels to boxes, by the INT8 graph and by the FP32 one."""
    bundle = read_bundle(folder)
    graphs = {"int8": session(bundle.graph(GraphRole.DETECTOR))}
    if fp32 is not None:
        graphs["fp32"] = session(fp32)
    image = cv2.resize(portrait(), (640, 640), interpolation=cv2.INTER_AREA)
    work: dict[str, Callable[[], object]] = {}
    for name, graph in graphs.items():
        side = int(graph.get_inputs()[0].shape[2])
        work[name] = lambda g=graph, s=side: _detect(g, image, s)
    return cpu_milliseconds(work)


def _detect(graph: ort.InferenceSession, image: np.ndarray, side: int) -> np.ndarray:
    placed = Letterbox.fit(image.shape[1], image.shape[0], side)
    tensor = np.ascontiguousarray(placed.apply(image).transpose(2, 0, 1)[None], np.float32) / np.float32(255)
    rows = graph.run(None, {graph.get_inputs()[0].name: tensor})[0][0]
    return placed.backward(rows[rows[:, 4] > 0.1, :4].astype(np.float64))


def peer_cost(side: int) -> dict[str, float]:
    """Return the peer's CPU time for the same architecture at the same input size, by its default and its ORT path."""
    python = peer_python("ultralytics")
    script = Path(__file__).with_name("peer_ultralytics.py")
    result = subprocess.run(
        [str(python), str(script), str(side), str(ROUNDS)],
        check=True,
        capture_output=True,
        text=True,
        timeout=1800,
        cwd=PEERS,
    )
    return dict(json.loads(result.stdout.strip().splitlines()[-1]))


def start_up(folder: Path) -> dict[str, float]:
    """Return seconds from starting a process to the first result on a large photograph, and its peak memory in MB."""
    photo = PEERS / "large.jpg"
    PEERS.mkdir(parents=True, exist_ok=True)
    photo.write_bytes(large_photograph())
    command = [sys.executable, "-m", "tests.benchmarks.first_result", str(folder), str(FACES), str(photo)]
    runs = []
    for _ in range(3):
        began = time.monotonic()
        result = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
        run = json.loads(result.stdout.strip().splitlines()[-1])
        runs.append(run | {"seconds": run.pop("done") - began})
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def bars(
    pipeline: dict[str, float], detector: dict[str, float], peer: dict[str, float], first: dict[str, float]
) -> list[Bar]:
    """Return every figure beside its limit."""
    whole = pipeline["decode"] + pipeline["landmarks"] + pipeline["analysis"]
    alone = pipeline["decode"] + pipeline["bare sessions"]
    found = [
        Bar("pipeline / (bare sessions + decode)", whole / alone, MOST_OVER_BARE, at_most=True),
        Bar("seconds to the first result", first["seconds"], MOST_SECONDS, at_most=True),
        Bar("peak memory, MB", first["megabytes"], MOST_MEGABYTES, at_most=True),
    ]
    if peer:
        found += [
            Bar("peer's default / ours", peer["default"] / detector["int8"], LEAST_UNDER_DEFAULT, at_most=False),
            Bar("peer's ORT path / ours", peer["onnx"] / detector["int8"], LEAST_UNDER_ORT, at_most=False),
        ]
    return found


@app.command()
def main(
    bundle: Annotated[Path, typer.Option(help="Bundle to measure")] = BUNDLES / "evaluation",
    fp32: Annotated[Path | None, typer.Option(help="The detector's FP32 graph, where it is at hand")] = None,
    *,
    with_peer: Annotated[bool, typer.Option("--peer/--no-peer", help="Also run the peer (installs it)")] = True,
) -> None:
    """Measure, print and write the report."""
    console = Console(width=110)
    cv2.setNumThreads(1)
    pipeline, detector, first = pipeline_cost(bundle), detector_cost(bundle, fp32), start_up(bundle)
    side = read_bundle(bundle).manifest.graphs[GraphRole.DETECTOR].input_size
    peer = peer_cost(side) if with_peer else {}
    found = bars(pipeline, detector, peer, first)
    table = Table(title="CPU milliseconds, one thread, and ratios")
    for head in ("what", "value", "limit", "met"):
        table.add_column(head)
    parts = {"": pipeline, "detector alone, ": detector, "peer, ": peer}
    for prefix, costs in parts.items():
        for name, value in costs.items():
            table.add_row(prefix + name, f"{value:.1f}", "", "")
    for bar in found:
        sign = "at most" if bar.at_most else "at least"
        table.add_row(bar.name, f"{bar.value:.2f}", f"{sign} {bar.limit:g}", "yes" if bar.met else "NO")
    console.print(table)
    REPORT.parent.mkdir(exist_ok=True)
    document = {
        "bundle": str(bundle),
        "pipeline_cpu_ms": pipeline,
        "detector_cpu_ms": detector,
        "peer_cpu_ms": peer,
        "first": first,
        "bars": [asdict(bar) | {"met": bar.met} for bar in found],
    }
    REPORT.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    console.print(f"written to {REPORT}")


if __name__ == "__main__":
    app()
