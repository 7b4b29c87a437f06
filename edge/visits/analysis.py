"""An analysis as it is recorded: rounded to what can be told apart, without what identifies a face."""

from typing import Final

from edge.analysis.domain import AnalysisResult, Finding, RegionMeasure
from shared.events.catalogue.capture import (
    AnalysisCompleted,
    BoxInPixels,
    BundleApplied,
    FindingFound,
    ModelUsed,
    RegionGraded,
    RegionMeasured,
    ScaleKnown,
)

_MEASURE_DIGITS: Final = 4


def analysis_payload(result: AnalysisResult, milliseconds: float) -> AnalysisCompleted:
    """Return the event of an analysis that took so many milliseconds; embeddings stay out of the log."""
    bundle, scale = result.bundle, result.scale
    return AnalysisCompleted(
        findings=tuple(_finding(item) for item in result.findings),
        measures=tuple(_measure(item) for item in result.measures),
        grades=tuple(
            RegionGraded(
                region=item.region,
                grade=item.grade,
                count=item.count,
                count_low=item.count_low,
                count_high=item.count_high,
                inflammatory=item.inflammatory,
                expected=_rounded(item.expected, 2),
                rule=item.rule,
            )
            for item in result.grades
        ),
        models=tuple(ModelUsed(name=item.name, version=item.version, sha256=item.sha256) for item in result.models),
        bundle=bundle
        and BundleApplied(
            name=bundle.name, version=bundle.version, licence=bundle.licence, allowed_use=bundle.allowed_use
        ),
        scale=scale
        and ScaleKnown(
            mm_per_pixel=round(scale.mm_per_pixel, 6),
            relative_uncertainty=round(scale.relative_uncertainty, 4),
            source=scale.source,
        ),
        route=result.route,
        reasons=result.reasons,
        milliseconds=round(milliseconds, 1),
    )


def _finding(finding: Finding) -> FindingFound:
    return FindingFound(
        type=finding.type,
        confidence=round(finding.confidence, 4),
        box=BoxInPixels(**{side: round(getattr(finding.box, side), 2) for side in ("x", "y", "w", "h")}),
        region=finding.region,
        raw_score=round(finding.raw_score, 4),
        type_set=finding.type_set,
        route=finding.route,
        reasons=finding.reasons,
        contour=tuple((round(x, 1), round(y, 1)) for x, y in finding.contour),
        area_px=round(finding.area_px, 1),
        area_mm2=_rounded(finding.area_mm2, 3),
        area_share=_rounded(finding.area_share, 8),
        ood=round(finding.ood, 3),
    )


def _measure(item: RegionMeasure) -> RegionMeasured:
    return RegionMeasured(
        region=item.region,
        ita_degrees=round(item.ita_degrees, 2),
        redness_a=round(item.redness_a, 2),
        lightness=round(item.lightness, 2),
        pixels=item.pixels,
        erythema_index=_rounded(item.erythema_index, _MEASURE_DIGITS),
        melanin_index=_rounded(item.melanin_index, _MEASURE_DIGITS),
        spot_area_share=_rounded(item.spot_area_share, _MEASURE_DIGITS),
        shine_share=_rounded(item.shine_share, _MEASURE_DIGITS),
        texture_energy=_rounded(item.texture_energy, _MEASURE_DIGITS),
        line_energy=_rounded(item.line_energy, _MEASURE_DIGITS),
    )


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
