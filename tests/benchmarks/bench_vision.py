"""What a photograph costs: `python -m tests.benchmarks.bench_vision [PHOTO…]`.

Process CPU time of one-thread sessions, median over rounds; the steps of one photograph are measured in turn
within each round, so that the ratios hold on a shared machine. Writes reports/bench-vision.json.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime as ort

from edge.analysis.model import Detector
from edge.analysis.pipeline import OnnxPipeline
from edge.capture.gate import QualityGate
from edge.capture.limits import IMPORT_LIMITS
from edge.capture.mediapipe_onnx import LandmarkerSettings, MediapipeOnnxLandmarker
from shared.imaging.decode import ImageLimits, decode_image
from shared.imaging.image import RgbImage
from shared.vocabulary import View
from tests.support.faces import face_models, portrait

DETECTOR = Path("models/artifacts/lesion_yolov10n.onnx")
REPORT = Path("reports/bench-vision.json")
ROUNDS = 15


def plain_session(graph: Path) -> ort.InferenceSession:
    """The graph in a one-thread session with nothing around it."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    return ort.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])


def steps(image: RgbImage) -> dict[str, Callable[[], object]]:
    """The steps to measure for one photograph, by name."""
    stills = MediapipeOnnxLandmarker(face_models())
    preview = MediapipeOnnxLandmarker(face_models(), LandmarkerSettings(tile_depth=0))
    gate = QualityGate(IMPORT_LIMITS)
    pipeline = OnnxPipeline(Detector(DETECTOR))
    faces = stills.detect(image)
    if not faces:
        raise SystemExit("A photograph for the benchmark needs a face. Name another one.")
    session = plain_session(DETECTOR)
    side = pipeline.detector.sidecar.input_size
    batch = np.full((1, 3, side, side), 0.5, dtype=np.float32)
    return {
        "landmarks_still": lambda: stills.detect(image),
        "landmarks_preview": lambda: preview.detect(image),
        "gate": lambda: gate.assess(image, faces, View.FRONT),
        "analysis": lambda: pipeline.analyse(image, faces[0]),
        "plain_session_run": lambda: session.run(None, {"images": batch}),
    }


def measure(image: RgbImage) -> dict[str, float]:
    """Median CPU milliseconds of every step."""
    work = steps(image)
    taken: dict[str, list[float]] = {name: [] for name in work}
    for round_number in range(ROUNDS + 1):
        for name, call in work.items():
            began = time.process_time()
            call()
            if round_number:  # the first round warms up
                taken[name].append(1000 * (time.process_time() - began))
    return {name: statistics.median(values) for name, values in taken.items()}


def ratios(cost: dict[str, float]) -> dict[str, float]:
    """What each part costs beside the others."""
    plain = cost["plain_session_run"]
    return {
        "gate_to_detector": cost["gate"] / plain,
        "landmarks_still_to_detector": cost["landmarks_still"] / plain,
        "landmarks_preview_to_detector": cost["landmarks_preview"] / plain,
        "analysis_to_plain_session_run": cost["analysis"] / plain,
    }


def main(arguments: list[str]) -> None:
    """Measure, print and write the report."""
    photographs = {Path(name).name: decode_image(Path(name).read_bytes(), ImageLimits()) for name in arguments}
    photographs = photographs or {"astronaut (scikit-image)": portrait()}
    report = {}
    for name, image in photographs.items():
        cost = measure(image)
        shape = [image.shape[1], image.shape[0]]
        beside = ratios(cost)
        report[name] = {"size_pixels": shape, "cpu_ms": cost, "ratios": beside}
        print(f"{name} {shape[0]} x {shape[1]}")
        for step, value in cost.items():
            print(f"  {step:<34}{value:8.1f} ms")
        for step, value in beside.items():
            print(f"  {step:<34}{value:8.2f}")
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
