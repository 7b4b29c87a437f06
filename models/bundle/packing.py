"""From loose files to a verified bundle: written beside and moved into place, so that a cut leaves no half of one."""

import json
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from models.bundle.description import BundleDescription
from models.errors import ArtifactCorruptError, DataMissingError
from models.evaluation.runner import on_one_thread
from shared.vision.bundle import (
    CARDS,
    GOLDEN,
    MANIFEST,
    OOD,
    PARAMETERS,
    Bundle,
    BundleManifest,
    GraphEntry,
    GraphRole,
    bundle_files,
    file_sha256,
    read_bundle,
)
from shared.vision.golden import Run, check_golden, make_golden

# A fixed moment, so that the same files give the same archive to the byte.
_EPOCH = (2026, 1, 1, 0, 0, 0)


class GraphReport(BaseModel):
    """What packing needs of the report that an export writes beside its graph."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    name: str
    version: str
    sha256: str
    parameters: int


@dataclass(frozen=True, slots=True)
class Ingredients:
    """Where the parts of a bundle lie.

    `graphs` holds detector.onnx, classifier.onnx and segmenter.onnx, each with its card (.md) and its export's report
    (.json).
    """

    graphs: Path
    parameters: Path
    ood: Path
    commit: str


def pack(description: BundleDescription, ingredients: Ingredients, folder: Path) -> Bundle:
    """Write a bundle and return it as read back; an earlier one of this name is replaced only when all is well.

    Raises:
        DataMissingError: an ingredient is not there.
        ArtifactCorruptError: the packed bundle does not compute what its golden cases say.
        BundleMissing, BundleCorrupt: parameters or cards are not as they must be.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as place:
        draft = Path(place) / description.name
        _copy(ingredients, draft)
        reports = {role: report_of(ingredients.graphs / f"{role.value}.onnx") for role in GraphRole}
        sides = {role: entry.input_size for role, entry in description.graphs.items()}
        run = sessions({role: draft / f"{role.value}.onnx" for role in GraphRole})
        (draft / GOLDEN).write_text(make_golden(sides, run).model_dump_json(indent=1) + "\n", encoding="utf-8")
        manifest = _manifest(description, ingredients.commit, reports, draft)
        text = json.dumps(manifest.model_dump(mode="json"), indent=1, ensure_ascii=False)
        (draft / MANIFEST).write_text(text + "\n", encoding="utf-8")
        require_golden(read_bundle(draft))
        if folder.exists():
            shutil.rmtree(folder)
        draft.rename(folder)
    return read_bundle(folder)


def require_golden(bundle: Bundle) -> None:
    """Run every golden case on this machine.

    Raises:
        ArtifactCorruptError: a case comes out differently.
    """
    faults = check_golden(bundle, sessions({role: bundle.graph(role) for role in GraphRole}))
    if faults:
        raise ArtifactCorruptError(f"bundle {bundle.manifest.name}: {faults[0]}")


def zip_bundle(bundle: Bundle, out: Path) -> str:
    """Write a bundle as one archive, the same bytes for the same files, and return its SHA-256."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in (MANIFEST, *bundle_files(bundle.folder)):
            entry = zipfile.ZipInfo(f"{bundle.manifest.name}/{name}", _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, (bundle.folder / name).read_bytes())
    return file_sha256(out)


def sessions(graphs: Mapping[GraphRole, Path]) -> Run:
    """Return a function that runs graphs on the processor, one thread."""
    opened = {role: on_one_thread(path) for role, path in graphs.items()}

    def run(role: GraphRole, batch: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        session = opened[role]
        names = [output.name for output in session.get_outputs()]
        values = session.run(names, {session.get_inputs()[0].name: batch})
        return {name: np.asarray(value, np.float32) for name, value in zip(names, values, strict=True)}

    return run


def _copy(ingredients: Ingredients, draft: Path) -> None:
    (draft / CARDS).mkdir(parents=True)
    wanted = {ingredients.parameters: PARAMETERS, ingredients.ood: OOD}
    for role in GraphRole:
        wanted[ingredients.graphs / f"{role.value}.onnx"] = f"{role.value}.onnx"
        wanted[ingredients.graphs / f"{role.value}.md"] = f"{CARDS}/{role.value}.md"
    for source, name in wanted.items():
        if not source.is_file():
            raise DataMissingError(f"{source} is not there: export, fit or describe it first")
        shutil.copyfile(source, draft / name)


def _manifest(
    description: BundleDescription, commit: str, reports: Mapping[GraphRole, GraphReport], draft: Path
) -> BundleManifest:
    entries = {
        role: GraphEntry.model_validate(
            entry.model_dump() | reports[role].model_dump(exclude={"sha256"}) | {"file": f"{role.value}.onnx"}
        )
        for role, entry in description.graphs.items()
    }
    return BundleManifest(
        name=description.name,
        version=description.version,
        licence=description.licence,
        allowed_use=description.allowed_use,
        data=description.data,
        graphs=entries,
        files={name: file_sha256(draft / name) for name in bundle_files(draft)},
        trained_at_commit=commit,
    )


def report_of(graph: Path) -> GraphReport:
    """Read the report of a graph.

    Raises:
        DataMissingError: there is no report.
        ArtifactCorruptError: the report is of another graph, or is none.
    """
    path = graph.with_suffix(".json")
    if not path.is_file():
        raise DataMissingError(f"{path} is not there: export the graph again")
    try:
        report = GraphReport.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise ArtifactCorruptError(f"{path} is no export's report: export the graph again") from error
    if report.sha256 != file_sha256(graph):
        raise ArtifactCorruptError(f"{path} is the report of another graph: export the graph again")
    return report
