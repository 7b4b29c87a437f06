"""Makes the camera that the configuration names."""

from pathlib import Path
from typing import assert_never

from edge.capture.camera import Camera
from edge.capture.file_camera import FileCamera
from edge.capture.opencv_camera import OpencvCamera, OpencvCameraSettings
from edge.capture.rendered_face import render_face
from edge.capture.synthetic_camera import SyntheticCamera
from edge.config import CameraKind, CaptureSettings
from shared.clock import Clock
from shared.imaging.decode import decode_image

_RENDERED_PIXELS = (720, 960)


def make_camera(settings: CaptureSettings, clock: Clock) -> Camera:
    """Return the camera, not yet opened.

    Raises:
        ImageRejected, OSError: the still of a synthetic camera cannot be read.
    """
    match settings.camera:
        case CameraKind.FILES:
            return FileCamera(Path(settings.source), clock, settings.limits)
        case CameraKind.OPENCV:
            return OpencvCamera(OpencvCameraSettings(source=settings.source), clock)
        case CameraKind.SYNTHETIC:
            if settings.source:
                still = decode_image(Path(settings.source).read_bytes(), settings.limits)
            else:
                still = render_face(*_RENDERED_PIXELS)
            return SyntheticCamera(still, clock)
        case unknown:
            assert_never(unknown)
