"""Packing: whole or not at all, proved before it is put in place, and the same bytes for the same files."""

import hashlib
import json
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from models.bundle.__main__ import app
from models.bundle.description import BundleDescription, read_description
from models.bundle.packing import Ingredients, pack, report_of, require_golden, zip_bundle
from models.errors import ArtifactCorruptError, DataMissingError, RecipeRejectedError
from shared.vision.bundle import MANIFEST, GraphRole, read_bundle
from shared.vision.errors import BundleCorrupt
from shared.vision.golden import read_golden
from shared.vision.ood import write_ood
from shared.vision.parameters import write_parameters
from tests.support.bundles import SIZES
from tests.support.test_bundle import drawn_graphs, drawn_ood, drawn_parameters

COMMIT = "0123abc"


def report(name: str, sha256: str) -> str:
    """Return what an export writes beside its graph."""
    return json.dumps({"name": name, "version": "1.0.0", "sha256": sha256, "parameters": 7})


@pytest.fixture
def ingredients(tmp_path: Path) -> Ingredients:
    graphs = tmp_path / "graphs"
    graphs.mkdir()
    for role, content in drawn_graphs().items():
        (graphs / f"{role.value}.onnx").write_bytes(content)
        (graphs / f"{role.value}.md").write_text(f"# Model card: drawn {role.value}\n")
        report = {
            "sha256": hashlib.sha256(content).hexdigest(),
            "name": role.value,
            "version": "1.0.0",
            "parameters": 7,
        }
        (graphs / f"{role.value}.json").write_text(json.dumps(report))
    write_parameters(tmp_path / "parameters.json", drawn_parameters())
    write_ood(tmp_path / "ood.npz", drawn_ood())
    return Ingredients(graphs, tmp_path / "parameters.json", tmp_path / "ood.npz", COMMIT)


@pytest.fixture
def description() -> BundleDescription:
    graph = {"precision": "fp32", "licence": "own"}
    return BundleDescription.model_validate(
        {
            "name": "drawn",
            "version": "1.0.0",
            "licence": "own",
            "allowed_use": "For tests.",
            "data": [{"name": "drawn colours", "licence": "own", "images": 0}],
            "graphs": {role.value: graph | {"input_size": SIZES[role]} for role in GraphRole},
        }
    )


def test_a_packed_bundle_reads_back_with_its_cards_and_golden_cases(
    description: BundleDescription, ingredients: Ingredients, tmp_path: Path
) -> None:
    bundle = pack(description, ingredients, tmp_path / "bundles" / "drawn")
    assert bundle.manifest.trained_at_commit == COMMIT
    assert {entry.name for entry in bundle.manifest.graphs.values()} == {role.value for role in GraphRole}
    assert {case.role for case in read_golden(bundle.golden).cases} == set(GraphRole)
    assert bundle.card(GraphRole.DETECTOR).read_text().startswith("# Model card")
    require_golden(bundle)


def test_a_missing_card_leaves_the_earlier_bundle_as_it_was(
    description: BundleDescription, ingredients: Ingredients, tmp_path: Path
) -> None:
    folder = tmp_path / "bundles" / "drawn"
    pack(description, ingredients, folder)
    before = (folder / MANIFEST).read_bytes()
    (ingredients.graphs / "classifier.md").unlink()
    with pytest.raises(DataMissingError, match=r"classifier\.md"):
        pack(description, ingredients, folder)
    assert (folder / MANIFEST).read_bytes() == before
    assert [path.name for path in folder.parent.iterdir()] == ["drawn"]


def test_a_graph_that_computes_something_else_fails_its_golden_cases(
    description: BundleDescription, ingredients: Ingredients, tmp_path: Path
) -> None:
    bundle = pack(description, ingredients, tmp_path / "bundles" / "drawn")
    golden = bundle.golden.read_text()
    first = read_golden(bundle.golden).cases[0].sha256
    bundle.golden.write_text(golden.replace(first, "0" * 64))
    with pytest.raises(ArtifactCorruptError, match="drawn"):
        require_golden(bundle)


def test_the_same_files_give_the_same_archive(
    description: BundleDescription, ingredients: Ingredients, tmp_path: Path
) -> None:
    bundle = pack(description, ingredients, tmp_path / "bundles" / "drawn")
    assert zip_bundle(bundle, tmp_path / "a.zip") == zip_bundle(bundle, tmp_path / "b.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        archive.extractall(tmp_path / "again")
    assert read_bundle(tmp_path / "again" / "drawn").manifest == bundle.manifest


def test_a_report_of_another_graph_is_refused(
    description: BundleDescription, ingredients: Ingredients, tmp_path: Path
) -> None:
    (ingredients.graphs / "detector.json").write_text(
        json.dumps({"name": "detector", "version": "1.0.0", "sha256": "0" * 64, "parameters": 7})
    )
    with pytest.raises(ArtifactCorruptError, match="another graph"):
        pack(description, ingredients, tmp_path / "bundles" / "drawn")
    (ingredients.graphs / "detector.json").unlink()
    with pytest.raises(DataMissingError, match=r"detector\.json"):
        report_of(ingredients.graphs / "detector.onnx")


def test_the_command_packs_verifies_and_notices_a_changed_file(ingredients: Ingredients, tmp_path: Path) -> None:
    told = tmp_path / "drawn.toml"
    graphs = "".join(
        f'[graphs.{role.value}]\nprecision = "fp32"\ninput_size = {SIZES[role]}\nlicence = "own"\n'
        for role in GraphRole
    )
    told.write_text(
        'name = "drawn"\nversion = "1.0.0"\nlicence = "own"\nallowed_use = "For tests."\n'
        '[[data]]\nname = "drawn"\nlicence = "own"\nimages = 0\n' + graphs
    )
    options = ["--description", str(told), "--graphs", str(ingredients.graphs), "--commit", COMMIT]
    options += [
        "--parameters",
        str(ingredients.parameters),
        "--ood",
        str(ingredients.ood),
        "--out",
        str(tmp_path / "b"),
    ]
    packed = CliRunner().invoke(app, ["pack", *options])
    assert packed.exit_code == 0, packed.output
    assert CliRunner().invoke(app, ["verify", str(tmp_path / "b" / "drawn")]).exit_code == 0
    (tmp_path / "b" / "drawn" / "detector.onnx").write_bytes(b"something else")
    verified = CliRunner().invoke(app, ["verify", str(tmp_path / "b" / "drawn")])
    assert verified.exit_code == 2
    assert "detector.onnx" in verified.output
    with pytest.raises(BundleCorrupt):
        read_bundle(tmp_path / "b" / "drawn")


def test_a_commit_that_is_none_is_refused(ingredients: Ingredients, tmp_path: Path) -> None:
    options = ["--description", "x.toml", "--graphs", str(ingredients.graphs), "--commit", "main"]
    options += ["--parameters", str(ingredients.parameters), "--ood", str(ingredients.ood)]
    result = CliRunner().invoke(app, ["pack", *options])
    assert result.exit_code != 0


def test_every_description_of_the_project_is_whole() -> None:
    for path in sorted(Path("models/recipes").glob("bundle_*.toml")):
        assert f"bundle_{read_description(path).name}" == path.stem


def test_a_description_without_a_graph_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bundle.toml"
    path.write_text('name = "x"\n')
    with pytest.raises(RecipeRejectedError, match="graphs"):
        read_description(path)
