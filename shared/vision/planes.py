"""Small operations on planes of numbers that several measures share."""

import math

import cv2
import numpy as np

from shared.vision.colour import Plane


def ramp(plane: Plane, between: tuple[float, float]) -> Plane:
    """Return 0 below the first bound, 1 above the second and a straight line between them."""
    low, high = between
    out: Plane = np.clip((plane - np.float32(low)) / np.float32(high - low), 0.0, 1.0)
    return out


def blurred(plane: Plane, sigma: float) -> Plane:
    """Return the plane smoothed by a Gaussian of this standard deviation, in cells of the plane."""
    out: Plane = cv2.GaussianBlur(plane, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    return out


def local_mean(plane: Plane, weight: Plane, sigma: float) -> Plane:
    """Return the plane smoothed over a wide neighbourhood to which every cell gave as much as it weighs.

    Worked out on coarser cells, a quarter of the standard deviation wide: what is so smooth needs no finer ones.
    """
    step = max(1.0, sigma / 4)
    size = (math.ceil(plane.shape[1] / step), math.ceil(plane.shape[0] / step))
    coarse = (cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in (plane * weight, weight))
    total, share = (blurred(each, sigma / step) for each in coarse)
    mean = total / np.maximum(share, np.float32(1e-3))
    out: Plane = cv2.resize(mean, (plane.shape[1], plane.shape[0]), interpolation=cv2.INTER_LINEAR)
    return out


def curvatures(plane: Plane, sigma: float) -> tuple[Plane, Plane]:
    """Return the larger and the smaller principal curvature at a scale, times the scale squared.

    A dark line has a large positive one and nearly none along itself, a dark spot two positive ones.
    Second derivatives of a Gaussian steer to any direction (Freeman and Adelson, "The design and use of
    steerable filters", PAMI 1991), so the strongest direction needs no search.
    """
    smooth = blurred(plane, sigma) * np.float32(sigma**2)
    first, second, none = (np.array(tap, dtype=np.float32) for tap in ([-0.5, 0, 0.5], [1, -2, 1], [1]))
    xx, yy, xy = (
        cv2.sepFilter2D(smooth, cv2.CV_32F, *taps) for taps in ((second, none), (none, second), (first, first))
    )
    middle = cv2.addWeighted(xx, 0.5, yy, 0.5, 0.0)
    reach = cv2.magnitude(cv2.addWeighted(xx, 0.5, yy, -0.5, 0.0), xy)
    return cv2.add(middle, reach), cv2.subtract(middle, reach)
