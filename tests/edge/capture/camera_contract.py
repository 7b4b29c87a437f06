"""What every camera promises; each adapter's test class inherits it."""

from datetime import datetime

import numpy as np
import pytest

from edge.capture.camera import Camera
from edge.capture.errors import CameraUnavailable
from shared.vocabulary import ClockQuality


class CountingClock:
    """A clock that moves a tenth of a second whenever it is read."""

    def __init__(self) -> None:
        self.now = 0.0

    def wall(self) -> datetime:
        raise AssertionError("cameras stamp frames with monotonic time only")

    def quality(self) -> ClockQuality:
        raise AssertionError("cameras do not ask")

    def monotonic(self) -> float:
        self.now += 0.1
        return self.now


class CameraContract:
    @pytest.fixture
    def camera(self) -> Camera:
        raise NotImplementedError

    def test_frames_are_rgb_bytes_stamped_in_order(self, camera: Camera) -> None:
        camera.open()
        first, second = camera.read(), camera.read()
        for frame in (first, second):
            assert frame.image.dtype == np.uint8
            assert frame.image.ndim == 3
            assert frame.image.shape[2] == 3
            assert frame.settings.name
        assert first.taken_at_monotonic < second.taken_at_monotonic
        camera.close()

    def test_reading_a_camera_that_is_not_open_is_a_typed_error(self, camera: Camera) -> None:
        with pytest.raises(CameraUnavailable) as caught:
            camera.read()
        assert caught.value.code == "camera_closed"

    def test_reading_after_close_is_a_typed_error(self, camera: Camera) -> None:
        camera.open()
        camera.close()
        with pytest.raises(CameraUnavailable):
            camera.read()

    def test_opening_twice_and_closing_twice_are_harmless(self, camera: Camera) -> None:
        camera.open()
        camera.open()
        camera.read()
        camera.close()
        camera.close()

    def test_a_closed_camera_opens_again_and_starts_over(self, camera: Camera) -> None:
        camera.open()
        first = camera.read().image
        camera.close()
        camera.open()
        assert np.array_equal(camera.read().image, first)
        camera.close()
