"""A detector on disk: the graph, its sidecar, and the checks made before it may run."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.analysis.domain import ModelVersion
from edge.analysis.errors import ModelCorrupt, ModelMissing
from shared.vocabulary import FindingType

_PROVIDERS_BY_PREFERENCE = ("TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider")


class DetectorSidecar(BaseModel):
    """What a detector's JSON file says about its graph; data, licence and metrics are for people."""

    # Training adds what the model card needs; running needs only these.
    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str = Field(min_length=1, description="Name of the model.")
    version: str = Field(min_length=1, description="Version of the model.")
    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="SHA-256 of the ONNX file.")
    input_size: int = Field(ge=32, le=4096, description="Side of the square input, in pixels.")
    classes: tuple[FindingType, ...] = Field(min_length=1, description="What each class index means.")
    score_threshold: float = Field(ge=0, le=1, description="Least score of a reported finding.")


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """How ONNX Runtime runs a graph.

    Attributes:
        threads: threads of one run; workers never spin, the cores are shared with the scheduler.
        providers: execution providers to ask for, best first; None for what this machine has.
    """

    threads: int = 1
    providers: Sequence[str] | None = None


class Detector:
    """A checked detector graph in a session."""

    def __init__(self, graph: Path, settings: SessionSettings | None = None) -> None:
        """Load `<name>.onnx` with the sidecar `<name>.json` beside it.

        Raises:
            ModelMissing: one of the two files is not there.
            ModelCorrupt: the sidecar is not valid, or the graph is not the one it describes.
        """
        self.sidecar, content = _read(graph)
        self._session = _open(content, settings or SessionSettings())
        self._input = self._session.get_inputs()[0]
        side = self.sidecar.input_size
        if list(self._input.shape[1:]) != [3, side, side] or self._input.type != "tensor(float)":
            raise _not_as_described()
        self.providers: tuple[str, ...] = tuple(self._session.get_providers())
        """The execution providers in use, as the session reports them."""
        self.version = ModelVersion(self.sidecar.name, self.sidecar.version, self.sidecar.sha256)

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the detections (N, K, 6) of a batch (N, 3, S, S): x1, y1, x2, y2, score, class.

        Raises:
            ModelCorrupt: the answer has another shape, is not finite, or names a class that is not there.
        """
        detections: NDArray[np.float32] = self._session.run(None, {self._input.name: batch})[0]
        if detections.ndim != 3 or detections.shape[2] != 6 or len(detections) != len(batch):
            raise _not_as_described()
        kinds = detections[..., 5]
        if not np.isfinite(detections).all() or kinds.min(initial=0) < 0:
            raise _not_as_described()
        if kinds.max(initial=0) > len(self.sidecar.classes) - 1:
            raise _not_as_described()
        return detections


def _read(graph: Path) -> tuple[DetectorSidecar, bytes]:
    try:
        text, content = graph.with_suffix(".json").read_bytes(), graph.read_bytes()
    except FileNotFoundError as error:
        raise ModelMissing(
            "model_missing", f"The model {graph.name} or its .json is not here. Install the model bundle."
        ) from error
    try:
        sidecar = DetectorSidecar.model_validate_json(text)
    except ValidationError as error:
        raise ModelCorrupt(
            "model_sidecar_invalid", f"The description of {graph.name} is damaged. Install the model again."
        ) from error
    if hashlib.sha256(content).hexdigest() != sidecar.sha256:
        raise ModelCorrupt(
            "model_hash_differs",
            f"{graph.name} is not the model its description names. Install the model again.",
        )
    return sidecar, content


def _open(content: bytes, settings: SessionSettings) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = settings.threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    available = ort.get_available_providers()
    wanted = settings.providers or _PROVIDERS_BY_PREFERENCE
    providers = [name for name in wanted if name in available] or ["CPUExecutionProvider"]
    return ort.InferenceSession(content, options, providers=providers)


def _not_as_described() -> ModelCorrupt:
    return ModelCorrupt(
        "model_breaks_contract",
        "The model does not answer as its description says. Install the model again, or an earlier version.",
    )
