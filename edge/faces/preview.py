"""One preview frame for the kiosk page: a small JPEG and what is drawn over it."""

from collections.abc import Sequence
from typing import Final

import cv2

from edge.api.kiosk_schemas import Hint, PreviewHeader, TargetShape
from edge.api.ports import PreviewFrame
from edge.capture.landmarks import Face
from edge.capture.verdict import GateVerdict
from edge.faces.visit import KioskVisit
from edge.visits.intake import encode_jpeg
from shared.imaging.image import RgbImage
from shared.vocabulary import View

_SIDE_PIXELS: Final = 720
_QUALITY: Final = 72
_SHOWN_EVERY_POINT: Final = 6
_FACE_SHARE: Final = 0.70
_TARGET_YAW: Final = {View.FRONT: 0.0, View.LEFT: -45.0, View.RIGHT: 45.0}


def preview_frame(
    image: RgbImage, faces: Sequence[Face], verdict: GateVerdict, visit: KioskVisit, seq: int, at: float
) -> PreviewFrame:
    """Return the frame with face points, target shape, hint and hold progress, all in shares of its size."""
    height, width = image.shape[:2]
    scale = min(1.0, _SIDE_PIXELS / max(height, width))
    small = cv2.resize(image, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
    points = faces[0].points[::_SHOWN_EVERY_POINT] if faces else ()
    failure = verdict.failures[0] if verdict.failures else None
    header = PreviewHeader(
        seq=seq,
        width=small.shape[1],
        height=small.shape[0],
        points=[(round(float(x) / width, 4), round(float(y) / height, 4)) for x, y in points],
        target=_target(width, height, visit.view),
        matched=verdict.passed,
        hold=visit.hold_share(at),
        hint=Hint(code=str(failure.code), sentence=failure.sentence) if failure else None,
    )
    return PreviewFrame(header, encode_jpeg(small, _QUALITY))


def _target(width: int, height: int, view: View) -> TargetShape:
    radius = _FACE_SHARE * min(width, height) / 2
    return TargetShape(cx=0.5, cy=0.5, rx=radius / width, ry=1.3 * radius / height, yaw_degrees=_TARGET_YAW[view])
