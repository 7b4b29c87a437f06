"""The quality gate: is this frame good enough to keep, and if not, what should the client do?

Pure: the faces were found before, nothing is remembered between calls.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from edge.capture.face_map import inter_eye_pixels
from edge.capture.landmarks import Face
from edge.capture.light import measure_light
from edge.capture.limits import GateLimits
from edge.capture.sharpness import face_sharpness
from edge.capture.verdict import GateCode, GateFailure, GateVerdict
from shared.imaging.image import RgbImage
from shared.vocabulary import View

_Measures = Mapping[str, float]


class QualityGate:
    """Holds frames to one set of limits."""

    def __init__(self, limits: GateLimits) -> None:
        self.limits = limits

    def assess(self, image: RgbImage, faces: Sequence[Face], view: View, previous: Face | None = None) -> GateVerdict:
        """Return the verdict on a frame.

        Args:
            image: the frame.
            faces: every face found in it.
            view: the view that is being photographed.
            previous: the face of the frame before, for motion; None for a still.
        """
        counted = self._counted(faces)
        if len(counted) != 1:
            return self._without_one_face(len(counted))
        face = counted[0]
        measures = _measure(image, face, self.limits.sharpness_width_pixels, previous)
        failures = tuple(
            failure for check in (_pose, _framing, _light, _detail) for failure in check(measures, self.limits, view)
        )
        return GateVerdict(not failures, failures, MappingProxyType(measures), self.limits.profile)

    def _counted(self, faces: Sequence[Face]) -> list[Face]:
        if not faces:
            return []
        widest = max(face.box.w for face in faces)
        return [face for face in faces if face.box.w >= widest * self.limits.second_face_share]

    def _without_one_face(self, count: int) -> GateVerdict:
        if count == 0:
            failure = GateFailure(
                GateCode.NO_FACE, "Please look into the camera, with nothing covering your face.", 0.0, "one face"
            )
        else:
            failure = GateFailure(
                GateCode.SEVERAL_FACES,
                "Please make sure only one person is in the picture.",
                float(count),
                "one face",
            )
        measures = MappingProxyType({"faces": float(count)})
        return GateVerdict(False, (failure,), measures, self.limits.profile)


def _measure(image: RgbImage, face: Face, sharpness_width: int, previous: Face | None) -> dict[str, float]:
    height, width = image.shape[:2]
    box, pose = face.box, face.pose
    light = measure_light(image, face.points)
    outside = ((face.points < 0) | (face.points >= [width, height])).any(axis=1)
    measures = {
        "faces": 1.0,
        "yaw_degrees": pose.yaw,
        "pitch_degrees": pose.pitch,
        "roll_degrees": pose.roll,
        "face_share": box.w / min(width, height),
        "offset_share": max(abs(box.x + box.w / 2 - width / 2) / width, abs(box.y + box.h / 2 - height / 2) / height),
        "outside_share": float(outside.mean()),
        "inter_eye_pixels": inter_eye_pixels(face.points) / max(0.2, math.cos(math.radians(pose.yaw))),
        "luminance": light.luminance,
        "over_exposed_share": light.over_exposed_share,
        "under_exposed_share": light.under_exposed_share,
        "sharpness": face_sharpness(image, box, sharpness_width),
    }
    if light.cheek_overlap is not None:
        measures["cheek_overlap"] = light.cheek_overlap
    if previous is not None:
        # The median shift of all points: each single one trembles by a pixel of its own.
        shift = np.median(face.points - previous.points, axis=0)
        measures["motion_pixels"] = float(np.linalg.norm(shift))
    return measures


def _pose(measures: _Measures, limits: GateLimits, view: View) -> Iterator[GateFailure]:
    yaw, pitch, roll = (measures[f"{axis}_degrees"] for axis in ("yaw", "pitch", "roll"))
    # The left side is seen when clients turn to their right, so the wanted turn is negative there.
    low, high = {
        View.FRONT: (-limits.max_yaw_degrees, limits.max_yaw_degrees),
        View.LEFT: (-limits.max_side_yaw_degrees, -limits.min_side_yaw_degrees),
        View.RIGHT: (limits.min_side_yaw_degrees, limits.max_side_yaw_degrees),
    }[view]
    if not low <= yaw <= high:
        side = "right" if yaw > high else "left"
        sentence = f"Please turn your head a little to your {side}."
        yield GateFailure(GateCode.TURNED, sentence, yaw, f"turn between {low:g} and {high:g} degrees")
    if abs(pitch) > limits.max_pitch_degrees:
        move = "lower" if pitch > 0 else "raise"
        limit = f"at most {limits.max_pitch_degrees:g} degrees up or down"
        yield GateFailure(GateCode.TILTED, f"Please {move} your chin a little.", pitch, limit)
    if abs(roll) > limits.max_roll_degrees:
        side = "right" if roll > 0 else "left"
        limit = f"at most {limits.max_roll_degrees:g} degrees to a shoulder"
        sentence = f"Please hold your head upright, a little more to your {side} shoulder."
        yield GateFailure(GateCode.LEANING, sentence, roll, limit)


def _framing(measures: _Measures, limits: GateLimits, _view: View) -> Iterator[GateFailure]:
    share = measures["face_share"]
    wanted = f"face between {limits.min_face_share:.0%} and {limits.max_face_share:.0%} of the shorter side"
    if share < limits.min_face_share:
        yield GateFailure(GateCode.TOO_FAR, "Please come a little closer.", share, wanted)
    if share > limits.max_face_share:
        yield GateFailure(GateCode.TOO_CLOSE, "Please move back a little.", share, wanted)
    offset = measures["offset_share"]
    if offset > limits.max_offset_share:
        limit = f"face within {limits.max_offset_share:.0%} of the middle"
        yield GateFailure(GateCode.OFF_CENTRE, "Please bring your face to the middle of the picture.", offset, limit)
    outside = measures["outside_share"]
    if outside > limits.max_outside_share:
        limit = f"at most {limits.max_outside_share:.0%} of the face beyond the edge"
        yield GateFailure(GateCode.CUT_OFF, "Please move so that your whole face is in the picture.", outside, limit)
    eyes = measures["inter_eye_pixels"]
    if eyes < limits.min_inter_eye_pixels:
        limit = f"at least {limits.min_inter_eye_pixels:g} pixels between the eyes"
        sentence = "Please come closer, or use a photograph with more pixels."
        yield GateFailure(GateCode.LOW_RESOLUTION, sentence, eyes, limit)


def _light(measures: _Measures, limits: GateLimits, view: View) -> Iterator[GateFailure]:
    luminance = measures["luminance"]
    wanted = f"brightness between {limits.min_luminance:g} and {limits.max_luminance:g}"
    if luminance < limits.min_luminance:
        yield GateFailure(GateCode.TOO_DARK, "Please turn up the light on your face.", luminance, wanted)
    if luminance > limits.max_luminance:
        yield GateFailure(GateCode.TOO_BRIGHT, "Please turn down the light on your face.", luminance, wanted)
    over = measures["over_exposed_share"]
    if over > limits.max_over_exposed_share:
        limit = f"at most {limits.max_over_exposed_share:.1%} of the face burnt out"
        sentence = "Please move away from the bright light, and blot shiny skin."
        yield GateFailure(GateCode.OVER_EXPOSED, sentence, over, limit)
    under = measures["under_exposed_share"]
    if under > limits.max_under_exposed_share:
        limit = f"at most {limits.max_under_exposed_share:.1%} of the face in black shadow"
        sentence = "Please turn towards the light and brush hair from your face."
        yield GateFailure(GateCode.UNDER_EXPOSED, sentence, under, limit)
    overlap = measures.get("cheek_overlap")
    if view is View.FRONT and overlap is not None and overlap < limits.min_cheek_overlap:
        limit = f"cheeks alike by at least {limits.min_cheek_overlap:.0%}"
        sentence = "Please face the light, so that both sides of your face are lit alike."
        yield GateFailure(GateCode.UNEVEN_LIGHT, sentence, overlap, limit)


def _detail(measures: _Measures, limits: GateLimits, _view: View) -> Iterator[GateFailure]:
    motion = measures.get("motion_pixels")
    if motion is not None and motion > limits.max_motion_pixels:
        limit = f"at most {limits.max_motion_pixels:g} pixels between two frames"
        yield GateFailure(GateCode.MOVING, "Please hold still for a moment.", motion, limit)
    sharpness = measures["sharpness"]
    if sharpness < limits.min_sharpness:
        limit = f"sharpness of at least {limits.min_sharpness:g}"
        sentence = "The picture is not sharp. Please hold still; staff may wipe the lens."
        yield GateFailure(GateCode.BLURRED, sentence, sharpness, limit)
