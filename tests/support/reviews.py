"""Analysed captures for reviews: real events in a real record, findings to order."""

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.store.events import SqlcipherEventStore
from edge.visits.intake import encode_jpeg
from shared.events.catalogue.capture import (
    AnalysisCompleted,
    BoxInPixels,
    BundleApplied,
    CaptureMetadata,
    CaptureStored,
    FindingFound,
    GateOutcome,
    ModelUsed,
    RegionGraded,
    StoredImage,
)
from shared.events.envelope import EventDraft
from shared.ids import ClientId
from shared.vocabulary import (
    AppearanceGrade,
    FaceRegion,
    FindingType,
    GateProfileName,
    ImageKind,
    Route,
    Sensitivity,
    View,
)
from tests.support.records import BoxRecord

WIDTH, HEIGHT = 400, 300


def finding(
    kind: FindingType | None = FindingType.SPOT, x: float = 10, route: Route = Route.SUGGEST, side: float = 20
) -> FindingFound:
    """A finding whose place tells it from others."""
    return FindingFound(
        type=kind,
        confidence=0.8,
        box=BoxInPixels(x=x, y=30, w=side, h=side),
        region=FaceRegion.FOREHEAD,
        raw_score=0.7,
        route=route,
        contour=((x, 30), (x + side, 30), (x + side, 30 + side)),
    )


def analysis(*findings: FindingFound, route: Route = Route.SUGGEST, version: str = "1.0.0") -> AnalysisCompleted:
    """An analysis by a bundle of this version."""
    grade = RegionGraded(
        region=FaceRegion.FOREHEAD,
        grade=AppearanceGrade.FEW,
        count=len(findings),
        count_low=0,
        count_high=9,
        inflammatory=0,
        rule="hayashi-2008",
    )
    return AnalysisCompleted(
        findings=findings,
        measures=(),
        grades=(grade,),
        models=(ModelUsed(name="detector", version=version, sha256=f"{version:0<64}".replace(".", "a")),),
        bundle=BundleApplied(name="open", version=version, licence="Apache-2.0", allowed_use="any"),
        route=route,
        milliseconds=100.0,
    )


def picture(shade: int = 120) -> NDArray[np.uint8]:
    """A picture with structure, of the size that captures here have."""
    image = np.full((HEIGHT, WIDTH, 3), shade, dtype=np.uint8)
    cv2.circle(image, (WIDTH // 2, HEIGHT // 2), 60, (200, 120, 110), -1)
    return image


def store_capture(
    box: BoxRecord,
    client: ClientId,
    result: AnalysisCompleted | None = None,
    *,
    view: View = View.FRONT,
    tone: int | None = 5,
) -> str:
    """Put a capture on record, its photograph in the vault, and return its id."""
    capture, photo = box.ids.new(), encode_jpeg(picture(), 90)
    sealed = box.vault.put(client, ImageKind.ORIGINAL, photo, box.clients.key_of(client))
    stored = CaptureStored(
        metadata=CaptureMetadata(camera="test", protocol="face-v1", tone_monk=tone, view=view),
        images=(
            StoredImage(
                name=sealed.name,
                kind=ImageKind.ORIGINAL,
                size=sealed.size,
                media_type="image/jpeg",
                width=WIDTH,
                height=HEIGHT,
            ),
        ),
        gate=GateOutcome(profile=GateProfileName.IMPORT, passed=True, codes=(), measures={}),
    )
    payloads = [stored] if result is None else [stored, result]
    box.store.append(
        [
            EventDraft(f"capture/{capture}", item, "tester", "treatment_record", Sensitivity.HEALTH, client)
            for item in payloads
        ]
    )
    return capture


def analyse_again(store: SqlcipherEventStore, capture: str, client: ClientId, result: AnalysisCompleted) -> None:
    """Record a later analysis of a capture."""
    store.append([EventDraft(f"capture/{capture}", result, "tester", "analysis", Sensitivity.HEALTH, client)])
