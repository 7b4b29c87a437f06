"""Analyses that earlier software recorded: replayed from the log, and shown beside today's."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.analysis.domain import (
    AnalysisResult,
    Box,
    BundleUsed,
    Finding,
    ModelVersion,
    RegionGrade,
    RegionMeasure,
    Scale,
    ScaleSource,
)
from edge.faces.captures import shown_analysis
from edge.visits.analysis import analysis_payload
from edge.visits.library import CaptureLibrary, StoredCapture
from shared.events.catalogue.capture import AnalysisCompleted, AnalysisCompletedV1, CaptureStored
from shared.events.envelope import EventDraft
from shared.events.payload import PayloadModel
from shared.vocabulary import AppearanceGrade, FaceRegion, FindingType, Route, Sensitivity
from tests.support.box import capture_payload
from tests.support.records import BoxRecord, open_box_record

OLD = json.loads(Path("tests/shared/events/data/analysis_completed_v1.json").read_text(encoding="utf-8"))
RESULT = AnalysisResult(
    findings=(
        Finding(
            FindingType.SPOT,
            0.81234567,
            Box(10.123456, 20, 30, 40),
            FaceRegion.NOSE,
            raw_score=0.7,
            type_set=(FindingType.SPOT, FindingType.BLEMISH),
            route=Route.SUGGEST,
            reasons=("more_than_one_type",),
            contour=((10.06, 20.0), (40.0, 20.0), (25.0, 60.0)),
            area_px=600.04,
            area_mm2=12.34567,
            area_share=0.001234567891,
            ood=0.4567,
        ),
        Finding(None, 0.5, Box(1, 2, 3, 4), None, raw_score=0.4, route=Route.NOT_ASSESSED, reasons=("growth",)),
    ),
    measures=(RegionMeasure(FaceRegion.NOSE, 40.123, 12.345, 66.0, 900, 10.12345, 30.0, 0.01, 0.02, None, 1.5),),
    models=(ModelVersion("drawn", "1.0.0", "ab" * 32),),
    width=400,
    height=300,
    grades=(RegionGrade(None, AppearanceGrade.FEW, 1, 0, 2, 0),),
    bundle=BundleUsed("evaluation", "0.1.0", "none", "Tests only."),
    scale=Scale(0.123456789, 0.1234567, ScaleSource.INTER_EYE),
    route=Route.REVIEW_REQUIRED,
    reasons=("growth",),
)


@pytest.fixture
def record(tmp_path: Path) -> Iterator[BoxRecord]:
    record = open_box_record(tmp_path)
    yield record
    record.store.close()


def analysed(record: BoxRecord, capture: str, payload: PayloadModel) -> StoredCapture:
    client = record.new_client(f"Client of {capture}")
    image = f"{int(capture[-1]):064x}"
    stored = CaptureStored.model_validate(capture_payload(image))
    drafts = [
        EventDraft(f"capture/{capture}", item, "tester", "treatment_record", Sensitivity.HEALTH, client)
        for item in (stored, payload)
    ]
    record.store.append(drafts)
    return CaptureLibrary(record.store, record.vault, record.clients).get(capture)


def test_an_analysis_of_version_1_is_read_as_one_a_person_has_to_look_at(record: BoxRecord) -> None:
    found = analysed(record, "capture-1", AnalysisCompletedV1.model_validate(OLD)).analysis
    assert found is not None
    assert [item.type for item in found.findings] == [FindingType(item["type"]) for item in OLD["findings"]]
    assert found.route is Route.REVIEW_REQUIRED
    items = shown_analysis(found)["items"]
    assert [(item.number, item.route, item.reasons) for item in items] == [(1, Route.REVIEW_REQUIRED, ["uncalibrated"])]


def test_a_log_of_both_versions_rebuilds_to_the_same_rows(record: BoxRecord) -> None:
    first = analysed(record, "capture-1", AnalysisCompletedV1.model_validate(OLD))
    second = analysed(record, "capture-2", analysis_payload(RESULT, 12.34))
    reports = {item.name: item for item in record.store.rebuild()}
    assert reports["captures"].digest_before == reports["captures"].digest_after
    library = CaptureLibrary(record.store, record.vault, record.clients)
    assert library.get("capture-1") == first
    assert library.get("capture-2") == second


def test_a_record_written_by_the_software_before_is_brought_up_when_it_is_opened(
    record: BoxRecord, tmp_path: Path
) -> None:
    first = analysed(record, "capture-1", AnalysisCompletedV1.model_validate(OLD))

    def as_before(connection: object) -> None:
        execute = connection.execute  # type: ignore[attr-defined]
        execute("UPDATE captures SET analysis = ?", (json.dumps(OLD),))
        execute("UPDATE projections SET version = 1 WHERE name = 'captures'")

    record.store._database.write(as_before)
    record.store.close()
    again = open_box_record(tmp_path)
    assert CaptureLibrary(again.store, again.vault, again.clients).get("capture-1") == first
    again.store.close()


def test_a_result_is_recorded_rounded_and_shown_as_recorded(record: BoxRecord) -> None:
    recorded = analysis_payload(RESULT, 12.345)
    assert AnalysisCompleted.model_validate_json(recorded.model_dump_json()) == recorded
    first, second = recorded.findings
    assert (first.confidence, first.box.x, first.area_mm2, first.area_share, first.ood) == (
        0.8123,
        10.12,
        12.346,
        0.00123457,
        0.457,
    )
    assert (first.contour[0], second.type, second.contour) == ((10.1, 20.0), None, ())
    assert recorded.measures[0].texture_energy is None
    shown = shown_analysis(analysed(record, "capture-1", recorded).analysis)
    assert shown["items"][0].contour == [[10.1, 20.0], [40.0, 20.0], [25.0, 60.0]]
    assert shown["bundle"].allowed_use == "Tests only."
    assert (shown["scale"].mm_per_pixel, shown["scale"].source) == (0.123457, "inter_eye")
    assert [(item.grade, item.count_high) for item in shown["grades"]] == [(AppearanceGrade.FEW, 2)]
    assert shown["reasons"] == ["growth"]


def test_what_is_recorded_of_a_face_holds_no_embedding() -> None:
    assert "embedding" not in analysis_payload(RESULT, 1.0).model_dump_json()
