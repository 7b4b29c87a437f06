import csv
import math

import cv2
import numpy as np
import pytest

from edge.capture.face_map import inter_eye_pixels
from edge.capture.pose import NEUTRAL_TILT_DEGREES, pose_from_mesh
from tests.support.faces import PHOTOGRAPHS, landmarker, photograph, placed, portrait, portrait_face

needs_photographs = pytest.mark.skipif(
    not (PHOTOGRAPHS / "ffhq_acne_spots").is_dir(), reason="the shared photographs are not on this machine"
)


def test_a_real_face_is_found_with_its_eyes_level_and_its_points_inside_the_box() -> None:
    face = portrait_face()
    assert face.score > 0.9
    assert face.points.shape == (468, 2)
    assert face.points.dtype == np.float32
    assert face.points.min(axis=0) == pytest.approx(face.box[:2], abs=0.01)
    assert abs(face.pose.yaw) < 10
    assert abs(face.pose.roll) < 10


@pytest.mark.parametrize("share", [0.1, 0.2, 0.5, 0.75, 0.9])
def test_faces_from_a_tenth_to_nine_tenths_of_the_width_are_found(share: float) -> None:
    box = portrait_face().box
    scale = 900 * share / box.w
    picture = cv2.resize(portrait(), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    centre_x, centre_y = (box.x + box.w / 2) * scale, (box.y + box.h / 2) * scale
    shift = np.array([[1, 0, 450 - centre_x], [0, 1, 500 - centre_y]])
    image = cv2.warpAffine(picture, shift, (900, 1000), borderMode=cv2.BORDER_REPLICATE)
    (face,) = landmarker().detect(image)
    assert face.box.w == pytest.approx(900 * share, rel=0.1)
    assert face.box.x + face.box.w / 2 == pytest.approx(450, abs=0.04 * face.box.w)


def test_two_people_are_two_faces_largest_first() -> None:
    small = cv2.resize(portrait(), (130, 130), interpolation=cv2.INTER_AREA)
    image = placed(portrait(), 430, 260, 0, 20)
    image[90:220, 290:420] = small
    first, second = landmarker().detect(image)
    assert first.box.x < 220 < second.box.x
    assert second.box.w == pytest.approx(first.box.w * 130 / 220, rel=0.1)


def test_nothing_is_found_where_there_is_no_face() -> None:
    noise = np.random.default_rng(3).integers(0, 255, (480, 640, 3), dtype=np.uint8)
    assert landmarker().detect(noise) == ()
    assert landmarker().detect(np.zeros((64, 900, 3), dtype=np.uint8)) == ()


def test_leaning_the_picture_leans_the_head_as_much() -> None:
    turn = cv2.getRotationMatrix2D((110, 110), -15, 1)  # clockwise: towards the client's left shoulder
    leaning = cv2.warpAffine(portrait(), turn, (220, 220), borderMode=cv2.BORDER_REPLICATE)
    (face,) = landmarker().detect(leaning)
    assert face.pose.roll - portrait_face().pose.roll == pytest.approx(15, abs=2)


def test_mirroring_the_picture_mirrors_turn_and_lean() -> None:
    (mirrored,) = landmarker().detect(np.ascontiguousarray(portrait()[:, ::-1]))
    pose = portrait_face().pose
    assert mirrored.pose.yaw == pytest.approx(-pose.yaw, abs=3)
    assert mirrored.pose.roll == pytest.approx(-pose.roll, abs=2)
    assert mirrored.pose.pitch == pytest.approx(pose.pitch, abs=3)


def symmetric_mesh() -> np.ndarray:
    """A mesh whose mirrored points mirror exactly and whose midline is upright, apart from the tilt."""
    from edge.capture.pose import _CHIN, _FOREHEAD, _LEFT, _RIGHT  # noqa: PLC0415

    rng = np.random.default_rng(2)
    mesh = np.zeros((468, 3))
    mesh[_LEFT] = rng.uniform(20, 60, (len(_LEFT), 3))
    mesh[_RIGHT] = mesh[_LEFT] * [-1, 1, 1]
    mesh[_FOREHEAD] = [0, -80, 0]
    mesh[_CHIN] = [0, 80, -160 * math.tan(math.radians(NEUTRAL_TILT_DEGREES))]
    return mesh


@pytest.mark.parametrize(("yaw", "pitch", "roll"), [(0, 0, 0), (30, 0, 0), (-40, 0, 10), (0, 20, 0), (25, -15, -8)])
def test_pose_of_a_turned_mesh_is_the_turn(yaw: float, pitch: float, roll: float) -> None:
    def about(axis: str, degrees: float) -> np.ndarray:
        c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        return {
            "x": np.array([[1, 0, 0], [0, c, -s], [0, s, c]]),
            "y": np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]]),
            "z": np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]),
        }[axis]

    turned = symmetric_mesh() @ (about("z", roll) @ about("y", yaw) @ about("x", -pitch)).T
    pose = pose_from_mesh(turned)
    assert (pose.yaw, pose.pitch, pose.roll) == pytest.approx((yaw, pitch, roll), abs=0.01)


def test_eye_distance_is_measured_between_the_middles_of_the_eyes() -> None:
    points = np.zeros((468, 2), dtype=np.float32)
    points[[33, 133]] = [[0, 0], [10, 0]]
    points[[362, 263]] = [[60, 0], [70, 0]]
    assert inter_eye_pixels(points) == pytest.approx(60)


@needs_photographs
def test_turn_and_tilt_agree_with_independent_estimates_on_real_photographs() -> None:
    with (PHOTOGRAPHS / "ffhq_acne_spots" / "split.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["yaw"] and row["pitch"]]
    pairs = []
    for row in rows:
        if not (PHOTOGRAPHS / "ffhq_acne_spots" / "images" / row["image"]).is_file():
            continue
        faces = landmarker().detect(photograph("ffhq_acne_spots", row["image"]))
        if faces:
            pairs.append((float(row["yaw"]), faces[0].pose.yaw, float(row["pitch"]), faces[0].pose.pitch))
        if len(pairs) == 120:
            break
    table = np.corrcoef(np.array(pairs).T)
    print(f"{len(pairs)} photographs: yaw r = {table[0, 1]:.3f}, pitch r = {table[2, 3]:.3f}")
    assert table[0, 1] > 0.95
    assert table[2, 3] > 0.80


@needs_photographs
def test_turn_agrees_with_the_nose_offset_of_generated_portraits() -> None:
    with (PHOTOGRAPHS / "sfhq_t2i_faces" / "split.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["nose_offset_ratio"]][:80]
    pairs = []
    for row in rows:
        faces = landmarker().detect(photograph("sfhq_t2i_faces", row["image"]))
        if faces:
            pairs.append((float(row["nose_offset_ratio"]), faces[0].pose.yaw))
    correlation = np.corrcoef(np.array(pairs).T)[0, 1]
    print(f"{len(pairs)} portraits: r = {correlation:.3f}")
    assert correlation > 0.7
