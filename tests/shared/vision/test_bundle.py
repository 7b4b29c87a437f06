"""A bundle is used whole and unchanged, or not at all."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from shared.vision.bundle import MANIFEST, BundleManifest, GraphRole, read_bundle, read_manifest
from shared.vision.errors import BundleCorrupt, BundleMissing
from tests.support.bundles import some_ood, some_parameters, write_bundle


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_bundle(tmp_path / "evaluation")
    return tmp_path / "evaluation"


def edit_manifest(folder: Path, **changes: Any) -> None:
    document = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(document | changes))


def test_an_unchanged_bundle_gives_back_what_was_written(folder: Path) -> None:
    bundle = read_bundle(folder)
    assert bundle.manifest.name == "evaluation"
    assert bundle.parameters == some_parameters()
    assert bundle.ood.class_means == pytest.approx(some_ood().class_means, abs=1e-5)
    assert bundle.graph(GraphRole.SEGMENTER).read_bytes() == b"graph of the segmenter"
    assert bundle.card(GraphRole.DETECTOR).read_text() == "# detector\n"
    assert bundle.golden.is_file()


def test_a_folder_without_manifest_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(BundleMissing):
        read_bundle(tmp_path)


@pytest.mark.parametrize(
    "name", ["detector.onnx", "classifier.onnx", "segmenter.onnx", "parameters.json", "ood.npz", "golden.json"]
)
def test_one_changed_byte_in_any_file_is_refused(folder: Path, name: str) -> None:
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(data)
    with pytest.raises(BundleCorrupt, match=name):
        read_bundle(folder)


def test_a_changed_card_is_refused(folder: Path) -> None:
    (folder / "cards" / "classifier.md").write_text("# finds everything\n")
    with pytest.raises(BundleCorrupt, match=r"classifier\.md"):
        read_bundle(folder)


def test_a_file_that_went_missing_is_refused(folder: Path) -> None:
    (folder / "segmenter.onnx").unlink()
    with pytest.raises(BundleCorrupt, match=r"segmenter\.onnx"):
        read_bundle(folder)


def test_a_file_that_nobody_vouches_for_is_refused(folder: Path) -> None:
    (folder / "cards" / "extra.txt").write_text("hello")
    with pytest.raises(BundleCorrupt, match=r"extra\.txt"):
        read_bundle(folder)


def test_parameters_that_say_nonsense_are_refused_although_their_hash_is_right(folder: Path) -> None:
    good = some_parameters().model_dump(mode="json")
    good["classifier"]["temperature"] = -1
    (folder / "parameters.json").write_text(json.dumps(good))
    files = json.loads((folder / MANIFEST).read_text())["files"]
    files["parameters.json"] = hashlib.sha256((folder / "parameters.json").read_bytes()).hexdigest()
    edit_manifest(folder, files=files)
    with pytest.raises(BundleCorrupt, match="parameters"):
        read_bundle(folder)


@pytest.mark.parametrize(
    "name", ["../outside.onnx", "/etc/passwd", "cards/../detector.onnx", "a\\b", "manifest.json", "./x"]
)
def test_a_manifest_cannot_name_a_file_outside_its_folder(folder: Path, name: str) -> None:
    files = json.loads((folder / MANIFEST).read_text())["files"]
    edit_manifest(folder, files=files | {name: "0" * 64})
    with pytest.raises(BundleCorrupt):
        read_manifest(folder)


def test_a_graph_whose_file_is_not_listed_is_refused(folder: Path) -> None:
    graphs = json.loads((folder / MANIFEST).read_text())["graphs"]
    graphs["detector"]["file"] = "other.onnx"
    edit_manifest(folder, graphs=graphs)
    with pytest.raises(BundleCorrupt):
        read_manifest(folder)


def test_a_bundle_lacking_a_role_is_refused(folder: Path) -> None:
    graphs = json.loads((folder / MANIFEST).read_text())["graphs"]
    del graphs["segmenter"]
    edit_manifest(folder, graphs=graphs)
    with pytest.raises(BundleCorrupt):
        read_manifest(folder)


@pytest.mark.parametrize(
    "change", [{"schema_version": 2}, {"version": "1"}, {"surprise": 1}, {"trained_at_commit": "main"}]
)
def test_a_manifest_of_another_shape_is_refused(folder: Path, change: dict[str, Any]) -> None:
    edit_manifest(folder, **change)
    with pytest.raises(BundleCorrupt):
        read_manifest(folder)


def test_a_manifest_reads_back_as_written(folder: Path) -> None:
    manifest = read_manifest(folder)
    assert BundleManifest.model_validate_json(manifest.model_dump_json()) == manifest
