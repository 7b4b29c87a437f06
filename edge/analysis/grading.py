"""How many features each region shows, in words and with the interval that the findings' doubt leaves."""

from collections.abc import Sequence

from edge.analysis.domain import Finding, RegionGrade
from edge.analysis.regions import FaceAreas
from edge.capture.landmarks import Face
from shared.vision.face_map import on_right_half, region_shares
from shared.vision.grade import CountedFeature, grade_face
from shared.vision.steady_count import Candidates
from shared.vocabulary import FaceRegion


def grade_findings(
    findings: Sequence[Finding], face: Face, candidates: Candidates, per_score: float | None
) -> tuple[RegionGrade, ...]:
    """Return the whole face's grade, then each visible region's.

    Each finding counts with its own confidence; what has no type (a growth, what looks clear, what is unlike
    everything learnt) is not counted.

    Args:
        findings: what was found.
        face: the face it was found on.
        candidates: everything on the face that the detector considered, for the steady estimate.
        per_score: features per unit of summed raw score; None where a bundle does not estimate counts.
    """
    estimate = None if per_score is None else _estimates(face, candidates, per_score)
    counted = [
        CountedFeature(item.type, item.confidence, item.region, on_right_half(face.points, *item.box.centre))
        for item in findings
        if item.type is not None
    ]
    return tuple(
        RegionGrade(
            region=grade.region,
            grade=grade.grade,
            count=grade.every_type.count,
            count_low=grade.every_type.low,
            count_high=grade.every_type.high,
            inflammatory=grade.inflammatory.count,
            expected=None if estimate is None else estimate.get(grade.region, 0.0),
            rule=grade.rule,
        )
        for grade in grade_face(counted, region_shares(face.points))
    )


def _estimates(face: Face, candidates: Candidates, per_score: float) -> dict[FaceRegion | None, float]:
    """Return the estimated count of the whole face under None, and of each region that has any."""
    areas = FaceAreas(face)
    found: dict[FaceRegion | None, float] = {None: per_score * float(candidates.weights.sum())}
    for (x, y), weight in zip(candidates.centres.tolist(), candidates.weights.tolist(), strict=True):
        region = areas.region_at(x, y)
        if region is not None:
            found[region] = found.get(region, 0.0) + per_score * weight
    return found
