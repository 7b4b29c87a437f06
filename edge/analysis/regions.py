"""From mesh points to facial regions; left and right are the client's."""

import cv2
import numpy as np

from edge.capture.landmarks import Face
from shared.vision.face_map import REGION_OUTLINES
from shared.vocabulary import FaceRegion


class FaceAreas:
    """Where a face and its regions lie in a photograph; outlines are drawn once for all points asked about."""

    def __init__(self, face: Face) -> None:
        """Draw the outlines of a face's mesh."""
        points = np.ascontiguousarray(face.points, dtype=np.float32)
        self._regions = {region: points[list(outline)] for region, outline in REGION_OUTLINES.items()}
        self._whole = cv2.convexHull(points)

    def region_at(self, x: float, y: float) -> FaceRegion | None:
        """Return the region a point lies in, in image pixels; None outside all of them."""
        for region, outline in self._regions.items():
            if _inside(outline, x, y):
                return region
        return None

    def on_face(self, x: float, y: float) -> bool:
        """Tell whether a point, in image pixels, lies within the outline of all mesh points."""
        return _inside(self._whole, x, y)


def _inside(outline: cv2.typing.MatLike, x: float, y: float) -> bool:
    return cv2.pointPolygonTest(outline, (x, y), measureDist=False) >= 0
