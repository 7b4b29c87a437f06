"""The JSON file beside an exported model: what it is, how to call it, what it was measured to do."""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.errors import ArtifactCorruptError, DataMissingError
from shared.vocabulary import FindingType


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DataSource(_Section):
    """Where the training photographs come from and what their licence allows."""

    name: str
    origin: str
    licence: str
    allowed_use: str
    train_photos: int = Field(ge=1)
    train_labels: int = Field(ge=1)
    val_photos: int = Field(ge=1)


class Training(_Section):
    """How the weights came about; `recipe` is the whole recipe as run."""

    recipe: dict[str, Any]
    step: int = Field(ge=0)
    parameters: int = Field(ge=1, description="Weights of the fused network, the decode's 16 fixed ones included")


class Measured(_Section):
    """Held-out figures, as written by the evaluation."""

    split: str
    iou: float
    intervals: str
    figures: dict[str, Any]


class Sidecar(_Section):
    """Contract of a detector artifact.

    Input `images`: float32 (N, 3, S, S), RGB in 0..1, letterboxed centrally on 114/255, S = `input_size`.
    Output `detections`: float32 (N, 100, 6) as x1, y1, x2, y2 in input pixels, score, index into `classes`.
    """

    name: str
    version: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    input_size: int = Field(ge=32, multiple_of=32)
    classes: tuple[FindingType, ...]
    score_threshold: float = Field(ge=0, le=1)
    threshold_rule: str
    licence: str
    data: DataSource
    training: Training
    metrics: Measured


def sidecar_path(model: Path) -> Path:
    """Return where the sidecar of an ONNX file lies."""
    return model.with_suffix(".json")


def read_sidecar(path: Path) -> Sidecar:
    """Read and check a sidecar.

    Raises:
        DataMissingError: there is none.
        ArtifactCorruptError: it is not JSON of the expected shape.
    """
    if not path.is_file():
        raise DataMissingError(f"{path} is not there: a model without its sidecar cannot be used")
    try:
        return Sidecar.model_validate_json(path.read_text(encoding="utf-8"))
    except ValidationError as error:
        raise ArtifactCorruptError(f"{path} is not a detector sidecar: export the model again") from error


def write_sidecar(path: Path, sidecar: Sidecar) -> None:
    """Write a sidecar with stable formatting."""
    text = json.dumps(sidecar.model_dump(mode="json"), indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
