"""From mesh points to facial regions; left and right are the client's."""

import cv2
import numpy as np

from edge.capture.landmarks import Face
from shared.vision.face_map import REGION_OUTLINES
from shared.vocabulary import FaceRegion


def region_at(face: Face, x: float, y: float) -> FaceRegion | None:
    """Return the region of the face a point lies in, in image pixels; None outside all of them."""
    for region, outline in REGION_OUTLINES.items():
        polygon = np.ascontiguousarray(face.points[list(outline)], dtype=np.float32)
        if cv2.pointPolygonTest(polygon, (x, y), measureDist=False) >= 0:
            return region
    return None


def on_face(face: Face, x: float, y: float) -> bool:
    """Tell whether a point, in image pixels, lies within the outline of all mesh points."""
    outline = cv2.convexHull(np.ascontiguousarray(face.points, dtype=np.float32))
    return bool(cv2.pointPolygonTest(outline, (x, y), measureDist=False) >= 0)
