"""What can be drawn, and the product's word for each."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class LesionKind(StrEnum):
    """A visible skin feature as the renderer builds it; one kind has one optical recipe."""

    PAPULE = "papule"
    PUSTULE = "pustule"
    COMEDONE = "comedone"
    POST_INFLAMMATORY = "post_inflammatory"
    FRECKLE = "freckle"
    GROWTH = "growth"


CLASS_OF_KIND: Mapping[LesionKind, str] = MappingProxyType(
    {
        LesionKind.PAPULE: "blemish",
        LesionKind.PUSTULE: "pustule",
        LesionKind.COMEDONE: "blemish",
        LesionKind.POST_INFLAMMATORY: "spot",
        LesionKind.FRECKLE: "spot",
        LesionKind.GROWTH: "growth",
    }
)
"""The classifier's word for each kind."""
