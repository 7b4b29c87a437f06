"""Limits of an event that others than its payload must keep, too."""

from typing import Final

# With a hundred findings, each with a contour as long as this, an event keeps below its largest size.
MAX_CONTOUR_POINTS: Final = 40
