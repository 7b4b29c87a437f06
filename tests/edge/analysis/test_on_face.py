"""What lies beside the face is no finding."""

from pathlib import Path

import numpy as np
from skimage import data

from edge.analysis.regions import on_face, region_at
from edge.config import AnalysisSettings
from edge.vision import load_vision


def test_every_region_is_on_the_face_and_the_picture_s_corners_are_not() -> None:
    vision = load_vision(AnalysisSettings(face_models=Path(".cache/models")))
    image = data.astronaut()[0:400, 30:430]
    face = vision.landmarker.detect(image)[0]
    height, width = image.shape[:2]
    for x, y in ((1, 1), (width - 1, 1), (1, height - 1), (width - 1, height - 1)):
        assert not on_face(face, x, y)
    for x, y in np.argwhere(np.ones((height, width), dtype=bool))[::97][:, ::-1]:
        if region_at(face, float(x), float(y)) is not None:
            assert on_face(face, float(x), float(y))
    result = vision.pipeline.analyse(image, face)
    assert all(on_face(face, item.box.x + item.box.w / 2, item.box.y + item.box.h / 2) for item in result.findings)
