"""Every choice the renderer makes, with units; the defaults are the ones used for training."""

from dataclasses import dataclass, field

from models.synthesis.kinds import LesionKind

FACE_MM = 140.0
"""Width of an adult face that stands for a frame's width."""


@dataclass(frozen=True, slots=True)
class SizeRange:
    """Log-normal diameters in millimetres of a 140 mm face, cut at both ends."""

    median_mm: float
    spread: float
    low_mm: float
    high_mm: float


@dataclass(frozen=True, slots=True)
class Profile:
    """One way a face can look: mean number of each kind, how many stand in clusters, and how often it occurs.

    Numbers are drawn from a geometric-like spread around the mean, so that few faces have very many.
    """

    name: str
    weight: float
    means: dict[LesionKind, float]
    clustered: float


def _sizes() -> dict[LesionKind, SizeRange]:
    """Visible size including the surrounding redness or soft edge, out to a quarter of the change."""
    return {
        LesionKind.PAPULE: SizeRange(4.5, 0.28, 2.2, 8.0),
        LesionKind.PUSTULE: SizeRange(4.8, 0.25, 2.4, 8.0),
        LesionKind.COMEDONE: SizeRange(3.1, 0.22, 2.0, 5.0),
        LesionKind.POST_INFLAMMATORY: SizeRange(4.6, 0.30, 2.2, 8.5),
        LesionKind.FRECKLE: SizeRange(3.1, 0.25, 2.0, 5.0),
        LesionKind.GROWTH: SizeRange(4.1, 0.33, 2.2, 8.5),
    }


def _profiles() -> tuple[Profile, ...]:
    """From clear skin to many lesions; growths stay rare everywhere, as they are."""
    kind = LesionKind
    return (
        Profile("clear", 0.08, {}, 0.0),
        Profile(
            "few",
            0.30,
            {kind.PAPULE: 1.6, kind.PUSTULE: 0.7, kind.COMEDONE: 0.8, kind.POST_INFLAMMATORY: 1.8, kind.GROWTH: 0.6},
            0.2,
        ),
        Profile(
            "breakout",
            0.27,
            {kind.PAPULE: 6.0, kind.PUSTULE: 3.0, kind.COMEDONE: 3.0, kind.POST_INFLAMMATORY: 4.0, kind.GROWTH: 0.4},
            0.65,
        ),
        Profile(
            "marks",
            0.20,
            {kind.PAPULE: 1.0, kind.COMEDONE: 1.0, kind.POST_INFLAMMATORY: 9.0, kind.FRECKLE: 2.0, kind.GROWTH: 0.6},
            0.5,
        ),
        Profile(
            "freckled", 0.15, {kind.PAPULE: 0.6, kind.POST_INFLAMMATORY: 1.5, kind.FRECKLE: 10.0, kind.GROWTH: 1.2}, 0.6
        ),
    )


@dataclass(frozen=True, slots=True)
class RenderSettings:
    """How lesions are drawn.

    `strength` scales all pigment; 1 is what photographs show. `most` bounds the lesions of one face.
    """

    sizes: dict[LesionKind, SizeRange] = field(default_factory=_sizes)
    profiles: tuple[Profile, ...] = field(default_factory=_profiles)
    strength: float = 1.0
    most: int = 40


@dataclass(frozen=True, slots=True)
class PhotoSettings:
    """How a face is turned into a training photograph.

    `side` px square, the face framed as in aligned portrait sets; `scale` is the relative range of framing,
    `roll` the half-width of extra turning in degrees; `texture` the share by which pores vary the light,
    `grain` the sensor's noise in code values; `tone` the half-width of the melanin change in log density.
    """

    side: int = 512
    scale: tuple[float, float] = (0.86, 1.12)
    roll: float = 6.0
    texture: tuple[float, float] = (0.008, 0.03)
    grain: tuple[float, float] = (0.6, 2.2)
    tone: float = 0.18
