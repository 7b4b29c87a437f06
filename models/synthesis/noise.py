"""Random fields: smooth ones for outlines and mottling, fine ones for pores and the sensor."""

import cv2
import numpy as np

from models.synthesis.optics import Plane


def smooth_field(height: int, width: int, cell_px: float, rng: np.random.Generator) -> Plane:
    """Return a field of about unit variance whose features are about `cell_px` wide."""
    rows, columns = (max(2, int(np.ceil(side / cell_px)) + 1) for side in (height, width))
    coarse = rng.standard_normal((rows, columns), np.float32)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)


def pores(height: int, width: int, grain_px: float, rng: np.random.Generator) -> Plane:
    """Return band-passed noise of unit variance, as fine skin texture looks at this magnification."""
    white = rng.standard_normal((height, width), np.float32)
    fine = cv2.GaussianBlur(white, (0, 0), grain_px)
    band = fine - cv2.GaussianBlur(fine, (0, 0), 2.5 * grain_px)
    return np.asarray(band / np.float32(band.std() + 1e-6), np.float32)


def sensor_grain(height: int, width: int, rng: np.random.Generator) -> Plane:
    """Return (H, W, 3) noise of about unit variance; colour noise is coarser, as after a camera's demosaicing."""
    luma = rng.standard_normal((height, width, 1), np.float32)
    coarse = rng.standard_normal((height // 2 + 1, width // 2 + 1, 3), np.float32)
    chroma = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.float32(0.9) * luma + np.float32(0.6) * chroma, np.float32)
