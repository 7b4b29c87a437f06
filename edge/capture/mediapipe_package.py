"""The `mediapipe` package behind the landmark port: optional, off, and not installed by default.

Versions from 1.0 on report usage to their maker and offer no switch against it, ship no models and bring a
second build of OpenCV. On a box with clients' faces it may run only while outgoing traffic is blocked. It is
kept as a reference to compare `mediapipe_onnx` with; it needs a `face_landmarker.task` file brought by hand.
"""

import importlib
from pathlib import Path
from typing import Any

import numpy as np

from edge.assets.errors import AssetsMissing
from edge.capture.landmarks import POINT_COUNT, Face, FaceBox
from edge.capture.pose import pose_from_mesh
from shared.imaging.image import RgbImage


class MediapipePackageLandmarker:
    """`FaceLandmarker` on MediaPipe's own task API."""

    def __init__(self, task: Path, most_faces: int = 4) -> None:
        """Load the task file.

        Raises:
            AssetsMissing: the package is not installed or the file is not there.
        """
        try:
            self._package: Any = importlib.import_module("mediapipe")
            tasks: Any = importlib.import_module("mediapipe.tasks.python")
        except ImportError as error:
            raise AssetsMissing(
                "mediapipe_missing", "The optional mediapipe package is not installed. Use the default instead."
            ) from error
        if not task.is_file():
            raise AssetsMissing("mediapipe_task_missing", "The face_landmarker.task file is not there. Bring it.")
        options = tasks.vision.FaceLandmarkerOptions(
            base_options=tasks.BaseOptions(model_asset_path=str(task)), num_faces=most_faces
        )
        self._task: Any = tasks.vision.FaceLandmarker.create_from_options(options)

    def detect(self, image: RgbImage) -> tuple[Face, ...]:
        """Return the faces, largest first; the package gives no score, so each has 1."""
        height, width = image.shape[:2]
        picture = self._package.Image(image_format=self._package.ImageFormat.SRGB, data=image)
        faces = []
        for landmarks in self._task.detect(picture).face_landmarks:
            # z comes on the scale of x, so it takes the width too.
            mesh = np.array([[p.x * width, p.y * height, p.z * width] for p in landmarks[:POINT_COUNT]])
            low, high = mesh[:, :2].min(axis=0), mesh[:, :2].max(axis=0)
            box = FaceBox(float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1]))
            faces.append(Face(box, 1.0, mesh[:, :2].astype(np.float32), pose_from_mesh(mesh)))
        return tuple(sorted(faces, key=lambda face: face.box.w * face.box.h, reverse=True))
