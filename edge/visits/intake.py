"""Takes one photograph in: consent → decode → gate → analysis → vault → event, in that order.

Until the event is committed nothing about the photograph is on record; afterwards all of it is.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import cv2

from edge.analysis.domain import AnalysisResult
from edge.analysis.pipeline import AnalysisPipeline
from edge.capture.landmarks import Face, FaceLandmarker
from edge.capture.verdict import GateVerdict
from edge.consent.desk import ConsentDesk, ConsentMissing
from edge.keys.clients import ClientKeystore
from edge.progress.sealed_vector import embedded
from edge.store.events import SqlcipherEventStore
from edge.store.vault import ImageVault
from edge.visits.analysis import analysis_payload
from shared.errors import Rejected
from shared.events.catalogue.capture import (
    CaptureMetadata,
    CaptureRejected,
    CaptureStored,
    GateOutcome,
    StoredImage,
)
from shared.events.envelope import EventDraft
from shared.ids import ClientId, IdSource
from shared.imaging.decode import ImageLimits, ImageRejected, decode_image
from shared.imaging.image import RgbImage
from shared.vocabulary import ConsentPurpose, ImageKind, Sensitivity, View

PREVIEW_SIDE_PIXELS: Final = 640
STILL_QUALITY: Final = 95
# Room for one still at its largest and its preview.
_SHOT_BYTES: Final = 8 * 1024 * 1024
_JPEG: Final = "image/jpeg"
_MEDIA_TYPES: Final = ((b"\xff\xd8", _JPEG), (b"\x89PNG", "image/png"), (b"RIFF", "image/webp"))


class Gate(Protocol):
    """The quality gate, with one profile's limits."""

    def assess(self, image: RgbImage, faces: Sequence[Face], view: View, previous: Face | None = None) -> GateVerdict:
        """Judge one photograph."""
        ...


@dataclass(frozen=True, slots=True)
class Photograph:
    """One still and its circumstances."""

    data: bytes
    metadata: CaptureMetadata
    note: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class JudgedFrame:
    """A camera frame that passed its gate, and its circumstances."""

    image: RgbImage
    face: Face
    verdict: GateVerdict
    metadata: CaptureMetadata
    note: str = ""


@dataclass(frozen=True, slots=True)
class Intake:
    """What became of a photograph: `capture` is None when it was refused."""

    capture: str | None
    codes: tuple[str, ...]
    verdict: GateVerdict | None
    result: AnalysisResult | None


class CaptureIntake:
    """Takes photographs in; safe to call from several threads."""

    def __init__(
        self,
        store: SqlcipherEventStore,
        vault: ImageVault,
        keys: ClientKeystore,
        consent: ConsentDesk,
        landmarker: FaceLandmarker,
        pipeline: AnalysisPipeline,
        ids: IdSource,
        limits: ImageLimits,
    ) -> None:
        self._store = store
        self._vault = vault
        self._keys = keys
        self._consent = consent
        self._landmarker = landmarker
        self._pipeline = pipeline
        self._ids = ids
        self._limits = limits

    def ensure_room(self) -> None:
        """Refuse before the camera is opened that a photograph could not be kept.

        Raises:
            StorageFull: it could not.
        """
        self._vault.ensure_room(_SHOT_BYTES)

    def take_in(self, client: ClientId, photograph: Photograph, gate: Gate, actor: str) -> Intake:
        """Judge, analyse and store one photograph; durable when it returns a capture.

        Raises:
            ConsentMissing: the client has not allowed it; the refusal is on record.
            ImageRejected: the bytes are no usable picture; the refusal is on record.
            DataKeyGone: the client is unknown or was erased.
            StorageFull, StorageReadOnly: nothing was stored.
        """
        self._vault.ensure_room(2 * len(photograph.data))
        self._keys.key_of(client)
        try:
            self._consent.require(client, ConsentPurpose.TREATMENT_RECORD)
            image = decode_image(photograph.data, self._limits)
        except (ConsentMissing, ImageRejected) as error:
            self._refuse(client, photograph, (error.code,), None, actor)
            raise
        faces = self._landmarker.detect(image)
        verdict = gate.assess(image, faces, photograph.metadata.view)
        if not verdict.passed:
            codes = tuple(str(failure.code) for failure in verdict.failures)
            self._refuse(client, photograph, codes, verdict, actor)
            return Intake(None, codes, verdict, None)
        result, capture = self._keep(client, photograph, image, faces[0], verdict, actor)
        return Intake(capture, (), verdict, result)

    def keep(self, client: ClientId, frame: JudgedFrame, actor: str) -> str:
        """Analyse and store a frame that passed its gate, and return the capture; durable when it returns.

        Raises:
            ConsentMissing, DataKeyGone, StorageFull, StorageReadOnly: nothing was stored.
        """
        self._consent.require(client, ConsentPurpose.TREATMENT_RECORD)
        photograph = Photograph(encode_jpeg(frame.image, STILL_QUALITY), frame.metadata, frame.note)
        return self._keep(client, photograph, frame.image, frame.face, frame.verdict, actor)[1]

    def _keep(
        self,
        client: ClientId,
        photograph: Photograph,
        image: RgbImage,
        face: Face,
        verdict: GateVerdict,
        actor: str,
    ) -> tuple[AnalysisResult, str]:
        started = time.perf_counter()
        result = self._pipeline.analyse(image, face)
        milliseconds = (time.perf_counter() - started) * 1000
        # The analysis takes its time; a client may have withdrawn meanwhile.
        self._consent.require(client, ConsentPurpose.TREATMENT_RECORD)
        capture = self._store_capture(client, photograph, image, verdict, (result, milliseconds), actor)
        return result, capture

    def _store_capture(
        self,
        client: ClientId,
        photograph: Photograph,
        image: RgbImage,
        verdict: GateVerdict,
        analysis: tuple[AnalysisResult, float],
        actor: str,
    ) -> str:
        capture = self._ids.new()
        height, width = image.shape[:2]
        original = self._put(client, ImageKind.ORIGINAL, photograph.data, (width, height))
        small = _preview(image)
        preview = self._put(client, ImageKind.DERIVED, encode_jpeg(small, 85), (small.shape[1], small.shape[0]))
        stored = CaptureStored(
            metadata=photograph.metadata,
            images=(original, preview),
            gate=_outcome(verdict),
            note=photograph.note,
        )
        drafts = [
            EventDraft(f"capture/{capture}", payload, actor, "treatment_record", Sensitivity.HEALTH, client)
            for payload in (stored, embedded(analysis[0]), analysis_payload(*analysis))
            if payload is not None
        ]
        self._store.append(drafts)
        return capture

    def _put(self, client: ClientId, kind: ImageKind, data: bytes, size: tuple[int, int]) -> StoredImage:
        sealed = self._vault.put(client, kind, data, self._keys.key_of(client))
        media_type = next((name for start, name in _MEDIA_TYPES if data.startswith(start)), _JPEG)
        return StoredImage(
            name=sealed.name, kind=kind, size=sealed.size, media_type=media_type, width=size[0], height=size[1]
        )

    def _refuse(
        self,
        client: ClientId,
        photograph: Photograph,
        codes: tuple[str, ...],
        verdict: GateVerdict | None,
        actor: str,
    ) -> None:
        payload = CaptureRejected(
            metadata=photograph.metadata, codes=codes, gate=_outcome(verdict) if verdict else None
        )
        aggregate = f"refusal/{self._ids.new()}"
        self._store.append([EventDraft(aggregate, payload, actor, "quality", Sensitivity.OPERATIONAL, client)])


def encode_jpeg(image: RgbImage, quality: int) -> bytes:
    """Return an RGB image as JPEG bytes.

    Raises:
        Rejected: the encoder refused the image.
    """
    encoded, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not encoded:
        raise Rejected("jpeg_refused", "the picture could not be written as JPEG")
    return bytes(data.tobytes())


def _preview(image: RgbImage) -> RgbImage:
    scale = PREVIEW_SIDE_PIXELS / max(image.shape[:2])
    if scale >= 1:
        return image
    size = (round(image.shape[1] * scale), round(image.shape[0] * scale))
    small: RgbImage = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return small


def _outcome(verdict: GateVerdict) -> GateOutcome:
    return GateOutcome(
        profile=verdict.profile,
        passed=verdict.passed,
        codes=tuple(str(failure.code) for failure in verdict.failures),
        measures={name: round(float(value), 4) for name, value in verdict.measures.items()},
    )
