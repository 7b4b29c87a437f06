from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from edge.capture.camera import Camera
from edge.capture.errors import CameraSourceRejected, CameraUnavailable
from edge.capture.file_camera import FileCamera
from edge.capture.opencv_camera import OpencvCamera, OpencvCameraSettings
from edge.capture.rendered_face import render_face
from edge.capture.synthetic_camera import Sway, SyntheticCamera
from shared.imaging.decode import ImageRejected
from tests.edge.capture.camera_contract import CameraContract, CountingClock


def save(path: Path, grey: int) -> None:
    Image.new("RGB", (96, 72), (grey, grey, grey)).save(path)


class TestFileCamera(CameraContract):
    @pytest.fixture
    def camera(self, tmp_path: Path) -> Camera:
        for index in range(3):
            save(tmp_path / f"{index}.png", 40 * index)
        return FileCamera(tmp_path, CountingClock())

    def test_pictures_come_in_the_order_of_their_names_and_then_end(self, camera: Camera) -> None:
        camera.open()
        frames = [camera.read() for _ in range(3)]
        assert [frame.label for frame in frames] == ["0.png", "1.png", "2.png"]
        assert [int(frame.image[0, 0, 0]) for frame in frames] == [0, 40, 80]
        with pytest.raises(CameraUnavailable) as caught:
            camera.read()
        assert caught.value.code == "camera_exhausted"

    def test_a_single_file_is_a_camera_of_one_picture(self, tmp_path: Path) -> None:
        save(tmp_path / "one.jpg", 90)
        camera = FileCamera(tmp_path / "one.jpg", CountingClock())
        camera.open()
        assert camera.read().label == "one.jpg"

    def test_a_bad_file_is_refused_and_the_next_one_still_comes(self, tmp_path: Path) -> None:
        (tmp_path / "a.jpg").write_text("not a picture")
        save(tmp_path / "b.png", 7)
        camera = FileCamera(tmp_path, CountingClock())
        camera.open()
        with pytest.raises(ImageRejected):
            camera.read()
        assert camera.read().label == "b.png"

    @pytest.mark.parametrize("name", [".", "nowhere"])
    def test_no_pictures_is_a_matter_for_the_configuration(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(CameraSourceRejected):
            FileCamera(tmp_path / name, CountingClock()).open()


class TestSyntheticCamera(CameraContract):
    @pytest.fixture
    def camera(self) -> Camera:
        return SyntheticCamera(render_face(160, 120), CountingClock(), seed=5)

    def test_same_seed_shows_the_same_frames_and_another_seed_does_not(self) -> None:
        runs = []
        for seed in (1, 1, 2):
            camera = SyntheticCamera(render_face(100, 80), CountingClock(), seed=seed)
            camera.open()
            runs.append([camera.read().image for _ in range(3)])
        assert np.array_equal(runs[0], runs[1])
        assert not np.array_equal(runs[0], runs[2])

    def test_the_picture_moves_and_is_noisy(self) -> None:
        still = render_face(200, 160)
        camera = SyntheticCamera(still, CountingClock(), sway=Sway(pixels=6, degrees=0, period_frames=8, noise=0))
        camera.open()
        frames = [camera.read().image for _ in range(3)]
        assert np.array_equal(frames[0], still)
        shift, _ = cv2.phaseCorrelate(*(cv2.cvtColor(f, cv2.COLOR_RGB2GRAY).astype(float) for f in frames[::2]))
        assert shift[0] == pytest.approx(6, abs=1)

    def test_noise_has_the_spread_asked_for(self) -> None:
        flat = np.full((100, 100, 3), 120, dtype=np.uint8)
        camera = SyntheticCamera(flat, CountingClock(), sway=Sway(pixels=0, degrees=0, noise=5))
        camera.open()
        assert camera.read().image.std() == pytest.approx(5, rel=0.1)

    def test_a_rendered_face_needs_room(self) -> None:
        with pytest.raises(ValueError, match="64"):
            render_face(63, 100)


class TestOpencvCamera(CameraContract):
    @pytest.fixture
    def camera(self, tmp_path: Path) -> Camera:
        path = tmp_path / "clip.avi"
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (96, 72))
        for _ in range(4):
            writer.write(np.full((72, 96, 3), (0, 0, 250), dtype=np.uint8))  # OpenCV writes blue first
        writer.release()
        return OpencvCamera(OpencvCameraSettings(source=str(path)), CountingClock())

    def test_colours_are_red_green_blue(self, camera: Camera) -> None:
        camera.open()
        red, green, blue = camera.read().image[30, 40]
        assert red > 200
        assert green < 60
        assert blue < 60

    def test_a_camera_that_stops_sending_is_lost_and_can_be_opened_again(self, camera: Camera) -> None:
        camera.open()
        for _ in range(4):
            camera.read()
        with pytest.raises(CameraUnavailable) as caught:
            camera.read()
        assert caught.value.code == "camera_lost"
        camera.open()
        camera.read()

    @pytest.mark.parametrize("source", ["/dev/video987", "987"])
    def test_an_unplugged_camera_may_be_tried_again(self, source: str) -> None:
        with pytest.raises(CameraUnavailable) as caught:
            OpencvCamera(OpencvCameraSettings(source=source), CountingClock()).open()
        assert caught.value.code == "camera_not_found"

    @pytest.mark.skipif(cv2.videoio_registry.hasBackend(cv2.CAP_GSTREAMER), reason="this OpenCV has GStreamer")
    def test_a_pipeline_without_gstreamer_is_a_matter_for_the_installation(self) -> None:
        settings = OpencvCameraSettings(source="videotestsrc ! appsink")
        with pytest.raises(CameraSourceRejected) as caught:
            OpencvCamera(settings, CountingClock()).open()
        assert caught.value.code == "camera_no_gstreamer"
