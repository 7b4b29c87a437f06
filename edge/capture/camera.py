"""Where frames come from: the port every camera stands behind."""

from dataclasses import dataclass, field
from typing import Protocol

from shared.imaging.image import RgbImage


@dataclass(frozen=True, slots=True)
class CameraSettings:
    """How the camera was set when a frame was taken; unknown values are None.

    Attributes:
        name: model or kind of the camera.
        exposure: shutter setting in the driver's own unit.
        gain: sensor gain in the driver's own unit.
        white_balance_kelvin: colour temperature.
        focus: lens position in the driver's own unit.
    """

    name: str
    exposure: float | None = None
    gain: float | None = None
    white_balance_kelvin: float | None = None
    focus: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture from a camera.

    Attributes:
        image: RGB, upright.
        taken_at_monotonic: seconds on the clock the camera was given.
        settings: how the camera was set.
        label: where a still came from (a file's name); empty for live cameras.
    """

    image: RgbImage
    taken_at_monotonic: float
    settings: CameraSettings
    label: str = field(default="")


class Camera(Protocol):
    """A source of frames with one owner at a time.

    Every implementation passes `tests/edge/capture/camera_contract.py`.
    """

    def open(self) -> None:
        """Take the camera; harmless when it is already open.

        Raises:
            CameraUnavailable: it is not there or in use; try again.
            CameraSourceRejected: the source can never work; the configuration must change.
        """
        ...

    def read(self) -> Frame:
        """Return the next frame.

        Raises:
            CameraUnavailable: the camera is closed, was unplugged, or has nothing more to show.
        """
        ...

    def close(self) -> None:
        """Give the camera back; harmless when it is already closed."""
        ...
