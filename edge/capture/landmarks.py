"""Where the face is: the port every face model stands behind, and what it returns."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from shared.imaging.image import RgbImage

POINT_COUNT = 468


class FaceBox(NamedTuple):
    """Axis-parallel box around a face, in image pixels; may reach beyond the image."""

    x: float
    y: float
    w: float
    h: float


@dataclass(frozen=True, slots=True)
class Pose:
    """Where the head points, in degrees.

    Attributes:
        yaw: positive when clients turn towards their own left.
        pitch: positive when the chin goes up.
        roll: positive when the head leans towards the client's left shoulder.
    """

    yaw: float
    pitch: float
    roll: float


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One face found in an image.

    Attributes:
        box: bounds of the 468 points, in image pixels.
        score: the landmark model's confidence that this is a face, 0 to 1.
        points: float32 (468, 2), MediaPipe's face-mesh points in image pixels.
        pose: where the head points.
    """

    box: FaceBox
    score: float
    points: NDArray[np.float32]
    pose: Pose


class FaceLandmarker(Protocol):
    """Finds every face in a picture."""

    def detect(self, image: RgbImage) -> tuple[Face, ...]:
        """Return the faces, largest first; empty when there is none."""
        ...
