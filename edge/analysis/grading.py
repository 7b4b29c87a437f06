"""How many features each region shows, in words and with the interval that the findings' doubt leaves."""

from collections.abc import Sequence

from edge.analysis.domain import Finding, RegionGrade
from edge.capture.landmarks import Face
from shared.vision.face_map import on_right_half, region_shares
from shared.vision.grade import CountedFeature, grade_face


def grade_findings(findings: Sequence[Finding], face: Face) -> tuple[RegionGrade, ...]:
    """Return the whole face's grade, then each visible region's.

    Each finding counts with its own confidence; what has no type (a growth, what looks clear, what is unlike
    everything learnt) is not counted.
    """
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
            rule=grade.rule,
        )
        for grade in grade_face(counted, region_shares(face.points))
    )
