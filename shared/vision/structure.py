"""Dark spots, shine, fine texture and fine lines: maps over a face crop, 0 where there is none.

All are contrasts, differences of logarithms of linear light, so exposure cancels. Scales are shares of the
face's width.
"""

import cv2
import numpy as np

from shared.vision.colour import Plane, melanin_index
from shared.vision.face_crop import FACE_WIDTH
from shared.vision.planes import blurred, curvatures, local_mean, ramp
from shared.vision.skin import CELL, Skin

_CELLS = FACE_WIDTH / CELL

_SPOT_SCALE = 0.006 * _CELLS  # a spot is about a millimetre wide or more …
_SPOT_AROUND = 0.04 * _CELLS  # … and stands out from this much around it
_SPOT_CONTRAST = (2.5, 8.0)  # points of melanin index above its surroundings between which a cell joins a spot
_SPOT_SHAPE_SCALES = (0.008 * _CELLS, 0.014 * _CELLS)
_SPOT_ROUNDNESS = (0.1, 0.5)  # smaller over larger curvature: 1 a disc, 0 a line, below 0 a saddle
_SPOT_REACH = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))  # cells from its middle a spot is completed

_SHINE_SCALE = 0.005 * _CELLS
_SHINE_AROUND = 0.08 * _CELLS
_SHINE_BRIGHTER = (0.05, 0.45)  # logarithm of brightness above even light between which a cell shines
_SHINE_PALER = (0.5, 6.0)  # points of erythema index below its surroundings between which it does

_TEXTURE_SCALES = (0.002 * FACE_WIDTH, 0.006 * FACE_WIDTH)  # passes structure one to four millimetres apart
_LINE_SCALE = 0.004 * FACE_WIDTH  # standard deviation of a line's profile: about a millimetre wide


def spot_map(skin: Skin) -> Plane:
    """Return how far each cell belongs to a pigmented spot, 0 to 1: darker in red light than around it, and round.

    Blood hardly shows in red light, so red marks are not spots; folds and hairs are dark but long.
    """
    index = melanin_index(skin.light)
    near, free = blurred(index, _SPOT_SCALE), skin.face * skin.exposed
    first = ramp(near - local_mean(index, free, _SPOT_AROUND), _SPOT_CONTRAST)
    # Once more without the spots found, or a large one would hide in its own surroundings.
    contrast = near - local_mean(index, free * (1 - first), _SPOT_AROUND)
    roundness = np.minimum(*(_roundness(-index, scale) for scale in _SPOT_SHAPE_SCALES))
    dark = ramp(contrast, _SPOT_CONTRAST)
    # Only the middle of a spot is round; what is as dark around it belongs to it.
    spots: Plane = np.minimum(dark, cv2.dilate(dark * ramp(roundness, _SPOT_ROUNDNESS), _SPOT_REACH))
    return spots


def shine_map(skin: Skin) -> Plane:
    """Return how far each cell mirrors the lamp, 0 to 1: brighter than even light and paler than around it.

    A mirrored lamp adds its own colour to the skin's (Shafer, "Using color to separate reflection components",
    1985), so shine takes redness off; lighter skin alone does not.
    """
    index = skin.erythema
    paler = local_mean(index, skin.face, _SHINE_AROUND) - blurred(index, _SHINE_SCALE)
    brighter = blurred(skin.bright - skin.shading, _SHINE_SCALE)
    return ramp(brighter, _SHINE_BRIGHTER) * ramp(paler, _SHINE_PALER)


def texture_map(bright: Plane) -> Plane:
    """Return the contrast of pore-sized structure, in natural logarithms of brightness, of crop pixels."""
    fine, coarse = (blurred(bright, scale) for scale in _TEXTURE_SCALES)
    return fine - coarse


def line_map(bright: Plane) -> Plane:
    """Return the contrast of fine dark lines, at least 0, in natural logarithms of brightness, of crop pixels."""
    across, along = curvatures(bright, _LINE_SCALE)
    line: Plane = cv2.max(cv2.subtract(across, cv2.absdiff(along, 0.0)), 0.0)
    return line


def _roundness(plane: Plane, scale: float) -> Plane:
    larger, smaller = curvatures(plane, scale)
    roundness: Plane = np.divide(smaller, np.maximum(larger, np.float32(1e-3)), dtype=np.float32)
    return roundness
