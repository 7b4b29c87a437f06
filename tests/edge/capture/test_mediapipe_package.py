import importlib.util
from pathlib import Path

import pytest

from edge.assets.errors import AssetsMissing
from edge.capture.mediapipe_package import MediapipePackageLandmarker


def test_the_package_that_reports_usage_is_not_installed_by_default() -> None:
    assert importlib.util.find_spec("mediapipe") is None


def test_asking_for_the_missing_package_says_what_to_use_instead(tmp_path: Path) -> None:
    with pytest.raises(AssetsMissing) as caught:
        MediapipePackageLandmarker(tmp_path / "face_landmarker.task")
    assert caught.value.code == "mediapipe_missing"
