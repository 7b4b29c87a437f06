"""A real camera, a video or a GStreamer pipeline through OpenCV."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import cv2
from pydantic import BaseModel, ConfigDict, Field

from edge.capture.camera import CameraSettings, Frame
from edge.capture.errors import CameraSourceRejected, CameraUnavailable
from shared.clock import Clock


class OpencvCameraSettings(BaseModel):
    """Where the camera is and how to lock it; an empty value leaves the driver's own setting."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str = Field(
        min_length=1,
        description="Device number (0), device path (/dev/video0), video file, or GStreamer pipeline "
        "(anything with a `!`, ending in appsink).",
    )
    width_pixels: int | None = Field(default=None, ge=64, le=16_384, description="Width asked for.")
    height_pixels: int | None = Field(default=None, ge=64, le=16_384, description="Height asked for.")
    exposure: float | None = Field(default=None, description="Locked exposure, in the driver's unit.")
    gain: float | None = Field(default=None, description="Locked gain, in the driver's unit.")
    white_balance_kelvin: float | None = Field(
        default=None, ge=1_000, le=20_000, description="Locked colour temperature, in kelvin."
    )
    focus: float | None = Field(default=None, description="Locked focus, in the driver's unit.")


# Each lock switches its automatic first; 1 is "manual" for Video4Linux exposure, 0 is "off" for the rest.
_LOCKS: Mapping[str, tuple[int, float, int]] = MappingProxyType(
    {
        "exposure": (cv2.CAP_PROP_AUTO_EXPOSURE, 1.0, cv2.CAP_PROP_EXPOSURE),
        "white_balance_kelvin": (cv2.CAP_PROP_AUTO_WB, 0.0, cv2.CAP_PROP_WB_TEMPERATURE),
        "focus": (cv2.CAP_PROP_AUTOFOCUS, 0.0, cv2.CAP_PROP_FOCUS),
    }
)


class OpencvCamera:
    """`Camera` on `cv2.VideoCapture`; the settings of a frame are those the driver reports back."""

    def __init__(self, settings: OpencvCameraSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._device: Any = None
        self._reported = CameraSettings("opencv")

    def open(self) -> None:
        """Take the device; harmless when it is already open.

        Raises:
            CameraUnavailable: it is not plugged in, or another program has it.
            CameraSourceRejected: a GStreamer pipeline is asked for and this OpenCV has no GStreamer.
        """
        if self._device is not None:
            return
        device = self._connect()
        if not device.isOpened():
            device.release()
            raise CameraUnavailable(
                "camera_not_found", "The camera does not answer. Check its cable and close other programs."
            )
        self._device = device
        self._lock()
        self._reported = self._report()

    def read(self) -> Frame:
        """Return the next frame.

        Raises:
            CameraUnavailable: the camera is closed, was unplugged, or the video is over. A camera that
                failed is closed, so that `open` starts afresh.
        """
        if self._device is None:
            raise CameraUnavailable("camera_closed", "The camera is not open. Open it first.")
        received, picture = self._device.read()
        if not received:
            self.close()
            raise CameraUnavailable(
                "camera_lost", "The camera stopped sending pictures. Check its cable; it will be tried again."
            )
        image = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
        return Frame(image, self._clock.monotonic(), self._reported)

    def close(self) -> None:
        """Give the device back; harmless when it is already closed."""
        if self._device is not None:
            self._device.release()
            self._device = None

    def _connect(self) -> Any:
        source = self._settings.source
        if "!" in source:
            if not cv2.videoio_registry.hasBackend(cv2.CAP_GSTREAMER):
                raise CameraSourceRejected(
                    "camera_no_gstreamer",
                    "This OpenCV was built without GStreamer. Use a device number or path, or install the "
                    "build of the box's own system.",
                )
            return cv2.VideoCapture(source, cv2.CAP_GSTREAMER)
        return cv2.VideoCapture(int(source) if source.isdecimal() else source)

    def _lock(self) -> None:
        wanted = self._settings
        for name, (automatic, off, manual) in _LOCKS.items():
            value = getattr(wanted, name)
            if value is not None:
                self._device.set(automatic, off)
                self._device.set(manual, value)
        for prop, value in (
            (cv2.CAP_PROP_FRAME_WIDTH, wanted.width_pixels),
            (cv2.CAP_PROP_FRAME_HEIGHT, wanted.height_pixels),
            (cv2.CAP_PROP_GAIN, wanted.gain),
        ):
            if value is not None:
                self._device.set(prop, value)

    def _report(self) -> CameraSettings:
        return CameraSettings(
            name=f"opencv {self._device.getBackendName()}",
            exposure=self._value(cv2.CAP_PROP_EXPOSURE),
            gain=self._value(cv2.CAP_PROP_GAIN),
            white_balance_kelvin=self._value(cv2.CAP_PROP_WB_TEMPERATURE),
            focus=self._value(cv2.CAP_PROP_FOCUS),
        )

    def _value(self, prop: int) -> float | None:
        # Drivers answer 0 or -1 for what they do not know.
        value = float(self._device.get(prop))
        return value if value > 0 else None
