"""Analyses recorded by earlier versions stay readable, and today's fit into an event."""

import json
import math
from pathlib import Path

import pytest
from pydantic import ValidationError

from shared.events.catalogue import complete_catalogue
from shared.events.catalogue.capture import (
    AnalysisCompleted,
    AnalysisCompletedV1,
    BoxInPixels,
    FindingFound,
    read_analysis,
)
from shared.events.envelope import MAX_BODY_BYTES, canonical_json
from shared.events.limits import MAX_CONTOUR_POINTS
from shared.events.payload import InvalidPayload
from shared.vocabulary import FaceRegion, FindingType, Route

RECORDED = json.loads((Path(__file__).parent / "data" / "analysis_completed_v1.json").read_text(encoding="utf-8"))


def test_a_payload_recorded_by_version_1_is_still_known_and_valid() -> None:
    complete_catalogue().check("analysis.completed", 1, RECORDED)


def test_a_version_1_analysis_reads_as_today_s_with_everything_left_to_a_person() -> None:
    read = read_analysis(RECORDED, 1)
    assert [item.confidence for item in read.findings] == [item["confidence"] for item in RECORDED["findings"]]
    assert {item.route for item in read.findings} == {Route.REVIEW_REQUIRED}
    assert read.route is Route.REVIEW_REQUIRED
    assert all(item.raw_score == item.confidence and item.type_set == (item.type,) for item in read.findings)
    assert [item.region for item in read.measures] == [FaceRegion(item["region"]) for item in RECORDED["measures"]]
    assert all(item.texture_energy is None for item in read.measures)
    assert (read.grades, read.bundle, read.scale) == ((), None, None)


def test_reading_twice_changes_nothing() -> None:
    read = read_analysis(RECORDED, 1)
    assert read_analysis(json.loads(read.model_dump_json()), 2) == read


def test_a_version_1_payload_under_version_2_is_refused_and_the_other_way_round() -> None:
    with pytest.raises(InvalidPayload):
        complete_catalogue().check("analysis.completed", 2, RECORDED)
    today = read_analysis(RECORDED, 1).model_dump(mode="json")
    with pytest.raises(InvalidPayload):
        complete_catalogue().check("analysis.completed", 1, today)
    with pytest.raises(ValidationError):
        read_analysis(today, 1)


def test_a_hundred_findings_with_the_longest_contours_fit_into_one_event() -> None:
    circle = [(3999.5 + 9 * math.cos(i), 2999.5 + 9 * math.sin(i)) for i in range(MAX_CONTOUR_POINTS)]
    finding = FindingFound(
        type=FindingType.PUSTULE,
        confidence=0.1234,
        box=BoxInPixels(x=3999.99, y=2999.99, w=123.45, h=123.45),
        region=FaceRegion.RIGHT_PERIORBITAL,
        raw_score=0.1234,
        type_set=tuple(FindingType),
        route=Route.REVIEW_REQUIRED,
        reasons=("out_of_distribution", "possible_growth", "low_confidence"),
        contour=tuple((round(x, 1), round(y, 1)) for x, y in circle),
        area_px=12345.6,
        area_mm2=123.456,
        area_share=0.00123456,
        ood=1.234,
    )
    template = AnalysisCompletedV1.model_validate(RECORDED).upgraded()
    full = template.model_copy(update={"findings": (finding,) * 100})
    assert isinstance(full, AnalysisCompleted)
    assert len(canonical_json(full.model_dump(mode="json"))) < MAX_BODY_BYTES * 0.9
