"""The appearance of each facial region, as the definitions both sides share measure it: `shared.vision.measures`."""

from edge.analysis.domain import RegionMeasure
from edge.capture.landmarks import Face
from shared.imaging.image import RgbImage
from shared.vision.measures import measure_face


def measure_regions(image: RgbImage, face: Face) -> tuple[RegionMeasure, ...]:
    """Return the appearance of every region that shows enough well-exposed skin.

    Texture and lines are None where the face is too small in the photograph to show them.
    """
    return tuple(
        RegionMeasure(
            region=seen.region,
            ita_degrees=seen.ita_degrees,
            redness_a=seen.redness_a,
            lightness=seen.lightness,
            pixels=seen.pixels,
            erythema_index=seen.erythema_index,
            melanin_index=seen.melanin_index,
            spot_area_share=seen.spot_area_share,
            shine_share=seen.shine_share,
            texture_energy=seen.texture_energy,
            line_energy=seen.line_energy,
        )
        for seen in measure_face(image, face.points)
    )
