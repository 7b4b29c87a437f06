"""A camera that shows photographs from disk, one after the other."""

from collections.abc import Iterator
from pathlib import Path

from edge.capture.camera import CameraSettings, Frame
from edge.capture.errors import CameraSourceRejected, CameraUnavailable
from shared.clock import Clock
from shared.imaging.decode import ImageLimits, decode_image

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})


class FileCamera:
    """`Camera` on one picture file, or on the pictures of a folder in the order of their names."""

    def __init__(self, source: Path, clock: Clock, limits: ImageLimits | None = None) -> None:
        self._source = source
        self._clock = clock
        self._limits = limits or ImageLimits()
        self._files: Iterator[Path] | None = None

    def open(self) -> None:
        """List the pictures; harmless when it is already open.

        Raises:
            CameraSourceRejected: there is no such file or folder, or no picture in it.
        """
        if self._files is not None:
            return
        files = [self._source] if self._source.is_file() else _pictures(self._source)
        if not files:
            raise CameraSourceRejected(
                "camera_no_pictures", "No JPEG, PNG or WebP pictures were found. Name another file or folder."
            )
        self._files = iter(files)

    def read(self) -> Frame:
        """Return the next picture.

        Raises:
            CameraUnavailable: the camera is closed or every picture was shown.
            ImageRejected: this file is not a usable picture; the next call goes on with the next one.
        """
        if self._files is None:
            raise CameraUnavailable("camera_closed", "The camera is not open. Open it first.")
        path = next(self._files, None)
        if path is None:
            raise CameraUnavailable("camera_exhausted", "Every picture was shown. Open the camera again.")
        image = decode_image(path.read_bytes(), self._limits)
        return Frame(image, self._clock.monotonic(), CameraSettings("file"), label=path.name)

    def close(self) -> None:
        """Forget the position; harmless when it is already closed."""
        self._files = None


def _pictures(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.is_file() and path.suffix.lower() in SUFFIXES)
