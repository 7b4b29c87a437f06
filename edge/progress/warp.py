"""Shows the other photograph as if it had been taken from where this one was."""

from typing import Final

import cv2
import numpy as np

from edge.progress.registration import Registration
from shared.imaging.image import RgbImage

_GRID_PIXELS: Final = 16
_OUTSIDE: Final = (38, 35, 31)


def aligned(moving: RgbImage, registration: Registration, width: int, height: int) -> RgbImage:
    """Return the moving photograph laid onto the reference, which is `width` by `height` pixels.

    Colours are left as they are: what the light did must stay visible. Beyond the edge of the moving photograph
    the picture is plain.
    """
    columns, rows = (max(2, -(-side // _GRID_PIXELS) + 1) for side in (width, height))
    across, down = np.meshgrid(np.linspace(0, width - 1, columns), np.linspace(0, height - 1, rows))
    places = registration.to_moving(np.column_stack([across.ravel(), down.ravel()]))
    # The field is smooth: between knots of the grid a straight line is right to a hundredth of a pixel.
    fine_x, fine_y = np.meshgrid(
        np.linspace(0, columns - 1, width, dtype=np.float32), np.linspace(0, rows - 1, height, dtype=np.float32)
    )
    maps = [
        cv2.remap(axis.reshape(rows, columns).astype(np.float32), fine_x, fine_y, cv2.INTER_LINEAR)
        for axis in (places[:, 0], places[:, 1])
    ]
    shrink = registration.scale
    source = moving if shrink > 0.7 else cv2.GaussianBlur(moving, (0, 0), 0.4 / shrink)
    picture: RgbImage = cv2.remap(
        source, maps[0], maps[1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT, borderValue=_OUTSIDE
    )
    return picture
