"""From a photograph to findings, measures and grades with a bundle's three graphs."""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.analysis.bundle_sessions import ServedBundle
from edge.analysis.contours import NO_OUTLINE, Outline, outline_of
from edge.analysis.crop_networks import CropClassifier, CropSegmenter
from edge.analysis.detector import Detections, FeatureDetector, Sight
from edge.analysis.domain import AnalysisResult, Box, Finding, Reason, Scale
from edge.analysis.grading import grade_findings
from edge.analysis.judge import Judge, Judgement
from edge.analysis.measures import measure_regions
from edge.analysis.regions import FaceAreas
from edge.analysis.scale import scale_from_eyes
from edge.capture.landmarks import Face
from edge.threads import Priority, ThreadBudget
from shared.imaging.crops import crop_batch
from shared.imaging.image import RgbImage
from shared.vision.face_map import OVAL
from shared.vision.steady_count import Candidates
from shared.vocabulary import Route

# A client stands in front of the camera: by then something is broken.
_LIVE_PATIENCE_SECONDS: Final = 30.0
_BACKLOG_PATIENCE_SECONDS: Final = 600.0
_RANK: Final = (Route.NOT_ASSESSED, Route.REVIEW_REQUIRED, Route.SUGGEST, Route.ACT)


class BundlePipeline:
    """`AnalysisPipeline` on a bundle; safe to share by threads.

    detector → crops → classifier → judgement → segmenter → contours → measures → grades. One photograph goes
    straight through; `analyse_many` lets photographs share each graph's runs, for the backlog.
    """

    def __init__(self, served: ServedBundle, budget: ThreadBudget, threads: int = 1) -> None:
        """Make a pipeline; every analysis takes `threads` threads of the budget."""
        self.served = served
        self._budget = budget
        self._threads = threads
        self._detector = FeatureDetector(served)
        self._classifier = CropClassifier(served)
        self._segmenter = CropSegmenter(served)
        self._judge = Judge(served.bundle)
        self._per_score = served.bundle.parameters.detector.count_per_score
        self._mask_threshold = served.bundle.parameters.segmenter.threshold

    def analyse(self, image: RgbImage, face: Face | None, scale: Scale | None = None) -> AnalysisResult:
        """Return findings, best first, measures and grades; without a face neither regions nor the last two.

        With a face, what the detector sees beside it (clothes, background) is left out.

        Args:
            image: the photograph.
            face: the face on it.
            scale: the size of a pixel where it is known, from a colour card; else the eyes tell it.

        Raises:
            ModelCorrupt: a graph answers outside its contract.
            ProviderFailed: a graph cannot be run.
            NoThreadFree: other photographs kept every thread for half a minute.
        """
        with self._budget.take(Priority.LIVE, self._threads, _LIVE_PATIENCE_SECONDS):
            return self._analyse([Sight(image, face, scale)])[0]

    def analyse_on_held_threads(self, sights: Sequence[Sight]) -> list[AnalysisResult]:
        """Return the same for several photographs, on threads of the budget that the caller holds already.

        Raises:
            ModelCorrupt, ProviderFailed: as `analyse`, for all of them.
        """
        return self._analyse(sights)

    def analyse_many(self, sights: Sequence[Sight]) -> list[AnalysisResult]:
        """Return the same for several photographs, on threads that neither photographs nor the solver need.

        Raises:
            ModelCorrupt, ProviderFailed, NoThreadFree: as `analyse`, for all of them.
        """
        with self._budget.take(Priority.BACKLOG, self._threads, _BACKLOG_PATIENCE_SECONDS):
            return self.analyse_on_held_threads(sights)

    def _analyse(self, sights: Sequence[Sight]) -> list[AnalysisResult]:
        found = [_beside_left_out(s, d) for s, d in zip(sights, self._detector.detect(sights), strict=True)]
        judged, embeddings = self._judged(sights, found)
        outlines = self._outlined(sights, found, judged)
        results, start = [], 0
        for sight, detections in zip(sights, found, strict=True):
            part = slice(start, start + len(detections.scores))
            start = part.stop
            context = _Context(sight)
            rows = zip(
                detections.corners, detections.scores, judged[part], outlines[part], embeddings[part], strict=True
            )
            findings = [context.finding(*row) for row in rows]
            results.append(self._result(sight, context.scale, findings, detections.candidates))
        return results

    def _judged(
        self, sights: Sequence[Sight], found: Sequence[Detections]
    ) -> tuple[list[Judgement], NDArray[np.float32]]:
        crops = [
            crop
            for sight, detections in zip(sights, found, strict=True)
            for crop in crop_batch(sight.image, detections.corners.tolist(), self._classifier.side)
        ]
        described = self._classifier.describe(crops)
        scores = np.concatenate([detections.scores for detections in found]) if found else np.zeros(0)
        return self._judge.judge(scores, described), described.features

    def _outlined(
        self, sights: Sequence[Sight], found: Sequence[Detections], judged: Sequence[Judgement]
    ) -> list[Outline]:
        """Return an outline for each detection; what is not assessed has none."""
        wanted = np.array([item.route is not Route.NOT_ASSESSED for item in judged], dtype=np.bool_)
        outlines, start, crops = [NO_OUTLINE] * len(judged), 0, []
        for sight, detections in zip(sights, found, strict=True):
            here = wanted[start : start + len(detections.scores)]
            start += len(here)
            crops += crop_batch(sight.image, detections.corners[here].tolist(), self._segmenter.side)
        for index, crop, logits in zip(np.flatnonzero(wanted), crops, self._segmenter.outline(crops), strict=True):
            outlines[index] = outline_of(logits, self._mask_threshold, crop.placement)
        return outlines

    def _result(
        self, sight: Sight, scale: Scale | None, findings: Sequence[Finding], candidates: Candidates
    ) -> AnalysisResult:
        ordered = tuple(sorted(findings, key=lambda finding: finding.confidence, reverse=True))
        height, width = sight.image.shape[:2]
        route, reasons = _overall(sight.face, ordered)
        return AnalysisResult(
            findings=ordered,
            measures=() if sight.face is None else measure_regions(sight.image, sight.face),
            models=self.served.models,
            width=width,
            height=height,
            grades=() if sight.face is None else grade_findings(ordered, sight.face, candidates, self._per_score),
            bundle=self.served.used,
            scale=scale,
            route=route,
            reasons=reasons,
        )


class _Context:
    """What a photograph adds to each of its findings."""

    def __init__(self, sight: Sight) -> None:
        self.scale = sight.scale or (scale_from_eyes(sight.face) if sight.face else None)
        self._areas = None if sight.face is None else FaceAreas(sight.face)
        self._face_area = 0.0 if sight.face is None else float(cv2.contourArea(sight.face.points[list(OVAL)]))

    def finding(
        self,
        corners: NDArray[np.float64],
        score: float,
        judgement: Judgement,
        outline: Outline,
        embedding: NDArray[np.float32],
    ) -> Finding:
        """Return the finding of one detection."""
        x1, y1, x2, y2 = (float(value) for value in corners)
        box = Box(x1, y1, x2 - x1, y2 - y1)
        outlined = outline.area_px > 0
        squared = None if self.scale is None else self.scale.mm_per_pixel**2
        return Finding(
            type=judgement.type,
            confidence=judgement.confidence,
            box=box,
            region=None if self._areas is None else self._areas.region_at(*box.centre),
            raw_score=float(score),
            type_set=judgement.type_set,
            route=judgement.route,
            reasons=judgement.reasons,
            contour=outline.contour,
            area_px=outline.area_px,
            area_mm2=outline.area_px * squared if outlined and squared is not None else None,
            area_share=outline.area_px / self._face_area if outlined and self._face_area > 0 else None,
            ood=judgement.ood,
            embedding=embedding,
        )


def _beside_left_out(sight: Sight, detections: Detections) -> Detections:
    """Return the detections whose middle lies on the face; all of them without a face."""
    face = sight.face
    if face is None:
        return detections
    return detections.within(FaceAreas(face).on_face)


def _overall(face: Face | None, findings: Sequence[Finding]) -> tuple[Route, tuple[str, ...]]:
    """Return the route of a result as a whole: the lowest of its findings', and never *act*.

    The bounds hold for what was found. Nothing bounds what was missed, so a face without findings needs a person
    too, and so does a picture without a face, whatever is on it.
    """
    if face is None:
        return Route.REVIEW_REQUIRED, (Reason.NO_FACE,)
    if not findings:
        return Route.REVIEW_REQUIRED, (Reason.NO_FINDINGS,)
    lowest = min((item.route for item in findings), key=_RANK.index)
    if lowest in (Route.ACT, Route.SUGGEST):
        return Route.SUGGEST, ()
    return Route.REVIEW_REQUIRED, tuple(sorted({reason for item in findings for reason in item.reasons}))
