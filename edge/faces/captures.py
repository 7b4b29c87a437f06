"""Photographs and findings, for the pages."""

import contextlib
from datetime import datetime
from typing import Any, Protocol

from edge.api import schemas
from edge.api.ports import Actor
from edge.capture.verdict import GateVerdict
from edge.clients.register import ClientRegister, ClientUnknown
from edge.visits.intake import CaptureIntake, Gate, Photograph
from edge.visits.library import CaptureLibrary, StoredCapture
from shared.events.catalogue.capture import AnalysisCompleted, CaptureMetadata
from shared.ids import ClientId
from shared.vocabulary import ImageKind, View


class Signatures(Protocol):
    """Tells whether a licensed person has signed a result."""

    def signature(self, capture: str) -> tuple[str, datetime] | None:
        """Return who signed a capture's present result and when, or None."""
        ...


class CaptureDesk:
    """Takes photographs in by the gate profile `import` and shows captures."""

    def __init__(
        self,
        intake: CaptureIntake,
        library: CaptureLibrary,
        register: ClientRegister,
        import_gate: Gate,
        signatures: Signatures,
    ) -> None:
        self._intake = intake
        self._library = library
        self._register = register
        self._gate = import_gate
        self._signatures = signatures

    def import_photo(self, photo: bytes, request: schemas.ImportRequest, actor: Actor) -> schemas.ImportResult:
        """Take one photograph in."""
        client = self._register.get(ClientId(request.client_id)).id
        photograph = Photograph(
            photo, event_metadata(request.metadata, request.view, "import"), note=request.metadata.reason
        )
        taken = self._intake.take_in(client, photograph, self._gate, actor.id)
        if taken.verdict is None:
            raise AssertionError("an intake that returns has judged the photograph")
        capture = self.detail(taken.capture) if taken.capture is not None else None
        return schemas.ImportResult(verdict=shown_verdict(taken.verdict), capture=capture)

    def latest(self, client_id: str | None, limit: int) -> list[schemas.CaptureSummary]:
        """Return the latest captures, newest first; those of a client who cannot be opened are left out."""
        found = self._library.latest(ClientId(client_id) if client_id else None, limit)
        shown: list[schemas.CaptureSummary] = []
        for item in found:
            with contextlib.suppress(ClientUnknown):
                shown.append(schemas.CaptureSummary(**self._summary(item)))
        return shown

    def detail(self, capture_id: str) -> schemas.CaptureDetail:
        """Return one capture."""
        found = self._library.get(capture_id)
        gate, metadata = found.stored.gate, found.stored.metadata
        signature = self._signatures.signature(capture_id)
        return schemas.CaptureDetail(
            **self._summary(found),
            metadata=schemas.CaptureMetadata(
                treatment=metadata.treatment,
                body_region=metadata.body_region,
                concerns=list(metadata.concerns),
                days_since_last_visit=metadata.days_since_last_visit,
                camera=metadata.camera,
                camera_settings=metadata.camera_settings,
                light=metadata.light_profile,
                skin_state=metadata.skin_state,
                protocol=metadata.protocol,
                tone=metadata.tone_monk,
                taken_at=found.taken_at,
            ),
            verdict=schemas.GateVerdict(
                passed=gate.passed, profile=gate.profile, failures=[], measures=dict(gate.measures)
            ),
            **shown_analysis(found.analysis),
            analysed_at=found.analysed_at,
            signed=signature is not None,
            signed_at=signature[1] if signature else None,
        )

    def image(self, capture_id: str, purpose: str, actor: Actor) -> bytes:
        """Return the original in clear; the read is on record first."""
        return self._library.open_image(capture_id, ImageKind.ORIGINAL, purpose, actor.id)

    def _summary(self, capture: StoredCapture) -> dict[str, object]:
        original = next(item for item in capture.stored.images if item.kind is ImageKind.ORIGINAL)
        return {
            "id": capture.id,
            "client_id": capture.client,
            "client_name": self._register.get(capture.client).details.name,
            "taken_at": capture.taken_at,
            "view": capture.stored.metadata.view,
            "profile": capture.stored.gate.profile,
            "treatment": capture.stored.metadata.treatment,
            "findings": len(capture.analysis.findings) if capture.analysis else 0,
            "width": original.width,
            "height": original.height,
        }


def shown_analysis(analysis: AnalysisCompleted | None) -> dict[str, Any]:
    """Return the fields of a capture's detail that its analysis decides."""
    if analysis is None:
        return {"items": [], "measures": [], "models": []}
    return {
        "items": [
            schemas.Finding(number=number, **item.model_dump(mode="json"))
            for number, item in enumerate(analysis.findings, start=1)
        ],
        "measures": [schemas.RegionMeasure(**item.model_dump()) for item in analysis.measures],
        "grades": [schemas.RegionGrade(**item.model_dump()) for item in analysis.grades],
        "models": [schemas.ModelVersion(**item.model_dump()) for item in analysis.models],
        "bundle": analysis.bundle and schemas.BundleUsed(**analysis.bundle.model_dump()),
        "scale": analysis.scale and schemas.Scale(**analysis.scale.model_dump()),
        "route": analysis.route,
        "reasons": list(analysis.reasons),
    }


def event_metadata(metadata: schemas.CaptureMetadata, view: View, source: str) -> CaptureMetadata:
    """Return a photograph's circumstances as an event records them; the free-text reason is kept apart, sealed."""
    return CaptureMetadata(
        treatment=metadata.treatment,
        body_region=metadata.body_region,
        concerns=tuple(metadata.concerns),
        view=view,
        days_since_last_visit=metadata.days_since_last_visit,
        camera=metadata.camera,
        camera_settings=metadata.camera_settings,
        light_profile=metadata.light,
        skin_state=metadata.skin_state,
        protocol=metadata.protocol,
        tone_monk=metadata.tone,
        source=source,
    )


def shown_verdict(verdict: GateVerdict) -> schemas.GateVerdict:
    """Return the gate's verdict as the pages show it."""
    return schemas.GateVerdict(
        passed=verdict.passed,
        profile=verdict.profile,
        failures=[
            schemas.GateFailure(code=item.code, sentence=item.sentence, measure=item.measure, limit=item.limit)
            for item in verdict.failures
        ],
        measures=dict(verdict.measures),
    )
