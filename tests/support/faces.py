"""Real faces and the landmarker for tests; pictures come from registry packages or the shared data folder."""

import os
from functools import cache
from pathlib import Path

import numpy as np
from skimage.data import astronaut

from edge.assets.face_models import DEFAULT_TARGET, FaceModels, fetch_face_models
from edge.capture.landmarks import Face
from edge.capture.mediapipe_onnx import MediapipeOnnxLandmarker
from shared.imaging.decode import ImageLimits, decode_image
from shared.imaging.image import RgbImage

PHOTOGRAPHS = Path(os.environ.get("MEDSPA_TEST_PHOTOGRAPHS", "../shared/data/images"))


@cache
def face_models() -> FaceModels:
    """The models, fetched on the first use on a machine."""
    return fetch_face_models(DEFAULT_TARGET, lambda _line: None)


@cache
def landmarker() -> MediapipeOnnxLandmarker:
    """The landmarker in use."""
    return MediapipeOnnxLandmarker(face_models())


@cache
def portrait() -> RgbImage:
    """A frontal real face, sharp and evenly lit, 95 of 220 pixels wide: from scikit-image's astronaut."""
    whole: RgbImage = astronaut()
    return np.ascontiguousarray(whole[0:220, 110:330])


@cache
def portrait_face() -> Face:
    """The one face of `portrait`."""
    (face,) = landmarker().detect(portrait())
    return face


def photograph(folder: str, name: str) -> RgbImage:
    """A photograph of the shared data folder."""
    return decode_image((PHOTOGRAPHS / folder / "images" / name).read_bytes(), ImageLimits())


def placed(picture: RgbImage, width: int, height: int, x: int, y: int) -> RgbImage:
    """The picture on an empty grey canvas, its top left corner at x, y."""
    canvas = np.full((height, width, 3), 128, dtype=np.uint8)
    canvas[y : y + picture.shape[0], x : x + picture.shape[1]] = picture
    return canvas
