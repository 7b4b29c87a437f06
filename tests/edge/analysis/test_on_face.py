"""What lies beside the face is no finding."""

from pathlib import Path

import numpy as np
from skimage import data

from edge.analysis.regions import FaceAreas
from edge.analysis.settings import AnalysisSettings
from edge.vision import load_vision


def test_every_region_is_on_the_face_and_the_picture_s_corners_are_not() -> None:
    vision = load_vision(AnalysisSettings(face_models=Path(".cache/models")))
    image = data.astronaut()[0:400, 30:430]
    face = vision.landmarker.detect(image)[0]
    areas = FaceAreas(face)
    height, width = image.shape[:2]
    for x, y in ((1, 1), (width - 1, 1), (1, height - 1), (width - 1, height - 1)):
        assert not areas.on_face(x, y)
    for x, y in np.argwhere(np.ones((height, width), dtype=bool))[::97][:, ::-1]:
        if areas.region_at(float(x), float(y)) is not None:
            assert areas.on_face(float(x), float(y))
    result = vision.pipeline.analyse(image, face)
    assert all(areas.on_face(*item.box.centre) for item in result.findings)
