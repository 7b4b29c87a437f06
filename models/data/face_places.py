"""Where on a face nothing lies: plain skin, and the places a detector takes for something."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.errors import DataMissingError
from shared.imaging.image import RgbImage

WEIGHTS = Path("weights") / "yunet" / "yunet_n_dynamic.onnx"
_SEEN_AT_PX = 256
_SURE = 0.6
_TRIES = 25

Point = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FacePlaces:
    """One face in photograph pixels.

    Attributes:
        centre: of the face's ellipse.
        half: half axes of that ellipse, upright.
        points: (5, 2): the eye at the picture's left, the other, nose tip, the two mouth corners.
    """

    centre: Point
    half: Point
    points: NDArray[np.float64]

    @property
    def width_px(self) -> float:
        """Width of the face."""
        return float(2 * self.half[0])

    def plain(self, rng: np.random.Generator) -> Point:
        """Return a place on the skin, off eyes, brows, nostrils and lips where a few tries find one."""
        place = self.centre
        for _ in range(_TRIES):
            radius, angle = np.sqrt(rng.uniform(0, 0.72)), rng.uniform(0, 2 * np.pi)
            place = self.centre + self.half * radius * np.array([np.cos(angle), np.sin(angle)])
            if not self._on_feature(place):
                break
        return place

    def misleading(self, rng: np.random.Generator) -> Point:
        """Return a place that looks like something: eye corner, brow, nostril, lip, hairline or background."""
        left, right, nose, mouth_left, mouth_right = self.points
        along = right - left
        down = (mouth_left + mouth_right) / 2 - (left + right) / 2
        eye = left if rng.random() < 0.5 else right
        side = rng.choice((-1.0, 1.0))
        kind = rng.integers(6)
        if kind == 0:
            place = eye + 0.22 * side * along
        elif kind == 1:
            place = eye - 0.28 * down + rng.uniform(-0.25, 0.25) * along
        elif kind == 2:
            place = nose + 0.13 * side * along + 0.1 * down
        elif kind == 3:
            place = mouth_left + rng.uniform(-0.05, 1.05) * (mouth_right - mouth_left)
        else:
            angle = rng.uniform(0, 2 * np.pi)
            reach = rng.uniform(0.95, 1.1) if kind == 4 else rng.uniform(1.2, 1.7)
            place = self.centre + reach * self.half * np.array([np.cos(angle), np.sin(angle)])
        return np.asarray(place + rng.normal(0, 0.03 * self.width_px, 2), np.float64)

    def _on_feature(self, place: Point) -> bool:
        left, right, nose, mouth_left, mouth_right = self.points
        eyes = float(np.linalg.norm(right - left))
        discs = (
            (left, 0.38 * eyes),
            (right, 0.38 * eyes),
            (nose + np.array([0, 0.12 * eyes]), 0.25 * eyes),
            ((mouth_left + mouth_right) / 2, 0.7 * float(np.linalg.norm(mouth_right - mouth_left))),
        )
        return any(float(np.linalg.norm(place - middle)) < radius for middle, radius in discs)


class FaceFinder:
    """Finds the face of a portrait with YuNet on a small copy."""

    def __init__(self, root: Path) -> None:
        """Load the face detector from the data folder.

        Raises:
            DataMissingError: it is not there.
        """
        path = root / WEIGHTS
        if not path.is_file():
            raise DataMissingError(f"no face detector at {path}: give the data's parent folder with --data-root")
        self._detector = cv2.FaceDetectorYN.create(str(path), "", (_SEEN_AT_PX, _SEEN_AT_PX), _SURE, 0.3, 10)

    def find(self, image: RgbImage) -> FacePlaces | None:
        """Return the surest face; None when there is none."""
        height, width = image.shape[:2]
        scale = _SEEN_AT_PX / max(height, width)
        # The detector wants sides in steps of 32; a picture that fits is placed at the upper left.
        small = cv2.resize(image, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
        square = np.zeros((_SEEN_AT_PX, _SEEN_AT_PX, 3), np.uint8)
        square[: small.shape[0], : small.shape[1]] = small[:, :, ::-1]
        found = self._detector.detect(square)[1]
        if found is None:
            return None
        best = np.asarray(found[int(np.argmax(found[:, 14]))], np.float64) / scale
        half = best[2:4] / 2
        return FacePlaces(best[:2] + half, half, best[4:14].reshape(5, 2))
