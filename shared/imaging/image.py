"""What an image is once it has been decoded."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

RgbImage: TypeAlias = NDArray[np.uint8]
"""Height by width by 3, red-green-blue, upright, 0 to 255."""
