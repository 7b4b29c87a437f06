"""Head pose from the three-dimensional face mesh.

The mesh gives x, y in pixels and z on the same scale (weak perspective). Two axes of the head are read off
it directly: the lateral axis is the mean of the vectors between mirrored points (client's right to left),
the vertical axis runs from the top of the forehead to the chin. Yaw and roll are the angles of the lateral
axis, pitch the angle of the vertical axis after undoing them; a face held straight has its chin nearer or
farther than its forehead by a constant tilt, which is subtracted.
"""

import math

import numpy as np
from numpy.typing import NDArray

from edge.capture.landmarks import Pose

# Mirrored points of the mesh (client's right, client's left): eye corners, brows, cheek bones, mouth, jaw.
_RIGHT = np.array([33, 133, 70, 105, 234, 116, 61, 172, 54, 93])
_LEFT = np.array([263, 362, 300, 334, 454, 345, 291, 397, 284, 323])
_FOREHEAD, _CHIN = 10, 152

# Tilt of that axis on faces held straight: median over 290 frontal photographs with independent estimates.
NEUTRAL_TILT_DEGREES = -5.0


def pose_from_mesh(mesh: NDArray[np.float64]) -> Pose:
    """Return the pose of a mesh (468, 3): x right, y down, z away from the camera, all on one scale."""
    lateral = (mesh[_LEFT] - mesh[_RIGHT]).mean(axis=0)
    roll = math.atan2(lateral[1], lateral[0])
    upright = mesh @ _turn_z(-roll).T
    lateral = (upright[_LEFT] - upright[_RIGHT]).mean(axis=0)
    yaw = math.atan2(lateral[2], lateral[0])
    frontal = upright @ _turn_y(yaw).T
    vertical = frontal[_CHIN] - frontal[_FOREHEAD]
    pitch = -math.degrees(math.atan2(vertical[2], vertical[1])) - NEUTRAL_TILT_DEGREES
    return Pose(yaw=math.degrees(yaw), pitch=pitch, roll=math.degrees(roll))


def _turn_z(angle: float) -> NDArray[np.float64]:
    cosine, sine = math.cos(angle), math.sin(angle)
    return np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])


def _turn_y(angle: float) -> NDArray[np.float64]:
    cosine, sine = math.cos(angle), math.sin(angle)
    return np.array([[cosine, 0.0, sine], [0.0, 1.0, 0.0], [-sine, 0.0, cosine]])
