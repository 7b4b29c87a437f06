"""The light on a face, read from its own shading."""

from dataclasses import dataclass

import numpy as np

from models.synthesis.optics import Plane, luminance
from models.synthesis.skin import Skin


@dataclass(frozen=True, slots=True)
class Light:
    """Unit direction towards the light, and two levels in linear light.

    `shine` is how far highlights on this skin rise above it; `level` is the skin's median luminance.
    """

    direction: tuple[float, float, float]
    shine: float
    level: float


def read_light(linear: Plane, skin: Skin) -> Light:
    """Fit one distant light to the skin's luminance over the face taken for an ellipsoid.

    A picture with hardly any skin gets light from the upper left, as most studios have it.
    """
    rows, columns = np.nonzero(skin.mask[::4, ::4])
    if rows.size < 50:
        return Light((-0.3, -0.5, 0.81), 0.1, 0.25)
    values = luminance(linear[::4, ::4][rows, columns])
    x, y = (4 * columns).astype(np.float32), (4 * rows).astype(np.float32)
    normals = skin.frame.normals(x, y)
    fit, *_ = np.linalg.lstsq(normals, values, rcond=None)
    level = float(np.median(values))
    # Faces are not ellipsoids: a light from behind is an error of the fit, not a finding.
    fit[2] = max(float(fit[2]), 0.35 * float(np.linalg.norm(fit)), 1e-3)
    direction = fit / np.linalg.norm(fit)
    shine = float(np.clip(np.percentile(values, 99.5) - level, 0.02, 0.5))
    return Light((float(direction[0]), float(direction[1]), float(direction[2])), shine, level)
