"""Several visits of one person in a real record: drawn features on a real face, moved and lit anew each time."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import cos, pi, sin

import cv2
import numpy as np

from edge.analysis.domain import AnalysisResult, Box, BundleUsed, Finding
from edge.analysis.regions import FaceAreas
from edge.capture.landmarks import Face
from edge.progress.sealed_vector import embedded
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
    RegionMeasured,
    StoredImage,
)
from shared.events.envelope import EventDraft
from shared.events.payload import PayloadModel
from shared.ids import ClientId
from shared.imaging.image import RgbImage
from shared.vision.parameters import Repeatability
from shared.vocabulary import (
    AppearanceGrade,
    FaceRegion,
    FindingType,
    GateProfileName,
    ImageKind,
    LightProfile,
    Route,
    Sensitivity,
)
from tests.support.records import BoxRecord
from tests.support.second_visit import Warp

REPEATS = {
    "count": Repeatability(coefficient=2.0, unit="absolute", n=40),
    "redness": Repeatability(coefficient=0.06, unit="relative", n=40),
    "pigmentation": Repeatability(coefficient=0.05, unit="relative", n=40),
    "shine": Repeatability(coefficient=0.3, unit="relative", n=40),
    "texture": Repeatability(coefficient=0.12, unit="relative", n=40),
    "fine_lines": Repeatability(coefficient=0.14, unit="relative", n=40),
    "spot_area": Repeatability(coefficient=0.2, unit="relative", n=40),
    "lesion_area": Repeatability(coefficient=0.25, unit="relative", n=40),
}
STANDARD = CaptureMetadata(camera="test", protocol="face-v1", light_profile=LightProfile.STANDARD)
_COLOURS = {FindingType.BLEMISH: (178, 92, 84), FindingType.PUSTULE: (205, 150, 110), FindingType.SPOT: (120, 78, 58)}


@dataclass(frozen=True)
class Drawn:
    """A feature in pixels of the first photograph."""

    x: float
    y: float
    radius: float
    type: FindingType = FindingType.SPOT


@dataclass(frozen=True)
class Values:
    """What a visit measured, the same in every region unless said otherwise."""

    redness: float = 0.40
    pigmentation: float = 0.50
    texture: float = 5.0
    by_region: Mapping[FaceRegion, Mapping[str, float]] = field(default_factory=dict)


def draw(image: RgbImage, features: Sequence[Drawn]) -> RgbImage:
    """Return the photograph with features on its skin, soft at the rim."""
    down, across = np.mgrid[0 : image.shape[0], 0 : image.shape[1]].astype(np.float32)
    picture = image.astype(np.float32)
    for item in features:
        distance = np.hypot(across - item.x, down - item.y) / item.radius
        opacity = 0.75 * np.clip((1.15 - distance) / 0.4, 0, 1)
        picture += opacity[..., None] * (np.array(_COLOURS[item.type], dtype=np.float32) - picture)
    drawn: RgbImage = np.clip(picture, 0, 255).astype(np.uint8)
    return drawn


def moved(features: Sequence[Drawn], warp: Warp) -> list[Drawn]:
    """Return the features in pixels of the second photograph that a warp describes."""
    goals = np.array([(item.x, item.y) for item in features], dtype=np.float64).reshape(-1, 2)
    at = goals.copy()
    for _ in range(60):
        at += goals - warp.to_first(at)
    return [
        Drawn(float(x), float(y), item.radius * warp.scale, item.type)
        for item, (x, y) in zip(features, at, strict=True)
    ]


def found(features: Sequence[Drawn], face: Face, jitter: float = 0.0, seed: int = 0) -> list[FindingFound]:
    """Return the features as a detector would outline them, each box off by `jitter` pixels (SD)."""
    rng = np.random.default_rng(seed)
    outlined = []
    for item in features:
        x, y = item.x + rng.normal(0, jitter), item.y + rng.normal(0, jitter)
        ring = tuple((x + item.radius * cos(step * pi / 8), y + item.radius * sin(step * pi / 8)) for step in range(16))
        outlined.append(
            FindingFound(
                type=item.type,
                confidence=0.8,
                box=BoxInPixels(x=x - item.radius, y=y - item.radius, w=2 * item.radius, h=2 * item.radius),
                region=FaceAreas(face).region_at(x, y),
                raw_score=0.7,
                type_set=(item.type,),
                route=Route.SUGGEST,
                contour=ring,
                area_px=pi * item.radius**2,
            )
        )
    return outlined


@dataclass
class Visits:
    """Adds visits to a record."""

    record: BoxRecord
    client: ClientId

    def add(
        self,
        image: RgbImage,
        features: Sequence[FindingFound],
        *,
        days: float = 28,
        metadata: CaptureMetadata = STANDARD,
        values: Values | None = None,
        version: str | None = "1.0.0",
        looks: Sequence[np.ndarray] = (),
    ) -> str:
        """Store a visit so many days after the last one and return its capture.

        Args:
            image: the photograph.
            features: what was outlined.
            days: since the visit before.
            metadata: how it was taken.
            values: what was measured; None when it was not analysed at all.
            version: of the bundle; None for an analysis without one.
            looks: the classifier's features of each finding, where the capture is to be found by look.
        """
        self.record.clock.advance(days * 86_400)
        capture = self.record.ids.new()
        payloads: list[PayloadModel | None] = [self._stored(image, metadata)]
        bundle = BundleUsed("open", version or "", "Apache-2.0", "any")
        if looks:
            seen = tuple(
                Finding(item.type, 0.8, Box(0, 0, 1, 1), None, embedding=look.astype(np.float32))
                for item, look in zip(features, looks, strict=True)
            )
            payloads.append(embedded(AnalysisResult(seen, (), (), 1, 1, bundle=bundle)))
        if values is not None:
            payloads.append(_analysis(features, values, version))
        self.record.store.append(
            [
                EventDraft(f"capture/{capture}", payload, "tester", "treatment_record", Sensitivity.HEALTH, self.client)
                for payload in payloads
                if payload is not None
            ]
        )
        return capture

    def _stored(self, image: RgbImage, metadata: CaptureMetadata) -> CaptureStored:
        height, width = image.shape[:2]
        small = cv2.resize(image, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
        key = self.record.clients.key_of(self.client)
        images = []
        for kind, picture in ((ImageKind.ORIGINAL, image), (ImageKind.DERIVED, small)):
            sealed = self.record.vault.put(self.client, kind, encode_jpeg(picture, 95), key)
            size = {"width": picture.shape[1], "height": picture.shape[0], "size": sealed.size}
            images.append(StoredImage(name=sealed.name, kind=kind, media_type="image/jpeg", **size))
        gate = GateOutcome(profile=GateProfileName.KIOSK, passed=True, codes=(), measures={})
        return CaptureStored(metadata=metadata, images=tuple(images), gate=gate)


def _analysis(features: Sequence[FindingFound], values: Values, version: str | None) -> AnalysisCompleted:
    counts: Counter[FaceRegion | None] = Counter(item.region for item in features if item.region is not None)
    counts[None] = len(features)
    return AnalysisCompleted(
        findings=tuple(features),
        measures=tuple(_measured(region, values) for region in FaceRegion),
        grades=tuple(_graded(region, counts[region]) for region in (None, *FaceRegion)),
        models=(ModelUsed(name="detector", version="1.0.0", sha256="ab" * 32),),
        bundle=version and BundleApplied(name="open", version=version, licence="Apache-2.0", allowed_use="any"),
        route=Route.SUGGEST,
        milliseconds=90.0,
    )


def _measured(region: FaceRegion, values: Values) -> RegionMeasured:
    own = values.by_region.get(region, {})
    return RegionMeasured(
        region=region,
        ita_degrees=40,
        redness_a=12,
        lightness=65,
        pixels=9000,
        erythema_index=own.get("redness", values.redness),
        melanin_index=own.get("pigmentation", values.pigmentation),
        spot_area_share=0.02,
        shine_share=own.get("shine", 0.03),
        texture_energy=own.get("texture", values.texture),
        line_energy=2.0,
    )


def _graded(region: FaceRegion | None, count: int) -> RegionGraded:
    grade = AppearanceGrade.FEW if count else AppearanceGrade.CLEAR
    low, high = max(0, count - 1), count + 1
    return RegionGraded(
        region=region, grade=grade, count=count, count_low=low, count_high=high, inflammatory=0, rule="t"
    )
