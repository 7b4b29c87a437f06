"""A released set of vision models: one folder, one manifest, every file under its hash.

manifest.json · detector.onnx · classifier.onnx · segmenter.onnx · parameters.json · ood.npz · golden.json ·
cards/detector.md · cards/classifier.md · cards/segmenter.md
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from shared.vision.errors import BundleCorrupt, BundleMissing
from shared.vision.ood import OodModel, read_ood
from shared.vision.parameters import Parameters, read_parameters

MANIFEST = "manifest.json"
PARAMETERS = "parameters.json"
OOD = "ood.npz"
GOLDEN = "golden.json"
CARDS = "cards"

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Version = Annotated[str, StringConstraints(pattern=r"^\d+\.\d+\.\d+$")]
Sentence = Annotated[str, StringConstraints(min_length=1)]


class GraphRole(StrEnum):
    """What a graph of a bundle does."""

    DETECTOR = "detector"
    CLASSIFIER = "classifier"
    SEGMENTER = "segmenter"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DataCredit(_Section):
    """A set of images the weights were trained or fitted on."""

    name: Sentence
    licence: Sentence
    images: int = Field(ge=0)


class GraphEntry(_Section):
    """One graph: `input_size` is the side of its square input in pixels, `parameters` its number of weights."""

    file: Sentence
    name: Sentence
    version: Version
    precision: Literal["fp32", "int8", "int8-dynamic"]
    input_size: int = Field(ge=32)
    parameters: int = Field(ge=1)
    licence: Sentence


class BundleManifest(_Section):
    """What a bundle is, whose data it learnt from, what it may be used for, and the hash of every other file."""

    schema_version: Literal[1] = 1
    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]*$")]
    version: Version
    licence: Sentence
    allowed_use: Sentence
    data: tuple[DataCredit, ...]
    graphs: dict[GraphRole, GraphEntry]
    files: dict[str, Sha256]
    trained_at_commit: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{7,40}$")]

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if set(self.graphs) != set(GraphRole):
            raise ValueError(f"graphs must be {', '.join(GraphRole)}")
        for name in self.files:
            if name == MANIFEST or not _stays_inside(name):
                raise ValueError(f"{name!r} cannot be a file of the bundle")
        missing = self.needed() - set(self.files)
        if missing:
            raise ValueError(f"files lack {', '.join(sorted(missing))}")
        return self

    def needed(self) -> set[str]:
        """Return the names of the files no bundle is without, the manifest aside."""
        graphs = {entry.file for entry in self.graphs.values()}
        return graphs | {PARAMETERS, OOD, GOLDEN} | {f"{CARDS}/{role}.md" for role in GraphRole}


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle whose every file was found to be what its manifest says."""

    folder: Path
    manifest: BundleManifest
    parameters: Parameters
    ood: OodModel

    def graph(self, role: GraphRole) -> Path:
        """Return the ONNX file of a role."""
        return self.folder / self.manifest.graphs[role].file

    def card(self, role: GraphRole) -> Path:
        """Return the model card of a role."""
        return self.folder / CARDS / f"{role}.md"

    @property
    def golden(self) -> Path:
        """The file of known inputs and outputs; see `golden.check_golden`."""
        return self.folder / GOLDEN


def read_bundle(folder: Path) -> Bundle:
    """Read a bundle, verifying the hash of every file in it.

    Raises:
        BundleMissing: the folder holds no manifest.
        BundleCorrupt: the manifest or parameters cannot be read, or a file is absent, changed or not listed.
    """
    manifest = read_manifest(folder)
    for name, expected in manifest.files.items():
        path = folder / name
        if not path.is_file():
            raise BundleCorrupt(f"{name} of bundle {manifest.name} is not there: install the bundle again")
        if file_sha256(path) != expected:
            raise BundleCorrupt(f"{name} of bundle {manifest.name} was changed: install the bundle again")
    extra = set(bundle_files(folder)) - set(manifest.files)
    if extra:
        raise BundleCorrupt(f"{min(extra)} does not belong to bundle {manifest.name}: install the bundle again")
    return Bundle(folder, manifest, read_parameters(folder / PARAMETERS), read_ood(folder / OOD))


def read_manifest(folder: Path) -> BundleManifest:
    """Read a bundle's manifest without looking at its other files.

    Raises:
        BundleMissing: there is none.
        BundleCorrupt: it is not a manifest of a known version.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise BundleMissing(f"{folder} holds no bundle of models: give a folder with a {MANIFEST}")
    try:
        return BundleManifest.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise BundleCorrupt(f"{path} is not a bundle's manifest: install the bundle again") from error


def bundle_files(folder: Path) -> list[str]:
    """Return the names of all files below a folder, relative and with forward slashes, the manifest aside."""
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())
    return sorted(name for name in found if name != MANIFEST)


def file_sha256(path: Path) -> str:
    """Return the hexadecimal SHA-256 of a file."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _stays_inside(name: str) -> bool:
    """Is this a plain relative name, written the one way?"""
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and path.as_posix() == name and "\\" not in name
