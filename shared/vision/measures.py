"""What the skin of each facial region looks like beside single features: colour, spots, shine, structure.

Everything is measured on the face at one width (`face_crop`), on soft weights (`skin`), so that neither the
camera's resolution nor landmarks a pixel off matter much. What each measure keeps of the light:

- lightness and ITA are as the camera exposed them: they move with the lamp, and with an even tan.
- redness a* is taken with the whole face exposed to middle grey, the erythema index from a ratio: neither moves
  with the exposure, both move with the colour of the light, and with a flush of the whole face.
- the melanin index compares a region with the face's own middle, which is set to 50, what the middle of light,
  brown and deep faces alike reads when exposed to middle grey. It does not move with the exposure; by the same
  token an even tan does not show in it but in the lightness. It says nothing about a person's skin tone.
- shares and structure are contrasts within the face and move with neither.

Values are comparable within one person under the same light only.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from shared.imaging.image import RgbImage
from shared.vision.colour import Plane, brightness, ita_degrees, lab, light_of, luminance, melanin_index
from shared.vision.face_crop import crop_face
from shared.vision.face_map import Points
from shared.vision.skin import CELL, Skin, find_skin
from shared.vision.structure import line_map, shine_map, spot_map, texture_map
from shared.vocabulary import FaceRegion

MIDDLE_GREY = 0.18
FACE_MELANIN_INDEX = 50.0
_LEAST_CELLS, _LEAST_SHARE = 60.0, 0.15  # of a region, in view and well exposed
_RESOLVED_ZOOM = 1.7  # a face narrower than 235 pixels holds no pore-sized structure
_EVERY = 3  # medians of a third of the cells are as good, at a third of the cost
_LEAST_REACH = 4.0  # points of any colour measure that are no outlier, however even the skin
_STRONGEST_TEXTURE, _STRONGEST_LINE = 0.2, 0.2  # contrast beyond which one hair would outweigh the skin


@dataclass(frozen=True, slots=True)
class RegionAppearance:
    """What one facial region looks like.

    Attributes:
        region: where.
        ita_degrees: individual typology angle, in degrees from -90 to 90.
        redness_a: CIELAB a* with the face at middle grey, higher is redder.
        lightness: CIELAB L*, 0 to 100.
        pixels: crop pixels measured, 400 to the width of a face.
        erythema_index: 100 · log10(red / green).
        melanin_index: 100 · log10(face's middle red / red) + 50, higher is darker.
        spot_area_share: share of the region covered by small dark spots, 0 to 1.
        shine_share: share of the region that mirrors the lamp, 0 to 1.
        texture_energy: root mean square contrast of pore-sized structure, in per cent; None when the face is
            too small in the photograph to show any.
        line_energy: the same of fine dark lines.
    """

    region: FaceRegion
    ita_degrees: float
    redness_a: float
    lightness: float
    pixels: int
    erythema_index: float
    melanin_index: float
    spot_area_share: float
    shine_share: float
    texture_energy: float | None
    line_energy: float | None


def measure_face(image: RgbImage, points: Points) -> tuple[RegionAppearance, ...]:
    """Measure every region of a face that shows enough well-exposed skin, in the order of `REGION_OUTLINES`.

    Args:
        image: the photograph.
        points: float32 (468, 2), the mesh in its pixels.
    """
    crop = crop_face(image, points)
    if crop is None:
        return ()
    light = light_of(crop.image)
    skin = find_skin(crop, light)
    visible = {region: weight for region, weight in skin.regions.items() if _shows_enough(skin, region)}
    if not visible:
        return ()
    planes = _Planes(skin, _colours(skin), _marks(skin, light), detailed=crop.zoom <= _RESOLVED_ZOOM)
    return tuple(_appearance(region, weight, planes) for region, weight in visible.items())


@dataclass(frozen=True, slots=True, eq=False)
class _Planes:
    """What is known of every cell.

    Attributes:
        skin: where skin is.
        colours: float32 (5, cells): L*, b*, a* at middle grey, erythema index, melanin index.
        marks: float32 (4, cells): spots, shine, texture energy, line energy.
        detailed: whether the photograph resolves texture and lines.
    """

    skin: Skin
    colours: Plane
    marks: Plane
    detailed: bool


def _shows_enough(skin: Skin, region: FaceRegion) -> bool:
    seen = float((skin.regions[region] * skin.exposed).sum())
    return seen >= max(_LEAST_CELLS, _LEAST_SHARE * skin.areas[region])


def _colours(skin: Skin) -> Plane:
    exposed = skin.face * skin.exposed
    exposure = np.float32(MIDDLE_GREY / _middle(luminance(skin.light), exposed))
    melanin = melanin_index(skin.light)
    melanin += np.float32(FACE_MELANIN_INDEX - _middle(melanin, exposed))
    as_taken, at_grey = lab(skin.light), lab(skin.light * exposure)
    planes = (as_taken[..., 0], as_taken[..., 2], at_grey[..., 1], skin.erythema, melanin)
    return np.stack(planes).reshape(len(planes), -1)


def _marks(skin: Skin, light: Plane) -> Plane:
    bright = brightness(light)
    size = (skin.light.shape[1], skin.light.shape[0])
    texture = np.minimum(texture_map(bright) ** 2, np.float32(_STRONGEST_TEXTURE**2))
    lines = np.minimum(line_map(bright) ** 2, np.float32(_STRONGEST_LINE**2))
    energies = (cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in (texture, lines))
    return np.stack((spot_map(skin), shine_map(skin), *energies)).reshape(4, -1)


def _appearance(region: FaceRegion, weight: Plane, planes: _Planes) -> RegionAppearance:
    chosen = np.flatnonzero(weight > 0.02)
    shape = weight.ravel()[chosen]
    exposed = shape * planes.skin.exposed.ravel()[chosen]
    lightness, yellowness, redness, erythema, melanin = _steady_mean(planes.colours[:, chosen], exposed).tolist()
    marks = planes.marks[:, chosen]
    spots, _, texture, lines = (marks @ exposed / exposed.sum()).tolist()
    # Shine may burn out, so it is counted on all of the skin.
    shine = float(shape @ marks[1] / shape.sum())
    return RegionAppearance(
        region=region,
        ita_degrees=ita_degrees(lightness, yellowness),
        redness_a=redness,
        lightness=lightness,
        pixels=round(float(exposed.sum()) * CELL**2),
        erythema_index=erythema,
        melanin_index=melanin,
        spot_area_share=spots,
        shine_share=shine,
        texture_energy=100 * math.sqrt(texture) if planes.detailed else None,
        line_energy=100 * math.sqrt(lines) if planes.detailed else None,
    )


def _steady_mean(values: Plane, weight: Plane) -> Plane:
    """Return the weighted mean of each row, every value held within 4 robust standard deviations.

    A mean, not a median: redness on a tenth of a region moves it by a tenth.
    """
    some = values[:, ::_EVERY]
    middle = np.median(some, axis=1, keepdims=True)
    spread = np.median(np.abs(some - middle), axis=1, keepdims=True)
    reach = np.maximum(4 * 1.4826 * spread, _LEAST_REACH)
    mean: Plane = np.clip(values, middle - reach, middle + reach) @ weight / weight.sum()
    return mean


def _middle(plane: Plane, weight: Plane) -> float:
    return float(np.median(plane[weight > weight.max() / 2]))
